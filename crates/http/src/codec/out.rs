//! Writes answers: one set of events, two formats.
//!
//! JSON is what Jackson's generator writes, compact or, with `X-PrettyPrint: 1`, in the layout of its default pretty
//! printer. XML follows the recorded layouts: compact, or 4 blanks a level with a newline at the end; the instance
//! namespace is declared on the root only where something inside is nil.
//!
//! Every event takes the member's name; it is not looked at for items of a list, nor by JSON for the root.

use super::Format;
use super::escape::{escape_json, escape_xml, json_string, push_name};
use super::number::{write_double, write_int};
use orglet_base::{Cell, DateTime, Name};
use orglet_schema::types::CellKind;

const XSI: &[u8] = b" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// The `url` of a record.
#[derive(Clone, Copy, Debug)]
pub enum RecordUrl<'a> {
    /// No `url` at all: rows of aggregates.
    None,
    /// The whole path.
    Path(&'a str),
    /// The path that the API's resources lie below, the object, and the row's id.
    Row(&'a str, &'a str, &'a str),
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Object,
    /// A JSON array, or an XML element whose items have a name of their own.
    List,
    /// An XML list without an element of its own: its name is repeated.
    Repeat,
}

struct Frame {
    kind: Kind,
    any: bool,
    /// Where the element's name stands in the output.
    name: (usize, usize),
    /// Where the items' name stands in `items`.
    item: usize,
}

/// Writes one answer into a buffer.
pub struct Writer {
    out: Vec<u8>,
    format: Format,
    pretty: bool,
    frames: Vec<Frame>,
    /// Names of items, one after the other.
    items: Vec<u8>,
    /// Indented levels open.
    depth: usize,
    /// Where the root's attributes begin.
    root: usize,
    nil: bool,
    /// The name of the next event is written already.
    named: bool,
}

impl Writer {
    /// An empty answer.
    pub fn new(format: Format, pretty: bool) -> Self {
        Self::with_capacity(format, pretty, 256)
    }

    /// An empty answer with room for so many bytes.
    pub fn with_capacity(format: Format, pretty: bool, bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            format,
            pretty,
            frames: Vec::with_capacity(8),
            items: Vec::new(),
            depth: 0,
            root: 0,
            nil: false,
            named: false,
        }
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether the answer is XML.
    pub fn is_xml(&self) -> bool {
        self.format == Format::Xml
    }

    /// Whether the answer is laid out for reading.
    pub fn is_pretty(&self) -> bool {
        self.pretty
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The answer's bytes. Everything begun must have been ended.
    pub fn finish(mut self) -> Vec<u8> {
        debug_assert!(self.frames.is_empty() && !self.named, "an object or list was not ended, or a name has no value");
        if self.is_xml() {
            if self.nil {
                self.out.splice(self.root..self.root, XSI.iter().copied());
            }
            if self.pretty {
                self.out.push(b'\n');
            }
        }
        self.out
    }

    /// Begins an object.
    pub fn begin_object(&mut self, name: &str) {
        match self.format {
            Format::Json => self.json_begin_object(name),
            Format::Xml => {
                let name = self.xml_start(name);
                self.out.push(b'>');
                self.xml_enter(Kind::Object, name);
            }
        }
    }

    /// Ends an object or a record.
    pub fn end_object(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        match self.format {
            Format::Json => {
                self.depth -= 1;
                if frame.any {
                    self.line();
                } else if self.pretty {
                    self.out.push(b' ');
                }
                self.out.push(b'}');
            }
            Format::Xml => self.xml_leave(&frame),
        }
    }

    /// Begins a record: an object whose `attributes` come first in JSON, and are XML attributes of its element.
    pub fn begin_record(&mut self, name: &str, sobject: &str, url: RecordUrl<'_>) {
        let url = match url {
            RecordUrl::None => None,
            RecordUrl::Path(path) => Some([path, "", "", "", ""]),
            RecordUrl::Row(base, object, id) => Some([base, "/sobjects/", object, "/", id]),
        };
        match self.format {
            Format::Json if !self.pretty => {
                self.json_begin_object(name);
                self.separate("attributes");
                self.out.extend_from_slice(b"{\"type\":\"");
                escape_json(&mut self.out, sobject);
                if let Some(url) = url {
                    self.out.extend_from_slice(b"\",\"url\":\"");
                    url.iter().for_each(|part| escape_json(&mut self.out, part));
                }
                self.out.extend_from_slice(b"\"}");
            }
            Format::Json => {
                self.json_begin_object(name);
                self.json_begin_object("attributes");
                self.text("type", sobject);
                if let Some(url) = url {
                    self.separate("url");
                    self.out.push(b'"');
                    url.iter().for_each(|part| escape_json(&mut self.out, part));
                    self.out.push(b'"');
                }
                self.end_object();
            }
            Format::Xml => {
                let name = self.xml_start(name);
                self.out.extend_from_slice(b" type=\"");
                escape_xml(&mut self.out, sobject, true);
                if let Some(url) = url {
                    self.out.extend_from_slice(b"\" url=\"");
                    url.iter().for_each(|part| escape_xml(&mut self.out, part, true));
                }
                self.out.extend_from_slice(b"\">");
                self.xml_enter(Kind::Object, name);
            }
        }
    }

    /// Begins a list. In XML its items repeat the list's name, and an empty one leaves nothing; at the root, where
    /// there must be one element, it becomes an element with items of the same name.
    pub fn begin_list(&mut self, name: &str) {
        match self.format {
            Format::Json => self.json_begin_list(name),
            Format::Xml if self.frames.is_empty() => self.begin_wrapped_list(name, name),
            Format::Xml => {
                let item = self.items.len();
                match self.frames.last() {
                    // A list right inside a list: the items keep their name.
                    Some(Frame { kind: Kind::List | Kind::Repeat, item: outer, .. }) => {
                        let outer = *outer;
                        self.items.extend_from_within(outer..item);
                    }
                    _ => push_name(&mut self.items, name),
                }
                self.frames.push(Frame { kind: Kind::Repeat, any: false, name: (0, 0), item });
            }
        }
    }

    /// Begins a list that is an element of its own in XML, with items of another name (`Versions`, `Version`).
    pub fn begin_wrapped_list(&mut self, name: &str, item: &str) {
        match self.format {
            Format::Json => self.json_begin_list(name),
            Format::Xml => {
                let name = self.xml_start(name);
                self.out.push(b'>');
                let at = self.items.len();
                push_name(&mut self.items, item);
                self.xml_enter(Kind::List, name);
                if let Some(frame) = self.frames.last_mut() {
                    frame.item = at;
                }
            }
        }
    }

    /// Ends a list of either sort.
    pub fn end_list(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        match self.format {
            Format::Json => {
                if self.pretty {
                    self.out.push(b' ');
                }
                self.out.push(b']');
            }
            Format::Xml => {
                self.items.truncate(frame.item);
                if frame.kind == Kind::List {
                    self.xml_leave(&frame);
                }
            }
        }
    }

    /// `null`, in XML an empty element marked `xsi:nil`.
    pub fn null(&mut self, name: &str) {
        match self.format {
            Format::Json => {
                self.separate(name);
                self.out.extend_from_slice(b"null");
            }
            Format::Xml => {
                self.xml_start(name);
                self.out.extend_from_slice(b" xsi:nil=\"true\"/>");
                self.nil = true;
            }
        }
    }

    /// `true` or `false`.
    pub fn bool(&mut self, name: &str, value: bool) {
        self.scalar(name, |out| out.extend_from_slice(if value { b"true" } else { b"false" }));
    }

    /// A whole number.
    pub fn int(&mut self, name: &str, value: i64) {
        self.scalar(name, |out| write_int(out, value));
    }

    /// `scaled / 10^scale`, as doubles are written.
    pub fn double(&mut self, name: &str, scaled: i64, scale: u8) {
        self.scalar(name, |out| write_double(out, scaled, scale));
    }

    /// A number's own text, written as it is; the caller vouches for JSON's grammar.
    pub fn raw_number(&mut self, name: &str, text: &str) {
        self.scalar(name, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// Text.
    pub fn text(&mut self, name: &str, value: &str) {
        match self.format {
            Format::Json => {
                self.separate(name);
                json_string(&mut self.out, value);
            }
            Format::Xml => self.scalar(name, |out| escape_xml(out, value, false)),
        }
    }

    /// Text, or null.
    pub fn opt_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(v) => self.text(name, v),
            None => self.null(name),
        }
    }

    /// A date-time: `+0000` in JSON, `Z` in XML.
    pub fn datetime(&mut self, name: &str, value: DateTime) {
        match self.format {
            Format::Json => self.text(name, &value.to_json_text()),
            Format::Xml => self.text(name, &value.to_canonical()),
        }
    }

    /// A stored cell in its wire form. Bytes come as base64; answers that show an address in their stead write that
    /// with [`Writer::text`]. A cell that does not fit its kind (a damaged file) is written as what it holds.
    pub fn cell(&mut self, name: &str, kind: CellKind, cell: Cell<'_>) {
        match (kind, cell) {
            (_, Cell::Null) => self.null(name),
            (CellKind::Bool, Cell::Int(n)) => self.bool(name, n != 0),
            (CellKind::Decimal(scale), Cell::Int(n)) => self.double(name, n, scale),
            (_, Cell::Int(n)) => self.int(name, n),
            (CellKind::DateTime, Cell::Text(t)) if self.format == Format::Json && t.ends_with('Z') => {
                self.separate(name);
                self.out.push(b'"');
                escape_json(&mut self.out, &t[..t.len() - 1]);
                self.out.extend_from_slice(b"+0000\"");
            }
            (_, Cell::Text(t)) => self.text(name, t),
            (_, Cell::Blob(b)) => {
                use base64::Engine as _;
                self.text(name, &base64::engine::general_purpose::STANDARD.encode(b));
            }
        }
    }

    /// A scalar whose bytes are the same in both formats, or escaped by the caller.
    fn scalar(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        match self.format {
            Format::Json => {
                self.separate(name);
                write(&mut self.out);
            }
            Format::Xml => {
                let name = self.xml_start(name);
                self.out.push(b'>');
                write(&mut self.out);
                self.xml_close(name);
            }
        }
    }

    /// A line break and the indentation of the current depth, where the answer is pretty.
    fn line(&mut self) {
        if self.pretty {
            let unit = if self.is_xml() { 4 } else { 2 };
            self.out.push(b'\n');
            self.out.resize(self.out.len() + unit * self.depth, b' ');
        }
    }

    /// Writes the name of the event that follows, where that can be done in one step; the event must bear this name and
    /// be a member of an object.
    pub fn name(&mut self, name: &Name) {
        if self.pretty || self.is_xml() {
            return;
        }
        let (Some(frame), Some(member)) = (self.frames.last_mut(), name.member()) else { return };
        let follows = std::mem::replace(&mut frame.any, true);
        self.out.extend_from_slice(&member.as_bytes()[usize::from(!follows)..]);
        self.named = true;
    }

    /// What stands before a JSON value: comma, layout, name.
    fn separate(&mut self, name: &str) {
        if std::mem::take(&mut self.named) {
            return;
        }
        let Some(frame) = self.frames.last_mut() else { return };
        let follows = std::mem::replace(&mut frame.any, true);
        if frame.kind == Kind::Object && !self.pretty {
            // What most answers consist of, in as few steps as can be.
            self.out.extend_from_slice(if follows { b",\"" } else { b"\"" });
            escape_json(&mut self.out, name);
            self.out.extend_from_slice(b"\":");
            return;
        }
        if follows {
            self.out.push(b',');
        }
        if frame.kind == Kind::Object {
            self.line();
            json_string(&mut self.out, name);
            self.out.extend_from_slice(b" : ");
        } else if self.pretty {
            self.out.push(b' ');
        }
    }

    fn json_begin_object(&mut self, name: &str) {
        self.separate(name);
        self.out.push(b'{');
        // Arrays do not indent there, only objects do.
        self.depth += 1;
        self.frames.push(Frame { kind: Kind::Object, any: false, name: (0, 0), item: 0 });
    }

    fn json_begin_list(&mut self, name: &str) {
        self.separate(name);
        self.out.push(b'[');
        self.frames.push(Frame { kind: Kind::List, any: false, name: (0, 0), item: 0 });
    }

    /// Opens a start tag, up to its attributes; gives the place of the name in the output.
    fn xml_start(&mut self, name: &str) -> (usize, usize) {
        let root = self.frames.is_empty();
        if root {
            self.out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        }
        for frame in self.frames.iter_mut().rev() {
            frame.any = true;
            if frame.kind != Kind::Repeat {
                break;
            }
        }
        self.line();
        self.out.push(b'<');
        let start = self.out.len();
        match self.frames.last() {
            Some(Frame { kind: Kind::List | Kind::Repeat, item, .. }) => {
                let item = &self.items[*item..];
                self.out.extend_from_slice(item);
            }
            _ => push_name(&mut self.out, name),
        }
        if root {
            self.root = self.out.len();
        }
        (start, self.out.len())
    }

    fn xml_enter(&mut self, kind: Kind, name: (usize, usize)) {
        self.depth += 1;
        self.frames.push(Frame { kind, any: false, name, item: self.items.len() });
    }

    fn xml_close(&mut self, name: (usize, usize)) {
        self.out.extend_from_slice(b"</");
        self.out.extend_from_within(name.0..name.1);
        self.out.push(b'>');
    }

    fn xml_leave(&mut self, frame: &Frame) {
        self.depth -= 1;
        if frame.any {
            self.line();
            self.xml_close(frame.name);
        } else {
            self.out.pop();
            self.out.extend_from_slice(b"/>");
        }
    }
}

#[cfg(test)]
#[path = "out_tests.rs"]
mod tests;
