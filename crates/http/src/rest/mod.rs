//! The REST API below `/services/data`. One pipeline of checks, in this order: version, session, accounting, resource,
//! method, media type, body, object, record.

mod actions;
pub(crate) mod apex;
mod appearance;
mod blobs;
mod conditional;
mod consent;
mod deploy;
mod describe;
mod discovery;
mod events;
mod explain;
mod flows;
mod http_date;
mod layouts;
mod limits;
mod lists;
mod passwords;
mod process;
mod query;
mod quick;
mod recent;
mod records;
mod relations;
mod replication;
mod rows;
mod search;
mod sites;
mod tooling;
mod typed;
mod ui;
mod uploads;
mod write;

use write::decode_record;

use crate::codec::{Doc, Format, Node, XmlOrder, json, xml};
use crate::describe::Viewer;
use crate::metrics::Place;
use crate::request::{Token, decode};
use crate::router::{self, Resource};
use crate::{Call, Reply, Server, compat, error};
use http::Method;
use http::header::{self, HeaderName};
use orglet_base::version::VersionSegment;
use orglet_base::{ApiError, ApiVersion, ErrorCode};
use orglet_engine::{Admission, Failure, Identity, Setting};
use orglet_schema::{Catalog, Object};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

const ROOT: &str = "/services/data";
/// Moves of its org that a request follows.
const MOST_MOVES: usize = 16;
const LIMIT_INFO: HeaderName = HeaderName::from_static("sforce-limit-info");
const OAUTH_ERROR: HeaderName = HeaderName::from_static("sfdc-oauth-error");
/// The number of a login that fails as its token is none ("LoginHistory" of the vendor's reference lists the texts).
const BAD_TOKEN: &str = "1703";

/// A request to a resource of a version, with a session.
pub(crate) struct Rest<'a> {
    pub(crate) server: &'a Server,
    pub(crate) call: &'a Call,
    pub(crate) identity: Identity,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) version: ApiVersion,
    pub(crate) format: Format,
    pub(crate) pretty: bool,
    /// The method was HEAD.
    pub(crate) head: bool,
    /// `/services/data/vNN.0`.
    pub(crate) base: String,
    /// Why no format fits what the client accepts: only bytes can be answered.
    unacceptable: Option<ApiError>,
    /// The record in the body came as XML.
    sent_xml: Cell<bool>,
}

/// Whether a path is that of one row, for which a point read is enough.
pub(crate) fn is_row_path(path: &str) -> bool {
    let mut parts = path.trim_end_matches('/').as_bytes().split(|b| *b == b'/').skip(4);
    parts.next() == Some(b"sobjects")
        && parts.next().is_some_and(|object| object.len() < 80)
        && parts.next().is_some_and(|id| matches!(id.len(), 15 | 18))
        && parts.next().is_none()
}

/// Whether a path has the shape of `/services/data/vN/sobjects/X` with at most an id or an external ID behind it. That of
/// a password has too, but is none: what takes time there is the hash.
pub(crate) fn is_record_path(path: &str) -> bool {
    if passwords::is_path(path) {
        return false;
    }
    let mut parts = path.trim_end_matches('/').split('/');
    parts.nth(2) == Some("data") && parts.nth(1) == Some("sobjects") && (1..=3).contains(&parts.count())
}

/// Whether a path is one of this API.
pub(crate) fn is_below_root(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|below| below.is_empty() || below.starts_with('/') || below.starts_with('.'))
}

/// The refusal of a request for data that went to a host for logging in (auth-014).
fn url_not_reset() -> ApiError {
    ApiError::routing(ErrorCode::UrlNotReset, "Destination URL not reset. The URL returned from login must be set")
}

/// Answers a request below `/services/data`.
pub(crate) fn answer(server: &Server, call: &Call, head: bool) -> Reply {
    let accept = call.header(header::ACCEPT);
    // Errors before the format is settled take what Accept seems to want.
    let tentative = Format::from_accept(accept).unwrap_or(Format::Json);
    let pretty = call.pretty();
    let refuse = |e: ApiError, format: Format| -> Reply { error::render(&[e], format, pretty).into() };
    let below = call.path.strip_prefix(ROOT).unwrap_or("");
    let (bare, suffix) = Format::split_suffix(below, None);
    if bare.trim_matches('/').is_empty() {
        return match Format::negotiate(accept, suffix) {
            Ok(format) => discovery::versions(call, format, pretty),
            Err(e) => refuse(e, tentative),
        };
    }
    let mut segments = below.trim_start_matches('/').splitn(2, '/');
    let version_segment = segments.next().unwrap_or("");
    let rest = segments.next().unwrap_or("");
    let version = match ApiVersion::parse_segment(version_segment) {
        VersionSegment::Served(version) => version,
        VersionSegment::Retired(_) => return refuse(retired(), tentative),
        VersionSegment::Unknown => return refuse(ApiError::not_found(), tentative),
    };
    let identity = match authenticate(server, call) {
        Ok(identity) => identity,
        Err(Failure::Api(e)) if e.code() == ErrorCode::InvalidSessionId && shows_oauth_fault(call) => {
            return Reply::from(error::oauth_fault("LOGIN_OAUTH_INVALID_TOKEN", BAD_TOKEN, "Failed: Invalid Token"))
                .with(header::WWW_AUTHENTICATE, "Token")
                .with(OAUTH_ERROR, BAD_TOKEN);
        }
        Err(Failure::Api(e)) => return refuse(e, tentative).with(header::WWW_AUTHENTICATE, "Token"),
        Err(other) => return server.failed(other, tentative, pretty, ROOT),
    };
    if call.at_login_host() {
        return refuse(url_not_reset(), tentative);
    }
    if identity.org.settings.is_on(Setting::ApiDisabled) {
        return refuse(api_disabled(), tentative);
    }
    let Admission { used, allowed, refusal, place: _while_it_runs } = identity.org.admit();
    let limit_info = ["api-usage=", &used.to_string(), "/", &allowed.to_string()].concat();
    if let Some(refusal) = refusal {
        return refuse(refusal, tentative).with(LIMIT_INFO, limit_info);
    }
    let (rest, suffix) = Format::split_suffix(rest, Some(version));
    let (format, unacceptable) = match Format::negotiate(accept, suffix) {
        Ok(format) => (format, None),
        Err(e) => (tentative, Some(e)),
    };
    let warning = compat::deprecation(version, identity.org.now());
    let catalog = identity.org.catalog();
    let base = [ROOT, "/v", &version.to_string()].concat();
    let cx = Rest { server, call, identity, catalog, version, format, pretty, head, base, unacceptable, sent_xml: Cell::new(false) };
    let reply = cx.route(rest).with(LIMIT_INFO, limit_info);
    match warning {
        Some(warning) => reply.with(header::WARNING, warning),
        None => reply,
    }
}

/// The refusal of an org whose edition has no API (auth-011).
fn api_disabled() -> ApiError {
    ApiError::new(ErrorCode::ApiDisabledForOrg, "The REST API is not enabled for this Organization.")
}

/// 410 for a retired version. Its code is known from a client that met it (restforce issue 941); the vendor's words are not.
fn retired() -> ApiError {
    ApiError::routing(ErrorCode::Gone, "The requested resource is no longer available")
}

/// Whether the platform's OAuth filter answers before the REST API does: to writes with a token of the scheme `OAuth` whose
/// body says that it is something else than JSON (auth-015).
fn shows_oauth_fault(call: &Call) -> bool {
    let scheme = call.header(header::AUTHORIZATION).and_then(|value| value.split(' ').next());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("OAuth"))
        && matches!(call.method, Method::POST | Method::PATCH)
        && call.media_type().is_some_and(|media| !media.ends_with("/json"))
}

fn authenticate(server: &Server, call: &Call) -> Result<Identity, Failure> {
    let unknown = || ApiError::new(ErrorCode::InvalidSessionId, "Session expired or invalid");
    match call.token() {
        Token::Unreadable => Err(ApiError::new(ErrorCode::InvalidAuthHeader, "INVALID_HEADER_TYPE").into()),
        Token::None => Err(unknown().into()),
        // Three parts joined by dots, the first an encoded object: a token of the JWT format, none of which is issued here.
        Token::Given(token) if token.starts_with("eyJ") && !token.contains('!') => {
            Err(ApiError::new(ErrorCode::InvalidAuthHeader, "INVALID_JWT_FORMAT").into())
        }
        Token::Given(token) => {
            let identity = server.engine.authenticate_for(token, passwords::is_path(&call.path))?.ok_or_else(unknown)?;
            call.by(&identity);
            Ok(identity)
        }
    }
}

impl Viewer for Rest<'_> {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn origin(&self) -> &str {
        &self.call.origin
    }

    fn rows_path(&self, object: &Object) -> String {
        self.rows_of(object)
    }
}

impl Rest<'_> {
    fn route(&self, path: &str) -> Reply {
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let found = router::find(&segments);
        // Bytes are answered to who accepts neither format; whether these are asked for is known further on.
        let bytes = |resource| {
            matches!(resource, Resource::RowByKey | Resource::Relationship | Resource::ToolingBlob) && self.call.method == http::Method::GET
        };
        if !found.as_ref().is_some_and(|(route, _)| bytes(route.resource))
            && let Err(e) = self.acceptable()
        {
            return self.refuse(e);
        }
        let Some((route, params)) = found else { return self.refuse(ApiError::not_found()) };
        self.call.place.set(Place::Rest(route.resource));
        let method = if self.head { "HEAD" } else { self.call.method.as_str() };
        if !route.takes(method) {
            let text = format!("HTTP Method '{method}' not allowed. Allowed are {}", route.allowed());
            return self.refuse(ApiError::routing(ErrorCode::MethodNotAllowed, text)).with(header::ALLOW, route.allowed());
        }
        if let Err(e) = self.media_type(route.resource) {
            return self.refuse(e);
        }
        let params: Vec<Cow<'_, str>> = params.into_iter().map(decode).collect();
        let params: Vec<&str> = params.iter().map(AsRef::as_ref).collect();
        let mut done = match self.dispatch(route.resource, &params) {
            // Metadata changed between the look at the catalog and the read; writes see to that themselves.
            Err(failure) if failure.is_stale() && self.call.method == http::Method::GET => self.renewed().dispatch(route.resource, &params),
            done => done,
        };
        // The org is in another database now, and nothing was changed in the one that it left. Where moves follow each
        // other, it may be gone again.
        for _ in 0..MOST_MOVES {
            if !done.as_ref().is_err_and(Failure::is_moved) {
                break;
            }
            done = self.moved().and_then(|moved| moved.dispatch(route.resource, &params));
        }
        match done {
            Ok(reply) => reply,
            Err(failure) => self.server.failed(failure, self.format, self.pretty, &self.base),
        }
    }

    /// The same request over the catalog of now.
    pub(crate) fn renewed(&self) -> Self {
        self.on(self.identity.clone())
    }

    /// The same request over the org where it is now.
    fn moved(&self) -> Result<Self, Failure> {
        Ok(self.on(authenticate(self.server, self.call)?))
    }

    fn on(&self, identity: Identity) -> Self {
        Self {
            server: self.server,
            call: self.call,
            catalog: identity.org.catalog(),
            identity,
            version: self.version,
            format: self.format,
            pretty: self.pretty,
            head: self.head,
            base: self.base.clone(),
            unacceptable: self.unacceptable.clone(),
            sent_xml: Cell::new(false),
        }
    }

    /// 406 for an answer in a format (routing-015).
    fn acceptable(&self) -> Result<(), ApiError> {
        self.unacceptable.clone().map_or(Ok(()), Err)
    }

    fn dispatch(&self, resource: Resource, params: &[&str]) -> Result<Reply, Failure> {
        match (resource, params) {
            (Resource::Resources, _) => Ok(discovery::resources(self)),
            (Resource::Limits, _) => limits::limits(self),
            (Resource::RecordCount, _) if compat::has_record_count(self.version) => limits::record_count(self),
            (Resource::DescribeGlobal, _) => Ok(describe::global(self)),
            (Resource::BasicInformation, [object]) => self.basic(object),
            (Resource::Describe, [object]) => describe::describe(self, &*self.object(object)?),
            (Resource::Layouts, [object]) => layouts::all(self, object),
            (Resource::Layouts, [object, record_type]) => layouts::one(self, object, record_type),
            (Resource::NamedLayouts, [object, name]) => layouts::named(self, object, name),
            (Resource::GlobalLayouts, _) => Ok(layouts::global(self)),
            (Resource::CompactLayouts, [object]) => layouts::compact(self, object),
            (Resource::CompactLayouts, [object, record_type]) => layouts::compact_of(self, object, record_type),
            (Resource::PrimaryCompactLayouts, _) => layouts::primary(self),
            (Resource::ApprovalLayouts, [object, ..]) => layouts::approvals(self, object, params.get(1).copied()),
            (Resource::ListViews, [object]) => lists::all(self, object),
            (Resource::ListView, [object, id]) => lists::one(self, object, id),
            (Resource::ListViewDescribe, [object, id]) => lists::describe(self, object, id),
            (Resource::ListViewResults, [object, id]) => lists::results(self, object, id),
            (Resource::Deleted, [object]) => replication::deleted(self, &self.object(object)?),
            (Resource::Updated, [object]) => replication::updated(self, &self.object(object)?),
            (Resource::CreateAtId, [object]) if compat::creates_at_id(self.version) => rows::create_at_id(self, &self.object(object)?),
            (Resource::Row, [object, id]) => rows::row(self, &self.object(object)?, id),
            (Resource::RowByKey, [object, field, value]) => rows::row_by_key(self, &self.object(object)?, field, value),
            (Resource::Relationship, [object, id, path @ ..]) => relations::traverse(self, &self.object(object)?, id, path),
            (Resource::Query, _) => query::query(self, false),
            (Resource::QueryAll, _) => query::query(self, true),
            (Resource::QueryMore, [locator]) => query::more(self, locator, false),
            (Resource::UserPassword, [id]) => passwords::password(self, &self.object("User")?, id),
            (Resource::SelfServiceUserPassword, [id]) => passwords::password(self, &self.object("SelfServiceUser")?, id),
            (Resource::RichTextImage, [object, id, field, _]) => blobs::rich_text_image(self, &self.object(object)?, id, field),
            (Resource::Search, _) => search::search(self),
            (Resource::SearchLayouts, _) => search::layouts(self),
            (Resource::SearchScope, _) => Ok(search::scope_and_order(self)),
            (Resource::Suggestions, _) if compat::has_suggestions(self.version) => search::suggestions(self),
            (Resource::ParameterizedSearch, _) if compat::has_parameterized_search(self.version) => {
                if self.call.method == http::Method::POST { search::by_body(self) } else { search::by_query(self) }
            }
            (Resource::ToolingResources, _) => Ok(tooling::resources(self)),
            (Resource::ToolingQuery, _) => tooling::run(self),
            (Resource::ToolingQueryMore, [locator]) => query::more(self, locator, true),
            (
                resource @ (Resource::ToolingSearch
                | Resource::ToolingExecuteAnonymous
                | Resource::ToolingCompletions
                | Resource::ToolingApexManifest
                | Resource::ToolingRunTests
                | Resource::ToolingTests),
                _,
            ) => tooling::apex(self, resource),
            (Resource::ToolingDescribeGlobal, _) => Ok(tooling::global(self)),
            (Resource::ToolingBasicInformation, [object]) => tooling::object(self, object),
            (Resource::ToolingDescribe, [object]) => tooling::describe(self, object),
            (Resource::ToolingRow, [object, id]) => tooling::row(self, object, id),
            (Resource::ToolingBlob, [object, id, field]) => tooling::blob(self, object, id, field),
            (Resource::DeployRequests, _) => deploy::begin(self),
            (Resource::DeployRequest, [id]) => deploy::one(self, id),
            (Resource::Tabs, _) => Ok(appearance::tabs(self)),
            (Resource::Theme, _) => Ok(appearance::theme(self)),
            (Resource::AppMenus, _) => Ok(appearance::menus(self)),
            (Resource::AppMenu, [menu]) => appearance::menu(self, menu),
            (Resource::Consent, [action]) if compat::has_consent(self.version) => consent::one(self, action),
            (Resource::Consents, _) if compat::has_consents(self.version) => consent::several(self),
            (Resource::EventSeries, [id]) => Err(rows::series(self, id)),
            (Resource::RecentlyViewed, _) => recent::items(self),
            (Resource::RelevantItems, _) if compat::has_relevant_items(self.version) => recent::relevant(self),
            (Resource::QuickActions, _) => quick::list(self, None),
            (Resource::QuickAction, [name]) => quick::one(self, None, name),
            (Resource::QuickActionDescribe, [name]) => quick::described(self, None, name),
            (Resource::QuickActionDefaults, [name, rest @ ..]) => quick::default_values(self, None, name, rest.first().copied()),
            (Resource::ObjectQuickActions, [object]) => quick::list(self, Some(object)),
            (Resource::ObjectQuickAction, [object, name]) => quick::one(self, Some(object), name),
            (Resource::ObjectQuickActionDescribe, [object, name]) => quick::described(self, Some(object), name),
            (Resource::ObjectQuickActionDefaults, [object, name, rest @ ..]) => {
                quick::default_values(self, Some(object), name, rest.first().copied())
            }
            (resource @ (Resource::UiObjectInfo | Resource::UiPicklists | Resource::UiPicklist | Resource::UiRecord), params)
                if compat::has_ui_api(self.version) =>
            {
                ui::answer(self, resource, params)
            }
            (resource @ (Resource::Sites | Resource::Site | Resource::SiteTemplates | Resource::SitePublication), params) => {
                sites::answer(self, resource, params)
            }
            (Resource::Process, _) => Ok(process::root(self)),
            (Resource::ProcessRules, rest) => process::rules(self, rest.first().copied()),
            (Resource::ProcessRule, [object, _]) => process::rule(self, object),
            (Resource::ProcessApprovals, _) => process::approvals(self),
            (Resource::EventSchema, [object]) if compat::has_event_schemas(self.version) => events::schema_of(self, object),
            (Resource::EventSchemaById, [id]) if compat::has_event_schemas(self.version) => events::schema(self, id),
            (Resource::ChannelPush, _) => events::push(self),
            (resource, params) if compat::has_invocable_actions(self.version) => self.action(resource, params),
            _ => Err(ApiError::not_found().into()),
        }
    }

    /// Invocable actions.
    fn action(&self, resource: Resource, params: &[&str]) -> Result<Reply, Failure> {
        match (resource, params) {
            (Resource::Actions, _) => Ok(actions::root(self)),
            (Resource::StandardActions, _) => Ok(actions::standard(self)),
            (Resource::StandardAction, [name]) => actions::standard_action(self, name),
            (Resource::CustomActions, _) => Ok(actions::custom(self)),
            (Resource::CustomActionKind, [kind]) => actions::custom_kind(self, kind),
            (Resource::CustomAction, [kind, name]) => actions::custom_action(self, kind, name),
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn basic(&self, object: &str) -> Result<Reply, Failure> {
        let object = self.object(object)?;
        if self.call.method == http::Method::POST { rows::create(self, &object) } else { Ok(describe::basic(self, &object)?) }
    }

    /// An object that the user sees, by its name in any case.
    pub(crate) fn object(&self, name: &str) -> Result<Arc<Object>, ApiError> {
        self.catalog.object(name).filter(|o| self.identity.access.sees_object(o)).cloned().ok_or_else(ApiError::not_found)
    }

    pub(crate) fn refuse(&self, e: ApiError) -> Reply {
        error::render(&[e], self.format, self.pretty).into()
    }

    /// An answer of a tree.
    pub(crate) fn doc(&self, status: u16, doc: &Doc, root: &str, order: XmlOrder) -> Reply {
        Reply::doc(status, doc, self.format, self.pretty, root, order)
    }

    /// 415 for a body in a format that a resource does not read (routing-014).
    fn media_type(&self, resource: Resource) -> Result<(), ApiError> {
        if self.call.body.is_empty() || !matches!(self.call.method.as_str(), "POST" | "PATCH" | "PUT") {
            return Ok(());
        }
        match self.call.media_type().as_deref() {
            None | Some("application/json" | "application/xml" | "text/xml" | "text/json") => Ok(()),
            Some(uploads::MULTIPART) if uploads::are_taken(resource) => Ok(()),
            Some(_) => {
                let shown = self.call.header(header::CONTENT_TYPE).unwrap_or_default();
                Err(ApiError::routing(ErrorCode::UnsupportedMediaType, format!("MediaType of '{shown}' is not supported by this resource")))
            }
        }
    }

    /// The body, as its media type says.
    pub(crate) fn body(&self) -> Result<Node<'_>, ApiError> {
        match self.call.media_type().as_deref() {
            Some("application/xml" | "text/xml") if !self.call.body.is_empty() => {
                self.sent_xml.set(true);
                Ok(xml::parse(&self.call.body)?.1)
            }
            _ => Ok(json::parse(&self.call.body)?.root),
        }
    }

    /// The path of an object's rows, with its final slash.
    pub(crate) fn rows_of(&self, object: &Object) -> String {
        [&self.base, "/sobjects/", &object.name, "/"].concat()
    }
}
