use super::*;
use crate::codec::Format;
use crate::{AdminAccess, Peer, Scheme};
use bytes::Bytes;
use http::{Request, Response};
use orglet_base::catalogue::{self, Form};
use orglet_engine::OrgOptions;
use serde_json::{Value, json};

const TOKEN: &str = "admin-token";

struct Served {
    server: Server,
    token: String,
}

impl Served {
    fn new() -> Self {
        let options = OrgOptions { id_seed: Some(1), sample_data: true, ..OrgOptions::default() };
        let server = Server::in_memory(options).unwrap().with_admin(AdminAccess { token: TOKEN.into(), anywhere: false });
        let token = server.facts().unwrap().access_token;
        Self { server, token }
    }

    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(target).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.server.handle(request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap(), Peer { scheme: Scheme::Http, trusted: true })
    }

    fn admin(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.ask(method, &format!("/orglet/v1{path}"), &[("authorization", &format!("Bearer {TOKEN}"))], &body);
        let value = if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() };
        (response.status().as_u16(), value)
    }

    /// Puts a rule in force, alone.
    fn rule(&self, rule: Value) {
        self.admin("DELETE", "/orgs/default/faults", &Value::Null);
        let (status, made) = self.admin("POST", "/orgs/default/faults", &rule);
        assert_eq!(status, 201, "{rule} {made}");
    }

    fn rest(&self, method: &str, path: &str, accept: &str, body: &str) -> Response<Bytes> {
        let target = format!("/services/data/v62.0/{path}");
        let session = format!("Bearer {}", self.token);
        self.ask(method, &target, &[("authorization", &session), ("accept", accept), ("content-type", "application/json")], body)
    }
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[test]
fn every_row_of_the_catalogue_can_be_forced() {
    let served = Served::new();
    for row in catalogue::rows() {
        let template = row.message_61.as_deref().unwrap_or(&row.message);
        let names = catalogue::placeholders(template).into_iter().filter(|name| *name != "context");
        served.rule(json!({"error": row.id, "values": names.map(|name| (name, "given")).collect::<std::collections::HashMap<_, _>>()}));
        let message = catalogue::fill(template, |name| Some(if name == "context" { filled("{context}") } else { "given".to_owned() }));
        for accept in ["application/json", "application/xml"] {
            let response = served.rest("GET", "limits", accept, "");
            assert_eq!(response.status().as_u16(), row.status, "{}", row.id);
            let body = text(&response);
            let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            if matches!(row.form, Form::Empty | Form::Redirect) {
                assert!(body.is_empty(), "{}", row.id);
                continue;
            }
            assert!(body.contains(row.code), "{}: {body}", row.id);
            let is_json = kind.unwrap().starts_with("application/json");
            if is_json {
                let value: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{}: {e}: {body}", row.id));
                assert!(row.form == Form::Choices || strings(&value).contains(&message), "{}: {message} in {body}", row.id);
                assert!(value.is_array() || row.form != Form::Array, "{}: {body}", row.id);
            } else if accept == "application/xml" && row.form == Form::Array {
                assert!(body.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Errors><Error><errorCode>"), "{}: {body}", row.id);
            }
        }
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn answers_are_the_platforms_own() {
    let served = Served::new();
    served.rule(json!({"error": "crud-022", "values": {"field": "LastName"}}));
    let refused = served.rest("POST", "sobjects/Contact", "*/*", "{}");
    let body = r#"[{"message":"Required fields are missing: [LastName]","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]}]"#;
    assert_eq!((refused.status().as_u16(), text(&refused).as_str()), (400, body));
    assert_eq!(refused.headers()["sforce-limit-info"], "api-usage=1/100000");
    // What the request says stands in the message, and the piece of its query with the caret.
    served.rule(json!({"error": "query-001"}));
    let refused = served.rest("GET", "query?q=SELECT+Nme+FROM+Lead", "*/*", "");
    let message = serde_json::from_slice::<Value>(refused.body()).unwrap()[0]["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("\nSELECT Nme FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nme' on entity 'Lead'."),
        "{message}"
    );
    // Texts of the parsers before and after v61.0.
    served.rule(json!({"error": "query-035"}));
    let of = |version: &str| {
        let session = format!("Bearer {}", served.token);
        text(&served.ask("GET", &format!("/services/data/v{version}/query?q=x"), &[("authorization", &session)], ""))
    };
    assert!(of("60.0").contains(": AND\"") && of("61.0").contains(": 'AND'\""), "{}", of("61.0"));
    served.rule(json!({"error": "routing-011", "method": "DELETE"}));
    let refused = served.rest("DELETE", "sobjects/Account", "*/*", "");
    assert_eq!((refused.status().as_u16(), &refused.headers()["allow"]), (405, &"HEAD,GET,POST".parse().unwrap()));
    assert!(text(&refused).starts_with(r#"[{"errorCode":"METHOD_NOT_ALLOWED","message":"HTTP Method 'DELETE' not allowed."#));
    served.rule(json!({"error": "auth-001"}));
    let refused = served.rest("GET", "limits", "application/xml", "");
    assert_eq!((refused.status().as_u16(), &refused.headers()["www-authenticate"]), (401, &"Token".parse().unwrap()));
    assert!(!refused.headers().contains_key("sforce-limit-info"));
    // Parts keep their names.
    served.rule(json!({"error": "composite-003"}));
    let body = r#"{"compositeRequest":[{"referenceId":"a"},{"referenceId":"b"}]}"#;
    let parts: Value = serde_json::from_slice(served.rest("POST", "composite", "*/*", body).body()).unwrap();
    let part = |name: &str| json!({"body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], "httpHeaders": {}, "httpStatusCode": 404, "referenceId": name});
    assert_eq!(parts, json!({"compositeResponse": [part("a"), part("b")]}));
    // A form of another API, and an error of one's own.
    served.rule(json!({"error": "limits-001", "form": "soap", "status": 500}));
    assert!(text(&served.rest("GET", "limits", "*/*", "")).contains("<faultcode>sf:REQUEST_LIMIT_EXCEEDED</faultcode>"));
    served.rule(json!({"status": 418, "code": "TEAPOT", "message": "short and stout", "fields": []}));
    let refused = served.rest("GET", "limits", "application/xml", "");
    assert_eq!(refused.status(), 418);
    assert!(text(&refused).ends_with("<Errors><Error><errorCode>TEAPOT</errorCode><message>short and stout</message></Error></Errors>"));
}

#[test]
fn rules_are_of_one_org() {
    let served = Served::new();
    let (_, other) = served.admin("POST", "/orgs", &json!({"name": "other"}));
    let token = other["access_token"].as_str().unwrap().to_owned();
    assert_eq!(served.admin("POST", "/orgs/other/faults", &json!({"error": "limits-002"})).0, 201);
    let ask = |token: &str| {
        let session = format!("Bearer {token}");
        served.ask("GET", "/services/data/v62.0/limits", &[("authorization", &session)], "").status().as_u16()
    };
    assert_eq!((ask(&served.token), ask(&token)), (200, 403));
    // A login is of the org whose user it is.
    let login = |username: &str| {
        let form = format!("grant_type=password&username={username}&password=x&client_id=x");
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        text(&served.ask("POST", "/services/oauth2/token", &kind, &form))
    };
    assert!(login(other["username"].as_str().unwrap()).contains("ConcurrentRequests"));
    assert!(login(&served.server.facts().unwrap().username).contains("client identifier invalid"));
    // A reset takes rules away.
    assert_eq!(served.admin("POST", "/orgs/other/reset", &Value::Null).0, 200);
    assert_eq!(ask(&token), 200);
    assert_eq!(served.admin("GET", "/orgs/other/faults", &Value::Null).1, json!({"faults": []}));
}

#[test]
fn rules_are_listed_counted_and_taken_away() {
    let served = Served::new();
    let rule = json!({"method": "GET", "path": "limits", "every": 2, "error": "limits-010", "delay_ms": 0});
    let (status, made) = served.admin("POST", "/orgs/default/faults", &rule);
    assert_eq!(
        (status, &made),
        (201, &json!({"id": 1, "method": "GET", "path": "limits", "every": 2, "error": "limits-010", "matched": 0, "fired": 0}))
    );
    let statuses: Vec<u16> = (0..5).map(|_| served.rest("GET", "limits", "*/*", "").status().as_u16()).collect();
    assert_eq!(statuses, [200, 400, 200, 400, 200]);
    assert_eq!(served.rest("GET", "sobjects", "*/*", "").status(), 200);
    let (_, shown) = served.admin("GET", "/orgs/default/faults/1", &Value::Null);
    assert_eq!((&shown["matched"], &shown["fired"]), (&json!(5), &json!(2)));
    // Behind it another one, which strikes where the first does not.
    assert_eq!(served.admin("POST", "/orgs/default/faults", &json!({"error": "limits-001", "path": "limits"})).1["id"], 2);
    let statuses: Vec<u16> = (0..3).map(|_| served.rest("GET", "limits", "*/*", "").status().as_u16()).collect();
    assert_eq!(statuses, [400, 403, 400]);
    assert_eq!(served.admin("DELETE", "/orgs/default/faults/2", &Value::Null).0, 204);
    assert_eq!(served.admin("DELETE", "/orgs/default/faults/2", &Value::Null).0, 404);
    assert_eq!(served.admin("GET", "/orgs/default/faults", &Value::Null).1["faults"].as_array().unwrap().len(), 1);
    assert_eq!(served.admin("DELETE", "/orgs/default/faults", &Value::Null).1, json!({"removed": 1}));
    assert_eq!(served.rest("GET", "limits", "*/*", "").status(), 200);
    for (rule, says) in [
        (json!({"eror": "crud-018"}), "'eror' is not known here"),
        (json!({"error": "crud-999"}), "no error 'crud-999'"),
        (json!({"torn": "most"}), "'half' or a number"),
        (json!({"delay_ms": -1}), "whole number"),
        (json!({"error": "crud-018", "values": ["x"]}), "object of texts"),
        (json!({"error": "crud-018", "status": 70000}), "between 200 and 599"),
    ] {
        let (status, refused) = served.admin("POST", "/orgs/default/faults", &rule);
        assert!(status == 400 && refused["error"]["message"].as_str().unwrap().contains(says), "{rule}: {refused}");
    }
    assert_eq!(served.admin("GET", "/orgs/none/faults", &Value::Null).0, 404);
    for _ in 0..MOST_RULES {
        served.admin("POST", "/orgs/default/faults", &json!({"delay_ms": 1}));
    }
    let (status, refused) = served.admin("POST", "/orgs/default/faults", &json!({"delay_ms": 1}));
    assert!(status == 400 && refused["error"]["message"].as_str().unwrap().contains("100 rules at most"), "{refused}");
}

#[test]
fn harm_goes_with_the_answer() {
    let served = Served::new();
    let harm = |response: &Response<Bytes>| response.extensions().get::<Harm>().copied();
    assert_eq!(harm(&served.rest("GET", "limits", "*/*", "")), None);
    served.rule(json!({"delay_ms": 20, "jitter_ms": 5}));
    let late = harm(&served.rest("GET", "limits", "*/*", "")).unwrap();
    assert!((20..=25).contains(&late.delay.as_millis()) && late.cut.is_none(), "{late:?}");
    served.rule(json!({"torn": 7}));
    let torn = served.rest("GET", "limits", "*/*", "");
    assert_eq!((torn.status().as_u16(), harm(&torn).unwrap().cut), (200, Some(Cut::After(7))));
    served.rule(json!({"torn": "half"}));
    let torn = served.rest("GET", "limits", "*/*", "");
    assert_eq!(harm(&torn).unwrap().cut, Some(Cut::After(torn.body().len() / 2)));
    // Dropped before the work is done: nothing is made; after it: it is.
    let count = || {
        let found: Value = serde_json::from_slice(served.rest("GET", "query?q=SELECT+count()+FROM+Account", "*/*", "").body()).unwrap();
        found["totalSize"].as_u64().unwrap()
    };
    let before = count();
    served.rule(json!({"drop": "before", "method": "POST"}));
    assert_eq!(harm(&served.rest("POST", "sobjects/Account", "*/*", r#"{"Name":"x"}"#)).unwrap().cut, Some(Cut::Drop));
    assert_eq!(count(), before);
    served.rule(json!({"drop": "after", "method": "POST"}));
    assert_eq!(harm(&served.rest("POST", "sobjects/Account", "*/*", r#"{"Name":"x"}"#)).unwrap().cut, Some(Cut::Drop));
    assert_eq!(count(), before + 1);
}

#[test]
fn an_org_can_be_out_of_requests() {
    let served = Served::new();
    served.rule(json!({"out_of_limit": true}));
    let refused = served.rest("GET", "sobjects", "*/*", "");
    assert_eq!(refused.status(), 403);
    assert_eq!(text(&refused), r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#);
    assert_eq!(refused.headers()["sforce-limit-info"], "api-usage=100000/100000");
    // Versions don't count, nor do logins.
    assert_eq!(served.ask("GET", "/services/data", &[], "").status(), 200);
    assert!(text(&served.ask("POST", "/services/oauth2/token", &[], "")).contains("grant type"));
}

#[test]
fn examples_are_well_formed() {
    for row in catalogue::rows() {
        for format in [Format::Json, Format::Xml] {
            let reply = example(row, format);
            assert_eq!(reply.status, row.status, "{}", row.id);
            let body = String::from_utf8(reply.body).unwrap();
            assert!(!body.contains("{context}") && !body.contains("{field"), "{}: {body}", row.id);
        }
    }
}
