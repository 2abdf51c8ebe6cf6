//! The application behind the shell, as the shell sees it.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;

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

/// How the request's bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS that ended in this server.
    Https,
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

/// What a client needs to know of the default org; printed in the banner and written to the ready file.
#[derive(Clone)]
pub struct OrgFacts {
    /// Organization id, 18 characters.
    pub org_id: String,
    /// User id of the administrator, 18 characters.
    pub user_id: String,
    /// Login name of the administrator.
    pub username: String,
    /// Password of the administrator, without the security token; empty where only its hash is known.
    pub password: String,
    /// Security token, which clients append to the password; empty where there is none or only its hash is known.
    pub security_token: String,
    /// Consumer key of the default connected app.
    pub client_id: String,
    /// Consumer secret of the default connected app.
    pub client_secret: String,
    /// A session id of the administrator that is valid from the start.
    pub access_token: String,
    /// Newest API version served, without `v`: `68.0`.
    pub api_version: String,
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
