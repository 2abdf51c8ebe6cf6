//! `JSON`: reading, with the platform's sentences.

use crate::outcome::Data;
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::{Rec, Value};
use orglet_base::{DateTime, Id, Time, time};
use rust_decimal::Decimal;
use std::rc::Rc;

const MAX_DEPTH: u32 = 100;

/// A value of a JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    /// What the reader says of the place: line and column behind the value's beginning.
    pub at: (u32, u32),
}

/// The kinds of JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Members(Vec<(String, Node)>),
    /// A text of another format, which stands for any plain value.
    Plain(String),
}

/// Reads a JSON text.
pub(crate) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0 };
    parser.blank();
    if parser.at >= parser.chars.len() {
        return Err("No content to map to Object due to end of input".to_owned());
    }
    let node = parser.value(0)?;
    parser.blank();
    if parser.at < parser.chars.len() {
        return Err(parser.unexpected("expected the end of input"));
    }
    Ok(node)
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let before = &self.chars[..at.min(self.chars.len())];
        let line = before.iter().filter(|c| **c == '\n').count() as u32 + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() as u32 + 1;
        (line, column)
    }

    fn here(&self, message: &str) -> String {
        let (line, column) = self.place(self.at);
        format!("{message} at [line:{line}, column:{column}]")
    }

    fn unexpected(&mut self, wanted: &str) -> String {
        match self.peek() {
            Some(c) => {
                self.at += 1;
                self.here(&format!("Unexpected character ('{c}' (code {})): {wanted}", c as u32))
            }
            None => self.here("Unexpected end-of-input"),
        }
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{feff}')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u32) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err(self.here("JSON is nested too deep"));
        }
        let start = self.at;
        let behind = |parser: &Self, at: usize| parser.place(at);
        match self.peek() {
            Some('{') => {
                self.at += 1;
                let at = behind(self, self.at);
                let mut members = Vec::new();
                self.blank();
                if self.peek() == Some('}') {
                    self.at += 1;
                    return Ok(Node { kind: Kind::Members(members), at });
                }
                loop {
                    self.blank();
                    if self.peek() != Some('"') {
                        return Err(self.unexpected("was expecting double-quote to start field name"));
                    }
                    let name = self.text()?;
                    self.blank();
                    if self.peek() != Some(':') {
                        return Err(self.unexpected("was expecting a colon to separate field name and value"));
                    }
                    self.at += 1;
                    self.blank();
                    members.push((name, self.value(depth + 1)?));
                    self.blank();
                    match self.peek() {
                        Some(',') => self.at += 1,
                        Some('}') => {
                            self.at += 1;
                            return Ok(Node { kind: Kind::Members(members), at });
                        }
                        _ => return Err(self.unexpected("was expecting comma to separate OBJECT entries")),
                    }
                }
            }
            Some('[') => {
                self.at += 1;
                let at = behind(self, self.at);
                let mut items = Vec::new();
                self.blank();
                if self.peek() == Some(']') {
                    self.at += 1;
                    return Ok(Node { kind: Kind::List(items), at });
                }
                loop {
                    self.blank();
                    items.push(self.value(depth + 1)?);
                    self.blank();
                    match self.peek() {
                        Some(',') => self.at += 1,
                        Some(']') => {
                            self.at += 1;
                            return Ok(Node { kind: Kind::List(items), at });
                        }
                        _ => return Err(self.unexpected("was expecting comma to separate ARRAY entries")),
                    }
                }
            }
            Some('"') => {
                let at = behind(self, start + 1);
                Ok(Node { kind: Kind::Text(self.text()?), at })
            }
            Some(c) if c.is_ascii_digit() || c == '-' => {
                while self.peek().is_some_and(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')) {
                    self.at += 1;
                }
                let text: String = self.chars[start..self.at].iter().collect();
                if text.parse::<f64>().is_err() || text.starts_with('.') {
                    return Err(self.here(&format!("Malformed numeric value '{text}'")));
                }
                Ok(Node { kind: Kind::Number(text), at: behind(self, self.at) })
            }
            Some(c) if c.is_ascii_alphabetic() => {
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
                    self.at += 1;
                }
                let word: String = self.chars[start..self.at].iter().collect();
                let kind = match word.as_str() {
                    "true" => Kind::Bool(true),
                    "false" => Kind::Bool(false),
                    "null" => Kind::Null,
                    _ => return Err(self.here(&format!("Unrecognized token '{word}': was expecting 'null', 'true', 'false' or NaN"))),
                };
                Ok(Node { kind, at: behind(self, self.at) })
            }
            _ => Err(self.unexpected("expected a valid value (number, String, array, object, 'true', 'false' or 'null')")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut units: Vec<u16> = Vec::new();
        let mut buffer = [0; 2];
        loop {
            let Some(c) = self.peek() else {
                return Err(self.here("Unexpected end-of-input: was expecting closing quote for a string value"));
            };
            self.at += 1;
            match c {
                '"' => return Ok(String::from_utf16_lossy(&units)),
                '\\' => {
                    let escape = self.peek();
                    self.at += 1;
                    let c = match escape {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some('b') => '\u{8}',
                        Some('f') => '\u{c}',
                        Some(c @ ('"' | '\\' | '/')) => c,
                        Some('u') => {
                            let digits: String = self.chars.iter().skip(self.at).take(4).collect();
                            match u16::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4) {
                                Some(unit) => {
                                    self.at += 4;
                                    units.push(unit);
                                    continue;
                                }
                                None => return Err(self.here("Unexpected character: expected a hex-digit for character escape sequence")),
                            }
                        }
                        Some(c) => return Err(self.here(&format!("Unrecognized character escape '{c}' (code {})", c as u32))),
                        None => return Err(self.here("Unexpected end-of-input in character escape sequence")),
                    };
                    units.extend_from_slice(c.encode_utf16(&mut buffer));
                }
                c if c < ' ' => {
                    return Err(self.here(&format!("Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value", c as u32)));
                }
                c => units.extend_from_slice(c.encode_utf16(&mut buffer)),
            }
        }
    }
}

/// Plain data as a node, texts standing for any plain value.
pub(crate) fn of_data(data: &Data, depth: u32) -> Node {
    let kind = match data {
        _ if depth > MAX_DEPTH => Kind::Null,
        Data::Null => Kind::Null,
        Data::Bool(b) => Kind::Bool(*b),
        Data::Number(text) => Kind::Number(text.clone()),
        Data::Text(text) => Kind::Plain(text.clone()),
        Data::List(items) => Kind::List(items.iter().map(|item| of_data(item, depth + 1)).collect()),
        Data::Members(_, members) => Kind::Members(members.iter().map(|(name, data)| (name.clone(), of_data(data, depth + 1))).collect()),
    };
    Node { kind, at: (1, 1) }
}

impl Vm<'_, '_> {
    /// Plain data as a value of a type.
    pub(crate) fn read_data(&mut self, data: &Data, ty: &Ty) -> Done<Value> {
        self.read_node(&of_data(data, 0), ty, false, 0)
    }

    fn bad(&mut self, node: &Node, message: &str) -> crate::run::Throw {
        let (line, column) = node.at;
        self.exception("JSONException", format!("{message} at [line:{line}, column:{column}]"))
    }

    /// A JSON value as one of a type. `strict`: members that the type has not are an error.
    pub(crate) fn read_node(&mut self, node: &Node, ty: &Ty, strict: bool, depth: u32) -> Done<Value> {
        if depth > MAX_DEPTH {
            return Err(self.bad(node, "JSON is nested too deep"));
        }
        self.grown(24)?;
        // An element without a text stands for a text that is empty, or for a list or an instance without members.
        if matches!(node.kind, Kind::Null) {
            return Ok(Value::Null);
        }
        match ty {
            Ty::List(of) => {
                let items = self.items(node, "List/Set")?;
                let mut out = Vec::with_capacity(items.len());
                for item in &items {
                    out.push(self.read_node(item, of, strict, depth + 1)?);
                }
                Ok(Value::list((**of).clone(), out))
            }
            Ty::Set(of) => {
                let items = self.items(node, "List/Set")?;
                let mut out = Vec::with_capacity(items.len());
                for item in &items {
                    out.push(self.read_node(item, of, strict, depth + 1)?);
                }
                self.set_of((**of).clone(), out)
            }
            Ty::Map(of) => {
                let Kind::Members(members) = &node.kind else {
                    return Err(self.bad(node, "Malformed JSON: Expected '{' at the beginning of object"));
                };
                let map = self.table(of.0.clone(), of.1.clone());
                for (name, value) in members {
                    let key = self.read_plain(&Node { kind: Kind::Plain(name.clone()), at: value.at }, name, &of.0)?;
                    let value = self.read_node(value, &of.1, strict, depth + 1)?;
                    self.table_put(&map, key, value)?;
                }
                Ok(Value::Map(map))
            }
            Ty::Record(name) => self.read_record(node, name.as_deref(), strict, depth),
            Ty::Class(id) => self.read_instance(node, *id, strict, depth),
            Ty::Object => self.read_untyped(node, depth),
            _ => match &node.kind {
                Kind::Bool(b) => match ty {
                    Ty::Bool => Ok(Value::Bool(*b)),
                    Ty::Str => Ok(Value::str(if *b { "true" } else { "false" })),
                    _ => Err(self.bad(node, "Illegal value for primitive")),
                },
                Kind::Number(text) => self.read_number(node, text, ty),
                Kind::Text(text) | Kind::Plain(text) => self.read_plain(node, text, ty),
                _ => Err(self.bad(node, "Illegal value for primitive")),
            },
        }
    }

    fn items(&mut self, node: &Node, what: &str) -> Done<Vec<Node>> {
        match &node.kind {
            Kind::List(items) => Ok(items.clone()),
            // XML has one element where a list has one item.
            Kind::Plain(_) => Ok(vec![node.clone()]),
            _ => Err(self.bad(node, &format!("Malformed JSON: Expected '[' at the beginning of {what}"))),
        }
    }

    fn read_number(&mut self, node: &Node, text: &str, ty: &Ty) -> Done<Value> {
        let decimal = || text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok();
        let made = match ty {
            Ty::Int => text.parse().ok().map(Value::Int),
            Ty::Long => text.parse().ok().map(Value::Long),
            Ty::Double => text.parse().ok().map(Value::Double),
            Ty::Decimal => decimal().map(Value::Decimal),
            Ty::Str => Some(Value::str(text)),
            Ty::Datetime => text.parse().ok().map(|ms| Value::Datetime(DateTime(ms))),
            _ => None,
        };
        made.ok_or_else(|| self.bad(node, "Illegal value for primitive"))
    }

    fn read_plain(&mut self, node: &Node, text: &str, ty: &Ty) -> Done<Value> {
        let loose = matches!(node.kind, Kind::Plain(_));
        let made = match ty {
            Ty::Str | Ty::Object => Some(Value::str(text)),
            Ty::Id if text.is_empty() => Some(Value::Null),
            Ty::Id => match Id::parse(text) {
                Ok(id) => Some(Value::Id(id)),
                Err(_) => return Err(self.exception("StringException", format!("Invalid id: {text}"))),
            },
            Ty::Bool if text == "true" || text == "1" && loose => Some(Value::Bool(true)),
            Ty::Bool if text == "false" || text == "0" && loose => Some(Value::Bool(false)),
            Ty::Int | Ty::Long | Ty::Double | Ty::Decimal => return self.read_number(node, text.trim(), ty),
            Ty::Date => time::parse_date(text.get(..10).unwrap_or(text)).map(Value::Date),
            Ty::Datetime => DateTime::parse(text).or_else(|| time::parse_date(text).map(DateTime::at_midnight)).map(Value::Datetime),
            Ty::Time => Time::parse(text).map(Value::Time),
            Ty::Blob => super::encoding::base64_bytes(text).map(|bytes| Value::Blob(bytes.into())),
            Ty::Class(id) if self.program.class_at(*id).kind == crate::ast::ClassKind::Enum => {
                let at = self.program.class_at(*id).constants.iter().position(|name| name.eq_ignore_ascii_case(text));
                at.map(|at| Value::Enum(*id, at as u16))
            }
            _ => None,
        };
        match (made, ty) {
            (Some(value), _) => Ok(value),
            (None, Ty::Date) => Err(self.exception("TypeException", format!("Invalid date: {text}"))),
            (None, Ty::Datetime) => Err(self.exception("TypeException", format!("Invalid date/time: {text}"))),
            _ => Err(self.bad(node, "Illegal value for primitive")),
        }
    }

    fn read_record(&mut self, node: &Node, name: Option<&str>, strict: bool, depth: u32) -> Done<Value> {
        let Kind::Members(members) = &node.kind else {
            return Err(self.bad(node, "Malformed JSON: Expected '{' at the beginning of object"));
        };
        let said = members.iter().find(|(name, _)| name == "attributes").and_then(|(_, node)| match &node.kind {
            Kind::Members(members) => members.iter().find(|(name, _)| name == "type"),
            _ => None,
        });
        let said = said.and_then(|(_, node)| if let Kind::Text(text) | Kind::Plain(text) = &node.kind { Some(text.clone()) } else { None });
        let Some(name) = name.map(str::to_owned).or(said) else {
            return Err(self.bad(node, "SObject type name not specified"));
        };
        let Some(object) = self.object(&name) else { return Err(self.bad(node, &format!("Invalid type: {name}"))) };
        let record = Rc::new(Rec::new(object.clone()));
        for (name, value) in members {
            if name == "attributes" {
                continue;
            }
            if let Some(at) = object.field_at(name) {
                let ty = crate::check::kind_type(object.fields[at].kind);
                let value = self.read_node(value, &ty, strict, depth + 1)?;
                self.record_put(&record, at as u16, value)?;
            } else if let Some(at) = object.relationship_at(name) {
                let of = match object.fields[at].reference_to.as_slice() {
                    [one] => Some(one.clone()),
                    _ => None,
                };
                let value = match value.kind {
                    Kind::Null => Value::Null,
                    _ => self.read_record(value, of.as_deref(), strict, depth + 1)?,
                };
                record.data.borrow_mut().parents.push((at as u16, value));
            } else if let Some(child) = object.child(name) {
                let records = match &value.kind {
                    Kind::Members(members) => members.iter().find(|(name, _)| name == "records").map(|(_, node)| node.clone()),
                    _ => Some(value.clone()),
                };
                if let Some(records) = records {
                    let list = self.read_node(&records, &Ty::list(Ty::record(&child.object)), strict, depth + 1)?;
                    record.data.borrow_mut().children.push((name.as_str().into(), list));
                }
            } else {
                return Err(self.bad(value, &format!("No such column '{name}' on sobject of type {}", object.name)));
            }
        }
        Ok(Value::Record(record))
    }

    fn read_instance(&mut self, node: &Node, id: u32, strict: bool, depth: u32) -> Done<Value> {
        let class = self.program.class_at(id);
        if class.kind == crate::ast::ClassKind::Enum {
            return match &node.kind {
                Kind::Text(text) | Kind::Plain(text) => self.read_plain(node, text, &Ty::Class(id)),
                _ => Err(self.bad(node, "Illegal value for primitive")),
            };
        }
        if class.kind == crate::ast::ClassKind::Interface || class.is_abstract || class.is_exception {
            return Err(self.bad(node, &format!("Apex Type unsupported in JSON: {}", class.full_name)));
        }
        let Kind::Members(members) = &node.kind else {
            return Err(self.bad(node, "Malformed JSON: Expected '{' at the beginning of object"));
        };
        self.prepare(id)?;
        let value = self.instance(id);
        let Value::Object(instance) = &value else { return Err(self.null_pointer()) };
        for (name, member) in members {
            let slot = class.slots.iter().rposition(|(own, _, transient)| own.eq_ignore_ascii_case(name) && !transient);
            let Some(slot) = slot else {
                if strict {
                    return Err(self.bad(member, &format!("Unknown field: {}.{name}", class.full_name)));
                }
                continue;
            };
            let read = self.read_node(member, &class.slots[slot].1, strict, depth + 1)?;
            if let Some(place) = instance.fields.borrow_mut().get_mut(slot) {
                *place = read;
            }
        }
        Ok(value)
    }

    /// A JSON value without a type: maps, lists, texts and numbers.
    pub(crate) fn read_untyped(&mut self, node: &Node, depth: u32) -> Done<Value> {
        if depth > MAX_DEPTH {
            return Err(self.bad(node, "JSON is nested too deep"));
        }
        self.grown(24)?;
        Ok(match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Text(text) | Kind::Plain(text) => Value::str(text),
            Kind::Number(text) => {
                if let Ok(n) = text.parse::<i32>() {
                    Value::Int(n)
                } else if let Ok(n) = text.parse::<i64>() {
                    Value::Long(n)
                } else {
                    text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).map_or(Value::Null, Value::Decimal)
                }
            }
            Kind::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    out.push(self.read_untyped(item, depth + 1)?);
                }
                Value::list(Ty::Object, out)
            }
            Kind::Members(members) => {
                let map = self.table(Ty::Str, Ty::Object);
                for (name, value) in members {
                    let value = self.read_untyped(value, depth + 1)?;
                    self.table_put(&map, Value::str(name), value)?;
                }
                Value::Map(map)
            }
        })
    }
}
