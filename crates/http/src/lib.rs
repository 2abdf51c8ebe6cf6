//! The protocols: REST, its tooling part, OAuth and identity, SOAP. A request comes in whole and an answer goes
//! out whole; what carries them is the binary's business.

mod about;
pub mod admin;
pub mod codec;
pub mod compat;
mod cors;
mod describe;
pub mod error;
pub mod faults;
pub mod journal;
pub mod metrics;
mod oauth;
mod pattern;
mod reply;
mod request;
mod rest;
pub mod router;
mod server;
mod soap;
mod values;

pub use admin::AdminAccess;
pub use orglet_base::Origins;
pub use reply::Reply;
pub use request::{Call, Peer, Scheme};
pub use server::Server;
