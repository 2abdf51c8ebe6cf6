//! `JSON`: writing.

use super::{Line, reader};
use crate::outcome::Data;
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::{Native, Rec, Value};
use orglet_base::{ApiVersion, time};
use std::fmt::Write as _;

const MAX_DEPTH: u32 = 100;

/// A JSON string.
pub(crate) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Writer {
    out: String,
    pretty: bool,
    bare: bool,
}

impl Writer {
    fn line(&mut self, depth: u32) {
        if self.pretty {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str("  ");
            }
        }
    }

    fn key(&mut self, name: &str, first: bool, depth: u32) {
        if !first {
            self.out.push(',');
        }
        self.line(depth + 1);
        quoted(&mut self.out, name);
        self.out.push_str(if self.pretty { " : " } else { ":" });
    }

    fn close(&mut self, empty: bool, depth: u32) {
        if !empty {
            self.line(depth);
        } else if self.pretty {
            self.out.push(' ');
        }
        self.out.push('}');
    }
}

/// The date-time of a record's field, as the REST API writes it.
fn field_text(value: &Value) -> Option<String> {
    match value {
        Value::Datetime(at) => Some(at.to_json_text()),
        _ => None,
    }
}

impl Vm<'_, '_> {
    /// A value as JSON.
    pub(crate) fn json(&mut self, value: &Value, pretty: bool, without_nulls: bool) -> Done<String> {
        let mut writer = Writer { out: String::new(), pretty, bare: without_nulls };
        self.write(&mut writer, value, 0)?;
        Ok(writer.out)
    }

    fn write(&mut self, writer: &mut Writer, value: &Value, depth: u32) -> Done<()> {
        if depth > MAX_DEPTH {
            return Err(self.exception("JSONException", "Apex Type unsupported in JSON: nested too deep"));
        }
        self.spend(1)?;
        if writer.out.len() > 6_000_000 {
            self.grown(writer.out.len())?;
        }
        match value {
            Value::Null => writer.out.push_str("null"),
            Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Decimal(_) => {
                let text = self.shown(value)?;
                writer.out.push_str(&text);
            }
            Value::Date(date) => quoted(&mut writer.out, &time::date_text(*date)),
            Value::Datetime(at) => quoted(&mut writer.out, &at.to_canonical()),
            Value::Blob(bytes) => quoted(&mut writer.out, &super::encoding::base64_text(bytes)),
            Value::Str(_) | Value::Id(_) | Value::Time(_) | Value::Enum(..) => {
                let text = self.shown(value)?;
                quoted(&mut writer.out, &text);
            }
            Value::List(_) | Value::Set(_) => {
                let items = super::collections::members(self, value)?;
                writer.out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        writer.out.push(',');
                    }
                    if writer.pretty {
                        writer.out.push(' ');
                    }
                    self.write(writer, item, depth + 1)?;
                }
                if writer.pretty {
                    writer.out.push(' ');
                }
                writer.out.push(']');
            }
            Value::Map(map) => {
                let pairs: Vec<(Value, Value)> = map.data.borrow().pairs().cloned().collect();
                writer.out.push('{');
                let mut first = true;
                for (key, value) in &pairs {
                    let key = match key {
                        Value::Object(_) | Value::Record(_) | Value::List(_) | Value::Set(_) | Value::Map(_) => {
                            return Err(self.exception("JSONException", "Apex Type unsupported in JSON: Object"));
                        }
                        key => self.value_text(key)?,
                    };
                    writer.key(&key, first, depth);
                    first = false;
                    self.write(writer, value, depth + 1)?;
                }
                writer.close(first, depth);
            }
            Value::Record(record) => self.write_record(writer, record, depth)?,
            Value::Object(instance) => {
                let class = self.program.class_at(instance.class);
                if class.is_exception {
                    return Err(self.exception("JSONException", format!("Apex Type unsupported in JSON: {}", class.full_name)));
                }
                let fields = instance.fields.borrow().clone();
                writer.out.push('{');
                let mut first = true;
                for ((name, _, transient), value) in class.slots.iter().zip(&fields) {
                    if *transient || writer.bare && value.is_null() {
                        continue;
                    }
                    writer.key(name, first, depth);
                    first = false;
                    self.write(writer, value, depth + 1)?;
                }
                writer.close(first, depth);
            }
            Value::Native(native) => match &**native {
                Native::ObjectType(_) | Native::Field(..) => {
                    let text = self.shown(value)?;
                    quoted(&mut writer.out, &text);
                }
                other => {
                    let name = self.type_name(&other.ty());
                    return Err(self.exception("JSONException", format!("Apex Type unsupported in JSON: {name}")));
                }
            },
        }
        Ok(())
    }

    fn write_record(&mut self, writer: &mut Writer, record: &Rec, depth: u32) -> Done<()> {
        let data = record.data.borrow().clone();
        writer.out.push('{');
        writer.key("attributes", true, depth);
        writer.out.push('{');
        writer.key("type", true, depth + 1);
        quoted(&mut writer.out, &record.object.name);
        if let Some(id) = record.id() {
            writer.key("url", false, depth + 1);
            quoted(&mut writer.out, &format!("/services/data/v{}/sobjects/{}/{id}", ApiVersion::LATEST, record.object.name));
        }
        writer.close(false, depth + 1);
        for (at, value) in &data.fields {
            let Some(field) = record.object.fields.get(*at as usize) else { continue };
            if value.is_null() && (writer.bare || !data.touched.contains(at)) {
                continue;
            }
            writer.key(&field.name, false, depth);
            match field_text(value) {
                Some(text) => quoted(&mut writer.out, &text),
                None => self.write(writer, value, depth + 1)?,
            }
        }
        for (at, parent) in &data.parents {
            let Some(name) = record.object.fields.get(*at as usize).and_then(|field| field.relationship_name.clone()) else { continue };
            if parent.is_null() {
                continue;
            }
            writer.key(&name, false, depth);
            self.write(writer, parent, depth + 1)?;
        }
        for (name, list) in &data.children {
            let items = super::collections::members(self, list)?;
            writer.key(name, false, depth);
            let _ = write!(writer.out, "{{\"totalSize\":{},\"done\":true,\"records\":", items.len());
            self.write(writer, list, depth + 1)?;
            writer.out.push('}');
        }
        writer.close(false, depth);
        Ok(())
    }

    /// A value as plain data.
    pub(crate) fn write_data(&mut self, value: &Value) -> Done<Data> {
        self.data(value, 0)
    }

    fn data(&mut self, value: &Value, depth: u32) -> Done<Data> {
        if depth > MAX_DEPTH {
            return Err(self.exception("JSONException", "Apex Type unsupported in JSON: nested too deep"));
        }
        // One value may stand in many places: what is made of it is bounded by the steps.
        self.spend(match value {
            Value::Str(text) => 64 + text.len() as u64,
            Value::Blob(bytes) => 64 + bytes.len() as u64,
            _ => 64,
        })?;
        Ok(match value {
            Value::Null => Data::Null,
            Value::Bool(b) => Data::Bool(*b),
            Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Decimal(_) => Data::Number(self.shown(value)?),
            Value::Date(date) => Data::Text(time::date_text(*date)),
            Value::Datetime(at) => Data::Text(at.to_canonical()),
            Value::Blob(bytes) => Data::Text(super::encoding::base64_text(bytes)),
            Value::List(_) | Value::Set(_) => {
                let mut items = Vec::new();
                for item in super::collections::members(self, value)? {
                    items.push(self.data(&item, depth + 1)?);
                }
                Data::List(items)
            }
            Value::Map(map) => {
                let pairs: Vec<(Value, Value)> = map.data.borrow().pairs().cloned().collect();
                let mut members = Vec::with_capacity(pairs.len());
                for (key, value) in &pairs {
                    members.push((self.value_text(key)?, self.data(value, depth + 1)?));
                }
                Data::Members("Map".to_owned(), members)
            }
            Value::Record(record) => {
                let data = record.data.borrow().clone();
                let mut members = Vec::with_capacity(data.fields.len());
                for (at, value) in &data.fields {
                    let Some(field) = record.object.fields.get(*at as usize) else { continue };
                    let data = self.data(value, depth + 1)?;
                    members.push((field.name.clone(), data));
                }
                for (at, parent) in &data.parents {
                    if let Some(name) = record.object.fields.get(*at as usize).and_then(|field| field.relationship_name.clone()) {
                        members.push((name, self.data(parent, depth + 1)?));
                    }
                }
                for (name, list) in &data.children {
                    members.push((name.to_string(), self.data(list, depth + 1)?));
                }
                Data::Members(record.object.name.clone(), members)
            }
            Value::Object(instance) => {
                let class = self.program.class_at(instance.class);
                let fields = instance.fields.borrow().clone();
                let mut members = Vec::with_capacity(fields.len());
                for ((name, _, transient), value) in class.slots.iter().zip(&fields) {
                    if !transient {
                        members.push((name.to_string(), self.data(value, depth + 1)?));
                    }
                }
                Data::Members(class.full_name.to_string(), members)
            }
            other => Data::Text(self.shown(other)?),
        })
    }
}

fn made_of(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Ty> {
    if let Value::Native(native) = value
        && let Native::Type(ty) = &**native
    {
        return Ok(ty.clone());
    }
    Err(vm.null_pointer())
}

fn read(vm: &mut Vm<'_, '_>, a: &[Value], strict: bool) -> Done<Value> {
    let text = vm.text(&a[0])?;
    let ty = made_of(vm, &a[1])?;
    let node = reader::parse(&text).map_err(|message| vm.exception("JSONException", message))?;
    vm.read_node(&node, &ty, strict, 0)
}

pub(super) const LINES: &[Line] = &[
    ("static String JSON.serialize(Object)", |vm, a| Ok(Value::str(&vm.json(&a[0], false, false)?))),
    ("static String JSON.serialize(Object,Boolean)", |vm, a| Ok(Value::str(&vm.json(&a[0], false, matches!(a[1], Value::Bool(true)))?))),
    ("static String JSON.serializePretty(Object)", |vm, a| Ok(Value::str(&vm.json(&a[0], true, false)?))),
    ("static String JSON.serializePretty(Object,Boolean)", |vm, a| {
        Ok(Value::str(&vm.json(&a[0], true, matches!(a[1], Value::Bool(true)))?))
    }),
    ("static Object JSON.deserialize(String,System.Type)", |vm, a| read(vm, &a, false)),
    ("static Object JSON.deserializeStrict(String,System.Type)", |vm, a| read(vm, &a, true)),
    ("static Object JSON.deserializeUntyped(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let node = reader::parse(&text).map_err(|message| vm.exception("JSONException", message))?;
        vm.read_untyped(&node, 0)
    }),
];
