//! orglet, the binary: command line, listener, TLS, proxy tunnels, limits, logs and shutdown around one [`app::App`].
//!
//! It is a library as well, so that tests start the whole shell in-process on a free port.

pub mod app;
pub mod authority;
mod banner;
mod body;
pub mod cli;
mod connect;
pub mod contract;
pub mod error;
mod fault;
mod harm;
mod inflate;
mod lanes;
pub mod limits;
pub mod listen;
pub mod logs;
mod names;
pub mod org;
pub mod ready;
pub mod serve;
mod service;
mod signals;
mod sniff;
mod target;
pub mod tls;
pub mod wire;
