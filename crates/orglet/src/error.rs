//! Why the server could not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A failure before the server listens. Its text is for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The async runtime could not be made.
    #[error("cannot start the runtime: {0}")]
    Runtime(#[source] io::Error),
    /// The signal handlers could not be set.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// The address is taken, not local, or not permitted.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The development credentials are public knowledge, so the server doesn't offer them to a network.
    #[error(
        "refusing to listen on {addr}: beyond loopback, the documented development credentials must not be in force. \
         Set your own with --admin-password, --admin-security-token, --client-secret and --access-token (better: \
         ORGLET_ADMIN_PASSWORD, ORGLET_ADMIN_SECURITY_TOKEN, ORGLET_CLIENT_SECRET and ORGLET_ACCESS_TOKEN), or listen on 127.0.0.1"
    )]
    DefaultCredentials {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The local CA on disk can't be used; it is never replaced unasked, since clients trust it.
    #[error(
        "the local CA in {} cannot be used: {reason}. Restore ca.pem and ca-key.pem, or delete both to have a new CA made \
         (clients must then trust the new ca.pem)", dir.display()
    )]
    Authority {
        /// Directory of the CA's files.
        dir: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
    /// Certificates or the TLS configuration could not be made.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The application could not be built.
    #[error("{0}")]
    App(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StartError {
    /// A failure of the application, by its own error or text.
    pub fn app(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::App(error.into())
    }
}
