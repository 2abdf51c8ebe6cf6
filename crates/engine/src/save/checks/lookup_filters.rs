//! Lookup filters: what the records that lookups name must meet. They are asked at every save, whether or not it changes the
//! lookup, as the platform asks them.

use super::Candidate;
use crate::failure::Gathered;
use crate::query::weeks_begin_on_monday;
use crate::record::{self, Row};
use crate::{Failure, Identity};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value, days};
use orglet_schema::lookup_filter::{Constant, FilterItem, FilterPath, FilterRight, FilterRoot, Wanted, constant};
use orglet_schema::{Field, Object};
use orglet_store::Tx;
use std::collections::HashMap;

/// The platform's sentence; a filter may have its own instead.
const REFUSAL: &str = "Value does not exist or does not match filter criteria.";

/// FIELD_FILTER_VALIDATION_EXCEPTION (crud-039) for every lookup that names a record which its filter does not let pass.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>, wrong: &mut Gathered) -> Result<(), Failure> {
    let mut rows = Rows { it, read: HashMap::new() };
    for index in it.object.filtered_lookups() {
        let field = &it.object.fields()[*index];
        let (Some(filter), Some(target)) = (&field.lookup_filter, it.row.values[*index].as_id()) else { continue };
        let holds = rows.row(tx, target)?.is_some()
            && filter.logic.decide(&mut |at| filter.items.get(at).map_or(Ok(true), |item| rows.holds(tx, target, item)))?;
        if !holds {
            let text = filter.message.as_deref().unwrap_or(REFUSAL);
            wrong.push(ApiError::new(ErrorCode::FieldFilterValidationException, text).with_fields([&field.name]));
        }
    }
    Ok(())
}

/// A field that a condition looks at, and its value.
struct Seen<'a> {
    object: &'a Object,
    field: &'a Field,
    value: Value,
}

/// The records that conditions look at, each read once.
struct Rows<'a> {
    it: &'a Candidate<'a>,
    read: HashMap<Id, Option<(&'a Object, Row)>>,
}

impl<'a> Rows<'a> {
    fn row(&mut self, tx: &mut dyn Tx, id: Id) -> Result<Option<&(&'a Object, Row)>, Failure> {
        if !self.read.contains_key(&id) {
            let found = match self.it.catalog.object_of(id).filter(|o| o.has_table()) {
                Some(object) => record::by_id_to_refer(tx, self.it.org, object, id)?.map(|row| (&**object, row)),
                None => None,
            };
            self.read.insert(id, found);
        }
        Ok(self.read.get(&id).and_then(Option::as_ref))
    }

    /// A field of a record: what it is, and its value. Nothing where the record is not there.
    fn field(&mut self, tx: &mut dyn Tx, id: Option<Id>, name: &str) -> Result<Option<Seen<'a>>, Failure> {
        let Some(id) = id else { return Ok(None) };
        let Some((object, row)) = self.row(tx, id)? else { return Ok(None) };
        Ok(object.field(name).map(|field| Seen { object, field, value: row.get(object, name).clone() }))
    }

    fn value(&mut self, tx: &mut dyn Tx, target: Id, path: &FilterPath) -> Result<Option<Seen<'a>>, Failure> {
        let it = self.it;
        let from = match path.root {
            FilterRoot::Source => {
                return Ok(it.object.field(&path.field).map(|field| Seen { object: it.object, field, value: it.get(&path.field).clone() }));
            }
            FilterRoot::Target => Some(target),
            FilterRoot::User => Some(it.identity.user.id),
            FilterRoot::Profile => it.identity.user.profile_id,
            FilterRoot::Role => it.identity.user.role_id,
        };
        let Some(relation) = &path.relation else { return self.field(tx, from, &path.field) };
        let Some((object, row)) = from.map(|id| self.row(tx, id)).transpose()?.flatten() else { return Ok(None) };
        let parent = object.parent_field(relation).and_then(|f| row.get(object, &f.name).as_id());
        self.field(tx, parent, &path.field)
    }

    fn holds(&mut self, tx: &mut dyn Tx, target: Id, item: &FilterItem) -> Result<bool, Failure> {
        let left = self.value(tx, target, &item.left)?;
        let wanted: Vec<Wanted> = match (&item.right, &left) {
            (FilterRight::Path(path), _) => vec![self.value(tx, target, path)?.map_or(Wanted::Blank, |seen| seen.value.into())],
            (FilterRight::Texts(texts), Some(seen)) => {
                texts.iter().filter_map(|text| self.constant(seen.object, seen.field, text)).collect()
            }
            // Of a record that is not there nothing has a value.
            (FilterRight::Texts(texts), None) => {
                texts.iter().map(|text| if text.is_empty() { Wanted::Blank } else { Wanted::Value(Value::from(text.as_str())) }).collect()
            }
        };
        Ok(item.operation.holds(&left.map_or(Value::Null, |seen| seen.value), &wanted))
    }

    fn constant(&self, object: &Object, field: &Field, text: &str) -> Option<Wanted> {
        wanted(self.it.identity, self.it.now, object, field, text)
    }
}

/// A constant of a condition as it stands today, for a user.
pub(in crate::save) fn wanted(identity: &Identity, now: DateTime, object: &Object, field: &Field, text: &str) -> Option<Wanted> {
    let user = &identity.user;
    let is_date = field.ty == orglet_schema::FieldType::Date;
    let at = |day| if is_date { Value::Date(day) } else { Value::DateTime(days::midnight(day, &user.time_zone)) };
    Some(match constant(object, field, text)? {
        Constant::Wanted(wanted) => wanted,
        Constant::Days(word, number) => {
            let today = days::today(now, &user.time_zone);
            let range = days::range(&word, number, today, weeks_begin_on_monday(&user.locale)).ok()?;
            Wanted::Range(at(range.start), at(range.end))
        }
        Constant::Day(day) => Wanted::Range(at(day), at(day.tomorrow().ok()?)),
    })
}
