//! The SOAP API as far as clients need it to log in: `login`, `logout`, `getServerTimestamp` and `getUserInfo` of the
//! partner and the enterprise API. Every other operation is a fault.

mod calls;
mod envelope;

#[cfg(test)]
mod tests;

use crate::codec::Format;
use crate::codec::escape::escape_xml;
use crate::error::{self, SoapFault};
use crate::{Call, Reply, Server};
use envelope::Request;
use http::{Method, header};
use orglet_base::version::VersionSegment;
use orglet_base::{ApiError, ApiVersion, ErrorCode};
use orglet_engine::Failure;

/// An API that speaks SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Partner,
    Enterprise,
    Metadata,
    Apex,
    Tooling,
}

impl Api {
    /// The API of a path segment; letter case counts (`T`).
    fn of(segment: &str) -> Option<Self> {
        Some(match segment {
            "u" => Api::Partner,
            "c" => Api::Enterprise,
            "m" => Api::Metadata,
            "s" => Api::Apex,
            "T" => Api::Tooling,
            _ => return None,
        })
    }

    /// The path segment.
    fn segment(self) -> &'static str {
        match self {
            Api::Partner => "u",
            Api::Enterprise => "c",
            Api::Metadata => "m",
            Api::Apex => "s",
            Api::Tooling => "T",
        }
    }

    /// The namespace of its operations.
    fn namespace(self) -> &'static str {
        match self {
            Api::Partner => "urn:partner.soap.sforce.com",
            Api::Enterprise => "urn:enterprise.soap.sforce.com",
            Api::Metadata => "http://soap.sforce.com/2006/04/metadata",
            Api::Apex => "http://soap.sforce.com/2006/08/apex",
            Api::Tooling => "urn:tooling.soap.sforce.com",
        }
    }

    /// The namespace of its faults.
    fn faults(self) -> &'static str {
        match self {
            Api::Partner => "urn:fault.partner.soap.sforce.com",
            Api::Enterprise => "urn:fault.enterprise.soap.sforce.com",
            Api::Tooling => "urn:fault.tooling.soap.sforce.com",
            Api::Metadata | Api::Apex => self.namespace(),
        }
    }

    /// Whether it has the operations that are built.
    fn has_login(self) -> bool {
        matches!(self, Api::Partner | Api::Enterprise)
    }
}

/// A call that goes wrong: how it is told.
enum Fault {
    /// By an exception of the API: code, sentence, type.
    Api(ErrorCode, String, &'static str),
    /// By a fault of the envelope: the request is none that the API has.
    Client(String),
}

/// The type of faults that have none of their own.
const UNEXPECTED: &str = "UnexpectedErrorFault";

/// Answers a request below `/services/Soap/`.
pub(crate) fn answer(server: &Server, call: &Call) -> Reply {
    let mut segments = call.path.strip_prefix("/services/Soap/").unwrap_or_default().split('/').filter(|s| !s.is_empty());
    let api = segments.next();
    // The address of a class's own web service; there are no classes.
    let of_class = api == Some("class");
    let Some(api) = api.and_then(Api::of) else {
        if !of_class {
            let format = Format::from_accept(call.header(header::ACCEPT)).unwrap_or_default();
            return error::render(&[ApiError::not_found()], format, call.pretty()).into();
        }
        if call.method != Method::POST {
            return only_post(call);
        }
        let name = segments.collect::<Vec<_>>().join("/");
        return error::soap_client_fault(&format!("No service available for class '{name}'")).into();
    };
    if call.method != Method::POST {
        return only_post(call);
    }
    // The org's id may follow the version; the session says which org it is.
    match version(segments.next()).and_then(|version| run(server, call, api, version)) {
        Ok(reply) => reply,
        Err(Fault::Client(message)) => error::soap_client_fault(&message).into(),
        Err(Fault::Api(code, message, kind)) => {
            error::soap_fault(&SoapFault { namespace: api.faults(), code: code.as_str(), message: &message, kind: Some(kind) }).into()
        }
    }
}

/// The version of the address. One that is retired is told as such (SalesforceLabs/Milestones-PM issue 156); everything
/// else that is not served is routing-020.
fn version(segment: Option<&str>) -> Result<ApiVersion, Fault> {
    let message = match ApiVersion::parse_number(segment.unwrap_or_default()) {
        VersionSegment::Served(version) => return Ok(version),
        VersionSegment::Retired(old) => format!(
            "The API version that was specified ({old}.0) is below the minimum supported ({}). Change the version number and run the request again.",
            ApiVersion::OLDEST
        ),
        VersionSegment::Unknown => "Invalid Api version specified on URL".to_owned(),
    };
    Err(Fault::Api(ErrorCode::UnsupportedApiVersion, message, UNEXPECTED))
}

fn run(server: &Server, call: &Call, api: Api, version: ApiVersion) -> Result<Reply, Fault> {
    let request = Request::parse(&call.body).map_err(Fault::Client)?;
    let unknown = || {
        let (namespace, operation) = (&request.namespace, &request.operation);
        Fault::Client(format!("No operation available for request {{{namespace}}}{operation}, please check the WSDL for the service."))
    };
    if request.namespace != api.namespace() {
        return Err(unknown());
    }
    match request.operation.as_str() {
        "login" if api.has_login() => calls::login(server, call, api, version, &request),
        "logout" if api.has_login() => calls::logout(server, api, &request),
        "getServerTimestamp" if api.has_login() => calls::timestamp(server, api, &request),
        "getUserInfo" if api.has_login() => calls::user_info(server, api, &request),
        name if !api.has_login() || calls::NOT_BUILT.contains(&name) => {
            calls::caller(server, &request)?;
            let text = format!("The operation {name} is not available on this server.");
            Err(Fault::Api(ErrorCode::FunctionalityNotEnabled, text, UNEXPECTED))
        }
        _ => Err(unknown()),
    }
}

/// An internal failure as a fault (soap-015); an error of the API keeps its code.
fn failed(server: &Server, failure: Failure) -> Fault {
    match failure.errors().first() {
        Some(e) => Fault::Api(e.code(), e.message().to_owned(), UNEXPECTED),
        None => {
            let e = server.internal(&failure);
            Fault::Api(e.code(), e.message().to_owned(), UNEXPECTED)
        }
    }
}

/// The page that the platform's own web server answers to any other verb (routing-013).
fn only_post(call: &Call) -> Reply {
    let mut path = Vec::new();
    escape_xml(&mut path, &call.path, false);
    let path = String::from_utf8_lossy(&path);
    let body = format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error 405 Only POST allowed</title>\n</head>\n\
         <body><h2>HTTP ERROR 405</h2>\n<p>Problem accessing {path}. Reason:\n<pre>    Only POST allowed</pre></p>\n</body>\n</html>\n"
    );
    Reply::new(405, "text/html;charset=utf-8", body.into_bytes()).with(header::ALLOW, "POST")
}
