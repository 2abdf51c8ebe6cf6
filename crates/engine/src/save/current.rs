//! A change as the catalog stands now: it may have been prepared against an older one.

use super::{Assign, Change, Incoming, Op};
use crate::Failure;
use orglet_base::{ApiError, ErrorCode};
use orglet_schema::{Catalog, Object};
use std::borrow::Cow;
use std::sync::Arc;

/// The change with the objects of a catalog, its fields found again by name. An object that is gone is 404, a field that
/// is gone the error of one that never was (crud-018).
pub(super) fn on<'a>(change: &'a Change, catalog: &Catalog) -> Result<Cow<'a, Change>, Failure> {
    let object = find(catalog, &change.object)?;
    if Arc::ptr_eq(object, &change.object) {
        return Ok(Cow::Borrowed(change));
    }
    let op = match change.op {
        Op::Upsert { key, update_only } => Op::Upsert { key: field(&change.object, key, object)?, update_only },
        ref other => other.clone(),
    };
    let records = change.records.iter().map(|r| record(catalog, change, r, object)).collect::<Result<_, _>>()?;
    Ok(Cow::Owned(Change { object: object.clone(), op, records, guard: change.guard.clone(), ..*change }))
}

fn record(catalog: &Catalog, change: &Change, record: &Incoming, object: &Object) -> Result<Incoming, Failure> {
    let assign = |assign: &Assign| -> Result<Assign, Failure> {
        match assign {
            Assign::Lookup { relationship, object: old, field: index, value } => {
                let target = find(catalog, old)?;
                let field = field(old, *index, target)?;
                Ok(Assign::Lookup { relationship: relationship.clone(), object: target.clone(), field, value: value.clone() })
            }
            value => Ok(value.clone()),
        }
    };
    let fields = record.fields.iter().map(|(i, a)| Ok((field(&change.object, *i, object)?, assign(a)?)));
    Ok(Incoming { id: record.id, key: record.key.clone(), fields: fields.collect::<Result<_, Failure>>()?, duplicates: record.duplicates })
}

fn find<'a>(catalog: &'a Catalog, old: &Object) -> Result<&'a Arc<Object>, Failure> {
    Ok(catalog.object(&old.name).ok_or_else(ApiError::not_found)?)
}

fn field(old: &Object, index: usize, new: &Object) -> Result<usize, Failure> {
    let name = &old.fields()[index].name;
    let gone = || ApiError::new(ErrorCode::InvalidField, format!("No such column '{name}' on sobject of type {}", new.name));
    Ok(new.field_index(name).ok_or_else(gone)?)
}
