//! What the Tooling API has.

use super::super::describe::{full as full_describe, summary};
use super::{Rest, rows};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use orglet_base::ApiError;
use orglet_engine::{Failure, metadata};
use orglet_schema::Object;
use std::sync::Arc;

/// `GET /tooling`.
pub(crate) fn resources(cx: &Rest<'_>) -> Reply {
    let mut doc = Doc::Obj(Vec::new());
    for key in ["query", "sobjects"] {
        doc.push(key, format!("{}/tooling/{key}", cx.base));
    }
    cx.doc(200, &doc, "urls", XmlOrder::Kept)
}

/// `GET /tooling/sobjects`.
pub(crate) fn global(cx: &Rest<'_>) -> Reply {
    let catalog = metadata::tooling_catalog(&cx.identity.org);
    let list: Vec<Doc> = catalog.objects().iter().map(|o| summary(&below(cx), o)).collect();
    let doc = Doc::obj([("encoding", "UTF-8".into()), ("maxBatchSize", 200.into()), ("sobjects", Doc::List(list))]);
    cx.doc(200, &doc, "DescribeGlobal", XmlOrder::Sorted)
}

/// `/tooling/sobjects/X`: basic information, or a create.
pub(crate) fn object(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let object = find(cx, name)?;
    if cx.call.method == http::Method::POST {
        return rows::create(cx, &object);
    }
    let doc = Doc::obj([("objectDescribe", summary(&below(cx), &object)), ("recentItems", Doc::List(Vec::new()))]);
    Ok(cx.doc(200, &doc, &object.name, XmlOrder::Sorted))
}

/// `GET /tooling/sobjects/X/describe`.
pub(crate) fn describe(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let object = find(cx, name)?;
    Ok(cx.doc(200, &full_describe(&below(cx), &object), &object.name, XmlOrder::Sorted))
}

pub(super) fn find(cx: &Rest<'_>, name: &str) -> Result<Arc<Object>, ApiError> {
    metadata::tooling_catalog(&cx.identity.org).object(name).cloned().ok_or_else(ApiError::not_found)
}

/// The same request with addresses below `/tooling`.
pub(super) fn below<'a>(cx: &Rest<'a>) -> Rest<'a> {
    Rest { base: format!("{}/tooling", cx.base), ..cx.renewed() }
}
