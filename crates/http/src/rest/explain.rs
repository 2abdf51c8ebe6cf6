//! Query explain.

use super::Rest;
use crate::codec::{Doc, XmlOrder};
use crate::{Reply, compat};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::query::{self, BATCH, Candidate, Explained, Operation, Request};
use orglet_engine::{Failure, lists};

/// What the optimizer says of a filter that no index helps with.
const UNINDEXED: &str = "Not considering filter for optimization because unindexed";

/// `GET /query?explain=`: the plans of a query, the cheapest first. The Id of a report or list view may stand in its place.
pub(super) fn answer(cx: &Rest<'_>, what: &str, all_rows: bool, tooling: bool) -> Result<Reply, Failure> {
    let of_list = Id::parse(what.trim()).ok().map(|id| query_of_list(cx, id, what.trim(), tooling)).transpose()?;
    let what = of_list.as_deref().unwrap_or(what);
    let request = Request { soql: what, version: cx.version, all_rows, batch: BATCH, tooling };
    let explained = query::explain(&cx.identity, &request)?;
    let mut doc = Doc::obj([("plans", Doc::list(explained.candidates.iter().map(|c| plan(cx, &explained, c))))]);
    if compat::explain_has_notes(cx.version) {
        doc.push("sourceQuery", what.to_owned());
    }
    Ok(cx.doc(200, &doc, "QueryExplain", XmlOrder::Sorted))
}

/// The query of the list view of an Id. There are no reports here, so that the Id of one is that of none; neither has the
/// Tooling API any lists.
fn query_of_list(cx: &Rest<'_>, id: Id, text: &str, tooling: bool) -> Result<String, ApiError> {
    let served = compat::has_list_views(cx.version) && !tooling;
    let (object, view) = lists::by_id(&cx.identity, id)
        .filter(|_| served)
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidId, format!("invalid report or list view id: {text}")))?;
    Ok(lists::describe(&cx.identity, &object, &view)?.query)
}

fn plan(cx: &Rest<'_>, explained: &Explained, candidate: &Candidate) -> Doc {
    let number = |n: u64| Doc::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let operation = match candidate.operation {
        Operation::Index => "Index",
        Operation::Other => "Other",
        Operation::TableScan => "TableScan",
    };
    let mut doc = Doc::obj([
        ("cardinality", number(candidate.cardinality)),
        ("fields", Doc::list(candidate.field.clone())),
        ("leadingOperationType", operation.into()),
    ]);
    if compat::explain_has_notes(cx.version) {
        let notes = explained.unindexed.iter().map(|field| {
            Doc::obj([
                ("description", UNINDEXED.into()),
                ("fields", Doc::list([field.clone()])),
                ("tableEnumOrId", explained.object.clone().into()),
            ])
        });
        doc.push("notes", Doc::list(notes));
    }
    doc.push("relativeCost", Doc::Number(format!("{:?}", candidate.cost)));
    doc.push("sobjectCardinality", number(explained.total));
    doc.push("sobjectType", explained.object.clone());
    doc
}
