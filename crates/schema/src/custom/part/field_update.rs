//! Field updates: a value that automation puts in a field of a record.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::{Kind, ObjectRules, Part};
use crate::field::FieldType;
use crate::object::Object;
use crate::types::Input;
use orglet_base::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest developer name and label, in characters.
const MAX_NAME: usize = 80;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 255;

super::matching_rule::words! {
    /// How the value comes about.
    FieldUpdateOperation { Formula, Literal, LookupValue, NextValue, Null, PreviousValue }
}

/// The definition of a field update. Members are named and meant as in the `WorkflowFieldUpdate` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct FieldUpdateDef {
    /// The object whose records it changes.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literal_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_value_type: Option<String>,
    /// Its label.
    pub name: String,
    pub notify_assignee: bool,
    pub operation: FieldUpdateOperation,
    pub protected: bool,
    pub reevaluate_on_change: bool,
}

impl Part for FieldUpdateDef {
    const KIND: Kind = Kind {
        name: "WorkflowFieldUpdate",
        label: "Workflow Field Update",
        what: "field update",
        prefix: "04Y",
        ending: "workflow",
        member: None,
        columns: Vec::new,
    };
    const LISTED: Option<(&'static str, &'static str)> = Some(("Workflow", "fieldUpdates"));
    const TOOLING: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "WorkflowFieldUpdate");
        m.only(&[&[
            "fullName",
            "description",
            "field",
            "formula",
            "literalValue",
            "lookupValue",
            "lookupValueType",
            "name",
            "notifyAssignee",
            "operation",
            "protected",
            "reevaluateOnChange",
            "targetObject",
        ]])?;
        if !name::is_name_of(full_name, MAX_NAME) {
            return Err(name::bad_name("Unique Name", full_name));
        }
        if let Some(target) = m.word("targetObject")?.filter(|target| !target.eq_ignore_ascii_case(object)) {
            let what = format!("Field updates of other records ({target}) are");
            return Err(m.place("targetObject", DefError::unsupported(what)));
        }
        let operation = m.choice("operation", "FieldUpdateOperation", FieldUpdateOperation::parse)?;
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            description: m.text("description")?,
            field: m.word("field")?.ok_or_else(|| m.missing("field"))?,
            formula: m.text("formula")?,
            literal_value: m.text("literalValue")?,
            lookup_value: m.word("lookupValue")?,
            lookup_value_type: m.word("lookupValueType")?,
            name: m.text("name")?.ok_or_else(|| m.missing("name"))?,
            notify_assignee: m.flag("notifyAssignee")?.unwrap_or(false),
            operation: operation.ok_or_else(|| m.missing("operation"))?,
            protected: m.flag("protected")?.unwrap_or(false),
            reevaluate_on_change: m.flag("reevaluateOnChange")?.unwrap_or(false),
        };
        for (member, label, text, most) in
            [("name", "Name", Some(&def.name), MAX_NAME), ("description", "Description", def.description.as_ref(), MAX_DESCRIPTION)]
        {
            if let Some(text) = text.filter(|text| text.chars().count() > most) {
                let message = format!("{label}: data value too large: {text} (max length={most})");
                return Err(m.place(member, DefError::new(ErrorCode::StringTooLong, message)));
            }
        }
        match def.operation {
            FieldUpdateOperation::Formula if def.formula.is_none() => Err(m.missing("formula")),
            FieldUpdateOperation::Literal if def.literal_value.is_none() => Err(m.missing("literalValue")),
            FieldUpdateOperation::LookupValue if def.lookup_value.is_none() => Err(m.missing("lookupValue")),
            FieldUpdateOperation::LookupValue => match def.lookup_value_type.as_deref() {
                Some("User" | "Queue" | "RecordType") => Ok(def),
                None => Err(m.missing("lookupValueType")),
                Some(other) => {
                    let message = format!("'{other}' is not a valid value for the enum 'LookupValueType'");
                    Err(m.place("lookupValueType", DefError::new(ErrorCode::InvalidField, message).malformed()))
                }
            },
            _ => Ok(def),
        }
    }

    fn to_metadata(&self) -> Value {
        json!({"description": self.description, "field": self.field, "formula": self.formula, "literalValue": self.literal_value,
            "lookupValue": self.lookup_value, "lookupValueType": self.lookup_value_type, "name": self.name,
            "notifyAssignee": self.notify_assignee, "operation": self.operation, "protected": self.protected,
            "reevaluateOnChange": self.reevaluate_on_change, "targetObject": null})
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        let Some(field) = object.field(&self.field) else {
            return Err(DefError::integrity(format!("Field {} does not exist. Check spelling.", self.field)).on("field"));
        };
        let refuse = |what: &str| Err(DefError::integrity(format!("The field {} {what}", field.name)).on("field"));
        let is_picklist = matches!(field.ty, FieldType::Picklist);
        match self.operation {
            FieldUpdateOperation::NextValue | FieldUpdateOperation::PreviousValue if !is_picklist => return refuse("is no picklist"),
            FieldUpdateOperation::LookupValue if field.ty != FieldType::Reference => return refuse("is no lookup"),
            _ if !field.updateable => return refuse("cannot be updated"),
            _ => {}
        }
        if let Some(text) = self.literal_value.as_deref().filter(|_| self.operation == FieldUpdateOperation::Literal) {
            let kind = field.ty.kind();
            let value = kind.parse(field, Input::Text(text)).ok().and_then(|value| kind.validate(field, value).ok());
            if value.is_none() {
                let message = format!("Value for the field {} is invalid: {text}", field.name);
                return Err(DefError::integrity(message).on("literalValue"));
            }
        }
        rules.field_updates.push(Arc::new(self.clone()));
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        self.object.eq_ignore_ascii_case(object) && self.field.eq_ignore_ascii_case(field)
    }
}
