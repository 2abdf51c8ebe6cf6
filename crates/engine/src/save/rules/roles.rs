//! The contact that an opportunity shows: that of its primary contact role.

use super::{Stage, update_row};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::collections::HashSet;
use std::sync::Arc;

/// An opportunity has one primary role: a new one ends the old one, and its contact is the opportunity's.
pub(super) fn one_primary(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row) -> Result<(), Failure> {
    let object = it.object;
    let primary = *row.get(object, "IsPrimary") == Value::Bool(true);
    let was = *it.was("IsPrimary") == Value::Bool(true);
    if !primary && !was {
        return Ok(());
    }
    if primary
        && !was
        && let Some(key) = object.field("OpportunityId")
    {
        for id in record::find(tx, it.org, object, key, row.get(object, "OpportunityId"), usize::MAX)? {
            let Some(old) = record::by_id_to_change(tx, it.org, object, id)? else { continue };
            if *row.get(object, "Id") != Value::Id(id) {
                let mut other = old.clone();
                other.set(object, "IsPrimary", false);
                update_row(tx, it.org, object, &old, &other)?;
            }
        }
    }
    let contact = if primary { row.get(object, "ContactId").clone() } else { Value::Null };
    show(tx, it.org, it.catalog, row.get(object, "OpportunityId"), contact)
}

fn show(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, opportunity: &Value, contact: Value) -> Result<(), Failure> {
    let (Some(object), Some(id)) = (catalog.object("Opportunity"), opportunity.as_id()) else { return Ok(()) };
    let Some(old) = record::by_id_to_change(tx, org, object, id)? else { return Ok(()) };
    let mut row = old.clone();
    row.set(object, "ContactId", contact);
    update_row(tx, org, object, &old, &row)
}

/// Opportunities whose primary role goes.
#[derive(Default)]
pub(super) struct Vacant(Vec<Value>);

impl Vacant {
    /// The opportunities that stay without a primary role when rows go.
    pub(super) fn gather(tx: &mut dyn Tx, org: &Org, sets: &[(Arc<Object>, Vec<Id>)], all: &HashSet<Id>) -> Result<Self, Failure> {
        let mut vacant = Self::default();
        for (object, ids) in sets.iter().filter(|(o, _)| o.name == "OpportunityContactRole") {
            for piece in ids.chunks(record::PIECE) {
                for row in record::some(tx, org, object, piece, &["OpportunityId", "IsPrimary"])? {
                    let opportunity = row.get(object, "OpportunityId");
                    let stays = opportunity.as_id().is_some_and(|id| !all.contains(&id));
                    if *row.get(object, "IsPrimary") == Value::Bool(true) && stays {
                        vacant.0.push(opportunity.clone());
                    }
                }
            }
        }
        Ok(vacant)
    }

    /// Takes the contact from them.
    pub(super) fn clear(self, tx: &mut dyn Tx, org: &Org, catalog: &Catalog) -> Result<(), Failure> {
        self.0.iter().try_for_each(|opportunity| show(tx, org, catalog, opportunity, Value::Null))
    }
}

/// Primary roles that come back: their contact is the opportunity's again, unless that has another primary role by now.
pub(super) fn come_back(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    sets: &[(Arc<Object>, Vec<Id>)],
    all: &HashSet<Id>,
) -> Result<(), Failure> {
    for (object, ids) in sets.iter().filter(|(o, _)| o.name == "OpportunityContactRole") {
        let Some(key) = object.field("OpportunityId") else { continue };
        for id in ids {
            let Some(role) = record::by_id_to_change(tx, org, object, *id)? else { continue };
            let opportunity = role.get(object, "OpportunityId").clone();
            let stays = opportunity.as_id().is_some_and(|id| !all.contains(&id));
            if *role.get(object, "IsPrimary") != Value::Bool(true) || !stays {
                continue;
            }
            let mut taken = false;
            for other in record::find(tx, org, object, key, &opportunity, usize::MAX)? {
                taken |= other != *id
                    && record::by_id(tx, org, object, other)?.is_some_and(|r| *r.get(object, "IsPrimary") == Value::Bool(true));
            }
            if taken {
                let mut second = role.clone();
                second.set(object, "IsPrimary", false);
                update_row(tx, org, object, &role, &second)?;
            } else {
                show(tx, org, catalog, &opportunity, role.get(object, "ContactId").clone())?;
            }
        }
    }
    Ok(())
}
