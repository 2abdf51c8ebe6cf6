//! The runner itself, against a server that answers from a script.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use bytes::Bytes;
use orglet_contract::{Contract, Factory, load, read_coverage, run_cases};
use orglet_testkit::{OrgFacts, OrgSetup, Target};
use std::path::PathBuf;

struct Scripted;

impl Target for Scripted {
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let xml = request.headers().get("accept").is_some_and(|a| a == "application/xml");
        let kind = if xml { "application/xml; charset=UTF-8" } else { "application/json;charset=UTF-8" };
        let (status, body) = match (request.method().as_str(), request.uri().path()) {
            ("POST", "/services/data/v68.0/sobjects/Account") => (201, r#"{"id":"001000000000001AAA","success":true,"errors":[]}"#),
            (_, "/services/data/v68.0/sobjects/Nope") if xml => (
                404,
                r#"<?xml version="1.0" encoding="UTF-8"?><Errors><Error><errorCode>NOT_FOUND</errorCode><message>It&apos;s gone</message></Error></Errors>"#,
            ),
            (_, "/services/data/v68.0/torn") => (200, "<a><b></a>"),
            (_, "/services/data/v68.0/sobjects/Nope") => (404, r#"[{"errorCode":"NOT_FOUND","message":"It's gone"}]"#),
            _ => (200, r#"{"totalSize":2,"done":true,"records":[{"attributes":{},"Id":"001000000000001AAA"},{"attributes":{},"Id":"b"}]}"#),
        };
        let limits = ("Sforce-Limit-Info", "api-usage=1/15000");
        http::Response::builder()
            .status(status)
            .header("content-type", kind)
            .header(limits.0, limits.1)
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    }

    fn facts(&self) -> OrgFacts {
        OrgFacts { org_id: "00D000000000001AAA".into(), access_token: "t".into(), ..OrgFacts::default() }
    }
}

struct Script;

impl Factory for Script {
    fn make(&self, _: &OrgSetup) -> Result<Box<dyn Target>, String> {
        Ok(Box::new(Scripted))
    }
}

fn contract(name: &str, text: &str) -> Result<Contract, String> {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(dir.join("topic")).unwrap();
    std::fs::write(dir.join("topic/cases.toml"), text).unwrap();
    load(&dir)
}

#[test]
fn what_fits_passes_in_both_formats() {
    let contract = contract(
        "passes",
        r#"
[fixture]
account = ['a = POST sobjects/Account {"Name":"x"}']

[[case]]
name = "error"
source = ["inferred"]
request = "GET sobjects/Nope"
status = 404
error = { code = "NOT_FOUND", message = "It's gone", code_first = true }
headers = { Sforce-Limit-Info = "api-usage={any-int}/{any-int}", Location = false }

[[case]]
name = "rows"
source = ["inferred"]
setup = ["use account"]
query = "SELECT Id FROM Account"
rows = ["b", "{a}"]
total = 2
keys = { "" = "totalSize done records" }
"#,
    )
    .unwrap();
    let report = run_cases(&contract, &contract.cases.iter().collect::<Vec<_>>(), &Script);
    assert!(report.failures.is_empty(), "{}", report.text());
    assert_eq!(report.passed, 3);
    assert_eq!(report.passing.len(), 2);
}

#[test]
fn what_differs_is_told() {
    let contract = contract(
        "differs",
        r#"
source = ["inferred"]

[[case]]
name = "key-order"
request = "GET sobjects/Nope"
status = 404
formats = ["json"]
error = { code = "NOT_FOUND", message = "It's gone" }

[[case]]
name = "ordered-rows"
query = "SELECT Id FROM Account ORDER BY Id"
rows = ["b", "001000000000001AAA"]

[[case]]
name = "expected-to-fail"
pending = "not built"
request = "GET sobjects/Nope"

[[case]]
name = "marked-but-passing"
pending = "not built"
request = "GET query"
"#,
    )
    .unwrap();
    let report = run_cases(&contract, &contract.cases.iter().collect::<Vec<_>>(), &Script);
    let failed: Vec<&str> = report.failures.iter().map(|f| f.case.as_str()).collect();
    assert_eq!(failed, ["key-order", "ordered-rows"]);
    assert!(report.failures[0].details.contains("expected the keys [message errorCode], got [errorCode message]"), "{}", report.text());
    assert_eq!(report.pending.len(), 1);
    assert_eq!(report.unexpected, ["marked-but-passing"]);
}

#[test]
fn a_case_without_source_is_refused() {
    let error = contract("sourceless", "[[case]]\nname = \"x\"\nrequest = \"GET limits\"\n").unwrap_err();
    assert!(error.contains("x has no source"), "{error}");
    let error = contract("typo", "[[case]]\nname = \"x\"\nsource = \"inferred\"\nrequst = \"GET limits\"\n").unwrap_err();
    assert!(error.contains("requst"), "{error}");
}

#[test]
fn tests_elsewhere_must_exist() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("elsewhere.tsv");
    let problems = |test: &str| {
        std::fs::write(&file, format!("id\tcounts\tcases\treason\nx-001\tyes\telsewhere:tests/runner.rs::{test}\t\n")).unwrap();
        read_coverage(&file).unwrap().problems(&Contract::default(), &root)
    };
    assert_eq!(problems("tests_elsewhere_must_exist"), Vec::<String>::new());
    assert_eq!(problems("gone"), ["x-001: no test tests/runner.rs::gone"]);
    assert_eq!(problems("contract"), ["x-001: no test tests/runner.rs::contract"], "a function that is no test");
}

#[test]
fn answers_in_xml_are_parsed() {
    let contract = contract(
        "torn",
        r#"
[[case]]
name = "torn"
source = ["inferred"]
formats = ["xml"]
request = "GET torn"
xml_includes = ["<a>"]
"#,
    )
    .unwrap();
    let report = run_cases(&contract, &contract.cases.iter().collect::<Vec<_>>(), &Script);
    assert!(report.text().contains("not well-formed"), "{}", report.text());
}
