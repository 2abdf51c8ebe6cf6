//! PostgreSQL for tests: a server to throw away, and databases on it.

mod databases;
mod reset;
mod server;

pub use databases::{Database, Fresh};
pub use server::{End, Keeps, Server, Setup, server};
