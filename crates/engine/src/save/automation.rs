//! What an org does by itself when records are saved, in the platform's order of execution: flows before the save run on the
//! record as the request made it, ahead of the platform's own rules, of validation and of duplicates; the record is written; what
//! the platform derives follows; flows after the save come last. All of it is part of the record's own transaction.

use super::write::Save;
use super::{Change, Op, Saved, delete, prepare};
use crate::failure::Gathered;
use crate::flow::{Interview, Program, Record, Stop, World};
use crate::record::Row;
use crate::{Failure, Identity};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::FlowDef;
use orglet_schema::custom::flow::Trigger;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many saves and flows may be made by one another (the platform: "maximum trigger depth exceeded").
const DEEPEST: usize = 16;
/// Most elements that the flows of one record's save go through together.
const MOST_ELEMENTS: u32 = 100_000;
/// Characters of a fault's end that the platform shows once more where it took a link out of it, as four recordings have it.
const REPEATED: usize = 99;

/// What made a save: requests, or flows that were made by others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cause<'a> {
    depth: usize,
    /// Elements that are left; none until a flow runs.
    left: Option<&'a Cell<u32>>,
    /// The flow that runs, and the record that started it.
    running: Option<(&'a str, Option<Id>, &'a Cause<'a>)>,
}

impl<'a> Cause<'a> {
    /// One of a flow that has so many elements left.
    pub(crate) fn with(left: &'a Cell<u32>) -> Self {
        Self { left: Some(left), ..Self::default() }
    }

    /// A budget for what requests start.
    pub(crate) fn budget() -> Cell<u32> {
        Cell::new(MOST_ELEMENTS)
    }

    /// One level down, unless that is too deep.
    pub(crate) fn deeper(self) -> Option<Self> {
        (self.depth < DEEPEST).then_some(Self { depth: self.depth + 1, ..self })
    }

    /// Counts an element; whether there may be one more.
    pub(crate) fn spend(&self) -> bool {
        let Some(left) = self.left else { return true };
        let more = left.get().checked_sub(1);
        left.set(more.unwrap_or(0));
        more.is_some()
    }

    /// Whether a flow is at work for a record already: what it does to the record starts it not again.
    fn runs(&self, flow: &str, id: Option<Id>) -> bool {
        let mut cause = self;
        while let Some((name, of, above)) = cause.running {
            if name == flow && of == id && id.is_some() {
                return true;
            }
            cause = above;
        }
        false
    }
}

/// The flows of an object that run at one point, in their order (the platform's help on trigger order: those up to 1,000 first,
/// then those that say nothing).
fn at(object: &Object, when: Trigger) -> Vec<&FlowDef> {
    let Some(rules) = object.rules.as_ref().filter(|rules| !rules.flows.is_empty()) else { return Vec::new() };
    let mut flows: Vec<&FlowDef> = rules.flows.iter().filter(|def| def.flow.trigger().is_some_and(|(.., w)| w == when)).collect();
    flows.sort_by_key(|def| match def.flow.trigger_order {
        Some(n) if n <= 1000 => (0, n),
        None => (1, 0),
        Some(n) => (2, n),
    });
    flows
}

/// Whether something runs before records of an object are saved that may fill in what the request left out.
pub(super) fn fills_in(object: &Object) -> bool {
    object
        .rules
        .as_ref()
        .is_some_and(|rules| rules.flows.iter().any(|def| def.flow.trigger().is_some_and(|(.., when)| when == Trigger::RecordBeforeSave)))
}

/// A record whose automation is due.
pub(super) struct Due<'a> {
    pub(super) save: &'a Save<'a>,
    pub(super) object: &'a Arc<Object>,
    /// The record as it was; none for a new one.
    pub(super) old: Option<&'a Row>,
}

/// What runs before a record is saved: it may change the record, and refuse it.
pub(super) fn before(tx: &mut dyn Tx, due: &Due<'_>, row: &mut Row, changed: &mut Vec<usize>) -> Result<(), Failure> {
    let Due { save, object, old } = *due;
    if save.change.system || object.rules.is_none() {
        return Ok(());
    }
    let flows = at(object, Trigger::RecordBeforeSave);
    if flows.is_empty() {
        return Ok(());
    }
    let mut set = BTreeSet::new();
    for def in flows {
        let record = Record { object: object.clone(), row: seen(object, old, row), set: BTreeSet::new() };
        let Some(after) = run(tx, save.world(), def, record, old, true)? else { continue };
        for at in &after.set {
            row.values[*at] = after.row.values[*at].clone();
        }
        set.extend(after.set);
    }
    let mut wrong = Gathered::default();
    for at in set {
        let field = &object.fields()[at];
        match field.ty.kind().validate(field, row.values[at].clone()) {
            Ok(value) => row.values[at] = value,
            Err(e) => wrong.push(e),
        }
        if !changed.contains(&at) {
            changed.push(at);
        }
    }
    wrong.end()?;
    if let Some(old) = old {
        changed.retain(|at| row.values[*at] != old.values[*at]);
        return Ok(());
    }
    prepare::required(object, row, changed)
}

/// A new record has no id before it is saved.
fn seen(object: &Object, old: Option<&Row>, row: &Row) -> Row {
    let mut row = row.clone();
    if old.is_none() {
        row.set(object, "Id", Value::Null);
    }
    row
}

/// What runs once a record is saved.
pub(super) fn after(tx: &mut dyn Tx, due: &Due<'_>, row: &Row) -> Result<(), Failure> {
    let Due { save, object, old } = *due;
    if save.change.system || object.rules.is_none() {
        return Ok(());
    }
    for def in at(object, Trigger::RecordAfterSave) {
        let record = Record { object: object.clone(), row: row.clone(), set: BTreeSet::new() };
        run(tx, save.world(), def, record, old, false)?;
    }
    Ok(())
}

/// What runs before a record is deleted.
pub(super) fn before_delete(tx: &mut dyn Tx, world: World<'_>, object: &Arc<Object>, row: &Row) -> Result<(), Failure> {
    if object.rules.is_none() {
        return Ok(());
    }
    for def in at(object, Trigger::RecordBeforeDelete) {
        let record = Record { object: object.clone(), row: row.clone(), set: BTreeSet::new() };
        run(tx, world, def, record, Some(row), false)?;
    }
    Ok(())
}

/// Runs a flow for a record that starts it; answers the record as the flow left it.
fn run(
    tx: &mut dyn Tx,
    world: World<'_>,
    def: &FlowDef,
    record: Record,
    old: Option<&Row>,
    before: bool,
) -> Result<Option<Record>, Failure> {
    let (identity, catalog) = (world.identity, world.catalog);
    let id = record.row.get(&record.object, "Id").as_id();
    if world.cause.runs(&def.full_name, id) {
        return Ok(None);
    }
    let failed = |stop: Stop| told(def, stop);
    let program: Arc<Program> = identity.org.program(catalog, def).map_err(|why| failed(Stop::Fault(why)))?;
    let own = Cause::budget();
    let cause = world.cause.deeper().ok_or_else(|| failed(Stop::Fault("Maximum trigger depth exceeded".to_owned())))?;
    let cause = Cause { left: Some(cause.left.unwrap_or(&own)), running: Some((&def.full_name, id, &world.cause)), ..cause };
    let mut interview = Interview::about(World { cause, ..world }, &program, record, old, before);
    if !interview.starts(tx).map_err(failed)? {
        return Ok(None);
    }
    interview.run(tx).map_err(failed)?;
    Ok(interview.record.map(|record| record.borrow().clone()))
}

/// What a client is told of a flow that did not come to its end (crud-059).
fn told(def: &FlowDef, stop: Stop) -> Failure {
    match stop {
        Stop::Failure(failure) => failure,
        Stop::Refused(errors) => errors.into(),
        Stop::Fault(detail) => {
            let label = &def.flow.label;
            let number = error_number();
            tracing::info!(flow = %def.full_name, error = %number, %detail, "a flow failed");
            let mut text =
                format!("We can't save this record because the “{label}” process failed. Give your Salesforce admin these details. ");
            text.push_str(&detail);
            text.push_str(&format!(" Error ID: {number}"));
            if detail.ends_with("SOAP API Developer Guide.") {
                let from = text.char_indices().rev().nth(REPEATED - 1).map_or(0, |(at, _)| at);
                let end = text[from..].to_owned();
                text.push_str(&end);
            }
            ApiError::new(ErrorCode::CannotExecuteFlowTrigger, text).with_fields(Vec::<String>::new()).into()
        }
    }
}

/// A number by which a fault is found in the log: `1064190376-681258 (954367962)`.
fn error_number() -> String {
    let mut bytes = [0u8; 10];
    // Without random numbers all faults have the same one.
    let _ = getrandom::fill(&mut bytes);
    let n = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    format!("{}-{} ({})", n(0) >> 1, u32::from(bytes[8]) * 256 + u32::from(bytes[9]), n(4).cast_signed())
}

/// Saves a batch in the transaction of the save, or the call, that a flow is part of. Each record has a savepoint and an outcome.
pub(crate) fn save(tx: &mut dyn Tx, world: &World<'_>, change: &Change) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    let World { identity, catalog, now, growth, cause } = *world;
    let org = &*identity.org;
    if !super::is_written(change) {
        return Ok(super::unwritable(change));
    }
    if ["User", crate::orgs::origins::OBJECT].contains(&change.object.name.as_str()) {
        let text = "DML operation on setup object is not permitted after you have updated a non-setup object (or vice versa): ";
        let e: Failure = ApiError::new(ErrorCode::MixedDmlOperation, format!("{text}{}", change.object.name)).into();
        return Ok(vec![Err(e)]);
    }
    let mut outcomes = Vec::with_capacity(change.records.len());
    for record in &change.records {
        let before = growth.mark();
        let outcome = match change.op {
            Op::Delete => delete_one(tx, identity, catalog, world, change, record.id),
            _ => {
                let prefix = change.object.key_prefix.filter(|_| change.op == Op::Insert && !change.object.is_event());
                let id = match prefix {
                    Some(prefix) => Some(org.new_id_within(tx, prefix)?),
                    None => record.id,
                };
                let save = Save { identity, org, catalog, change, now, growth, cause };
                tx.nested(|tx| save.one(tx, record, id))
            }
        };
        match outcome {
            Err(Failure::Store(e)) => return Err(Failure::Store(e)),
            outcome => {
                if outcome.is_err() {
                    growth.back_to(before);
                }
                outcomes.push(outcome);
            }
        }
    }
    Ok(outcomes)
}

fn delete_one(
    tx: &mut dyn Tx,
    identity: &Identity,
    catalog: &Catalog,
    world: &World<'_>,
    change: &Change,
    id: Option<Id>,
) -> Result<Saved, Failure> {
    let id = id.ok_or_else(ApiError::not_found)?;
    let World { now, growth, cause, .. } = *world;
    let delete = delete::Delete { org: &identity.org, catalog, identity, now, growth, cause };
    tx.nested(|tx| delete.one(tx, &change.object, id, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use orglet_schema::custom::flow::Flow;

    fn text(detail: &str) -> String {
        let flow = Flow { label: "STC Cadence Details Create/Update".to_owned(), ..Flow::default() };
        let def = FlowDef { object: String::new(), full_name: "STC".to_owned(), flow: Arc::new(flow) };
        told(&def, Stop::Fault(detail.to_owned())).errors()[0].message().to_owned()
    }

    #[test]
    fn the_end_of_a_fault_with_a_link_is_there_twice() {
        let text = text(
            "This error occurred when the flow tried to update records: X: y. You can look up ExceptionCode values in the SOAP API Developer Guide.",
        );
        let (before, number) = text.split_once(" Error ID: ").unwrap();
        assert!(before.starts_with("We can't save this record because the “STC Cadence Details Create/Update” process failed. Give"));
        assert!(before.ends_with("in the SOAP API Developer Guide."));
        let (number, end) = number.split_at(number.find(')').unwrap() + 1);
        assert_eq!(end.chars().count(), REPEATED);
        let whole = format!("You can look up ExceptionCode values in the SOAP API Developer Guide. Error ID: {number}");
        assert!(whole.ends_with(end) && end.contains("up ExceptionCode values"), "{end}");
    }

    #[test]
    fn other_faults_end_with_their_number() {
        assert!(text("An error occurred.").contains(" details. An error occurred. Error ID: "));
        assert!(text("An error occurred.").ends_with(')'));
    }

    #[test]
    fn what_flows_make_of_one_another_is_bounded() {
        let left = Cell::new(2);
        let mut cause = Cause::with(&left);
        assert!(cause.spend() && cause.spend() && !cause.spend());
        for _ in 0..DEEPEST {
            cause = cause.deeper().unwrap();
        }
        assert!(cause.deeper().is_none());
    }
}
