//! The one entry: a request finds its protocol.

use crate::admin::{self, AdminAccess};
use crate::codec::Format;
use crate::cors;
use crate::faults::{Faults, Harm};
use crate::journal::{Happened, Journals};
use crate::metrics::{Metrics, Place};
use crate::request::{Call, Peer};
use crate::{Reply, error, oauth, rest, soap};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use orglet_base::{ApiError, ErrorCode, Id, Origins};
use orglet_engine::{Failure, OrgFacts, OrgOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The protocols over an engine.
pub struct Server {
    pub(crate) engine: Arc<orglet_engine::Server>,
    pub(crate) admin: Option<AdminAccess>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) faults: Faults,
    pub(crate) journals: Option<Journals>,
    origins: Vec<Origins>,
    failures: AtomicU64,
}

impl Server {
    /// Over an engine that is open.
    pub fn new(engine: Arc<orglet_engine::Server>) -> Self {
        let (metrics, faults) = (Arc::default(), Faults::default());
        Self { engine, admin: None, metrics, faults, journals: None, origins: Vec::new(), failures: AtomicU64::new(1) }
    }

    /// With a journal of so many entries for each org, 0 for none; `bodies` keeps bodies from the start.
    pub fn with_journal(self, entries: usize, bodies: bool) -> Self {
        Self { journals: Journals::new(entries, bodies), ..self }
    }

    /// With the admin API.
    pub fn with_admin(self, access: AdminAccess) -> Self {
        Self { admin: Some(access), ..self }
    }

    /// With origins whose scripts may read answers.
    pub fn with_origins(self, origins: Vec<Origins>) -> Self {
        Self { origins, ..self }
    }

    /// Over a new engine in memory.
    pub fn in_memory(options: OrgOptions) -> Result<Self, Failure> {
        Ok(Self::new(Arc::new(orglet_engine::Server::open(OrgOptions { data: None, ..options })?)))
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<orglet_engine::Server> {
        &self.engine
    }

    /// What a client needs to know.
    pub fn facts(&self) -> Result<OrgFacts, Failure> {
        self.engine.facts()
    }

    /// Whether the answer needs no more than a point read, so that it may be made where the request arrived.
    pub fn is_quick(&self, method: &Method, path: &str) -> bool {
        method == Method::GET && rest::is_row_path(path)
    }

    /// Whether a request saves one record, so that its commit may be shared; `None` if not. Equal numbers go to the same
    /// org.
    pub fn saves(&self, request: &Parts) -> Option<u64> {
        let writes = matches!(request.method, Method::POST | Method::PATCH | Method::DELETE);
        if !(writes && rest::is_record_path(request.uri.path())) {
            return None;
        }
        // A session's token begins with its org.
        let token = request.headers.get(header::AUTHORIZATION).map_or(&[][..], |v| v.as_bytes());
        let org = token.split(|b| *b == b'!').next().unwrap_or(token);
        let mut hasher = DefaultHasher::new();
        org.rsplit(|b| *b == b' ').next().hash(&mut hasher);
        Some(hasher.finish())
    }

    /// Whether scripts of an origin may read answers of an org; where none is known, of any.
    fn allows_origin(&self, org: Option<Id>, origin: &str) -> bool {
        self.origins.iter().any(|pattern| pattern.takes(origin))
            || self.engine.allows_origin(org, origin).unwrap_or_else(|error| {
                tracing::warn!(%error, "the lists of allowed origins could not be read");
                false
            })
    }

    /// Answers a request.
    pub fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes> {
        self.handle_from(request, peer, None)
    }

    /// Answers a request from an address. A rule of the org may have put a [`Harm`] on the answer.
    pub fn handle_from(&self, request: Request<Bytes>, peer: Peer, address: Option<IpAddr>) -> Response<Bytes> {
        let began = Instant::now();
        let mut call = Call::new(request, peer);
        let head = call.method == Method::HEAD;
        if head {
            call.method = Method::GET;
        }
        let for_us = admin::is_ours(&call.path);
        let allows = |org, origin: &str| self.allows_origin(org, origin);
        let preflight = cors::preflight(&allows, &call);
        let struck = if for_us || preflight.is_some() { None } else { self.faults.strikes(self, &call) };
        let share = |reply| cors::share(&allows, !self.origins.is_empty(), &call, reply);
        let (mut reply, harm) = match (preflight, &struck) {
            (Some(reply), _) => (reply, None),
            (None, None) => (share(self.answer(&call, head)), None),
            (None, Some(struck)) => {
                let (reply, harm) = struck.answer(self, &call, || self.answer(&call, head));
                (share(reply), Some(harm).filter(|harm| *harm != Harm::default()))
            }
        };
        if head {
            reply.body.clear();
        }
        let took = began.elapsed();
        self.metrics.count(call.place.get(), reply.status, took);
        if let Some(journals) = &self.journals
            && !for_us
        {
            let method = if head { Method::HEAD } else { call.method.clone() };
            let fault = struck.map(|struck| struck.rule.id);
            journals.note(self, call, &reply, Happened { method, took, address, fault });
        }
        let mut response = reply.into_response();
        if let Some(harm) = harm {
            response.extensions_mut().insert(harm);
        }
        response
    }

    /// Takes away what of an org is kept beside its database: rules and journal.
    pub(crate) fn forget(&self, org: Id) {
        self.faults.clear(org);
        if let Some(journals) = &self.journals {
            journals.forget(org);
        }
    }

    /// The same for an org that goes on.
    pub(crate) fn begin_anew(&self, org: Id) {
        self.faults.clear(org);
        if let Some(journals) = &self.journals {
            journals.clear(org);
        }
    }

    fn answer(&self, call: &Call, head: bool) -> Reply {
        let path = call.path.as_str();
        if admin::is_ours(path)
            && let Some(reply) = admin::answer(self, call)
        {
            return reply;
        }
        if rest::is_below_root(path) {
            call.place.set(Place::RestOther);
            rest::answer(self, call, head)
        } else if path.starts_with("/services/oauth2/") || path.starts_with("/id/") || path.starts_with("/.well-known/") {
            call.place.set(Place::OAuth);
            oauth::answer(self, call)
        } else if path.starts_with("/services/apexrest/") {
            rest::apex::answer(self, call, head)
        } else if path.starts_with("/services/Soap/") {
            call.place.set(Place::Soap);
            soap::answer(self, call)
        } else {
            let format = Format::from_accept(call.header(header::ACCEPT)).unwrap_or(Format::Json);
            error::render(&[ApiError::not_found()], format, call.pretty()).into()
        }
    }

    /// A failure of the engine as an answer; one of the store is told to the log, with the number that the client sees
    /// (routing-027).
    pub(crate) fn failed(&self, failure: Failure, format: Format, pretty: bool, rows: &str) -> Reply {
        match failure {
            Failure::Api(_) | Failure::Errors(_) => error::render(failure.errors(), format, pretty).into(),
            Failure::Condition(status) => Reply::empty(status),
            Failure::Definition(e) => error::render(&[(*e).into()], format, pretty).into(),
            Failure::Choices(object, ids) => {
                let urls: Vec<String> = ids.iter().map(|id| format!("{rows}/sobjects/{object}/{id}")).collect();
                error::choices(&urls, format, pretty).into()
            }
            Failure::Batch(_) | Failure::Store(_) => error::render(&[self.internal(&failure)], format, pretty).into(),
        }
    }

    /// The error that a client sees for a failure of ours; the log gets the cause under the same number. While the database
    /// can't be reached nothing was changed: the answer is the one that tells clients to come back (routing-029).
    pub(crate) fn internal(&self, failure: &Failure) -> ApiError {
        let n = self.failures.fetch_add(1, Ordering::Relaxed);
        let shown = format!("{n}-{} ({})", n.wrapping_mul(7919) % 100_000, -(n as i64));
        tracing::error!(error_id = shown, %failure, "internal failure");
        if failure.is_unavailable() {
            return ApiError::new(ErrorCode::ServerUnavailable, "Server Unavailable");
        }
        // Not a 503, which clients take for leave to send the same once more.
        let text = if failure.is_unknown() {
            format!(
                "The connection to the database was lost while changes were being saved: it is unknown whether they were. Look before you \
                 send them again. Please include this ErrorId if you contact support: {shown}"
            )
        } else {
            format!("An unexpected error occurred. Please include this ErrorId if you contact support: {shown}")
        };
        ApiError::new(ErrorCode::UnknownException, text)
    }
}
