//! Validation rules: conditions that records must not meet.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::{Kind, ObjectRules, Part};
use crate::field::{Field, FieldType};
use crate::object::Object;
use crate::tooling::read_only;
use orglet_base::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest message and description of a rule, in characters.
const MAX_MESSAGE: usize = 255;

/// The definition of a validation rule. Members are named and meant as in the `ValidationRule` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ValidationRuleDef {
    /// The object whose records it is for.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    pub active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub error_condition_formula: String,
    /// The field that the message stands at; without one it stands at the top of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_display_field: Option<String>,
    pub error_message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_evaluate_on_client: Option<bool>,
}

impl Part for ValidationRuleDef {
    const KIND: Kind = Kind {
        name: "ValidationRule",
        label: "Validation Rule",
        what: "validation rule",
        prefix: "03d",
        ending: "validationRule",
        member: Some("validationRules"),
        columns,
    };

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "ValidationRule");
        m.only(&[&[
            "fullName",
            "active",
            "description",
            "errorConditionFormula",
            "errorDisplayField",
            "errorMessage",
            "shouldEvaluateOnClient",
            "urls",
        ]])?;
        if !name::is_developer_name(full_name) {
            return Err(name::bad_name("Rule Name", full_name));
        }
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            active: m.flag("active")?.ok_or_else(|| m.missing("active"))?,
            description: m.text("description")?,
            error_condition_formula: m.text("errorConditionFormula")?.ok_or_else(|| m.missing("errorConditionFormula"))?,
            error_display_field: m.word("errorDisplayField")?,
            error_message: m.text("errorMessage")?.ok_or_else(|| m.missing("errorMessage"))?,
            should_evaluate_on_client: m.flag("shouldEvaluateOnClient")?,
        };
        if def.error_message.chars().count() > MAX_MESSAGE {
            let message = format!("Error Message: data value too large: {} (max length={MAX_MESSAGE})", def.error_message);
            return Err(m.place("errorMessage", DefError::new(ErrorCode::StringTooLong, message)));
        }
        if def.description.as_ref().is_some_and(|d| d.chars().count() > MAX_MESSAGE) {
            let text = def.description.as_deref().unwrap_or_default();
            let message = format!("Description: data value too large: {text} (max length={MAX_MESSAGE})");
            return Err(m.place("description", DefError::new(ErrorCode::StringTooLong, message)));
        }
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        json!({"active": self.active, "description": self.description, "errorConditionFormula": self.error_condition_formula,
            "errorDisplayField": self.error_display_field, "errorMessage": self.error_message,
            "shouldEvaluateOnClient": self.should_evaluate_on_client, "urls": null})
    }

    fn column(&self, name: &str) -> Value {
        match name {
            "ValidationName" => json!(self.full_name),
            "Active" => json!(self.active),
            "Description" => json!(self.description),
            "ErrorDisplayField" => json!(self.error_display_field),
            "ErrorMessage" => json!(self.error_message),
            _ => Value::Null,
        }
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        if let Some(field) = &self.error_display_field
            && object.field(field).is_none()
        {
            let message = format!("Field {field} does not exist. Check spelling.");
            return Err(DefError::integrity(message).on("errorDisplayField"));
        }
        if self.active {
            rules.validation_rules.push(self.clone());
        }
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        let shown = self.error_display_field.as_deref();
        self.object.eq_ignore_ascii_case(object) && shown.is_some_and(|f| f.eq_ignore_ascii_case(field))
    }
}

fn columns() -> Vec<Field> {
    vec![
        read_only("ValidationName", "Validation Name", FieldType::String, 40),
        read_only("Active", "Active", FieldType::Boolean, 0),
        read_only("Description", "Description", FieldType::TextArea, 255),
        read_only("ErrorDisplayField", "Error Display Field", FieldType::Picklist, 255),
        read_only("ErrorMessage", "Error Message", FieldType::String, 255),
    ]
}
