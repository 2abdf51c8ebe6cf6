//! The recycle bin.

use super::Data;
use super::write::{bounded, known, result};
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, Id};
use orglet_engine::save::{empty_recycle_bin, rolled_back, undelete as bring_back};
use orglet_engine::{Failure, Identity};

type Act = fn(&Identity, &[Id], bool) -> Result<Vec<Result<Id, Failure>>, Failure>;

/// `undelete(ids)`.
pub(super) fn undelete(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    act(data, answer, bring_back, data.options.all_or_none)
}

/// `emptyRecycleBin(ids)`: takes records out of the bin for good. It knows no all or none.
pub(super) fn empty(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    act(data, answer, empty_recycle_bin, false)
}

fn act(data: &Data<'_>, answer: &mut Answer, act: Act, all_or_none: bool) -> Result<(), Fault> {
    let texts = data.soap.request.list("ids");
    bounded(texts.len())?;
    let ids: Vec<Result<Id, ApiError>> = texts.into_iter().map(|text| known(data, text).map(|(_, id)| id)).collect();
    let good: Vec<Id> = ids.iter().filter_map(|id| id.as_ref().ok().copied()).collect();
    let refused = all_or_none && good.len() < ids.len();
    let done = if refused || good.is_empty() { Vec::new() } else { act(&data.identity, &good, all_or_none).map_err(|e| data.fault(e))? };
    let mut done = done.into_iter();
    for id in ids {
        let outcome = match id {
            Err(e) => Err(vec![e]),
            Ok(_) => match done.next() {
                Some(Ok(id)) => Ok(id),
                Some(Err(failure)) if failure.errors().is_empty() => Err(vec![data.soap.server.internal(&failure)]),
                Some(Err(failure)) => Err(failure.errors().to_vec()),
                // Nothing was tried: another id is none.
                None => Err(vec![rolled_back()]),
            },
        };
        answer.begin("result");
        result(answer, outcome);
    }
    Ok(())
}
