//! Duplicate rules: what happens where a record that is saved matches others.

use super::super::reader::Members;
use super::super::{DefError, MetaNode};
use super::matching_rule::{MAX_NAME, RuleStatus, check_name, known_object, too_long, words};
use super::{Kind, ObjectRules, Part, PartDef, qualified, standard_rules};
use crate::lookup_filter::{FilterOperation, Logic, constant, texts};
use crate::object::Object;
use crate::standard;
use orglet_base::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest alert text and description, in characters.
const MAX_TEXT: usize = 255;
/// Most matching rules, conditions and mapped fields of a rule.
const MAX_PARTS: usize = 100;

words! {
    /// Whether a duplicate is let through.
    DupeAction { Allow, Block }
}
words! {
    /// What is done where a duplicate is let through.
    DupeOperation { Alert, Report }
}
words! {
    /// Whether records count that the user does not see.
    DupeSecurity { EnforceSharingRules, BypassSharingRules }
}

/// The definition of a duplicate rule. Members are named and meant as in the `DuplicateRule` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct DuplicateRuleDef {
    /// The object whose records it is for.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    pub action_on_insert: DupeAction,
    pub action_on_update: DupeAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_rule_filter: Option<DuplicateRuleFilter>,
    pub duplicate_rule_match_rules: Vec<DuplicateRuleMatchRule>,
    pub is_active: bool,
    pub master_label: String,
    pub operations_on_insert: Vec<DupeOperation>,
    pub operations_on_update: Vec<DupeOperation>,
    pub security_option: DupeSecurity,
    pub sort_order: u32,
}

/// Which records a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct DuplicateRuleFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_filter: Option<String>,
    pub duplicate_rule_filter_items: Vec<DuplicateRuleFilterItem>,
}

/// A condition of a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct DuplicateRuleFilterItem {
    pub field: String,
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub sort_order: u32,
    /// The rule's object, or `User` for who saves.
    pub table: String,
}

/// A matching rule that a duplicate rule goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct DuplicateRuleMatchRule {
    #[serde(rename = "matchRuleSObjectType")]
    pub match_rule_sobject_type: String,
    pub matching_rule: String,
    /// Fields of the rule's object, each with the field of the matching rule's object that it is compared with.
    pub mapping: Vec<(String, String)>,
}

impl DuplicateRuleFilter {
    /// How the conditions are joined.
    pub fn logic(&self) -> Result<Logic, String> {
        let items = self.duplicate_rule_filter_items.len();
        self.boolean_filter.as_deref().map_or_else(|| Ok(Logic::all_of(items)), |text| Logic::parse(text, items))
    }
}

impl DuplicateRuleFilterItem {
    /// How it compares.
    pub fn operation(&self) -> FilterOperation {
        FilterOperation::parse(&self.operation).unwrap_or(FilterOperation::Equals)
    }

    /// What it compares with, of which one must fit.
    pub fn values(&self) -> Vec<String> {
        texts(self.value.as_deref().unwrap_or_default())
    }
}

impl DuplicateRuleDef {
    /// What is done on a create or an update, and with what.
    pub fn on(&self, insert: bool) -> (DupeAction, &[DupeOperation]) {
        if insert { (self.action_on_insert, &self.operations_on_insert) } else { (self.action_on_update, &self.operations_on_update) }
    }
}

impl Part for DuplicateRuleDef {
    const KIND: Kind = Kind {
        name: "DuplicateRule",
        label: "Duplicate Rule",
        what: "duplicate rule",
        prefix: "0Bm",
        ending: "duplicateRule",
        member: None,
        columns: Vec::new,
    };
    // A client that tried tells of INVALID_TYPE.
    const TOOLING: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "DuplicateRule");
        m.only(&[&[
            "fullName",
            "actionOnInsert",
            "actionOnUpdate",
            "alertText",
            "description",
            "duplicateRuleFilter",
            "duplicateRuleMatchRules",
            "isActive",
            "masterLabel",
            "operationsOnInsert",
            "operationsOnUpdate",
            "securityOption",
            "sortOrder",
        ]])?;
        known_object(object)?;
        check_name(full_name)?;
        let action = |member: &str| m.choice(member, "DupeActionType", DupeAction::parse)?.ok_or_else(|| m.missing(member));
        let security = m.choice("securityOption", "DupeSecurityOptionType", DupeSecurity::parse)?;
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            action_on_insert: action("actionOnInsert")?,
            action_on_update: action("actionOnUpdate")?,
            alert_text: m.text("alertText")?,
            description: m.text("description")?,
            duplicate_rule_filter: m.one("duplicateRuleFilter")?.map(|node| filter(object, node)).transpose()?.flatten(),
            duplicate_rule_match_rules: node
                .all("duplicateRuleMatchRules")
                .map(|rule| match_rule(object, rule))
                .collect::<Result<_, _>>()?,
            is_active: m.flag("isActive")?.ok_or_else(|| m.missing("isActive"))?,
            master_label: m.text("masterLabel")?.ok_or_else(|| m.missing("masterLabel"))?,
            operations_on_insert: operations(node, "operationsOnInsert")?,
            operations_on_update: operations(node, "operationsOnUpdate")?,
            security_option: security.ok_or_else(|| m.missing("securityOption"))?,
            sort_order: m.int("sortOrder")?.ok_or_else(|| m.missing("sortOrder"))?,
        };
        too_long(&m, "masterLabel", "Rule Name", Some(&def.master_label), MAX_NAME)?;
        too_long(&m, "alertText", "Alert Text", def.alert_text.as_deref(), MAX_TEXT)?;
        too_long(&m, "description", "Description", def.description.as_deref(), MAX_TEXT)?;
        if def.duplicate_rule_match_rules.is_empty() {
            return Err(m.missing("duplicateRuleMatchRules"));
        }
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        let filter = self.duplicate_rule_filter.as_ref().map(|filter| {
            let items = filter.duplicate_rule_filter_items.iter().map(|item| {
                json!({"field": item.field, "operation": item.operation, "sortOrder": item.sort_order, "table": item.table,
                    "value": item.value, "valueField": null})
            });
            json!({"booleanFilter": filter.boolean_filter, "duplicateRuleFilterItems": items.collect::<Vec<_>>()})
        });
        let rules = self.duplicate_rule_match_rules.iter().map(|rule| {
            let fields: Vec<Value> = rule.mapping.iter().map(|(from, to)| json!({"inputField": from, "outputField": to})).collect();
            let mapping = (!fields.is_empty())
                .then(|| json!({"inputObject": self.object, "mappingFields": fields, "outputObject": rule.match_rule_sobject_type}));
            json!({"matchRuleSObjectType": rule.match_rule_sobject_type, "matchingRule": rule.matching_rule, "objectMapping": mapping})
        });
        json!({"actionOnInsert": self.action_on_insert, "actionOnUpdate": self.action_on_update, "alertText": self.alert_text,
            "description": self.description, "duplicateRuleFilter": filter, "duplicateRuleMatchRules": rules.collect::<Vec<_>>(),
            "isActive": self.is_active, "masterLabel": self.master_label, "operationsOnInsert": self.operations_on_insert,
            "operationsOnUpdate": self.operations_on_update, "securityOption": self.security_option, "sortOrder": self.sort_order})
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        let no_field = |name: &str, member: &str| DefError::integrity(format!("Field {name} does not exist. Check spelling.")).on(member);
        for item in self.duplicate_rule_filter.iter().flat_map(|filter| &filter.duplicate_rule_filter_items) {
            let others = standard::objects();
            let table = match item.table.eq_ignore_ascii_case(&object.name) {
                true => Some(object),
                false => others.object(&item.table).map(|table| &**table),
            };
            let known = table.and_then(|table| Some((table, table.field(&item.field)?)));
            let (table, field) = known.ok_or_else(|| no_field(&item.field, "field"))?;
            if !item.operation().takes(field.ty) {
                return Err(DefError::integrity(format!("Invalid operator for the field {}.", field.name)).on("operation"));
            }
            if let Some(odd) = item.values().iter().find(|text| constant(table, field, text).is_none()) {
                return Err(DefError::integrity(format!("Value for the field {} is invalid: {odd}", field.name)).on("value"));
            }
        }
        for (from, _) in self.duplicate_rule_match_rules.iter().flat_map(|rule| &rule.mapping) {
            if object.field(from).is_none() {
                return Err(no_field(from, "inputField"));
            }
        }
        if self.is_active {
            rules.duplicate_rules.push(Arc::new(self.clone()));
            rules.duplicate_rules.sort_by_key(|rule| rule.sort_order);
        }
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        let filtered = self.duplicate_rule_filter.iter().flat_map(|filter| &filter.duplicate_rule_filter_items);
        let mapped = self.duplicate_rule_match_rules.iter().flat_map(|rule| {
            rule.mapping.iter().flat_map(|(from, to)| [(self.object.as_str(), from), (rule.match_rule_sobject_type.as_str(), to)])
        });
        filtered
            .map(|item| (item.table.as_str(), &item.field))
            .chain(mapped)
            .any(|(of, name)| of.eq_ignore_ascii_case(object) && name.eq_ignore_ascii_case(field))
    }

    fn needs(&self) -> Vec<String> {
        let needed = self.duplicate_rule_match_rules.iter();
        needed.map(|rule| qualified(&super::MatchingRuleDef::KIND, &rule.match_rule_sobject_type, &rule.matching_rule)).collect()
    }

    fn check(&self, parts: &[PartDef]) -> Result<(), DefError> {
        for wanted in &self.duplicate_rule_match_rules {
            let (object, name) = (&wanted.match_rule_sobject_type, &wanted.matching_rule);
            let status = parts.iter().find_map(|part| match part {
                PartDef::MatchingRule(def) => {
                    let found = def.object.eq_ignore_ascii_case(object) && def.full_name.eq_ignore_ascii_case(name);
                    found.then_some(def.rule_status)
                }
                _ => None,
            });
            match status {
                Some(RuleStatus::Inactive) if self.is_active => {
                    let message = format!("To activate the duplicate rule, first activate its matching rule {name}.");
                    return Err(DefError::integrity(message).on("isActive"));
                }
                Some(_) => {}
                None if standard_rules::matching_rule(object, name).is_some() => {}
                None => {
                    let message = format!("In field: matchingRule - no MatchingRule named {object}.{name} found");
                    return Err(DefError::new(ErrorCode::InvalidCrossReferenceKey, message).on("matchingRule"));
                }
            }
        }
        Ok(())
    }
}

fn operations(node: &MetaNode, member: &str) -> Result<Vec<DupeOperation>, DefError> {
    let mut operations = Vec::new();
    for child in node.all(member) {
        let word = child.text.as_deref().unwrap_or_default().trim();
        let Some(operation) = DupeOperation::parse(word) else {
            let message = format!("'{word}' is not a valid value for the operation of a duplicate rule");
            return Err(DefError::new(ErrorCode::InvalidField, message).on(member).at(child));
        };
        if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    Ok(operations)
}

fn filter(object: &str, node: &MetaNode) -> Result<Option<DuplicateRuleFilter>, DefError> {
    let m = Members::new(node, "DuplicateRuleFilter");
    m.only(&[&["booleanFilter", "duplicateRuleFilterItems"]])?;
    let items = node.all("duplicateRuleFilterItems").map(|item| filter_item(object, item)).collect::<Result<Vec<_>, _>>()?;
    if items.is_empty() {
        return Ok(None);
    }
    bounded(&m, "duplicateRuleFilterItems", items.len())?;
    let filter = DuplicateRuleFilter { boolean_filter: m.word("booleanFilter")?, duplicate_rule_filter_items: items };
    filter.logic().map_err(|says| m.place("booleanFilter", DefError::integrity(says)))?;
    Ok(Some(filter))
}

fn filter_item(object: &str, node: &MetaNode) -> Result<DuplicateRuleFilterItem, DefError> {
    let m = Members::new(node, "DuplicateRuleFilterItem");
    m.only(&[&["field", "operation", "value", "valueField", "sortOrder", "table"]])?;
    let unsupported = |member: &str, what: &str| Err(m.place(member, DefError::unsupported(what)));
    let known = |word: &str| (word == "within" || FilterOperation::parse(word).is_some()).then(|| word.to_owned());
    let operation = m.choice("operation", "FilterOperation", known)?.ok_or_else(|| m.missing("operation"))?;
    let table = m.word("table")?.ok_or_else(|| m.missing("table"))?;
    let field = m.word("field")?.ok_or_else(|| m.missing("field"))?;
    if m.word("valueField")?.is_some() {
        return unsupported("valueField", "Duplicate rule conditions that compare two fields are");
    }
    if !table.eq_ignore_ascii_case(object) && !table.eq_ignore_ascii_case("User") {
        return unsupported("table", &format!("Duplicate rule conditions on {table} are"));
    }
    if field.eq_ignore_ascii_case("RecordTypeId") {
        return unsupported("field", "Duplicate rule conditions on record types are");
    }
    if operation == "within" {
        return unsupported("operation", "Duplicate rule conditions on places are");
    }
    Ok(DuplicateRuleFilterItem { field, operation, value: m.text("value")?, sort_order: m.int("sortOrder")?.unwrap_or_default(), table })
}

fn match_rule(object: &str, node: &MetaNode) -> Result<DuplicateRuleMatchRule, DefError> {
    let m = Members::new(node, "DuplicateRuleMatchRule");
    m.only(&[&["matchRuleSObjectType", "matchingRule", "objectMapping"]])?;
    let of = m.word("matchRuleSObjectType")?.ok_or_else(|| m.missing("matchRuleSObjectType"))?;
    known_object(&of)?;
    let matching_rule = m.word("matchingRule")?.ok_or_else(|| m.missing("matchingRule"))?;
    let mapping = m.one("objectMapping")?.map(|node| mapping(object, &of, node)).transpose()?.unwrap_or_default();
    if mapping.is_empty() && !of.eq_ignore_ascii_case(object) {
        return Err(m.missing("objectMapping"));
    }
    Ok(DuplicateRuleMatchRule { match_rule_sobject_type: of, matching_rule, mapping })
}

fn mapping(object: &str, of: &str, node: &MetaNode) -> Result<Vec<(String, String)>, DefError> {
    let m = Members::new(node, "ObjectMapping");
    m.only(&[&["inputObject", "mappingFields", "outputObject"]])?;
    for (member, wanted) in [("inputObject", object), ("outputObject", of)] {
        if let Some(named) = m.word(member)?.filter(|named| !named.eq_ignore_ascii_case(wanted)) {
            let message = format!("The mapping is of {wanted}, not of {named}");
            return Err(m.place(member, DefError::integrity(message)));
        }
    }
    let fields = node.all("mappingFields").map(|node| {
        let m = Members::new(node, "ObjectMappingField");
        m.only(&[&["inputField", "outputField"]])?;
        let side = |member: &str| m.word(member)?.ok_or_else(|| m.missing(member));
        Ok((side("inputField")?, side("outputField")?))
    });
    let fields = fields.collect::<Result<Vec<_>, DefError>>()?;
    bounded(&m, "mappingFields", fields.len())?;
    Ok(fields)
}

fn bounded(m: &Members<'_>, member: &str, count: usize) -> Result<(), DefError> {
    if count <= MAX_PARTS {
        return Ok(());
    }
    Err(m.place(member, DefError::integrity(format!("There can be at most {MAX_PARTS} {member}"))))
}
