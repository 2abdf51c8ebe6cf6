//! What people agreed to, gathered from all records that stand for one person: contacts, leads and users with the same
//! individual or address of email, the individual itself, and the consents by type of contact that it gave.
//!
//! Which fields are asked for which action is documented, as are the outcomes but for [`Outcome::NoPurposeMatch`], which a
//! client expects.

use crate::query::{self, Request};
use crate::{Failure, Identity, Server};
use orglet_base::{ApiError, ApiVersion, Cell, DateTime, ErrorCode, Id};
use orglet_plan::Node;
use std::collections::{BTreeMap, BTreeSet};

/// Something that one may do to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name in requests, in lower case.
    pub name: &'static str,
    /// Its name in answers.
    pub key: &'static str,
    /// The field of contacts and leads that forbids it.
    person: Option<&'static str>,
    /// The field of individuals, and the value of it that allows it.
    individual: Option<(&'static str, bool)>,
    /// The type of contact for which consents are given.
    channel: Option<&'static str>,
}

const fn of_individuals(name: &'static str, key: &'static str, field: &'static str, allows: bool) -> Action {
    Action { name, key, person: None, individual: Some((field, allows)), channel: None }
}

const fn of_channel(name: &'static str, channel: Option<&'static str>, person: Option<&'static str>) -> Action {
    Action { name, key: name, person, individual: None, channel }
}

/// The actions, in the order in which answers have them.
pub static ACTIONS: &[Action] = &[
    of_individuals("geotrack", "geotrack", "HasOptedOutGeoTracking", false),
    of_individuals("solicit", "solicit", "HasOptedOutSolicit", false),
    of_individuals("process", "process", "HasOptedOutProcessing", false),
    of_individuals("profile", "profile", "HasOptedOutProfiling", false),
    of_individuals("track", "track", "HasOptedOutTracking", false),
    of_individuals("storepiielsewhere", "pii", "CanStorePiiElsewhere", true),
    of_individuals("portability", "portability", "SendIndividualData", true),
    of_individuals("shouldforget", "forget", "ShouldForget", true),
    of_channel("email", Some("Email"), Some("HasOptedOutOfEmail")),
    of_channel("fax", None, Some("HasOptedOutOfFax")),
    of_channel("phone", Some("Phone"), Some("DoNotCall")),
    of_channel("social", Some("Social"), None),
    of_channel("mail", Some("MailingAddress"), None),
    of_channel("web", Some("Web"), None),
];

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Ids of records and addresses of email.
    pub ids: Vec<&'a str>,
    /// The actions, in the order of [`ACTIONS`].
    pub actions: Vec<Action>,
    /// When.
    pub at: DateTime,
    /// What for.
    pub purpose: Option<&'a str>,
    /// What nobody said anything about is not allowed.
    pub explicit: bool,
    /// The API version.
    pub version: ApiVersion,
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as answers name them")]
pub enum Outcome {
    Success,
    InfoNotFound,
    NoPurposeMatch,
    InvalidId,
    ConvertedLeadIsInvalid,
}

impl Outcome {
    /// As answers write it.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Success => "Success",
            Outcome::InfoNotFound => "INFO_NOT_FOUND",
            Outcome::NoPurposeMatch => "NO_PURPOSE_MATCH",
            Outcome::InvalidId => "INVALID_ID",
            Outcome::ConvertedLeadIsInvalid => "CONVERTED_LEAD_IS_INVALID",
        }
    }
}

/// The answer for one id.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The whole of it.
    pub result: Outcome,
    /// Each action: how that went, and whether it is allowed.
    pub actions: Vec<(Action, Outcome, bool)>,
    /// What it stands on.
    pub explanation: Vec<Consulted>,
}

/// A value that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consulted {
    /// Its object.
    pub object: &'static str,
    /// Its field.
    pub field: &'static str,
    /// Its record.
    pub record: String,
    /// The purpose of a consent.
    pub purpose: Option<String>,
    /// The value.
    pub value: String,
}

/// Answers for each id, in their order.
///
/// # Errors
/// `OPERATION_TOO_LARGE` where more records stand for the people than one query answers.
pub fn compile(server: &Server, identity: &Identity, ask: &Ask<'_>) -> Result<Vec<Answer>, Failure> {
    let known = Known::read(&Reader { server, identity, version: ask.version }, ask)?;
    Ok(ask.ids.iter().map(|id| known.answer(id, ask)).collect())
}

/// A contact, a lead, a user or an individual.
struct Record {
    object: &'static str,
    id: String,
    email: Option<String>,
    individual: Option<String>,
    converted: bool,
    flags: BTreeMap<&'static str, bool>,
}

/// A consent by type of contact.
struct Consent {
    id: String,
    individual: String,
    channel: String,
    status: String,
    purpose: Option<String>,
}

/// All records of the people who are asked for.
struct Known {
    records: BTreeMap<String, Record>,
    consents: Vec<Consent>,
}

/// The objects with people, and which fields of theirs are read beside Id, Email and IndividualId.
const PEOPLE: &[(&str, &[&str])] = &[
    ("Contact", &["HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"]),
    ("Lead", &["HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "IsConverted"]),
    ("User", &[]),
];

struct Reader<'a> {
    server: &'a Server,
    identity: &'a Identity,
    version: ApiVersion,
}

type Row = BTreeMap<String, String>;

impl Reader<'_> {
    /// The rows of a query, as texts by field; nulls are left out.
    fn rows(&self, soql: &str) -> Result<Vec<Row>, Failure> {
        let request = Request { soql, version: self.version, all_rows: false, batch: query::BATCH, tooling: false };
        let answer = query::run(self.server, self.identity, &request)?;
        if answer.next.is_some() {
            return Err(ApiError::new(ErrorCode::OperationTooLarge, "too many records stand for the people asked for").into());
        }
        let shape = answer.record_plan().map_or(&[][..], |plan| plan.shape.as_slice());
        let rows = &answer.set.rows;
        let text = |row: usize, node: &Node| match node {
            Node::Value { name, column, .. } => match rows.cell(row, *column) {
                Cell::Text(text) => Some((name.as_str().to_owned(), text.to_owned())),
                Cell::Int(n) => Some((name.as_str().to_owned(), n.to_string())),
                _ => None,
            },
            _ => None,
        };
        Ok((0..rows.len()).map(|row| shape.iter().filter_map(|node| text(row, node)).collect()).collect())
    }

    /// People whose field has one of the values.
    fn people(&self, found: &mut BTreeMap<String, Record>, conditions: &[(&str, &BTreeSet<String>)]) -> Result<(), Failure> {
        let conditions: Vec<String> = conditions.iter().filter_map(|(field, values)| any_of(field, values)).collect();
        if conditions.is_empty() {
            return Ok(());
        }
        let catalog = self.identity.org.catalog();
        for (object, flags) in PEOPLE {
            // Not every org has every one of them.
            let has = |flag: &&&'static str| catalog.object(object).is_some_and(|o| o.field(flag).is_some());
            let flags: Vec<&'static str> = flags.iter().filter(has).copied().collect();
            let fields: Vec<&str> = ["Id", "Email", "IndividualId"].iter().chain(&flags).copied().collect();
            let soql = format!("SELECT {} FROM {object} WHERE {}", fields.join(", "), conditions.join(" OR "));
            for row in self.rows(&soql)? {
                let record = Record {
                    object,
                    id: row.get("Id").cloned().unwrap_or_default(),
                    email: row.get("Email").cloned(),
                    individual: row.get("IndividualId").cloned(),
                    converted: is_set(&row, "IsConverted"),
                    flags: flags.iter().map(|flag| (*flag, is_set(&row, flag))).collect(),
                };
                found.insert(record.id.clone(), record);
            }
        }
        Ok(())
    }
}

fn is_set(row: &Row, field: &str) -> bool {
    row.get(field).is_some_and(|value| value == "1")
}

/// A condition that a field has one of some values; none where there are none.
fn any_of(field: &str, values: &BTreeSet<String>) -> Option<String> {
    let quoted = |value: &String| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
    let list: Vec<String> = values.iter().map(quoted).collect();
    (!list.is_empty()).then(|| format!("{field} IN ({})", list.join(",")))
}

/// What a client means by an id.
enum Means {
    Email(String),
    Record(String),
    Nothing,
}

fn meant(id: &str) -> Means {
    if id.contains('@') {
        return Means::Email(id.to_lowercase());
    }
    match Id::parse(id) {
        Ok(id) if ["003", "00Q", "005", "0PK"].contains(&id.prefix().as_str()) => Means::Record(id.to_string()),
        _ => Means::Nothing,
    }
}

impl Known {
    fn read(reader: &Reader<'_>, ask: &Ask<'_>) -> Result<Self, Failure> {
        let (mut emails, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for id in &ask.ids {
            match meant(id) {
                Means::Email(email) => emails.insert(email),
                Means::Record(id) => ids.insert(id),
                Means::Nothing => false,
            };
        }
        let mut records = BTreeMap::new();
        reader.people(&mut records, &[("Id", &ids), ("Email", &emails)])?;
        let own = ids.iter().filter(|id| id.starts_with("0PK")).cloned();
        let individuals: BTreeSet<String> = records.values().filter_map(|r| r.individual.clone()).chain(own).collect();
        reader.people(&mut records, &[("IndividualId", &individuals)])?;
        let mut consents = Vec::new();
        if let Some(condition) = any_of("Id", &individuals) {
            let flags: Vec<&'static str> = ACTIONS.iter().filter_map(|a| Some(a.individual?.0)).collect();
            for row in reader.rows(&format!("SELECT Id, {} FROM Individual WHERE {condition}", flags.join(", ")))? {
                let id = row.get("Id").cloned().unwrap_or_default();
                let flags = flags.iter().map(|flag| (*flag, is_set(&row, flag))).collect();
                let record = Record { object: "Individual", individual: Some(id.clone()), id, email: None, converted: false, flags };
                records.insert(record.id.clone(), record);
            }
            consents = Self::consents(reader, &individuals, ask.at)?;
        }
        Ok(Self { records, consents })
    }

    /// The consents that individuals gave, as far as they are in effect.
    fn consents(reader: &Reader<'_>, individuals: &BTreeSet<String>, at: DateTime) -> Result<Vec<Consent>, Failure> {
        let Some(of) = any_of("PartyId", individuals) else { return Ok(Vec::new()) };
        let at = at.to_canonical();
        let rows = reader.rows(&format!(
            "SELECT Id, PartyId, ContactPointType, PrivacyConsentStatus, DataUsePurposeId FROM ContactPointTypeConsent WHERE {of} \
             AND (EffectiveFrom = null OR EffectiveFrom <= {at}) AND (EffectiveTo = null OR EffectiveTo >= {at})"
        ))?;
        let purposes: BTreeSet<String> = rows.iter().filter_map(|row| row.get("DataUsePurposeId").cloned()).collect();
        let mut names = BTreeMap::new();
        if let Some(condition) = any_of("Id", &purposes) {
            for mut row in reader.rows(&format!("SELECT Id, Name FROM DataUsePurpose WHERE {condition}"))? {
                names.insert(row.remove("Id").unwrap_or_default(), row.remove("Name").unwrap_or_default());
            }
        }
        let consent = |mut row: Row| Consent {
            id: row.remove("Id").unwrap_or_default(),
            individual: row.remove("PartyId").unwrap_or_default(),
            channel: row.remove("ContactPointType").unwrap_or_default(),
            status: row.remove("PrivacyConsentStatus").unwrap_or_default(),
            purpose: row.remove("DataUsePurposeId").and_then(|id| names.get(&id).cloned()),
        };
        Ok(rows.into_iter().map(consent).collect())
    }

    fn answer(&self, id: &str, ask: &Ask<'_>) -> Answer {
        let failed = |result: Outcome| Answer {
            result,
            actions: ask.actions.iter().map(|action| (*action, result, false)).collect(),
            explanation: Vec::new(),
        };
        let (first, email): (Vec<&Record>, Option<String>) = match meant(id) {
            Means::Nothing => return failed(Outcome::InvalidId),
            Means::Email(email) => (self.records.values().filter(|r| r.has_email(&email)).collect(), Some(email)),
            Means::Record(id) => match self.records.get(&id) {
                Some(lead) if lead.converted => return failed(Outcome::ConvertedLeadIsInvalid),
                Some(record) => (vec![record], record.email.as_ref().map(|email| email.to_lowercase())),
                None => (Vec::new(), None),
            },
        };
        let first: Vec<&Record> = first.into_iter().filter(|record| !record.converted).collect();
        if first.is_empty() {
            return failed(Outcome::InfoNotFound);
        }
        let individuals: BTreeSet<&str> = first.iter().filter_map(|record| record.individual.as_deref()).collect();
        let linked = |record: &&Record| record.individual.as_deref().is_some_and(|id| individuals.contains(id));
        let mut people: Vec<&Record> = self.records.values().filter(|r| !r.converted).filter(linked).collect();
        people.extend(first.iter().filter(|record| record.individual.is_none()));
        let mut explanation = Vec::new();
        let actions: Vec<(Action, Outcome, bool)> = ask
            .actions
            .iter()
            .map(|action| {
                let (outcome, allowed) = self.weigh(*action, &people, &individuals, email.as_deref(), ask, &mut explanation);
                (*action, outcome, allowed)
            })
            .collect();
        let any = |wanted: Outcome| actions.iter().any(|(_, outcome, _)| *outcome == wanted);
        let result = [Outcome::Success, Outcome::NoPurposeMatch].into_iter().find(|o| any(*o)).unwrap_or(Outcome::InfoNotFound);
        Answer { result, actions, explanation }
    }

    /// Whether one action is allowed; the least that anything says.
    fn weigh(
        &self,
        action: Action,
        people: &[&Record],
        individuals: &BTreeSet<&str>,
        email: Option<&str>,
        ask: &Ask<'_>,
        explanation: &mut Vec<Consulted>,
    ) -> (Outcome, bool) {
        let (mut found, mut allowed, mut said, mut unmatched) = (false, true, false, false);
        let mut consulted = |consulted: Consulted| {
            if !explanation.contains(&consulted) {
                explanation.push(consulted);
            }
        };
        let field = |record: &Record, field: &'static str, set: bool| Consulted {
            object: record.object,
            field,
            record: record.id.clone(),
            purpose: None,
            value: set.to_string(),
        };
        for record in people {
            if let Some((name, allows)) = action.individual
                && let Some(set) = record.flags.get(name)
            {
                found = true;
                allowed &= *set == allows;
                consulted(field(record, name, *set));
            }
            // An address of email is one person's; the others of the individual are of other addresses.
            let same = action.name != "email" || email.is_none_or(|email| record.has_email(email));
            if let Some(name) = action.person.filter(|_| same)
                && let Some(set) = record.flags.get(name)
            {
                found = true;
                allowed &= !*set;
                said |= *set;
                consulted(field(record, name, *set));
            }
        }
        for consent in
            self.consents.iter().filter(|c| Some(c.channel.as_str()) == action.channel && individuals.contains(c.individual.as_str()))
        {
            let fits = consent.purpose.as_deref().is_none_or(|own| ask.purpose.is_some_and(|asked| asked.eq_ignore_ascii_case(own)));
            if fits {
                let refused = matches!(consent.status.as_str(), "OptOut" | "OptOutPending");
                found = true;
                allowed &= !refused;
                said |= refused || consent.status == "OptIn";
            }
            unmatched |= !fits;
            consulted(Consulted {
                object: "ContactPointTypeConsent",
                field: "PrivacyConsentStatus",
                record: consent.id.clone(),
                purpose: consent.purpose.clone(),
                value: shouted(&consent.status),
            });
        }
        match (found, unmatched) {
            (true, _) if ask.explicit && action.channel.is_some() && !said => (Outcome::InfoNotFound, false),
            (true, _) => (Outcome::Success, allowed),
            (false, true) => (Outcome::NoPurposeMatch, false),
            (false, false) => (Outcome::InfoNotFound, false),
        }
    }
}

impl Record {
    fn has_email(&self, email: &str) -> bool {
        self.email.as_ref().is_some_and(|own| own.to_lowercase() == email)
    }
}

/// `OptIn` as `OPT_IN`.
fn shouted(status: &str) -> String {
    let mut out = String::with_capacity(status.len() + 1);
    for (at, c) in status.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            out.push('_');
        }
        out.extend(c.to_uppercase());
    }
    out
}
