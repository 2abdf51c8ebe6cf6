//! Calls that write records.

use super::decode::{self, Record};
use super::{Data, bad_id};
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_engine::save::{Assign, Change, Incoming, Op, Saved, rolled_back, save, save_together};
use orglet_engine::{Failure, record, views};
use orglet_schema::Object;
use std::collections::HashMap;
use std::sync::Arc;

/// Records of one call.
const MOST: usize = 200;
/// Runs of records of one object, in one call.
const MOST_RUNS: usize = 10;

/// What is to be done with a record; or why nothing is.
type Planned = Result<(Op, Arc<Object>, Incoming), ApiError>;
/// What became of it.
type Outcome = Result<Saved, Vec<ApiError>>;

/// `create(sObjects)`.
pub(super) fn create(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let plans = records(data)?.into_iter().map(insert).collect();
    write(data, answer, plans, false)
}

/// `update(sObjects)`.
pub(super) fn update(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let plans = records(data)?.into_iter().map(by_id).collect();
    write(data, answer, plans, false)
}

/// `upsert(externalIDFieldName, sObjects)`. By `Id`, records without one are new.
pub(super) fn upsert(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let name = data.soap.request.argument("externalIDFieldName").trim();
    let records = records(data)?;
    let mut plans = Vec::with_capacity(records.len());
    for record in records {
        plans.push(match (name.eq_ignore_ascii_case("Id"), &record.id) {
            (true, Some(_)) => by_id(record),
            (true, None) => insert(record),
            (false, _) => by_key(record, name)?,
        });
    }
    refuse_repeated_keys(&mut plans);
    write(data, answer, plans, true)
}

/// `delete(ids)`.
pub(super) fn delete(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let ids = data.soap.request.list("ids");
    bounded(ids.len())?;
    let delete = |text: &str| {
        let (object, id) = known(data, text)?;
        Ok((Op::Delete, object, Incoming { id: Some(id), ..Incoming::default() }))
    };
    write(data, answer, ids.into_iter().map(delete).collect(), false)
}

/// An id and its object (crud-027).
pub(super) fn known(data: &Data<'_>, text: &str) -> Result<(Arc<Object>, Id), ApiError> {
    let id = Id::parse(text.trim()).map_err(|_| bad_id(text))?;
    let object = data.catalog.object_of(id).filter(|o| data.identity.access.sees_object(o)).ok_or_else(|| bad_id(text))?;
    Ok((object.clone(), id))
}

/// More records than a call may have are a fault (quoted by users of jsforce, whose lists go through the same limit).
pub(super) fn bounded(records: usize) -> Result<(), ApiError> {
    if records <= MOST {
        return Ok(());
    }
    let text = format!("record limit reached. cannot submit more than {MOST} records into this call");
    Err(ApiError::new(ErrorCode::ExceededIdLimit, text))
}

fn records(data: &Data<'_>) -> Result<Vec<Record>, Fault> {
    let nodes: Vec<_> = data.soap.request.arguments().get_all("sObjects").collect();
    bounded(nodes.len())?;
    nodes.into_iter().map(|node| decode::record(data, node)).collect()
}

fn insert(record: Record) -> Planned {
    if record.id.is_some() {
        let e = ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, "cannot specify Id in an insert call");
        return Err(e.with_fields(["Id"]));
    }
    record.wrong.map_or(Ok((Op::Insert, record.object, record.incoming)), Err)
}

/// An update of the record that has the id.
fn by_id(mut record: Record) -> Planned {
    let Some(text) = &record.id else {
        let e = ApiError::new(ErrorCode::MissingArgument, "Id not specified in an update call");
        return Err(e.with_fields(Vec::<String>::new()));
    };
    let id = Id::parse(text).map_err(|_| bad_id(text))?;
    record.incoming.id = Some(record::parse_target(&record.object, &id.to_string())?);
    record.wrong.map_or(Ok((Op::Update, record.object, record.incoming)), Err)
}

/// An upsert by an external ID, which the record must have.
fn by_key(mut record: Record, name: &str) -> Result<Planned, ApiError> {
    let object = record.object.clone();
    let key = object.field_index(name).filter(|i| object.fields()[*i].external_id || object.fields()[*i].id_lookup);
    let Some(key) = key else {
        let text =
            format!("Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for {}", object.name);
        return Err(ApiError::new(ErrorCode::InvalidField, text));
    };
    let field = &object.fields()[key];
    let at = record.incoming.fields.iter().position(|(index, _)| *index == key);
    let given = at.map(|at| record.incoming.fields.remove(at).1);
    let value = match given {
        Some(Assign::Value(value)) if !value.is_null() => Some(value),
        _ => None,
    };
    let Some(value) = value else {
        let e = ApiError::new(ErrorCode::MissingArgument, format!("{} not specified", field.name));
        return Ok(Err(e.with_fields(Vec::<String>::new())));
    };
    // An id says the same twice, or something else.
    if record.id.is_some() {
        let text = format!("Unable to create/update fields: Id. The record is named by {}.", field.name);
        return Ok(Err(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(["Id"])));
    }
    Ok(field.ty.kind().validate(field, value).and_then(|value| {
        record.incoming.key = Some(value);
        record.wrong.map_or(Ok((Op::Upsert { key, update_only: false }, record.object, record.incoming)), Err)
    }))
}

/// An external ID that several records of the call have: all of them are refused (crud-049).
fn refuse_repeated_keys(plans: &mut [Planned]) {
    let place = |plan: &Planned| match plan {
        Ok((Op::Upsert { key, .. }, object, incoming)) => {
            let value = incoming.key.as_ref().map(Value::display).unwrap_or_default();
            let exactly = object.fields()[*key].case_sensitive;
            let folded = if exactly { value.clone() } else { orglet_base::fold::fold(&value).into_owned() };
            Some(((object.name.clone(), folded), object.fields()[*key].name.clone(), value))
        }
        _ => None,
    };
    let mut count: HashMap<(String, String), usize> = HashMap::new();
    for (key, ..) in plans.iter().filter_map(place) {
        *count.entry(key).or_default() += 1;
    }
    for plan in plans {
        if let Some((key, field, value)) = place(plan)
            && count.get(&key).is_some_and(|n| *n > 1)
        {
            let e = ApiError::new(ErrorCode::DuplicateValue, format!("Duplicate external id specified: {value}"));
            *plan = Err(e.with_fields([field]));
        }
    }
}

/// Saves what is planned, and writes what became of each record.
fn write(data: &Data<'_>, answer: &mut Answer, plans: Vec<Planned>, tells_created: bool) -> Result<(), Fault> {
    let outcomes = run(data, plans)?;
    for outcome in outcomes {
        answer.begin("result");
        if tells_created {
            answer.bool("created", outcome.as_ref().is_ok_and(|saved| saved.created));
        }
        // Of an event, what says that it is on its way stands among the errors, as in REST.
        if let Ok(Saved { event: Some(event), .. }) = &outcome {
            let on_its_way = ApiError::new(ErrorCode::OperationEnqueued, event.to_string()).with_fields(Vec::<String>::new());
            answer.errors(&[on_its_way]);
        }
        result(answer, outcome.map(|saved| saved.id));
    }
    Ok(())
}

/// The members that the results of all these calls end with.
pub(super) fn result(answer: &mut Answer, outcome: Result<Id, Vec<ApiError>>) {
    let (id, errors) = match outcome {
        Ok(id) => (Some(id), Vec::new()),
        Err(errors) => (None, errors),
    };
    answer.errors(&errors).nillable("id", id.map(|id| id.to_string()).as_deref()).bool("success", id.is_some()).end("result");
}

fn run(data: &Data<'_>, plans: Vec<Planned>) -> Result<Vec<Outcome>, Fault> {
    let all_or_none = data.options.all_or_none;
    let refused = plans.iter().any(Result::is_err);
    if all_or_none && refused {
        // Nothing is tried: one of them can't be saved.
        return Ok(plans.into_iter().map(|plan| Err(vec![plan.err().unwrap_or_else(rolled_back)])).collect());
    }
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(plans.len());
    let mut changes: Vec<Change> = Vec::new();
    let mut places = Vec::new();
    for (place, plan) in plans.into_iter().enumerate() {
        outcomes.push(None);
        match plan {
            Err(e) => outcomes[place] = Some(Err(vec![e])),
            Ok((op, object, incoming)) => {
                places.push(place);
                match changes.last_mut().filter(|change| change.op == op && Arc::ptr_eq(&change.object, &object)) {
                    Some(change) => change.records.push(incoming),
                    None => changes.push(Change { object, op, records: vec![incoming], all_or_none, system: false, guard: None }),
                }
            }
        }
    }
    if changes.len() > MOST_RUNS {
        let text = format!("Cannot have more than {MOST_RUNS} chunks in a single operation. Please rearrange the data to reduce chunking.");
        return Err(ApiError::new(ErrorCode::InvalidBatchOperation, text).into());
    }
    let of: Vec<(Arc<Object>, Op)> =
        changes.iter().flat_map(|change| std::iter::repeat_n((change.object.clone(), change.op.clone()), change.records.len())).collect();
    let saved = match changes.as_slice() {
        [] => Ok(Vec::new()),
        [one] => save(&data.identity, one),
        several => save_together(&data.identity, several, all_or_none),
    };
    let saved = saved.map_err(|e| data.fault(e))?;
    for ((place, (object, op)), outcome) in places.into_iter().zip(of).zip(saved) {
        if let (true, Ok(saved)) = (data.options.looks, &outcome) {
            views::note(&data.identity, &object, std::iter::once(saved.id), true);
        }
        outcomes[place] = Some(match outcome {
            Ok(saved) => Ok(saved),
            Err(e) => Err(errors(data, e, &object, &op)),
        });
    }
    // Each has one by now.
    Ok(outcomes.into_iter().flatten().collect())
}

/// The errors of one record.
fn errors(data: &Data<'_>, failure: Failure, object: &Object, op: &Op) -> Vec<ApiError> {
    match (&failure, op) {
        // crud-048
        (Failure::Choices(_, ids), Op::Upsert { key, .. }) => {
            let key = &object.fields()[*key];
            let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
            let text = format!("{}: more than one record found for external id field: [{}]", key.label, ids.join(", "));
            vec![ApiError::new(ErrorCode::DuplicateExternalId, text).with_fields([&key.name])]
        }
        _ if failure.errors().is_empty() => vec![data.soap.server.internal(&failure)],
        _ => failure.errors().to_vec(),
    }
}
