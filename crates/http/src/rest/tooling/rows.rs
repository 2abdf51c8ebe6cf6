//! Custom objects, custom fields and what else objects have as records: `FullName` and `Metadata`.

use super::super::records::Printer;
use super::super::{blobs, rows as data, uploads};
use super::Rest;
use super::describe::{below, find};
use super::source;
use crate::Reply;
use crate::codec::{Doc, Node, NodeValue, RecordUrl, Writer};
use crate::compat;
use http::{Method, header};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::metadata::{self, Custom, Edit};
use orglet_engine::query::{self, Request};
use orglet_engine::save::{Op, save_one};
use orglet_engine::{Failure, record};
use orglet_schema::custom::{ApexKind, FieldDef, MetaNode, ObjectDef, PartDef, part};
use orglet_schema::{Object, Storage, tooling};
use serde_json::Value as Json;
use std::sync::Arc;

/// `POST /tooling/sobjects/CustomObject|CustomField|…`.
pub(super) fn create(cx: &Rest<'_>, object: &Arc<Object>) -> Result<Reply, Failure> {
    if let Some(kind) = ApexKind::of(&object.name) {
        let edit = Edit::AddApex(source::new(cx, object, kind)?);
        return created(cx, object, edit);
    }
    if object.storage == Storage::Stored {
        let incoming = uploads::body(cx)?.record(cx, object, None)?;
        let saved = save_one(&cx.identity, object, Op::Insert, incoming, None)?;
        return Ok(made(cx, object, saved.id));
    }
    let body = Body::read(cx, object)?;
    let full_name = body.full_name.clone().ok_or_else(|| ApiError::missing_fields(&["FullName"]))?;
    let meta = body.metadata.as_ref().ok_or_else(|| ApiError::missing_fields(&["Metadata"]))?;
    let edit = match object.name.as_str() {
        "CustomObject" => Edit::AddObject(ObjectDef::from_meta(&full_name, meta).map_err(ApiError::from)?),
        "CustomField" => Edit::AddField(field(&full_name, meta)?),
        kind => match part::kind(kind) {
            Some(kind) => Edit::AddPart(part_def(kind, &full_name, meta)?),
            None => return Err(not_writable(object)),
        },
    };
    created(cx, object, edit)
}

/// Makes a definition; answers as a create does.
fn created(cx: &Rest<'_>, object: &Object, edit: Edit) -> Result<Reply, Failure> {
    let id = metadata::apply(&cx.identity, vec![edit])?.first().copied().ok_or_else(ApiError::not_found)?;
    Ok(made(cx, object, id))
}

/// The answer to a create.
fn made(cx: &Rest<'_>, object: &Object, id: Id) -> Reply {
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_object("Result");
    w.text("id", &id.to_string());
    w.bool("success", true);
    for name in ["errors", "warnings", "infos"] {
        w.begin_list(name);
        w.end_list();
    }
    w.end_object();
    let reply = Reply::new(201, cx.format.content_type(), w.finish());
    reply.with(header::LOCATION, format!("{}/tooling/sobjects/{}/{id}", cx.base, object.name))
}

/// `/tooling/sobjects/X/{id}`.
pub(crate) fn row(cx: &Rest<'_>, name: &str, segment: &str) -> Result<Reply, Failure> {
    let object = find(cx, name)?;
    let id = record::parse_target(&object, segment)?;
    if object.storage == Storage::Stored {
        return data::by_id(&below(cx), &object, id);
    }
    match cx.call.method {
        Method::DELETE => {
            existing(cx, &object, id)?;
            metadata::apply(&cx.identity, vec![Edit::Remove(id)])?;
            Ok(Reply::empty(204))
        }
        Method::PATCH => {
            let custom = existing(cx, &object, id)?;
            if let Some(def) = custom.apex_def() {
                metadata::apply(&cx.identity, vec![Edit::ChangeApex(id, source::changed(cx, &object, def)?)])?;
                return Ok(Reply::empty(204));
            }
            let body = Body::read(cx, &object)?;
            let meta = body.metadata.as_ref().ok_or_else(|| ApiError::missing_fields(&["Metadata"]))?;
            let full_name = body.full_name.clone().unwrap_or_else(|| custom.full_name());
            let edit = match custom.part_def() {
                Some(def) => Edit::ChangePart(id, part_def(def.kind(), &full_name, meta)?),
                None if object.name == "CustomObject" => {
                    Edit::ChangeObject(id, ObjectDef::from_meta(&full_name, meta).map_err(ApiError::from)?)
                }
                None => Edit::ChangeField(id, field(&full_name, meta)?),
            };
            metadata::apply(&cx.identity, vec![edit])?;
            Ok(Reply::empty(204))
        }
        _ => show(cx, &object, id),
    }
}

/// `/tooling/sobjects/X/{id}/{field}`: the bytes of a record that has some.
pub(crate) fn blob(cx: &Rest<'_>, name: &str, segment: &str, field: &str) -> Result<Reply, Failure> {
    let object = find(cx, name)?;
    let id = record::parse_target(&object, segment)?;
    let field = blobs::field(cx, &object, field).ok_or_else(ApiError::not_found)?;
    blobs::show(cx, &object, id, field)
}

fn existing(cx: &Rest<'_>, object: &Object, id: Id) -> Result<Custom, Failure> {
    if object.storage == Storage::Virtual && !tooling::is_definition(&object.name) {
        return Err(not_writable(object));
    }
    let missing = || {
        ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").with_fields(Vec::<String>::new()).with_status(404)
    };
    Ok(metadata::find(&cx.identity.org, id)?.ok_or_else(missing)?)
}

fn show(cx: &Rest<'_>, object: &Arc<Object>, id: Id) -> Result<Reply, Failure> {
    let fields: Vec<&str> = object.fields().iter().filter(|f| f.has_column() || f.name == "Metadata").map(|f| f.name.as_str()).collect();
    let soql = format!("SELECT {} FROM {} WHERE Id = '{id}'", fields.join(","), object.name);
    let request = Request { soql: &soql, version: cx.version, all_rows: false, batch: 1, tooling: true };
    let answer = query::run(&cx.server.engine, &cx.identity, &request)?;
    let (Some(plan), false) = (answer.record_plan(), answer.set.rows.is_empty()) else { return Err(ApiError::not_found().into()) };
    let base = format!("{}/tooling", cx.base);
    let shown = id.to_string();
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_record(&object.name, &object.name, RecordUrl::Row(&base, &object.name, &shown));
    let printer = Printer { catalog: &cx.catalog, base: &base, org: &cx.identity.org };
    printer.nodes(&mut w, object, &shown, &plan.shape, &answer.set.rows, 0, None);
    w.end_object();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

/// A body with `FullName` and `Metadata`.
struct Body {
    full_name: Option<String>,
    metadata: Option<MetaNode>,
}

impl Body {
    fn read(cx: &Rest<'_>, object: &Object) -> Result<Self, ApiError> {
        let body = cx.body()?;
        if !body.is_object() {
            let at = body.position();
            let text =
                format!("Can not deserialize SObject out of {} token at [line:{}, column:{}]", body.as_input().token(), at.line, at.column);
            return Err(ApiError::new(ErrorCode::JsonParserError, text));
        }
        let mut read = Self { full_name: None, metadata: None };
        for (name, node) in body.members() {
            match name.as_ref() {
                "attributes" => {}
                n if n.eq_ignore_ascii_case("FullName") => read.full_name = node.as_str().map(str::to_owned),
                n if n.eq_ignore_ascii_case("Metadata") => {
                    if !node.is_object() {
                        let input = node.as_input();
                        let failure = orglet_schema::ParseFailure::new("complexvalue", input);
                        let told = match compat::tells_structures_briefly(cx.version) {
                            true => failure.briefly_at(node.line, node.column),
                            false => failure.at(node.line, node.column),
                        };
                        return Err(told);
                    }
                    read.metadata = Some(MetaNode::from_json(&json(node)));
                }
                other => {
                    let text = format!("No such column '{other}' on sobject of type {}", object.name);
                    return Err(ApiError::new(ErrorCode::InvalidField, text));
                }
            }
        }
        Ok(read)
    }
}

fn field(full_name: &str, meta: &MetaNode) -> Result<FieldDef, ApiError> {
    let (object, name) = split(full_name, "the field, as in Account.Field__c")?;
    FieldDef::from_meta(object, name, meta).map_err(ApiError::from)
}

fn part_def(kind: &part::Kind, full_name: &str, meta: &MetaNode) -> Result<PartDef, ApiError> {
    let (object, name) = split(full_name, &format!("the {}, as in Account.Name", kind.what))?;
    PartDef::from_meta(kind, object, name, meta).map_err(ApiError::from)
}

/// An object's name and what stands behind the dot.
fn split<'a>(full_name: &'a str, what: &str) -> Result<(&'a str, &'a str), ApiError> {
    full_name.split_once('.').ok_or_else(|| {
        let text = format!("Full name must name the object and {what}: {full_name}");
        ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields(["FullName"])
    })
}

fn not_writable(object: &Object) -> Failure {
    let text = format!("entity type cannot be inserted: {}", object.label);
    ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into()
}

/// A request's tree as JSON. Repeated members, which XML has for lists, become arrays.
pub(super) fn json(node: &Node<'_>) -> Json {
    match &node.value {
        NodeValue::Null => Json::Null,
        NodeValue::Bool(b) => Json::Bool(*b),
        NodeValue::Number(n) => serde_json::from_str(n).unwrap_or_else(|_| Json::String(n.to_string())),
        NodeValue::Text(t) => Json::String(t.to_string()),
        NodeValue::Array(items) => Json::Array(items.iter().map(json).collect()),
        NodeValue::Object(members) => {
            let mut map = serde_json::Map::new();
            for (name, value) in members {
                let value = json(value);
                match map.get_mut(name.as_ref()) {
                    None => {
                        map.insert(name.to_string(), value);
                    }
                    Some(Json::Array(list)) => list.push(value),
                    Some(one) => *one = Json::Array(vec![one.take(), value]),
                }
            }
            Json::Object(map)
        }
    }
}

/// JSON as an answer's tree.
pub(in crate::rest) fn doc(value: &Json) -> Doc {
    match value {
        Json::Null => Doc::Null,
        Json::Bool(b) => Doc::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(|| Doc::Number(n.to_string()), Doc::Int),
        Json::String(s) => Doc::Str(s.clone().into()),
        Json::Array(items) => Doc::List(items.iter().map(doc).collect()),
        Json::Object(map) => Doc::Obj(map.iter().map(|(k, v)| (k.clone().into(), doc(v))).collect()),
    }
}
