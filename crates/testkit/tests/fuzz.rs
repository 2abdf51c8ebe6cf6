//! A part of what `cargo xtask fuzz` sends, on both stores.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use orglet_engine::OrgOptions;
use orglet_testkit::fuzz::{Options, run};
use orglet_testkit::postgres::Database;

fn check(options: OrgOptions, what: Options) {
    let outcome = run(options, what).unwrap();
    eprintln!("{}", outcome.text());
    assert!(outcome.findings.is_empty(), "{}", outcome.text());
    // Most of what is sent must get past the first checks, or it tells little.
    let good: u64 = outcome.statuses.iter().filter(|(status, _)| **status < 400).map(|(_, count)| count).sum();
    assert!(good * 10 > outcome.sent, "{}", outcome.text());
    assert!(outcome.codes.len() > 20, "{}", outcome.text());
}

#[test]
fn no_request_breaks_a_server_on_sqlite() {
    check(OrgOptions { id_seed: Some(1), ..OrgOptions::default() }, Options { requests: 20_000, seed: 1 });
}

#[test]
fn no_request_breaks_a_server_on_postgres() {
    let database = Database::new().unwrap();
    let options = OrgOptions { store: Some(database.address()), id_seed: Some(1), ..OrgOptions::default() };
    check(options, Options { requests: 3_000, seed: 2 });
}
