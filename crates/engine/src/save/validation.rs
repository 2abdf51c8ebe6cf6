//! Validation rules: what an org says that its records must not be.

use crate::failure::Gathered;
use crate::formula::{Scope, Trouble};
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, DateTime, ErrorCode};
use orglet_plan::formula::{Place, Source};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// A record about to be written, and who writes it when.
pub(super) struct Candidate<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) identity: &'a Identity,
    pub(super) object: &'a Object,
    pub(super) row: &'a Row,
    /// The record as it was; none for a new one.
    pub(super) old: Option<&'a Row>,
    pub(super) now: DateTime,
}

/// Tells of every active rule whose condition the record meets (crud-040, crud-041). A condition that comes to nothing
/// refuses the record as well.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if it.object.rules.is_none() {
        return Ok(());
    }
    let Some(rules) = it.org.validation_rules(it.catalog, it.object) else { return Ok(()) };
    let places = rules.places.all();
    let rows = rows(tx, it, places)?;
    let time_zone = &it.identity.user.time_zone;
    let scope = Scope { places, rows: &rows, record: it.row, old: it.old, now: it.now, time_zone };
    let mut wrong = Gathered::default();
    for rule in &rules.rules {
        match rule.condition.as_ref().map_err(Clone::clone).and_then(|condition| scope.holds(condition)) {
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

/// The rows that the conditions read beside the record: each once, and of each what is read.
fn rows(tx: &mut dyn Tx, it: &Candidate<'_>, places: &[Place]) -> Result<Vec<Option<Row>>, Failure> {
    let mut rows: Vec<Option<Row>> = Vec::with_capacity(places.len());
    for place in places {
        let id = match place.source {
            Source::Record => None,
            Source::User => Some(it.identity.user.id),
            Source::Organization => Some(it.org.id),
            Source::Parent { of, by } => {
                let row = if of == 0 { Some(it.row) } else { rows.get(of).and_then(Option::as_ref) };
                row.and_then(|row| row.values.get(by)).and_then(|value| value.as_id())
            }
        };
        let id = id.filter(|id| it.catalog.object_of(*id).is_some_and(|o| o.name == place.object.name));
        let names: Vec<&str> = place.fields.iter().map(String::as_str).collect();
        rows.push(match id {
            Some(id) => record::some(tx, it.org, &place.object, &[id], &names)?.pop(),
            None => None,
        });
    }
    Ok(rows)
}
