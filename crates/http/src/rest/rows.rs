//! Records by id and by external ID.

use super::write::no_such_column;
use super::{Rest, blobs, conditional, events, recent, records, relations, uploads};
use crate::codec::{RecordUrl, Writer};
use crate::{Reply, compat};
use http::{Method, header};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::save::{Incoming, Op, Saved, save_one};
use orglet_engine::{Failure, query, record, views};
use orglet_schema::{Field, Object};
use std::sync::Arc;

/// What most records take up in an answer, so that its buffer needs not grow.
const RECORD_BYTES: usize = 4096;

/// `POST /sobjects/X`.
pub(super) fn create(cx: &Rest<'_>, object: &Arc<Object>) -> Result<Reply, Failure> {
    let incoming = uploads::body(cx)?.record(cx, object, None)?;
    conditional::check(cx, object)?;
    let saved = save_one(&cx.identity, object, Op::Insert, incoming, None)?;
    recent::looked(cx, object, saved.id);
    Ok(result(cx, object, saved, false))
}

/// `POST /sobjects/X/Id`: a create whose body has neither an Id nor an external ID.
pub(super) fn create_at_id(cx: &Rest<'_>, object: &Arc<Object>) -> Result<Reply, Failure> {
    let body = uploads::body(cx)?;
    if let Some(key) = body.node.members().iter().find_map(|(name, _)| object.field(name).filter(|f| f.external_id)) {
        let text = format!("The {} field should not be specified in the sobject data.", key.name);
        return Err(ApiError::new(ErrorCode::InvalidField, text).into());
    }
    create(cx, object)
}

/// `/sobjects/X/{id}`.
pub(super) fn row(cx: &Rest<'_>, object: &Arc<Object>, segment: &str) -> Result<Reply, Failure> {
    let id = record::parse_target(object, segment)?;
    by_id(cx, object, id)
}

/// A record by its id, with the request's method.
pub(super) fn by_id(cx: &Rest<'_>, object: &Arc<Object>, id: Id) -> Result<Reply, Failure> {
    match cx.call.method {
        Method::PATCH => {
            let mut incoming = uploads::body(cx)?.record(cx, object, None)?;
            incoming.id = Some(id);
            save_one(&cx.identity, object, Op::Update, incoming, conditional::guard(cx, object)?)?;
            recent::looked(cx, object, id);
            Ok(Reply::empty(204))
        }
        Method::DELETE => {
            let record = Incoming { id: Some(id), ..Incoming::default() };
            save_one(&cx.identity, object, Op::Delete, record, conditional::guard(cx, object)?)?;
            Ok(Reply::empty(204))
        }
        _ => show(cx, object, id),
    }
}

/// `/sobjects/X/{field}/{value}`: a record by external ID, or, when the first segment is an id, its bytes or what it is
/// related to.
pub(super) fn row_by_key(cx: &Rest<'_>, object: &Arc<Object>, name: &str, raw: &str) -> Result<Reply, Failure> {
    if let Some(field) = blobs::field(cx, object, raw)
        && record::external_id_field(object, name).is_err()
    {
        return blobs::show(cx, object, record::parse_target(object, name)?, field);
    }
    cx.acceptable()?;
    if compat::has_relationship_paths(cx.version) && record::parse_target(object, name).is_ok() {
        return relations::traverse(cx, object, name, &[raw]);
    }
    let field = record::external_id_field(object, name)?;
    match cx.call.method {
        Method::PATCH => upsert(cx, object, field, raw),
        _ if field.name == "Id" => row(cx, object, raw),
        _ => by_id(cx, object, record::by_external_id(&cx.identity, object, field, raw)?),
    }
}

/// `DELETE /sobjects/Event/{id}/fromThisEventOnwards`: why no event can be deleted with those after it. Series are a
/// feature that is off, so that no event is of one.
pub(super) fn series(cx: &Rest<'_>, segment: &str) -> Failure {
    let found = || {
        let object = cx.object("Event")?;
        let id = record::parse_target(&object, segment)?;
        views::is_there(&cx.identity, &object, id)
    };
    match found() {
        Ok(true) => ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.").into(),
        Ok(false) => ApiError::not_found().into(),
        Err(failure) => failure,
    }
}

fn upsert(cx: &Rest<'_>, object: &Arc<Object>, field: &Field, raw: &str) -> Result<Reply, Failure> {
    let mut incoming = uploads::body(cx)?.record(cx, object, Some(field))?;
    let update_only = match cx.call.param("updateOnly") {
        None => false,
        Some(v) if v.eq_ignore_ascii_case("false") => false,
        Some(v) if v.eq_ignore_ascii_case("true") => true,
        Some(v) => {
            let text = format!("The value of updateOnly must be true or false: {v}");
            return Err(ApiError::routing(ErrorCode::IllegalQueryParameterValue, text).into());
        }
    };
    let op = if field.name == "Id" {
        incoming.id = Some(record::parse_target(object, raw)?);
        Op::Update
    } else {
        let kind = field.ty.kind();
        let wrong = |_| {
            let text = format!("{}: value not of required type: {raw}", field.label);
            ApiError::new(ErrorCode::InvalidTypeOnFieldInRecord, text).with_fields([&field.name])
        };
        let value = kind.parse(field, orglet_schema::Input::Text(raw)).map_err(wrong)?;
        incoming.key = Some(kind.validate(field, value)?);
        let key = object.field_index(&field.name).ok_or_else(ApiError::not_found)?;
        Op::Upsert { key, update_only }
    };
    let saved = save_one(&cx.identity, object, op, incoming, conditional::guard(cx, object)?)?;
    recent::looked(cx, object, saved.id);
    if saved.created || compat::upsert_answers_body(cx.version) {
        return Ok(result(cx, object, saved, compat::upsert_answers_body(cx.version)));
    }
    Ok(Reply::empty(204))
}

/// The answer to a create or an upsert. JSON has `id, success, errors` and, for upserts, `created`; XML the same
/// sorted, without an element for no errors.
fn result(cx: &Rest<'_>, object: &Object, saved: Saved, tells_created: bool) -> Reply {
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_object("Result");
    if tells_created && w.is_xml() {
        w.bool("created", saved.created);
    }
    if w.is_xml() {
        errors(&mut w, saved);
    }
    let id = saved.id.to_string();
    w.text("id", &id);
    w.bool("success", true);
    if !w.is_xml() {
        errors(&mut w, saved);
    }
    if tells_created && !w.is_xml() {
        w.bool("created", saved.created);
    }
    w.end_object();
    let reply = Reply::new(if saved.created { 201 } else { 200 }, cx.format.content_type(), w.finish());
    if saved.created { reply.with(header::LOCATION, [&cx.rows_of(object), &*id].concat()) } else { reply }
}

/// What a result says went wrong: nothing, but that an event is on its way.
fn errors(w: &mut Writer, saved: Saved) {
    w.begin_list("errors");
    if let Some(event) = saved.event {
        events::enqueued(w, event);
    }
    w.end_list();
}

/// The record as an answer: all readable fields, or those of `fields=` and the Id.
pub(super) fn show(cx: &Rest<'_>, object: &Arc<Object>, id: Id) -> Result<Reply, Failure> {
    if !object.flags.retrieveable {
        return Err(ApiError::not_found().into());
    }
    if !object.has_table() {
        return show_made(cx, object, id);
    }
    let fields = asked_fields(cx, object)?;
    let shown = record::show(&cx.identity, object, id, fields.as_deref())?;
    if conditional::asked(cx) {
        // A tag is one of the whole record, whatever fields the answer has.
        let tag = if fields.is_none() { shown.tag() } else { record::show(&cx.identity, object, id, None)?.tag() };
        conditional::weigh(cx, object, shown.modified, tag)?;
    }
    if !cx.head {
        recent::looked(cx, object, id);
    }
    let mut w = Writer::with_capacity(cx.format, cx.pretty, RECORD_BYTES);
    let id = shown.rows.cell(0, 0).text().unwrap_or_default();
    w.begin_record(&object.name, &object.name, RecordUrl::Row(&cx.base, &object.name, id));
    let printer = records::Printer { catalog: &cx.catalog, base: &cx.base, org: &cx.identity.org };
    printer.nodes(&mut w, object, id, shown.shape(), &shown.rows, 0, None);
    w.end_object();
    let reply = Reply::new(200, cx.format.content_type(), w.finish());
    let reply = match shown.modified {
        Some(modified) => conditional::with_last_modified(reply, modified),
        None => reply,
    };
    // Of all objects only Account has tags; that of an answer with chosen fields would cost another read.
    Ok(if object.name == "Account" && cx.call.param("fields").is_none() {
        reply.with(header::ETAG, conditional::etag(shown.tag()))
    } else {
        reply
    })
}

/// A row that is made from the catalog: the answer of the query for it.
fn show_made(cx: &Rest<'_>, object: &Arc<Object>, id: Id) -> Result<Reply, Failure> {
    let fields = asked_fields(cx, object)?.unwrap_or_else(|| object.fields().iter().collect());
    let names: Vec<&str> = fields.iter().filter(|f| f.has_column()).map(|f| f.name.as_str()).collect();
    let soql = format!("SELECT {} FROM {} WHERE Id = '{id}'", names.join(", "), object.name);
    let request = query::Request { soql: &soql, version: cx.version, all_rows: false, batch: query::BATCH, tooling: false };
    let answer = query::run(&cx.server.engine, &cx.identity, &request)?;
    let (Some(plan), false) = (answer.record_plan(), answer.set.rows.is_empty()) else { return Err(ApiError::not_found().into()) };
    let mut w = Writer::with_capacity(cx.format, cx.pretty, RECORD_BYTES);
    let id = id.to_string();
    w.begin_record(&object.name, &object.name, RecordUrl::Row(&cx.base, &object.name, &id));
    let printer = records::Printer { catalog: &cx.catalog, base: &cx.base, org: &cx.identity.org };
    printer.nodes(&mut w, object, &id, &plan.shape, &answer.set.rows, 0, None);
    w.end_object();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

/// The fields of `fields=` and the Id; none where all are wanted.
fn asked_fields<'a>(cx: &Rest<'_>, object: &'a Arc<Object>) -> Result<Option<Vec<&'a Field>>, ApiError> {
    let readable = |f: &&Field| cx.identity.access.reads_field(object, f);
    let Some(list) = cx.call.param("fields") else {
        let hidden = !object.fields().iter().all(|f| readable(&f));
        return Ok(hidden.then(|| object.fields().iter().filter(readable).collect()));
    };
    let mut fields = Vec::new();
    for name in list.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let field = object.field(name).filter(readable).ok_or_else(|| no_such_column(object, name))?;
        fields.push(field);
    }
    if !fields.iter().any(|f| f.name == "Id") {
        fields.extend(object.field("Id"));
    }
    Ok(Some(fields))
}
