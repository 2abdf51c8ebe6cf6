//! What calls Apex: requests to its REST resources, anonymous blocks, invocable actions. Each is a transaction.

use super::host::InOrg;
use super::session::roomy;
use super::{Compiled, Context, Session};
use crate::{Failure, Identity};
use orglet_apex::{AnonymousOutcome, ApexException, Data, Host, Record, RestFailure, RestOutcome, RestRequest};
use orglet_base::Id;
use orglet_schema::Catalog;
use std::sync::Arc;
use std::time::Duration;

/// What was called, with the lines that it wrote to the log.
#[derive(Debug)]
pub struct Called<T> {
    /// What came of it.
    pub outcome: T,
    /// `System.debug`.
    pub log: Vec<String>,
}

/// Whether what a program did is kept.
enum Ended<T> {
    Kept(T),
    Undone(T),
}

/// Runs a program in a transaction, which is undone where it says so. Who means to save has a place among the saves.
fn transaction<T: Send>(identity: &Identity, work: impl Fn(&mut dyn Host, &Compiled) -> Ended<T> + Sync) -> Result<Called<T>, Failure> {
    roomy(|| {
        identity.org.on_current(|catalog| {
            let compiled = identity.org.program(catalog);
            run_once(identity, catalog, compiled, &work)
        })
    })
}

fn run_once<T>(
    identity: &Identity,
    catalog: &Catalog,
    compiled: Arc<Compiled>,
    work: &dyn Fn(&mut dyn Host, &Compiled) -> Ended<T>,
) -> Result<Called<T>, Failure> {
    let org = &*identity.org;
    let cx = Context { identity, catalog, compiled: compiled.clone() };
    let mut undone = None;
    let done = org.transact_shared(|tx| {
        undone = None;
        org.still(tx, catalog)?;
        let mut session = Session::default();
        let ended = work(&mut InOrg::new(tx, &cx, &mut session)?, &compiled);
        if let Some(failure) = session.failure.take() {
            return Err(failure);
        }
        match ended {
            Ended::Kept(outcome) => Ok((outcome, session)),
            Ended::Undone(outcome) => {
                undone = Some(Called { outcome, log: session.log });
                Err(Failure::Batch(Vec::new()))
            }
        }
    });
    match (done, undone) {
        (Ok((outcome, session)), _) => {
            session.done(identity);
            Ok(Called { outcome, log: session.log })
        }
        (Err(Failure::Batch(_)), Some(called)) => Ok(called),
        (Err(failure), _) => Err(failure),
    }
}

/// Answers a request by a class's method. What it did is undone where it ends with an exception.
pub fn rest(identity: &Identity, class: &str, request: &RestRequest) -> Result<Called<Result<RestOutcome, RestFailure>>, Failure> {
    let _place = identity.org.admit_save()?;
    transaction(identity, |host, compiled| match compiled.program.rest_call(host, class, request) {
        Ok(outcome) => Ended::Kept(Ok(outcome)),
        Err(failure) => Ended::Undone(Err(failure)),
    })
}

/// Runs an anonymous block. What it did is undone where it ends with an exception.
pub fn anonymous(identity: &Identity, text: &str) -> Result<Called<AnonymousOutcome>, Failure> {
    let _place = identity.org.admit_save()?;
    transaction(identity, |host, compiled| {
        let outcome = compiled.program.anonymous(host, text);
        if outcome.exception.is_some() { Ended::Undone(outcome) } else { Ended::Kept(outcome) }
    })
}

/// Calls an invocable method with its one argument.
pub fn invoke(identity: &Identity, class: &str, method: &str, input: Data) -> Result<Called<Result<Data, ApexException>>, Failure> {
    let _place = identity.org.admit_save()?;
    let arguments = [input];
    transaction(identity, |host, compiled| match compiled.program.call_static(host, class, method, &arguments) {
        Ok(outcome) => Ended::Kept(Ok(outcome)),
        Err(e) => Ended::Undone(Err(e)),
    })
}

/// Asks conditions of transaction security policies, each by its class, about an event, up to the first that is met. They may take
/// `steps` and `time` together. What they do is undone.
pub(crate) fn conditions(
    identity: &Identity,
    classes: &[&str],
    event: &Record,
    (steps, time): (u64, Duration),
) -> Result<Result<Option<usize>, ApexException>, Failure> {
    let called = transaction(identity, |host, compiled| {
        let usage = host.usage();
        (usage.most_steps, usage.most_time) = (Some(steps), Some(time));
        for (at, class) in classes.iter().enumerate() {
            match compiled.program.evaluate(host, class, event) {
                Ok(true) => return Ended::Undone(Ok(Some(at))),
                Ok(false) => {}
                Err(e) => return Ended::Undone(Err(e)),
            }
        }
        Ended::Undone(Ok(None))
    })?;
    Ok(called.outcome)
}

/// Ids as messages list them.
pub(super) fn list(ids: &[Id]) -> String {
    ids.iter().map(Id::to_string).collect::<Vec<_>>().join(", ")
}
