//! Flows that somebody asks for by their name, with inputs and outputs.

use super::run::{Interview, Stop, World};
use super::value::{Data, Record, fitted};
use crate::apex::{Session, roomy};
use crate::record::Row;
use crate::{Failure, Identity};
use orglet_base::time::date_text;
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_schema::custom::flow::Variable;
use orglet_schema::{Catalog, FlowDef};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::str::FromStr;

/// An input or an output, as protocols write them.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// No value.
    Null,
    /// A truth.
    Bool(bool),
    /// A number's own text.
    Number(String),
    /// A text, an id, a date or a time.
    Text(String),
    /// A record: its object, where that is said, and its fields.
    Record(Option<String>, Vec<(String, Datum)>),
    /// Several.
    List(Vec<Datum>),
}

/// The active flows that can be called, sorted by name.
pub fn callable(catalog: &Catalog) -> Vec<&FlowDef> {
    let mut flows = catalog.flows();
    flows.retain(|def| def.flow.trigger().is_none());
    flows
}

/// The flow that can be called by a name.
pub fn named<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a FlowDef> {
    catalog.flow(name).filter(|def| def.flow.trigger().is_none())
}

/// What a call gave.
#[derive(Debug)]
pub struct Called {
    /// The output variables, in the order of their definition.
    pub outputs: Vec<(String, Datum)>,
    /// What tells the interview from others.
    pub guid: String,
}

/// Runs a flow in a transaction of its own.
///
/// # Errors
/// 404 where no flow of the name can be called; what is wrong with an input; a fault that the flow does not handle.
pub fn call(identity: &Identity, name: &str, inputs: &[(String, Datum)]) -> Result<Called, Failure> {
    let org = &*identity.org;
    let _place = org.admit_save()?;
    org.on_current(|catalog| {
        let def = named(catalog, name).ok_or_else(ApiError::not_found)?;
        let program = org.flow_program(catalog, def).map_err(|why| told(def, Stop::Fault(why)))?;
        let now = org.now().truncate_to_second();
        roomy(|| {
            let (called, session) = org.transact_shared(|tx| {
                org.still(tx, catalog)?;
                let mut session = Session::default();
                let mut interview = Interview::new(World { identity, catalog, now }, &program);
                for (name, input) in inputs {
                    let variable = def.flow.variables.iter().find(|v| v.is_input && v.name.eq_ignore_ascii_case(name));
                    let variable = variable.ok_or_else(|| no_input(def, name))?;
                    let value = given(identity, catalog, variable, input)?;
                    interview.give(variable, value).map_err(|_| misfit(variable))?;
                }
                session.flows.begin(&def.full_name, None);
                let done = interview.run(tx, &mut session);
                session.flows.end();
                done.map_err(|stop| told(def, stop))?;
                let mut outputs = Vec::new();
                for variable in def.flow.variables.iter().filter(|v| v.is_output) {
                    let value = interview.value(tx, &variable.name).map_err(|stop| told(def, stop))?;
                    outputs.push((variable.name.clone(), shown(&value)));
                }
                Ok((Called { outputs, guid: super::run::guid()? }, session))
            })?;
            session.done(identity);
            Ok(called)
        })
    })
}

fn no_input(def: &FlowDef, name: &str) -> ApiError {
    let text = format!("The flow {} has no input variable {name}", def.full_name);
    ApiError::new(ErrorCode::InvalidInput, text).with_fields(Vec::<String>::new())
}

fn misfit(variable: &Variable) -> ApiError {
    let text = format!("The value of {} is not of the variable's type", variable.name);
    ApiError::new(ErrorCode::InvalidInput, text).with_fields([&variable.name])
}

/// What a caller is told of a flow that did not come to its end (sfdx-mass-action-scheduler issues 15 and 40).
fn told(def: &FlowDef, stop: Stop) -> Failure {
    match stop {
        Stop::Failure(failure) => failure,
        Stop::Refused(errors) => errors.into(),
        Stop::Fault(detail) => {
            tracing::info!(flow = %def.full_name, %detail, "a flow failed");
            let e = ApiError::new(ErrorCode::UnknownException, "An error occurred when executing a flow interview.");
            e.with_status(400).with_fields(Vec::<String>::new()).into()
        }
    }
}

fn scalar(datum: &Datum) -> Option<Value> {
    Some(match datum {
        Datum::Null => Value::Null,
        Datum::Bool(b) => Value::Bool(*b),
        Datum::Number(text) => Value::Decimal(Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()?),
        Datum::Text(text) => Value::from(text.as_str()),
        Datum::Record(..) | Datum::List(_) => return None,
    })
}

fn given(identity: &Identity, catalog: &Catalog, variable: &Variable, datum: &Datum) -> Result<Data, ApiError> {
    Ok(match datum {
        Datum::List(items) if variable.is_collection => {
            let items = items.iter().map(|item| given(identity, catalog, variable, item));
            Data::List(items.collect::<Result<_, _>>()?)
        }
        Datum::Record(_, fields) => {
            let object = variable.object_type.as_deref().and_then(|o| catalog.object(o)).ok_or_else(|| misfit(variable))?;
            let mut record = Record { object: object.clone(), row: Row::empty(object), set: BTreeSet::new() };
            for (name, value) in fields.iter().filter(|(name, _)| name != "attributes") {
                let Some(at) = object.field_index(name) else {
                    let text = format!("No such column '{name}' on sobject of type {}", object.name);
                    return Err(ApiError::new(ErrorCode::InvalidField, text).with_fields(Vec::<String>::new()));
                };
                let value = scalar(value).ok_or_else(|| misfit(variable))?;
                let value = fitted(&object.fields()[at], value, &identity.user.time_zone);
                record.row.values[at] = value.map_err(|_| misfit(variable))?;
                record.set.insert(at);
            }
            Data::record(record)
        }
        other => Data::Value(scalar(other).ok_or_else(|| misfit(variable))?),
    })
}

fn shown(data: &Data) -> Datum {
    match data {
        Data::Value(value) => plain(value),
        Data::List(items) => Datum::List(items.iter().map(shown).collect()),
        Data::Record(record) => {
            let record = record.borrow();
            let fields = record.object.fields().iter().zip(&record.row.values).filter(|(_, value)| !value.is_null());
            Datum::Record(Some(record.object.name.clone()), fields.map(|(field, value)| (field.name.clone(), plain(value))).collect())
        }
    }
}

fn plain(value: &Value) -> Datum {
    match value {
        Value::Null | Value::Blob(_) => Datum::Null,
        Value::Bool(b) => Datum::Bool(*b),
        Value::Int(n) => Datum::Number(n.to_string()),
        Value::Decimal(n) => Datum::Number(n.normalize().to_string()),
        Value::Date(day) => Datum::Text(date_text(*day)),
        Value::DateTime(at) => Datum::Text(at.to_json_text()),
        Value::Time(time) => Datum::Text(time.to_canonical()),
        Value::Id(id) => Datum::Text(id.to_string()),
        Value::Text(text) => Datum::Text(text.clone()),
    }
}
