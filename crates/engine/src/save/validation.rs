//! What the formulas of an org say of records: validation rules, that they must not be so, and defaults.

use super::checks::Candidate;
use crate::failure::Gathered;
use crate::formula::{Finder, Scope, Trouble};
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::time::{date_text, is_in_range};
use orglet_base::{ApiError, DateTime, ErrorCode, Value};
use orglet_plan::formula::{self, Place, Places, Source};
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::Tx;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::cell::RefCell;

/// What the platform gives a new record only when it is saved, which rules come before.
const GIVEN_LAST: [&str; 6] = ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/// The record as rules see it: a new one has neither an id nor stamps nor numbers yet, unless the request brought them.
fn seen<'a>(it: &Candidate<'a>) -> Cow<'a, Row> {
    if it.old.is_some() {
        return Cow::Borrowed(it.row);
    }
    let mut row = it.row.clone();
    for (index, field) in it.object.fields().iter().enumerate() {
        let given_last = GIVEN_LAST.contains(&field.name.as_str()) || field.auto_number.is_some() || field.is_auto_number;
        if given_last && !it.changed.contains(&index) {
            row.values[index] = Value::Null;
        }
    }
    Cow::Owned(row)
}

/// Tells of every active rule whose condition the record meets (crud-040, crud-041). A condition that comes to nothing
/// refuses the record as well.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if it.object.rules.is_none() {
        return Ok(());
    }
    let Some(rules) = it.org.validation_rules(it.catalog, it.object) else { return Ok(()) };
    let places = rules.places.all();
    let record = seen(it);
    let rows = rows(tx, it.identity, it.catalog, &record, places)?;
    let time_zone = &it.identity.user.time_zone;
    let finder = Stored { tx: RefCell::new(tx), org: it.org, failure: RefCell::default() };
    let scope = Scope { places, rows: &rows, record: &record, old: it.old, now: it.now, time_zone, finder: &finder };
    let mut wrong = Gathered::default();
    for rule in &rules.rules {
        let outcome = rule.condition.as_ref().map_err(Clone::clone).and_then(|condition| scope.holds(condition));
        if let Some(failure) = finder.failure.take() {
            return Err(failure);
        }
        match outcome {
            Ok(false) => {}
            Ok(true) => wrong.push(refusal(rule.message.clone()).with_fields(rule.field.clone())),
            Err(Trouble(why)) => {
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                let text = format!("Validation Formula \"{}\" Invalid{why}", rule.name);
                wrong.push(refusal(text).with_fields(Vec::<String>::new()));
            }
        }
    }
    wrong.end()
}

fn refusal(text: String) -> ApiError {
    ApiError::new(ErrorCode::FieldCustomValidationException, text)
}

/// What a default that is a formula comes to, as its field holds it.
pub(super) fn default_value(
    tx: &mut dyn Tx,
    identity: &Identity,
    object: &Object,
    field: &Field,
    formula: &str,
    now: DateTime,
) -> Result<Value, Failure> {
    let invalid = |why: Option<String>| {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        ApiError::new(ErrorCode::FieldIntegrityException, format!("{}: the formula of the default value is invalid{why}", field.label))
            .with_fields([&field.name])
    };
    let catalog = identity.org.catalog();
    let Some(current) = catalog.object(&object.name) else { return Ok(Value::Null) };
    let mut places = Places::of(current);
    let node = formula::default(formula, field.ty, &catalog, &mut places).map_err(|fault| invalid(Some(fault.message)))?;
    let record = Row::empty(object);
    let rows = rows(tx, identity, &catalog, &record, places.all())?;
    let time_zone = &identity.user.time_zone;
    let finder = Stored { tx: RefCell::new(tx), org: &identity.org, failure: RefCell::default() };
    let scope = Scope { places: places.all(), rows: &rows, record: &record, old: None, now, time_zone, finder: &finder };
    let outcome = scope.value(&node);
    if let Some(failure) = finder.failure.take() {
        return Err(failure);
    }
    let value = match outcome.map_err(|Trouble(why)| invalid(why))? {
        Value::Decimal(n) if field.ty == FieldType::Percent => {
            Value::Decimal(n.checked_mul(Decimal::ONE_HUNDRED).ok_or_else(|| invalid(None))?)
        }
        value => value,
    };
    // Requests can't bring such dates either: see how the field types read them.
    let day = match &value {
        Value::Date(day) => Some(*day),
        Value::DateTime(at) => Some(at.split().0),
        _ => None,
    };
    if let Some(day) = day.filter(|day| !is_in_range(*day)) {
        return Err(invalid(Some(format!("Date out of range: {}", date_text(day)))).into());
    }
    if value.is_null() && !field.nillable {
        return Err(ApiError::missing_fields(&[&field.name]).into());
    }
    Ok(field.ty.kind().validate(field, value)?)
}

/// Finds rows in the transaction of the save.
struct Stored<'a> {
    tx: RefCell<&'a mut dyn Tx>,
    org: &'a Org,
    /// What went wrong on the way, which is no matter of the formula's.
    failure: RefCell<Option<Failure>>,
}

impl Finder for Stored<'_> {
    fn find(&self, object: &Object, key: usize, value: String, field: usize) -> Result<Option<Row>, Trouble> {
        let mut tx = self.tx.borrow_mut();
        let (key, field) = (&object.fields()[key], &object.fields()[field]);
        let found = record::find(&mut **tx, self.org, object, key, &Value::Text(value), 1)
            .and_then(|ids| record::some(&mut **tx, self.org, object, &ids, &[&field.name]));
        match found {
            Ok(mut rows) => Ok(rows.pop()),
            Err(failure) => {
                self.failure.replace(Some(failure));
                Err(Trouble(None))
            }
        }
    }
}

/// The rows that formulas read beside the record: each once, and of each what is read.
pub(crate) fn rows(
    tx: &mut dyn Tx,
    identity: &Identity,
    catalog: &Catalog,
    record: &Row,
    places: &[Place],
) -> Result<Vec<Option<Row>>, Failure> {
    let org = &*identity.org;
    let mut rows: Vec<Option<Row>> = Vec::with_capacity(places.len());
    for place in places {
        let id = match place.source {
            Source::Record => None,
            Source::User => Some(identity.user.id),
            Source::Organization => Some(org.id),
            Source::Parent { of, by } => {
                let row = if of == 0 { Some(record) } else { rows.get(of).and_then(Option::as_ref) };
                row.and_then(|row| row.values.get(by)).and_then(|value| value.as_id())
            }
        };
        let id = id.filter(|id| catalog.object_of(*id).is_some_and(|o| o.name == place.object.name));
        let names: Vec<&str> = place.fields.iter().map(String::as_str).collect();
        rows.push(match id {
            Some(id) => record::some(tx, org, &place.object, &[id], &names)?.pop(),
            None => None,
        });
    }
    Ok(rows)
}
