//! What every other crate of orglet speaks: record ids, API names, values, API versions and the platform's errors.
//!
//! Nothing here knows a schema, a database or HTTP.

pub mod catalogue;
pub mod cell;
pub mod days;
pub mod error;
pub mod fold;
pub mod id;
pub mod kind;
pub mod name;
pub mod origin;
pub mod sql;
pub mod time;
pub mod value;
pub mod version;

pub use cell::{Cell, OwnedCell};
pub use error::{ApiError, Duplicates, ErrorCode, KeyOrder, MatchRecord, MatchResult};
pub use fold::{fold, fold_name};
pub use id::{Id, IdError, KeyPrefix};
pub use kind::CellKind;
pub use name::Name;
pub use origin::Origins;
pub use sql::{Dialect, Param, Statement};
pub use time::{Date, DateTime, Time};
pub use value::Value;
pub use version::ApiVersion;
