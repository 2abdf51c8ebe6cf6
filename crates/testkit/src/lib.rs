//! What the project's tests share: an org to talk to in-process, fixtures, and the runner of the contract.
//!
//! The contract is data, under `contract/` at the root of the repository; its format is described in
//! [`contract`](crate::contract) and, for those who write cases, in `contract/README.md`.

pub mod contract;
pub mod fixtures;
pub mod fuzz;
pub mod postgres;
pub mod random;
pub mod target;

pub use orglet_engine::OrgFacts;
pub use target::{OrgSetup, Target};
