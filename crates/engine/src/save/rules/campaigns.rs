//! Campaign members, and the figures that campaigns keep of their members and opportunities.

use super::{HALF_UP, Stage, derive, of_parent, update_row};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{DateTime, Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A member without a status takes the campaign's default; whether it has responded is what its status says.
pub(super) fn membership(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let (org, object) = (it.org, it.object);
    if it.old.is_none() {
        let (kind, person) = match row.get(object, "ContactId") {
            Value::Null => ("Lead", row.get(object, "LeadId").clone()),
            contact => ("Contact", contact.clone()),
        };
        row.set(object, "Type", kind);
        row.set(object, "LeadOrContactId", person);
    }
    let status = row.get(object, "Status").as_text().map(orglet_base::fold).map(|s| s.into_owned());
    if let Some(statuses) = it.catalog.object("CampaignMemberStatus")
        && let Some(key) = statuses.field("CampaignId")
        && (status.is_none() || it.set("Status"))
    {
        for id in record::find(tx, org, statuses, key, row.get(object, "CampaignId"), usize::MAX)? {
            let Some(known) = record::by_id(tx, org, statuses, id)? else { continue };
            let label = known.get(statuses, "Label").clone();
            let fits = match &status {
                None => *known.get(statuses, "IsDefault") == Value::Bool(true),
                Some(given) => label.as_text().is_some_and(|l| orglet_base::fold(l) == *given),
            };
            if fits {
                row.set(object, "Status", label);
                row.set(object, "HasResponded", known.get(statuses, "HasResponded").clone());
                break;
            }
        }
    }
    if *row.get(object, "HasResponded") == Value::Bool(true) && row.get(object, "FirstRespondedDate").is_null() {
        row.set(object, "FirstRespondedDate", it.today());
    }
    Ok(())
}

/// A campaign has one status that members take by default: a new default ends the old one.
pub(super) fn one_default(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row) -> Result<(), Failure> {
    let object = it.object;
    if *row.get(object, "IsDefault") != Value::Bool(true) || !it.differs(row, "IsDefault") {
        return Ok(());
    }
    let default = [("CampaignId", row.get(object, "CampaignId")), ("IsDefault", &Value::Bool(true))];
    for id in record::find_with(tx, it.org, object, &default, usize::MAX)? {
        let Some(old) = record::by_id_to_change(tx, it.org, object, id)? else { continue };
        if *row.get(object, "Id") != Value::Id(id) {
            let mut other = old.clone();
            other.set(object, "IsDefault", false);
            update_row(tx, it.org, object, &old, &other)?;
        }
    }
    Ok(())
}

/// What is read of a member or an opportunity that goes.
const READ: [&str; 6] = ["CampaignId", "HasResponded", "ContactId", "LeadId", "IsWon", "Amount"];

/// What a record adds to the figures of a campaign.
#[derive(Clone, Copy, Default, PartialEq)]
struct Figures {
    leads: i64,
    converted: i64,
    contacts: i64,
    responses: i64,
    opportunities: i64,
    won: i64,
    amount: Decimal,
    amount_won: Decimal,
}

/// What a save or a delete changes in the figures of campaigns, by campaign. They are brought up by the difference alone: a
/// campaign may have any number of members.
#[derive(Default)]
pub(super) struct Moves(BTreeMap<Id, Figures>);

impl Moves {
    /// What a delete takes from campaigns that stay (`times` is -1), or an undelete gives them (1): `sets` are the rows that go
    /// or come, and `all` all of their ids.
    pub(super) fn gather(
        tx: &mut dyn Tx,
        org: &Org,
        catalog: &Catalog,
        sets: &[(Arc<Object>, Vec<Id>)],
        all: &HashSet<Id>,
        times: i64,
    ) -> Result<Self, Failure> {
        let mut moves = Self::default();
        for (object, ids) in sets.iter().filter(|(o, _)| matches!(o.name.as_str(), "CampaignMember" | "Opportunity")) {
            for piece in ids.chunks(record::PIECE) {
                let mut rows = record::some(tx, org, object, piece, &READ)?;
                rows.retain(|row| row.get(object, "CampaignId").as_id().is_some_and(|id| !all.contains(&id)));
                for row in &rows {
                    moves.of_row(tx, org, catalog, object, Some(row), times)?;
                }
            }
        }
        Ok(moves)
    }

    /// Adds what a member or an opportunity counts for, `times` over: once when it comes, minus once when it goes.
    pub(super) fn of_row(
        &mut self,
        tx: &mut dyn Tx,
        org: &Org,
        catalog: &Catalog,
        object: &Object,
        row: Option<&Row>,
        times: i64,
    ) -> Result<(), Failure> {
        let Some(row) = row else { return Ok(()) };
        let Some(campaign) = row.get(object, "CampaignId").as_id() else { return Ok(()) };
        let is = |name: &str| i64::from(*row.get(object, name) == Value::Bool(true));
        let figures = self.0.entry(campaign).or_default();
        if object.name == "Opportunity" {
            let won = is("IsWon");
            figures.opportunities += times;
            figures.won += won * times;
            if let Value::Decimal(amount) = row.get(object, "Amount") {
                // Rounded as the campaign shows it: what comes and goes then adds up. Sums of amounts of eighteen digits
                // are far from what a decimal holds.
                let scale = catalog.object("Campaign").and_then(|c| c.field("AmountAllOpportunities")).map_or(0, |f| f.scale);
                let amount = amount.round_dp_with_strategy(scale.into(), HALF_UP);
                figures.amount += amount * Decimal::from(times);
                figures.amount_won += amount * Decimal::from(times * won);
            }
        } else {
            figures.responses += is("HasResponded") * times;
            figures.contacts += i64::from(!row.get(object, "ContactId").is_null()) * times;
            if !row.get(object, "LeadId").is_null() {
                figures.leads += times;
                let converted = of_parent(tx, org, catalog, row.get(object, "LeadId"), "IsConverted")? == Value::Bool(true);
                figures.converted += i64::from(converted) * times;
            }
        }
        Ok(())
    }

    /// Changes the campaigns. Those that go in the same delete are passed over by having been left out before.
    pub(super) fn make(self, tx: &mut dyn Tx, org: &Org, catalog: &Catalog, now: DateTime) -> Result<(), Failure> {
        let Some(object) = catalog.object("Campaign") else { return Ok(()) };
        for (campaign, by) in self.0 {
            if by == Figures::default() {
                continue;
            }
            let Some(old) = record::by_id_to_change(tx, org, object, campaign)? else { continue };
            let mut row = old.clone();
            for (name, by) in [
                ("NumberOfLeads", by.leads),
                ("NumberOfConvertedLeads", by.converted),
                ("NumberOfContacts", by.contacts),
                ("NumberOfResponses", by.responses),
                ("NumberOfOpportunities", by.opportunities),
                ("NumberOfWonOpportunities", by.won),
            ] {
                let before = match old.get(object, name) {
                    Value::Int(n) => *n,
                    _ => 0,
                };
                row.set(object, name, Value::Int(before.saturating_add(by)));
            }
            for (name, by) in [("AmountAllOpportunities", by.amount), ("AmountWonOpportunities", by.amount_won)] {
                let before = match old.get(object, name) {
                    Value::Decimal(d) => *d,
                    _ => Decimal::ZERO,
                };
                derive(object, &mut row, name, before.checked_add(by))?;
            }
            row.set(object, "SystemModstamp", Value::DateTime(now));
            update_row(tx, org, object, &old, &row)?;
        }
        Ok(())
    }
}
