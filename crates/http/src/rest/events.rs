//! Platform events: their schemas, and what a publish answers.

use super::Rest;
use crate::codec::{Doc, Format, Writer, XmlOrder};
use crate::{Reply, compat};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_engine::events::{self, EventSchema, EventUuid, NAMESPACE, SchemaField};

/// `/sobjects/{object}/eventSchema`.
pub(super) fn schema_of(cx: &Rest<'_>, object: &str) -> Result<Reply, Failure> {
    let object = cx.object(object)?;
    let form = form(cx)?;
    // Only events have rows to look for.
    let schema = if object.is_event() { events::schema_of(&cx.identity.org, &object)? } else { None };
    Ok(show(cx, &schema.ok_or_else(ApiError::not_found)?, form))
}

/// `/event/eventSchema/{id}`.
pub(super) fn schema(cx: &Rest<'_>, id: &str) -> Result<Reply, Failure> {
    let form = form(cx)?;
    Ok(show(cx, &events::schema(&cx.identity.org, id)?.ok_or_else(ApiError::not_found)?, form))
}

/// How a schema is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As a message in JSON looks, with what is around the event's own fields.
    Expanded,
    /// As Avro has it, for messages in binary form.
    Compact,
}

/// The form that the request asks for. Before there was a choice it was what is the compact one now.
fn form(cx: &Rest<'_>) -> Result<Form, ApiError> {
    let refuse = |text: String| ApiError::routing(ErrorCode::IllegalQueryParameterValue, text);
    match cx.call.param("payloadFormat") {
        Some(_) if !compat::has_payload_formats(cx.version) => {
            Err(refuse("payloadFormat is available from API version 43.0 on".to_owned()))
        }
        None if !compat::has_payload_formats(cx.version) => Ok(Form::Compact),
        None | Some("EXPANDED") => Ok(Form::Expanded),
        Some("COMPACT") => Ok(Form::Compact),
        Some(other) => Err(refuse(format!("The value of payloadFormat is not valid: {other}"))),
    }
}

fn show(cx: &Rest<'_>, schema: &EventSchema, form: Form) -> Reply {
    let head = |kind: &'static str, fields: Doc| {
        Doc::obj([("name", schema.name.clone().into()), ("namespace", NAMESPACE.into()), ("type", kind.into()), ("fields", fields)])
    };
    let doc = match form {
        Form::Compact => {
            let mut doc = head("record", Doc::list(schema.fields.iter().map(|f| field(f, f.ty.avro()))));
            doc.push("uuid", schema.id());
            doc
        }
        Form::Expanded => {
            let plain = |name: &'static str, ty: Doc| Doc::obj([("name", name.into()), ("type", ty)]);
            let payload = Doc::obj([
                ("type", "record".into()),
                ("name", "Payload".into()),
                ("doc", "".into()),
                ("fields", Doc::list(schema.fields.iter().map(|f| field(f, f.ty.json())))),
            ]);
            let event = Doc::obj([
                ("type", "record".into()),
                ("name", "Event".into()),
                ("fields", Doc::List(vec![plain("replayId", "long".into())])),
            ]);
            let data = Doc::obj([
                ("type", "record".into()),
                ("name", "Data".into()),
                ("namespace", "".into()),
                ("fields", Doc::List(vec![plain("schema", "string".into()), plain("payload", payload), plain("event", event)])),
            ]);
            head("expanded-record", Doc::List(vec![plain("data", data), plain("channel", "string".into())]))
        }
    };
    // Documented for JSON alone.
    Reply::doc(200, &doc, Format::Json, cx.pretty, "", XmlOrder::Kept)
}

fn field(field: &SchemaField, ty: &'static str) -> Doc {
    let mut doc = Doc::obj([("name", field.name.clone().into())]);
    doc.push("type", if field.nullable { Doc::list(["null", ty]) } else { ty.into() });
    doc.push("doc", field.doc.clone());
    if field.nullable {
        doc.push("default", Doc::Null);
    }
    doc
}

/// What the result of a publish lists: that the event is on its way, with its UUID.
pub(super) fn enqueued(w: &mut Writer, event: EventUuid) {
    w.begin_object("errors");
    let message = event.to_string();
    // In XML by name, as errors of saves are.
    if w.is_xml() {
        w.text("message", &message);
        w.text("statusCode", ErrorCode::OperationEnqueued.as_str());
    } else {
        w.text("statusCode", ErrorCode::OperationEnqueued.as_str());
        w.text("message", &message);
        w.begin_list("fields");
        w.end_list();
    }
    w.end_object();
}

/// INVALID_FIELD_FOR_INSERT_UPDATE for an event that brings an id (crud-070).
pub(super) fn has_an_id() -> ApiError {
    ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, "The event can't be published because it contains an ID value.")
}

/// `/sobjects/StreamingChannel/{id}/push`: generic streaming is not enabled in this org, so that it has no such object.
pub(super) fn push(cx: &Rest<'_>) -> Result<Reply, Failure> {
    cx.object("StreamingChannel")?;
    Err(ApiError::not_found().into())
}
