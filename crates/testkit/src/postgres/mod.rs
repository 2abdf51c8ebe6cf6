//! PostgreSQL for tests: a server to throw away, and databases on it.

mod cutter;
mod databases;
mod reset;
mod server;

pub use cutter::{Cut, Cutter};
pub use databases::{Database, Fresh};
pub use server::{End, Keeps, Server, Setup, server};
