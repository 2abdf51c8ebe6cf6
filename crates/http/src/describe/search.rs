//! What searches look in, and what a page of results shows.

use super::Viewer;
use crate::codec::Doc;
use orglet_engine::{lists, search as engine};
use orglet_schema::standard::layouts;
use orglet_schema::{FieldType, Object};
use std::sync::Arc;

/// The objects in a user's scope until what the user does says otherwise, in their order.
const SCOPE: &[&str] = &["Account", "Contact", "Lead", "Opportunity", "Case", "User"];

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

/// An object's layout; for one that has none, what is wrong stands in its place.
pub(crate) fn layout(cx: &dyn Viewer, object: &Arc<Object>) -> Doc {
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

fn columns(cx: &dyn Viewer, object: &Arc<Object>) -> Vec<Doc> {
    let column = |field: String, format: Option<&'static str>, label: String, name: String| {
        Doc::obj([("field", field.into()), ("format", format.into()), ("label", label.into()), ("name", name.into())])
    };
    if let Some((_, known)) = LAYOUTS.iter().find(|(name, _)| *name == object.name) {
        return known.iter().map(|(field, label, name)| column((*field).into(), None, (*label).into(), (*name).into())).collect();
    }
    let paths = layouts::search_columns(object);
    if !paths.is_empty() {
        return lists::columns(cx.identity(), object, &paths)
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

/// The objects of the user's scope.
pub(crate) fn scope(cx: &dyn Viewer) -> Vec<&Arc<Object>> {
    SCOPE.iter().filter_map(|name| cx.visible(name)).filter(|o| engine::is_searchable(o)).collect()
}
