//! Reading the members of a metadata node into typed values, with the platform's words for what does not fit.

use super::{DefError, MetaNode};
use orglet_base::ErrorCode;
use std::str::FromStr;

/// The metadata namespace, as parse errors print it.
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// Reads members of one node of a metadata type.
pub(super) struct Members<'a> {
    /// The node read.
    pub(super) node: &'a MetaNode,
    /// The metadata type, for messages (`CustomField`).
    pub(super) type_name: &'static str,
}

impl<'a> Members<'a> {
    pub(super) fn new(node: &'a MetaNode, type_name: &'static str) -> Self {
        Self { node, type_name }
    }

    /// Refuses members that the type does not have. XML is answered in the words of a deployment; JSON as unknown
    /// members of any typed body are (crud-018).
    pub(super) fn only(&self, known: &[&[&str]]) -> Result<(), DefError> {
        for child in &self.node.children {
            if !known.iter().any(|list| list.contains(&child.name.as_str())) {
                return Err(self.unknown(child));
            }
        }
        Ok(())
    }

    fn unknown(&self, child: &MetaNode) -> DefError {
        let (name, of) = (&child.name, self.type_name);
        let message = match child.is_xml() {
            true => format!("Element {{{NAMESPACE}}}{name} invalid at this location in type {of}"),
            false => format!("No such column '{name}' on sobject of type {of}"),
        };
        DefError::new(ErrorCode::InvalidField, message).malformed().on(name).at(child)
    }

    /// The one child of a name; a second is refused.
    pub(super) fn one(&self, name: &str) -> Result<Option<&'a MetaNode>, DefError> {
        let mut found = self.node.children.iter().filter(|c| c.name == name && !c.is_null());
        let first = found.next();
        match found.next() {
            Some(second) => {
                let message = format!("Element {name} is duplicated at this location in type {}", self.type_name);
                Err(DefError::new(ErrorCode::InvalidField, message).malformed().on(name).at(second))
            }
            None => Ok(first),
        }
    }

    /// Text as it stands; an empty text counts as absent.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, DefError> {
        let Some(child) = self.one(name)? else { return Ok(None) };
        match &child.text {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => Ok(Some(text.clone())),
            None => Err(DefError::integrity(format!("{name} must be a text")).on(name).at(child)),
        }
    }

    /// Text without blanks around it.
    pub(super) fn word(&self, name: &str) -> Result<Option<String>, DefError> {
        Ok(self.text(name)?.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, DefError> {
        match self.word(name)?.as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(self.misfit(name, other, "boolean")),
        }
    }

    /// A whole number.
    pub(super) fn int<T: FromStr>(&self, name: &str) -> Result<Option<T>, DefError> {
        let Some(word) = self.word(name)? else { return Ok(None) };
        // Tooling answers whole numbers as 255 or 255.0, depending on the client that sends them back.
        let digits = word.strip_suffix(".0").unwrap_or(&word);
        digits.parse().map(Some).map_err(|_| self.misfit(name, &word, "int"))
    }

    /// A value of an enumeration, read by `parse`.
    pub(super) fn choice<T>(&self, name: &str, enumeration: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, DefError> {
        let Some(word) = self.word(name)? else { return Ok(None) };
        match parse(&word) {
            Some(value) => Ok(Some(value)),
            None => {
                let message = format!("'{word}' is not a valid value for the enum '{enumeration}'");
                Err(self.place(name, DefError::new(ErrorCode::InvalidField, message).malformed()))
            }
        }
    }

    /// REQUIRED_FIELD_MISSING for a member.
    pub(super) fn missing(&self, name: &str) -> DefError {
        self.place(name, DefError::new(ErrorCode::RequiredFieldMissing, format!("Required field is missing: {name}")))
    }

    /// Puts the member's name and line on an error.
    pub(super) fn place(&self, name: &str, error: DefError) -> DefError {
        match self.node.child(name) {
            Some(child) => error.on(name).at(child),
            None => error.on(name).at(self.node),
        }
    }

    fn misfit(&self, name: &str, word: &str, of: &str) -> DefError {
        let message = format!("'{word}' is not a valid value for the type xsd:{of}");
        self.place(name, DefError::new(ErrorCode::InvalidField, message).malformed())
    }
}
