//! The data calls of the partner and the enterprise API. They differ in how records look: in the partner API every record is an
//! `sObject` that names its object in an element `type`, in the enterprise API the element's own type (`xsi:type`) is the object.

mod bin;
mod convert;
mod decode;
mod describe;
mod merge;
mod options;
mod passwords;
mod print;
mod read;
mod replication;
mod write;

use super::envelope::Answer;
use super::session::Caller;
use super::{Api, Fault, Soap};
use crate::Reply;
use options::Options;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, Identity};
use orglet_schema::{Catalog, Object};
use std::sync::Arc;

/// A data call that is let in.
struct Data<'a> {
    soap: &'a Soap<'a>,
    identity: Identity,
    catalog: Arc<Catalog>,
    options: Options,
}

/// How a call is answered: what it writes goes into the body.
type Run = fn(&Data<'_>, &mut Answer) -> Result<(), Fault>;

/// A call that is built, by its name, and whether its answer has records in it.
fn find(name: &str) -> Option<(Run, bool)> {
    Some(match name {
        "create" => (write::create, false),
        "update" => (write::update, false),
        "upsert" => (write::upsert, false),
        "delete" => (write::delete, false),
        "undelete" => (bin::undelete, false),
        "merge" => (merge::merge, false),
        "convertLead" => (convert::convert, false),
        "emptyRecycleBin" => (bin::empty, false),
        "query" => (read::query, true),
        "queryAll" => (read::query_all, true),
        "queryMore" => (read::query_more, true),
        "retrieve" => (read::retrieve, true),
        "search" => (read::search, true),
        "describeGlobal" => (describe::global, false),
        "describeSObject" => (describe::one, false),
        "describeSObjects" => (describe::several, false),
        "getDeleted" => (replication::deleted, false),
        "getUpdated" => (replication::updated, false),
        "setPassword" => (passwords::set, false),
        "resetPassword" => (passwords::reset, false),
        _ => return None,
    })
}

/// Answers a data call; `None` for a name that is none of those that are built.
pub(super) fn answer(soap: &Soap<'_>) -> Option<Result<Reply, Fault>> {
    let (run, records) = find(&soap.request.operation)?;
    Some(admitted(soap, run, records))
}

fn admitted(soap: &Soap<'_>, run: Run, records: bool) -> Result<Reply, Fault> {
    let Caller { identity, mut answer, _place } = Caller::admitted(soap, records)?;
    let catalog = identity.org.catalog();
    let data = Data { options: Options::read(&soap.request)?, soap, catalog, identity };
    let response = format!("{}Response", soap.request.operation);
    answer.begin(&response);
    run(&data, &mut answer)?;
    answer.end(&response);
    Ok(answer.finish())
}

impl Data<'_> {
    fn fault(&self, failure: Failure) -> Fault {
        Fault::of(self.soap.server, failure)
    }

    fn is_partner(&self) -> bool {
        self.soap.api == Api::Partner
    }

    /// The object of a name; INVALID_TYPE where there is none that the user sees (soap-011).
    fn object(&self, name: &str) -> Result<&Arc<Object>, ApiError> {
        self.catalog.object(name).filter(|o| self.identity.access.sees_object(o)).ok_or_else(|| {
            let text = format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after \
                 the entity name. Please reference your WSDL or the describe call for the appropriate names."
            );
            ApiError::new(ErrorCode::InvalidType, text)
        })
    }
}

/// INVALID_FIELD of a record's member (soap-010).
fn no_such_column(object: &Object, name: &str) -> ApiError {
    let text = format!(
        "No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom \
         field name. Please reference your WSDL or the describe call for the appropriate names.",
        object.name
    );
    ApiError::new(ErrorCode::InvalidField, text)
}

/// An id that none of ours can be (crud-027).
fn bad_id(text: &str) -> ApiError {
    ApiError::new(ErrorCode::MalformedId, format!("bad id {text}")).with_fields(Vec::<String>::new())
}
