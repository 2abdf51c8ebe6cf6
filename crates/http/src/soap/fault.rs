//! A call that goes wrong as a whole, and how it is told.

use super::Api;
use crate::error::{self, SoapFault};
use crate::{Reply, Server};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;

/// A call that goes wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// An exception of the API.
    Api(Exception),
    /// A fault of the envelope: the request is none that the API has.
    Client(String),
    /// The org is in another database now, and nothing was changed in the one that it left: the call goes well there.
    Moved(Exception),
}

/// An exception: its code, its sentence without the code, its type.
#[derive(Debug)]
pub(super) struct Exception {
    code: ErrorCode,
    message: String,
    kind: &'static str,
}

/// The type of faults that have none of their own.
const UNEXPECTED: &str = "UnexpectedErrorFault";

impl Fault {
    /// An exception of the type that its code has.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Api(Exception { code, message: message.into(), kind: kind(code) })
    }

    /// An exception of `login`.
    pub(super) fn login(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Api(Exception { code, message: message.into(), kind: "LoginFault" })
    }

    /// A request that the API does not have.
    pub(super) fn client(message: impl Into<String>) -> Self {
        Self::Client(message.into())
    }

    /// A failure of the engine; an internal one is told to the log, with the number that the client sees (soap-015).
    pub(super) fn of(server: &Server, failure: Failure) -> Self {
        match failure.errors().first() {
            Some(e) => e.clone().into(),
            None if failure.is_moved() => Self::Moved(Exception::of(&server.internal(&failure))),
            None => server.internal(&failure).into(),
        }
    }

    /// The answer.
    pub(super) fn reply(&self, api: Api) -> Reply {
        match self {
            Fault::Client(message) => error::soap_client_fault(message).into(),
            Fault::Api(Exception { code, message, kind }) | Fault::Moved(Exception { code, message, kind }) => {
                // The Metadata API tells no details.
                let kind = (api != Api::Metadata).then_some(*kind);
                let fault = SoapFault { namespace: api.faults(), code: code.as_str(), message, kind };
                error::soap_fault(&fault).into()
            }
        }
    }
}

impl Exception {
    /// An error as an exception of the type that its code has.
    fn of(e: &ApiError) -> Self {
        Self { code: e.code(), message: e.message().to_owned(), kind: kind(e.code()) }
    }
}

impl From<ApiError> for Fault {
    fn from(e: ApiError) -> Self {
        Fault::Api(Exception::of(&e))
    }
}

/// The type of an exception, as the WSDL pairs them with codes.
fn kind(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidField => "InvalidFieldFault",
        ErrorCode::InvalidType => "InvalidSObjectFault",
        ErrorCode::MalformedQuery => "MalformedQueryFault",
        ErrorCode::MalformedSearch => "MalformedSearchFault",
        ErrorCode::InvalidQueryLocator => "InvalidQueryLocatorFault",
        ErrorCode::MalformedId | ErrorCode::InvalidIdField => "InvalidIdFault",
        ErrorCode::InvalidNewPassword => "InvalidNewPasswordFault",
        _ => UNEXPECTED,
    }
}
