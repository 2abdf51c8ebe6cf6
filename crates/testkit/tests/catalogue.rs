//! The error catalogue against the contract, and the page of errors that is made from both.
//!
//! `cargo xtask errors` writes the page: it runs this test with `ORGLET_ERRORS=write`.

use orglet_base::catalogue::{self, Row};
use orglet_contract::{Contract, Coverage, load, read_coverage};
use orglet_http::codec::Format;
use orglet_http::faults::example;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contract() -> (Contract, Coverage) {
    let folder = root().join("contract");
    let contract = load(&folder).unwrap_or_else(|e| panic!("{e}"));
    (contract, read_coverage(&folder.join("coverage.tsv")).unwrap_or_else(|e| panic!("{e}")))
}

/// Areas whose rows are counted elsewhere, or not yet; the page alone tells their cases.
const UNCOUNTED: &[&str] = &["bulk", "composite", "oauth", "soap"];
/// Areas in the order of the page, with their names for people.
const AREAS: &[(&str, &str)] = &[
    ("auth", "Sessions"),
    ("oauth", "OAuth"),
    ("routing", "Addresses, verbs and headers"),
    ("limits", "Limits"),
    ("crud", "Records"),
    ("query", "Queries"),
    ("search", "Search"),
    ("composite", "Composite"),
    ("bulk", "Bulk"),
    ("soap", "SOAP"),
    ("metadata", "Metadata"),
];

#[test]
fn coverage_and_the_catalogue_have_the_same_rows() {
    let (_, coverage) = contract();
    for listed in &coverage.rows {
        assert!(catalogue::row(&listed.id).is_some(), "coverage.tsv: the catalogue has no {}", listed.id);
    }
    for row in catalogue::rows() {
        let listed = coverage.rows.iter().any(|listed| listed.id == row.id);
        assert!(listed || UNCOUNTED.contains(&row.area), "coverage.tsv lacks {}", row.id);
        assert!(AREAS.iter().any(|(area, _)| *area == row.area), "the page has no area {}", row.area);
    }
}

/// Codes name rows as their evidence: those rows have them.
#[test]
fn codes_and_the_catalogue_agree() {
    for code in orglet_base::ErrorCode::all() {
        for id in code.evidence().split(' ').filter(|id| id.contains('-')) {
            let row = catalogue::row(id).unwrap_or_else(|| panic!("{}: there is no row {id}", code.as_str()));
            assert_eq!(row.code, code.as_str(), "{id}");
        }
    }
}

#[test]
fn the_page_is_current() {
    let page = page();
    let file = root().join("docs/errors.md");
    if std::env::var("ORGLET_ERRORS").is_ok_and(|what| what == "write") {
        std::fs::write(&file, page).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        return;
    }
    let now = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(now == page, "docs/errors.md is not current: run `cargo xtask errors`");
}

const HEAD: &str = "\
<!-- Written by `cargo xtask errors` from crates/base/data/catalogue.tsv and the contract. Do not edit. -->

# Errors

What the platform answers when something goes wrong, as far as it is known: when, with which status, code, message and body.
A server answers any of these on demand: `orglet fault add ORG --error ID`, or `POST /orgs/{org}/faults` of the
[admin API](admin-api.yaml).

`{name}` in a message stands for what differs from one time to the other; `--value name=…` sets it. `{context}` is the
piece of the query around the fault, a caret below it, and its row and column. A message that is `{text}` as a whole is
not recorded: the words of the example are ours.

How well a row is known: *real-recorded* is from a recording or a client's fixtures, *quoted-by-user* was on somebody's
screen, *documented* is in a manual, *inferred* is unproven. **Cases** are those of the contract that bring the error about; a
row without them says why.
";

fn page() -> String {
    let (contract, coverage) = contract();
    let mut out = String::from(HEAD);
    for (area, name) in AREAS {
        let _ = write!(out, "\n## {name}\n");
        for row in catalogue::rows().iter().filter(|row| row.area == *area) {
            section(&mut out, row, &contract, &coverage);
        }
    }
    out
}

fn section(out: &mut String, row: &'static Row, contract: &Contract, coverage: &Coverage) {
    let _ = write!(out, "\n### {}\n\n{}.\n\n", row.id, row.condition);
    let code = if row.code.is_empty() { String::new() } else { format!(" `{}`", row.code) };
    let _ = writeln!(out, "`{}`{code}, {} ({})\n", row.status, row.form.name(), row.confidence);
    if !row.message.is_empty() {
        block(out, "text", &catalogue::shown(&row.message));
    }
    if let Some(newer) = &row.message_61 {
        let _ = writeln!(out, "From v61.0 on:\n");
        block(out, "text", &catalogue::shown(newer));
    }
    let reply = example(row, Format::Json);
    let body = String::from_utf8_lossy(&reply.body);
    if !body.is_empty() && body != row.message {
        let language = match reply.content_type.unwrap_or_default().split([';', '+']).next() {
            Some("application/json") => "json",
            Some("application/xml" | "text/xml") => "xml",
            Some("text/html") => "html",
            _ => "text",
        };
        block(out, language, &body);
    }
    let cases: Vec<&str> =
        contract.cases.iter().filter(|case| case.source.iter().any(|s| s == row.id)).map(|case| case.name.as_str()).collect();
    let listed = coverage.rows.iter().find(|listed| listed.id == row.id);
    let elsewhere = listed.iter().flat_map(|listed| &listed.cases).filter_map(|case| case.strip_prefix("elsewhere:"));
    let cases: Vec<String> = cases.into_iter().chain(elsewhere).map(|case| format!("`{case}`")).collect();
    let reason = listed.map(|listed| listed.reason.as_str()).filter(|reason| !reason.is_empty()).unwrap_or("none yet");
    let cases = if cases.is_empty() { format!("No case: {reason}") } else { format!("Cases: {}", cases.join(", ")) };
    let _ = writeln!(out, "Source: {}. {cases}.", row.source);
}

/// A fenced block. A text that ends its last line, or has blanks at its end, shows that by itself.
fn block(out: &mut String, language: &str, text: &str) {
    let _ = writeln!(out, "```{language}\n{}\n```\n", text.trim_end_matches('\n'));
}
