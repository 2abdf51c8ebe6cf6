//! Deployments and retrievals that were made, kept in the org's database: a bounded number of them, and of fewer the archive.

use super::{DEPLOYMENT, Deployment, Options, RETRIEVAL, Retrieved, Status, TestLevel};
use crate::system::{own, text};
use crate::{Failure, Identity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell, Param};
use orglet_store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many deployments and retrievals are kept.
const KEPT: i64 = 200;
/// How many archives are kept, of validations to be repeated and of retrievals.
const KEPT_ARCHIVES: i64 = 10;
/// How long a validation can be repeated (documented: ten days), in milliseconds.
const VALID: i64 = 10 * 24 * 60 * 60 * 1000;

/// Keeps what came of a job.
pub(super) fn keep(identity: &Identity, id: Id, created: DateTime, job: &impl Serialize, zip: Option<&[u8]>) -> Result<(), Failure> {
    let body = serde_json::to_string(job).map_err(|e| StoreError::Other(e.to_string()))?;
    let zip = zip.map_or(OwnedCell::Null, |zip| OwnedCell::Text(STANDARD.encode(zip)));
    let number = |n: i64| Param::Cell(OwnedCell::Int(n));
    let row = own(
        "INSERT INTO \"_deployments\" (id, created, body, zip) VALUES (?1, ?2, ?3, ?4)",
        vec![id.to_string().into(), number(created.0), body.into(), Param::Cell(zip)],
    );
    let old = own(
        "DELETE FROM \"_deployments\" WHERE id NOT IN (SELECT id FROM \"_deployments\" ORDER BY created DESC, id DESC LIMIT ?1)",
        vec![number(KEPT)],
    );
    let archives = own(
        "UPDATE \"_deployments\" SET zip = NULL WHERE zip IS NOT NULL AND id NOT IN \
         (SELECT id FROM \"_deployments\" WHERE zip IS NOT NULL ORDER BY created DESC, id DESC LIMIT ?1)",
        vec![number(KEPT_ARCHIVES)],
    );
    identity.org.transact(|tx| {
        for statement in [&row, &old, &archives] {
            tx.execute(statement)?;
        }
        Ok(())
    })
}

/// A job, and its archive where that is kept.
type Loaded<T> = (T, Option<Vec<u8>>);

fn load<T: DeserializeOwned>(identity: &Identity, id: Id) -> Result<Option<Loaded<T>>, Failure> {
    let statement = own("SELECT body, zip FROM \"_deployments\" WHERE id = ?1", vec![id.to_string().into()]);
    let Some(row) = identity.org.read(|tx| Ok(tx.first(&statement)?))? else { return Ok(None) };
    let broken = |e: &dyn std::fmt::Display| StoreError::Other(format!("the deployment {id} cannot be read: {e}"));
    let job = serde_json::from_str(text(&row[0])).map_err(|e| broken(&e))?;
    let zip = match &row[1] {
        OwnedCell::Text(zip) => Some(STANDARD.decode(zip).map_err(|e| broken(&e))?),
        _ => None,
    };
    Ok(Some((job, zip)))
}

/// The id of a job as a call gives it.
///
/// # Errors
/// `INVALID_CROSS_REFERENCE_KEY` for what is no id of one (salesforcedx-vscode issue 1529).
fn job_id(text: &str, prefix: &str) -> Result<Id, ApiError> {
    Id::parse(text.trim()).ok().filter(|id| id.to_string().starts_with(prefix)).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id")
}

/// A deployment by its id.
///
/// # Errors
/// There is none, or not any more; the database fails.
pub fn find(identity: &Identity, id: &str) -> Result<Deployment, Failure> {
    Ok(loaded(identity, id)?.0)
}

fn loaded(identity: &Identity, id: &str) -> Result<Loaded<Deployment>, Failure> {
    let id = job_id(id, DEPLOYMENT)?;
    Ok(load::<Deployment>(identity, id)?.ok_or_else(unknown)?)
}

/// The deployments that are kept, oldest first.
pub fn recent(identity: &Identity) -> Result<Vec<Deployment>, Failure> {
    let statement = own("SELECT body FROM \"_deployments\" WHERE substr(id, 1, 3) = ?1 ORDER BY created, id", vec![DEPLOYMENT.into()]);
    let rows = identity.org.read(|tx| Ok(tx.all(&statement)?))?;
    let read = |row: &Vec<OwnedCell>| serde_json::from_str(text(&row[0])).map_err(|e| StoreError::Other(e.to_string()).into());
    rows.iter().map(read).collect()
}

/// Refuses to cancel a deployment: whoever knows its id has had it made already (metadata-007).
///
/// # Errors
/// Always.
pub fn cancel(identity: &Identity, id: &str) -> Result<std::convert::Infallible, Failure> {
    find(identity, id)?;
    Err(ApiError::new(ErrorCode::InvalidIdField, "Deployment already completed").into())
}

/// Deploys what was validated before, and went well.
///
/// # Errors
/// There is no such validation, it is too old, or it ran no tests.
pub fn quick(identity: &Identity, id: &str) -> Result<Deployment, Failure> {
    let (validation, zip) = loaded(identity, id)?;
    let age = identity.org.now().0 - validation.created.0;
    let tested = validation.options.runs_tests() && validation.options.test_level != Some(TestLevel::NoTestRun);
    let sound = validation.options.check_only && validation.status == Status::Succeeded && tested && age <= VALID;
    match zip.filter(|_| sound) {
        Some(zip) => {
            let options = Options { check_only: false, test_level: None, run_all_tests: false, ..validation.options };
            super::made(identity, &zip, options, Some(validation.id))
        }
        None => {
            let text = "The validation cannot be deployed: it has to be a successful one of the last 10 days that ran tests";
            Err(ApiError::new(ErrorCode::InvalidIdField, text).into())
        }
    }
}

/// A retrieval by its id, and its archive.
///
/// # Errors
/// There is none, or not any more; the database fails.
pub fn retrieved(identity: &Identity, id: &str) -> Result<(Retrieved, Option<Vec<u8>>), Failure> {
    let id = job_id(id, RETRIEVAL)?;
    Ok(load::<Retrieved>(identity, id)?.ok_or_else(unknown)?)
}

/// Ids as they are kept.
pub(super) mod id {
    use orglet_base::Id;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(id: &Id, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Id, D::Error> {
        Id::parse(&String::deserialize(from)?).map_err(|_| D::Error::custom("no id"))
    }
}

/// The same where there may be none.
pub(super) mod optional_id {
    use orglet_base::Id;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(id: &Option<Id>, to: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => to.collect_str(id),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Id>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| Id::parse(&text).ok()))
    }
}

/// Times as they are kept.
pub(super) mod time {
    use orglet_base::DateTime;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(time: &DateTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime, D::Error> {
        i64::deserialize(from).map(DateTime)
    }
}
