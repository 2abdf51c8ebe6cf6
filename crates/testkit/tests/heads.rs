//! HEAD on every resource that has GET: the same answer without its body.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use bytes::Bytes;
use http::{Request, Response};
use orglet_http::router::ROUTES;
use orglet_testkit::fixtures::{create, external_id_field, send_json};
use orglet_testkit::target::{OrgSetup, in_process};
use orglet_testkit::{Target, fixtures::VERSION};
use serde_json::json;

fn ask(target: &dyn Target, method: &str, path: &str, accept: &str) -> Response<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "orglet.example")
        .header("accept", accept)
        .header("authorization", format!("Bearer {}", target.facts().access_token));
    target.send(request.body(Bytes::new()).unwrap())
}

#[test]
fn every_get_has_a_head() {
    // The clock stands still: two answers differ by nothing but what was asked.
    let target = in_process(&OrgSetup { now: Some("2026-01-31T09:30:00Z".into()), ..OrgSetup::default() }).unwrap();
    let target = &*target;
    external_id_field(target, "Account.Ext__c").unwrap();
    let account = create(target, "Account", &json!({"Name": "Acme", "Ext__c": "A1"})).unwrap();
    for n in 0..201 {
        create(target, "Contact", &json!({"LastName": n.to_string(), "AccountId": account})).unwrap();
    }
    let (_, page) = send_json(target, "GET", "query?q=SELECT+Id+FROM+Contact", None);
    assert_eq!(page["totalSize"], 201);
    let (mut seen, mut good) = (0, 0);
    for route in ROUTES.iter().filter(|route| route.takes("GET")) {
        assert!(route.takes("HEAD"), "{} has GET without HEAD", route.path);
        let mut path = format!("/services/data/{VERSION}");
        for part in route.path.split('/').filter(|part| !part.is_empty()) {
            path.push('/');
            path.push_str(match part {
                "{object}" if route.path.starts_with("tooling") => "EntityDefinition",
                "{object}" => "Account",
                "{id}" => &account,
                "{field}" => "Ext__c",
                "{value}" => "A1",
                "{action}" if route.path.contains("quickActions") => "LogACall",
                "{relations…}" => "Owner",
                parameter if parameter.starts_with('{') => "x",
                literal => literal,
            });
        }
        path.push_str(match route.path {
            "query" | "queryAll" => "?q=SELECT+Id+FROM+Account",
            "tooling/query" => "?q=SELECT+DurableId+FROM+EntityDefinition+LIMIT+1",
            "search" => "?q=FIND+%7Bacme%7D",
            "search/layout" | "searchlayout" => "?q=Account",
            "search/scopeOrder" => "",
            "search/suggestions" => "?q=acme&sobject=Account",
            "parameterizedSearch" => "?q=acme",
            _ => "?start=2026-01-31T00:00:00Z&end=2026-01-31T09:00:00Z",
        });
        for accept in ["application/json", "application/xml"] {
            let (get, head) = (ask(target, "GET", &path, accept), ask(target, "HEAD", &path, accept));
            assert_eq!(head.status(), get.status(), "{path}");
            assert!(head.body().is_empty(), "{path}");
            // The count of requests goes on, and what is new is new once.
            let rest = |response: &Response<Bytes>| {
                let mut headers = response.headers().clone();
                headers.remove("sforce-limit-info");
                headers.remove("newresultsetsincelastquery");
                headers
            };
            assert_eq!(rest(&head), rest(&get), "{path}");
            seen += 1;
            good += usize::from(get.status() == 200);
        }
    }
    assert!(good * 2 > seen, "{good} of {seen}");
}
