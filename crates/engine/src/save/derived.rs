//! Records that the platform writes because another was saved.

use super::files;
use super::write::{stamp_new, update_row};
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{DateTime, Id, Value};
use orglet_plan::write as sql;
use orglet_schema::standard::seed;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// What the platform's own rows are written with.
pub(super) struct Context<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) identity: &'a Identity,
    pub(super) now: DateTime,
    /// The save is the platform's own: seeds bring what belongs to their rows themselves.
    pub(super) system: bool,
}

/// Writes what follows from a record that was inserted (`old` is none) or updated.
pub(super) fn follow(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
    let id = row.get(object, "Id").clone();
    match (object.name.as_str(), old) {
        ("Opportunity", _) if !cx.system => {
            if old.is_none() && !row.get(object, "ContactId").is_null() {
                let values = [("OpportunityId", id), ("ContactId", row.get(object, "ContactId").clone()), ("IsPrimary", true.into())];
                insert(tx, cx, "OpportunityContactRole", &values)?;
            }
            stage_history(tx, cx, object, old, row)
        }
        ("Campaign", None) if !cx.system => {
            for (at, label, default, responded) in [(1, "Sent", true, false), (2, "Responded", false, true)] {
                let values = [
                    ("CampaignId", id.clone()),
                    ("Label", Value::from(label)),
                    ("SortOrder", Value::Int(at)),
                    ("IsDefault", default.into()),
                    ("HasResponded", responded.into()),
                ];
                insert(tx, cx, "CampaignMemberStatus", &values)?;
            }
            Ok(())
        }
        ("UserRole", None) if !cx.system => {
            for kind in ["Role", "RoleAndSubordinates"] {
                let values =
                    [("DeveloperName", row.get(object, "DeveloperName").clone()), ("Type", kind.into()), ("RelatedId", id.clone())];
                insert(tx, cx, "Group", &values)?;
            }
            Ok(())
        }
        ("ContentVersion", _) => files::follow_version(tx, cx, object, old, row),
        ("ContentDocument", Some(old)) => files::follow_document(tx, cx, object, old, row),
        _ => Ok(()),
    }
}

/// OpportunityHistory: a row at the start and at each change of stage, amount, probability, expected revenue or close
/// date.
pub(super) fn stage_history(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
    const WATCHED: [&str; 6] = ["StageName", "Amount", "Probability", "ExpectedRevenue", "CloseDate", "ForecastCategory"];
    let get = |name: &str| row.get(object, name).clone();
    if old.is_some_and(|o| WATCHED.iter().all(|f| o.get(object, f) == row.get(object, f))) {
        return Ok(());
    }
    let mut values: Vec<(&str, Value)> = WATCHED.iter().map(|f| (*f, get(f))).collect();
    values.push(("OpportunityId", get("Id")));
    if let Some(old) = old {
        values.push(("PrevAmount", old.get(object, "Amount").clone()));
        values.push(("PrevCloseDate", old.get(object, "CloseDate").clone()));
    }
    insert(tx, cx, "OpportunityHistory", &values)
}

/// Inserts a row of the platform's own.
pub(super) fn insert(tx: &mut dyn Tx, cx: &Context<'_>, object: &str, values: &[(&str, Value)]) -> Result<(), Failure> {
    let Some(prefix) = seed::id_prefix(object) else { return Ok(()) };
    let id = cx.org.new_id_within(tx, prefix)?;
    insert_as(tx, cx, object, id, values)
}

/// Inserts a row of the platform's own under an id that it has already.
pub(super) fn insert_as(tx: &mut dyn Tx, cx: &Context<'_>, object: &str, id: Id, values: &[(&str, Value)]) -> Result<(), Failure> {
    let Some(object) = cx.catalog.object(object) else { return Ok(()) };
    let mut row = Row::empty(object);
    for (name, value) in values {
        row.set(object, name, value.clone());
    }
    stamp_new(tx, object, &mut row, id, cx.identity, cx.now)?;
    tx.execute(&record::insert(object, &row, cx.org.store.dialect()))?;
    Ok(())
}

/// A row of the platform's own that something other than a record brings about.
pub(crate) struct PlatformRow<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) catalog: &'a Catalog,
    pub(crate) object: &'a Object,
    pub(crate) id: Id,
    pub(crate) now: DateTime,
}

/// Writes a row of the platform's own: a new one, or what changed of the one that is there.
pub(crate) fn put_platform_row(tx: &mut dyn Tx, it: &PlatformRow<'_>, values: &[(&str, Value)]) -> Result<(), Failure> {
    let PlatformRow { identity, catalog, object, id, now } = *it;
    let org = &*identity.org;
    let Some(old) = record::by_id_to_change(tx, org, object, id)? else {
        return insert_as(tx, &Context { org, catalog, identity, now, system: true }, &object.name, id, values);
    };
    let mut row = old.clone();
    for (name, value) in values {
        row.set(object, name, value.clone());
    }
    update_row(tx, org, object, &old, &row)
}

/// Takes rows of the platform's own away for good.
pub(crate) fn take_platform_rows(tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id]) -> Result<(), Failure> {
    if org.has_rows(object) {
        let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
        tx.execute(&sql::purge(object, &ids, org.store.dialect()))?;
    }
    Ok(())
}
