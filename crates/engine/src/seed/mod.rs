//! The rows that every org begins with, and the made-up CRM of `--sample-data`. Both go through the save pipeline; ids
//! are the same in every org.

mod sample;

use crate::record::Row;
use crate::save::{self, Assign, Change, Incoming, Op};
use crate::system::own;
use crate::{Failure, Identity, Org, auth, dev, ids};
use jiff::tz::TimeZone;
use orglet_base::{Id, Value};
use orglet_schema::standard::seed::{self, SeedValue};
use orglet_schema::{AccessSet, Field, Input, Object};
use orglet_store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;

/// Id of the System Administrator.
pub(crate) fn admin_id() -> Id {
    ids::seeded("005", 1)
}

/// Seeds an org that is new, and adds sample data when that is asked for and is not there. The administrator gets a
/// login name, the development one where none is given.
pub(crate) fn fill(org: &Arc<Org>, access: &Arc<AccessSet>, username: Option<&str>, sample_data: bool) -> Result<(), Failure> {
    let identity = bootstrap_identity(org, access);
    if !done(org, SEEDED)? {
        standard_rows(&identity, username.unwrap_or(dev::USERNAME))?;
        mark(org, SEEDED)?;
    }
    if sample_data && !done(org, SAMPLED)? {
        sample::fill(&identity)?;
        mark(org, SAMPLED)?;
    }
    Ok(())
}

/// Whether an org has the sample data.
pub(crate) fn is_sampled(org: &Org) -> Result<bool, Failure> {
    done(org, SAMPLED)
}

const SEEDED: &str = "seeded";
const SAMPLED: &str = "sampled";

fn done(org: &Org, what: &'static str) -> Result<bool, Failure> {
    org.read(|tx| Ok(tx.first(&own("SELECT 1 FROM \"_meta\" WHERE name = ?1", vec![what.into()]))?.is_some()))
}

fn mark(org: &Org, what: &'static str) -> Result<(), Failure> {
    let sql = "INSERT INTO \"_meta\" VALUES (?1, 'yes') ON CONFLICT (name) DO UPDATE SET value = 'yes'";
    org.transact(|tx| Ok(tx.execute(&own(sql, vec![what.into()])).map(|_| ())?))
}

/// The administrator before its own row is there.
fn bootstrap_identity(org: &Arc<Org>, access: &Arc<AccessSet>) -> Identity {
    let user = auth::User {
        id: admin_id(),
        username: String::new(),
        name: String::new(),
        first_name: None,
        last_name: String::new(),
        email: String::new(),
        alias: String::new(),
        nickname: String::new(),
        profile_id: None,
        role_id: None,
        time_zone_key: "GMT".into(),
        time_zone: TimeZone::UTC,
        locale: "en_US".into(),
        language: "en_US".into(),
        user_type: "Standard".into(),
        active: true,
        modified: None,
        street: None,
        city: None,
        state: None,
        postal_code: None,
        country: None,
        mobile_phone: None,
    };
    Identity { org: org.clone(), user: Arc::new(user), access: access.clone(), token: "".into() }
}

fn standard_rows(identity: &Identity, username: &str) -> Result<(), Failure> {
    let org = &identity.org;
    let catalog = org.catalog();
    let mut keys: HashMap<(&'static str, String), Id> = HashMap::new();
    let mut counters: HashMap<&'static str, u64> = HashMap::new();
    let mut batches: Vec<(Arc<Object>, Vec<Incoming>)> = Vec::new();
    for row in seed::rows() {
        let Some(object) = catalog.object(row.object) else { continue };
        let Some(prefix) = seed::id_prefix(row.object) else { continue };
        // Objects that share a key prefix share its counter.
        let counter = counters.entry(leak_free(prefix.as_str())).or_insert(0);
        *counter += 1;
        let id = if row.object == "Organization" { org.id } else { ids::seeded(prefix.as_str(), *counter) };
        keys.insert((row.object, row.key.clone()), id);
        let mut incoming = Incoming { id: Some(id), ..Incoming::default() };
        for (name, value) in &row.values {
            let Some(index) = object.field_index(name) else { continue };
            let value = match value {
                SeedValue::Text(t) => parse(&object.fields()[index], t)?,
                SeedValue::Row { object, key } => keys.get(&(*object, key.clone())).map_or(Value::Null, |id| Value::Id(*id)),
            };
            incoming.fields.push((index, Assign::Value(value)));
        }
        match batches.last_mut() {
            Some((last, rows)) if Arc::ptr_eq(last, object) => rows.push(incoming),
            _ => batches.push((object.clone(), vec![incoming])),
        }
    }
    org.ensure_tables(batches.iter().map(|(object, _)| &**object).chain(catalog.object("User").map(|o| &**o)))?;
    // References go both ways between these rows: the user comes last, so they are not looked at while seeding. A start that was cut
    // short left all of them or none; an earlier release may have left some.
    let mut missing = Vec::with_capacity(batches.len());
    for (object, records) in batches {
        if is_missing(identity, &object, &records)? {
            missing.push(new_rows(&object, records));
        }
    }
    save::save_together(identity, &missing, true)?.into_iter().try_for_each(|outcome| outcome.map(|_| ()))?;
    let profile = keys.get(&("Profile", "admin".to_owned())).copied();
    let role = keys.get(&("UserRole", "CEO".to_owned())).copied();
    user(identity, username, profile, role)
}

/// Key prefixes are few; the map wants names that live as long as the program.
fn leak_free(prefix: &str) -> &'static str {
    const KNOWN: &[&str] = &["00D", "00e", "00E", "00G", "100", "01s", "01m", "09a", "01J"];
    KNOWN.iter().find(|k| **k == prefix).copied().unwrap_or("other")
}

fn user(identity: &Identity, username: &str, profile: Option<Id>, role: Option<Id>) -> Result<(), Failure> {
    let catalog = identity.org.catalog();
    let Some(object) = catalog.object("User") else { return Ok(()) };
    let mut row = Row::empty(object);
    for (name, value) in [
        ("Username", username),
        ("FirstName", "Admin"),
        ("LastName", "User"),
        ("Email", "admin@orglet.example"),
        ("Alias", "admin"),
        ("CommunityNickname", "admin"),
        ("TimeZoneSidKey", "GMT"),
        ("LocaleSidKey", "en_US"),
        ("LanguageLocaleKey", "en_US"),
        ("EmailEncodingKey", "UTF-8"),
        ("UserType", "Standard"),
        ("CompanyName", "orglet"),
        ("Country", "US"),
        ("DigestFrequency", "D"),
        ("DefaultGroupNotificationFrequency", "N"),
    ] {
        row.set(object, name, value);
    }
    for flag in
        ["IsActive", "UserPermissionsMarketingUser", "ForecastEnabled", "UserPermissionsInteractionUser", "UserPermissionsSupportUser"]
    {
        row.set(object, flag, true);
    }
    row.set(object, "ProfileId", profile.map_or(Value::Null, Value::Id));
    row.set(object, "UserRoleId", role.map_or(Value::Null, Value::Id));
    let fields = row.values.into_iter().enumerate().filter(|(_, v)| !v.is_null()).map(|(i, v)| (i, Assign::Value(v))).collect();
    insert_once(identity, object, vec![Incoming { id: Some(admin_id()), key: None, fields, ..Incoming::default() }])
}

/// A value of a data file.
fn parse(field: &Field, text: &str) -> Result<Value, Failure> {
    field
        .ty
        .kind()
        .parse(field, Input::Text(text))
        .map_err(|e| StoreError::Other(format!("seed value of {}: {} is no {}", field.name, e.value, e.word)).into())
}

/// Inserts a batch unless it is there.
fn insert_once(identity: &Identity, object: &Arc<Object>, records: Vec<Incoming>) -> Result<(), Failure> {
    if is_missing(identity, object, &records)? {
        insert(identity, object, records)?;
    }
    Ok(())
}

/// Whether a batch, which is one commit, is not there.
fn is_missing(identity: &Identity, object: &Arc<Object>, records: &[Incoming]) -> Result<bool, Failure> {
    let Some(first) = records.first().and_then(|r| r.id) else { return Ok(false) };
    Ok(identity.org.read(|tx| crate::record::by_id(tx, &identity.org, object, first))?.is_none())
}

/// Inserts rows as the platform's own.
fn insert(identity: &Identity, object: &Arc<Object>, records: Vec<Incoming>) -> Result<Vec<Id>, Failure> {
    save::save(identity, &new_rows(object, records))?.into_iter().map(|outcome| outcome.map(|s| s.id)).collect()
}

fn new_rows(object: &Arc<Object>, records: Vec<Incoming>) -> Change {
    Change { object: object.clone(), op: Op::Insert, records, all_or_none: true, system: true, guard: None }
}
