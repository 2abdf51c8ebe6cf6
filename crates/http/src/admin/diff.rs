//! `GET /orgs/{org}/diff`: values are spelled as the REST API spells them.

use super::Asked;
use crate::Reply;
use crate::codec::{Format, Writer};
use orglet_engine::orgs::{AdminError, Change, Diff, DiffRequest, FieldChange, RecordChange};
use serde_json::Value;

pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let call = asked.call;
    let system_fields = match call.param("system_fields") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(AdminError::Invalid("'system_fields' is true or false".into())),
    };
    let limit = match call.param("limit").map(str::parse::<usize>) {
        None => None,
        Some(Ok(limit)) if limit > 0 => Some(limit),
        Some(_) => return Err(AdminError::Invalid("'limit' is a number above 0".into())),
    };
    let named = call.query.iter().filter(|(name, _)| name == "object");
    let objects = named.flat_map(|(_, value)| value.split(',')).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let text = |name: &str| call.param(name).map(str::to_owned);
    let request = DiffRequest {
        org: asked.named.clone(),
        since: text("since"),
        until: text("until"),
        objects: objects.collect(),
        system_fields,
        after: text("after"),
        limit,
    };
    Ok(Reply::new(200, "application/json", body(&asked.server.engine.diff(&request)?)))
}

fn body(diff: &Diff) -> Vec<u8> {
    let mut w = Writer::new(Format::Json, false);
    w.begin_object("diff");
    w.opt_text("since", Some(diff.since.as_str()).filter(|name| !name.is_empty()));
    w.begin_list("metadata");
    for one in &diff.metadata {
        w.begin_object("change");
        w.text("type", one.kind);
        w.text("fullName", &one.full_name);
        w.text("change", one.change.as_str());
        for (name, definition) in [("old", &one.old), ("new", &one.new)] {
            if let Some(definition) = definition {
                value(&mut w, name, definition);
            }
        }
        w.end_object();
    }
    w.end_list();
    w.begin_list("records");
    for one in &diff.records {
        record(&mut w, one);
    }
    w.end_list();
    w.opt_text("next", diff.next.as_deref());
    w.end_object();
    w.finish()
}

fn record(w: &mut Writer, one: &RecordChange) {
    w.begin_object("change");
    w.text("object", &one.object);
    w.text("id", &one.id);
    w.text("change", one.change.as_str());
    w.begin_object("fields");
    for field in &one.fields {
        let FieldChange { name, kind, old, new } = field;
        match one.change {
            Change::Added => w.cell(name, *kind, new.as_cell()),
            Change::Deleted => w.cell(name, *kind, old.as_cell()),
            Change::Changed => {
                w.begin_object(name);
                w.cell("old", *kind, old.as_cell());
                w.cell("new", *kind, new.as_cell());
                w.end_object();
            }
        }
    }
    w.end_object();
    w.end_object();
}

/// A definition as it is.
fn value(w: &mut Writer, name: &str, it: &Value) {
    match it {
        Value::Null => w.null(name),
        Value::Bool(b) => w.bool(name, *b),
        Value::Number(n) => w.raw_number(name, &n.to_string()),
        Value::String(s) => w.text(name, s),
        Value::Array(items) => {
            w.begin_list(name);
            items.iter().for_each(|item| value(w, name, item));
            w.end_list();
        }
        Value::Object(members) => {
            w.begin_object(name);
            members.iter().for_each(|(name, member)| value(w, name, member));
            w.end_object();
        }
    }
}
