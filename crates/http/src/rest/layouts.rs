//! Page layouts, compact layouts and approval layouts.

use super::{Rest, quick};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::describe::layout_items::{Tabs, items_of};
use crate::describe::layouts::{compact_doc, compact_result, layout_doc, not_layoutable, result};
use crate::describe::record_types;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_schema::Object;
use orglet_schema::custom::part::page_field;
use orglet_schema::standard::describe as facts;
use orglet_schema::standard::layouts::{self, Layout};
use std::sync::Arc;

/// The most objects that `compactLayouts?q=` may name.
const MOST_OBJECTS: usize = 100;

/// `GET /sobjects/X/describe/layouts`. With several record types the layouts are not in it: each is asked for by itself.
pub(super) fn all(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let (object, layout) = of(cx, name)?;
    Ok(with_mapping(cx, &object, &layout, record_types::of(&object).len() > 1))
}

/// `GET /sobjects/X/describe/namedLayouts/{name}`.
pub(super) fn named(cx: &Rest<'_>, name: &str, layout: &str) -> Result<Reply, Failure> {
    let object = cx.object(name)?;
    let layout = layouts::named(&object, layout).ok_or_else(ApiError::not_found)?;
    Ok(with_mapping(cx, &object, &layout, false))
}

/// `GET /sobjects/Global/describe/layouts`: the actions of pages that show no record.
pub(super) fn global(cx: &Rest<'_>) -> Reply {
    let none = || Doc::List(Vec::new());
    let layout = Doc::obj([
        ("buttonLayoutSection", Doc::Null),
        ("detailLayoutSections", none()),
        ("editLayoutSections", none()),
        ("feedView", Doc::Null),
        ("highlightsPanelLayoutSection", Doc::Null),
        ("id", layouts::global_id().to_string().into()),
        ("multirowEditLayoutSections", none()),
        ("offlineLinks", none()),
        ("quickActionList", Doc::obj([("quickActionListItems", quick::items(cx))])),
        ("relatedContent", Doc::Null),
        ("relatedLists", none()),
        ("saveOptions", none()),
    ]);
    let doc = Doc::obj([
        ("layouts", Doc::List(vec![layout])),
        ("recordTypeMappings", none()),
        ("recordTypeSelectorRequired", Doc::List(vec![false.into()])),
    ]);
    cx.doc(200, &doc, "DescribeLayoutResult", XmlOrder::Sorted)
}

/// A layout, with the record types that have it; the mapping alone where each has to be asked for by itself.
fn with_mapping(cx: &Rest<'_>, object: &Object, layout: &Layout, elsewhere: bool) -> Reply {
    cx.doc(200, &result(cx, object, layout, elsewhere), "DescribeLayoutResult", XmlOrder::Sorted)
}

/// `GET /sobjects/X/describe/layouts/{recordTypeId}`.
pub(super) fn one(cx: &Rest<'_>, name: &str, record_type: &str) -> Result<Reply, Failure> {
    let (object, layout) = of(cx, name)?;
    record_types::find(&object, record_type)?;
    Ok(cx.doc(200, &layout_doc(cx, &object, &layout), "DescribeLayout", XmlOrder::Sorted))
}

/// `GET /sobjects/X/describe/compactLayouts`.
pub(super) fn compact(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let object = compact_layoutable(cx, name)?;
    Ok(cx.doc(200, &compact_result(cx, &object), "DescribeCompactLayoutsResult", XmlOrder::Sorted))
}

/// `GET /sobjects/X/describe/compactLayouts/{recordTypeId}`, or `…/primary`. There are no person accounts, hence no
/// `primaryPersonAccount`.
pub(super) fn compact_of(cx: &Rest<'_>, name: &str, record_type: &str) -> Result<Reply, Failure> {
    let object = compact_layoutable(cx, name)?;
    if !record_type.eq_ignore_ascii_case("primary") {
        record_types::find(&object, record_type)?;
    }
    Ok(cx.doc(200, &compact_doc(cx, &object), "DescribeCompactLayout", XmlOrder::Sorted))
}

/// `GET /compactLayouts?q=A,B`.
pub(super) fn primary(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let names: Vec<&str> = cx.call.param("q").unwrap_or_default().split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    if names.is_empty() {
        return Err(ApiError::new(ErrorCode::MissingArgument, "Missing required parameter: q").into());
    }
    if names.len() > MOST_OBJECTS {
        let text = format!("The parameter q names {} objects; the most is {MOST_OBJECTS}", names.len());
        return Err(ApiError::routing(ErrorCode::IllegalQueryParameterValue, text).into());
    }
    let mut objects: Vec<Arc<Object>> = Vec::with_capacity(names.len());
    for name in names {
        let object = compact_layoutable(cx, name)?;
        if !objects.iter().any(|o| o.name == object.name) {
            objects.push(object);
        }
    }
    let mut doc = Doc::Obj(Vec::with_capacity(objects.len()));
    for object in &objects {
        doc.push(object.name.clone(), compact_doc(cx, object));
    }
    Ok(cx.doc(200, &doc, "CompactLayouts", XmlOrder::Sorted))
}

/// `GET /sobjects/X/describe/approvalLayouts[/{process}]`: the fields that approvers see, of each active process or of one.
pub(super) fn approvals(cx: &Rest<'_>, name: &str, process: Option<&str>) -> Result<Reply, Failure> {
    let object = cx.object(name)?;
    let offered = facts::urls(&object, false, u32::from(cx.version.0)).iter().any(|url| url.key == "approvalLayouts");
    let processes = object.rules.iter().flat_map(|rules| &rules.approval_processes).filter(|process| process.active);
    let wanted: Vec<_> = processes.filter(|known| process.is_none_or(|name| known.full_name.eq_ignore_ascii_case(name))).collect();
    if !offered || process.is_some() && wanted.is_empty() {
        return Err(ApiError::not_found().into());
    }
    let layouts = wanted.into_iter().map(|process| {
        let fields = process.approval_page_fields.iter().filter_map(|name| page_field(&object, name));
        let seen = fields.filter(|field| cx.identity.access.reads_field(&object, field));
        let mut tabs = Tabs::default();
        let items = seen.flat_map(|field| items_of(&object, field, layouts::Behavior::Readonly, false, &mut tabs)).collect();
        Doc::obj([
            ("id", process.id.map(|id| id.to_string()).into()),
            ("label", process.label.clone().into()),
            ("layoutItems", Doc::List(items)),
            ("name", process.full_name.clone().into()),
        ])
    });
    let doc = Doc::obj([("approvalLayouts", Doc::list(layouts))]);
    Ok(cx.doc(200, &doc, "DescribeApprovalLayoutResult", XmlOrder::Sorted))
}

fn of(cx: &Rest<'_>, name: &str) -> Result<(Arc<Object>, Layout), ApiError> {
    let object = cx.object(name)?;
    let layout = layouts::of(&object).ok_or_else(not_layoutable)?;
    Ok((object, layout))
}

fn compact_layoutable(cx: &Rest<'_>, name: &str) -> Result<Arc<Object>, ApiError> {
    let object = cx.object(name)?;
    if object.flags.compact_layoutable { Ok(object) } else { Err(not_layoutable()) }
}
