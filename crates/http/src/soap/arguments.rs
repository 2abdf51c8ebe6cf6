//! Which arguments an operation has. One that it has not is a fault, because it would be dropped behind an answer that all went
//! well.

use super::envelope::elements;
use super::{Api, Fault, Soap};
use crate::codec::Node;

/// A name of an element, and whether it may come more than once.
type Allowed = (&'static str, bool);

const IDS: &[Allowed] = &[("ids", true)];
const RECORDS: &[Allowed] = &[("sObjects", true)];
const QUERY: &[Allowed] = &[("queryString", false)];
const SPAN: &[Allowed] = &[("sObjectType", false), ("startDate", false), ("endDate", false)];
const COMPONENTS: &[Allowed] = &[("metadata", true)];
const NAMED: &[Allowed] = &[("type", false), ("fullNames", true)];

/// The members of a query of `listMetadata`.
const LISTED: &[Allowed] = &[("folder", false), ("type", false)];

/// The names of `merge`'s argument: that of the WSDL, and those that public clients send (salesforcer; jsforce).
pub(super) const MERGES: &[&str] = &["request", "mergeRequest", "mergeRequests"];

/// The members of a request of `merge`.
const MERGE: &[Allowed] = &[("masterRecord", false), ("recordToMergeIds", true)];

/// The members of an order to convert a lead.
const CONVERSION: &[Allowed] = &[
    ("accountId", false),
    ("accountRecord", false),
    ("bypassAccountDedupeCheck", false),
    ("bypassContactDedupeCheck", false),
    ("contactId", false),
    ("contactRecord", false),
    ("convertedStatus", false),
    ("doNotCreateOpportunity", false),
    ("leadId", false),
    ("opportunityId", false),
    ("opportunityName", false),
    ("opportunityRecord", false),
    ("overwriteLeadSource", false),
    ("ownerId", false),
    ("relatedPersonAccountId", false),
    ("relatedPersonAccountRecord", false),
    ("sendNotificationEmail", false),
];

/// The arguments of an operation that is built, as the WSDL has them; `None` for any other.
fn of(api: Api, operation: &str) -> Option<&'static [Allowed]> {
    Some(match (api, operation) {
        (Api::Metadata, "createMetadata" | "updateMetadata" | "upsertMetadata") => COMPONENTS,
        (Api::Metadata, "deleteMetadata" | "readMetadata") => NAMED,
        (Api::Metadata, "describeMetadata") => &[("asOfVersion", false)],
        (Api::Metadata, "listMetadata") => &[("queries", true), ("asOfVersion", false)],
        (Api::Metadata, _) => return None,
        (_, "login") => &[("username", false), ("password", false)],
        (_, "logout" | "getServerTimestamp" | "getUserInfo" | "describeGlobal") => &[],
        (_, "create" | "update") => RECORDS,
        (_, "upsert") => &[("externalIDFieldName", false), ("sObjects", true)],
        (_, "delete" | "undelete" | "emptyRecycleBin") => IDS,
        (_, "merge") => &[("request", true), ("mergeRequest", true), ("mergeRequests", true)],
        (_, "convertLead") => &[("leadConverts", true)],
        (_, "query" | "queryAll") => QUERY,
        (_, "queryMore") => &[("queryLocator", false)],
        (_, "search") => &[("searchString", false)],
        (_, "retrieve") => &[("fieldList", false), ("sObjectType", false), ("ids", true)],
        (_, "describeSObject") => &[("sObjectType", false)],
        (_, "describeSObjects") => &[("sObjectType", true)],
        (_, "getDeleted" | "getUpdated") => SPAN,
        (_, "setPassword") => &[("userId", false), ("password", false)],
        (_, "resetPassword") => &[("userId", false)],
        _ => return None,
    })
}

/// Looks whether a call has the arguments of its operation alone.
pub(super) fn check(cx: &Soap<'_>) -> Result<(), Fault> {
    let Some(allowed) = of(cx.api, &cx.request.operation) else { return Ok(()) };
    let given = cx.request.arguments();
    only(cx.api, given, allowed)?;
    let inner = |names: &[&str], members: &[Allowed]| {
        names.iter().flat_map(|name| given.get_all(name)).try_for_each(|node| only(cx.api, node, members))
    };
    match (cx.api, cx.request.operation.as_str()) {
        (Api::Metadata, "listMetadata") => inner(&["queries"], LISTED),
        (Api::Partner | Api::Enterprise, "merge") => inner(MERGES, MERGE),
        (Api::Partner | Api::Enterprise, "convertLead") => inner(&["leadConverts"], CONVERSION),
        _ => Ok(()),
    }
}

fn only(api: Api, node: &Node<'_>, allowed: &[Allowed]) -> Result<(), Fault> {
    if node.as_str().is_some_and(|text| !text.trim().is_empty()) {
        return Err(Fault::client("There is text where elements are expected"));
    }
    // A bit for each that has come.
    let mut seen = 0u32;
    for (name, _) in elements(node) {
        let at = allowed.iter().position(|(known, _)| known == name);
        let Some(at) = at.filter(|at| allowed[*at].1 || seen & (1 << at) == 0) else { return Err(misplaced(api, name)) };
        seen |= 1 << at;
    }
    Ok(())
}

/// An element that does not belong where it stands (as metadata's are told of).
pub(super) fn misplaced(api: Api, name: &str) -> Fault {
    Fault::client(format!("Element {{{}}}{name} invalid at this location", api.namespace()))
}
