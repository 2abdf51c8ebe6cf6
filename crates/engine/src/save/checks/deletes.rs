//! Records that the platform keeps.

use super::refuse;
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ErrorCode, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// Refuses to delete what an org cannot be without: the standard price book, the groups that stand for roles and for
/// everybody, roles that users have. The code is the platform's, the words follow crud-032.
pub(in crate::save) fn may_delete(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<(), Failure> {
    let name = || row.get(object, "Name").as_text().unwrap_or("this record").to_owned();
    let kept = |why: &str| {
        let text = format!("Your attempt to delete {} could not be completed because {why}", name());
        Err(refuse(ErrorCode::DeleteFailed, text, &[]))
    };
    match object.name.as_str() {
        "Pricebook2" if *row.get(object, "IsStandard") == Value::Bool(true) => kept("it is the standard price book"),
        "Group" if !matches!(row.get(object, "Type").as_text(), None | Some("Regular" | "Queue")) => {
            kept("the group is made by the platform")
        }
        "ContentDocumentLink" if super::super::files::is_owners(tx, org, catalog, object, row)? => {
            // https://salesforce.stackexchange.com/questions/274499
            Err(refuse(ErrorCode::FieldIntegrityException, "field integrity exception", &[]))
        }
        "UserRole" => {
            let (Some(users), id) = (catalog.object("User"), row.get(object, "Id")) else { return Ok(()) };
            let Some(field) = users.field("UserRoleId") else { return Ok(()) };
            match record::find(tx, org, users, field, id, 1)?.is_empty() {
                true => Ok(()),
                false => kept("users have this role"),
            }
        }
        _ => Ok(()),
    }
}
