//! Triggers of an object, run on a chunk of its records.

use super::host::InOrg;
use super::{Context, Session};
use crate::metadata::apex::words;
use crate::{Failure, Identity};
use orglet_apex::{Record, TriggerContext, TriggerEvent};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::{ApexDef, ApexKind};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// Triggers that may run within each other, as the platform has it.
const DEEPEST: u32 = 16;

/// The active triggers of an object, with what they run in.
pub(crate) struct Triggers<'a> {
    /// What they run in.
    pub(crate) cx: Context<'a>,
    list: Vec<&'a ApexDef>,
}

/// What triggers did to a record.
#[derive(Debug, Default)]
pub(crate) struct Fired {
    /// Fields that were given other values.
    pub(crate) changed: Vec<(Arc<str>, Value)>,
    /// Why it is refused.
    pub(crate) errors: Vec<ApiError>,
}

impl<'a> Triggers<'a> {
    /// The triggers that a change of an object's records may run; none where there are none.
    pub(crate) fn of(identity: &'a Identity, catalog: &'a Catalog, object: &Object) -> Option<Self> {
        let list: Vec<&ApexDef> = catalog.apex()?.sources.iter().map(|(_, def)| def).filter(|def| is_of(def, object)).collect();
        if list.is_empty() {
            return None;
        }
        let compiled = identity.org.program(catalog);
        Some(Self { cx: Context { identity, catalog, compiled }, list })
    }

    /// Whether there are any for an event.
    pub(crate) fn fires(&self, event: TriggerEvent) -> bool {
        self.list.iter().any(|def| def.fires(words(event)))
    }

    /// Runs those of an event on records, one after the other. Each sees what those before it changed.
    pub(crate) fn fire(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        event: TriggerEvent,
        mut new: Vec<Record>,
        old: &[Record],
    ) -> Result<Vec<Fired>, Failure> {
        let count = new.len().max(old.len());
        let mut fired: Vec<Fired> = (0..count).map(|_| Fired::default()).collect();
        if count == 0 {
            return Ok(fired);
        }
        for def in self.list.iter().filter(|def| def.fires(words(event))) {
            let told = match self.run(tx, session, def, event, &new, old)? {
                Ok(rows) => rows,
                Err(message) => {
                    // What nothing caught is the failure of every record of the chunk.
                    for one in &mut fired {
                        one.errors.push(refusal(message.clone()));
                    }
                    return Ok(fired);
                }
            };
            for (at, row) in told.rows.into_iter().enumerate().take(count) {
                for (name, value) in row.changed {
                    if let Some(record) = new.get_mut(at) {
                        match record.fields.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(&name)) {
                            Some((_, own)) => *own = value.clone(),
                            None => record.fields.push((name.clone(), value.clone())),
                        }
                    }
                    fired[at].changed.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
                    fired[at].changed.push((name, value));
                }
                fired[at].errors.extend(row.errors.into_iter().map(|e| {
                    let code = ErrorCode::all().find(|c| c.as_str() == e.status).unwrap_or(ErrorCode::FieldCustomValidationException);
                    ApiError::new(code, e.message).with_fields(e.fields)
                }));
            }
        }
        Ok(fired)
    }

    /// Runs one trigger. The inner error is the message of the records.
    fn run(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        def: &ApexDef,
        event: TriggerEvent,
        new: &[Record],
        old: &[Record],
    ) -> Result<Result<orglet_apex::TriggerOutcome, String>, Failure> {
        if let Some(error) = self.cx.compiled.errors.iter().find(|e| super::is_of(e, def)) {
            let text = format!("line {}, column {}: {}", error.line, error.column, error.problem);
            return Ok(Err(format!("{}: execution of {}\n\ncaused by: {text}", def.name, event.as_str())));
        }
        if session.depth >= DEEPEST {
            let ids: Vec<Id> = new.iter().chain(old).filter_map(Record::id).take(1).collect();
            let object = def.object.as_deref().unwrap_or_default();
            return Ok(Err(format!(
                "{}: maximum trigger depth exceeded\n{object} trigger event {} for [{}]",
                def.name,
                event.as_str(),
                super::call::list(&ids)
            )));
        }
        session.depth += 1;
        let context = TriggerContext { event, new: new.to_vec(), old: old.to_vec() };
        let compiled = self.cx.compiled.clone();
        let done = compiled.program.run_trigger(&mut InOrg::new(tx, &self.cx, session)?, &def.name, context);
        // What it set ends with it, even where a static keeps it for the next one.
        let depth = session.depth;
        for (own, _) in session.savepoints.iter_mut().filter(|(own, _)| *own == depth) {
            *own = u32::MAX;
        }
        session.depth -= 1;
        match done {
            Ok(outcome) => Ok(Ok(outcome)),
            Err(e) => match session.failure.take() {
                Some(failure) if e.fatal => Err(failure),
                _ => Ok(Err(e.trigger_message(&def.name, event))),
            },
        }
    }
}

fn is_of(def: &ApexDef, object: &Object) -> bool {
    def.kind == ApexKind::Trigger && def.active && def.object.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(&object.name))
}

/// The refusal of a record by what its trigger threw (crud-057).
fn refusal(message: String) -> ApiError {
    ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, message).with_fields(Vec::<String>::new())
}
