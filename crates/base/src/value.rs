//! A field's value as the engine handles it: typed, exact, apart from any store's or wire's form.

use crate::{Date, DateTime, Id, Time, time};
use rust_decimal::Decimal;

/// A typed value. Empty text is [`Value::Null`]: on the platform the two are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A checkbox.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact number, already at the field's scale or finer.
    Decimal(Decimal),
    /// Text of any kind.
    Text(String),
    /// A calendar date.
    Date(Date),
    /// An instant.
    DateTime(DateTime),
    /// A time of day.
    Time(Time),
    /// A record id.
    Id(Id),
    /// Bytes of a base64 field.
    Blob(Vec<u8>),
}

impl Value {
    /// Whether this is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a text value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The id of an id value.
    pub fn as_id(&self) -> Option<Id> {
        match self {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The value as error messages print it.
    pub fn display(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Decimal(d) => d.normalize().to_string(),
            Value::Text(t) => t.clone(),
            Value::Date(d) => time::date_text(*d),
            Value::DateTime(t) => t.to_canonical(),
            Value::Time(t) => t.to_canonical(),
            Value::Id(id) => id.to_string(),
            Value::Blob(b) => format!("{} bytes", b.len()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Value::Null } else { Value::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Value::Null } else { Value::Text(text) }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Value::Id(id)
    }
}
