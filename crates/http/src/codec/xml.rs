//! Reads XML request bodies into the tree that JSON bodies make.
//!
//! An element with child elements is an object, one with text alone is text; `xsi:nil="true"` on an element without
//! content is null. Names lose their prefix. Elements of one name stay side by side, as repeated members. Attributes
//! without a prefix (`type`, `url`, `referenceId`) become a first member `attributes`, where JSON has them too. The
//! root's name is handed out, and nothing depends on it: real clients send whatever they like.
//!
//! The code `XML_PARSER_ERROR` is the platform's; its sentences are not recorded anywhere, so these are ours.

use super::node::{Node, NodeValue, Position};
use super::{MAX_BODY, MAX_DEPTH, MAX_NODES, NO_BODY, too_large};
use orglet_base::{ApiError, ErrorCode};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;

/// The most attributes that one element may have.
const MAX_ATTRIBUTES: usize = 64;

type Members = Vec<(Cow<'static, str>, Node<'static>)>;

/// Reads a body in UTF-8 or, with a byte-order mark, UTF-16; gives the root's name and its content.
///
/// A root without child elements is an empty object, or text where it has some.
///
/// # Errors
/// 400 `XML_PARSER_ERROR` for anything but one well-formed document within the limits, document type declarations and
/// entities of their own included; `EXCEEDED_MAX_SIZE_REQUEST` for a body over [`MAX_BODY`].
pub fn parse(body: &[u8]) -> Result<(String, Node<'static>), ApiError> {
    read(body, false)
}

/// The member by which [`parse_typed`] tells an element's type; no element can have the name.
pub const TYPE: &str = "xsi:type";

/// As [`parse`], and elements that say their type (`xsi:type`) have it, without its prefix, as a first member [`TYPE`]: those
/// with child elements, and those without content whose type is one of an object, not of a simple value.
///
/// # Errors
/// As [`parse`].
pub fn parse_typed(body: &[u8]) -> Result<(String, Node<'static>), ApiError> {
    read(body, true)
}

fn read(body: &[u8], typed: bool) -> Result<(String, Node<'static>), ApiError> {
    if body.len() > MAX_BODY {
        return Err(too_large());
    }
    let text = decode(body)?;
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(ApiError::new(ErrorCode::XmlParserError, NO_BODY));
    }
    let mut reader = Reader::from_str(&text);
    reader.config_mut().allow_dangling_amp = false;
    let mut place = Place { text: &text, at: 0, position: Position { line: 1, column: 1 } };
    let mut tree = Tree { open: Vec::new(), root: None, nodes: 0, typed };
    loop {
        let start = place.advance(reader.buffer_position());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(e) => {
                let at = place.advance(reader.error_position());
                return Err(error(&format!("The request body is not well-formed XML: {e}"), at));
            }
        };
        let done = matches!(event, Event::Eof);
        tree.take(event, start).map_err(|message| error(&message, start))?;
        if done {
            break;
        }
    }
    let end = place.position;
    tree.root.ok_or_else(|| error("The request body has no root element", end))
}

fn error(message: &str, at: Position) -> ApiError {
    ApiError::new(ErrorCode::XmlParserError, format!("{message} at [line:{}, column:{}]", at.line, at.column))
}

fn decode(body: &[u8]) -> Result<Cow<'_, str>, ApiError> {
    let units: Box<dyn Iterator<Item = u16>> = match body {
        [0xff, 0xfe, rest @ ..] => Box::new(rest.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]))),
        [0xfe, 0xff, rest @ ..] => Box::new(rest.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]))),
        _ => {
            let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            return std::str::from_utf8(body).map(Cow::Borrowed).map_err(|e| {
                let mut place = Place { text: "", at: 0, position: Position { line: 1, column: 1 } };
                let good = String::from_utf8_lossy(&body[..e.valid_up_to()]).into_owned();
                place.text = &good;
                error("The request body is not UTF-8", place.advance(good.len() as u64))
            });
        }
    };
    if !body.len().is_multiple_of(2) {
        return Err(error("The request body is not UTF-16", Position { line: 1, column: 1 }));
    }
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| error("The request body is not UTF-16", Position { line: 1, column: 1 }))
}

/// Follows the reader and knows its line and column.
struct Place<'t> {
    text: &'t str,
    at: usize,
    position: Position,
}

impl Place<'_> {
    fn advance(&mut self, to: u64) -> Position {
        let to = usize::try_from(to).unwrap_or(usize::MAX).min(self.text.len());
        if let Some(passed) = self.text.get(self.at..to) {
            for c in passed.chars() {
                if c == '\n' {
                    self.position.line += 1;
                    self.position.column = 1;
                } else {
                    self.position.column += c.len_utf16() as u32;
                }
            }
            self.at = to;
        }
        self.position
    }
}

/// An element that has not ended.
struct Element {
    name: String,
    start: Position,
    nil: bool,
    ty: Option<String>,
    attributes: Members,
    members: Members,
    text: String,
}

struct Tree {
    open: Vec<Element>,
    root: Option<(String, Node<'static>)>,
    nodes: usize,
    /// Whether types are kept.
    typed: bool,
}

impl Tree {
    /// Takes an event; an error is a sentence without its place.
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.start(&tag, at),
            Event::Empty(tag) => {
                self.start(&tag, at)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(t) => self.text(&t.xml10_content()),
            Event::CData(t) => self.text(&t.xml10_content()),
            Event::GeneralRef(r) => {
                let c = entity(&r)?;
                self.text(c.encode_utf8(&mut [0; 4]))
            }
            Event::DocType(_) => Err("A document type declaration is not allowed".into()),
            Event::Decl(d) => match d.encoding() {
                Some(Ok(e)) if !["utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"].contains(&e.to_ascii_lowercase().as_str()) => {
                    Err(format!("The encoding {e} is not supported; send UTF-8 or UTF-16"))
                }
                Some(Err(e)) => Err(format!("The XML declaration is not well-formed: {e}")),
                _ if self.root.is_some() || !self.open.is_empty() => Err("The XML declaration must come first".into()),
                _ => Ok(()),
            },
            Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Eof if !self.open.is_empty() => Err(format!("Element {} is not closed", self.open[self.open.len() - 1].name)),
            Event::Eof => Ok(()),
        }
    }

    fn count(&mut self) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(format!("Request body has more than {MAX_NODES} values")) } else { Ok(()) }
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: Position) -> Result<(), String> {
        self.count()?;
        if self.root.is_some() {
            return Err("The request body has more than one root element".into());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("Request body is nested deeper than {MAX_DEPTH} levels"));
        }
        if let Some(parent) = self.open.last()
            && !is_blank(&parent.text)
        {
            return Err(format!("Element {} has both text and elements", parent.name));
        }
        let name = local(tag.name().into_inner())?.to_owned();
        let mut element = Element { name, start: at, nil: false, ty: None, attributes: vec![], members: vec![], text: String::new() };
        for (n, attribute) in tag.attributes().enumerate() {
            if n >= MAX_ATTRIBUTES {
                return Err(format!("Element {} has more than {MAX_ATTRIBUTES} attributes", element.name));
            }
            let attribute = attribute.map_err(|e| format!("Element {} has a bad attribute: {e}", element.name))?;
            let key = attribute.key.into_inner();
            if attribute.value.contains('<') {
                return Err(format!("Attribute {key} has a '<' in its value"));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|e| format!("Attribute {key} has a bad value: {e}"))?;
            check_text(&value)?;
            match key.split_once(':') {
                Some((prefix, "nil")) if prefix != "xmlns" => element.nil = matches!(value.trim(), "true" | "1"),
                Some((_, "type")) if self.typed => {
                    self.count()?;
                    element.ty = Some(value.trim().rsplit(':').next().unwrap_or_default().to_owned());
                }
                Some(_) => {}
                None if key == "xmlns" => {}
                None => {
                    self.count()?;
                    let node = node(NodeValue::Text(Cow::Owned(value.into_owned())), at);
                    element.attributes.push((Cow::Owned(local(key)?.to_owned()), node));
                }
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(mut e) = self.open.pop() else { return Err("An end tag has no start tag".into()) };
        let blank = is_blank(&e.text);
        if !e.attributes.is_empty() {
            if !blank {
                return Err(format!("Element {} has both attributes and text", e.name));
            }
            e.members.insert(0, (Cow::Borrowed("attributes"), node(NodeValue::Object(e.attributes), e.start)));
        }
        if let Some(ty) = e.ty
            && (!e.members.is_empty() || (blank && e.text.is_empty() && !e.nil && is_of_object(&ty)))
        {
            e.members.insert(0, (Cow::Borrowed(TYPE), node(NodeValue::Text(Cow::Owned(ty)), e.start)));
        }
        let value = match (&e.members[..], e.nil) {
            ([_, ..], _) => NodeValue::Object(e.members),
            ([], true) if e.text.is_empty() => NodeValue::Null,
            ([], _) if self.open.is_empty() && blank => NodeValue::Object(vec![]),
            ([], _) => NodeValue::Text(Cow::Owned(e.text)),
        };
        let node = node(value, e.start);
        match self.open.last_mut() {
            Some(parent) => parent.members.push((Cow::Owned(e.name), node)),
            None => self.root = Some((e.name, node)),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        check_text(text)?;
        match self.open.last_mut() {
            None if is_blank(text) => Ok(()),
            None => Err("There is text outside the root element".into()),
            Some(e) if !e.members.is_empty() => {
                if is_blank(text) {
                    Ok(())
                } else {
                    Err(format!("Element {} has both text and elements", e.name))
                }
            }
            Some(e) => {
                e.text.push_str(text);
                Ok(())
            }
        }
    }
}

fn node(value: NodeValue<'static>, at: Position) -> Node<'static> {
    Node { value, line: at.line, column: at.column, read: at }
}

/// Whether a type is one of objects: the simple ones of XML Schema begin with a small letter, but for `ID`.
fn is_of_object(ty: &str) -> bool {
    ty != "ID" && ty.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// A name without its prefix.
fn local(name: &str) -> Result<&str, String> {
    let local = name.split_once(':').map_or(name, |(_, l)| l);
    let mut chars = local.chars();
    let fits = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}'));
    if fits { Ok(local) } else { Err(format!("'{name}' is not an XML name")) }
}

fn check_text(text: &str) -> Result<(), String> {
    match text.chars().find(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')) {
        Some(c) => Err(format!("Character code {} is not allowed in XML", u32::from(c))),
        None => Ok(()),
    }
}

fn entity(r: &BytesRef<'_>) -> Result<char, String> {
    if let Some(c) = r.resolve_char_ref().map_err(|e| format!("A character reference is wrong: {e}"))? {
        return Ok(c);
    }
    match &**r {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        other => Err(format!("Entity '{}' is not known", other.chars().take(64).collect::<String>())),
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
