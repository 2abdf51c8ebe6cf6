//! Relationship paths: from a record to its parents, and to the children of one relationship.

use super::{Rest, blobs, query, rows};
use crate::{Reply, compat};
use http::Method;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, record};
use orglet_schema::Object;
use std::sync::Arc;

/// The most steps to a parent.
const MOST_STEPS: usize = 5;

/// `/sobjects/X/{id}/{relationship}[/…]`.
pub(super) fn traverse(cx: &Rest<'_>, object: &Arc<Object>, id: &str, path: &[&str]) -> Result<Reply, Failure> {
    if !compat::has_relationship_paths(cx.version) || path.len() > MOST_STEPS {
        return Err(ApiError::not_found().into());
    }
    let mut object = object.clone();
    let mut id = record::parse_target(&object, id)?;
    for (step, name) in path.iter().enumerate() {
        if step + 1 == path.len() {
            if let Some(field) = blobs::field(cx, &object, name) {
                return blobs::show(cx, &object, id, field);
            }
            cx.acceptable()?;
        }
        if let Some(field) = object.parent_field(name) {
            let parent = record::reference(&cx.identity, &object, id, field)?.ok_or_else(ApiError::not_found)?;
            object = cx.catalog.object_of(parent).cloned().ok_or_else(ApiError::not_found)?;
            id = parent;
            continue;
        }
        let child = object.child(name).ok_or_else(ApiError::not_found)?;
        if step + 1 != path.len() {
            return Err(ApiError::not_found().into());
        }
        if cx.call.method != Method::GET {
            let text = format!("HTTP Method '{}' not allowed. Allowed are HEAD,GET", cx.call.method);
            return Err(ApiError::routing(ErrorCode::MethodNotAllowed, text).into());
        }
        // The parent must be there, though it may have no children.
        record::show(&cx.identity, &object, id, Some(&[]))?;
        let target = cx.object(&child.child)?;
        return query::children(cx, &target, &child.field, id);
    }
    rows::by_id(cx, &object, id)
}
