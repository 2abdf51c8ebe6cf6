//! Custom objects, platform events and fields: definitions from the Tooling API's JSON and from SFDX project files, checked as the
//! Metadata API checks them, and laid over the standard objects as an org's overlay.
//!
//! The way: [`MetaNode`] (either source) → [`ObjectDef`], [`FieldDef`] (what an org stores) → [`overlay()`] (the objects
//! of the catalog). [`project::load`] reads a whole project directory. What an object has beside fields is a [`PartDef`].

pub mod apex;
mod build;
mod field_def;
pub mod flow;
mod lookup_filter;
mod meta_node;
mod metadata;
mod name;
mod object_def;
mod overlay;
pub mod part;
pub mod project;
mod reader;
#[cfg(test)]
mod tests;
pub mod types;
mod validate;
mod values;
mod written;

pub use apex::{ApexDef, ApexKind, ApexMeta, ApexSet};
pub use build::{build_field, build_object};
pub use field_def::{DeleteConstraint, FieldDef, FieldKindDef};
pub use lookup_filter::{FilterItemDef, LookupFilterDef};
pub use meta_node::{MetaNode, MetaSource, XmlError};
pub use name::is_event;
pub use object_def::{EventDef, NameFieldDef, NameFieldKind, ObjectDef};
pub use overlay::overlay;
pub use part::{FlowDef, ObjectRules, PartDef, RecordType, TransactionPolicyDef, ValidationRuleDef};
pub use values::{GlobalValueSet, ValueDef, ValueSetDef, ValueSetting};

use orglet_base::{ApiError, ErrorCode};
use std::fmt;

/// Why a definition is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefError {
    /// The platform's code.
    pub code: ErrorCode,
    /// The message, as clients read it.
    pub message: String,
    /// Members concerned.
    pub fields: Vec<String>,
    /// The definition is sound on the platform, but something it asks for is not built here.
    pub unsupported: bool,
    /// The definition is not of the form that its type has, whatever it says.
    pub malformed: bool,
    /// The line of a source, counted from 1.
    pub line: Option<u32>,
    /// The column of a source that is a program, counted from 1.
    pub column: Option<u32>,
    /// The object (`X__c`), field (`X__c.F__c`), part ([`PartDef::qualified_name`]) or source ([`ApexDef::qualified_name`]) concerned, where known.
    pub subject: Option<String>,
}

impl DefError {
    /// A refusal by a code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            unsupported: false,
            malformed: false,
            line: None,
            column: None,
            subject: None,
        }
    }

    /// A breach of a field's or object's rules: `FIELD_INTEGRITY_EXCEPTION`, as the platform answers most of them.
    pub fn integrity(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::FieldIntegrityException, message)
    }

    /// Something that the platform has and this org has not.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        let mut e = Self::new(ErrorCode::FunctionalityNotEnabled, format!("{what} not supported by this org."));
        e.unsupported = true;
        e
    }

    /// As one that is not of the form that its type has.
    pub fn malformed(mut self) -> Self {
        self.malformed = true;
        self
    }

    /// With a member named.
    pub fn on(mut self, member: &str) -> Self {
        self.fields.push(member.to_owned());
        self
    }

    /// With the line of a node.
    pub fn at(mut self, node: &MetaNode) -> Self {
        self.line = self.line.or(node.line);
        self
    }

    /// With the object or field concerned, unless one is named already.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject.get_or_insert_with(|| subject.into());
        self
    }
}

impl From<DefError> for ApiError {
    fn from(e: DefError) -> Self {
        // Refusals of a definition name no field of the record that carries it (crud-053).
        let message = match (e.line, e.column) {
            (Some(line), Some(column)) => format!("{} (Line: {line}, Column: {column})", e.message),
            _ => e.message,
        };
        ApiError::new(e.code, message).with_fields(Vec::<String>::new())
    }
}

impl fmt::Display for DefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DefError {}
