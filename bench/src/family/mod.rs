//! What is measured: one file for each family of measurements.

mod orgs;
mod postgres;
mod queries;
mod records;
mod scale;
mod start;

use std::io;
use std::pin::Pin;

use crate::Options;
use crate::report::Section;

type Measuring<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<Section>>> + 'a>>;
/// Measures a family.
type Measure = for<'a> fn(&'a Options) -> Measuring<'a>;

/// The family that the short form leaves out: it needs another server.
pub const POSTGRES: &str = "postgres";

/// The families by name, in the order of the report. Start-up comes first: nothing else runs yet.
pub const ALL: &[(&str, Measure)] = &[
    ("start", |options| Box::pin(async { start::measure(options) })),
    ("orgs", |options| Box::pin(orgs::measure(options))),
    ("records", |options| Box::pin(records::measure(options))),
    ("queries", |options| Box::pin(queries::measure(options))),
    ("scale", |options| Box::pin(scale::measure(options))),
    (POSTGRES, |options| Box::pin(postgres::measure(options))),
];
