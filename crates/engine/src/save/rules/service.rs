//! Cases, activities and assets.

use super::{Stage, fact, of_parent, parent, update_row};
use crate::record::{self, Row};
use crate::save::derived::insert;
use crate::{Failure, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::Object;
use orglet_store::Tx;

/// Assets that one hierarchy may have, and how deep it may be.
const MOST_ASSETS: usize = 10_000;

/// A case is closed as its status says; its account is the contact's where none is given. Returns what is given as Comments,
/// which the case shows none of itself.
pub(super) fn case(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<Value, Failure> {
    let object = it.object;
    let closed = fact(object, "Status", row.get(object, "Status"), "closed").is_some_and(|f| f == "true");
    let was = *it.was("IsClosed") == Value::Bool(true);
    row.set(object, "IsClosed", closed);
    if closed && !was && !it.set("ClosedDate") {
        row.set(object, "ClosedDate", Value::DateTime(it.now));
    } else if !closed {
        row.set(object, "ClosedDate", Value::Null);
    }
    if it.old.is_none() && !it.system {
        row.set(object, "IsClosedOnCreate", closed);
    }
    let comments = row.get(object, "Comments").clone();
    row.set(object, "Comments", Value::Null);
    if it.set("ContactId") && row.get(object, "AccountId").is_null() && !it.set("AccountId") {
        let account = of_parent(tx, it.org, it.catalog, row.get(object, "ContactId"), "AccountId")?;
        row.set(object, "AccountId", account);
    }
    Ok(comments)
}

/// What was given as Comments becomes a comment of the case.
pub(super) fn comment(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row, comments: Value) -> Result<(), Failure> {
    if comments.is_null() {
        return Ok(());
    }
    let values = [("ParentId", row.get(it.object, "Id").clone()), ("CommentBody", comments), ("IsPublished", false.into())];
    insert(tx, &it.context(), "CaseComment", &values)
}

/// What a task's status and priority say of it, and when it was done.
pub(super) fn task(it: &Stage<'_>, row: &mut Row) {
    let object = it.object;
    let closed = fact(object, "Status", row.get(object, "Status"), "closed").is_some_and(|f| f == "true");
    row.set(object, "IsClosed", closed);
    let high = fact(object, "Priority", row.get(object, "Priority"), "highPriority").is_some_and(|f| f == "true");
    row.set(object, "IsHighPriority", high);
    if !closed {
        row.set(object, "CompletedDateTime", Value::Null);
    } else if row.get(object, "CompletedDateTime").is_null() {
        row.set(object, "CompletedDateTime", Value::DateTime(it.now));
    }
}

/// The account of an activity: the record it is about, or that record's account; else that of the contact it is with.
pub(super) fn account_of_activity(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = it.object;
    if (!it.differs(row, "WhatId") && !it.differs(row, "WhoId")) || (it.system && !row.get(object, "AccountId").is_null()) {
        return Ok(());
    }
    let what = row.get(object, "WhatId").clone();
    let about = what.as_id().and_then(|id| it.catalog.object_of(id)).map_or("", |o| o.name.as_str());
    let mut account = match about {
        "Account" => what,
        "Opportunity" | "Contract" => of_parent(tx, it.org, it.catalog, &what, "AccountId")?,
        _ => Value::Null,
    };
    if account.is_null() && !matches!(about, "Account" | "Opportunity" | "Contract") {
        account = of_parent(tx, it.org, it.catalog, row.get(object, "WhoId"), "AccountId")?;
    }
    row.set(object, "AccountId", account);
    Ok(())
}

/// The place of an asset in its hierarchy.
pub(super) fn asset(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = it.object;
    if it.old.is_some() && !it.differs(row, "ParentId") {
        return Ok(());
    }
    let above = parent(tx, it.org, it.catalog, row.get(object, "ParentId"))?;
    let id = row.get(object, "Id").clone();
    let (root, level) = below(object, above.as_ref().map(|(_, r)| r), id);
    row.set(object, "RootAssetId", root);
    row.set(object, "AssetLevel", level);
    Ok(())
}

/// Root and level of an asset below another, or of one that stands at the top.
fn below(object: &Object, above: Option<&Row>, own: Value) -> (Value, Value) {
    let Some(above) = above else { return (own, Value::Int(1)) };
    let root = match above.get(object, "RootAssetId") {
        Value::Null => above.get(object, "Id").clone(),
        root => root.clone(),
    };
    let level = match above.get(object, "AssetLevel") {
        Value::Int(n) => *n,
        _ => 1,
    };
    (root, Value::Int(level + 1))
}

/// Gives the assets below one that moved their new root and level.
pub(super) fn below_asset(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row) -> Result<(), Failure> {
    let object = it.object;
    if it.old.is_none() || !it.differs(row, "ParentId") {
        return Ok(());
    }
    let mut open = vec![row.clone()];
    let mut seen = 0;
    while let Some(above) = open.pop() {
        for id in children(tx, it.org, object, above.get(object, "Id"))? {
            seen += 1;
            if seen > MOST_ASSETS {
                let text = format!("An asset hierarchy can't have more than {MOST_ASSETS} assets.");
                return Err(ApiError::new(ErrorCode::MaximumHierarchyChildrenReached, text).with_fields(["ParentId"]).into());
            }
            let Some(old) = record::by_id_to_change(tx, it.org, object, id)? else { continue };
            let mut child = old.clone();
            let (root, level) = below(object, Some(&above), Value::Id(id));
            child.set(object, "RootAssetId", root);
            child.set(object, "AssetLevel", level);
            update_row(tx, it.org, object, &old, &child)?;
            open.push(child);
        }
    }
    Ok(())
}

fn children(tx: &mut dyn Tx, org: &Org, object: &Object, id: &Value) -> Result<Vec<Id>, Failure> {
    match object.field("ParentId") {
        Some(key) => record::find(tx, org, object, key, id, usize::MAX),
        None => Ok(Vec::new()),
    }
}
