//! Sites of digital experiences: records of Network, made and published through the Connect API. Nothing is served at their addresses.
//!
//! A site is made from a template, which its record does not say: a table beside it does. The work is done when a call is answered; its
//! job, a BackgroundOperation, is complete then.

use crate::ids::{Counters, bump};
use crate::record::{self, Row};
use crate::save::{PlatformRow, put_platform_row};
use crate::system::{own, text};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_schema::custom::DefError;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// The object of sites.
const OBJECT: &str = "Network";
/// The object of jobs.
const JOBS: &str = "BackgroundOperation";
/// Sites that an org may have ("Maximum number of Experience Cloud sites per Salesforce org": 100).
const MOST: usize = 100;
/// How long what is known of a job that is done stays (documented: 24 hours), in milliseconds.
const KEPT: i64 = 24 * 60 * 60 * 1000;

/// The templates of a Developer Edition org, as listed by one at v50.0.
pub const TEMPLATES: [&str; 7] =
    ["Build Your Own", "Help Center", "Customer Account Portal", "Aloha", "Partner Central", "Customer Service", VISUALFORCE];
const VISUALFORCE: &str = "Salesforce Tabs + Visualforce";
/// What clients call that template as well (CumulusCI's documentation).
const VISUALFORCE_TOO: &str = "VF Template";

/// What a site is made of.
#[derive(Clone, Debug, Default)]
pub struct NewSite {
    /// Its name.
    pub name: String,
    /// Its template.
    pub template: String,
    /// The first part of the path of its address; none for the one site that is at the root.
    pub prefix: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// A site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its id.
    pub id: Id,
    /// Its template.
    pub template: String,
    object: Arc<Object>,
    row: Row,
}

impl Site {
    /// A text of its record.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.row.get(&self.object, field).as_text()
    }

    /// Whether a checkbox of its record is ticked.
    pub fn is(&self, field: &str) -> bool {
        *self.row.get(&self.object, field) == Value::Bool(true)
    }
}

fn object<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Object>, Failure> {
    catalog.object(name).ok_or_else(|| ApiError::not_found().into())
}

/// All sites, in the order of their ids.
///
/// # Errors
/// NOT_FOUND in an org without digital experiences.
pub fn all(identity: &Identity) -> Result<Vec<Site>, Failure> {
    let org = &*identity.org;
    org.on_current(|catalog| {
        org.read(|tx| {
            let object = object(catalog, OBJECT)?;
            let mut sites = Vec::new();
            for id in ids(tx)? {
                sites.extend(one(tx, org, object, id)?);
            }
            Ok(sites)
        })
    })
}

/// The ids of all sites, in their order.
fn ids(tx: &mut dyn Tx) -> Result<Vec<Id>, Failure> {
    let known = tx.all(&own("SELECT id FROM \"_sites\" ORDER BY id", vec![]))?;
    Ok(known.iter().filter_map(|row| Id::parse(text(&row[0])).ok()).collect())
}

fn one(tx: &mut dyn Tx, org: &Org, object: &Arc<Object>, id: Id) -> Result<Option<Site>, Failure> {
    let template = tx.first(&own("SELECT template FROM \"_sites\" WHERE id = ?1", vec![id.to_string().into()]))?;
    let Some(template) = template.map(|row| text(&row[0]).to_owned()) else { return Ok(None) };
    Ok(record::by_id(tx, org, object, id)?.map(|row| Site { id, template, object: object.clone(), row }))
}

/// A site by its id.
///
/// # Errors
/// NOT_FOUND where there is none.
pub fn find(identity: &Identity, id: &str) -> Result<Site, Failure> {
    let org = &*identity.org;
    let id = Id::parse(id).map_err(|_| ApiError::not_found())?;
    let found = org.on_current(|catalog| org.read(|tx| one(tx, org, object(catalog, OBJECT)?, id)))?;
    found.ok_or_else(|| ApiError::not_found().into())
}

/// Makes a site; answers the id of the job.
///
/// # Errors
/// NOT_FOUND in an org without digital experiences; INVALID_INPUT for a name, an address or a template that won't do.
pub fn create(identity: &Identity, new: &NewSite) -> Result<Id, Failure> {
    if new.name.trim().is_empty() {
        return Err(refuse("Enter a name for your site."));
    }
    if !TEMPLATES.iter().chain(&[VISUALFORCE_TOO]).any(|known| *known == new.template) {
        return Err(refuse(format!("The template {} doesn't exist.", new.template)));
    }
    exclusively(identity, |tx, catalog| {
        let org = &*identity.org;
        let network = object(catalog, OBJECT)?;
        let id = new_id(tx, org, network)?;
        let given = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map_or(Value::Null, Value::from);
        let by_pages = [VISUALFORCE, VISUALFORCE_TOO].contains(&new.template.as_str());
        // What a new site has switched on, as recorded at v50.0; what a template renders by itself is in a container (documented).
        let mut values = [
            ("Name", Value::from(new.name.trim())),
            ("UrlPathPrefix", given(&new.prefix)),
            ("Description", given(&new.description)),
            ("Status", "UnderConstruction".into()),
            ("OptionsNicknameDisplayEnabled", true.into()),
            ("OptionsSendWelcomeEmail", true.into()),
            ("OptionsSiteAsContainerEnabled", (!by_pages).into()),
        ];
        let mut row = Row::empty(network);
        for (name, value) in &mut values {
            if let Some(field) = network.field(name) {
                *value = field.ty.kind().validate(field, value.clone())?;
                row.set(network, name, value.clone());
            }
        }
        check(tx, org, network, None, &row)?;
        if ids(tx)?.len() >= MOST {
            return Err(refuse("You've reached the maximum number of sites for your org."));
        }
        put(tx, identity, catalog, network, id, &values)?;
        tx.execute(&own("INSERT INTO \"_sites\" VALUES (?1, ?2)", vec![id.to_string().into(), new.template.clone().into()]))?;
        done(tx, identity, catalog, new.name.trim())
    })
}

/// Publishes a site; answers it and the id of the job.
///
/// # Errors
/// NOT_FOUND where there is none.
pub fn publish(identity: &Identity, id: &str) -> Result<(Site, Id), Failure> {
    let id = Id::parse(id).map_err(|_| ApiError::not_found())?;
    exclusively(identity, |tx, catalog| {
        let site = one(tx, &identity.org, object(catalog, OBJECT)?, id)?.ok_or_else(ApiError::not_found)?;
        let job = done(tx, identity, catalog, site.text("Name").unwrap_or_default())?;
        Ok((site, job))
    })
}

/// Runs what must not meet another of its kind: of two sites with one name, one would be too many.
fn exclusively<T>(identity: &Identity, mut work: impl FnMut(&mut dyn Tx, &Catalog) -> Result<T, Failure>) -> Result<T, Failure> {
    let org = &*identity.org;
    let _place = org.admit_save()?;
    org.on_current(|catalog| {
        org.ensure_tables([&**object(catalog, OBJECT)?, &**object(catalog, JOBS)?])?;
        org.with_tables(|| {
            org.store.transact_alone_with::<_, Failure>(|tx| {
                org.here()?;
                org.still(tx, catalog)?;
                work(tx, catalog)
            })
        })
    })
}

fn new_id(tx: &mut dyn Tx, org: &Org, object: &Object) -> Result<Id, Failure> {
    let prefix = object.key_prefix.ok_or_else(ApiError::not_found)?;
    org.new_id_within(tx, prefix)
}

fn put(tx: &mut dyn Tx, identity: &Identity, catalog: &Catalog, object: &Object, id: Id, values: &[(&str, Value)]) -> Result<(), Failure> {
    let now = identity.org.now().truncate_to_second();
    put_platform_row(tx, &PlatformRow { identity, catalog, object, id, now }, values)
}

/// Notes a job that is done.
fn done(tx: &mut dyn Tx, identity: &Identity, catalog: &Catalog, name: &str) -> Result<Id, Failure> {
    let jobs = object(catalog, JOBS)?;
    let id = new_id(tx, &identity.org, jobs)?;
    let now = identity.org.now().truncate_to_second();
    let values = [
        ("Name", Value::from(name)),
        ("Status", "Complete".into()),
        ("SubmittedAt", Value::DateTime(now)),
        ("StartedAt", Value::DateTime(now)),
        ("FinishedAt", Value::DateTime(now)),
        ("ExpiresAt", Value::DateTime(DateTime(now.0 + KEPT))),
    ];
    put(tx, identity, catalog, jobs, id, &values)?;
    Ok(id)
}

/// Refuses a site whose name or address another has, or whose address is none.
///
/// # Errors
/// INVALID_INPUT.
pub(crate) fn check(tx: &mut dyn Tx, org: &Org, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
    let differs = |field: &str| old.is_none_or(|old| old.get(object, field) != row.get(object, field));
    let (name, prefix) = (differs("Name"), differs("UrlPathPrefix"));
    if !name && !prefix {
        return Ok(());
    }
    let of = |row: &Row, field: &str| row.get(object, field).as_text().unwrap_or_default().to_lowercase();
    let url = of(row, "UrlPathPrefix");
    let given = row.get(object, "UrlPathPrefix").as_text().unwrap_or_default();
    if prefix && !given.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(refuse("The URL can only contain alphanumeric characters."));
    }
    // The counter's row is held until the commit: nobody else looks meanwhile.
    bump(tx, Counters::Named, OBJECT, 0, 1)?;
    let id = row.get(object, "Id").as_id();
    let others: Vec<Id> = ids(tx)?.into_iter().filter(|other| Some(*other) != id).collect();
    for other in record::some(tx, org, object, &others, &["Name", "UrlPathPrefix"])? {
        if name && of(&other, "Name") == of(row, "Name") {
            return Err(refuse("Error: A Community with this name already exists."));
        }
        if prefix && of(&other, "UrlPathPrefix") == url {
            let one = if url.is_empty() { "Enter a URL for your site." } else { "That URL is already in use. Please enter a unique one." };
            return Err(refuse(one));
        }
    }
    Ok(())
}

/// Refuses to take digital experiences away from an org that has sites: what the platform switches on so stays on.
pub(crate) fn check_none(tx: &mut dyn Tx) -> Result<(), Failure> {
    if tx.first(&own("SELECT id FROM \"_sites\" LIMIT 1", vec![]))?.is_none() {
        return Ok(());
    }
    Err(Failure::Definition(Box::new(DefError::integrity("Digital experiences can't be switched off: there are sites"))))
}

fn refuse(text: impl Into<String>) -> Failure {
    ApiError::new(ErrorCode::InvalidInput, text).into()
}
