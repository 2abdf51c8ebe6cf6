//! Record types: which one a record may have, and what it leaves of the picklists.

use crate::Failure;
use crate::record::Row;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::part::MASTER;
use orglet_schema::types::of_record_type;
use orglet_schema::{DefaultValue, Field, FieldType, Object, RecordType};

/// The field that says of which record type a record is.
pub(super) const FIELD: &str = "RecordTypeId";

/// The record type of a row; none for the master's, and where the object has no others.
pub(super) fn of<'a>(object: &'a Object, row: &Row) -> Option<&'a RecordType> {
    if object.record_types().is_empty() {
        return None;
    }
    object.record_type(row.get(object, FIELD).as_id()?)
}

/// Whether a new record gets a value of a field by the record type among its values.
pub(super) fn gives(object: &Object, values: &[(usize, Value)], field: &Field) -> bool {
    if object.record_types().is_empty() {
        return false;
    }
    let index = object.field_index(FIELD);
    let given = values.iter().find(|(i, _)| Some(*i) == index).and_then(|(_, v)| v.as_id());
    given.and_then(|id| object.record_type(id)).and_then(|t| t.choice(&field.name)).is_some_and(|choice| choice.default.is_some())
}

/// Takes the record type that a request gives: an active one of the object. The master's is the same as none.
///
/// # Errors
/// INVALID_CROSS_REFERENCE_KEY (crud-030) for any other, whether it exists or not.
pub(super) fn take(object: &Object, row: &mut Row, changed: &[usize]) -> Result<(), Failure> {
    if object.record_types().is_empty() {
        return Ok(());
    }
    let Some(index) = object.field_index(FIELD).filter(|index| changed.contains(index)) else { return Ok(()) };
    let Some(id) = row.values[index].as_id() else { return Ok(()) };
    if id.to_string() == MASTER {
        row.values[index] = Value::Null;
        return Ok(());
    }
    // An id of another object is told by the checks of references.
    if id.prefix().as_str() != &MASTER[..3] || object.record_type(id).is_some_and(|t| t.active) {
        return Ok(());
    }
    Err(not_valid(&id.to_string()).into())
}

/// The refusal of a record type.
pub(super) fn not_valid(shown: &str) -> ApiError {
    let text = format!("Record Type ID: this ID value isn't valid for the user: {shown}");
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, text).with_fields([FIELD])
}

/// The default that a record type has for a picklist in the place of the field's own: none where it says nothing of the
/// picklist, `Some(None)` where it leaves that without.
pub(super) fn default_of<'a>(record_type: Option<&'a RecordType>, field: &Field) -> Option<Option<&'a str>> {
    if !matches!(field.ty, FieldType::Picklist | FieldType::MultiPicklist | FieldType::Combobox) {
        return None;
    }
    let choice = record_type?.choice(&field.name)?;
    match (&choice.default, &field.default) {
        (Some(default), _) => Some(Some(default)),
        // A field that must have a value keeps its own default where the choice has it.
        (None, Some(DefaultValue::Text(own))) if !field.nillable && choice.values.contains(own) => None,
        (None, _) => Some(None),
    }
}

/// Refuses a value of a restricted picklist that the record type leaves out.
pub(super) fn check(object: &Object, row: &Row, field: &Field) -> Result<(), ApiError> {
    match of(object, row) {
        Some(record_type) => of_record_type(field, row.get(object, &field.name), record_type),
        None => Ok(()),
    }
}

/// Those of some record types that are an object's own: a name may be that of several objects'.
pub(super) fn own(object: &Object, ids: &mut Vec<Id>) {
    ids.retain(|id| object.record_type(*id).is_some());
}
