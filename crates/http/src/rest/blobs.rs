//! The bytes of records.

use super::Rest;
use super::write::no_such_column;
use crate::Reply;
use http::{HeaderValue, Method, header};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::{Failure, record};
use orglet_schema::{Field, FieldType, Object};
use std::sync::Arc;

/// What bytes are whose record does not say it; spelled as the platform does.
const UNTOLD: &str = "application/octetstream";

/// The base64 field that the last segment of a path names.
pub(super) fn field<'a>(cx: &Rest<'_>, object: &'a Object, name: &str) -> Option<&'a Field> {
    object.field(name).filter(|f| f.ty == FieldType::Base64 && cx.identity.access.reads_field(object, f))
}

/// `/sobjects/X/{id}/{field}`: the bytes as they are, whatever the client accepts.
pub(super) fn show(cx: &Rest<'_>, object: &Object, id: Id, field: &Field) -> Result<Reply, Failure> {
    if cx.call.method != Method::GET {
        let text = format!("HTTP Method '{}' not allowed. Allowed are HEAD,GET", cx.call.method);
        return Ok(cx.refuse(ApiError::routing(ErrorCode::MethodNotAllowed, text)).with(header::ALLOW, "HEAD,GET"));
    }
    if !object.has_table() || !object.flags.retrieveable {
        return Err(ApiError::not_found().into());
    }
    let blob = record::blob(&cx.identity, object, id, field)?;
    let told = blob.content_type.filter(|told| told.contains('/') && HeaderValue::from_str(told).is_ok());
    let reply = Reply { body: blob.bytes, ..Reply::empty(200) };
    Ok(reply.with(header::CONTENT_TYPE, told.unwrap_or_else(|| UNTOLD.to_owned())))
}

/// `/sobjects/X/{id}/richTextImageFields/{field}/{reference}`. Images get into rich text by the platform's own editor alone,
/// so that no field here has one.
pub(super) fn rich_text_image(cx: &Rest<'_>, object: &Arc<Object>, id: &str, field: &str) -> Result<Reply, Failure> {
    let id = record::parse_target(object, id)?;
    if !object.has_table() || !object.flags.retrieveable {
        return Err(ApiError::not_found().into());
    }
    record::show(&cx.identity, object, id, Some(&[]))?;
    if !object.field(field).is_some_and(|f| cx.identity.access.reads_field(object, f)) {
        return Err(no_such_column(object, field).into());
    }
    Err(ApiError::not_found().into())
}
