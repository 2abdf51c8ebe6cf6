//! What a user may see and do, beside the catalog and shared by users with equal rights.

use crate::field::Field;
use crate::object::Object;

/// The rights of a user over objects and fields. Until profiles and permission sets grant them one by one, there is
/// one kind: a user who may do all that the schema allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessSet {
    id: u64,
    audit_fields: bool,
}

/// Standard objects whose audit fields may be set when a record is created, by who has that right.
const AUDITED: &[&str] = &[
    "Account",
    "Attachment",
    "CampaignMember",
    "Case",
    "CaseComment",
    "Contact",
    "ContentVersion",
    "Contract",
    "Event",
    "Idea",
    "IdeaComment",
    "Lead",
    "Opportunity",
    "Task",
    "Vote",
];

impl AccessSet {
    /// Everything that the schema allows.
    pub fn full() -> Self {
        Self { id: 0, audit_fields: false }
    }

    /// With the right to set audit fields when records are created (`Set Audit Fields upon Record Creation`), which an org
    /// has to be given before any of its users can have it.
    pub fn with_audit_fields(self) -> Self {
        Self { id: self.id | 1, audit_fields: true }
    }

    /// Whether the field may be given when a record is created, as its own flags and the user's rights go.
    pub fn creates_field(&self, object: &Object, field: &Field) -> bool {
        (field.createable || (self.audit_fields && is_audit_field(object, field))) && self.writes_field(object, field)
    }

    /// Tells access sets apart in cache keys.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether the object is visible at all.
    pub fn sees_object(&self, _object: &Object) -> bool {
        true
    }

    /// Whether the field may be read.
    pub fn reads_field(&self, _object: &Object, _field: &Field) -> bool {
        true
    }

    /// Whether the field may be written, as far as the user's rights go (the field's own flags are apart).
    pub fn writes_field(&self, _object: &Object, _field: &Field) -> bool {
        true
    }
}

/// Whether a field says when and by whom a record was created or changed last.
fn is_audit_field(object: &Object, field: &Field) -> bool {
    matches!(field.name.as_str(), "CreatedDate" | "CreatedById" | "LastModifiedDate" | "LastModifiedById")
        && ((object.custom && object.flags.createable && !object.is_event()) || AUDITED.contains(&object.name.as_str()))
}
