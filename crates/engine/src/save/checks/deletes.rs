//! Records that the platform keeps.

use super::{agreements, refuse};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ErrorCode, Id, Value};
use orglet_schema::standard::seed;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// How many of the records that are in the way are named.
const NAMED: usize = 20;

/// Refuses to delete what an org cannot be without: the standard price book, the groups that stand for roles and for
/// everybody, roles that users have. The code is the platform's, the words follow crud-032.
pub(in crate::save) fn may_delete(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<(), Failure> {
    let name = || row.get(object, "Name").as_text().unwrap_or("this record").to_owned();
    let kept = |why: &str| {
        let text = format!("Your attempt to delete {} could not be completed because {why}", name());
        Err(refuse(ErrorCode::DeleteFailed, text, &[]))
    };
    match object.name.as_str() {
        "Order" if agreements::in_force(object, row) => Err(refuse(ErrorCode::DeleteFailed, "unable to modify activated order", &[])),
        "OrderItem" => {
            let order = row.get(object, "OrderId").as_id().and_then(|id| Some((id, catalog.object_of(id)?)));
            match order {
                Some((id, orders)) if record::by_id(tx, org, orders, id)?.is_some_and(|o| agreements::in_force(orders, &o)) => {
                    Err(agreements::locked())
                }
                _ => Ok(()),
            }
        }
        "Product2" => unused(tx, org, catalog, object, row, ("OpportunityLineItem", "Product2Id"), "opportunity products"),
        "Pricebook2" if *row.get(object, "IsStandard") == Value::Bool(true) => kept("it is the standard price book"),
        "Folder" => unused(tx, org, catalog, object, row, ("Document", "FolderId"), "documents"),
        "Pricebook2" => unused(tx, org, catalog, object, row, ("Opportunity", "Pricebook2Id"), "opportunities"),
        "Group" if !matches!(row.get(object, "Type").as_text(), None | Some("Regular" | "Queue")) => {
            kept("the group is made by the platform")
        }
        "ContentDocumentLink" if super::super::files::is_owners(tx, org, catalog, object, row)? => {
            // https://salesforce.stackexchange.com/questions/274499
            Err(refuse(ErrorCode::FieldIntegrityException, "field integrity exception", &[]))
        }
        "Profile" if seed::has_named("Profile", &name()) => kept("it is a standard profile"),
        "UserRole" | "Profile" => {
            let (by, why) = match object.name.as_str() {
                "Profile" => ("ProfileId", "users have this profile"),
                _ => ("UserRoleId", "users have this role"),
            };
            let (Some(users), id) = (catalog.object("User"), row.get(object, "Id")) else { return Ok(()) };
            let Some(field) = users.field(by) else { return Ok(()) };
            match record::find(tx, org, users, field, id, 1)?.is_empty() {
                true => Ok(()),
                false => kept(why),
            }
        }
        _ => Ok(()),
    }
}

/// Refuses a delete that would take along what is settled: opportunities that were won go with no account, agreements in force
/// with nothing.
pub(in crate::save) fn may_go_along(
    tx: &mut dyn Tx,
    org: &Org,
    object: &Object,
    row: &Row,
    sets: &[(Arc<Object>, Vec<Id>)],
) -> Result<(), Failure> {
    for (child, ids) in sets.iter().filter(|(o, _)| o.name != object.name) {
        let (field, value, why) = match child.name.as_str() {
            "Opportunity" if object.name == "Account" => (
                "IsWon",
                Value::Bool(true),
                "because some opportunities in that account were closed won. The opportunities that could not be deleted are shown below.",
            ),
            "Contract" => ("StatusCode", Value::from("Activated"), "because it is associated with the following contracts."),
            "Order" => ("StatusCode", Value::from("Activated"), "because it is associated with the following orders."),
            _ => continue,
        };
        let Some(name) = child.name_field().map(|f| f.name.as_str()) else { continue };
        let mut ids = ids.clone();
        ids.sort_unstable();
        let mut names = Vec::new();
        for piece in ids.chunks(record::PIECE) {
            let rows = record::some(tx, org, child, piece, &[field, name])?;
            let settled = rows.iter().filter(|r| *r.get(child, field) == value);
            names.extend(settled.map(|r| r.get(child, name).display()).take(NAMED - names.len()));
            if names.len() == NAMED {
                break;
            }
        }
        if !names.is_empty() {
            let text = format!(
                "Your attempt to delete {} could not be completed {why}: {}\n",
                row.get(object, "Name").display(),
                names.join(", ")
            );
            return Err(refuse(ErrorCode::DeleteFailed, text, &[]));
        }
    }
    Ok(())
}

/// Refuses to delete what other records go by, naming them.
fn unused(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    object: &Object,
    row: &Row,
    (users, by): (&str, &str),
    called: &str,
) -> Result<(), Failure> {
    let Some(users) = catalog.object(users).filter(|o| org.has_rows(o)) else { return Ok(()) };
    let Some(key) = users.field(by) else { return Ok(()) };
    let mut names: Vec<String> = Vec::new();
    for id in record::find(tx, org, users, key, row.get(object, "Id"), NAMED)? {
        let Some(user) = record::by_id(tx, org, users, id)? else { continue };
        let deal = match user.get(users, "OpportunityId").as_id().and_then(|id| Some((id, catalog.object_of(id)?))) {
            Some((id, deals)) => record::by_id(tx, org, deals, id)?.map_or(Value::Null, |d| d.get(deals, "Name").clone()),
            None => user.get(users, "Name").clone(),
        };
        let name = deal.display();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let text = format!(
        "Your attempt to delete {} could not be completed because it is associated with the following {called}.: {}\n",
        row.get(object, "Name").display(),
        names.join(", ")
    );
    Err(refuse(ErrorCode::DeleteFailed, text, &[]))
}
