//! The contract, run in-process: one test for each topic, so that a failure tells where to look.

use orglet_contract::{Contract, Factory, load, read_coverage, run_cases};
use orglet_testkit::{OrgSetup, Target};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn folder() -> PathBuf {
    root().join("contract")
}

fn contract() -> Contract {
    load(&folder()).unwrap_or_else(|e| panic!("{e}"))
}

/// The stores that every case is run on.
#[derive(Clone, Copy)]
enum On {
    Sqlite,
    Postgres,
}

impl Factory for On {
    fn make(&self, setup: &OrgSetup) -> Result<Box<dyn Target>, String> {
        match self {
            On::Sqlite => orglet_testkit::target::in_process(setup),
            On::Postgres => orglet_testkit::target::on_postgres(setup),
        }
    }
}

fn run(topic: &str, on: On) {
    let contract = contract();
    let mut cases: Vec<_> = contract.cases.iter().filter(|c| c.topic == topic).collect();
    assert!(!cases.is_empty(), "no cases in contract/{topic}");
    // While one works on some cases: those whose name or file holds a text.
    if let Some(part) = std::env::var("ORGLET_CASE").ok().filter(|part| !part.is_empty()) {
        cases.retain(|c| c.name.contains(&part) || c.file.contains(&part));
    }
    let report = run_cases(&contract, &cases, &on);
    eprintln!("{}", report.text());
    assert!(report.failures.is_empty() && report.unexpected.is_empty(), "{}", report.text());
}

macro_rules! topics {
    ($($name:ident)*) => {
        const TOPICS: &[&str] = &[$(stringify!($name)),*];
        mod sqlite {
            $(
                #[test]
                fn $name() {
                    super::run(stringify!($name), super::On::Sqlite);
                }
            )*
        }
        mod postgres {
            $(
                #[test]
                fn $name() {
                    super::run(stringify!($name), super::On::Postgres);
                }
            )*
        }
    };
}

topics!(
    actions apex auth blobs connect consent deploy describe discovery duplicates events external_id flows layouts limits lists login metadata oauth passwords process query quick recent record_types replication routing rows saves search soap tooling ui validation xml
);

#[test]
fn every_topic_is_run() {
    let contract = contract();
    let there: BTreeSet<&str> = contract.cases.iter().map(|c| c.topic.as_str()).collect();
    assert_eq!(there, TOPICS.iter().copied().collect(), "the folders of contract/ and the list of topics differ");
    eprintln!("{} cases", contract.cases.len());
}

#[test]
fn coverage_lists_the_catalogue() {
    let contract = contract();
    let coverage = read_coverage(&folder().join("coverage.tsv")).unwrap_or_else(|e| panic!("{e}"));
    let problems = coverage.problems(&contract, &root());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let counting: Vec<_> = coverage.rows.iter().filter(|r| r.counts).collect();
    assert_eq!(counting.len(), 205, "rows of the areas of records, metadata and sessions with known text and evidence");
    let pending = |case: &String| contract.cases.iter().any(|c| &c.name == case && c.pending.is_some());
    let covered = counting.iter().filter(|r| !r.cases.is_empty() && !r.cases.iter().all(pending)).count();
    eprintln!("{covered} of {} rows have a case", counting.len());
}
