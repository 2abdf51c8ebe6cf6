//! What the user saw last: Recently Viewed Items, Relevant Items, and whether a request counts as a look.

use super::Rest;
use crate::codec::{Doc, Format, XmlOrder};
use crate::{Reply, compat};
use http::header::HeaderName;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::Failure;
use orglet_engine::views::{self, MOST, Seen};
use orglet_schema::Object;

const MRU: HeaderName = HeaderName::from_static("sforce-mru");
const LAST_UPDATED: HeaderName = HeaderName::from_static("lastupdatedid");
const NEW_RESULTS: HeaderName = HeaderName::from_static("newresultsetsincelastquery");
/// Records of one object among the relevant items.
const RELEVANT: usize = 50;

/// Notes that the user read or wrote a record, unless the request says that it should not count.
pub(super) fn looked(cx: &Rest<'_>, object: &Object, id: Id) {
    let asked = cx.call.header(MRU).filter(|_| compat::has_mru_header(cx.version));
    let value = asked.and_then(|text| {
        let parts = text.split([',', ';']).filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("updateMru")).map(|(_, value)| value.trim())
    });
    if !value.is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        views::note(&cx.identity, object, std::iter::once(id), true);
    }
}

/// The records of an object that the user saw last, as a list of `Id` and the name field.
pub(super) fn of_object(cx: &Rest<'_>, object: &Object) -> Result<Vec<Doc>, Failure> {
    if !views::are_noted(object) {
        return Ok(Vec::new());
    }
    let name = object.name_field().map(|f| f.name.clone());
    let seen = views::recent(&cx.identity, Some(object), &["Name"])?;
    Ok(seen.iter().map(|one| item(cx, one, name.as_deref())).collect())
}

fn item(cx: &Rest<'_>, seen: &Seen, name: Option<&str>) -> Doc {
    let mut doc = Doc::Record {
        sobject: seen.object.name.clone().into(),
        url: Some(format!("{}{}", cx.rows_of(&seen.object), seen.id)),
        fields: vec![("Id".into(), seen.id.to_string().into())],
    };
    if let Some(name) = name {
        doc.push(name.to_owned(), seen.text(0).map(str::to_owned));
    }
    doc
}

/// `GET /recent`.
pub(super) fn items(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let limit = match cx.call.param("limit") {
        None => MOST,
        Some(text) => text.parse::<u32>().ok().filter(|n| *n > 0).map(|n| (n as usize).min(MOST)).ok_or_else(|| refused("limit", text))?,
    };
    let seen = views::recent(&cx.identity, None, &["Name"])?;
    let list = seen.iter().take(limit).map(|one| item(cx, one, Some("Name"))).collect();
    Ok(cx.doc(200, &Doc::Wrapped("RecentItem", list), "RecentItems", XmlOrder::Kept))
}

fn refused(name: &str, value: &str) -> ApiError {
    ApiError::routing(ErrorCode::IllegalQueryParameterValue, format!("The value of {name} is not valid: {value}"))
}

/// `GET /sobjects/relevantItems`: JSON only. Every record that the user saw or wrote is in the list of the most recently
/// used, so that there are no others to add.
pub(super) fn relevant(cx: &Rest<'_>) -> Result<Reply, Failure> {
    if let Some(mode) = cx.call.param("mode").filter(|mode| *mode != "MRU") {
        return Err(refused("mode", mode).into());
    }
    let wanted: Option<Vec<&str>> =
        cx.call.param("sobjects").map(|list| list.split(',').map(str::trim).filter(|n| !n.is_empty()).collect());
    // Names of objects are case-sensitive here.
    for name in wanted.iter().flatten() {
        if cx.catalog.object(name).is_none_or(|o| o.name != **name || !cx.identity.access.sees_object(o)) {
            return Err(ApiError::not_found().into());
        }
    }
    let stray = cx.call.query.iter().find(|(name, _)| {
        let of = name.strip_suffix(".lastUpdatedId");
        of.is_some_and(|of| !wanted.iter().flatten().any(|name| *name == of))
    });
    if let Some((name, value)) = stray {
        return Err(refused(name, value).into());
    }
    let mut groups: Vec<(&Object, Vec<&str>)> = Vec::new();
    let seen = views::recent(&cx.identity, None, &[])?;
    for one in seen.iter().filter(|one| wanted.as_ref().is_none_or(|names| names.contains(&one.object.name.as_str()))) {
        match groups.iter_mut().find(|(object, _)| object.name == one.object.name) {
            Some((_, ids)) if ids.len() < RELEVANT => ids.push(one.id.as_15()),
            Some(_) => {}
            None => groups.push((&one.object, vec![one.id.as_15()])),
        }
    }
    let mut whole = Vec::new();
    let mut newer = false;
    let list = groups.iter().map(|(object, ids)| {
        let number = digest(ids);
        whole.push(number.to_string());
        let before = cx.call.param(&format!("{}.lastUpdatedId", object.name));
        newer |= before.is_some_and(|before| before != number.to_string());
        Doc::obj([
            ("apiName", object.name.clone().into()),
            ("key", object.key_prefix.map_or(Doc::Null, |p| p.as_str().to_owned().into())),
            ("label", object.label_plural.clone().into()),
            ("lastUpdatedId", number.to_string().into()),
            ("qualifiedApiName", object.name.clone().into()),
            ("recordIds", Doc::list(ids.iter().map(|id| (*id).to_owned()))),
        ])
    });
    let doc = Doc::list(list.collect::<Vec<_>>());
    let number = digest(&whole.iter().map(String::as_str).collect::<Vec<_>>());
    let before = views::answered(&cx.identity, number);
    let by_object = cx.call.query.iter().any(|(name, _)| name.ends_with(".lastUpdatedId"));
    newer = match cx.call.param("lastUpdatedId") {
        Some(id) => newer || id != number.to_string(),
        None if by_object => newer,
        None => before != Some(number),
    };
    let reply = Reply::doc(200, &doc, Format::Json, cx.pretty, "", XmlOrder::Kept);
    Ok(reply.with(LAST_UPDATED, number.to_string()).with(NEW_RESULTS, newer.to_string()))
}

/// A number that changes with a list.
fn digest(list: &[&str]) -> i32 {
    let bytes = list.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0x811c_9dc5_u32, |sum, b| (sum ^ u32::from(b)).wrapping_mul(0x0100_0193)) as i32
}
