//! List views: which an object has, what they show, and their rows.

use super::{Rest, records};
use crate::codec::{Doc, XmlOrder};
use crate::{Reply, compat};
use orglet_base::{ApiError, Cell, ErrorCode};
use orglet_engine::Failure;
use orglet_engine::lists::{self, Column, Description};
use orglet_engine::plan::{Node, OutKind};
use orglet_schema::lookup_filter::Logic;
use orglet_schema::standard::list_views::{self, Condition, ListView};
use orglet_schema::{FieldType, Object};
use std::borrow::Cow;
use std::sync::Arc;

/// Rows of a page where no other number is asked for, and the most.
const ROWS: usize = 25;
const MOST_ROWS: usize = 2000;

/// `GET /sobjects/X/listviews`.
pub(super) fn all(cx: &Rest<'_>, object: &str) -> Result<Reply, Failure> {
    let (object, views) = of(cx, object)?;
    Ok(listing(cx, &object, &views))
}

/// `GET /sobjects/X/listviews/{id}`; `recent` in the place of the id asks for those that the user looked at in pages
/// of the user interface, of which there are none here.
pub(super) fn one(cx: &Rest<'_>, object: &str, id: &str) -> Result<Reply, Failure> {
    let (object, views) = of(cx, object)?;
    if id.eq_ignore_ascii_case("recent") {
        return Ok(listing(cx, &object, &[]));
    }
    let view = pick(&object, &views, id)?;
    Ok(cx.doc(200, &summary(cx, &object, &view), "ListView", XmlOrder::Sorted))
}

/// `GET /sobjects/X/listviews/{id}/describe`.
pub(super) fn describe(cx: &Rest<'_>, object: &str, id: &str) -> Result<Reply, Failure> {
    let (object, views) = of(cx, object)?;
    let view = pick(&object, &views, id)?;
    let found = lists::describe(&cx.identity, &object, &view)?;
    let order = found.order.iter().map(|path| {
        Doc::obj([("fieldNameOrPath", path.clone().into()), ("nullsPosition", "first".into()), ("sortDirection", "ascending".into())])
    });
    let doc = Doc::obj([
        ("columns", columns(&found)),
        ("id", view.id(&object).as_15().to_owned().into()),
        ("orderBy", Doc::list(order)),
        ("query", found.query.clone().into()),
        ("scope", view.scope.into()),
        ("sobjectType", object.name.clone().into()),
        ("whereCondition", filter(&found.filter, &found.logic)),
    ]);
    Ok(cx.doc(200, &doc, "DescribeSoqlListView", XmlOrder::Sorted))
}

/// `GET /sobjects/X/listviews/{id}/results`.
pub(super) fn results(cx: &Rest<'_>, object: &str, id: &str) -> Result<Reply, Failure> {
    let (object, views) = of(cx, object)?;
    let view = pick(&object, &views, id)?;
    let limit = number(cx, "limit", ROWS, 1..=MOST_ROWS)?;
    let offset = number(cx, "offset", 0, 0..=MOST_ROWS)?;
    let found = lists::describe(&cx.identity, &object, &view)?;
    let page = lists::page(&cx.server.engine, &cx.identity, cx.version, &found, limit, offset)?;
    let rows = &page.answer.set.rows;
    let shape = page.answer.record_plan().map_or(&[][..], |plan| plan.shape.as_slice());
    let places: Vec<_> = found.columns.iter().map(|c| place(shape, &c.path)).collect();
    let record = |row: usize| {
        let cells = found.columns.iter().zip(&places).map(|(column, place)| {
            let value = place.as_ref().and_then(|(at, value)| text(value, rows.cell(row, *at)));
            Doc::obj([("fieldNameOrPath", column.path.clone().into()), ("value", value.into())])
        });
        Doc::obj([("columns", Doc::list(cells))])
    };
    let doc = Doc::obj([
        ("columns", columns(&found)),
        ("developerName", view.developer_name.clone().into()),
        ("done", page.done.into()),
        ("id", view.id(&object).as_15().to_owned().into()),
        ("label", view.label.clone().into()),
        ("records", Doc::list((0..rows.len()).map(record))),
        ("size", (rows.len() as i64).into()),
    ]);
    Ok(cx.doc(200, &doc, "ExecuteListViewResult", XmlOrder::Sorted))
}

/// An object and its list views; 404 where it has none.
fn of(cx: &Rest<'_>, name: &str) -> Result<(Arc<Object>, Vec<ListView>), ApiError> {
    let object = cx.object(name)?;
    let views = list_views::of(&object);
    if views.is_empty() || !compat::has_list_views(cx.version) { Err(ApiError::not_found()) } else { Ok((object, views)) }
}

/// The view that an id or a developer name means.
fn pick(object: &Object, views: &[ListView], id: &str) -> Result<ListView, ApiError> {
    lists::pick(object, views, id).cloned().ok_or_else(ApiError::not_found)
}

fn listing(cx: &Rest<'_>, object: &Object, views: &[ListView]) -> Reply {
    let doc = Doc::obj([
        ("done", true.into()),
        ("listviews", Doc::list(views.iter().map(|view| summary(cx, object, view)))),
        ("nextRecordsUrl", Doc::Null),
        ("size", (views.len() as i64).into()),
        ("sobjectType", object.name.clone().into()),
    ]);
    cx.doc(200, &doc, "ListViews", XmlOrder::Sorted)
}

fn summary(cx: &Rest<'_>, object: &Object, view: &ListView) -> Doc {
    let id = view.id(object).to_string();
    let url = format!("{}listviews/{id}", cx.rows_of(object));
    Doc::obj([
        ("describeUrl", format!("{url}/describe").into()),
        ("developerName", view.developer_name.clone().into()),
        ("id", id.into()),
        ("label", view.label.clone().into()),
        ("resultsUrl", format!("{url}/results").into()),
        ("soqlCompatible", view.filter.is_some().into()),
        ("url", url.into()),
    ])
}

fn columns(found: &Description) -> Doc {
    let first = found.order.first();
    Doc::list(found.columns.iter().map(|column| {
        let sorted = !column.hidden && first == Some(&column.path);
        let (ascending, descending) = order_labels(column);
        Doc::obj([
            ("ascendingLabel", ascending.into()),
            ("descendingLabel", descending.into()),
            ("fieldNameOrPath", column.path.clone().into()),
            ("hidden", column.hidden.into()),
            ("label", column.label.clone().into()),
            ("selectListItem", column.select.clone().into()),
            ("sortDirection", sorted.then_some("ascending").into()),
            ("sortIndex", sorted.then_some(0).into()),
            ("sortable", column.sortable.into()),
            ("type", column.ty.name().into()),
        ])
    }))
}

/// What the two orders of a column are called. Of text and phone numbers they are recorded the wrong way round.
fn order_labels(column: &Column) -> (Option<&'static str>, Option<&'static str>) {
    if !column.sortable {
        return (None, None);
    }
    let (ascending, descending) = match column.ty {
        FieldType::Phone => ("9-0", "0-9"),
        FieldType::Picklist | FieldType::MultiPicklist => ("Low to High", "High to Low"),
        ty if ty.is_text() => ("Z-A", "A-Z"),
        _ => ("Low to High", "High to Low"),
    };
    (Some(ascending), Some(descending))
}

/// A single condition stands for itself; several, or none, are a group.
fn filter(conditions: &[Condition], logic: &Logic) -> Doc {
    match logic {
        Logic::Item(at) => conditions.get(*at).map_or(Doc::Null, whole),
        Logic::All(parts) => joined(conditions, parts, "and"),
        Logic::Any(parts) => joined(conditions, parts, "or"),
        Logic::Not(part) => Doc::obj([("condition", filter(conditions, part))]),
    }
}

fn joined(conditions: &[Condition], parts: &[Logic], conjunction: &'static str) -> Doc {
    match parts {
        [one] => filter(conditions, one),
        parts => group(parts.iter().map(|part| filter(conditions, part)).collect(), conjunction),
    }
}

fn group(members: Vec<Doc>, conjunction: &'static str) -> Doc {
    Doc::obj([("conditions", Doc::List(members)), ("conjunction", conjunction.into())])
}

/// A condition; one with several values is a group of as many, but where a single one takes them all.
fn whole(condition: &Condition) -> Doc {
    let one = |values: &[Cow<'static, str>]| {
        Doc::obj([
            ("field", condition.field.clone().into_owned().into()),
            ("operator", condition.operator.into()),
            ("values", Doc::list(values.iter().map(|v| Doc::from(v.clone().into_owned())))),
        ])
    };
    match condition.values.as_slice() {
        [] | [_] => one(&condition.values),
        several if matches!(condition.operator, "includes" | "excludes") => one(several),
        several => {
            let conjunction = if condition.is_negative() { "and" } else { "or" };
            group(several.iter().map(|value| one(std::slice::from_ref(value))).collect(), conjunction)
        }
    }
}

/// A whole number within bounds.
fn number(cx: &Rest<'_>, name: &str, otherwise: usize, bounds: std::ops::RangeInclusive<usize>) -> Result<usize, ApiError> {
    let Some(text) = cx.call.param(name) else { return Ok(otherwise) };
    text.trim().parse().ok().filter(|n| bounds.contains(n)).ok_or_else(|| {
        let text = format!("The value of {name} must be a whole number from {} to {}: {text}", bounds.start(), bounds.end());
        ApiError::routing(ErrorCode::IllegalQueryParameterValue, text)
    })
}

/// A value of a plan's shape: how it is printed, and the field it is of.
type Value<'a> = (&'a OutKind, Option<&'a (Arc<Object>, usize)>);

/// Where in a row the value of a path is.
fn place<'a>(shape: &'a [Node], path: &str) -> Option<(usize, Value<'a>)> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    shape.iter().find_map(|node| match (node, rest) {
        (Node::Value { name, column, kind, source }, None) if name.eq_ignore_ascii_case(first) => Some((*column, (kind, source.as_ref()))),
        (Node::Parent { name, nodes, .. }, Some(rest)) if name.eq_ignore_ascii_case(first) => place(nodes, rest),
        _ => None,
    })
}

/// A cell as text: dates as the platform's runtime writes them.
fn text((kind, source): &Value<'_>, cell: Cell<'_>) -> Option<String> {
    records::plain_text(kind, *source, cell)
}
