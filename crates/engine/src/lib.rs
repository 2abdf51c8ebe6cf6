//! What the platform does, apart from any protocol: the save pipeline, queries and their cursors, sessions and grants,
//! metadata changes, replication, settings, limits.
//!
//! Every function is synchronous and answers a [`Failure`] that the protocol renders.

mod admission;
pub mod apex;
pub mod auth;
pub mod clock;
pub mod consent;
pub mod deploy;
pub mod dev;
pub mod events;
mod failure;
pub mod flow;
mod format;
mod formula;
mod ids;
pub mod limits;
pub mod lists;
mod matching;
pub mod metadata;
mod options;
pub mod org;
pub mod orgs;
pub mod policies;
pub mod project;
mod purge;
pub mod query;
pub mod record;
pub mod replication;
pub mod save;
pub mod search;
pub mod seed;
pub mod server;
pub mod settings;
mod shared;
pub mod sites;
pub mod storage;
mod system;
pub mod views;
mod virtuals;

/// The shape of a query's answer, as protocols print it.
pub mod plan {
    pub use orglet_plan::{ChildPlan, Node, OutKind, Output, ParentKind, Plan, RecordPlan};
}

pub use admission::{Admission, Place};
pub use auth::{Identity, random_token};
pub use clock::Clock;
pub use failure::Failure;
pub use options::{OrgFacts, OrgOptions};
pub use org::Org;
pub use server::Server;
pub use settings::{Setting, SettingChange, SettingValue};
