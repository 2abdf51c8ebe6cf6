//! The SOAP envelope: what a request asks, and how an answer is wrapped.
//!
//! Prefixes differ from client to client, so that names are told apart by namespace and local name.

use super::{Api, Fault};
use crate::Reply;
use crate::codec::escape::escape_xml;
use crate::codec::{Node, xml};
use crate::error::write_soap_row_errors;
use orglet_base::ApiError;
use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use std::borrow::Cow;

/// The namespace of SOAP 1.1, the only one that the platform speaks.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// A request, taken apart.
pub(super) struct Request {
    /// The operation's namespace; empty where it has none.
    pub namespace: String,
    /// The operation's name.
    pub operation: String,
    header: Option<Node<'static>>,
    arguments: Node<'static>,
}

impl Request {
    /// Reads a request's body; the error is a sentence.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let (root, envelope) = xml::parse_typed(body).map_err(|e| e.message().to_owned())?;
        if root != "Envelope" {
            return Err(format!("The request is no SOAP envelope: its root element is {root}"));
        }
        for part in ["Header", "Body"] {
            if envelope.get_all(part).nth(1).is_some() {
                return Err(format!("The SOAP envelope has more than one {part}"));
            }
        }
        let mut children = envelope.get("Body").map(elements).into_iter().flatten();
        let Some((operation, arguments)) = children.next() else {
            return Err("The SOAP body has no operation".to_owned());
        };
        // One that was passed over would count as done.
        if children.next().is_some() {
            return Err("The SOAP body has more than one operation".to_owned());
        }
        Ok(Self {
            namespace: operation_namespace(body)?,
            operation: operation.clone().into_owned(),
            header: envelope.get("Header").cloned(),
            arguments: arguments.clone(),
        })
    }

    /// Text of a header's member, such as `sessionId` of `SessionHeader`; one that is blank counts as absent.
    pub(super) fn header(&self, header: &str, member: &str) -> Option<&str> {
        present(self.header.as_ref()?.get(header)?.get(member)?)
    }

    /// A header's checkbox; `None` where the header is absent.
    ///
    /// # Errors
    /// A header that is there, and has no such checkbox or one that can't be read.
    pub(super) fn truth(&self, header: &str, member: &str) -> Result<Option<bool>, Fault> {
        let mut given = self.header.iter().flat_map(|all| all.get_all(header)).filter(|node| !node.is_null());
        let Some(node) = given.next() else { return Ok(None) };
        if given.next().is_some() || node.get_all(member).nth(1).is_some() {
            return Err(Fault::client(format!("The header {header} is given more than once")));
        }
        match node.get(member).and_then(present).unwrap_or_default() {
            "false" | "0" => Ok(Some(false)),
            "true" | "1" => Ok(Some(true)),
            text => Err(Fault::client(format!("'{text}' is not a valid value for the type xsd:boolean"))),
        }
    }

    /// The members of a header, one by one; none where it is absent.
    pub(super) fn header_members(&self, header: &str) -> &[(Cow<'static, str>, Node<'static>)] {
        self.header.as_ref().and_then(|all| all.get(header)).map(Node::members).unwrap_or_default()
    }

    /// Text of an argument, blanks and all; empty where it is absent.
    pub(super) fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).and_then(Node::as_str).unwrap_or_default()
    }

    /// The operation's arguments, as members in their order. The type that an element says (`xsi:type`) is a member
    /// [`xml::TYPE`] before the others.
    pub(super) fn arguments(&self) -> &Node<'static> {
        &self.arguments
    }

    /// The texts of an argument that may be given more than once.
    pub(super) fn list<'s>(&'s self, name: &'s str) -> Vec<&'s str> {
        self.arguments.get_all(name).map(|node| node.as_str().unwrap_or_default()).collect()
    }
}

/// The elements in an element: its members but for what its attributes say.
pub(super) fn elements<'s, 'n>(node: &'s Node<'n>) -> impl Iterator<Item = &'s (Cow<'n, str>, Node<'n>)> {
    node.members().iter().filter(|(name, _)| name != "attributes" && name != xml::TYPE)
}

fn present<'n>(node: &'n Node<'static>) -> Option<&'n str> {
    node.as_str().map(str::trim).filter(|t| !t.is_empty())
}

/// The namespace of the first element in the body. The body has been parsed already: it is well-formed and within the
/// limits, and only its encoding can still be one that is not read here.
fn operation_namespace(body: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(body).map_err(|_| "The SOAP envelope is not UTF-8".to_owned())?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    let mut depth = 0usize;
    let mut in_body = false;
    loop {
        let (resolved, event) = reader.read_resolved_event().map_err(|e| format!("The SOAP envelope is not well-formed: {e}"))?;
        let (tag, closed) = match &event {
            Event::Start(tag) => (tag, false),
            Event::Empty(tag) => (tag, true),
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::Eof => return Err("The SOAP body has no operation".to_owned()),
            _ => continue,
        };
        let namespace = match resolved {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => return Err(format!("The prefix {prefix} is not bound to a namespace")),
        };
        if in_body && depth == 2 {
            return Ok(namespace);
        }
        if depth < 2 && namespace != SOAP && (depth == 0 || tag.local_name().into_inner() == "Body") {
            return Err(format!("The namespace of the SOAP envelope must be {SOAP}"));
        }
        in_body = depth == 1 && tag.local_name().into_inner() == "Body" || (in_body && depth > 1);
        if !closed {
            depth += 1;
        }
    }
}

/// An answer under way: elements without a prefix, because clients look for bare names.
pub(super) struct Answer {
    head: String,
    out: Vec<u8>,
    /// Whether types of XML Schema are named.
    schema: bool,
}

/// The namespace of the types of XML Schema.
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

impl Answer {
    /// Begins an answer in the API's namespace. `usage` is what the header says of the API requests of the day: how many
    /// there were, and how many are allowed. The prefix `sf` is declared where there may be records.
    pub(super) fn new(api: Api, usage: Option<(u64, u64)>, records: bool) -> Self {
        let mut head = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"{SOAP}\" xmlns=\"{}\" xmlns:xsi=\"{SCHEMA}-instance\"",
            api.namespace()
        );
        if records {
            head.push_str(&format!(" xmlns:sf=\"{}\"", api.records()));
        }
        let mut out = Vec::with_capacity(2048);
        if let Some((used, allowed)) = usage {
            let header = format!(
                "<soapenv:Header><LimitInfoHeader><limitInfo><current>{used}</current><limit>{allowed}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>"
            );
            out.extend_from_slice(header.as_bytes());
        }
        out.extend_from_slice(b"<soapenv:Body>");
        Self { head, out, schema: false }
    }

    /// Begins an element.
    pub(super) fn begin(&mut self, name: &str) -> &mut Self {
        self.mark("<", name, ">")
    }

    /// Begins an element that says its type.
    pub(super) fn begin_typed(&mut self, name: &str, ty: &str) -> &mut Self {
        self.schema |= ty.starts_with("xsd:");
        self.mark("<", name, " xsi:type=\"").mark(ty, "\"", ">")
    }

    /// Ends an element.
    pub(super) fn end(&mut self, name: &str) -> &mut Self {
        self.mark("</", name, ">")
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str) -> &mut Self {
        self.mark("<", name, "/>")
    }

    /// An element of text; empty text leaves an empty element.
    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        if text.is_empty() {
            return self.empty(name);
        }
        self.begin(name);
        escape_xml(&mut self.out, text, false);
        self.end(name)
    }

    /// An element of text that says its type.
    pub(super) fn typed_text(&mut self, name: &str, ty: &str, text: &str) -> &mut Self {
        self.begin_typed(name, ty);
        escape_xml(&mut self.out, text, false);
        self.end(name)
    }

    /// An element that is `true` or `false`.
    pub(super) fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.text(name, if value { "true" } else { "false" })
    }

    /// An element that is null.
    pub(super) fn nil(&mut self, name: &str) -> &mut Self {
        self.mark("<", name, " xsi:nil=\"true\"/>")
    }

    /// An element of text, or one that is null.
    pub(super) fn nillable(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(name, text),
            None => self.nil(name),
        }
    }

    /// The errors of one record.
    pub(super) fn errors(&mut self, errors: &[ApiError]) -> &mut Self {
        write_soap_row_errors(&mut self.out, errors);
        self
    }

    fn mark(&mut self, open: &str, name: &str, close: &str) -> &mut Self {
        for part in [open, name, close] {
            self.out.extend_from_slice(part.as_bytes());
        }
        self
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> usize {
        self.out.len()
    }

    /// The whole answer.
    pub(super) fn finish(self) -> Reply {
        const END: &[u8] = b"</soapenv:Body></soapenv:Envelope>";
        let mut body = self.head.into_bytes();
        body.reserve(self.out.len() + END.len() + 64);
        if self.schema {
            body.extend_from_slice(format!(" xmlns:xsd=\"{SCHEMA}\"").as_bytes());
        }
        body.push(b'>');
        body.extend_from_slice(&self.out);
        body.extend_from_slice(END);
        Reply::new(200, "text/xml;charset=UTF-8", body)
    }
}
