//! Describe global, basic information, describe.

use super::{Rest, conditional, recent};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::describe as shared;
use crate::describe::field::field_doc;
use orglet_engine::Failure;
use orglet_schema::Object;
use orglet_schema::standard::{describe as facts, layouts};

/// `GET /sobjects`.
pub(super) fn global(cx: &Rest<'_>) -> Reply {
    if let Some(reply) = conditional::describe_not_modified(cx) {
        return reply;
    }
    let list = cx.catalog.objects();
    let list = list.iter().filter(|o| cx.identity.access.sees_object(o)).map(|o| summary(cx, o));
    let doc = Doc::obj([("encoding", "UTF-8".into()), ("maxBatchSize", 200.into()), ("sobjects", Doc::list(list))]);
    conditional::describe_headers(cx, cx.doc(200, &doc, "DescribeGlobal", XmlOrder::Sorted))
}

/// `GET /sobjects/X`.
pub(super) fn basic(cx: &Rest<'_>, object: &Object) -> Result<Reply, Failure> {
    let doc = Doc::obj([("objectDescribe", summary(cx, object)), ("recentItems", Doc::List(recent::of_object(cx, object)?))]);
    Ok(cx.doc(200, &doc, &object.name, XmlOrder::Sorted))
}

/// `GET /sobjects/X/describe`.
pub(super) fn describe(cx: &Rest<'_>, object: &Object) -> Result<Reply, Failure> {
    if let Some(reply) = conditional::describe_not_modified(cx) {
        return Ok(reply);
    }
    let reply = cx.doc(200, &full(cx, object), &object.name, XmlOrder::Sorted);
    Ok(conditional::describe_headers(cx, reply))
}

/// The describe of an object.
pub(crate) fn full(cx: &Rest<'_>, object: &Object) -> Doc {
    let fields = object.fields().iter().filter(|f| cx.identity.access.reads_field(object, f));
    let fields: Vec<Doc> = fields.map(|f| field_doc(f, cx.identity.access.creates_field(object, f))).collect();
    let mut doc = Doc::Obj(Vec::with_capacity(facts::OBJECT_KEYS.len()));
    for key in shared::keys(facts::OBJECT_KEYS, cx.version) {
        let value = match key {
            "actionOverrides" => Doc::List(Vec::new()),
            "childRelationships" => shared::children(&cx.catalog, object),
            "fields" => Doc::List(fields.clone()),
            "listviewable"
            | "lookupLayoutable"
            | "networkScopeFieldName"
            | "defaultImplementation"
            | "extendedBy"
            | "extendsInterfaces"
            | "implementedBy"
            | "implementsInterfaces" => Doc::Null,
            "namedLayoutInfos" => named_layouts(cx, object),
            "recordTypeInfos" => shared::record_types::described(object, |id| Some(format!("{}describe/layouts/{id}", cx.rows_of(object)))),
            "sobjectDescribeOption" => "FULL".into(),
            "supportedScopes" => shared::scopes(object),
            "urls" => urls(cx, object, true),
            other => shared::member(object, other),
        };
        doc.push(key, value);
    }
    doc
}

/// An object's entry in a describe global and in its basic information.
pub(crate) fn summary(cx: &Rest<'_>, object: &Object) -> Doc {
    let mut doc = Doc::Obj(Vec::with_capacity(facts::GLOBAL_KEYS.len()));
    for key in shared::keys(facts::GLOBAL_KEYS, cx.version) {
        doc.push(key, if key == "urls" { urls(cx, object, false) } else { shared::member(object, key) });
    }
    doc
}

fn urls(cx: &Rest<'_>, object: &Object, full: bool) -> Doc {
    let mut doc = Doc::Obj(Vec::new());
    let prefix = object.key_prefix.as_ref().map_or("", |p| p.as_str());
    for url in facts::urls(object, full, u32::from(cx.version.0)) {
        let value = if url.page {
            format!("{}{}", cx.call.origin, url.path.replace("{PREFIX}", prefix))
        } else {
            format!("{}/sobjects/{}{}", cx.base, object.name, url.path)
        };
        doc.push(url.key, value);
    }
    doc
}

fn named_layouts(cx: &Rest<'_>, object: &Object) -> Doc {
    let path = format!("{}describe/namedLayouts/", cx.rows_of(object));
    Doc::list(layouts::names(object).iter().map(|name| {
        let urls = Doc::obj([("layout", format!("{path}{name}").into())]);
        Doc::obj([("name", (*name).into()), ("urls", urls)])
    }))
}
