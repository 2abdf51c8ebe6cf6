//! Definitions as the Metadata API writes them: the name first, then every member that says something, in the order of the
//! alphabet.

use super::super::envelope::Answer;
use orglet_engine::metadata::Custom;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A record of `readMetadata`. An object has its fields and parts in it.
pub(super) fn record(answer: &mut Answer, have: &[Custom], custom: &Custom) {
    let Value::Object(own) = custom.to_metadata() else { return };
    let mut members: BTreeMap<String, Value> = own.into_iter().collect();
    if custom.object_def().is_some() {
        for inner in have.iter().filter(|c| c.object_def().is_none() && c.object.eq_ignore_ascii_case(&custom.name)) {
            let member = match inner.part_def() {
                Some(part) => part.kind().member,
                None => Some("fields"),
            };
            let (Some(member), Value::Object(mut metadata)) = (member, inner.to_metadata()) else { continue };
            metadata.insert(FULL_NAME.to_owned(), Value::from(inner.name.as_str()));
            if let Value::Array(list) = members.entry(member.to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
                list.push(Value::Object(metadata));
            }
        }
    }
    answer.begin_typed("records", custom.type_name());
    answer.text(FULL_NAME, &custom.full_name());
    for (name, value) in &members {
        write(answer, name, value);
    }
    answer.end("records");
}

const FULL_NAME: &str = "fullName";

fn write(answer: &mut Answer, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(b) => {
            answer.bool(name, *b);
        }
        Value::Number(n) => {
            answer.text(name, &n.to_string());
        }
        Value::String(text) => {
            answer.text(name, text);
        }
        Value::Array(items) => items.iter().for_each(|item| write(answer, name, item)),
        Value::Object(members) => {
            answer.begin(name);
            object(answer, name, members);
            answer.end(name);
        }
    }
}

fn object(answer: &mut Answer, name: &str, members: &Map<String, Value>) {
    // The Tooling API calls the name of a picklist's value `valueName`.
    let own = if matches!(name, "value" | "values") { "valueName" } else { FULL_NAME };
    if let Some(full_name) = members.get(own) {
        write(answer, FULL_NAME, full_name);
    }
    let mut rest: Vec<(&String, &Value)> = members.iter().filter(|(member, _)| *member != own).collect();
    rest.sort_by_key(|(member, _)| *member);
    for (member, value) in rest {
        write(answer, member, value);
    }
}
