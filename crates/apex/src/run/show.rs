//! Values as texts.

use super::{Done, Vm};
use crate::value::{Native, Value};
use orglet_base::{DateTime, time};
use std::fmt::Write as _;

const MAX_NESTING: u32 = 20;

/// A double as Java and Apex write it: `1.0`, `1.0E10`.
pub(crate) fn double_text(n: f64) -> String {
    if n.is_nan() {
        return "NaN".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = n.abs();
    if n == 0.0 || (1e-3..1e7).contains(&size) {
        let text = format!("{n}");
        return if text.contains('.') { text } else { format!("{text}.0") };
    }
    let text = format!("{n:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

/// `2024-05-15 10:00:00`, in UTC.
pub(crate) fn datetime_text(at: DateTime) -> String {
    let (date, ms) = at.split();
    let s = ms / 1000;
    format!("{} {:02}:{:02}:{:02}", time::date_text(date), s / 3600, s / 60 % 60, s % 60)
}

impl Vm<'_, '_> {
    /// A value as `+` and `System.debug` write it.
    pub(crate) fn shown(&mut self, value: &Value) -> Done<String> {
        let mut out = String::new();
        self.show_into(&mut out, value, 0)?;
        Ok(out)
    }

    fn show_into(&mut self, out: &mut String, value: &Value, depth: u32) -> Done<()> {
        if out.len() > super::MAX_HEAP {
            return self.grown(out.len());
        }
        if depth > MAX_NESTING {
            out.push_str("...");
            return Ok(());
        }
        self.spend(1)?;
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Value::Long(n) => {
                let _ = write!(out, "{n}");
            }
            Value::Double(n) => out.push_str(&double_text(*n)),
            Value::Decimal(n) => {
                let _ = write!(out, "{n}");
            }
            Value::Str(text) => out.push_str(text),
            Value::Id(id) => {
                let _ = write!(out, "{id}");
            }
            Value::Date(date) => {
                out.push_str(&time::date_text(*date));
                out.push_str(" 00:00:00");
            }
            Value::Datetime(at) => out.push_str(&datetime_text(*at)),
            Value::Time(time) => out.push_str(&time.to_canonical()),
            Value::Blob(bytes) => {
                let _ = write!(out, "Blob[{}]", bytes.len());
            }
            Value::List(list) => {
                let items = list.items.borrow().clone();
                self.row(out, &items, ('(', ')'), depth)?;
            }
            Value::Set(set) => {
                let items: Vec<Value> = set.data.borrow().pairs().map(|(key, _)| key.clone()).collect();
                self.row(out, &items, ('{', '}'), depth)?;
            }
            Value::Map(map) => {
                let pairs: Vec<(Value, Value)> = map.data.borrow().pairs().cloned().collect();
                out.push('{');
                for (n, (key, value)) in pairs.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    self.show_into(out, key, depth + 1)?;
                    out.push('=');
                    self.show_into(out, value, depth + 1)?;
                }
                out.push('}');
            }
            Value::Record(record) => {
                let _ = write!(out, "{}:{{", record.object.name);
                let fields = record.data.borrow().fields.clone();
                for (n, (field, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    let name = record.object.fields.get(*field as usize).map_or("?", |field| field.name.as_str());
                    let _ = write!(out, "{name}=");
                    self.show_into(out, value, depth + 1)?;
                }
                out.push('}');
            }
            Value::Object(instance) => {
                let class = self.program.class_at(instance.class);
                if class.table.contains_key("tostring()") {
                    if let Value::Str(text) = self.invoke_virtual(&instance.clone(), "tostring()", Vec::new())? {
                        out.push_str(&text);
                    } else {
                        out.push_str("null");
                    }
                    return Ok(());
                }
                if class.is_exception {
                    let message = match self.invoke_virtual(&instance.clone(), "getmessage()", Vec::new())? {
                        Value::Str(text) => text.to_string(),
                        _ => String::new(),
                    };
                    let _ = write!(out, "{}: {message}", self.class_name(instance.class));
                    return Ok(());
                }
                let _ = write!(out, "{}:[", class.name);
                let fields = instance.fields.borrow().clone();
                for (n, ((name, ..), value)) in class.slots.iter().zip(&fields).enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    let _ = write!(out, "{name}=");
                    self.show_into(out, value, depth + 1)?;
                }
                out.push(']');
            }
            Value::Enum(class, at) => {
                out.push_str(self.program.class_at(*class).constants.get(*at as usize).map_or("", |name| name));
            }
            Value::Native(native) => match &**native {
                Native::ObjectType(object) => out.push_str(&object.name),
                Native::Field(object, at) => out.push_str(object.fields.get(*at).map_or("", |field| field.name.as_str())),
                Native::Type(ty) => {
                    let name = self.type_name(ty);
                    out.push_str(&name);
                }
                Native::Pattern(text, _) => out.push_str(text),
                Native::Zone(zone) => out.push_str(zone.iana_name().unwrap_or("GMT")),
                other => {
                    let name = self.type_name(&other.ty());
                    out.push_str(&name);
                }
            },
        }
        Ok(())
    }

    fn row(&mut self, out: &mut String, items: &[Value], ends: (char, char), depth: u32) -> Done<()> {
        out.push(ends.0);
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push_str(", ");
            }
            self.show_into(out, item, depth + 1)?;
        }
        out.push(ends.1);
        Ok(())
    }

    /// `String.valueOf`: dates without a time, date-times in the user's zone.
    pub(crate) fn value_text(&mut self, value: &Value) -> Done<String> {
        match value {
            Value::Date(date) => Ok(time::date_text(*date)),
            Value::Datetime(at) => {
                let zone = self.zone();
                Ok(datetime_text(local(*at, &zone)))
            }
            other => self.shown(other),
        }
    }
}

/// The clock of a zone at an instant, as if it were UTC's.
pub(crate) fn local(at: DateTime, zone: &jiff::tz::TimeZone) -> DateTime {
    let stamp = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    DateTime(at.0.saturating_add(i64::from(zone.to_offset(stamp).seconds()) * 1000))
}
