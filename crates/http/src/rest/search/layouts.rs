//! The scope of searches, and what a page of results shows.

use super::{illegal, missing};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::describe::search as describe;
use crate::rest::Rest;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_schema::Object;
use std::sync::Arc;
/// Objects that one request may ask for.
const MOST_OBJECTS: usize = 100;

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
    describe::scope(cx).into_iter().cloned().collect()
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
        out.push(describe::layout(cx, &object));
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
