//! The shell over real sockets, around a stand-in application.

// The lint's exemption for tests knows `#[test]` functions alone, not their helpers.
#![allow(clippy::unwrap_used)]

mod authority;
mod contract;
mod faults;
mod harness;
mod http;
mod lifecycle;
mod orgs;
mod process;
mod proxy;
mod tls;
mod wiring;
