//! One request through the shell: id, head, health, body, application, compression, log.

use crate::app::{App, Peer};
use crate::fault;
use crate::harm::{self, Bare, Dropped};
use crate::lanes::Job;
use crate::listen::{Conn, Shell};
use crate::{body, connect, logs, target};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Either;
use hyper::body::Incoming;
use orglet_base::{ApiError, ErrorCode};
use orglet_http::codec::Format;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;
use tower::{ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{Compression, CompressionBody};
use tracing::Instrument;

/// Answers smaller than this fit in one packet anyway and stay as they are.
const COMPRESS_ABOVE: u64 = 1024;

/// How long a request may keep others from beginning: what takes longer than this waits for a disk or a lock, or is
/// big, and then the others get their turn beside it.
const TURN: Duration = Duration::from_millis(10);

/// A longer body takes too long to read for others to wait behind it in a lane.
const MOST_IN_LANE: usize = 64 * 1024;

/// An answer's body: compressed where the client asked, or bare.
pub(crate) type OutBody = Either<CompressionBody<Bare>, Bare>;

/// Answers one request. The error drops the connection, as a rule of the org wants it.
pub(crate) async fn respond(conn: Arc<Conn>, request: Request<Incoming>) -> Result<Response<OutBody>, Dropped> {
    let id = conn.shell.requests.fetch_add(1, Ordering::Relaxed);
    // At the highest level: whatever is logged while answering carries the id.
    let span = tracing::error_span!("request", id);
    answer_and_log(conn, request, id).instrument(span).await
}

async fn answer_and_log(conn: Arc<Conn>, request: Request<Incoming>, id: u64) -> Result<Response<OutBody>, Dropped> {
    let started = Instant::now();
    // The query string holds data, and at times tokens: it is never logged.
    let line = tracing::enabled!(target: "orglet::access", tracing::Level::DEBUG)
        .then(|| (request.method().clone(), request.uri().path().to_owned(), conn.peer));
    let mut response = if request.method() == Method::CONNECT {
        connect::open(&conn, request).map(|body| Either::Right(Bare::whole(body)))
    } else if request.headers().contains_key(ACCEPT_ENCODING) {
        compressed(conn, request, id).await.map(Either::Left)
    } else {
        bare(conn, request, id).await.map(Either::Right)
    };
    if let Some((method, path, peer)) = line {
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_secs_f64() * 1000.0);
        tracing::debug!(target: "orglet::access", %method, path, status, ms, peer = %peer.addr, scheme = ?peer.scheme);
    }
    harm::keep_back(&mut response).await?;
    Ok(response)
}

/// Which answers are worth compressing.
fn worthwhile() -> impl Predicate {
    SizeAbove::new(COMPRESS_ABOVE).and(harm::Unharmed).and(|_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        let kind = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
        let dense = |kinds: &[&str]| kinds.iter().any(|dense| kind.starts_with(dense.as_bytes()));
        !dense(&["image/", "application/octet-stream", "application/zip"]) || dense(&["image/svg+xml"])
    })
}

/// An answer to a client that takes no compressed ones. A cache must know that others might get another.
async fn bare(conn: Arc<Conn>, request: Request<Incoming>, id: u64) -> Response<Bare> {
    let mut response = Bare::of(answer(conn, request, id).await);
    if worthwhile().should_compress(&response) {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

async fn compressed(conn: Arc<Conn>, request: Request<Incoming>, id: u64) -> Response<CompressionBody<Bare>> {
    let inner = service_fn(move |request| {
        let conn = conn.clone();
        async move { Ok::<_, Infallible>(Bare::of(answer(conn, request, id).await)) }
    });
    let service = Compression::new(inner).quality(CompressionLevel::Fastest).compress_when(worthwhile());
    match service.oneshot(request).await {
        Ok(mut response) => {
            mark_etag(response.headers_mut());
            response
        }
        Err(never) => match never {},
    }
}

/// The tag of a compressed answer ends in `-gzip`, inside its quotes, as the platform's front end writes it.
fn mark_etag(headers: &mut HeaderMap) {
    if headers.get(CONTENT_ENCODING).is_none_or(|e| e != "gzip") {
        return;
    }
    let marked = headers.get(ETAG).and_then(|t| t.to_str().ok()).and_then(|t| t.strip_suffix('"')).map(|t| format!("{t}-gzip\""));
    if let Some(value) = marked.and_then(|t| HeaderValue::from_str(&t).ok()) {
        headers.insert(ETAG, value);
    }
}

async fn answer(conn: Arc<Conn>, request: Request<Incoming>, id: u64) -> Response<Bytes> {
    let (mut parts, body) = request.into_parts();
    if let Err(refusal) = target::admit(&mut parts, &conn) {
        tracing::debug!(?refusal, "request refused");
        return refusal.answer();
    }
    if let Some(health) = health(&conn.shell, &parts.method, parts.uri.path()) {
        return health;
    }
    let bytes = match body::read(&mut parts, body, &conn.shell.limits, &conn.shell.room).await {
        Ok(bytes) => bytes,
        Err(fault) => {
            tracing::debug!(?fault, "request body refused");
            return fault.answer(fault::form_of(&parts.headers), &conn.shell.limits);
        }
    };
    handle(&conn.shell, parts, bytes, conn.peer, id).await
}

/// The probes of supervisors: alive, and ready for requests.
fn health(shell: &Shell, method: &Method, path: &str) -> Option<Response<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return None;
    }
    match path {
        "/healthz" => Some(fault::text(StatusCode::OK, "ok\n")),
        "/readyz" if *shell.stopping.borrow() => Some(fault::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")),
        "/readyz" if !shell.app.ready() => Some(fault::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")),
        "/readyz" => Some(fault::text(StatusCode::OK, "ok\n")),
        _ => None,
    }
}

/// Lets the application answer: here, in a lane, or on a blocking thread. Its panic is this request's failure and no one else's.
async fn handle(shell: &Arc<Shell>, parts: Parts, body: Bytes, peer: Peer, id: u64) -> Response<Bytes> {
    let form = fault::form_of(&parts.headers);
    let way = || (shell.app.is_quick(&parts), shell.app.lane(&parts).filter(|_| body.len() <= MOST_IN_LANE));
    let (quick, lane) = match catch_unwind(AssertUnwindSafe(way)) {
        Ok(way) => way,
        Err(panic) => return unexpected(id, logs::panic_text(panic.as_ref()), form),
    };
    let request = Request::from_parts(parts, body);
    if quick {
        return guarded(&*shell.app, request, peer, id, form);
    }
    if let Some(lane) = lane {
        let job = Job { request, peer, id, form, span: tracing::Span::current() };
        return match shell.lanes.answer(lane, job).await {
            Some(response) => response,
            None => unexpected(id, "no lane", form),
        };
    }
    let (Ok(turn), Ok(place)) = (shell.turns.acquire().await, shell.blocking.clone().acquire_owned().await) else {
        return unexpected(id, "no blocking threads", form);
    };
    let (span, working) = (tracing::Span::current(), shell.clone());
    // The closure owns all it needs: a client that goes away doesn't stop a write that has begun, and shutdown waits.
    let mut work = tokio::task::spawn_blocking(move || {
        let response = span.in_scope(|| guarded(&*working.app, request, peer, id, form));
        drop(place);
        response
    });
    let done = match timeout(TURN, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            drop(turn);
            work.await
        }
    };
    done.unwrap_or_else(|error| unexpected(id, &error.to_string(), form))
}

/// The application's answer, or that to its panic.
pub(crate) fn guarded(app: &dyn App, request: Request<Bytes>, peer: Peer, id: u64, form: Format) -> Response<Bytes> {
    match catch_unwind(AssertUnwindSafe(|| app.handle(request, peer))) {
        Ok(response) => response,
        Err(panic) => unexpected(id, logs::panic_text(panic.as_ref()), form),
    }
}

/// The platform's answer to a fault of its own; the id in it is also in the log.
pub(crate) fn unexpected(id: u64, cause: &str, form: Format) -> Response<Bytes> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut hasher = DefaultHasher::new();
    cause.hash(&mut hasher);
    // Equal faults have an equal last part, so reports of them can be grouped.
    let error_id = format!("{seconds}-{id} ({})", hasher.finish() as i32);
    tracing::error!(request = id, error_id, cause, "a request failed unexpectedly");
    let message = format!("An unexpected error occurred. Please include this ErrorId if you contact support: {error_id}");
    fault::api(&ApiError::new(ErrorCode::UnknownException, message), StatusCode::INTERNAL_SERVER_ERROR, form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_compressed_answers_are_marked() {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"abc=\""));
        mark_etag(&mut headers);
        assert_eq!(headers[ETAG], "\"abc=\"");
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        mark_etag(&mut headers);
        assert_eq!(headers[ETAG], "\"abc=-gzip\"");
    }
}
