//! What an org does by itself when records are saved, in the platform's order of execution: flows before the save run on the
//! record as the request made it, ahead of the platform's own rules, of validation and of duplicates; the record is written; what
//! the platform derives follows; flows after the save come last. All of it is part of the record's own transaction.

use super::write::{Save, Staged};
use crate::Failure;
use crate::apex::Session;
use crate::failure::Gathered;
use crate::flow::{Interview, Program, Record, Stop, World};
use crate::record::Row;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::Object;
use orglet_schema::custom::FlowDef;
use orglet_schema::custom::flow::Trigger;
use orglet_store::Tx;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many flows may be made by one another (the platform: "maximum trigger depth exceeded").
const DEEPEST: usize = 16;
/// Most elements that the flows of one record's save, or of one call, go through together.
const MOST_ELEMENTS: u32 = 100_000;
/// Characters of a fault's end that the platform shows once more where it took a link out of it, as four recordings have it.
const REPEATED: usize = 99;

/// The flows of a transaction that are under way.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// Their names, with the records that started them; one stands below those that it made.
    stack: Vec<(String, Option<Id>)>,
    /// Elements that are left to all of them.
    left: u32,
}

impl Running {
    /// Begins a flow, unless too many are under way.
    pub(crate) fn begin(&mut self, flow: &str, of: Option<Id>) -> bool {
        if self.stack.is_empty() {
            self.left = MOST_ELEMENTS;
        }
        let may = self.stack.len() < DEEPEST;
        if may {
            self.stack.push((flow.to_owned(), of));
        }
        may
    }

    /// Ends the one begun last.
    pub(crate) fn end(&mut self) {
        self.stack.pop();
    }

    /// Counts an element; whether there may be one more.
    pub(crate) fn spend(&mut self) -> bool {
        let more = self.left.checked_sub(1);
        self.left = more.unwrap_or(0);
        more.is_some()
    }

    /// Whether a flow is at work for a record already: what it does to the record starts it not again.
    fn runs(&self, flow: &str, id: Option<Id>) -> bool {
        id.is_some() && self.stack.iter().any(|(name, of)| name == flow && *of == id)
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

/// Whether saves of an object's records start flows.
pub(super) fn has_flows(object: &Object) -> bool {
    object.rules.as_ref().is_some_and(|rules| !rules.flows.is_empty())
}

/// What runs before a record is saved: it may change the record, and refuse it.
pub(super) fn before(tx: &mut dyn Tx, session: &mut Session, save: &Save<'_>, staged: &mut Staged) -> Result<(), Failure> {
    let object = &save.change.object;
    let Staged { row, changed, old, .. } = staged;
    let mut set = BTreeSet::new();
    for def in at(object, Trigger::RecordBeforeSave) {
        let record = Record { object: object.clone(), row: seen(object, old.as_ref(), row), set: BTreeSet::new() };
        let Some(after) = run(tx, session, save.world(), def, record, old.as_ref(), true)? else { continue };
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
    }
    Ok(())
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
pub(super) fn after(tx: &mut dyn Tx, session: &mut Session, save: &Save<'_>, staged: &Staged) -> Result<(), Failure> {
    let object = &save.change.object;
    if save.change.system || object.rules.is_none() {
        return Ok(());
    }
    for def in at(object, Trigger::RecordAfterSave) {
        let record = Record { object: object.clone(), row: staged.row.clone(), set: BTreeSet::new() };
        run(tx, session, save.world(), def, record, staged.old.as_ref(), false)?;
    }
    Ok(())
}

/// What runs before a record is deleted.
pub(super) fn before_delete(
    tx: &mut dyn Tx,
    session: &mut Session,
    world: World<'_>,
    object: &Arc<Object>,
    row: &Row,
) -> Result<(), Failure> {
    if object.rules.is_none() {
        return Ok(());
    }
    for def in at(object, Trigger::RecordBeforeDelete) {
        let record = Record { object: object.clone(), row: row.clone(), set: BTreeSet::new() };
        run(tx, session, world, def, record, Some(row), false)?;
    }
    Ok(())
}

/// Runs a flow for a record that starts it; answers the record as the flow left it.
fn run(
    tx: &mut dyn Tx,
    session: &mut Session,
    world: World<'_>,
    def: &FlowDef,
    record: Record,
    old: Option<&Row>,
    before: bool,
) -> Result<Option<Record>, Failure> {
    let id = record.row.get(&record.object, "Id").as_id();
    if session.flows.runs(&def.full_name, id) {
        return Ok(None);
    }
    let failed = |stop: Stop| told(def, stop);
    let program: Arc<Program> = world.identity.org.flow_program(world.catalog, def).map_err(|why| failed(Stop::Fault(why)))?;
    let mut interview = Interview::about(world, &program, record, old, before);
    if !interview.starts(tx).map_err(failed)? {
        return Ok(None);
    }
    if !session.flows.begin(&def.full_name, id) {
        return Err(failed(Stop::Fault("Maximum trigger depth exceeded".to_owned())));
    }
    let done = interview.run(tx, session);
    session.flows.end();
    done.map_err(failed)?;
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
        let mut running = Running::default();
        for n in 0..DEEPEST {
            assert!(running.begin(&n.to_string(), None));
        }
        assert!(!running.begin("more", None));
        let spent = (0..=MOST_ELEMENTS).filter(|_| running.spend()).count();
        assert_eq!(spent, MOST_ELEMENTS as usize);
        running.end();
        assert!(running.begin("again", Id::parse("001000000000001AAA").ok()) && !running.spend());
        assert!(running.runs("again", Id::parse("001000000000001AAA").ok()) && !running.runs("again", None));
    }
}
