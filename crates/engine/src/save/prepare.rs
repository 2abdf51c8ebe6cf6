//! The checks that need no data: which fields may be written, what values look like, what must be given.

use super::write::By;
use super::{Assign, Change, Incoming, Op, record_types};
use crate::failure::Gathered;
use crate::metadata::stand_for_definitions;
use crate::record::Row;
use crate::{Failure, Identity};
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_schema::{Field, FieldType, Object};

/// A record whose fields have been checked one by one.
pub(super) struct Prepared {
    pub(super) values: Vec<(usize, Value)>,
    pub(super) lookups: Vec<(usize, Assign)>,
}

/// Checks a record for being inserted (`insert`) or updated. What must be given is asked for where it is `required` by then.
///
/// Fields that may not be written come first and alone, then a parent named twice, then the fields that are missing; the
/// values are told last, each that is wrong.
pub(super) fn check(
    identity: &Identity,
    change: &Change,
    record: &Incoming,
    insert: bool,
    required: bool,
    by: By,
) -> Result<Prepared, Failure> {
    let object = &*change.object;
    if !change.system && by != By::Conversion {
        may_write(identity, object, record, insert)?;
    }
    let mut values = Vec::with_capacity(record.fields.len() + 4);
    let mut lookups = Vec::new();
    let mut wrong = Gathered::default();
    for (index, assign) in &record.fields {
        let field = &object.fields()[*index];
        match assign {
            Assign::Value(value) => match field.ty.kind().validate(field, value.clone()) {
                Ok(value) => values.push((*index, value)),
                Err(e) => {
                    wrong.push(e);
                    values.push((*index, value.clone()));
                }
            },
            lookup => lookups.push((*index, lookup.clone())),
        }
    }
    one_way_to_name_a_parent(object, &values, &lookups)?;
    if let (Op::Upsert { key, .. }, Some(value)) = (&change.op, &record.key)
        && insert
        && object.fields()[*key].name != "Id"
    {
        values.push((*key, value.clone()));
    }
    if !change.system && required {
        if insert {
            required_on_insert(object, &values, &lookups)?;
        } else {
            required_on_update(object, &values)?;
        }
    }
    wrong.end()?;
    Ok(Prepared { values, lookups })
}

/// Checks that a record has what must be given, when its triggers have run. `set` are the fields that somebody set.
pub(super) fn required(object: &Object, row: &Row, set: &[usize], insert: bool) -> Result<(), ApiError> {
    let values = |index: &usize| (*index, row.values[*index].clone());
    if !insert {
        return required_on_update(object, &set.iter().map(values).collect::<Vec<_>>());
    }
    let all = (0..object.fields().len()).filter(|i| set.contains(i) || !row.values[*i].is_null());
    required_on_insert(object, &all.map(|i| values(&i)).collect::<Vec<_>>(), &[])
}

/// CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY (crud-055, crud-056) and INVALID_FIELD_FOR_INSERT_UPDATE with every field that
/// may not be written (crud-033).
fn may_write(identity: &Identity, object: &Object, record: &Incoming, insert: bool) -> Result<(), ApiError> {
    let (allowed, verb) =
        if insert { (object.flags.createable, "inserted") } else { (object.flags.updateable && !stand_for_definitions(object), "updated") };
    if !allowed {
        let text = format!("entity type cannot be {verb}: {}", object.label);
        return Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()));
    }
    let refused: Vec<&str> = record
        .fields
        .iter()
        .map(|(i, _)| &object.fields()[*i])
        .filter(|f| match insert {
            true => !identity.access.creates_field(object, f),
            false => !f.updateable || !identity.access.writes_field(object, f),
        })
        .map(|f| f.name.as_str())
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let text = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
        refused.join(", ")
    );
    Err(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(refused))
}

/// A lookup may be given by id or by external ID, not by both (crud-021).
fn one_way_to_name_a_parent(object: &Object, values: &[(usize, Value)], lookups: &[(usize, Assign)]) -> Result<(), ApiError> {
    for (index, assign) in lookups {
        if let Assign::Lookup { relationship, .. } = assign
            && values.iter().any(|(i, v)| i == index && !v.is_null())
        {
            let text = format!(
                "Cannot specify both an external ID reference {relationship} and a salesforce id, {}",
                object.fields()[*index].name
            );
            return Err(ApiError::new(ErrorCode::InvalidField, text));
        }
    }
    Ok(())
}

fn required_on_insert(object: &Object, values: &[(usize, Value)], lookups: &[(usize, Assign)]) -> Result<(), ApiError> {
    let given = |i: usize| values.iter().any(|(k, v)| *k == i && !v.is_null()) || lookups.iter().any(|(k, _)| *k == i);
    let cleared = |i: usize| values.iter().any(|(k, v)| *k == i && v.is_null());
    missing(object.fields().iter().enumerate().filter(|(i, f)| {
        // A user's nickname is made up where none is given, a file's title taken from its path.
        let made = matches!((object.name.as_str(), f.name.as_str()), ("User", "CommunityNickname") | ("ContentVersion", "Title"));
        let made = made || instead_of(&object.name, &f.name).and_then(|other| object.field_index(other)).is_some_and(given);
        let must = (!made && f.required_on_create() && !record_types::gives(object, values, f))
            || (cleared(*i) && may_not_be_cleared(f) && !f.defaulted_on_create);
        must && !given(*i)
    }))
}

/// The field that makes another one needless: a quote's line takes its product from its price, and the other way round.
fn instead_of(object: &str, field: &str) -> Option<&'static str> {
    match (object, field) {
        ("QuoteLineItem", "Product2Id") => Some("PricebookEntryId"),
        ("QuoteLineItem", "PricebookEntryId") => Some("Product2Id"),
        _ => None,
    }
}

fn required_on_update(object: &Object, values: &[(usize, Value)]) -> Result<(), ApiError> {
    missing(values.iter().filter(|(_, v)| v.is_null()).map(|(i, _)| (*i, &object.fields()[*i])).filter(|(_, f)| may_not_be_cleared(f)))
}

/// Whether null is refused once a record is there. A checkbox reads null as false.
fn may_not_be_cleared(field: &Field) -> bool {
    !field.nillable && field.ty != FieldType::Boolean
}

/// REQUIRED_FIELD_MISSING with every field (crud-022).
fn missing<'a>(fields: impl Iterator<Item = (usize, &'a Field)>) -> Result<(), ApiError> {
    let names: Vec<&str> = fields.map(|(_, f)| f.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(ApiError::missing_fields(&names))
}
