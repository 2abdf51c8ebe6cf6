//! What the project's tests share: orgs to talk to in-process, fixtures, and the fuzzer of requests.

pub mod fixtures;
pub mod fuzz;
pub mod postgres;
pub mod random;
pub mod target;

pub use orglet_engine::OrgFacts;
pub use target::{OrgSetup, Target};
