//! The answer to a request that gets an error: the row's template, filled with what the rule gives and with what the request
//! says.

use super::rule::{Spec, Told};
use crate::codec::Format;
use crate::error::forced::{self, Forced, Setting};
use crate::error::{self, OAuthFormat};
use crate::{Call, Reply, Server, about, compat, pattern};
use http::{HeaderName, header};
use orglet_base::catalogue::{self, Form, Row};
use orglet_base::version::VersionSegment;
use orglet_base::{ApiError, ApiVersion, ErrorCode, Id, KeyOrder};
use orglet_engine::query::error_context;
use serde_json::Value;

const LIMIT_INFO: HeaderName = HeaderName::from_static("sforce-limit-info");
/// The query that stands for one where the request has none.
const QUERY: &str = "SELECT Bacon__c FROM Account LIMIT 2";
/// Bodies longer than this are not looked into for their parts.
const LOOKED_AT: usize = 1024 * 1024;
/// The most parts that an answer has.
const MOST_PARTS: usize = 500;

/// The answer that a rule gives.
pub(super) fn error(server: &Server, call: &Call, org: Id, spec: &Spec, told: &Told) -> Reply {
    let setting = setting(server, call);
    let reply = filled(spec, told, Some(call), &setting);
    if !counts(call, reply.status) {
        return reply;
    }
    match server.engine.org(org) {
        Ok(Some(org)) => {
            let used = org.usage.count(org.now());
            reply.with(LIMIT_INFO, format!("api-usage={used}/{}", org.allowed_requests()))
        }
        _ => reply,
    }
}

/// Whether the answer says how many API requests there were: not above the versions, nor where nobody is known to call.
fn counts(call: &Call, status: u16) -> bool {
    status != 401 && pattern::below_version(&call.path).is_some()
}

/// The refusal of an org whose API requests are used up; `None` for requests that don't count.
pub(super) fn out_of_limit(server: &Server, call: &Call, org: Id) -> Option<Reply> {
    let row = catalogue::row("limits-001")?;
    let error = ApiError::new(ErrorCode::RequestLimitExceeded, row.message.as_str()).with_status(row.status);
    if call.path.starts_with("/services/Soap/") {
        // A login does not count.
        about::soap_session(&call.body)?;
        let forced = Forced { status: 500, form: Form::Soap, detail: "UnexpectedErrorFault", told: (&error).into() };
        return Some(forced::render(&forced, &Setting::default()));
    }
    if !call.path.starts_with("/services/apexrest/") && pattern::below_version(&call.path).is_none() {
        return None;
    }
    let format = format_of(call);
    let reply = Reply::from(error::render(&[error], format, call.pretty()));
    let Ok(Some(org)) = server.engine.org(org) else { return Some(reply) };
    let allowed = org.allowed_requests();
    Some(reply.with(LIMIT_INFO, format!("api-usage={allowed}/{allowed}")))
}

/// A row of the catalogue as an answer to a request that says nothing.
pub fn example(row: &'static Row, format: Format) -> Reply {
    let told = Told { row: Some(row), status: row.status, form: row.form };
    filled(&Spec::default(), &told, None, &Setting { format, bulk_json: false, ..Setting::default() })
}

/// A template as it stands in an answer to a request that says nothing.
pub(crate) fn by_example(template: &str) -> String {
    catalogue::fill(template, |name| (name == "context").then(|| context(&Spec::default(), None)))
}

fn filled(spec: &Spec, told: &Told, call: Option<&Call>, setting: &Setting) -> Reply {
    let value = |name: &str| {
        let given = spec.values.get(name).cloned();
        given.or_else(|| if name == "context" { Some(context(spec, call)) } else { said(call?, name) })
    };
    let row = told.row;
    let newer = call.and_then(version_of).is_none_or(compat::has_newer_parser);
    let template = row.map(|row| row.message_61.as_deref().filter(|_| newer).unwrap_or(&row.message));
    let message = spec.message.clone().or_else(|| Some(catalogue::fill(template?, value))).unwrap_or_default();
    let of_row = || row?.fields.as_ref().map(|names| names.iter().map(|name| catalogue::fill(name, value)).collect());
    let fields: Option<Vec<String>> = spec.fields.clone().or_else(of_row);
    let detail = row.map_or("", |row| row.detail);
    // Told in another form than its own, the error needs that form's usual detail.
    let own_form = row.is_some_and(|row| row.form == told.form);
    let detail = match told.form {
        Form::Soap if !own_form => "UnexpectedErrorFault",
        Form::SoapRow if !own_form => "createResponse",
        Form::MetadataRow if !own_form => "createMetadataResponse",
        _ => detail,
    };
    let told_error = error::Told {
        code: spec.code.as_deref().unwrap_or_else(|| row.map_or("", |row| row.code)),
        message: &message,
        fields: fields.as_deref(),
        order: row.map_or(KeyOrder::MessageFirst, |row| row.order),
        duplicates: None,
    };
    forced::render(&Forced { status: told.status, form: told.form, detail, told: told_error }, setting)
}

/// The version in the path.
fn version_of(call: &Call) -> Option<ApiVersion> {
    let segment = call.path.strip_prefix("/services/data/")?.split('/').next()?;
    match ApiVersion::parse_segment(segment) {
        VersionSegment::Served(version) => Some(version),
        _ => None,
    }
}

/// What the request itself says in the place of a placeholder.
fn said(call: &Call, name: &str) -> Option<String> {
    match name {
        "Object" => about::object_of(&call.path, about::soql_of(call)),
        "id" => about::id_of(&call.path).map(str::to_owned),
        "id15" => about::id_of(&call.path).and_then(|id| id.get(..15)).map(str::to_owned),
        "method" => Some(call.method.to_string()),
        "path" => Some(call.path.clone()),
        "version" => version_of(call).map(|version| version.to_string()),
        "accept" => call.header(header::ACCEPT).map(str::to_owned),
        // The first thing that a query selects.
        "field" => first_selected(about::soql_of(call)?).map(|(_, word)| word.to_owned()),
        _ => None,
    }
}

/// The word behind SELECT, and where it stands.
fn first_selected(soql: &str) -> Option<(usize, &str)> {
    let at = soql.get(..7).filter(|word| word.eq_ignore_ascii_case("select "))?.len();
    let rest = soql.get(at..)?;
    let start = at + rest.len() - rest.trim_start().len();
    let word = soql.get(start..)?.split(|c: char| !(c.is_alphanumeric() || "_.".contains(c))).next()?;
    (!word.is_empty()).then_some((start, word))
}

/// The piece of the query with a caret below what the rule names, or else below the first thing that is selected.
fn context(spec: &Spec, call: Option<&Call>) -> String {
    let soql = call.and_then(about::soql_of).unwrap_or(QUERY);
    let named = ["field", "Object", "value"].iter().find_map(|name| soql.find(spec.values.get(*name)?.as_str()));
    let at = named.or_else(|| first_selected(soql).map(|(at, _)| at)).unwrap_or(0);
    error_context(soql, at)
}

fn format_of(call: &Call) -> Format {
    let (_, suffix) = Format::split_suffix(&call.path, version_of(call));
    Format::negotiate(call.header(header::ACCEPT), suffix).unwrap_or_default()
}

fn setting(server: &Server, call: &Call) -> Setting {
    let format = format_of(call);
    let json_body = call.media_type().is_some_and(|kind| kind.ends_with("/json"));
    let form = |name: &str| {
        let of_body = || form_urlencoded::parse(&call.body).take(200).find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        call.param(name).map(str::to_owned).or_else(of_body)
    };
    let is_oauth = call.path.starts_with("/services/oauth2/");
    let oauth = match (is_oauth.then(|| form("format")).flatten().as_deref(), format) {
        (Some("urlencoded"), _) => OAuthFormat::UrlEncoded,
        (Some("xml"), _) | (None, Format::Xml) => OAuthFormat::Xml,
        _ => OAuthFormat::Json,
    };
    let mut redirect =
        is_oauth.then(|| form("redirect_uri")).flatten().unwrap_or_else(|| format!("{}/services/oauth2/success", call.origin));
    if let Some(state) = is_oauth.then(|| form("state")).flatten() {
        let sign = if redirect.contains('?') { '&' } else { '?' };
        redirect = format!("{redirect}{sign}state={}", form_urlencoded::byte_serialize(state.as_bytes()).collect::<String>());
    }
    let usual = Setting::default();
    let job = call.path.split('/').find(|segment| segment.starts_with("750") && Id::parse(segment).is_ok());
    Setting {
        format,
        pretty: call.pretty(),
        oauth,
        bulk_json: json_body || call.header(header::ACCEPT).is_some_and(|accept| accept.contains("json")),
        redirect,
        object: about::object_of(&call.path, about::soql_of(call)).unwrap_or(usual.object),
        job: job.map_or(usual.job, str::to_owned),
        now: server.engine.now().to_canonical(),
        parts: Some(parts(call)).filter(|parts| !parts.is_empty()).unwrap_or(usual.parts),
    }
}

/// The reference ids of the parts that a request is made of; numbers where its parts have none.
fn parts(call: &Call) -> Vec<String> {
    if call.body.len() > LOOKED_AT || call.body.is_empty() || !call.path.contains("/composite") {
        return Vec::new();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else { return Vec::new() };
    let graph = |body: &Value| body["graphs"][0]["compositeRequest"].as_array().cloned();
    let list = ["compositeRequest", "batchRequests", "records"].iter().find_map(|name| body[*name].as_array().cloned());
    let numbered = |(at, part): (usize, &Value)| {
        let named = [&part["referenceId"], &part["attributes"]["referenceId"]];
        named.iter().find_map(|name| name.as_str()).map_or_else(|| (at + 1).to_string(), str::to_owned)
    };
    list.or_else(|| graph(&body)).unwrap_or_default().iter().take(MOST_PARTS).enumerate().map(numbered).collect()
}
