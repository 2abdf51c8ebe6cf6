//! The SOAP APIs. What all share is here: addresses and versions, the envelope, faults, sessions. The partner and the
//! enterprise API have a module each for logging in and for data; an operation that is not built is a fault.

mod arguments;
mod data;
mod envelope;
mod fault;
mod login;
mod metadata;
mod session;

#[cfg(test)]
mod tests;

use crate::codec::Format;
use crate::codec::escape::escape_xml;
use crate::error;
use crate::{Call, Reply, Server};
use envelope::Request;
use fault::Fault;
use http::{Method, header};
use orglet_base::version::VersionSegment;
use orglet_base::{ApiError, ApiVersion, ErrorCode};
use session::Caller;

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

    /// The namespace of its records.
    fn records(self) -> &'static str {
        match self {
            Api::Partner => "urn:sobject.partner.soap.sforce.com",
            Api::Enterprise => "urn:sobject.enterprise.soap.sforce.com",
            Api::Tooling => "urn:sobject.tooling.soap.sforce.com",
            Api::Metadata | Api::Apex => self.namespace(),
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
}

/// How often a call follows an org that moves.
const MOST_MOVES: usize = 3;

/// A call: what is asked, of which API and version.
struct Soap<'a> {
    server: &'a Server,
    call: &'a Call,
    api: Api,
    version: ApiVersion,
    request: Request,
}

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
    let version = match version(segments.next()) {
        Ok(version) => version,
        Err(fault) => return fault.reply(api),
    };
    let mut done = run(server, call, api, version);
    // Where moves of an org follow each other, it may be gone again.
    for _ in 0..MOST_MOVES {
        if !matches!(done, Err(Fault::Moved(_))) {
            break;
        }
        done = run(server, call, api, version);
    }
    done.unwrap_or_else(|fault| fault.reply(api))
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
    Err(Fault::new(ErrorCode::UnsupportedApiVersion, message))
}

fn run(server: &Server, call: &Call, api: Api, version: ApiVersion) -> Result<Reply, Fault> {
    let request = Request::parse(&call.body).map_err(Fault::client)?;
    let cx = &Soap { server, call, api, version, request };
    if cx.request.namespace != api.namespace() {
        return Err(unknown(cx));
    }
    arguments::check(cx)?;
    match (api, cx.request.operation.as_str()) {
        (Api::Partner | Api::Enterprise, "login") => login::login(cx),
        (Api::Partner | Api::Enterprise, "logout") => login::logout(cx),
        (Api::Partner | Api::Enterprise, "getServerTimestamp") => login::timestamp(cx),
        (Api::Partner | Api::Enterprise, "getUserInfo") => login::user_info(cx),
        (Api::Partner | Api::Enterprise, name) => {
            data::answer(cx).unwrap_or_else(|| Err(if NOT_BUILT.contains(&name) { not_built(cx) } else { unknown(cx) }))
        }
        (Api::Metadata, _) => metadata::answer(cx),
        _ => Err(not_built(cx)),
    }
}

/// A call of something that the API does not have.
fn unknown(cx: &Soap<'_>) -> Fault {
    let Request { namespace, operation, .. } = &cx.request;
    Fault::client(format!("No operation available for request {{{namespace}}}{operation}, please check the WSDL for the service."))
}

/// A call of something that the API has and this server has not: refused to those alone who may call.
fn not_built(cx: &Soap<'_>) -> Fault {
    match Caller::admitted(cx, false) {
        Ok(_) => {
            let text = format!("The operation {} is not available on this server.", cx.request.operation);
            Fault::new(ErrorCode::FunctionalityNotEnabled, text)
        }
        Err(fault) => fault,
    }
}

/// Operations that the partner and the enterprise API have and this server has not.
const NOT_BUILT: &[&str] = &[
    "changeOwnPassword",
    "deleteByExample",
    "describeAllTabs",
    "describeAppMenu",
    "describeApprovalLayout",
    "describeAvailableQuickActions",
    "describeCompactLayouts",
    "describeDataCategoryGroups",
    "describeDataCategoryGroupStructures",
    "describeDataCategoryMappings",
    "describeGlobalTheme",
    "describeKnowledgeSettings",
    "describeLayout",
    "describeNouns",
    "describePathAssistants",
    "describePrimaryCompactLayouts",
    "describeQuickActions",
    "describeQuickActionsForRecordType",
    "describeSearchableEntities",
    "describeSearchLayouts",
    "describeSearchScopeOrder",
    "describeSObjectListViews",
    "describeSoftphoneLayout",
    "describeSoqlListViews",
    "describeTabs",
    "describeTheme",
    "describeVisualForce",
    "executeListView",
    "findDuplicates",
    "findDuplicatesByIds",
    "invalidateSessions",
    "performQuickActions",
    "process",
    "renderEmailTemplate",
    "renderStoredEmailTemplate",
    "retrieveMassQuickActionTemplates",
    "retrieveQuickActionTemplates",
    "sendEmail",
    "sendEmailMessage",
];

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
