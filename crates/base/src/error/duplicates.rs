//! What a duplicate rule found, as the error tells it beside its message.

use crate::{ApiVersion, CellKind, Id, OwnedCell};

/// The finding of one duplicate rule for one record that was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Whether the same request would go through with `allowSave=true`.
    pub allow_save: bool,
    /// Developer name of the duplicate rule.
    pub rule: String,
    /// The object that the rule is of.
    pub entity: String,
    /// The API version whose addresses the records found are told by.
    pub version: ApiVersion,
    /// What the matching rules of the duplicate rule found, in their order; those that found nothing are left out.
    pub results: Vec<MatchResult>,
}

/// What one matching rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchResult {
    /// The object whose records were looked through.
    pub entity: String,
    /// `ExactMatchEngine` or `FuzzyMatchEngine`.
    pub engine: &'static str,
    /// Developer name of the matching rule.
    pub rule: String,
    /// The records found.
    pub records: Vec<MatchRecord>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRecord {
    /// Its id.
    pub id: Id,
    /// Fields beside the Id, with their values, where they were asked for.
    pub fields: Vec<(String, CellKind, OwnedCell)>,
}
