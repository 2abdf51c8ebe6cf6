//! Lead conversion: a lead becomes an account, a contact and, where wanted, an opportunity ("convertLead()" of the vendor's guide, and
//! "Lead Conversion Field Mapping" of its help).

use super::references::converted_lead;
use super::write::{By, Job, Within};
use super::{Assign, Change, DuplicateOptions, Incoming, Op, approvals, derived, rules, starts_more};
use crate::apex::{Session, roomy};
use crate::failure::no_row;
use crate::record::{self, Row};
use crate::storage::Growth;
use crate::{Failure, Identity, Org};
use jiff::civil::Date;
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_plan::write::{self as sql, Lock};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// Fields of a lead, each with that of the account that it becomes.
const ACCOUNT: &[(&str, &str)] = &[
    ("Company", "Name"),
    ("Street", "BillingStreet"),
    ("City", "BillingCity"),
    ("State", "BillingState"),
    ("PostalCode", "BillingPostalCode"),
    ("Country", "BillingCountry"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("AnnualRevenue", "AnnualRevenue"),
    ("NumberOfEmployees", "NumberOfEmployees"),
    ("Rating", "Rating"),
    ("LeadSource", "AccountSource"),
    ("CompanyDunsNumber", "DunsNumber"),
];

/// Fields of a lead, each with that of the contact that it becomes.
const CONTACT: &[(&str, &str)] = &[
    ("Salutation", "Salutation"),
    ("FirstName", "FirstName"),
    ("MiddleName", "MiddleName"),
    ("LastName", "LastName"),
    ("Suffix", "Suffix"),
    ("Title", "Title"),
    ("Street", "MailingStreet"),
    ("City", "MailingCity"),
    ("State", "MailingState"),
    ("PostalCode", "MailingPostalCode"),
    ("Country", "MailingCountry"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Fax", "Fax"),
    ("Email", "Email"),
    ("Description", "Description"),
    ("LeadSource", "LeadSource"),
    ("DoNotCall", "DoNotCall"),
    ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("HasOptedOutOfFax", "HasOptedOutOfFax"),
    ("IndividualId", "IndividualId"),
];

/// How a lead is to be converted.
#[derive(Clone, Debug, Default)]
pub struct Conversion {
    /// The lead.
    pub lead: Option<Id>,
    /// Its status afterwards: one that counts as converted.
    pub status: String,
    /// The account that it joins; none for a new one.
    pub account: Option<Id>,
    /// The contact that it becomes part of, which is one of the account's; none for a new one.
    pub contact: Option<Id>,
    /// The opportunity that it joins; none for a new one, if any.
    pub opportunity: Option<Id>,
    /// Whether there is to be no opportunity.
    pub no_opportunity: bool,
    /// What a new opportunity is called; by the company where nothing is said.
    pub opportunity_name: Option<String>,
    /// Whether the contact that is joined takes the lead's source, though it has one.
    pub overwrite_source: bool,
    /// Who gets the new records; the lead's owner where nobody is named.
    pub owner: Option<Id>,
    /// What is said of duplicates among accounts, and among contacts.
    pub duplicates: [DuplicateOptions; 2],
}

/// What became of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The account.
    pub account: Id,
    /// The contact.
    pub contact: Id,
    /// The opportunity, where there is one.
    pub opportunity: Option<Id>,
}

/// Rows by object.
type Sets = Vec<(Arc<Object>, Vec<Id>)>;

/// The objects that a conversion makes records of.
const MADE: [&str; 3] = ["Account", "Contact", "Opportunity"];

/// Converts a lead in a transaction of its own.
///
/// # Errors
/// A lead that is not there, deleted or converted; a status that is none of converted leads; records to join that don't fit; what the
/// saves of the account, the contact and the opportunity, or the rules of leads, are refused for.
pub fn convert(identity: &Identity, conversion: &Conversion) -> Result<Converted, Failure> {
    let _place = identity.org.admit_save()?;
    let org = &*identity.org;
    let lead = conversion.lead.ok_or_else(no_row)?;
    org.on_current(|catalog| {
        let leads = catalog.object("Lead").ok_or_else(ApiError::not_found)?;
        let made = MADE.map(|name| catalog.object(name));
        let [Some(accounts), Some(contacts), Some(opportunities)] = made else { return Err(ApiError::not_found().into()) };
        org.ensure_tables([leads, accounts, contacts, opportunities].map(|o| &**o))?;
        let fresh = |object: &Object| match object.key_prefix {
            Some(prefix) => Ok::<_, Failure>(org.new_ids(prefix, 1)?.first().copied()),
            None => Ok(None),
        };
        let fresh = [fresh(accounts)?, fresh(contacts)?, fresh(opportunities)?];
        let [Some(account), Some(contact), Some(opportunity)] = fresh else { return Err(ApiError::not_found().into()) };
        let work = || {
            // Rows are counted here, outside of the transaction, where that is to be done.
            let growth = Growth::of(org, accounts)?;
            let now = org.now().truncate_to_second();
            let it = Converting {
                org,
                identity,
                catalog,
                growth: &growth,
                now,
                asked: conversion,
                leads,
                accounts,
                contacts,
                opportunities,
                fresh: Converted { account, contact, opportunity: Some(opportunity) },
            };
            let (done, session) = org.transact_shared(|tx| {
                org.still(tx, catalog)?;
                growth.clear();
                let mut session = Session::default();
                let done = it.run(tx, &mut session, lead)?;
                Ok((done, session))
            })?;
            growth.done(org);
            session.done(identity);
            Ok(done)
        };
        let more = [leads, accounts, contacts, opportunities].into_iter().any(|object| starts_more(catalog, object));
        if more { roomy(work) } else { work() }
    })
}

struct Converting<'a> {
    org: &'a Org,
    identity: &'a Identity,
    catalog: &'a Catalog,
    growth: &'a Growth,
    now: DateTime,
    asked: &'a Conversion,
    leads: &'a Arc<Object>,
    accounts: &'a Arc<Object>,
    contacts: &'a Arc<Object>,
    opportunities: &'a Arc<Object>,
    /// Ids for what is new.
    fresh: Converted,
}

fn refuse(code: ErrorCode, text: impl Into<String>, fields: &[&str]) -> Failure {
    ApiError::new(code, text).with_fields(fields.iter().copied()).into()
}

impl Converting<'_> {
    fn within(&self) -> Within<'_> {
        let Self { identity, catalog, now, growth, .. } = *self;
        Within { identity, catalog, now, growth }
    }

    fn context(&self) -> derived::Context<'_> {
        let Self { org, catalog, identity, now, .. } = *self;
        derived::Context { org, catalog, identity, now, system: false }
    }

    fn run(&self, tx: &mut dyn Tx, session: &mut Session, id: Id) -> Result<Converted, Failure> {
        let asked = self.asked;
        let lead = self.live(tx, self.leads, id)?;
        if *lead.get(self.leads, "IsConverted") == Value::Bool(true) {
            return Err(converted_lead().into());
        }
        self.unlocked(tx, id, &lead)?;
        let status = self.status()?;
        if asked.overwrite_source && asked.contact.is_none() {
            let text = "overwriteLeadSource is for a lead that joins a contact: contactId is missing";
            return Err(refuse(ErrorCode::MissingArgument, text, &[]));
        }
        if asked.no_opportunity && (asked.opportunity.is_some() || asked.opportunity_name.is_some()) {
            let text = "opportunityName and opportunityId are for a conversion that has an opportunity";
            return Err(refuse(ErrorCode::InvalidField, text, &[]));
        }
        if asked.opportunity.is_some() && asked.opportunity_name.is_some() {
            return Err(refuse(ErrorCode::InvalidField, "opportunityName is for a new opportunity", &[]));
        }
        let owner = asked.owner.or_else(|| lead.get(self.leads, "OwnerId").as_id());
        let campaign = self.campaign(tx, id)?;
        let account = self.account(tx, session, &lead, owner)?;
        let contact = self.contact(tx, session, &lead, owner, account, id)?;
        let opportunity = match asked.no_opportunity {
            true => None,
            false => Some(self.opportunity(tx, session, &lead, (owner, campaign), (account, contact))?),
        };
        let done = Converted { account, contact, opportunity };
        let members = self.members(tx, id)?;
        rules::recount(tx, &self.context(), &members, -1)?;
        self.close(tx, session, id, status, done)?;
        self.hand_over(tx, id, done)?;
        rules::recount(tx, &self.context(), &members, 1)?;
        Ok(done)
    }

    /// Refuses a lead that waits for approval ("Considerations for Converting Leads" of the vendor's help), or that is locked for the user.
    fn unlocked(&self, tx: &mut dyn Tx, id: Id, lead: &Row) -> Result<(), Failure> {
        let Self { org, catalog, identity, .. } = *self;
        let locks = approvals::lock::Locks { org, catalog, identity };
        if locks.waits(tx, self.leads, id)? {
            return Err(approvals::lock::locked().into());
        }
        locks.check(tx, self.leads, Some(lead), None)
    }

    fn live(&self, tx: &mut dyn Tx, object: &Arc<Object>, id: Id) -> Result<Row, Failure> {
        if object.key_prefix != Some(id.prefix()) {
            let text = format!("{} ID: id value of incorrect type: {id}", object.label);
            return Err(refuse(ErrorCode::MalformedId, text, &[]));
        }
        let row = record::by_id_to_change(tx, self.org, object, id)?.ok_or_else(no_row)?;
        if row.is_deleted(object) { Err(record::deleted().into()) } else { Ok(row) }
    }

    /// The status as the org writes it (the refusal as users quote it: indexed as 23314426712; that three of the four statuses of a new org
    /// get it: indexed as 58610279740).
    fn status(&self) -> Result<Value, Failure> {
        let given = orglet_base::fold(&self.asked.status);
        let values = self.leads.field("Status").map(|f| f.picklist.as_slice()).unwrap_or_default();
        let known = values.iter().find(|v| orglet_base::fold(&v.value) == given || orglet_base::fold(&v.label) == given);
        let converted = known.filter(|v| v.facts.iter().any(|(name, fact)| name == "converted" && fact == "true"));
        match converted {
            Some(value) => Ok(Value::Text(value.value.clone())),
            None => Err(refuse(ErrorCode::InvalidStatus, format!("invalid convertedStatus: {}", self.asked.status), &["Status"])),
        }
    }

    /// What a lead says that an object has fields for; of a record that is there, only where it says nothing itself.
    fn mapped(&self, lead: &Row, map: &[(&str, &str)], object: &Object, old: Option<&Row>) -> Vec<(usize, Assign)> {
        let says = |row: &Row, name: &str| !matches!(row.get(object, name), Value::Null | Value::Bool(false));
        map.iter()
            .filter_map(|(from, to)| {
                let value = lead.get(self.leads, from);
                let index = object.field_index(to)?;
                let takes = !value.is_null() && old.is_none_or(|old| !says(old, to));
                takes.then(|| (index, Assign::Value(value.clone())))
            })
            .collect()
    }

    /// Saves a record as a program would, with the triggers and the flows of its object.
    fn save(
        &self,
        (tx, session): (&mut dyn Tx, &mut Session),
        object: &Arc<Object>,
        (id, old): (Id, Option<&Row>),
        mut fields: Vec<(usize, Assign)>,
        more: Vec<(&str, Value)>,
        duplicates: DuplicateOptions,
    ) -> Result<Id, Failure> {
        fields.extend(more.into_iter().filter_map(|(name, value)| Some((object.field_index(name)?, Assign::Value(value)))));
        if old.is_some() && fields.is_empty() {
            return Ok(id);
        }
        let op = if old.is_some() { Op::Update } else { Op::Insert };
        let records = vec![Incoming { id: Some(id), fields, duplicates, ..Incoming::default() }];
        let change = Change { object: object.clone(), op, records, all_or_none: true, system: false, guard: None };
        for outcome in super::within(tx, self.identity, self.catalog, session, &change)? {
            outcome?;
        }
        Ok(id)
    }

    fn account(&self, tx: &mut dyn Tx, session: &mut Session, lead: &Row, owner: Option<Id>) -> Result<Id, Failure> {
        let old = match self.asked.account {
            Some(id) => Some((id, self.live(tx, self.accounts, id)?)),
            None => None,
        };
        let fields = self.mapped(lead, ACCOUNT, self.accounts, old.as_ref().map(|(_, row)| row));
        let [duplicates, _] = self.asked.duplicates;
        match old {
            Some((id, row)) => self.save((tx, session), self.accounts, (id, Some(&row)), fields, Vec::new(), duplicates),
            None => self.save((tx, session), self.accounts, (self.fresh.account, None), fields, owned(owner), duplicates),
        }
    }

    fn contact(&self, tx: &mut dyn Tx, session: &mut Session, lead: &Row, owner: Option<Id>, account: Id, id: Id) -> Result<Id, Failure> {
        let [_, duplicates] = self.asked.duplicates;
        let duplicates = DuplicateOptions { except: Some(id), ..duplicates };
        let Some(contact) = self.asked.contact else {
            let fields = self.mapped(lead, CONTACT, self.contacts, None);
            let mut more = owned(owner);
            more.push(("AccountId", Value::Id(account)));
            return self.save((tx, session), self.contacts, (self.fresh.contact, None), fields, more, duplicates);
        };
        let row = self.live(tx, self.contacts, contact)?;
        if self.asked.account.is_none() || row.get(self.contacts, "AccountId").as_id() != self.asked.account {
            let text = "The contact is not one of the account: accountId and contactId must be of one account";
            return Err(refuse(ErrorCode::InvalidCrossReferenceKey, text, &[]));
        }
        let mut fields = self.mapped(lead, CONTACT, self.contacts, Some(&row));
        // These say what the contact wants, not the lead.
        let kept = ["DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax"];
        fields.retain(|(index, _)| !kept.contains(&self.contacts.fields()[*index].name.as_str()));
        let source = lead.get(self.leads, "LeadSource").clone();
        let source = self.asked.overwrite_source.then_some(("LeadSource", source));
        if source.is_some() {
            fields.retain(|(index, _)| self.contacts.fields()[*index].name != "LeadSource");
        }
        self.save((tx, session), self.contacts, (contact, Some(&row)), fields, source.into_iter().collect(), duplicates)
    }

    fn opportunity(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        lead: &Row,
        (owner, campaign): (Option<Id>, Option<Id>),
        (account, contact): (Id, Id),
    ) -> Result<Id, Failure> {
        let object = self.opportunities;
        let none = DuplicateOptions::default();
        let source = [("LeadSource", "LeadSource")];
        if let Some(id) = self.asked.opportunity {
            let row = self.live(tx, object, id)?;
            if row.get(object, "AccountId").as_id() != Some(account) {
                let text = "The opportunity is not one of the account: accountId and opportunityId must be of one account";
                return Err(refuse(ErrorCode::InvalidCrossReferenceKey, text, &[]));
            }
            let mut fields = self.mapped(lead, &source, object, Some(&row));
            if row.get(object, "CampaignId").is_null()
                && let (Some(campaign), Some(index)) = (campaign, object.field_index("CampaignId"))
            {
                fields.push((index, Assign::Value(Value::Id(campaign))));
            }
            let id = self.save((tx, session), object, (id, Some(&row)), fields, Vec::new(), none)?;
            self.role(tx, id, contact)?;
            return Ok(id);
        }
        let name = self.asked.opportunity_name.clone().map_or_else(|| lead.get(self.leads, "Company").clone(), Value::Text);
        let mut more = owned(owner);
        more.extend([
            ("Name", name),
            ("AccountId", Value::Id(account)),
            ("ContactId", Value::Id(contact)),
            ("StageName", first_stage(object)),
            ("CloseDate", self.end_of_quarter()),
        ]);
        more.extend(campaign.map(|id| ("CampaignId", Value::Id(id))));
        let fields = self.mapped(lead, &source, object, None);
        let id = self.fresh.opportunity.ok_or_else(ApiError::not_found)?;
        self.save((tx, session), object, (id, None), fields, more, none)
    }

    /// The contact has a part in an opportunity that was there already.
    fn role(&self, tx: &mut dyn Tx, opportunity: Id, contact: Id) -> Result<(), Failure> {
        let Some(roles) = self.catalog.object("OpportunityContactRole") else { return Ok(()) };
        let (of, who) = (Value::Id(opportunity), Value::Id(contact));
        if self.org.has_rows(roles)
            && !record::find_with(tx, self.org, roles, &[("OpportunityId", &of), ("ContactId", &who)], 1)?.is_empty()
        {
            return Ok(());
        }
        let primary = [("OpportunityId", &of), ("IsPrimary", &Value::Bool(true))];
        let vacant = !self.org.has_rows(roles) || record::find_with(tx, self.org, roles, &primary, 1)?.is_empty();
        let values = [("OpportunityId", of.clone()), ("ContactId", who.clone()), ("IsPrimary", vacant.into())];
        derived::insert(tx, &self.context(), "OpportunityContactRole", &values)
    }

    /// The last day of the quarter; fiscal years are calendar years here.
    fn end_of_quarter(&self) -> Value {
        match rules::today(self.identity, self.now) {
            Value::Date(day) => {
                let month = (day.month() - 1) / 3 * 3 + 3;
                Date::new(day.year(), month, 1).map_or(Value::Null, |first| Value::Date(first.last_of_month()))
            }
            _ => Value::Null,
        }
    }

    /// The campaign that the lead joined last.
    fn campaign(&self, tx: &mut dyn Tx, lead: Id) -> Result<Option<Id>, Failure> {
        let Some((members, ids)) = self.members(tx, lead)?.pop() else { return Ok(None) };
        let rows = record::some(tx, self.org, &members, &ids, &["Id", "CampaignId", "CreatedDate"])?;
        let joined = |row: &Row| match row.get(&members, "CreatedDate") {
            Value::DateTime(at) => at.0,
            _ => 0,
        };
        let last = rows.iter().max_by_key(|row| (joined(row), row.get(&members, "Id").as_id()));
        Ok(last.and_then(|row| row.get(&members, "CampaignId").as_id()))
    }

    /// The lead's memberships of campaigns.
    fn members(&self, tx: &mut dyn Tx, lead: Id) -> Result<Sets, Failure> {
        let ids = self.children(tx, "CampaignMember", "LeadId", lead)?;
        let Some(members) = self.catalog.object("CampaignMember").filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
        Ok(vec![(members.clone(), ids)])
    }

    fn children(&self, tx: &mut dyn Tx, child: &str, field: &str, parent: Id) -> Result<Vec<Id>, Failure> {
        let mut ids = Vec::new();
        let Some(child) = self.catalog.object(child).filter(|o| o.has_table() && self.org.has_rows(o)) else { return Ok(ids) };
        let Some(field) = child.field(field) else { return Ok(ids) };
        tx.query(&sql::select_ids_in(child, field, &[parent.to_string()], Lock::Update, self.org.store.dialect()), &mut |row| {
            ids.extend(row.cell(0).text().and_then(|text| Id::parse(text).ok()));
            true
        })?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// The lead says what became of it, if the org's rules let it: the last of the saves, with the triggers and flows of leads (the order
    /// as users observed it: https://salesforce.stackexchange.com/questions/3956).
    fn close(&self, tx: &mut dyn Tx, session: &mut Session, id: Id, status: Value, done: Converted) -> Result<(), Failure> {
        let values = [
            ("Status", status),
            ("IsConverted", true.into()),
            ("ConvertedDate", rules::today(self.identity, self.now)),
            ("ConvertedAccountId", Value::Id(done.account)),
            ("ConvertedContactId", Value::Id(done.contact)),
            ("ConvertedOpportunityId", done.opportunity.map_or(Value::Null, Value::Id)),
            ("IsUnreadByOwner", false.into()),
        ];
        let fields = values.into_iter().filter_map(|(name, value)| Some((self.leads.field_index(name)?, Assign::Value(value))));
        let records = vec![Incoming { id: Some(id), fields: fields.collect(), ..Incoming::default() }];
        let change = Change { object: self.leads.clone(), op: Op::Update, records, all_or_none: true, system: false, guard: None };
        let job = Job::made_by(By::Conversion, tx, self.identity, self.catalog, &change)?;
        for outcome in job.run(tx, session, true)? {
            outcome?;
        }
        session.grown.push(job.into_growth());
        Ok(())
    }

    /// What belonged to the lead goes to the new records: activities to the contact and what they are about, notes and attachments to the
    /// contact, files to all, memberships of campaigns to lead and contact both.
    fn hand_over(&self, tx: &mut dyn Tx, lead: Id, done: Converted) -> Result<(), Failure> {
        let (contact, about) = (Value::Id(done.contact), Value::Id(done.opportunity.unwrap_or(done.account)));
        let mut moved = Vec::new();
        for name in ["Task", "Event"] {
            let ids = self.children(tx, name, "WhoId", lead)?;
            let Some(object) = self.catalog.object(name).filter(|_| !ids.is_empty()) else { continue };
            for id in &ids {
                self.within().change(tx, object, *id, &[("WhoId", contact.clone()), ("WhatId", about.clone())])?;
            }
            moved.push((object.clone(), ids));
        }
        rules::moved(tx, &self.context(), &moved)?;
        for name in ["Note", "Attachment"] {
            let ids = self.children(tx, name, "ParentId", lead)?;
            let Some(object) = self.catalog.object(name).filter(|_| !ids.is_empty()) else { continue };
            for id in ids {
                self.within().change(tx, object, id, &[("ParentId", contact.clone())])?;
            }
        }
        for id in self.children(tx, "CampaignMember", "LeadId", lead)? {
            self.member(tx, id, &contact)?;
        }
        self.files(tx, lead, done)
    }

    fn member(&self, tx: &mut dyn Tx, id: Id, contact: &Value) -> Result<(), Failure> {
        let Some(members) = self.catalog.object("CampaignMember") else { return Ok(()) };
        let Some(row) = record::by_id(tx, self.org, members, id)? else { return Ok(()) };
        // A campaign has each contact once.
        let same = [("ContactId", contact), ("CampaignId", row.get(members, "CampaignId"))];
        if !record::find_with(tx, self.org, members, &same, 1)?.is_empty() {
            return Ok(());
        }
        let mut fields = vec![("ContactId", contact.clone()), ("LeadOrContactId", contact.clone()), ("Type", "Contact".into())];
        fields.extend(rules::shown("CampaignMember", "ContactId").map(|name| (name, Value::Null)));
        self.within().change(tx, members, id, &fields)
    }

    fn files(&self, tx: &mut dyn Tx, lead: Id, done: Converted) -> Result<(), Failure> {
        let Some(links) = self.catalog.object("ContentDocumentLink") else { return Ok(()) };
        let to = [Some(done.account), Some(done.contact), done.opportunity];
        for id in self.children(tx, "ContentDocumentLink", "LinkedEntityId", lead)? {
            let Some(link) = record::by_id(tx, self.org, links, id)? else { continue };
            let document = link.get(links, "ContentDocumentId");
            for entity in to.into_iter().flatten().map(Value::Id) {
                let same = [("ContentDocumentId", document), ("LinkedEntityId", &entity)];
                if record::find_with(tx, self.org, links, &same, 1)?.is_empty() {
                    let values = [
                        ("ContentDocumentId", document.clone()),
                        ("LinkedEntityId", entity.clone()),
                        ("ShareType", link.get(links, "ShareType").clone()),
                        ("Visibility", link.get(links, "Visibility").clone()),
                    ];
                    derived::insert(tx, &self.context(), "ContentDocumentLink", &values)?;
                }
            }
        }
        Ok(())
    }
}

fn owned(owner: Option<Id>) -> Vec<(&'static str, Value)> {
    owner.map(|id| ("OwnerId", Value::Id(id))).into_iter().collect()
}

/// The stage that a new opportunity has: the default, or the first.
fn first_stage(object: &Object) -> Value {
    let values = object.field("StageName").map(|f| f.picklist.as_slice()).unwrap_or_default();
    let first = values.iter().find(|v| v.active && v.default).or_else(|| values.iter().find(|v| v.active));
    first.map_or(Value::Null, |v| Value::Text(v.value.clone()))
}
