//! The records that definitions have in the data API: RecordType, BusinessProcess, ProcessDefinition with ProcessNode. They are written and taken away with
//! the definitions, so that one is never without the other.

use super::{Custom, Draft, Edit};
use crate::record::{self, Row};
use crate::save::{PlatformRow, put_platform_row, take_platform_rows};
use crate::{Failure, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_schema::custom::PartDef;
use orglet_schema::custom::part::ApprovalProcessDef;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// The object whose records definitions of a kind have.
fn object_of(def: &PartDef) -> Option<&'static str> {
    match def {
        PartDef::RecordType(_) => Some("RecordType"),
        PartDef::BusinessProcess(_) => Some("BusinessProcess"),
        PartDef::ApprovalProcess(_) => Some("ProcessDefinition"),
        _ => None,
    }
}

/// The object whose records the steps of an approval process have.
const STEPS: &str = "ProcessNode";

/// Whether the records of an object stand for definitions: they change with them alone, whatever a describe says of updates, or
/// the definition would go on as it was.
pub(crate) fn stand_for_definitions(object: &Object) -> bool {
    matches!(object.name.as_str(), "RecordType" | "BusinessProcess")
}

/// Makes the tables that edits will write rows to: no table can be made while metadata changes.
pub(super) fn ensure(org: &Org, edits: &[Edit]) -> Result<(), Failure> {
    let catalog = org.catalog();
    let objects: Vec<&Object> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::AddPart(def) | Edit::ChangePart(_, def) => object_of(def),
            _ => None,
        })
        .flat_map(|name| if name == "ProcessDefinition" { vec![name, STEPS, "ProcessInstance"] } else { vec![name] })
        .filter_map(|name| catalog.object(name).map(|o| &**o))
        .collect();
    if objects.is_empty() { Ok(()) } else { org.ensure_tables(objects) }
}

/// Writes the records of the definitions that a draft changes, and takes away those of the ones that go.
pub(super) fn write(tx: &mut dyn Tx, draft: &Draft<'_>, catalog: &Catalog) -> Result<(), Failure> {
    for custom in &draft.removed {
        if let Some(object) = custom.part_def().and_then(object_of).and_then(|name| catalog.object(name)) {
            if let Some(PartDef::ApprovalProcess(def)) = custom.part_def() {
                steps(tx, draft, catalog, custom, def, true)?;
            }
            take_platform_rows(tx, draft.org, object, &[custom.id])?;
        }
    }
    for custom in draft.customs.iter().filter(|c| draft.writes(c)) {
        let Some(def) = custom.part_def() else { continue };
        let Some(object) = object_of(def).and_then(|name| catalog.object(name)) else { continue };
        let values = values(draft, custom, def);
        let row = PlatformRow { identity: draft.identity, catalog, object, id: custom.id, now: draft.now };
        put_platform_row(tx, &row, &values)?;
        if let PartDef::ApprovalProcess(def) = def {
            steps(tx, draft, catalog, custom, def, false)?;
        }
    }
    Ok(())
}

/// Writes the records of the steps of an approval process, and takes away those of steps that it has no more. Records that wait
/// for a step hold it.
fn steps(
    tx: &mut dyn Tx,
    draft: &Draft<'_>,
    catalog: &Catalog,
    custom: &Custom,
    def: &ApprovalProcessDef,
    gone: bool,
) -> Result<(), Failure> {
    let (Some(nodes), Some(instances)) = (catalog.object(STEPS), catalog.object("ProcessInstance")) else { return Ok(()) };
    let Some(of) = nodes.field("ProcessDefinitionId") else { return Ok(()) };
    let key = Value::Id(custom.id);
    let ids = record::find(tx, draft.org, nodes, of, &key, usize::MAX)?;
    let there = record::some(tx, draft.org, nodes, &ids, &["Id", "DeveloperName"])?;
    let name_of = |row: &Row| row.get(nodes, "DeveloperName").as_text().unwrap_or_default().to_owned();
    let stays = |name: &str| !gone && def.approval_step.iter().any(|step| step.name.eq_ignore_ascii_case(name));
    let leaving: Vec<Id> = there.iter().filter(|row| !stays(&name_of(row))).filter_map(|row| row.get(nodes, "Id").as_id()).collect();
    if gone || !leaving.is_empty() {
        let pending = [("ProcessDefinitionId", &key), ("Status", &Value::from("Pending"))];
        if !record::find_with(tx, draft.org, instances, &pending, 1)?.is_empty() {
            let text = format!("Records wait for approval by the process {}: neither it nor its steps can be deleted", custom.name);
            return Err(ApiError::new(ErrorCode::DeleteFailed, text).with_fields(Vec::<String>::new()).into());
        }
        take_platform_rows(tx, draft.org, nodes, &leaving)?;
    }
    let Some(prefix) = nodes.key_prefix.filter(|_| !gone) else { return Ok(()) };
    for step in &def.approval_step {
        let known = there.iter().find(|row| name_of(row).eq_ignore_ascii_case(&step.name));
        let id = match known.and_then(|row| row.get(nodes, "Id").as_id()) {
            Some(id) => id,
            None => draft.org.new_id_within(tx, prefix)?,
        };
        let values = [
            ("Name", Value::from(step.label.as_str())),
            ("DeveloperName", step.name.as_str().into()),
            ("ProcessDefinitionId", key.clone()),
            ("Description", step.description.as_deref().map_or(Value::Null, Value::from)),
            ("SystemModstamp", Value::DateTime(draft.now)),
        ];
        put_platform_row(tx, &PlatformRow { identity: draft.identity, catalog, object: nodes, id, now: draft.now }, &values)?;
    }
    Ok(())
}

fn values(draft: &Draft<'_>, custom: &Custom, def: &PartDef) -> Vec<(&'static str, Value)> {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let time = |text: &str| DateTime::parse(text).map_or(Value::Null, Value::DateTime);
    let author = Id::parse(&custom.author).map_or(Value::Null, Value::Id);
    let mut values = vec![
        ("CreatedDate", time(&custom.created)),
        ("CreatedById", author),
        ("LastModifiedDate", time(&custom.modified)),
        ("LastModifiedById", Value::Id(draft.identity.user.id)),
        ("SystemModstamp", time(&custom.modified)),
    ];
    match def {
        PartDef::RecordType(def) => values.extend([
            ("Name", def.label.as_str().into()),
            ("DeveloperName", def.full_name.as_str().into()),
            ("Description", text(&def.description)),
            ("SobjectType", def.object.as_str().into()),
            ("IsActive", def.active.into()),
            ("BusinessProcessId", process_of(&draft.customs, custom).map_or(Value::Null, Value::Id)),
        ]),
        PartDef::BusinessProcess(def) => values.extend([
            ("Name", def.full_name.as_str().into()),
            ("Description", text(&def.description)),
            ("TableEnumOrId", def.object.as_str().into()),
            ("IsActive", def.is_active.into()),
        ]),
        PartDef::ApprovalProcess(def) => values.extend([
            ("Name", def.label.as_str().into()),
            ("DeveloperName", def.full_name.as_str().into()),
            ("Type", "Approval".into()),
            ("Description", text(&def.description)),
            ("TableEnumOrId", def.object.as_str().into()),
            ("LockType", def.lock_type().into()),
            ("State", if def.active { "Active" } else { "Inactive" }.into()),
        ]),
        _ => {}
    }
    values
}

/// The id of the business process that a record type names.
pub(crate) fn process_of(all: &[Custom], custom: &Custom) -> Option<Id> {
    let Some(PartDef::RecordType(def)) = custom.part_def() else { return None };
    let name = def.business_process.as_deref()?;
    let is_it = |c: &&Custom| {
        matches!(c.part_def(), Some(PartDef::BusinessProcess(_)))
            && c.object.eq_ignore_ascii_case(&custom.object)
            && c.name.eq_ignore_ascii_case(name)
    };
    all.iter().find(is_it).map(|c| c.id)
}
