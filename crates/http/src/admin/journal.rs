//! The journal of an org.

use super::body::Body;
use super::{Asked, faults, json};
use crate::journal::{Entry, Filter, Journal, LONGEST_WAIT};
use crate::{Reply, pattern};
use orglet_base::DateTime;
use orglet_engine::orgs::AdminError;
use serde_json::{Value, json as object};
use std::sync::Arc;
use std::time::Duration;

/// Entries of a page when nothing else is said, and the most.
const PAGE: (usize, usize) = (100, 1000);

/// `GET /orgs/{org}/log`
pub(super) fn page(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let call = asked.call;
    let number = |name: &str| match call.param(name).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(AdminError::Invalid(format!("'{name}' is a number"))),
    };
    let since = match call.param("since") {
        None => None,
        Some(text) => match DateTime::parse(text) {
            Some(since) => Some(since),
            None => return Err(AdminError::Invalid("'since' is a date and time with its zone, such as 2026-01-31T09:30:00Z".into())),
        },
    };
    let errors = match call.param("errors") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(AdminError::Invalid("'errors' is true or false".into())),
    };
    let status = call.param("status");
    if status.is_some_and(|status| !is_status(status)) {
        return Err(AdminError::Invalid("'status' is a status or a class of them: 404, 4xx".into()));
    }
    if call.param("path").is_some_and(|path| path.is_empty() || path.len() > pattern::LONGEST) {
        return Err(AdminError::Invalid(format!("'path' has 1 to {} bytes", pattern::LONGEST)));
    }
    let text = |name: &str| call.param(name).map(str::to_owned);
    let limit = number("limit")?.map_or(PAGE.0, |limit| usize::try_from(limit).unwrap_or(PAGE.1));
    let filter = Filter {
        after: number("after")?,
        limit: limit.clamp(1, PAGE.1),
        status: text("status"),
        method: text("method"),
        path: text("path"),
        object: text("object"),
        since,
        errors,
    };
    let wait = Duration::from_millis(number("wait")?.unwrap_or_default()).min(LONGEST_WAIT);
    let journal = of(asked)?;
    let page = journal.page(&filter, wait);
    let entries: Vec<Value> = page.entries.iter().map(entry).collect();
    let mut answer = settings(&journal);
    answer["entries"] = entries.into();
    answer["next"] = page.next.into();
    answer["missed"] = page.missed.into();
    Ok(json(200, &answer))
}

/// `PUT /orgs/{org}/log`
pub(super) fn set(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let given = body.has("bodies");
    let bodies = body.flag("bodies")?;
    body.end()?;
    let journal = of(asked)?;
    if given {
        journal.keep_bodies(bodies);
    }
    Ok(json(200, &settings(&journal)))
}

/// `DELETE /orgs/{org}/log`
pub(super) fn clear(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    of(asked)?.clear();
    Ok(Reply::empty(204))
}

fn of(asked: &Asked<'_>) -> Result<Arc<Journal>, AdminError> {
    let org = faults::org(asked)?;
    let journals = asked.server.journals.as_ref();
    Ok(journals.ok_or_else(|| AdminError::Conflict("the server keeps no journal: it was started with --journal 0".into()))?.of(org))
}

fn settings(journal: &Journal) -> Value {
    object!({"capacity": journal.capacity(), "bodies": journal.keeps_bodies()})
}

fn is_status(text: &str) -> bool {
    let class = text.strip_suffix("xx").unwrap_or(text);
    class.parse::<u16>().is_ok() && class.len() == if class.len() == text.len() { 3 } else { 1 }
}

fn entry(entry: &Entry) -> Value {
    let mut shown = object!({
        "number": entry.number,
        "time": entry.at.to_canonical(),
        "method": entry.method.as_str(),
        "target": entry.target,
        "object": entry.object(),
        "status": entry.status,
        "code": Some(&entry.code).filter(|code| !code.is_empty()),
        "milliseconds": (entry.took.as_secs_f64() * 1e6).round() / 1e3,
        "bytes_in": entry.bytes_in,
        "bytes_out": entry.bytes_out,
        "client": entry.client,
        "address": entry.address.map(|address| address.to_string()),
        "user": entry.user.as_ref().map(|user| &user.username),
        "fault": entry.fault,
    });
    for (name, body) in [("request", &entry.request), ("response", &entry.response)] {
        if let Some(body) = body {
            shown[name] = body.as_str().into();
        }
    }
    shown
}
