//! The one entry: a request finds its protocol.

use crate::admin::{self, AdminAccess};
use crate::codec::Format;
use crate::cors::{self, Origins};
use crate::metrics::{Metrics, Place};
use crate::request::{Call, Peer};
use crate::{Reply, error, oauth, rest, soap};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, OrgFacts, OrgOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The protocols over an engine.
pub struct Server {
    pub(crate) engine: Arc<orglet_engine::Server>,
    pub(crate) admin: Option<AdminAccess>,
    pub(crate) metrics: Arc<Metrics>,
    origins: Vec<Origins>,
    failures: AtomicU64,
}

impl Server {
    /// Over an engine that is open.
    pub fn new(engine: Arc<orglet_engine::Server>) -> Self {
        Self { engine, admin: None, metrics: Arc::default(), origins: Vec::new(), failures: AtomicU64::new(1) }
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
        let token = request.headers.get("authorization").map_or(&[][..], |v| v.as_bytes());
        let org = token.split(|b| *b == b'!').next().unwrap_or(token);
        let mut hasher = DefaultHasher::new();
        org.rsplit(|b| *b == b' ').next().hash(&mut hasher);
        Some(hasher.finish())
    }

    /// Answers a request.
    pub fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes> {
        let began = Instant::now();
        let mut call = Call::new(request, peer);
        let head = call.method == Method::HEAD;
        if head {
            call.method = Method::GET;
        }
        let mut reply = match cors::preflight(&self.origins, &call) {
            Some(reply) => reply,
            None => cors::share(&self.origins, &call, self.answer(&call, head)),
        };
        if head {
            reply.body.clear();
        }
        self.metrics.count(call.place.get(), reply.status, began.elapsed());
        reply.into_response()
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
            rest::apex(self, call)
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
