//! Business processes: the values that a record type's records may take in the picklist that says how far they are.

use super::super::reader::Members;
use super::super::{DefError, MetaNode};
use super::record_type::{Choice, ChosenValue, choose, decoded, values_of};
use super::{Kind, ObjectRules, Part};
use crate::field::{Field, FieldType};
use crate::object::Object;
use crate::standard::record_types;
use crate::tooling::read_only;
use orglet_base::{ErrorCode, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest name of a process, in characters.
const MAX_NAME: usize = 80;
/// Longest description, in characters.
pub(super) const MAX_DESCRIPTION: usize = 255;

/// The definition of a business process. Members are named and meant as in the `BusinessProcess` metadata type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct BusinessProcessDef {
    /// The object whose process it is.
    pub object: String,
    /// Its name, which may have blanks.
    pub full_name: String,
    pub is_active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub values: Vec<ChosenValue>,
    /// The id that the org gave it.
    #[serde(skip)]
    pub(crate) id: Option<Id>,
    /// It was accepted before: see [`Part::stored`].
    #[serde(skip)]
    kept: bool,
}

/// A business process as it stands in the catalog.
#[derive(Clone, Debug)]
pub(crate) struct BusinessProcess {
    pub(super) name: String,
    /// The picklist that it is about.
    pub(super) field: String,
    pub(super) choice: Choice,
}

impl Part for BusinessProcessDef {
    const KIND: Kind = Kind {
        name: "BusinessProcess",
        label: "Business Process",
        what: "business process",
        prefix: "019",
        ending: "businessProcess",
        member: Some("businessProcesses"),
        columns,
    };
    const REMOVABLE: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "BusinessProcess");
        m.only(&[&["fullName", "description", "isActive", "values", "urls"]])?;
        let name = decoded(full_name);
        if name.trim().is_empty() || name.chars().count() > MAX_NAME {
            let message = format!("Process Name: data value too large: {name} (max length={MAX_NAME})");
            let empty = DefError::new(ErrorCode::RequiredFieldMissing, "Required field is missing: fullName");
            return Err(if name.trim().is_empty() { empty } else { DefError::new(ErrorCode::StringTooLong, message) }.on("FullName"));
        }
        Ok(Self {
            object: object.to_owned(),
            full_name: name,
            is_active: m.flag("isActive")?.unwrap_or(true),
            description: described(&m)?,
            values: values_of(node)?,
            id: None,
            kept: false,
        })
    }

    fn to_metadata(&self) -> Value {
        let values: Vec<Value> = self.values.iter().map(ChosenValue::to_metadata).collect();
        json!({"description": self.description, "isActive": self.is_active, "urls": null, "values": values})
    }

    fn column(&self, name: &str) -> Value {
        match name {
            "Name" => json!(self.full_name),
            "IsActive" => json!(self.is_active),
            "Description" => json!(self.description),
            _ => Value::Null,
        }
    }

    fn stored(&mut self, id: Id, kept: bool) {
        (self.id, self.kept) = (Some(id), kept);
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        let field = record_types::of(&object.name).filter(|_| !object.custom).and_then(|typed| typed.process);
        let Some(field) = field.and_then(|name| object.field(name)) else {
            let message = format!("Business processes are for Case, Lead, Opportunity and Solution, not for {}", object.name);
            return Err(DefError::integrity(message).on("FullName"));
        };
        let choice = choose(field, &self.values, self.kept)?;
        rules.business_processes.push(BusinessProcess { name: self.full_name.clone(), field: field.name.clone(), choice });
        Ok(())
    }

    fn refers_to(&self, _object: &str, _field: &str) -> bool {
        false
    }

    fn fit(&mut self, object: &Object) -> Vec<String> {
        match record_types::of(&object.name).and_then(|typed| typed.process).and_then(|name| object.field(name)) {
            Some(field) => super::record_type::keep_known(field, &mut self.values),
            None => Vec::new(),
        }
    }
}

/// The description of a process or a record type.
pub(super) fn described(m: &Members<'_>) -> Result<Option<String>, DefError> {
    let text = m.text("description")?;
    if let Some(text) = text.as_ref().filter(|t| t.chars().count() > MAX_DESCRIPTION) {
        let message = format!("Description: data value too large: {text} (max length={MAX_DESCRIPTION})");
        return Err(m.place("description", DefError::new(ErrorCode::StringTooLong, message)));
    }
    Ok(text)
}

fn columns() -> Vec<Field> {
    vec![
        read_only("Name", "Name", FieldType::String, 80),
        read_only("IsActive", "Active", FieldType::Boolean, 0),
        read_only("Description", "Description", FieldType::String, 255),
    ]
}
