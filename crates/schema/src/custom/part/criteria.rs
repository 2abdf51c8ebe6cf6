//! Criteria of automation: which records something is for, said by conditions on fields or by a formula.

use super::super::reader::Members;
use super::super::{DefError, MetaNode};
use crate::field::Field;
use crate::lookup_filter::{FilterOperation, Logic, constant, texts};
use crate::object::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most conditions.
const MAX_ITEMS: usize = 100;

/// Which records something is for: conditions, or a formula.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct Criteria {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_filter: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria_items: Vec<CriteriaItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
}

/// Whose field a condition looks at.
#[derive(Clone, Copy, Debug)]
pub enum CriteriaPlace<'a> {
    /// The record's own.
    Own(&'a Field),
    /// That of the user who acts: its name.
    User(&'a str),
    /// That of the record that a reference names: the reference, the field's name.
    Parent(&'a Field, &'a str),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct CriteriaItem {
    /// `Object.Field`, of the record's own object, of one that it refers to, or of `User`, who acts.
    pub field: String,
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Criteria {
    /// How the conditions are joined.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text that joins them.
    pub fn logic(&self) -> Result<Logic, String> {
        let items = self.criteria_items.len();
        self.boolean_filter.as_deref().map_or_else(|| Ok(Logic::all_of(items)), |text| Logic::parse(text, items))
    }

    /// Reads the node of a member; nothing where it says nothing, which is true of every record.
    pub(super) fn read(node: &MetaNode, type_name: &'static str) -> Result<Option<Self>, DefError> {
        let m = Members::new(node, type_name);
        m.only(&[&["booleanFilter", "criteriaItems", "formula"]])?;
        let criteria_items = node.all("criteriaItems").map(item).collect::<Result<Vec<_>, _>>()?;
        if criteria_items.len() > MAX_ITEMS {
            return Err(m.place("criteriaItems", DefError::integrity(format!("There can be at most {MAX_ITEMS} criteriaItems"))));
        }
        let criteria = Self { boolean_filter: m.word("booleanFilter")?, criteria_items, formula: m.text("formula")? };
        if criteria.formula.is_some() && !criteria.criteria_items.is_empty() {
            return Err(m.place("formula", DefError::integrity("There can be criteriaItems or a formula, not both")));
        }
        criteria.logic().map_err(|says| m.place("booleanFilter", DefError::integrity(says)))?;
        Ok((criteria != Self::default()).then_some(criteria))
    }

    /// As Tooling shows metadata.
    pub(super) fn to_metadata(&self) -> Value {
        let items = self.criteria_items.iter();
        let items: Vec<Value> =
            items.map(|item| json!({"field": item.field, "operation": item.operation, "value": item.value, "valueField": null})).collect();
        json!({"booleanFilter": self.boolean_filter, "criteriaItems": items, "formula": self.formula})
    }

    /// Checks the conditions against the object whose records they are for; fields of other objects are for whoever knows all of
    /// them.
    pub(super) fn check(&self, object: &Object) -> Result<(), DefError> {
        self.criteria_items.iter().try_for_each(|item| match item.place(object) {
            Some(CriteriaPlace::Own(field)) => item.fits(object, field),
            Some(_) => Ok(()),
            None => Err(item.no_field()),
        })
    }

    /// Whether a condition looks at a field of an object.
    pub(super) fn refers_to(&self, object: &str, field: &str) -> bool {
        self.criteria_items.iter().any(|item| {
            let (of, name) = item.path();
            of.eq_ignore_ascii_case(object) && name.eq_ignore_ascii_case(field)
        })
    }
}

impl CriteriaItem {
    /// The two parts of [`CriteriaItem::field`].
    pub fn path(&self) -> (&str, &str) {
        self.field.split_once('.').unwrap_or(("", &self.field))
    }

    /// Whose field it looks at; none where the object of the record has nothing of that name.
    pub fn place<'a>(&'a self, object: &'a Object) -> Option<CriteriaPlace<'a>> {
        let (of, name) = self.path();
        if of.eq_ignore_ascii_case(&object.name) {
            let name = if self.is_record_type() { "RecordTypeId" } else { name };
            return object.field(name).map(CriteriaPlace::Own);
        }
        if of.eq_ignore_ascii_case("User") || of.eq_ignore_ascii_case("$User") {
            return Some(CriteriaPlace::User(name));
        }
        let points = |field: &&Field| field.reference_to.iter().any(|to| to.eq_ignore_ascii_case(of));
        let by = object.parent_field(of).or_else(|| object.fields().iter().find(points))?;
        Some(CriteriaPlace::Parent(by, name))
    }

    /// Whether it looks at the name of the record's record type, which the platform writes as a field of its own.
    pub fn is_record_type(&self) -> bool {
        self.path().1.eq_ignore_ascii_case("RecordType")
    }

    /// Checks the condition against the field that it looks at.
    ///
    /// # Errors
    /// Operators and values that are none of its type.
    pub fn fits(&self, object: &Object, field: &Field) -> Result<(), DefError> {
        if !self.operation().takes(field.ty) {
            return Err(DefError::integrity(format!("Invalid operator for the field {}.", field.name)).on("operation"));
        }
        if self.is_record_type() {
            return Ok(());
        }
        match self.values().iter().find(|text| constant(object, field, text).is_none()) {
            Some(odd) => Err(DefError::integrity(format!("Value for the field {} is invalid: {odd}", field.name)).on("value")),
            None => Ok(()),
        }
    }

    /// The refusal of a condition on a field that is not there.
    pub fn no_field(&self) -> DefError {
        DefError::integrity(format!("Field {} does not exist. Check spelling.", self.field)).on("field")
    }

    /// How it compares.
    pub fn operation(&self) -> FilterOperation {
        FilterOperation::parse(&self.operation).unwrap_or(FilterOperation::Equals)
    }

    /// What it compares with, of which one must fit.
    pub fn values(&self) -> Vec<String> {
        texts(self.value.as_deref().unwrap_or_default())
    }
}

fn item(node: &MetaNode) -> Result<CriteriaItem, DefError> {
    let m = Members::new(node, "FilterItem");
    m.only(&[&["field", "operation", "value", "valueField"]])?;
    let known = |word: &str| (word == "within" || FilterOperation::parse(word).is_some()).then(|| word.to_owned());
    let operation = m.choice("operation", "FilterOperation", known)?.ok_or_else(|| m.missing("operation"))?;
    let field = m.word("field")?.ok_or_else(|| m.missing("field"))?;
    if m.word("valueField")?.is_some() {
        return Err(m.place("valueField", DefError::unsupported("Criteria that compare two fields are")));
    }
    if operation == "within" {
        return Err(m.place("operation", DefError::unsupported("Criteria of distances are")));
    }
    if field.matches('.').count() > 1 {
        return Err(m.place("field", DefError::unsupported("Criteria on fields of records further away are")));
    }
    Ok(CriteriaItem { field, operation, value: m.text("value")? })
}
