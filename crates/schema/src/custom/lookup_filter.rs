//! The lookup filter of a relationship field (`lookupFilter` of the metadata type).

use super::reader::Members;
use super::{DefError, FieldDef, MetaNode};
use crate::field::Field;
use crate::lookup_filter::{
    Constant, Family, FilterItem, FilterOperation, FilterPath, FilterRight, FilterRoot, Logic, LookupFilter, constant, texts,
};
use crate::object::Object;
use orglet_base::{Date, ErrorCode, days};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The member, as errors name it.
pub(crate) const MEMBER: &str = "lookupFilter";
/// Most conditions of a filter, as documented.
const MAX_ITEMS: usize = 10;
/// Most fields of an object whose active filters are required, as documented.
pub(super) const MAX_REQUIRED: usize = 5;
/// Longest message, in characters.
const MAX_MESSAGE: usize = 255;
/// Longest constant, in characters.
const MAX_VALUE: usize = 1000;

/// Members of a filter.
const MEMBERS: &[&str] = &["active", "booleanFilter", "description", "errorMessage", "filterItems", "infoMessage", "isOptional"];

/// A lookup filter. Members are named and meant as in the metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct LookupFilterDef {
    pub active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    pub filter_items: Vec<FilterItemDef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info_message: Option<String>,
    pub is_optional: bool,
}

/// A condition. It has a constant, or another field, or neither: then it asks for no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct FilterItemDef {
    pub field: String,
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_field: Option<String>,
}

fn refuse(text: impl Into<String>) -> DefError {
    DefError::integrity(text).on(MEMBER)
}

/// Reads the filter of a field's metadata, where it has one.
pub(super) fn read(m: &Members<'_>) -> Result<Option<LookupFilterDef>, DefError> {
    let Some(node) = m.one(MEMBER)? else { return Ok(None) };
    filter(node).map(Some).map_err(|e| DefError { fields: vec![MEMBER.to_owned()], ..e.at(node) })
}

fn filter(node: &MetaNode) -> Result<LookupFilterDef, DefError> {
    let m = Members::new(node, "LookupFilter");
    m.only(&[MEMBERS])?;
    let needed = |name: &str| m.flag(name)?.ok_or_else(|| missing(name));
    let (active, is_optional) = (needed("active")?, needed("isOptional")?);
    let message = |name: &str| {
        let text = m.text(name)?;
        match text.as_deref().filter(|t| t.chars().count() > MAX_MESSAGE) {
            Some(_) => Err(refuse(format!("{name} of a lookup filter can be at most {MAX_MESSAGE} characters long"))),
            None => Ok(text),
        }
    };
    let items: Vec<FilterItemDef> = node.all("filterItems").map(item).collect::<Result<_, _>>()?;
    if items.is_empty() {
        return Err(missing("filterItems"));
    }
    if items.len() > MAX_ITEMS {
        return Err(refuse(format!("A lookup filter can have at most {MAX_ITEMS} filter items")));
    }
    let def = LookupFilterDef {
        active,
        boolean_filter: m.word("booleanFilter")?,
        description: message("description")?,
        // A message that is never shown is not kept.
        error_message: message("errorMessage")?.filter(|_| !is_optional),
        filter_items: items,
        info_message: message("infoMessage")?,
        is_optional,
    };
    logic(&def).map_err(refuse)?;
    Ok(def)
}

fn missing(name: &str) -> DefError {
    DefError::new(ErrorCode::RequiredFieldMissing, format!("Required field is missing: {name}"))
}

fn item(node: &MetaNode) -> Result<FilterItemDef, DefError> {
    let m = Members::new(node, "FilterItem");
    m.only(&[&["field", "operation", "value", "valueField"]])?;
    let field = m.word("field")?.ok_or_else(|| missing("field"))?;
    let operation = m.word("operation")?.ok_or_else(|| missing("operation"))?;
    if operation == "within" {
        return Err(DefError::unsupported("Lookup filters by distance are"));
    }
    if FilterOperation::parse(&operation).is_none() {
        let text = format!("'{operation}' is not a valid value for the enum 'FilterOperation'");
        return Err(DefError::new(ErrorCode::InvalidField, text));
    }
    let (value, value_field) = (m.text("value")?, m.word("valueField")?);
    if value.is_some() && value_field.is_some() {
        return Err(refuse("A filter item has a value or a valueField, not both"));
    }
    if value.as_deref().is_some_and(|v| v.chars().count() > MAX_VALUE) {
        return Err(refuse(format!("value of a filter item can be at most {MAX_VALUE} characters long")));
    }
    Ok(FilterItemDef { field, operation, value, value_field })
}

fn logic(def: &LookupFilterDef) -> Result<Logic, String> {
    match &def.boolean_filter {
        Some(text) => Logic::parse(text, def.filter_items.len()),
        None => Ok(Logic::all_of(def.filter_items.len())),
    }
}

/// The filter that the catalog has of a field; none where its filter is not active.
pub(super) fn build(def: &FieldDef) -> Result<Option<LookupFilter>, DefError> {
    let Some(filter) = def.lookup_filter.as_ref().filter(|f| f.active) else { return Ok(None) };
    whole(def, filter).map(Some)
}

fn whole(def: &FieldDef, filter: &LookupFilterDef) -> Result<LookupFilter, DefError> {
    let items = filter.filter_items.iter().map(|item| one(def, item)).collect::<Result<_, _>>();
    Ok(LookupFilter {
        optional: filter.is_optional,
        message: filter.error_message.clone(),
        items: items?,
        logic: logic(filter).map_err(|text| refuse(text).about(def.qualified_name()))?,
    })
}

fn one(def: &FieldDef, item: &FilterItemDef) -> Result<FilterItem, DefError> {
    let about = |e: DefError| e.about(def.qualified_name());
    let right = match &item.value_field {
        Some(field) => FilterRight::Path(path(def, field).map_err(about)?),
        None => FilterRight::Texts(texts(item.value.as_deref().unwrap_or_default())),
    };
    Ok(FilterItem {
        left: path(def, &item.field).map_err(about)?,
        operation: FilterOperation::parse(&item.operation).unwrap_or(FilterOperation::Equals),
        right,
    })
}

/// Reads `Contact.AccountId`, `Contact.Account.Industry`, `$Source.Account__c`, `$User.ProfileId`.
fn path(def: &FieldDef, text: &str) -> Result<FilterPath, DefError> {
    let steps: Vec<&str> = text.split('.').map(str::trim).collect();
    let target = def.reference_to.as_deref().unwrap_or_default();
    let (root, rest) = match steps.as_slice() {
        [first, rest @ ..] if first.eq_ignore_ascii_case(target) => (FilterRoot::Target, rest),
        [first, rest @ ..] if first.starts_with('$') => {
            let known = [
                ("$Source", FilterRoot::Source),
                ("$User", FilterRoot::User),
                ("$Profile", FilterRoot::Profile),
                ("$UserRole", FilterRoot::Role),
            ];
            match known.iter().find(|(name, _)| first.eq_ignore_ascii_case(name)) {
                Some((_, root)) => (*root, rest),
                None => return Err(DefError::unsupported(format_args!("Lookup filters by {first} are")).on(MEMBER)),
            }
        }
        _ => return Err(unknown(text)),
    };
    match rest {
        [field] if !field.is_empty() => Ok(FilterPath { root, relation: None, field: (*field).to_owned() }),
        [relation, field] if root == FilterRoot::Target && !relation.is_empty() && !field.is_empty() => {
            Ok(FilterPath { root, relation: Some((*relation).to_owned()), field: (*field).to_owned() })
        }
        _ => Err(unknown(text)),
    }
}

fn unknown(text: &str) -> DefError {
    refuse(format!("The lookup filter refers to a field that does not exist: {text}"))
}

/// What a path of a filter leads over: object and field, as far as the names alone say so. The object of the field behind a
/// relationship is not among it.
pub(super) fn mentions(def: &FieldDef) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let items = def.lookup_filter.iter().flat_map(|f| &f.filter_items);
    for text in items.flat_map(|item| std::iter::once(&item.field).chain(&item.value_field)) {
        let Ok(path) = path(def, text) else { continue };
        let object = match path.root {
            FilterRoot::Target => def.reference_to.clone().unwrap_or_default(),
            FilterRoot::Source => def.object.clone(),
            other => other.object().unwrap_or_default().to_owned(),
        };
        let field = match &path.relation {
            Some(relation) => relation.strip_suffix("__r").map_or_else(|| format!("{relation}Id"), |own| format!("{own}__c")),
            None => path.field.clone(),
        };
        found.push((object, field));
    }
    found
}

/// Checks that the fields of a filter exist and that its conditions make sense of them. Names of the platform's own that are
/// not known here are refused as unsupported: a real org may well have them.
pub(super) fn check<'a>(def: &FieldDef, object: impl Fn(&str) -> Option<&'a Object>) -> Result<(), DefError> {
    let Some(filter) = &def.lookup_filter else { return Ok(()) };
    let filter = whole(def, filter)?;
    let find = |path: &FilterPath, text: &str| {
        let own = match path.root {
            FilterRoot::Target => def.reference_to.as_deref().unwrap_or_default(),
            FilterRoot::Source => &def.object,
            other => other.object().unwrap_or_default(),
        };
        resolve(path, own, &object).ok_or_else(|| match is_custom(path) {
            true => unknown(text),
            false => DefError::unsupported(format_args!("Lookup filters by {text} are")).on(MEMBER),
        })
    };
    let texts = def.lookup_filter.iter().flat_map(|f| &f.filter_items);
    for (item, text) in filter.items.iter().zip(texts) {
        let checked = find(&item.left, &text.field).and_then(|(of, left)| match &item.right {
            FilterRight::Path(path) => {
                let name = text.value_field.as_deref().unwrap_or_default();
                comparable(item, left, &text.field, Some((find(path, name)?.1, name)))
            }
            FilterRight::Texts(values) => {
                comparable(item, left, &text.field, None)?;
                values.iter().try_for_each(|value| sensible(of, left, &text.field, value))
            }
        });
        checked.map_err(|e| e.about(def.qualified_name()))?;
    }
    Ok(())
}

fn is_custom(path: &FilterPath) -> bool {
    let own = |name: &str| name.ends_with("__c") || name.ends_with("__r") || name.ends_with("__s");
    path.relation.as_deref().map_or_else(|| own(&path.field), own) || own(&path.field)
}

/// The field that a path leads to, with its object.
fn resolve<'a>(path: &FilterPath, own: &str, object: &impl Fn(&str) -> Option<&'a Object>) -> Option<(&'a Object, &'a Field)> {
    let first = object(own)?;
    let of = |object: &'a Object| Some((object, object.field(&path.field)?));
    let Some(relation) = &path.relation else { return of(first) };
    first.parent_field(relation)?.reference_to.iter().find_map(|to| of(object(to)?))
}

fn comparable(item: &FilterItem, left: &Field, text: &str, right: Option<(&Field, &str)>) -> Result<(), DefError> {
    for (field, text) in std::iter::once((left, text)).chain(right) {
        if !field.has_column() && Family::of(field.ty).is_some() {
            return Err(DefError::unsupported(format_args!("Lookup filters by {text} are")).on(MEMBER));
        }
        if Family::of(field.ty).is_none() || !field.filterable || field.is_personal() {
            return Err(refuse(format!("Lookup filters cannot look at the field {text}")));
        }
    }
    if !item.operation.takes(left.ty) {
        return Err(refuse(format!("The operator is not valid for the field {text} of a lookup filter")));
    }
    match right {
        Some((field, name)) if Family::of(field.ty) != Family::of(left.ty) => {
            Err(refuse(format!("The fields {text} and {name} of a lookup filter cannot be compared")))
        }
        _ => Ok(()),
    }
}

fn sensible(object: &Object, field: &Field, text: &str, value: &str) -> Result<(), DefError> {
    match constant(object, field, value) {
        // Whether there is a literal of that name; any day will do to see it.
        Some(Constant::Days(word, number)) if days::range(&word, number, Date::constant(2000, 1, 1), false).is_err() => {}
        Some(_) => return Ok(()),
        None => {}
    }
    if field.name == "RecordTypeId" {
        // It may be one of those that are not here.
        return Err(DefError::unsupported(format_args!("Lookup filters by the record type {value} are")).on(MEMBER));
    }
    Err(refuse(format!("The value '{value}' of a lookup filter does not fit the field {text}")))
}

/// The filter as Tooling shows it.
pub(super) fn to_metadata(filter: &LookupFilterDef) -> Value {
    let items: Vec<Value> = filter
        .filter_items
        .iter()
        .map(|i| json!({"field": i.field, "operation": i.operation, "value": i.value, "valueField": i.value_field}))
        .collect();
    json!({"active": filter.active, "booleanFilter": filter.boolean_filter, "description": filter.description,
        "errorMessage": filter.error_message, "filterItems": items, "infoMessage": filter.info_message, "isOptional": filter.is_optional})
}
