//! The contract: requests, and the answers that the platform gives to them, as data with its sources.
//!
//! A folder under `contract/` is a topic; each `*.toml` file in it holds cases. A case names where its expectation
//! comes from, prepares an org, sends requests and compares status, headers and body. Every run of a case (one per
//! format and API version) has an org of its own.

mod against;
mod case;
mod check;
mod coverage;
mod load;
mod matching;
mod run;
mod safety;
mod target;
mod template;

pub use against::{Difference, Findings, Left, Skipped, run_against};
pub use case::{Case, ErrorBody, Format, Step};
pub use coverage::{Coverage, CoverageRow, read_coverage};
pub use load::{Contract, embedded, load};
pub use orglet_engine::OrgFacts;
pub use run::{Factory, Failure, Report, run_all, run_cases};
pub use target::{OrgSetup, Target};
