//! Metadata as a tree that JSON and XML both convert into, so that everything behind it reads one form.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::fmt;

/// Longest document read, in bytes. The largest single-file objects seen in public projects are a tenth of this.
pub const MAX_BYTES: usize = 16 << 20;
/// Deepest nesting read.
const MAX_DEPTH: usize = 32;
/// Most elements read from one document.
const MAX_NODES: usize = 500_000;

/// Where metadata comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaSource {
    /// JSON of the Tooling API.
    Json,
    /// A file of a project, in XML.
    File,
    /// A call of the Metadata API, in XML.
    Call,
}

/// A named piece of metadata: text, or an ordered list of children; neither where the source says null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaNode {
    /// The member's or element's name, without a namespace prefix.
    pub name: String,
    /// Where it comes from.
    pub source: MetaSource,
    /// The line of the XML element, counted from 1; `None` for JSON.
    pub line: Option<u32>,
    /// Text of a leaf; `None` for null and for nodes with children.
    pub text: Option<String>,
    /// Children in order; a list is a run of children of the same name.
    pub children: Vec<MetaNode>,
}

/// Why XML is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for XmlError {}

impl MetaNode {
    fn new(name: impl Into<String>, source: MetaSource, line: Option<u32>) -> Self {
        Self { name: name.into(), source, line, text: None, children: Vec::new() }
    }

    /// Converts a JSON value; the node is named `Metadata`. Members that are null are kept as nodes without text, arrays
    /// become runs of children of the member's name. Depth is what the JSON parser allowed.
    pub fn from_json(value: &serde_json::Value) -> Self {
        Self::json_named("Metadata", value)
    }

    fn json_named(name: &str, value: &serde_json::Value) -> Self {
        use serde_json::Value;
        let mut node = Self::new(name, MetaSource::Json, None);
        match value {
            Value::Null => {}
            Value::Bool(b) => node.text = Some(b.to_string()),
            Value::Number(n) => node.text = Some(n.to_string()),
            Value::String(s) => node.text = Some(s.clone()),
            // An array in an array has no metadata form; its items keep the name and fail where they are read.
            Value::Array(items) => node.children.extend(items.iter().map(|item| Self::json_named(name, item))),
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::Array(items) => node.children.extend(items.iter().map(|item| Self::json_named(key, item))),
                        _ => node.children.push(Self::json_named(key, value)),
                    }
                }
            }
        }
        node
    }

    /// Reads an XML document; the node is the root element. A DOCTYPE, entities beyond the five and character
    /// references, and documents beyond the limits of size, depth and number of elements are refused.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, XmlError> {
        if bytes.len() > MAX_BYTES {
            return Err(XmlError { line: 1, message: format!("the document is larger than {MAX_BYTES} bytes") });
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(e) => {
                let line = 1 + count_lines(&bytes[..e.valid_up_to()]);
                return Err(XmlError { line, message: "the document is not UTF-8".into() });
            }
        };
        XmlSource { text, at: 0, line: 1 }.read()
    }

    /// Whether the node was read from XML.
    pub fn is_xml(&self) -> bool {
        self.source != MetaSource::Json
    }

    /// Whether the node was read from a file, which may be of a package.
    pub fn is_file(&self) -> bool {
        self.source == MetaSource::File
    }

    /// Whether the node says null: no text and no children.
    pub fn is_null(&self) -> bool {
        self.text.is_none() && self.children.is_empty()
    }

    /// The first child of a name that is not null.
    pub fn child(&self, name: &str) -> Option<&MetaNode> {
        self.children.iter().find(|c| c.name == name && !c.is_null())
    }

    /// Every child of a name, nulls left out.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a MetaNode> + 'a {
        self.children.iter().filter(move |c| c.name == name && !c.is_null())
    }

    /// The text of the first child of a name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name)?.text.as_deref()
    }
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX - 1)
}

/// An element whose end has not come yet.
struct Open {
    node: MetaNode,
    nil: bool,
}

/// Follows the reader's position so that each line end is counted once.
struct XmlSource<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl XmlSource<'_> {
    /// The line of a byte position; positions only grow.
    fn line_of(&mut self, position: u64) -> u32 {
        let to = usize::try_from(position).unwrap_or(self.text.len()).min(self.text.len());
        if to > self.at {
            self.line += count_lines(&self.text.as_bytes()[self.at..to]);
            self.at = to;
        }
        self.line
    }

    fn fail<T>(&mut self, position: u64, message: impl Into<String>) -> Result<T, XmlError> {
        Err(XmlError { line: self.line_of(position), message: message.into() })
    }

    fn read(mut self) -> Result<MetaNode, XmlError> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_end_names = true;
        let mut open: Vec<(Open, String)> = Vec::new();
        let mut root: Option<MetaNode> = None;
        let mut count = 0;
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(e) => return self.fail(reader.error_position(), e.to_string()),
            };
            let here = reader.buffer_position();
            match event {
                Event::Start(_) | Event::Empty(_) if open.len() >= MAX_DEPTH => {
                    return self.fail(here, format!("elements are nested more than {MAX_DEPTH} deep"));
                }
                Event::Start(_) | Event::Empty(_) if count >= MAX_NODES => {
                    return self.fail(here, format!("the document has more than {MAX_NODES} elements"));
                }
                Event::Start(_) | Event::Empty(_) if open.is_empty() && root.is_some() => {
                    return self.fail(here, "there is more than one root element");
                }
                Event::Start(tag) => {
                    count += 1;
                    let line = self.line_of(here);
                    open.push((Open { node: element(&tag, line), nil: is_nil(&tag) }, String::new()));
                }
                Event::Empty(tag) => {
                    count += 1;
                    let line = self.line_of(here);
                    let mut node = element(&tag, line);
                    node.text = (!is_nil(&tag)).then(String::new);
                    match open.last_mut() {
                        Some((parent, _)) => parent.node.children.push(node),
                        None => root = Some(node),
                    }
                }
                Event::End(_) => {
                    let Some((Open { mut node, nil }, text)) = open.pop() else {
                        return self.fail(here, "an element ends that was not open");
                    };
                    if node.children.is_empty() {
                        node.text = (!nil).then_some(text);
                    } else if !text.trim().is_empty() {
                        return self.fail(here, format!("element {} has text beside its child elements", node.name));
                    }
                    match open.last_mut() {
                        Some((parent, _)) => parent.node.children.push(node),
                        None => root = Some(node),
                    }
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    match open.last_mut() {
                        Some((_, into)) => into.push_str(&text),
                        None if text.trim().is_empty() => {}
                        None => return self.fail(here, "text stands outside the root element"),
                    }
                }
                Event::CData(data) => match open.last_mut() {
                    Some((_, into)) => into.push_str(&data.xml10_content()),
                    None => return self.fail(here, "text stands outside the root element"),
                },
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c),
                        Ok(None) => named_entity(&reference.xml10_content()),
                        Err(e) => return self.fail(here, e.to_string()),
                    };
                    match (resolved, open.last_mut()) {
                        (Some(c), Some((_, into))) => into.push(c),
                        (None, _) => {
                            let message = format!("the entity &{}; is not declared", reference.xml10_content());
                            return self.fail(here, message);
                        }
                        (_, None) => return self.fail(here, "text stands outside the root element"),
                    }
                }
                Event::DocType(_) => return self.fail(here, "a DOCTYPE is not allowed"),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let end = self.text.len() as u64;
        if let Some((last, _)) = open.last() {
            let message = format!("element {} is not closed", last.node.name);
            return self.fail(end, message);
        }
        match root {
            Some(root) => Ok(root),
            None => self.fail(end, "there is no root element"),
        }
    }
}

fn element(tag: &BytesStart<'_>, line: u32) -> MetaNode {
    MetaNode::new(tag.local_name().into_inner(), MetaSource::File, Some(line))
}

/// Whether an element says `xsi:nil="true"`.
fn is_nil(tag: &BytesStart<'_>) -> bool {
    tag.attributes().flatten().any(|a| a.key.local_name().into_inner() == "nil" && a.value.trim() == "true")
}

fn named_entity(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_and_json_give_the_same_tree() {
        let xml = MetaNode::from_xml(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n  <label>A &amp; B&#33;</label>\n  <v><w>1</w></v>\n  <v><w><![CDATA[<2>]]></w></v>\n  <n xsi:nil=\"true\"/>\n</CustomField>\n",
        )
        .unwrap();
        assert_eq!(xml.name, "CustomField");
        assert_eq!(xml.child_text("label"), Some("A & B!"));
        assert_eq!(xml.child("label").unwrap().line, Some(3));
        assert_eq!(xml.all("v").map(|v| v.child_text("w").unwrap()).collect::<Vec<_>>(), ["1", "<2>"]);
        assert!(xml.child("n").is_none());
        let json = MetaNode::from_json(&serde_json::json!({"label": "A & B!", "v": [{"w": 1}, {"w": "<2>"}], "n": null}));
        assert_eq!(json.child_text("label"), Some("A & B!"));
        assert_eq!(json.all("v").map(|v| v.child_text("w").unwrap()).collect::<Vec<_>>(), ["1", "<2>"]);
        assert!(json.child("n").is_none() && !json.is_xml());
    }

    #[test]
    fn refusals_name_the_line() {
        let fails = |text: &str| MetaNode::from_xml(text.as_bytes()).unwrap_err();
        assert_eq!(fails("<!DOCTYPE a>\n<a/>"), XmlError { line: 1, message: "a DOCTYPE is not allowed".into() });
        assert_eq!(fails("<a>\n<b>&x;</b></a>"), XmlError { line: 2, message: "the entity &x; is not declared".into() });
        assert_eq!(fails("<a>\n\n<b></a>").line, 3);
        assert_eq!(fails("<a>\n<b>"), XmlError { line: 2, message: "element b is not closed".into() });
        assert_eq!(fails("").message, "there is no root element");
        assert_eq!(fails("<a/>\n<b/>").line, 2);
        assert_eq!(fails("<a>x<b/></a>").message, "element a has text beside its child elements");
        assert!(fails(&"<a>".repeat(40)).message.contains("nested more than 32 deep"));
        assert_eq!(MetaNode::from_xml(b"<a>\n\xff</a>").unwrap_err().line, 2);
    }
}
