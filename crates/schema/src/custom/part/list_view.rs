//! List views that an org's metadata defines: which records, and what is shown of them.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::list_columns::path;
use super::{Kind, ObjectRules, Part};
use crate::field::{Field, FieldType};
use crate::lookup_filter::{Constant, FilterOperation, Logic, Wanted, constant, texts};
use crate::object::Object;
use crate::standard::list_views::{self, Condition, ListView};
use orglet_base::{ErrorCode, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Longest label, in characters.
const MAX_LABEL: usize = 80;
/// Most columns and conditions; the pages of the user interface take fewer.
const MAX_COLUMNS: usize = 100;
const MAX_FILTERS: usize = 50;
/// Longest value of a condition, in characters.
const MAX_VALUE: usize = 1000;

/// Scopes, and what a query says for them; nothing for those that no query here can say.
const SCOPES: &[(&str, Option<&str>)] = &[
    ("Everything", Some("everything")),
    ("Mine", Some("mine")),
    ("MineAndMyGroups", None),
    ("Queue", None),
    ("Delegated", None),
    ("MyTerritory", None),
    ("MyTeamTerritory", None),
    ("Team", None),
    ("SalesTeam", None),
    ("AssignedToMe", None),
    ("ScopingRule", None),
];

/// The definition of a list view. Members are named and meant as in the `ListView` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ListViewDef {
    /// The object whose records it lists.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_filter: Option<String>,
    #[serde(default)]
    pub columns: Vec<String>,
    pub filter_scope: String,
    #[serde(default)]
    pub filters: Vec<ListViewFilterDef>,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Who sees it, as the metadata says it: here, everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_to: Option<Value>,
    /// The id that the org gave it.
    #[serde(skip)]
    id: Option<Id>,
    /// It was accepted before: see [`Part::stored`].
    #[serde(skip)]
    kept: bool,
}

/// A condition of a list view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ListViewFilterDef {
    pub field: String,
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Part for ListViewDef {
    const KIND: Kind = Kind {
        name: "ListView",
        label: "List View",
        what: "list view",
        prefix: "00B",
        ending: "listView",
        member: Some("listViews"),
        columns: Vec::new,
    };
    const TOOLING: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "ListView");
        m.only(&[&[
            "fullName",
            "booleanFilter",
            "columns",
            "division",
            "filterScope",
            "filters",
            "label",
            "language",
            "queue",
            "sharedTo",
        ]])?;
        if full_name.contains("__") {
            return Err(DefError::unsupported("List views of packages are"));
        }
        if !name::is_developer_name(full_name) {
            return Err(name::bad_name("View Unique Name", full_name));
        }
        for member in ["division", "queue"] {
            if m.word(member)?.is_some() {
                return Err(m.place(member, DefError::unsupported(format_args!("{member} on a ListView is"))));
            }
        }
        let label = m.text("label")?.ok_or_else(|| m.missing("label"))?;
        if label.chars().count() > MAX_LABEL {
            let message = format!("View Name: data value too large: {label} (max length={MAX_LABEL})");
            return Err(m.place("label", DefError::new(ErrorCode::StringTooLong, message)));
        }
        let scope = |word: &str| SCOPES.iter().find(|(name, _)| *name == word);
        let (filter_scope, said) = m.choice("filterScope", "FilterScope", |w| scope(w))?.ok_or_else(|| m.missing("filterScope"))?;
        if said.is_none() {
            return Err(m.place("filterScope", DefError::unsupported(format_args!("List views of the scope {filter_scope} are"))));
        }
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            boolean_filter: m.word("booleanFilter")?,
            columns: node.all("columns").filter_map(|c| c.text.as_deref()).map(|c| c.trim().to_owned()).collect(),
            filter_scope: (*filter_scope).to_owned(),
            filters: node.all("filters").map(filter).collect::<Result<_, _>>()?,
            label,
            language: m.word("language")?,
            shared_to: m.one("sharedTo")?.map(shared),
            id: None,
            kept: false,
        };
        if def.columns.len() > MAX_COLUMNS || def.filters.len() > MAX_FILTERS {
            let message = format!("A list view can have at most {MAX_COLUMNS} columns and {MAX_FILTERS} filters");
            return Err(m.place("columns", DefError::integrity(message)));
        }
        def.logic().map_err(|text| m.place("booleanFilter", DefError::integrity(text)))?;
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        let filters: Vec<Value> =
            self.filters.iter().map(|f| json!({"field": f.field, "operation": f.operation, "value": f.value})).collect();
        json!({"booleanFilter": self.boolean_filter, "columns": self.columns, "division": null, "filterScope": self.filter_scope,
            "filters": filters, "label": self.label, "language": self.language, "queue": null, "sharedTo": self.shared_to})
    }

    fn column(&self, _name: &str) -> Value {
        Value::Null
    }

    fn stored(&mut self, id: Id, kept: bool) {
        (self.id, self.kept) = (Some(id), kept);
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        if !object.flags.layoutable {
            return Err(DefError::integrity(format!("The object {} has no list views", object.name)).on("fullName"));
        }
        let scope = SCOPES.iter().find(|(name, _)| *name == self.filter_scope).and_then(|(_, said)| *said).unwrap_or("everything");
        if scope == "mine" && object.field("OwnerId").is_none() {
            return Err(DefError::integrity(format!("Records of {} have no owner", object.name)).on("filterScope"));
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            match path(object, column) {
                Some(found) => columns.push(found),
                None if self.kept => {}
                None => return Err(unresolved(column, "columns")),
            }
        }
        if columns.is_empty() {
            columns = list_views::plain(object);
        }
        let filter = self.filters.iter().map(|filter| condition(object, filter)).collect::<Result<_, _>>()?;
        rules.list_views.push(ListView {
            own: self.id,
            number: 0,
            developer_name: self.full_name.clone(),
            label: self.label.clone(),
            scope,
            filter: Some(filter),
            logic: self.logic().map_err(|text| DefError::integrity(text).on("booleanFilter"))?,
            columns,
        });
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        self.object.eq_ignore_ascii_case(object) && self.filters.iter().any(|f| f.field.eq_ignore_ascii_case(field))
    }

    fn forget(&mut self, object: &str, field: &str) -> bool {
        let before = self.columns.len();
        if self.object.eq_ignore_ascii_case(object) {
            self.columns.retain(|column| !column.eq_ignore_ascii_case(field));
        }
        self.columns.len() < before
    }

    fn fit(&mut self, object: &Object) -> Vec<String> {
        // Custom fields may come with the same project.
        let (kept, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.columns).into_iter().partition(|c| c.ends_with("__c") || path(object, c).is_some());
        self.columns = kept;
        gone.into_iter().map(|column| format!("column {column}")).collect()
    }
}

impl ListViewDef {
    fn logic(&self) -> Result<Logic, String> {
        match &self.boolean_filter {
            Some(text) => Logic::parse(text, self.filters.len()),
            None => Ok(Logic::all_of(self.filters.len())),
        }
    }
}

/// What a field of the platform's own is called differs by object and is not known of all, and packages bring fields that are not
/// here; any other custom field's name is wrong.
fn unresolved(name: &str, member: &str) -> DefError {
    match name.strip_suffix("__c").is_some_and(|stem| !stem.contains("__")) {
        true => DefError::integrity(format!("Could not resolve list view column: {name}")).on(member),
        false => DefError::unsupported(format_args!("The list view column {name} is")).on(member),
    }
}

fn filter(node: &MetaNode) -> Result<ListViewFilterDef, DefError> {
    let m = Members::new(node, "ListViewFilter");
    m.only(&[&["field", "operation", "value"]])?;
    let field = m.word("field")?.ok_or_else(|| m.missing("field"))?;
    let operation = m.word("operation")?.ok_or_else(|| m.missing("operation"))?;
    if operation == "within" {
        return Err(m.place("operation", DefError::unsupported("List views by distance are")));
    }
    m.choice("operation", "FilterOperation", FilterOperation::parse)?;
    let value = m.text("value")?;
    if value.as_deref().is_some_and(|v| v.chars().count() > MAX_VALUE) {
        return Err(m.place("value", DefError::integrity(format!("value of a filter can be at most {MAX_VALUE} characters long"))));
    }
    Ok(ListViewFilterDef { field, operation, value })
}

/// Who a list view is shared with: members that may be there more than once are lists.
fn shared(node: &MetaNode) -> Value {
    let mut all = Map::new();
    for child in &node.children {
        let said = json!(child.text.as_deref().unwrap_or_default().trim());
        match all.get_mut(&child.name) {
            Some(Value::Array(list)) => list.push(said),
            _ => {
                all.insert(child.name.clone(), json!([said]));
            }
        }
    }
    Value::Object(all)
}

/// A condition, as a query says it.
fn condition(object: &Object, filter: &ListViewFilterDef) -> Result<Condition, DefError> {
    use FilterOperation::*;
    let unsaid = || DefError::unsupported(format_args!("A list view by {} {} is", filter.field, filter.operation)).on("filters");
    let name = path(object, &filter.field).ok_or_else(|| unresolved(&filter.field, "filters"))?;
    let field = object.field(&name).ok_or_else(unsaid)?;
    let operation = FilterOperation::parse(&filter.operation).ok_or_else(unsaid)?;
    if !operation.takes(field.ty) || !field.filterable {
        let message = format!("The operator {} is not valid for the field {}", filter.operation, filter.field);
        return Err(DefError::integrity(message).on("filters"));
    }
    let (operator, around) = match operation {
        Equals => ("equals", ("", "")),
        NotEqual => ("notEquals", ("", "")),
        LessThan => ("lessThan", ("", "")),
        GreaterThan => ("greaterThan", ("", "")),
        LessOrEqual => ("lessThanOrEqualTo", ("", "")),
        GreaterOrEqual => ("greaterThanOrEqualTo", ("", "")),
        Contains => ("like", ("%", "%")),
        NotContain => ("notLike", ("%", "%")),
        StartsWith => ("like", ("", "%")),
        Includes => ("includes", ("", "")),
        Excludes => ("excludes", ("", "")),
    };
    let blank_fits = matches!(operation, Equals | NotEqual);
    let literal = |text: &str| literal(object, field, text, around, blank_fits).ok_or_else(unsaid);
    let values = texts(filter.value.as_deref().unwrap_or_default()).iter().map(|t| literal(t)).collect::<Result<Vec<_>, _>>()?;
    Ok(Condition { field: Cow::Owned(name), operator, values })
}

/// A value as a query writes it; none for what no query can say. `around` is what stands around the text of a pattern.
fn literal(object: &Object, field: &Field, text: &str, around: (&str, &str), blank_fits: bool) -> Option<Cow<'static, str>> {
    let pattern = around != ("", "");
    Some(Cow::Owned(match constant(object, field, text)? {
        Constant::Wanted(Wanted::Blank) => return blank_fits.then_some(Cow::Borrowed("null")),
        Constant::Days(word, None) => word,
        Constant::Days(word, Some(number)) => format!("{word}:{number}"),
        Constant::Wanted(Wanted::Value(value)) => match field.ty {
            FieldType::Boolean | FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent | FieldType::Date => {
                value.display()
            }
            ty if ty.is_text() || matches!(ty, FieldType::Id | FieldType::Reference) => {
                let mut quoted = String::from("'");
                quoted.push_str(around.0);
                for c in value.display().chars() {
                    if matches!(c, '\'' | '\\') || (pattern && matches!(c, '%' | '_')) {
                        quoted.push('\\');
                    }
                    quoted.push(c);
                }
                quoted.push_str(around.1);
                quoted.push('\'');
                quoted
            }
            _ => return None,
        },
        // The day of an instant, and ranges, depend on whose day it is.
        Constant::Wanted(Wanted::Range(..)) | Constant::Day(_) => return None,
    }))
}
