//! The scope of searches, and what a page of results shows.

use super::{illegal, missing};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::rest::Rest;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, lists, search as engine};
use orglet_schema::standard::layouts;
use orglet_schema::{FieldType, Object};
use std::sync::Arc;

/// The objects in a user's scope until what the user does says otherwise, in their order.
pub(super) const SCOPE: &[&str] = &["Account", "Contact", "Lead", "Opportunity", "Case", "User"];
/// Objects that one request may ask for.
const MOST_OBJECTS: usize = 100;
/// Rows of a page of results.
const ROWS: i64 = 25;

/// A column of a layout: object and field it comes from, label, path.
type Column = (&'static str, &'static str, &'static str);

/// Layouts of a new org as the REST API guide shows them. Of other objects the data knows them, or they show their names.
const LAYOUTS: &[(&str, &[Column])] = &[
    (
        "Account",
        &[
            ("Account.Name", "Account Name", "Name"),
            ("Account.Site", "Account Site", "Site"),
            ("Account.Phone", "Phone", "Phone"),
            ("User.Alias", "Account Owner Alias", "Owner.Alias"),
        ],
    ),
    (
        "Contact",
        &[
            ("Contact.Name", "Name", "Name"),
            ("Account.Name", "Account Name", "Account.Name"),
            ("Account.Site", "Account Site", "Account.Site"),
            ("Contact.Phone", "Phone", "Phone"),
            ("Contact.Email", "Email", "Email"),
            ("User.Alias", "Contact Owner Alias", "Owner.Alias"),
        ],
    ),
    (
        "Lead",
        &[
            ("Lead.Name", "Name", "Name"),
            ("Lead.Title", "Title", "Title"),
            ("Lead.Phone", "Phone", "Phone"),
            ("Lead.Company", "Company", "Company"),
            ("Lead.Email", "Email", "Email"),
            ("Lead.Status", "Lead Status", "toLabel(Status)"),
            ("Name.Alias", "Owner Alias", "Owner.Alias"),
        ],
    ),
];

/// `GET /search/scopeOrder`.
pub(in crate::rest) fn scope_and_order(cx: &Rest<'_>) -> Reply {
    let objects = scope(cx).into_iter().map(|object| {
        let url = format!("{}/sobjects/{}/describe", cx.base, object.name);
        Doc::obj([("type", object.name.clone().into()), ("url", url.into())])
    });
    cx.doc(200, &Doc::Wrapped("SearchScope", objects.collect()), "SearchScopes", XmlOrder::Sorted)
}

/// The objects of the user's scope.
pub(super) fn scope(cx: &Rest<'_>) -> Vec<Arc<Object>> {
    SCOPE.iter().filter_map(|name| cx.object(name).ok()).filter(|o| engine::is_searchable(o)).collect()
}

/// `GET /search/layout?q=Account,Contact`.
pub(in crate::rest) fn layouts(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let names = cx.call.param("q").filter(|q| !q.trim().is_empty()).ok_or_else(|| missing("q"))?;
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    if names.len() > MOST_OBJECTS {
        return Err(illegal(format!("At most {MOST_OBJECTS} objects can be asked for")).into());
    }
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        let object = cx.object(name).map_err(|_| unknown(name))?;
        out.push(layout(cx, &object));
    }
    Ok(cx.doc(200, &Doc::Wrapped("SearchLayout", out), "SearchLayouts", XmlOrder::Sorted))
}

fn unknown(name: &str) -> ApiError {
    let text = format!(
        "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the \
         entity name. Please reference your WSDL or the describe call for the appropriate names."
    );
    ApiError::new(ErrorCode::InvalidType, text)
}

/// An object's layout; for one that has none, what is wrong stands in its place.
fn layout(cx: &Rest<'_>, object: &Arc<Object>) -> Doc {
    let columns = if object.flags.search_layoutable { columns(cx, object) } else { Vec::new() };
    let there = !columns.is_empty();
    let error = (!there).then(|| format!("entity type {} does not have search layouts", object.name));
    Doc::obj([
        ("errorMsg", error.into()),
        ("label", if there { "Search Results".into() } else { Doc::Null }),
        ("limitRows", if there { ROWS } else { 0 }.into()),
        ("objectType", object.name.clone().into()),
        ("searchColumns", Doc::List(columns)),
    ])
}

fn columns(cx: &Rest<'_>, object: &Arc<Object>) -> Vec<Doc> {
    let column = |field: String, format: Option<&'static str>, label: String, name: String| {
        Doc::obj([("field", field.into()), ("format", format.into()), ("label", label.into()), ("name", name.into())])
    };
    if let Some((_, known)) = LAYOUTS.iter().find(|(name, _)| *name == object.name) {
        return known.iter().map(|(field, label, name)| column((*field).into(), None, (*label).into(), (*name).into())).collect();
    }
    let paths = layouts::search_columns(object);
    if !paths.is_empty() {
        return lists::columns(&cx.identity, object, &paths)
            .into_iter()
            .map(|c| {
                let format = match c.ty {
                    FieldType::Date => Some("date"),
                    FieldType::DateTime => Some("dateTime"),
                    _ => None,
                };
                column(c.field, format, c.label, c.select)
            })
            .collect();
    }
    let name = engine::naming_field(object);
    name.map(|f| column(format!("{}.{}", object.name, f.name), None, f.label.clone(), f.name.clone())).into_iter().collect()
}
