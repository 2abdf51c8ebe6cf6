//! Apex classes and triggers as an org stores them: a body, and what the file beside it says.

use super::part::TransactionPolicyDef;
use super::reader::Members;
use super::{DefError, MetaNode};
use crate::field::{Field, FieldType};
use crate::tooling::read_only;
use orglet_base::{ErrorCode, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most characters of a body ("Apex Governor Limits": maximum class size, maximum trigger size).
pub const MAX_BODY: usize = 1_000_000;
/// Longest name, in characters.
const MAX_NAME: usize = 255;

/// Whether a source is a class or a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ApexKind {
    /// A class, an interface or an enum.
    Class,
    /// A trigger of an object.
    Trigger,
}

impl ApexKind {
    /// Both kinds.
    pub const ALL: [ApexKind; 2] = [ApexKind::Class, ApexKind::Trigger];

    /// The metadata type, which is also the name of the objects in both APIs: `ApexClass`.
    pub const fn name(self) -> &'static str {
        match self {
            ApexKind::Class => "ApexClass",
            ApexKind::Trigger => "ApexTrigger",
        }
    }

    /// `Apex Class`.
    pub const fn label(self) -> &'static str {
        match self {
            ApexKind::Class => "Apex Class",
            ApexKind::Trigger => "Apex Trigger",
        }
    }

    /// The key prefix of ids: `01p`.
    pub const fn prefix(self) -> &'static str {
        match self {
            ApexKind::Class => "01p",
            ApexKind::Trigger => "01q",
        }
    }

    /// What the files of bodies end in: `cls`.
    pub const fn ending(self) -> &'static str {
        match self {
            ApexKind::Class => "cls",
            ApexKind::Trigger => "trigger",
        }
    }

    /// What stack traces and messages begin with: `Class`.
    pub const fn word(self) -> &'static str {
        match self {
            ApexKind::Class => "Class",
            ApexKind::Trigger => "Trigger",
        }
    }

    /// The kind of a metadata type.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the file beside a body says: an `ApexClass` or `ApexTrigger` of the Metadata API without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApexMeta {
    /// `62.0`.
    pub api_version: Option<String>,
    /// Whether it runs.
    pub active: bool,
}

impl ApexMeta {
    /// Reads it.
    ///
    /// # Errors
    /// Members that the type has not, and values that they don't take.
    pub fn from_meta(kind: ApexKind, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, kind.name());
        m.only(&[&["fullName", "apiVersion", "status", "packageVersions", "content", "urls"]])?;
        let api_version = m.word("apiVersion")?;
        if let Some(version) = &api_version
            && !is_version(version)
        {
            let message = format!("Invalid version specified: {version}");
            return Err(m.place("apiVersion", DefError::new(ErrorCode::InvalidField, message)));
        }
        if let Some(first) = node.child("packageVersions").filter(|n| !n.is_null() && !n.children.is_empty()) {
            return Err(DefError::unsupported("packageVersions of Apex are").on("packageVersions").at(first));
        }
        let active = m.choice("status", "ApexCodeUnitStatus", |word| match word {
            "Active" => Some(true),
            "Inactive" => Some(false),
            _ => None,
        })?;
        Ok(Self { api_version, active: active.unwrap_or(true) })
    }
}

/// Whether a version is written as the platform writes it: `62.0`, or `62`.
fn is_version(text: &str) -> bool {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    (1..=3).contains(&whole.len()) && whole.bytes().all(|b| b.is_ascii_digit())
}

/// A class or a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApexDef {
    /// Which of the two.
    pub kind: ApexKind,
    /// Its name, as its body spells it.
    pub name: String,
    /// The object of a trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The events of a trigger, as its body lists them: `before insert`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// The source.
    pub body: String,
    /// `62.0`.
    pub api_version: String,
    /// Whether it runs.
    pub active: bool,
    /// Characters of the body that are no comments.
    pub length: u32,
}

impl ApexDef {
    /// `apex class Name`, as [`DefError::subject`] names it.
    pub fn qualified_name(&self) -> String {
        qualified(self.kind, &self.name)
    }

    /// Refuses a body or a name that is too long.
    ///
    /// # Errors
    /// STRING_TOO_LONG.
    pub fn check(&self) -> Result<(), DefError> {
        let too_long = |label: &str, most: usize| {
            let message = format!("{label}: data value too large: (max length={most})");
            Err(DefError::new(ErrorCode::StringTooLong, message).on(label).about(self.qualified_name()))
        };
        if self.body.chars().count() > MAX_BODY {
            return too_long("Body", MAX_BODY);
        }
        if self.name.chars().count() > MAX_NAME {
            return too_long("Name", MAX_NAME);
        }
        Ok(())
    }

    /// The metadata as Tooling shows it.
    pub fn to_metadata(&self) -> Value {
        let version: Value = self.api_version.parse::<f64>().map_or(Value::Null, |v| json!(v));
        json!({"apiVersion": version, "packageVersions": [], "status": self.status(), "urls": null})
    }

    /// `Active` or `Inactive`.
    pub fn status(&self) -> &'static str {
        if self.active { "Active" } else { "Inactive" }
    }

    /// Whether a trigger has an event: `before insert`.
    pub fn fires(&self, event: &str) -> bool {
        self.events.iter().any(|own| own.eq_ignore_ascii_case(event))
    }

    /// The checksum of the body that tools compare (CRC-32).
    pub fn body_crc(&self) -> u32 {
        let mut crc = u32::MAX;
        for byte in self.body.bytes() {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }
}

/// See [`ApexDef::qualified_name`].
pub fn qualified(kind: ApexKind, name: &str) -> String {
    format!("apex {} {name}", kind.word().to_lowercase())
}

/// The classes and triggers of an org, as its catalog holds them.
#[derive(Debug, Default)]
pub struct ApexSet {
    /// All of them with their ids, oldest first.
    pub sources: Vec<(Id, ApexDef)>,
    /// The transaction security policies that can refuse something, oldest first: each has its condition in a class.
    pub policies: Vec<TransactionPolicyDef>,
}

impl ApexSet {
    /// The active triggers of an object, oldest first.
    pub fn triggers_of<'a>(&'a self, object: &'a str) -> impl Iterator<Item = &'a ApexDef> + 'a {
        let active = self.sources.iter().map(|(_, def)| def).filter(|def| def.kind == ApexKind::Trigger && def.active);
        active.filter(move |def| def.object.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(object)))
    }
}

/// The events of triggers, each with the field of ApexTrigger that says whether it has it.
pub const USAGES: [(&str, &str, &str); 7] = [
    ("before insert", "UsageBeforeInsert", "BeforeInsert"),
    ("after insert", "UsageAfterInsert", "AfterInsert"),
    ("before update", "UsageBeforeUpdate", "BeforeUpdate"),
    ("after update", "UsageAfterUpdate", "AfterUpdate"),
    ("before delete", "UsageBeforeDelete", "BeforeDelete"),
    ("after delete", "UsageAfterDelete", "AfterDelete"),
    ("after undelete", "UsageAfterUndelete", "AfterUndelete"),
];

/// The fields that ApexClass or ApexTrigger has in both APIs, beside the id and the audit fields.
pub(crate) fn columns(kind: ApexKind) -> Vec<Field> {
    let mut fields = vec![read_only("NamespacePrefix", "Namespace Prefix", FieldType::String, 15)];
    let mut name = read_only("Name", "Name", FieldType::String, 255);
    (name.nillable, name.name_field) = (false, true);
    fields.push(name);
    let flag = |name: &str, label: &str| read_only(name, label, FieldType::Boolean, 0);
    if kind == ApexKind::Trigger {
        fields.push(read_only("TableEnumOrId", "Custom Object Definition ID", FieldType::Picklist, 40));
        for (_, field, label) in &USAGES[..6] {
            fields.push(flag(field, label));
        }
        fields.push(flag("UsageIsBulk", "IsBulk"));
        fields.push(flag(USAGES[6].1, USAGES[6].2));
    }
    let number = |name: &str, label: &str, scale: u8| {
        let mut field = read_only(name, label, FieldType::Double, 0);
        (field.precision, field.scale) = (18, scale);
        field
    };
    fields.push(number("ApiVersion", "Api Version", 1));
    fields.push(read_only("Status", "Status", FieldType::Picklist, 40));
    fields.push(flag("IsValid", "Is Valid"));
    fields.push(number("BodyCrc", "Body CRC", 0));
    let mut body = read_only("Body", "Body", FieldType::TextArea, 1_000_000);
    (body.filterable, body.sortable, body.groupable, body.aggregatable) = (false, false, false, false);
    fields.push(body);
    fields.push(read_only("LengthWithoutComments", "Size Without Comments", FieldType::Int, 0));
    fields
}
