//! List views: what they show, the query that finds it, and a page of their rows.

use crate::{Failure, Identity, Server, metadata, query};
use orglet_base::{ApiError, ApiVersion, ErrorCode, Id};
use orglet_plan::Output;
use orglet_schema::lookup_filter::Logic;
use orglet_schema::standard::layouts;
use orglet_schema::standard::list_views::{self, Condition, ListView};
use orglet_schema::{Catalog, Field, FieldType, Object};
use std::borrow::Cow;
use std::sync::Arc;

/// Columns that every list view has beside those it shows.
const HIDDEN: &[&str] = &["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// A list view as it is described.
#[derive(Clone, Debug)]
pub struct Description {
    /// Those that are shown, then those that are hidden.
    pub columns: Vec<Column>,
    /// Paths that rows are ordered by, each ascending with nulls first.
    pub order: Vec<String>,
    /// The query.
    pub query: String,
    /// What follows the SELECT list of the query, without its order.
    from: String,
    /// What rows are like.
    pub filter: Vec<Condition>,
    /// How the conditions hang together.
    pub logic: Logic,
}

/// A column of a list view.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field, as a path from the object.
    pub path: String,
    /// Its name for people.
    pub label: String,
    /// As the query selects it.
    pub select: String,
    /// Not shown.
    pub hidden: bool,
    /// Whether rows can be ordered by it.
    pub sortable: bool,
    /// Its type.
    pub ty: FieldType,
    /// The field itself, behind its object's name.
    pub field: String,
}

/// Rows of a list view.
#[derive(Debug)]
pub struct Page {
    /// The rows, by the plan of the view's query.
    pub answer: query::Answer,
    /// Whether no rows follow.
    pub done: bool,
}

/// The one of an object's list views that an id or a developer name means.
pub fn pick<'a>(object: &Object, views: &'a [ListView], id_or_name: &str) -> Option<&'a ListView> {
    let id = Id::parse(id_or_name).ok();
    views.iter().find(|view| id.is_some_and(|id| view.id(object) == id) || view.developer_name.eq_ignore_ascii_case(id_or_name))
}

/// The list view of an id, with its object, as far as the user sees that.
pub fn by_id(identity: &Identity, id: Id) -> Option<(Arc<Object>, ListView)> {
    if id.prefix() != list_views::PREFIX {
        return None;
    }
    let catalog = identity.org.catalog();
    let of = |object: &Arc<Object>| {
        let view = list_views::of(object).into_iter().find(|view| view.id(object) == id)?;
        identity.access.sees_object(object).then(|| (object.clone(), view))
    };
    // Those that metadata defines have ids of their own, which say nothing of the object.
    catalog.by_prefix(list_views::listed(id)).and_then(of).or_else(|| {
        let defined = metadata::find(&identity.org, id).ok().flatten()?;
        of(catalog.object(&defined.object)?)
    })
}

/// What a list view shows, and the query that finds it.
///
/// # Errors
/// `FUNCTIONALITY_NOT_ENABLED` for a view whose rows no query here can find.
pub fn describe(identity: &Identity, object: &Arc<Object>, view: &ListView) -> Result<Description, ApiError> {
    let Some(filter) = view.filter.clone() else {
        let text = format!("The list view {} cannot be run for this organization.", view.developer_name);
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, text));
    };
    let catalog = identity.org.catalog();
    let lookup = Lookup { identity, catalog: &catalog, object };
    let mut columns: Vec<Column> = view.columns.iter().filter_map(|path| lookup.column(path, false)).collect();
    let sorted = columns.iter().find(|c| c.sortable).map(|c| c.path.clone());
    let mut hidden: Vec<String> = HIDDEN.iter().map(|name| (*name).to_owned()).collect();
    for path in &view.columns {
        if let Some((relation, _)) = path.split_once('.')
            && let Some(field) = object.parent_field(relation)
        {
            hidden.extend([format!("{relation}.Id"), field.name.clone()]);
        }
    }
    for path in hidden {
        if !columns.iter().any(|c| c.path == path) {
            columns.extend(lookup.column(&path, true));
        }
    }
    let mut order: Vec<String> = sorted.into_iter().collect();
    if !order.iter().any(|path| path == "Id") {
        order.push("Id".to_owned());
    }
    let select: Vec<&str> = columns.iter().map(|c| c.select.as_str()).collect();
    let scope = if view.scope == "everything" { String::new() } else { format!(" USING SCOPE {}", view.scope) };
    let from = format!(" FROM {}{scope}{}", object.name, condition_text(&filter, &view.logic));
    let by: Vec<String> = order.iter().map(|path| format!("{path} ASC NULLS FIRST")).collect();
    let query = format!("SELECT {}{from} ORDER BY {}", select.join(", "), by.join(", "));
    Ok(Description { columns, order, query, from, filter, logic: view.logic.clone() })
}

/// Fields as the columns of a list, as far as the user may read them.
pub fn columns(identity: &Identity, object: &Arc<Object>, paths: &[&str]) -> Vec<Column> {
    let catalog = identity.org.catalog();
    let lookup = Lookup { identity, catalog: &catalog, object };
    paths.iter().filter_map(|path| lookup.column(path, false)).collect()
}

/// Rows of a list view: at most `limit`, after the first `offset`.
pub fn page(
    server: &Server,
    identity: &Identity,
    version: ApiVersion,
    description: &Description,
    limit: usize,
    offset: usize,
) -> Result<Page, Failure> {
    let run =
        |soql: &str| query::run(server, identity, &query::Request { soql, version, all_rows: false, batch: query::BATCH, tooling: false });
    let offset_text = if offset > 0 { format!(" OFFSET {offset}") } else { String::new() };
    let soql = format!("{} LIMIT {limit}{offset_text}", description.query);
    let answer = run(&soql)?;
    // Whether more follow is counted only where the page is full.
    let done = answer.set.rows.len() < limit || {
        let count = run(&format!("SELECT COUNT(){} LIMIT {}", description.from, offset + limit + 1))?;
        debug_assert!(matches!(count.plan.output, Output::Count(_)), "a count");
        count.total <= (offset + limit) as u64
    };
    Ok(Page { answer, done })
}

/// The keys of a list view's first rows, in its order: at most `most`. A name that is `Recent` means the list of rows viewed
/// last.
///
/// # Errors
/// `None` where the object has no such list; `FUNCTIONALITY_NOT_ENABLED` for a list that no query can say.
pub(crate) fn first_keys(
    identity: &Identity,
    version: ApiVersion,
    object: &Arc<Object>,
    name: &str,
    most: usize,
) -> Result<Option<Vec<String>>, Failure> {
    let views = list_views::of(object);
    let recent = || views.iter().find(|view| view.scope == "mru").filter(|_| name.eq_ignore_ascii_case("Recent"));
    let Some(view) = views.iter().find(|view| view.developer_name.eq_ignore_ascii_case(name)).or_else(recent) else { return Ok(None) };
    let Description { from, order, .. } = describe(identity, object, view)?;
    let by: Vec<String> = order.iter().map(|path| format!("{path} ASC NULLS FIRST")).collect();
    let soql = format!("SELECT Id{from} ORDER BY {} LIMIT {most}", by.join(", "));
    let request = query::Request { soql: &soql, version, all_rows: false, batch: query::BATCH, tooling: false };
    Ok(Some(query::keys(identity, &request)?))
}

/// The WHERE clause.
fn condition_text(filter: &[Condition], logic: &Logic) -> String {
    if filter.is_empty() { String::new() } else { format!(" WHERE {}", logic_text(filter, logic, false)) }
}

fn logic_text(filter: &[Condition], logic: &Logic, within: bool) -> String {
    let joined = |parts: &[Logic], by: &str| match parts {
        [one] => logic_text(filter, one, within),
        parts => {
            let all: Vec<String> = parts.iter().map(|part| logic_text(filter, part, true)).collect();
            let text = all.join(by);
            if within { format!("({text})") } else { text }
        }
    };
    match logic {
        Logic::Item(at) => filter.get(*at).map(|c| one(c, within)).unwrap_or_default(),
        Logic::All(parts) => joined(parts, " AND "),
        Logic::Any(parts) => joined(parts, " OR "),
        Logic::Not(part) => format!("(NOT {})", logic_text(filter, part, true)),
    }
}

fn one(condition: &Condition, among_others: bool) -> String {
    let Condition { field, operator, values } = condition;
    if let "includes" | "excludes" = *operator {
        return format!("{field} {} ({})", operator.to_ascii_uppercase(), values.join(", "));
    }
    let compare = |value: &Cow<'static, str>| match *operator {
        "notEquals" => format!("{field} != {value}"),
        "lessThan" => format!("{field} < {value}"),
        "lessThanOrEqualTo" => format!("{field} <= {value}"),
        "greaterThan" => format!("{field} > {value}"),
        "greaterThanOrEqualTo" => format!("{field} >= {value}"),
        "like" => format!("{field} LIKE {value}"),
        "notLike" => format!("(NOT {field} LIKE {value})"),
        _ => format!("{field} = {value}"),
    };
    let all: Vec<String> = values.iter().map(compare).collect();
    let text = all.join(if condition.is_negative() { " AND " } else { " OR " });
    if all.len() > 1 && among_others { format!("({text})") } else { text }
}

/// Finds fields by their paths.
struct Lookup<'a> {
    identity: &'a Identity,
    catalog: &'a Catalog,
    object: &'a Arc<Object>,
}

impl Lookup<'_> {
    /// A column, if the user may read it.
    fn column(&self, path: &str, hidden: bool) -> Option<Column> {
        let (label, ty, sortable, own) = match path.split_once('.') {
            None => {
                let field = self.readable(self.object, path)?;
                let label = if hidden { field.label.clone() } else { layouts::label(self.object, field) };
                (label, field.ty, field.sortable, format!("{}.{}", self.object.name, field.name))
            }
            Some((relation, name)) => self.parent(relation, name)?,
        };
        let select =
            if matches!(ty, FieldType::Picklist | FieldType::MultiPicklist) { format!("toLabel({path})") } else { path.to_owned() };
        Some(Column { path: path.to_owned(), label, select, hidden, sortable: sortable && !hidden, ty, field: own })
    }

    fn readable<'o>(&self, object: &'o Object, name: &str) -> Option<&'o Field> {
        object.field(name).filter(|f| self.identity.access.reads_field(object, f))
    }

    /// Label, type, whether it sorts, and object and name of a field of a parent.
    fn parent(&self, relation: &str, name: &str) -> Option<(String, FieldType, bool, String)> {
        let reference = self.object.parent_field(relation)?;
        self.readable(self.object, &reference.name)?;
        let mut targets =
            reference.reference_to.iter().filter_map(|to| self.catalog.object(to)).filter(|o| self.identity.access.sees_object(o));
        let called = layouts::label(self.object, reference);
        if name == "NameOrAlias" || (name == "Alias" && relation == "Owner") {
            let user = self.catalog.object("User").filter(|user| targets.any(|to| to.name == user.name))?;
            let whose = match self.object.name.as_str() {
                "Lead" => "Owner Alias".to_owned(),
                "Task" | "Event" => "Assigned Alias".to_owned(),
                _ => format!("{called} Alias"),
            };
            return Some((whose, FieldType::String, true, format!("{}.Alias", user.name)));
        }
        let target = targets.find(|o| o.field(name).is_some() || name == "Name")?;
        if name == "Id" {
            // An owner's is called by what owners were before there were queues.
            let of = if relation == "Owner" { "User" } else { target.label.as_str() };
            return Some((format!("{of} ID"), FieldType::Id, true, format!("{}.Id", target.name)));
        }
        let field = if name == "Name" { target.name_field() } else { self.readable(target, name) }?;
        let label = match name {
            "Name" => called,
            "Alias" => format!("{} Alias", called.trim_end_matches(" By")),
            _ => field.label.clone(),
        };
        Some((label, field.ty, field.sortable, format!("{}.{}", target.name, field.name)))
    }
}
