//! References: that the record exists, is live and is of an object that the field may point to.

use super::{Assign, record_types};
use crate::failure::{Gathered, of_row};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_plan::write::{self, Lock};
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::Tx;

/// Resolves a lookup by external ID (crud-020, crud-048).
pub(super) fn resolve(tx: &mut dyn Tx, org: &Org, of: &Object, field: &Field, assign: &Assign) -> Result<Value, Failure> {
    let Assign::Lookup { object, field: key, value, .. } = assign else { return Ok(Value::Null) };
    let key = &object.fields()[*key];
    let typed = field.name == record_types::FIELD;
    let mut ids = record::find(tx, org, object, key, value, if typed { usize::MAX } else { 3 })?;
    if typed {
        record_types::own(of, &mut ids);
    }
    match ids.as_slice() {
        [id] => Ok(Value::Id(*id)),
        [] => {
            let text = format!(
                "Foreign key external ID: {} not found for field {} in entity {}",
                value.display().to_lowercase(),
                key.name,
                object.name
            );
            Err(ApiError::new(ErrorCode::InvalidField, text).with_fields(Vec::<String>::new()).into())
        }
        several => Err(ambiguous(key, field, several).into()),
    }
}

/// Checks every reference that a save changed, and tells of each that is wrong.
pub(super) fn check(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row, changed: &[usize]) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    for index in changed {
        let field = &object.fields()[*index];
        if field.ty != FieldType::Reference || field.reference_to.is_empty() {
            continue;
        }
        let Value::Id(id) = row.values[*index] else { continue };
        // Bodies of files are no records here: whether one is there is seen with the version.
        if object.name == "ContentVersion" && field.name == "ContentBodyId" {
            continue;
        }
        wrong.note(one(tx, org, catalog, field, id))?;
    }
    wrong.end()
}

fn one(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, field: &Field, id: Id) -> Result<(), Failure> {
    let Some(target) = catalog.object_of(id).filter(|t| field.reference_to.iter().any(|r| r.eq_ignore_ascii_case(&t.name))) else {
        // An id of another object (crud-024).
        let text = format!("{}: id value of incorrect type: {id}", field.label);
        return Err(ApiError::new(ErrorCode::MalformedId, text).with_fields([&field.name]).into());
    };
    if !target.has_table() {
        return Ok(());
    }
    match state(tx, org, target, id)? {
        State::Live => Ok(()),
        State::Converted => Err(converted_lead().into()),
        State::Deleted => Err(record::deleted().with_status(400).into()),
        // As setup tells of a licence that is not the org's (crud-066).
        State::Missing if target.name == "UserLicense" => {
            let text = "insufficient access rights on cross-reference id";
            Err(ApiError::new(ErrorCode::InsufficientAccessOnCrossReferenceEntity, text).with_fields(Vec::<String>::new()).into())
        }
        State::Missing if field.name == record_types::FIELD => Err(record_types::not_valid(&id.to_string()).into()),
        State::Missing => {
            let e = ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id");
            Err(e.with_fields(Vec::<String>::new()).into())
        }
    }
}

/// A lead that was converted is closed to changes, and to records that would refer to it.
pub(super) fn converted_lead() -> ApiError {
    ApiError::new(ErrorCode::CannotUpdateConvertedLead, "cannot reference converted lead").with_fields(Vec::<String>::new())
}

/// DUPLICATE_EXTERNAL_ID with the records that have the value (crud-048).
pub(super) fn ambiguous(key: &Field, at: &Field, ids: &[Id]) -> ApiError {
    let list: Vec<String> = ids.iter().map(Id::to_string).collect();
    let text = format!("{}: more than one record found for external id field: [{}]", key.label, list.join(", "));
    ApiError::new(ErrorCode::DuplicateExternalId, text).with_fields([&at.name])
}

enum State {
    Live,
    Converted,
    Deleted,
    Missing,
}

/// The state of a record that is referred to; it stays so until the transaction ends.
fn state(tx: &mut dyn Tx, org: &Org, object: &Object, id: Id) -> Result<State, Failure> {
    let deleted = object.field("IsDeleted");
    let converted = object.field("IsConverted").filter(|_| object.name == "Lead");
    let fields: Vec<&Field> = object.field("Id").into_iter().chain(deleted).chain(converted).collect();
    let read = write::point_read(object, &fields, &id.to_string(), Lock::Share, org.store.dialect());
    let found = tx.first(&read).map_err(|e| of_row(e, id))?;
    Ok(match found {
        None => State::Missing,
        Some(cells) if deleted.is_some() && cells.get(1) == Some(&orglet_base::OwnedCell::Int(1)) => State::Deleted,
        Some(cells) if converted.is_some() && cells.last() == Some(&orglet_base::OwnedCell::Int(1)) => State::Converted,
        Some(_) => State::Live,
    })
}
