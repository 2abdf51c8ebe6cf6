//! Flows as invocable actions.

use super::Rest;
use super::actions::{About, describe, described, entry, invoke};
use crate::Reply;
use crate::codec::{Doc, Node, NodeValue};
use crate::compat;
use orglet_base::ApiError;
use orglet_engine::Failure;
use orglet_engine::flow::{self, Datum};
use orglet_schema::custom::flow::{DataType, Variable};

/// The entry of each flow that can be called.
pub(super) fn entries(cx: &Rest<'_>) -> Vec<Doc> {
    flow::callable(&cx.catalog).into_iter().map(|def| entry(cx, &def.flow.label, &def.full_name, "FLOW", "custom/flow")).collect()
}

/// `/actions/custom/flow/{name}`.
pub(super) fn action(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let def = flow::named(&cx.catalog, name).ok_or_else(ApiError::not_found)?;
    let variables = &def.flow.variables;
    if cx.call.method == http::Method::POST {
        let known: Vec<&str> = variables.iter().filter(|v| v.is_input).map(|v| v.name.as_str()).collect();
        return invoke(cx, &def.full_name, &known, &[], |cx, input| {
            let inputs: Vec<(String, Datum)> = variables.iter().filter(|v| v.is_input).filter_map(|v| given(input, v)).collect();
            let called = flow::call(&cx.identity, &def.full_name, &inputs)?;
            let mut doc = Doc::Obj(Vec::new());
            for (name, value) in called.outputs {
                doc.push(name, shown(cx, value));
            }
            if compat::actions_tell_versions(cx.version) {
                doc.push("Flow__InterviewGuid", called.guid);
            }
            doc.push("Flow__InterviewStatus", "Finished");
            Ok(doc)
        });
    }
    let about = About {
        name: &def.full_name,
        label: &def.flow.label,
        kind: "FLOW",
        description: def.flow.description.as_deref().unwrap_or_default(),
        standard: false,
        target: None,
    };
    let inputs = variables.iter().filter(|v| v.is_input).map(|v| parameter(v, Some(false)));
    let mut outputs: Vec<Doc> = variables.iter().filter(|v| v.is_output).map(|v| parameter(v, None)).collect();
    outputs.push(described("Flow__InterviewStatus", "Interview Status", "PICKLIST", false, None));
    Ok(describe(cx, &about, inputs.collect(), outputs))
}

fn parameter(variable: &Variable, required: Option<bool>) -> Doc {
    let kind = match variable.data_type {
        Some(DataType::Number) => "NUMBER",
        Some(DataType::Currency) => "CURRENCY",
        Some(DataType::Boolean) => "BOOLEAN",
        Some(DataType::Date) => "DATE",
        Some(DataType::DateTime) => "DATETIME",
        Some(DataType::Time) => "TIME",
        Some(DataType::Picklist) => "PICKLIST",
        Some(DataType::Multipicklist) => "MULTIPICKLIST",
        Some(DataType::SObject) => "SOBJECT",
        Some(DataType::String) | None => "STRING",
    };
    let mut doc = described(&variable.name, &variable.name, kind, variable.is_collection, required);
    if let Doc::Obj(members) = &mut doc {
        for (name, value) in members {
            match name.as_ref() {
                "description" => *value = variable.description.clone().map_or(Doc::Null, Doc::from),
                "sobjectType" => *value = variable.object_type.clone().map_or(Doc::Null, Doc::from),
                _ => {}
            }
        }
    }
    doc
}

/// The value that an input has for a variable, where it says one. XML writes a list as a run of its name.
fn given(input: &Node<'_>, variable: &Variable) -> Option<(String, Datum)> {
    let all: Vec<&Node<'_>> = input.get_all(&variable.name).collect();
    let value = match all.as_slice() {
        [] => return None,
        [one] => match datum(one) {
            Datum::List(items) => Datum::List(items),
            Datum::Null => Datum::Null,
            one if variable.is_collection => Datum::List(vec![one]),
            one => one,
        },
        several if variable.is_collection => Datum::List(several.iter().map(|node| datum(node)).collect()),
        [.., last] => datum(last),
    };
    Some((variable.name.clone(), value))
}

fn datum(node: &Node<'_>) -> Datum {
    match &node.value {
        NodeValue::Null => Datum::Null,
        NodeValue::Bool(b) => Datum::Bool(*b),
        NodeValue::Number(n) => Datum::Number(n.clone().into_owned()),
        NodeValue::Text(t) => Datum::Text(t.clone().into_owned()),
        NodeValue::Array(items) => Datum::List(items.iter().map(datum).collect()),
        NodeValue::Object(members) => {
            Datum::Record(None, members.iter().map(|(name, value)| (name.clone().into_owned(), datum(value))).collect())
        }
    }
}

fn shown(cx: &Rest<'_>, datum: Datum) -> Doc {
    match datum {
        Datum::Null => Doc::Null,
        Datum::Bool(b) => Doc::Bool(b),
        Datum::Number(n) => Doc::Number(n),
        Datum::Text(t) => t.into(),
        Datum::List(items) => Doc::List(items.into_iter().map(|item| shown(cx, item)).collect()),
        Datum::Record(object, fields) => {
            let sobject = object.unwrap_or_default();
            let id = fields.iter().find_map(|(name, value)| match value {
                Datum::Text(id) if name == "Id" => Some(id.clone()),
                _ => None,
            });
            let url = id.map(|id| format!("{}/sobjects/{sobject}/{id}", cx.base));
            let fields = fields.into_iter().map(|(name, value)| (name.into(), shown(cx, value))).collect();
            Doc::Record { sobject: sobject.into(), url, fields }
        }
    }
}
