//! The application behind the shell, as the shell sees it.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;

pub use orglet_engine::OrgFacts;
pub use orglet_http::Scheme;
pub use orglet_store::StoreError;

/// Answers requests. The shell in front of it has already inflated and bounded the body, brought the target to origin
/// form (`/path?query`, with the authority in `Host`), and will compress the answer.
pub trait App: Send + Sync + 'static {
    /// Answers one request. Runs on a blocking thread, or on the connection's own where [`App::is_quick`] said so. A
    /// panic fails this request alone, with 500 `UNKNOWN_EXCEPTION`.
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes>;

    /// Whether the answer needs no more than a point read, so that moving it to a blocking thread would cost more than
    /// the work itself.
    fn is_quick(&self, request: &Parts) -> bool;

    /// Whether requests wait for another machine most of their time, rather than work on this one.
    fn waits(&self) -> bool;

    /// Which lane a request goes by whose commit may be shared with others of its lane, of which one runs at a time;
    /// `None` for any other request.
    fn lane(&self, request: &Parts) -> Option<u64>;

    /// Runs pieces of work of one lane, each of which answers a request by [`App::handle`]; what they change may share a
    /// commit, and is committed when this returns. An error in place of an answer: its changes could not be committed.
    fn together(&self, work: Vec<Work<'_>>) -> Vec<Result<Response<Bytes>, StoreError>>;

    /// Does what is due every second or so, and once more when no request comes any more. Runs on a blocking thread.
    fn tick(&self) {}

    /// Whether requests can be answered now; `/readyz` tells it.
    fn ready(&self) -> bool;
}

/// Answers a request.
pub type Work<'a> = orglet_store::GroupWork<'a, Response<Bytes>>;

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// How the bytes came; inside a proxy tunnel, how the inner bytes came.
    pub scheme: Scheme,
    /// The other end of the socket.
    pub addr: SocketAddr,
    /// A loopback peer: its `X-Forwarded-Proto` is believed.
    pub trusted: bool,
}

/// A built application and what the shell must know about it.
pub struct Built {
    /// The application.
    pub app: Arc<dyn App>,
    /// Facts of the default org.
    pub facts: OrgFacts,
    /// Token of the admin API.
    pub admin_token: String,
    /// Whether any of the documented development credentials is in force; the server then stays on loopback.
    pub credentials_are_default: bool,
}
