//! Record types: kinds of an object's records, each with its own choice of picklist values.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::business_process::described;
use super::{Kind, ObjectRules, Part};
use crate::field::{Field, FieldType, PicklistValue};
use crate::object::Object;
use crate::standard::{self, record_types};
use crate::tooling::read_only;
use orglet_base::{ErrorCode, Id, fold, fold_name};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The record type that every object has, and records of no other.
pub const MASTER: &str = "012000000000000AAA";
/// Longest developer name and label, in characters.
const MAX_NAME: usize = 80;

/// The definition of a record type. Members are named and meant as in the `RecordType` metadata type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct RecordTypeDef {
    /// The object whose records it is for.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    pub active: bool,
    /// The name of a business process of the same object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_process: Option<String>,
    /// Kept as it came: there is one compact layout for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compact_layout_assignment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub label: String,
    pub picklist_values: Vec<PicklistChoice>,
    /// The id that the org gave it.
    #[serde(skip)]
    pub(crate) id: Option<Id>,
    /// It was accepted before: see [`Part::stored`].
    #[serde(skip)]
    kept: bool,
}

/// The values of one picklist that a record type has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicklistChoice {
    /// The field's API name.
    pub picklist: String,
    /// The values.
    pub values: Vec<ChosenValue>,
}

/// A value that a record type or a business process has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChosenValue {
    /// Its API name.
    pub full_name: String,
    /// Whether new records begin with it.
    #[serde(default)]
    pub default: bool,
}

/// A record type as it stands in the catalog.
#[derive(Clone, Debug)]
pub struct RecordType {
    /// Its id: `012…`.
    pub id: Id,
    /// Its developer name.
    pub developer_name: String,
    /// What people call it.
    pub label: String,
    /// Whether records may take it.
    pub active: bool,
    /// The business process it is tied to, by name.
    pub business_process: Option<String>,
    /// Chosen values by the folded name of their field. A picklist that is not here has all of its values.
    choices: HashMap<String, Choice>,
}

/// The values of a picklist that a record type leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The values, in the order of the field's.
    pub values: Vec<String>,
    /// What a new record begins with; several values of a multi-select picklist are joined by `;`.
    pub default: Option<String>,
}

impl RecordType {
    /// What it leaves of a picklist; none where that has all of its values.
    pub fn choice(&self, field: &str) -> Option<&Choice> {
        self.choices.get(fold_name(field).as_ref())
    }

    /// Whether records of this type may take a value of a field.
    pub fn offers(&self, field: &str, value: &str) -> bool {
        self.choice(field).is_none_or(|choice| choice.values.iter().any(|v| v == value))
    }
}

/// The values that a picklist offers under a record type, none of which stands for the master's: each with whether it is the
/// default.
pub fn offered<'a>(field: &'a Field, record_type: Option<&'a RecordType>) -> impl Iterator<Item = (&'a PicklistValue, bool)> {
    let choice = record_type.and_then(|t| t.choice(&field.name));
    field.picklist.iter().filter(move |v| v.active && choice.is_none_or(|c| c.values.contains(&v.value))).map(move |v| {
        let default = match choice {
            Some(choice) => choice.default.as_deref().is_some_and(|d| d.split(';').any(|d| d == v.value)),
            None => v.default,
        };
        (v, default)
    })
}

impl ChosenValue {
    /// As Tooling shows it.
    pub(super) fn to_metadata(&self) -> Value {
        json!({"default": self.default, "valueName": self.full_name})
    }
}

impl Part for RecordTypeDef {
    const KIND: Kind = Kind {
        name: "RecordType",
        label: "Record Type",
        what: "record type",
        prefix: "012",
        ending: "recordType",
        member: Some("recordTypes"),
        columns,
    };
    const REMOVABLE: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "RecordType");
        m.only(&[&["fullName", "active", "businessProcess", "compactLayoutAssignment", "description", "label", "picklistValues", "urls"]])?;
        if standard::objects().object(object).is_some() && record_types::of(object).is_none() {
            return Err(DefError::unsupported(format_args!("Record types of {object} are")));
        }
        let own = full_name.split_once("__").map_or(full_name, |(_, own)| own);
        if !name::is_name_of(own, MAX_NAME) {
            return Err(name::bad_name("Record Type Name", full_name));
        }
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            active: m.flag("active")?.ok_or_else(|| m.missing("active"))?,
            business_process: m.word("businessProcess")?.map(|name| decoded(&name)),
            compact_layout_assignment: m.word("compactLayoutAssignment")?,
            description: described(&m)?,
            label: m.word("label")?.ok_or_else(|| m.missing("label"))?,
            picklist_values: picklists(node)?,
            id: None,
            kept: false,
        };
        if def.label.chars().count() > MAX_NAME {
            let message = format!("Record Type Label: data value too large: {} (max length={MAX_NAME})", def.label);
            return Err(m.place("label", DefError::new(ErrorCode::StringTooLong, message)));
        }
        // As the metadata type says: needed where there are processes, and not allowed elsewhere.
        let with_process = record_types::of(object).is_some_and(|typed| typed.process.is_some());
        match (&def.business_process, with_process) {
            (None, true) => Err(m.missing("businessProcess")),
            (Some(_), false) => {
                let message = format!("Record types of {object} have no business process");
                Err(m.place("businessProcess", DefError::integrity(message)))
            }
            _ => Ok(def),
        }
    }

    fn to_metadata(&self) -> Value {
        let values = |choice: &PicklistChoice| -> Vec<Value> { choice.values.iter().map(ChosenValue::to_metadata).collect() };
        let picklists: Vec<Value> =
            self.picklist_values.iter().map(|choice| json!({"picklist": choice.picklist, "values": values(choice)})).collect();
        json!({"active": self.active, "businessProcess": self.business_process,
            "compactLayoutAssignment": self.compact_layout_assignment, "description": self.description, "label": self.label,
            "picklistValues": picklists, "urls": null})
    }

    fn column(&self, name: &str) -> Value {
        match name {
            "Name" => json!(self.label),
            "IsActive" => json!(self.active),
            "Description" => json!(self.description),
            "SobjectType" => json!(self.object),
            _ => Value::Null,
        }
    }

    fn stored(&mut self, id: Id, kept: bool) {
        (self.id, self.kept) = (Some(id), kept);
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        if !object.flags.layoutable {
            // Platform events and the like.
            let message = format!("Entity Enumeration Or ID: bad value for restricted picklist field: {}", object.name);
            return Err(DefError::new(ErrorCode::InvalidOrNullForRestrictedPicklist, message).on("TableEnumOrId"));
        }
        let mut choices = HashMap::new();
        for picklist in &self.picklist_values {
            let is_picklist = |f: &&Field| matches!(f.ty, FieldType::Picklist | FieldType::MultiPicklist | FieldType::Combobox);
            let Some(field) = object.field(field_of(&picklist.picklist)).filter(is_picklist) else {
                if self.kept {
                    continue;
                }
                let message = format!("In field: picklist - no Picklist named {}.{} found", object.name, picklist.picklist);
                return Err(DefError::integrity(message).on("picklistValues"));
            };
            choices.insert(fold_name(&field.name).into_owned(), choose(field, &picklist.values, self.kept)?);
        }
        if let Some(name) = &self.business_process {
            let Some(process) = rules.business_processes.iter().find(|p| p.name.eq_ignore_ascii_case(name)) else {
                let message = format!("In field: businessProcess - no BusinessProcess named {}.{name} found", object.name);
                return Err(DefError::integrity(message).on("businessProcess"));
            };
            choices.insert(fold_name(&process.field).into_owned(), process.choice.clone());
        }
        // Without an id it is only looked at.
        if let Some(id) = self.id {
            rules.record_types.push(RecordType {
                id,
                developer_name: self.full_name.clone(),
                label: self.label.clone(),
                active: self.active,
                business_process: self.business_process.clone(),
                choices,
            });
        }
        Ok(())
    }

    /// A field may be taken away: its values go out of the record types.
    fn refers_to(&self, _object: &str, _field: &str) -> bool {
        false
    }

    fn forget(&mut self, object: &str, field: &str) -> bool {
        let before = self.picklist_values.len();
        if self.object.eq_ignore_ascii_case(object) {
            self.picklist_values.retain(|choice| !choice.picklist.eq_ignore_ascii_case(field));
        }
        self.picklist_values.len() < before
    }

    fn fit(&mut self, object: &Object) -> Vec<String> {
        let mut out = Vec::new();
        self.picklist_values.retain_mut(|choice| {
            if choice.picklist.to_ascii_lowercase().ends_with("__c") {
                return true;
            }
            let Some(field) = object.field(field_of(&choice.picklist)) else {
                out.push(format!("picklist {}", choice.picklist));
                return false;
            };
            out.extend(keep_known(field, &mut choice.values));
            !choice.values.is_empty()
        });
        out
    }
}

/// The field that a record type means: that of a salutation is called by the name that it is part of.
fn field_of(picklist: &str) -> &str {
    if picklist.eq_ignore_ascii_case("Name") { "Salutation" } else { picklist }
}

/// Takes out the values that a field has not, and says which.
pub(super) fn keep_known(field: &Field, values: &mut Vec<ChosenValue>) -> Vec<String> {
    let known: HashSet<String> = field.picklist.iter().map(|v| fold(&v.value).into_owned()).collect();
    let mut out = Vec::new();
    values.retain(|value| {
        let stays = known.contains(fold(&value.full_name).as_ref());
        if !stays {
            out.push(format!("value {} of {}", value.full_name, field.name));
        }
        stays
    });
    out
}

/// What chosen values are of a field's. One that it has not is refused, or passed over where the choice was accepted before.
pub(super) fn choose(field: &Field, values: &[ChosenValue], kept: bool) -> Result<Choice, DefError> {
    let known: HashMap<String, usize> = field.picklist.iter().enumerate().map(|(at, v)| (fold(&v.value).into_owned(), at)).collect();
    let mut chosen: Vec<(usize, bool)> = Vec::with_capacity(values.len());
    for value in values {
        match known.get(fold(&value.full_name).as_ref()) {
            Some(at) => chosen.push((*at, value.default)),
            None if kept => {}
            None => {
                let message = format!("Picklist value: {} in picklist: {} not found", value.full_name, field.name);
                return Err(DefError::integrity(message).on("picklistValues"));
            }
        }
    }
    chosen.sort_unstable_by_key(|(at, default)| (*at, !default));
    chosen.dedup_by_key(|(at, _)| *at);
    let name = |at: usize| field.picklist[at].value.clone();
    let defaults: Vec<String> =
        chosen.iter().filter(|(at, default)| *default && field.picklist[*at].active).map(|(at, _)| name(*at)).collect();
    let default = match field.ty {
        FieldType::MultiPicklist => (!defaults.is_empty()).then(|| defaults.join(";")),
        _ => defaults.into_iter().next(),
    };
    Ok(Choice { values: chosen.into_iter().map(|(at, _)| name(at)).collect(), default })
}

fn picklists(node: &MetaNode) -> Result<Vec<PicklistChoice>, DefError> {
    let mut found: Vec<PicklistChoice> = Vec::new();
    let mut seen = HashSet::new();
    for child in node.all("picklistValues") {
        let m = Members::new(child, "RecordTypePicklistValue");
        m.only(&[&["picklist", "values", "urls"]])?;
        let Some(picklist) = m.word("picklist")? else {
            let missing = DefError::new(ErrorCode::RequiredFieldMissing, "Required field is missing: picklist");
            return Err(missing.on("picklistValues").at(child));
        };
        if !seen.insert(fold_name(&picklist).into_owned()) {
            let message = format!("The picklist {picklist} is named twice");
            return Err(DefError::integrity(message).on("picklistValues").at(child));
        }
        found.push(PicklistChoice { picklist, values: values_of(child)? });
    }
    Ok(found)
}

/// The values below a node. What else a value says of itself belongs to its field.
pub(super) fn values_of(node: &MetaNode) -> Result<Vec<ChosenValue>, DefError> {
    const MEMBERS: &[&str] = &[
        "fullName",
        "valueName",
        "default",
        "allowEmail",
        "closed",
        "color",
        "controllingFieldValues",
        "converted",
        "cssExposed",
        "description",
        "forecastCategory",
        "highPriority",
        "isActive",
        "label",
        "probability",
        "reverseRole",
        "reviewed",
        "urls",
        "won",
    ];
    let mut values = Vec::new();
    for child in node.all("values") {
        let m = Members::new(child, "PicklistValue");
        m.only(&[MEMBERS])?;
        let Some(name) = m.text("fullName")?.or(m.text("valueName")?) else {
            return Err(DefError::new(ErrorCode::RequiredFieldMissing, "Required field is missing: fullName").on("values").at(child));
        };
        values.push(ChosenValue { full_name: decoded(&name), default: m.flag("default")?.unwrap_or(false) });
    }
    Ok(values)
}

/// A name with what it has in place of special characters (`%2F`) as the characters themselves. A text that is none in this
/// form is taken as it stands.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (*byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (other, ..) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn columns() -> Vec<Field> {
    vec![
        read_only("Name", "Name", FieldType::String, 80),
        read_only("IsActive", "Active", FieldType::Boolean, 0),
        read_only("Description", "Description", FieldType::String, 255),
        read_only("SobjectType", "SObject Type Name", FieldType::Picklist, 40),
        read_only("BusinessProcessId", "Business Process ID", FieldType::Reference, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        assert_eq!(decoded("Closed%20Won"), "Closed Won");
        assert_eq!(decoded("Mr%2E"), "Mr.");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%C3%A4 %zz"), "ä %zz");
        assert_eq!(decoded("%ff"), "%ff");
    }

    /// Names and values of any bytes are read or refused.
    #[test]
    fn any_text_is_read_or_refused() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..5_000 {
            let text: String = (0..round % 40)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let some = [b'%', b'_', b'2', b'F', b'a', 0xc3, 0xa4, (seed >> 40) as u8];
                    char::from(some[(seed >> 33) as usize % some.len()])
                })
                .collect();
            let _ = decoded(&text);
            let json = json!({"active": true, "label": text, "picklistValues": [{"picklist": text, "values": [{"fullName": text}]}]});
            let node = MetaNode::from_json(&json);
            for object in ["Account", "Case", "User", "Any__c", text.as_str()] {
                let _ = RecordTypeDef::from_meta(object, &text, &node);
                let _ = super::super::BusinessProcessDef::from_meta(object, &text, &node);
            }
        }
    }
}
