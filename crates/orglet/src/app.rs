//! The application behind the shell, as the shell sees it.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;

pub use orglet_engine::OrgFacts;
pub use orglet_http::Scheme;

/// Answers requests. The shell in front of it has already inflated and bounded the body, brought the target to origin
/// form (`/path?query`, with the authority in `Host`), and will compress the answer.
pub trait App: Send + Sync + 'static {
    /// Answers one request. Runs on a blocking thread, or on the connection's own where [`App::is_quick`] said so. A
    /// panic fails this request alone, with 500 `UNKNOWN_EXCEPTION`.
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes>;

    /// Whether the answer needs no more than a point read, so that moving it to a blocking thread would cost more than
    /// the work itself.
    fn is_quick(&self, request: &Parts) -> bool;

    /// Whether requests can be answered now; `/readyz` tells it.
    fn ready(&self) -> bool;
}

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
    /// Whether any of the documented development credentials is in force; the server then stays on loopback.
    pub credentials_are_default: bool,
}
