//! The records that definitions have in the data API: RecordType and BusinessProcess. They are written and taken away with
//! the definitions, so that one is never without the other.

use super::{Custom, Draft, Edit};
use crate::save::{PlatformRow, put_platform_row, take_platform_rows};
use crate::{Failure, Org};
use orglet_base::{DateTime, Id, Value};
use orglet_schema::custom::PartDef;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// The object whose records definitions of a kind have.
fn object_of(def: &PartDef) -> Option<&'static str> {
    match def {
        PartDef::RecordType(_) => Some("RecordType"),
        PartDef::BusinessProcess(_) => Some("BusinessProcess"),
        _ => None,
    }
}

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
        .filter_map(|name| catalog.object(name).map(|o| &**o))
        .collect();
    if objects.is_empty() { Ok(()) } else { org.ensure_tables(objects) }
}

/// Writes the records of the definitions that a draft changes, and takes away those of the ones that go.
pub(super) fn write(tx: &mut dyn Tx, draft: &Draft<'_>, catalog: &Catalog) -> Result<(), Failure> {
    for custom in &draft.removed {
        if let Some(object) = custom.part_def().and_then(object_of).and_then(|name| catalog.object(name)) {
            take_platform_rows(tx, draft.org, object, &[custom.id])?;
        }
    }
    for custom in draft.customs.iter().filter(|c| draft.writes(c)) {
        let Some(def) = custom.part_def() else { continue };
        let Some(object) = object_of(def).and_then(|name| catalog.object(name)) else { continue };
        let values = values(draft, custom, def);
        let row = PlatformRow { identity: draft.identity, catalog, object, id: custom.id, now: draft.now };
        put_platform_row(tx, &row, &values)?;
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
