//! Matching rules: when two records are taken for duplicates.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::logic::alternatives;
use super::{Kind, ObjectRules, Part};
use crate::field::{Field, FieldType};
use crate::lookup_filter::Logic;
use crate::object::Object;
use orglet_base::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Most alternatives that a rule may come to: each has a match key (Salesforce help, "How Match Keys Are Generated").
const MAX_ALTERNATIVES: usize = 10;
/// Most fields that a rule compares.
const MAX_ITEMS: usize = 16;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 255;
/// Longest developer name and label of rules of both kinds, in characters.
pub(super) const MAX_NAME: usize = 80;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "values are named and meant as in the metadata type")]
        pub enum $name { $($word),+ }

        impl $name {
            /// The word for it in metadata.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => stringify!($word)),+ }
            }

            /// A value by its word.
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$word),+].into_iter().find(|value| value.as_str() == word)
            }
        }
    };
}
pub(super) use words;

words! {
    /// Whether a rule is in force.
    RuleStatus { Active, Inactive }
}
words! {
    /// How two values of a field are compared.
    MatchingMethod { Exact, FirstName, LastName, CompanyName, Phone, City, Street, Zip, Title }
}
words! {
    /// Whether two fields without a value match.
    BlankValueBehavior { MatchBlanks, NullNotAllowed }
}

/// One field that a rule compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct MatchingRuleItem {
    pub field_name: String,
    pub matching_method: MatchingMethod,
    pub blank_value_behavior: BlankValueBehavior,
}

/// The definition of a matching rule. Members are named and meant as in the `MatchingRule` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct MatchingRuleDef {
    /// The object whose records it compares.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub label: String,
    pub matching_rule_items: Vec<MatchingRuleItem>,
    pub rule_status: RuleStatus,
    /// One of the platform's own, which know more of people than others do: see [`MatchingRule::standard`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standard: bool,
}

/// An active matching rule of an object of the catalog.
#[derive(Debug)]
pub struct MatchingRule {
    /// Its definition.
    pub def: MatchingRuleDef,
    /// Indexes in [`Object::fields`] of what its items compare.
    pub fields: Vec<usize>,
    /// Alternatives, each a list of items that must all match.
    pub alternatives: Vec<Vec<usize>>,
}

impl MatchingRule {
    /// Whether it compares people as the platform's own rules do: first and last name may stand in each other's place, and
    /// names that are blank are passed over beside an email (Salesforce help, "Standard Contact Matching Rule").
    pub fn standard(&self) -> bool {
        self.def.standard
    }
}

impl MatchingRuleDef {
    /// `ExactMatchEngine` where every field is compared exactly, else `FuzzyMatchEngine`.
    pub fn engine(&self) -> &'static str {
        let exact = self.matching_rule_items.iter().all(|item| item.matching_method == MatchingMethod::Exact);
        if exact { "ExactMatchEngine" } else { "FuzzyMatchEngine" }
    }

    fn logic(&self) -> Result<Logic, DefError> {
        let items = self.matching_rule_items.len();
        match &self.boolean_filter {
            None => Ok(Logic::all_of(items)),
            Some(text) => Logic::parse(text, items).map_err(|says| DefError::integrity(says).on("booleanFilter")),
        }
    }

    fn alternatives(&self) -> Result<Vec<Vec<usize>>, DefError> {
        let found = alternatives(&self.logic()?, MAX_ALTERNATIVES).ok_or_else(|| {
            let message = format!("The matching rule needs more than {MAX_ALTERNATIVES} match keys. Simplify the rule and try again.");
            DefError::integrity(message).on("booleanFilter")
        })?;
        Ok(found.into_iter().map(|term| term.into_iter().collect()).collect())
    }
}

impl Part for MatchingRuleDef {
    const KIND: Kind = Kind {
        name: "MatchingRule",
        label: "Matching Rule",
        what: "matching rule",
        prefix: "0JD",
        ending: "matchingRule",
        member: None,
        columns: Vec::new,
    };
    const LISTED: Option<(&'static str, &'static str)> = Some(("MatchingRules", "matchingRules"));
    const TOOLING: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "MatchingRule");
        m.only(&[&["fullName", "booleanFilter", "description", "label", "matchingRuleItems", "ruleStatus"]])?;
        known_object(object)?;
        check_name(full_name)?;
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            boolean_filter: m.word("booleanFilter")?,
            description: m.text("description")?,
            label: m.text("label")?.ok_or_else(|| m.missing("label"))?,
            matching_rule_items: node.all("matchingRuleItems").map(item).collect::<Result<_, _>>()?,
            rule_status: m.choice("ruleStatus", "MatchingRuleStatus", RuleStatus::parse)?.ok_or_else(|| m.missing("ruleStatus"))?,
            standard: false,
        };
        if def.matching_rule_items.is_empty() {
            return Err(m.missing("matchingRuleItems"));
        }
        if def.matching_rule_items.len() > MAX_ITEMS {
            let message = format!("A matching rule can compare at most {MAX_ITEMS} fields");
            return Err(m.place("matchingRuleItems", DefError::integrity(message)));
        }
        too_long(&m, "label", "Rule Name", Some(&def.label), MAX_NAME)?;
        too_long(&m, "description", "Description", def.description.as_deref(), MAX_DESCRIPTION)?;
        def.alternatives().map_err(|e| m.place("booleanFilter", e))?;
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        let items = self.matching_rule_items.iter().map(|item| {
            json!({"blankValueBehavior": item.blank_value_behavior, "fieldName": item.field_name, "matchingMethod": item.matching_method})
        });
        json!({"booleanFilter": self.boolean_filter, "description": self.description, "label": self.label,
            "matchingRuleItems": items.collect::<Vec<_>>(), "ruleStatus": self.rule_status})
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        let mut fields = Vec::with_capacity(self.matching_rule_items.len());
        for item in &self.matching_rule_items {
            let name = &item.field_name;
            let no_field = || DefError::integrity(format!("Field {name} does not exist. Check spelling.")).on("fieldName");
            let index = object.field_index(name).ok_or_else(no_field)?;
            if !may_be_compared(&object.fields()[index]) {
                return Err(DefError::integrity(format!("Field {name} cannot be used in a matching rule.")).on("fieldName"));
            }
            fields.push(index);
        }
        if self.rule_status == RuleStatus::Active {
            let alternatives = self.alternatives()?;
            rules.matching_rules.push(Arc::new(MatchingRule { def: self.clone(), fields, alternatives }));
        }
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        self.object.eq_ignore_ascii_case(object) && self.matching_rule_items.iter().any(|item| item.field_name.eq_ignore_ascii_case(field))
    }
}

fn item(node: &MetaNode) -> Result<MatchingRuleItem, DefError> {
    let m = Members::new(node, "MatchingRuleItem");
    m.only(&[&["blankValueBehavior", "fieldName", "matchingMethod"]])?;
    let blank = m.choice("blankValueBehavior", "BlankValueBehavior", BlankValueBehavior::parse)?;
    Ok(MatchingRuleItem {
        field_name: m.word("fieldName")?.ok_or_else(|| m.missing("fieldName"))?,
        matching_method: m.choice("matchingMethod", "MatchingMethod", MatchingMethod::parse)?.ok_or_else(|| m.missing("matchingMethod"))?,
        blank_value_behavior: blank.unwrap_or(BlankValueBehavior::NullNotAllowed),
    })
}

/// Fields of the types that rules compare: text that is not long, numbers, references (Salesforce help, "Matching Criteria in
/// Matching Rules").
fn may_be_compared(field: &Field) -> bool {
    use FieldType::{Combobox, Currency, Double, Email, Int, Long, Percent, Phone, Picklist, Reference, String, TextArea, Url};
    let types = [Combobox, Currency, Double, Email, Int, Long, Percent, Phone, Picklist, Reference, String, TextArea, Url];
    types.contains(&field.ty) && field.has_column() && !field.html_formatted && field.length <= 255
}

/// STRING_TOO_LONG for a member with too long a text.
pub(super) fn too_long(m: &Members<'_>, member: &str, label: &str, text: Option<&str>, most: usize) -> Result<(), DefError> {
    match text.filter(|text| text.chars().count() > most) {
        None => Ok(()),
        Some(text) => {
            let message = format!("{label}: data value too large: {text} (max length={most})");
            Err(m.place(member, DefError::new(ErrorCode::StringTooLong, message)))
        }
    }
}

/// Developer names of rules are as others are, and longer.
pub(super) fn check_name(full_name: &str) -> Result<(), DefError> {
    // The part behind the fortieth character has no rule of its own but for its characters.
    let (head, tail) = full_name.split_at_checked(MAX_NAME / 2).unwrap_or((full_name, ""));
    let sound = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let head = head.trim_end_matches('_');
    let ends = full_name.ends_with('_') || full_name.contains("__") || full_name.len() > MAX_NAME;
    if name::is_developer_name(head) && sound(tail) && !ends { Ok(()) } else { Err(name::bad_name("Rule Name", full_name)) }
}

/// Rules of people who are accounts have files of their own.
pub(super) fn known_object(object: &str) -> Result<(), DefError> {
    if object.eq_ignore_ascii_case("PersonAccount") { Err(DefError::unsupported("Person accounts are")) } else { Ok(()) }
}
