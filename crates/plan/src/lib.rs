//! From a SOQL or SOSL syntax tree to SQL: names, types and access are resolved against a catalog, every rule of the language
//! is checked, and what remains is SQL text, parameters and the shape of the answer.
//!
//! Pure: no I/O, no clock, no driver. "Now", the user and the time zone come in with the [`BindContext`]. Every error
//! arises here; emitting SQL cannot fail. Values reach SQL as parameters only, identifiers come from the catalog only.
//!
//! What the SQL relies on beside plain SQLite is listed in [`functions`].

mod bind;
mod compat;
mod context;
pub mod ddl;
mod emit;
pub mod formula;
pub mod functions;
mod plan;
pub mod search;
mod shape;
pub mod views;
pub mod write;

pub use bind::{Explain, IndexUse, explain, plan};
pub use context::BindContext;
pub use plan::{AggregatePlan, ChildPlan, Node, OutKind, Output, ParentKind, Plan, RecordPlan, VirtualNeed};
pub use shape::record_shape;

#[cfg(test)]
mod tests;
