//! The shell's bounds.

use std::time::Duration;

/// Bounds on what peers can take; the defaults are the server's.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once; further ones wait in the system's queue. A tunnel counts once.
    pub connections: usize,
    /// Requests on blocking threads at once; further ones wait.
    pub blocking: usize,
    /// Bytes of a request body, as sent and again as inflated; more is answered with 413.
    pub body_bytes: usize,
    /// Bytes of all request bodies held at once, over all connections; room for one is always there. A body that has to
    /// wait too long for its place is answered with 503.
    pub all_bodies_bytes: usize,
    /// Bytes of the request target (414), and of target and headers together (431).
    pub head_bytes: usize,
    /// Time for the first bytes of a connection or tunnel.
    pub first_bytes: Duration,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for a request's head, counted from the previous answer: an idle connection is closed after it.
    pub head: Duration,
    /// Time between two pieces of a request body (408), and for a piece to find its place in memory (503).
    pub body_idle: Duration,
    /// Time for a whole request body (408).
    pub body_total: Duration,
    /// Time that requests in flight get at shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            blocking: 64,
            body_bytes: 50 * 1024 * 1024,
            all_bodies_bytes: 512 * 1024 * 1024,
            head_bytes: 16_384,
            first_bytes: Duration::from_secs(60),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(75),
            body_idle: Duration::from_secs(30),
            body_total: Duration::from_secs(600),
            drain: Duration::from_secs(30),
        }
    }
}
