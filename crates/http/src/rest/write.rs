//! From a request body to a record on its way into the save.

use super::Rest;
use crate::codec::{Node, NodeValue};
use crate::compat;
use http::header::HeaderName;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_engine::save::{Assign, DuplicateOptions, Incoming};
use orglet_schema::{Field, FieldType, Object};
use std::sync::Arc;

const DUPLICATES: HeaderName = HeaderName::from_static("sforce-duplicate-rule-header");

/// What the request says of duplicates: `allowSave=true; includeRecordDetails=true; runAsCurrentUser=true`, each false unless
/// stated. Anything else in the header is passed over, as in the other headers of this kind. Nobody here is kept from records
/// by sharing, so that it makes no difference as whom the rules run.
fn duplicates(cx: &Rest<'_>) -> DuplicateOptions {
    let header = cx.call.header(DUPLICATES).filter(|_| compat::has_duplicate_rule_header(cx.version)).unwrap_or_default();
    let is_on = |wanted: &str| {
        let mut parts = header.split([',', ';']).filter_map(|part| part.split_once('='));
        parts.any(|(name, value)| name.trim().eq_ignore_ascii_case(wanted) && value.trim().eq_ignore_ascii_case("true"))
    };
    DuplicateOptions {
        allow_save: is_on("allowSave"),
        include_record_details: is_on("includeRecordDetails"),
        version: Some(cx.version),
        ..DuplicateOptions::default()
    }
}

/// Reads a record of an object. `key` is the external ID field that the URL names, which the body may not repeat.
pub(crate) fn decode_record(cx: &Rest<'_>, object: &Arc<Object>, body: &Node<'_>, key: Option<&Field>) -> Result<Incoming, ApiError> {
    decode_record_beside(cx, object, body, key, &[])
}

/// Reads a record that stands among other members: those that `beside` names are no fields.
pub(crate) fn decode_record_beside(
    cx: &Rest<'_>,
    object: &Arc<Object>,
    body: &Node<'_>,
    key: Option<&Field>,
    beside: &[&str],
) -> Result<Incoming, ApiError> {
    if !body.is_object() {
        let at = body.position();
        let text =
            format!("Can not deserialize SObject out of {} token at [line:{}, column:{}]", body.as_input().token(), at.line, at.column);
        return Err(ApiError::new(ErrorCode::JsonParserError, text));
    }
    let mut record = Incoming { duplicates: duplicates(cx), ..Incoming::default() };
    for (name, node) in body.members() {
        if name == "attributes" || beside.contains(&name.as_ref()) {
            continue;
        }
        if object.is_event() && name.eq_ignore_ascii_case("Id") && !matches!(node.value, NodeValue::Null) {
            return Err(super::events::has_an_id());
        }
        if name.eq_ignore_ascii_case("Id") || key.is_some_and(|k| k.name.eq_ignore_ascii_case(name)) {
            let shown = object.field(name).map_or("Id", |f| f.name.as_str());
            return Err(ApiError::new(ErrorCode::InvalidField, format!("The {shown} field should not be specified in the sobject data.")));
        }
        let (index, assign) = assign(cx, object, name, node)?;
        record.fields.retain(|(i, a)| {
            *i != index || matches!((a, &assign), (Assign::Lookup { .. }, Assign::Value(_)) | (Assign::Value(_), Assign::Lookup { .. }))
        });
        record.fields.push((index, assign));
    }
    Ok(record)
}

fn assign(cx: &Rest<'_>, object: &Arc<Object>, name: &str, node: &Node<'_>) -> Result<(usize, Assign), ApiError> {
    if let Some(index) = object.field_index(name) {
        let field = &object.fields()[index];
        if !cx.identity.access.reads_field(object, field) {
            return Err(no_such_column(object, name));
        }
        // An object in place of bytes, as Node writes its buffers, is read as a record (jsforce issues 1016 and 1074).
        if field.ty == FieldType::Base64
            && let Some((member, _)) = node.members().first()
        {
            return Err(no_such_column(object, member));
        }
        // Fields that nobody may write are refused by the save, whatever they are given.
        let writable = field.updateable || cx.identity.access.creates_field(object, field);
        let value = if writable {
            field.ty.kind().parse(field, node.as_input()).map_err(|e| wrong_type(cx, field, node, &e))?
        } else {
            Value::Null
        };
        return Ok((index, Assign::Value(value)));
    }
    let parent = object.parent_field(name).and_then(|f| object.field_index(&f.name));
    match parent {
        Some(index) => Ok((index, lookup(cx, object, name, &object.fields()[index], node)?)),
        None => Err(no_such_column(object, name)),
    }
}

/// `"Account": {"Ext__c": "x"}`: the record that an external ID names. `attributes.type` tells which object, where the
/// reference may point to several.
fn lookup(cx: &Rest<'_>, object: &Arc<Object>, name: &str, field: &Field, node: &Node<'_>) -> Result<Assign, ApiError> {
    let wrong = |text: String| ApiError::new(ErrorCode::InvalidField, text);
    match &node.value {
        NodeValue::Null => return Ok(Assign::Value(Value::Null)),
        NodeValue::Object(_) => {}
        _ => {
            let at = node.position();
            let text =
                format!("Can not deserialize SObject out of {} token at [line:{}, column:{}]", node.as_input().token(), at.line, at.column);
            return Err(ApiError::new(ErrorCode::JsonParserError, text));
        }
    }
    let named = node.get("attributes").and_then(|a| a.get("type")).and_then(Node::as_str);
    let target = match (named, field.reference_to.as_slice()) {
        (Some(named), allowed) => allowed.iter().find(|o| o.eq_ignore_ascii_case(named)).cloned(),
        (None, [one]) => Some(one.clone()),
        (None, _) => None,
    };
    let target = target.and_then(|t| cx.catalog.object(&t)).cloned();
    let Some(target) = target else {
        return Err(wrong(format!(
            "The relationship {name} of {} may point to several objects; name one with attributes.type",
            object.name
        )));
    };
    let mut members = node.members().iter().filter(|(n, _)| n != "attributes");
    let (Some((key, value)), None) = (members.next(), members.next()) else {
        return Err(wrong(format!("The relationship {name} of {} must be given exactly one external ID field", object.name)));
    };
    let Some(index) = target.field_index(key) else { return Err(no_such_column(&target, key)) };
    let key_field = &target.fields()[index];
    if key_field.name == "Id" {
        let text = value.as_str().unwrap_or_default();
        return Id::parse(text).map(|id| Assign::Value(Value::Id(id))).map_err(|_| {
            ApiError::new(ErrorCode::MalformedId, format!("{}: id value of incorrect type: {text}", field.label)).with_fields([&field.name])
        });
    }
    if !(key_field.external_id || key_field.id_lookup) {
        return Err(wrong(format!("Field name provided, {} is not an External ID or indexed field for {}", key_field.name, target.name)));
    }
    let kind = key_field.ty.kind();
    let value = kind.parse(key_field, value.as_input()).map_err(|e| e.at(value.line, value.column))?;
    let value = kind.validate(key_field, value)?;
    Ok(Assign::Lookup { relationship: name.to_owned(), object: target, field: index, value })
}

/// A value of the wrong kind: JSON_PARSER_ERROR with its place in JSON (crud-009); in XML, where all is text to the
/// parser, the field refuses it (crud-054).
fn wrong_type(cx: &Rest<'_>, field: &Field, node: &Node<'_>, failure: &orglet_schema::ParseFailure) -> ApiError {
    if cx.sent_xml.get() {
        let text = format!("{}: value not of required type: {}", field.label, failure.value);
        return ApiError::new(ErrorCode::InvalidTypeOnFieldInRecord, text).with_fields([&field.name]);
    }
    failure.at(node.line, node.column)
}

/// INVALID_FIELD of writes (crud-018).
pub(crate) fn no_such_column(object: &Object, name: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidField, format!("No such column '{name}' on sobject of type {}", object.name))
}
