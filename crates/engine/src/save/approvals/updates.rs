//! Field updates: the values that a process puts in a record.

use super::{Flow, refuse};
use crate::Failure;
use crate::record::{self, Row};
use crate::save::validation::Looked;
use crate::save::write::{self, By};
use crate::save::{Assign, Change, Incoming, Op};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::part::{FieldUpdateDef, FieldUpdateOperation};
use orglet_schema::{Field, Input};
use orglet_store::Tx;

/// Gives a field its value, and answers the record as it is then. Neither locks nor the org's own rules hold it; the platform's do.
pub(super) fn apply(tx: &mut dyn Tx, flow: &mut Flow<'_>, update: &FieldUpdateDef) -> Result<Row, Failure> {
    let (org, object) = (flow.identity.org.clone(), flow.object.clone());
    let Some(index) = object.field_index(&update.field) else { return Ok(flow.row.clone()) };
    let field = &object.fields()[index];
    let value = value(tx, flow, update, field)?;
    let record = flow.record()?;
    let change = Change {
        object: object.clone(),
        op: Op::Update,
        records: vec![Incoming { id: Some(record), fields: vec![(index, Assign::Value(value))], ..Incoming::default() }],
        all_or_none: true,
        system: false,
        guard: None,
    };
    let job = write::Job::made_by(By::Automation, tx, flow.identity, flow.catalog, &change)?;
    for outcome in job.run(tx, flow.session, true)? {
        outcome?;
    }
    flow.session.grown.push(job.into_growth());
    record::by_id(tx, &org, &object, record)?.ok_or_else(|| ApiError::not_found().into())
}

fn value(tx: &mut dyn Tx, flow: &Flow<'_>, update: &FieldUpdateDef, field: &Field) -> Result<Value, Failure> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match update.operation {
        FieldUpdateOperation::Null => Ok(Value::Null),
        FieldUpdateOperation::Literal => {
            let text = text(&update.literal_value);
            let value = field.ty.kind().parse(field, Input::Text(&text)).ok();
            value.ok_or_else(|| invalid(field, &format!("the value {text} is of another type")))
        }
        FieldUpdateOperation::Formula => {
            let (identity, catalog, object, row) = (flow.identity, flow.catalog, &**flow.object, &flow.row);
            let now = identity.org.now().truncate_to_second();
            Looked { identity, catalog, object, row, now }.assigned(tx, field, &text(&update.formula))
        }
        FieldUpdateOperation::NextValue => Ok(beside(flow, field, 1)),
        FieldUpdateOperation::PreviousValue => Ok(beside(flow, field, -1)),
        FieldUpdateOperation::LookupValue => {
            let name = text(&update.lookup_value);
            let found = named(tx, flow, update.lookup_value_type.as_deref().unwrap_or_default(), &name)?;
            found.map(Value::Id).ok_or_else(|| invalid(field, &format!("there is no {name}")))
        }
    }
}

fn invalid(field: &Field, what: &str) -> Failure {
    refuse(ErrorCode::FieldIntegrityException, format!("{}: {what}", field.label), &[&field.name])
}

/// The value before or behind the one that the record has; that one at the end of the list.
fn beside(flow: &Flow<'_>, field: &Field, step: isize) -> Value {
    let now = flow.row.get(flow.object, &field.name);
    let active: Vec<&str> = field.picklist.iter().filter(|v| v.active).map(|v| v.value.as_str()).collect();
    let at = now.as_text().and_then(|text| active.iter().position(|v| *v == text));
    let next = match at {
        Some(at) => at.checked_add_signed(step),
        None => Some(0),
    };
    next.and_then(|at| active.get(at)).map_or_else(|| now.clone(), |value| Value::from(*value))
}

fn named(tx: &mut dyn Tx, flow: &Flow<'_>, kind: &str, name: &str) -> Result<Option<Id>, Failure> {
    let org = &flow.identity.org;
    let equal = |field: &'static str, text: &str| (field, Value::from(text));
    let (object, wanted) = match kind {
        "User" => ("User", vec![equal("Username", name)]),
        "Queue" => ("Group", vec![equal("DeveloperName", name), equal("Type", "Queue")]),
        _ => {
            let own = flow.object.record_types().iter().find(|t| t.developer_name.eq_ignore_ascii_case(name));
            return Ok(own.map(|t| t.id));
        }
    };
    let Some(object) = flow.catalog.object(object) else { return Ok(None) };
    let wanted: Vec<(&str, &Value)> = wanted.iter().map(|(name, value)| (*name, value)).collect();
    Ok(record::find_with(tx, org, object, &wanted, 1)?.pop())
}
