//! Bodies and parameters of the admin API: what is not known is refused rather than dropped.

use crate::Call;
use orglet_engine::orgs::AdminError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

fn invalid(text: impl Into<String>) -> AdminError {
    AdminError::Invalid(text.into())
}

/// The members of a body that are yet to be read.
pub(crate) struct Body(Map<String, Value>);

impl Body {
    /// Reads a request's body: a JSON object, or nothing at all for an empty one.
    pub(crate) fn read(call: &Call) -> Result<Self, AdminError> {
        if call.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(invalid("the body is no JSON object")),
            Err(e) => Err(invalid(format!("the body is no JSON: {e}"))),
        }
    }

    /// A text; null and an absent member are none.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, AdminError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("'{name}' is a text"))),
        }
    }

    /// Yes or no; no where the member is absent.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, AdminError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(invalid(format!("'{name}' is true or false"))),
        }
    }

    /// A member as it is.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// All members that are yet to be read.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// A list of texts, empty where the member is absent.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, AdminError> {
        let list = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(invalid(format!("'{name}' is a list of texts"))),
        };
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            _ => Err(invalid(format!("'{name}' is a list of texts"))),
        };
        list.into_iter().map(text).collect()
    }

    /// Whether a member is there, null apart.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A member of any kind; null and an absent one are none.
    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A whole number from 0 on.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, AdminError> {
        let read = |value: Value| value.as_u64().ok_or_else(|| invalid(format!("'{name}' is a whole number from 0 on")));
        self.any(name).map(read).transpose()
    }

    /// A number.
    pub(crate) fn fraction(&mut self, name: &str) -> Result<Option<f64>, AdminError> {
        let read = |value: Value| value.as_f64().ok_or_else(|| invalid(format!("'{name}' is a number")));
        self.any(name).map(read).transpose()
    }

    /// An object of texts.
    pub(crate) fn texts_by_name(&mut self, name: &str) -> Result<BTreeMap<String, String>, AdminError> {
        let wrong = || invalid(format!("'{name}' is an object of texts"));
        let members = match self.any(name) {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(wrong()),
        };
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            _ => Err(wrong()),
        };
        members.into_iter().map(text).collect()
    }

    /// Refuses members that nobody read.
    pub(crate) fn end(self) -> Result<(), AdminError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(invalid(format!("'{name}' is not known here"))),
        }
    }
}

/// Refuses parameters of the URL that are not among those known, and one that is given twice. A name with `*` behind it is
/// that of a list, which may be given in several.
pub(crate) fn known_parameters(call: &Call, known: &[&str]) -> Result<(), AdminError> {
    for (at, (name, _)) in call.query.iter().enumerate() {
        let Some(known) = known.iter().find(|known| known.trim_end_matches('*') == name) else {
            return Err(invalid(format!("the parameter '{name}' is not known here")));
        };
        if !known.ends_with('*') && call.query[..at].iter().any(|(other, _)| other == name) {
            return Err(invalid(format!("the parameter '{name}' is given twice")));
        }
    }
    Ok(())
}
