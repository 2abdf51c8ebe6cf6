//! `merge`.

use super::decode::{self, Record};
use super::write::bounded;
use super::{Data, bad_id};
use crate::codec::Node;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::record;
use orglet_engine::save::{self, Merge, Merged};

/// `merge(request…)`: each request is a transaction of its own.
pub(super) fn merge(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let requests: Vec<&Node<'_>> =
        super::super::arguments::MERGES.iter().flat_map(|name| data.soap.request.arguments().get_all(name)).collect();
    bounded(requests.len())?;
    let mut read = Vec::with_capacity(requests.len());
    for request in requests {
        let Some(master) = request.get("masterRecord") else {
            return Err(ApiError::new(ErrorCode::InvalidType, "Must send a concrete entity type.").into());
        };
        let record = decode::record(data, master)?;
        if !record.object.flags.mergeable {
            return Err(save::not_mergeable().into());
        }
        let others: Vec<&str> = request.get_all("recordToMergeIds").map(|id| id.as_str().unwrap_or_default().trim()).collect();
        read.push((record, others));
    }
    for (record, others) in read {
        let master = record.id.clone();
        let outcome = one(data, record, &others);
        answer.begin("result");
        match outcome {
            Ok((id, others, Merged { moved })) => {
                answer.text("id", &id.to_string());
                others.iter().for_each(|id| _ = answer.text("mergedRecordIds", &id.to_string()));
                answer.bool("success", true);
                moved.iter().for_each(|id| _ = answer.text("updatedRelatedIds", &id.to_string()));
            }
            // The master is told there too (recorded in tests of sfbulk, indexed as 6877839066).
            Err(errors) => {
                let master = master.and_then(|text| Id::parse(&text).ok()).map(|id| id.to_string());
                answer.errors(&errors).nillable("id", master.as_deref()).bool("success", false);
            }
        }
        answer.end("result");
    }
    Ok(())
}

fn one(data: &Data<'_>, record: Record, others: &[&str]) -> Result<(Id, Vec<Id>, Merged), Vec<ApiError>> {
    let Record { object, id, mut incoming, wrong } = record;
    if let Some(e) = wrong {
        return Err(vec![e]);
    }
    let Some(text) = id else {
        let e = ApiError::new(ErrorCode::MissingArgument, "Id not specified in a merge call");
        return Err(vec![e.with_fields(Vec::<String>::new())]);
    };
    let master =
        Id::parse(&text).map_err(|_| bad_id(&text)).and_then(|id| record::parse_target(&object, &id.to_string())).map_err(|e| vec![e])?;
    incoming.id = Some(master);
    let given_up =
        others.iter().map(|text| Id::parse(text).map_err(|_| bad_id(text))).collect::<Result<Vec<_>, _>>().map_err(|e| vec![e])?;
    let merge = Merge { object, master: incoming, given_up };
    match save::merge(&data.identity, &merge) {
        Ok(merged) => {
            if data.options.looks {
                orglet_engine::views::note(&data.identity, &merge.object, std::iter::once(master), true);
            }
            Ok((master, merge.given_up, merged))
        }
        Err(failure) if failure.errors().is_empty() => Err(vec![data.soap.server.internal(&failure)]),
        Err(failure) => Err(failure.errors().to_vec()),
    }
}
