//! `orglet contract run`, against a server that keeps the contract and against one that does not.

use crate::harness::scratch;
use crate::orgs::{Running, program};
use serde_json::Value;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(server: &Running, token: &str, args: &[&str]) -> Ran {
    let url = server.ready["url"].as_str().unwrap();
    let output = program().args(["contract", "run", "--against", url, "--token", token]).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn an_org_that_keeps_the_contract_is_told_so_and_left_as_it_was() {
    let data = scratch("contract").join("data");
    let server = Running::start(&data, &[]);
    let token = server.ready["access_token"].as_str().unwrap();
    let report = data.with_extension("json");
    let ran = run(&server, token, &["--report", report.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.out, ran.err);
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let findings = &report["findings"];
    let count = |name: &str| findings[name].as_array().map_or(0, Vec::len);
    assert_eq!((report["report"].as_u64(), count("differences"), count("left")), (Some(1), 0, 0));
    assert!(findings["runs"].as_u64() > Some(300) && findings["runs"] == findings["equal"], "{}", findings["runs"]);
    assert!(findings["skipped"].as_array().unwrap().iter().all(|s| s["case"].is_string() && s["reason"].is_string()));
    // Over TLS, by the CA of the server.
    let (url, ca) = (server.ready["tls_url"].as_str().unwrap(), server.ready["ca_file"].as_str().unwrap());
    let over_tls = |more: &[&str]| {
        let args = ["contract", "run", "--against", url, "--token", token, "--topic", "rows", "--case", "etag"];
        program().args(args).args(more).output().unwrap().status.code()
    };
    assert_eq!((over_tls(&["--ca-file", ca]), over_tls(&[])), (Some(0), Some(1)));
    for object in ["Account", "Contact", "Opportunity", "Case", "Lead", "Product2", "Task"] {
        let path = format!("/services/data/v62.0/query?q=SELECT+count()+FROM+{object}");
        let (status, body) = server.ask("GET", &path, token, "");
        assert!(status == 200 && body.contains("\"totalSize\":0"), "{object}: {body}");
    }
}

#[test]
fn what_differs_is_printed_with_its_source() {
    let data = scratch("contract-differs").join("data");
    let server = Running::start(&data, &[]);
    let token = server.ready["access_token"].as_str().unwrap();
    // A field that every account must have: the contract's have not.
    let field = r#"{"FullName":"Account.Must__c","Metadata":{"type":"Text","label":"M","length":9,"required":true}}"#;
    let (status, body) = server.ask("POST", "/services/data/v62.0/tooling/sobjects/CustomField", token, field);
    assert_eq!(status, 201, "{body}");
    let ran = run(&server, token, &["--case", "etag-of-account", "--case", "query-unknown-field", "--case", "trailing-slash-create"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    for part in ["etag-of-account (rows/rows.toml, json v68.0, preparation)", "expected after routing-022", "REQUIRED_FIELD_MISSING"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.contains("trailing-slash-create (routing/requests.toml, json v68.0, step 1)"), "{}", ran.out);
    assert!(ran.out.contains("- status: expected 201, got 400"), "{}", ran.out);
    assert!(!ran.out.contains("query-unknown-field ("), "{}", ran.out);
    assert!(run(&server, token, &["--topic", "nothing"]).out.contains("0 runs"));

    let refused = run(&server, "00D!wrong", &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("INVALID_SESSION_ID"), "{}", refused.err);
    let listed = program().args(["contract", "list", "--topic", "rows"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("rows/rows.toml"));
}
