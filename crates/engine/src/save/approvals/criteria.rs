//! Whether criteria hold of a record.

use crate::record::{self, Row};
use crate::save::checks;
use crate::save::validation::Looked;
use crate::{Failure, Identity};
use orglet_base::{DateTime, Id, Value, fold};
use orglet_plan::formula::{Fault, Places, condition};
use orglet_schema::custom::DefError;
use orglet_schema::custom::part::{ApprovalProcessDef, Criteria, CriteriaItem, CriteriaPlace};
use orglet_schema::lookup_filter::Wanted;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::Tx;

/// A record that criteria are asked of.
pub(super) struct Asked<'a> {
    pub(super) identity: &'a Identity,
    pub(super) catalog: &'a Catalog,
    pub(super) object: &'a Object,
    pub(super) row: &'a Row,
    /// Who acts: conditions on the user look at this one.
    pub(super) user: Id,
    pub(super) now: DateTime,
}

impl Asked<'_> {
    /// Whether criteria hold; none hold of every record. A formula that comes to nothing does not hold.
    pub(super) fn holds(&self, tx: &mut dyn Tx, criteria: Option<&Criteria>) -> Result<bool, Failure> {
        let Some(criteria) = criteria else { return Ok(true) };
        if let Some(formula) = &criteria.formula {
            let Self { identity, catalog, object, row, now, .. } = *self;
            return Looked { identity, catalog, object, row, now }.holds(tx, formula);
        }
        let Ok(logic) = criteria.logic() else { return Ok(false) };
        logic.decide(&mut |at| criteria.criteria_items.get(at).map_or(Ok(true), |item| self.item(tx, item)))
    }

    fn item(&self, tx: &mut dyn Tx, item: &CriteriaItem) -> Result<bool, Failure> {
        let org = &self.identity.org;
        let (object, name, row) = match item.place(self.object) {
            Some(CriteriaPlace::Own(field)) if item.is_record_type() => return Ok(self.record_type(item, field)),
            Some(CriteriaPlace::Own(field)) => return Ok(self.compare(self.object, field, self.row.get(self.object, &field.name), item)),
            Some(CriteriaPlace::User(name)) => match self.catalog.object("User") {
                Some(users) => (users, name, record::by_id(tx, org, users, self.user)?),
                None => return Ok(false),
            },
            Some(CriteriaPlace::Parent(by, name)) => {
                let id = self.row.get(self.object, &by.name).as_id();
                let named = id.and_then(|id| Some((self.catalog.object_of(id).filter(|o| o.has_table())?, id)));
                let to = by.reference_to.first().and_then(|to| self.catalog.object(to));
                match (named, to) {
                    (Some((parent, id)), _) => (parent, name, record::by_id(tx, org, parent, id)?),
                    (None, Some(parent)) => (parent, name, None),
                    (None, None) => return Ok(false),
                }
            }
            None => return Ok(false),
        };
        let Some(field) = object.field(name) else { return Ok(false) };
        let value = row.map_or(Value::Null, |row| row.get(object, name).clone());
        Ok(self.compare(object, field, &value, item))
    }

    /// A record type is named by its label.
    fn record_type(&self, item: &CriteriaItem, field: &Field) -> bool {
        let id = self.row.get(self.object, &field.name).as_id();
        let label = self.object.record_types().iter().find(|t| Some(t.id) == id).map_or(Value::Null, |t| folded(t.label.as_str().into()));
        let wanted: Vec<Wanted> = item.values().into_iter().map(|text| Wanted::from(folded_text(&text))).collect();
        item.operation().holds(&label, &wanted)
    }

    /// Compares a value; texts without regard to case.
    fn compare(&self, object: &Object, field: &Field, value: &Value, item: &CriteriaItem) -> bool {
        let wanted = item.values().into_iter().filter_map(|text| checks::wanted(self.identity, self.now, object, field, &text));
        let wanted: Vec<Wanted> = wanted
            .map(|one| match one {
                Wanted::Value(value) => Wanted::Value(folded(value)),
                other => other,
            })
            .collect();
        item.operation().holds(&folded(value.clone()), &wanted)
    }
}

fn folded_text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { folded(Value::from(text)) }
}

fn folded(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold(&text).into_owned()),
        other => other,
    }
}

/// Checks the conditions of a process that look at other objects, against a catalog that it is to be in.
pub(crate) fn check(def: &ApprovalProcessDef, catalog: &Catalog) -> Result<(), DefError> {
    let Some(own) = catalog.object(&def.object) else { return Ok(()) };
    for item in def.criteria().flat_map(|criteria| &criteria.criteria_items) {
        let (object, name) = match item.place(own) {
            Some(CriteriaPlace::User(name)) => (catalog.object("User"), name),
            Some(CriteriaPlace::Parent(by, name)) => {
                let of = item.path().0;
                let named = by.reference_to.iter().find(|to| to.eq_ignore_ascii_case(of)).or(by.reference_to.first());
                (named.and_then(|to| catalog.object(to)), name)
            }
            _ => continue,
        };
        match object.and_then(|object| Some((object, object.field(name)?))) {
            Some((object, field)) => item.fits(object, field)?,
            None => return Err(item.no_field()),
        }
    }
    Ok(())
}

/// What the formulas of a process read; none where it has none.
pub(crate) fn compiled(def: &ApprovalProcessDef, catalog: &Catalog) -> Option<Result<Places, Fault>> {
    let formulas: Vec<&str> = def.criteria().filter_map(|criteria| criteria.formula.as_deref()).collect();
    if formulas.is_empty() {
        return None;
    }
    let mut places = Places::of(catalog.object(&def.object)?);
    Some(formulas.into_iter().try_for_each(|formula| condition(formula, catalog, &mut places).map(|_| ())).map(|()| places))
}
