//! Two servers on one PostgreSQL database, with nothing else in common: what one does, the other knows at once.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use orglet_testkit::Target;
use orglet_testkit::fixtures::{VERSION, create, custom_field, custom_object, form, send_json};
use orglet_testkit::postgres::Database;
use orglet_testkit::target::{at_postgres, sharing_postgres};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn two() -> (Box<dyn Target>, Box<dyn Target>) {
    let mut servers = sharing_postgres(2).unwrap();
    let b = servers.pop().unwrap();
    (servers.pop().unwrap(), b)
}

fn query(target: &dyn Target, soql: &str) -> Value {
    let q: String = form(soql);
    let (status, body) = send_json(target, "GET", &format!("query?q={q}"), None);
    assert_eq!(status, 200, "{soql}: {body}");
    body
}

/// Sends a request with a token of its own.
fn with_token(target: &dyn Target, token: &str, path: &str) -> u16 {
    let request = http::Request::builder()
        .uri(format!("/services/data/{VERSION}/{path}"))
        .header("host", "orglet.example")
        .header("authorization", format!("Bearer {token}"));
    target.send(request.body(Default::default()).unwrap()).status().as_u16()
}

fn login(target: &dyn Target) -> String {
    let facts = target.facts();
    let body = format!(
        "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
        form(&facts.client_id),
        form(&facts.client_secret),
        form(&facts.username),
        form(&facts.password)
    );
    let request = http::Request::post("/services/oauth2/token")
        .header("host", "orglet.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into())
        .unwrap();
    let answer: Value = serde_json::from_slice(target.send(request).body()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_field_made_on_one_is_usable_on_the_other() {
    let (a, b) = two();
    let text = json!({"type": "Text", "label": "Color", "length": 20});
    let account = create(&*b, "Account", &json!({"Name": "x"})).unwrap();
    custom_field(&*a, "Account.Color__c", &text).unwrap();
    let (status, body) = send_json(&*b, "PATCH", &format!("sobjects/Account/{account}"), Some(&json!({"Color__c": "red"})));
    assert_eq!(status, 204, "{body}");
    assert_eq!(query(&*a, "SELECT Color__c FROM Account WHERE Color__c = 'RED'")["records"][0]["Color__c"], "red");

    custom_object(&*b, "Thing__c").unwrap();
    custom_field(&*a, "Thing__c.Size__c", &json!({"type": "Number", "label": "Size", "precision": 5, "scale": 1})).unwrap();
    create(&*b, "Thing__c", &json!({"Size__c": 2.5})).unwrap();
    assert_eq!(query(&*a, "SELECT Size__c FROM Thing__c")["records"][0]["Size__c"], 2.5);

    let id = query_tooling(&*a, "SELECT Id FROM CustomField WHERE DeveloperName = 'Color'");
    assert_eq!(send_json(&*a, "DELETE", &format!("tooling/sobjects/CustomField/{id}"), None).0, 204);
    let refused = create(&*b, "Account", &json!({"Name": "y", "Color__c": "blue"})).unwrap_err();
    assert!(refused.contains("No such column 'Color__c'"), "{refused}");
}

fn query_tooling(target: &dyn Target, soql: &str) -> String {
    let (_, body) = send_json(target, "GET", &format!("tooling/query?q={}", form(soql)), None);
    body["records"][0]["Id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[test]
fn a_session_ends_on_both() {
    let (a, b) = two();
    let token = login(&*a);
    assert_eq!(with_token(&*b, &token, "limits"), 200);
    assert_eq!(with_token(&*a, &token, "limits"), 200);
    let request = http::Request::post("/services/oauth2/revoke")
        .header("host", "orglet.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}", form(&token)).into())
        .unwrap();
    assert_eq!(b.send(request).status(), 200);
    assert_eq!(with_token(&*a, &token, "limits"), 401);
    assert_eq!(with_token(&*b, &token, "limits"), 401);
}

#[test]
fn a_page_that_one_put_aside_is_read_on_the_other() {
    let (a, b) = two();
    for i in 0..250 {
        create(&*a, "Account", &json!({"Name": format!("Account {i:03}")})).unwrap();
    }
    let request = http::Request::builder()
        .uri(format!("/services/data/{VERSION}/query?q={}", form("SELECT Name FROM Account ORDER BY Name")))
        .header("host", "orglet.example")
        .header("authorization", format!("Bearer {}", a.facts().access_token))
        .header("Sforce-Query-Options", "batchSize=200");
    let first: Value = serde_json::from_slice(a.send(request.body(Default::default()).unwrap()).body()).unwrap();
    assert_eq!(first["done"], false, "{first}");
    let (status, rest) = send_json(&*b, "GET", first["nextRecordsUrl"].as_str().unwrap(), None);
    assert_eq!(status, 200, "{rest}");
    assert_eq!(rest["records"].as_array().unwrap().len(), 50);
    assert_eq!(rest["records"][49]["Name"], "Account 249");
}

#[test]
fn what_one_knows_of_users_and_tables_the_other_learns() {
    let (a, b) = two();
    let user = b.facts().user_id;
    assert_eq!(send_json(&*a, "PATCH", &format!("sobjects/User/{user}"), Some(&json!({"LocaleSidKey": "de_DE"}))).0, 204);
    let request = http::Request::builder()
        .uri("/services/oauth2/userinfo")
        .header("host", "orglet.example")
        .header("authorization", format!("Bearer {}", b.facts().access_token));
    let info: Value = serde_json::from_slice(b.send(request.body(Default::default()).unwrap()).body()).unwrap();
    assert_eq!(info["locale"], "de_DE", "{info}");

    // The table of contacts is made by one, after the other looked; its delete must see to it all the same.
    let account = create(&*b, "Account", &json!({"Name": "x"})).unwrap();
    let contact = create(&*a, "Contact", &json!({"LastName": "y", "AccountId": account})).unwrap();
    assert_eq!(send_json(&*b, "DELETE", &format!("sobjects/Account/{account}"), None).0, 204);
    assert_eq!(send_json(&*a, "GET", &format!("sobjects/Contact/{contact}"), None).0, 404, "a contact goes with its account");
}

#[test]
fn ids_and_external_ids_are_given_once() {
    let (a, b) = two();
    custom_field(&*a, "Account.Ext__c", &json!({"type": "Text", "label": "Ext", "length": 40, "externalId": true, "unique": true}))
        .unwrap();
    let servers = [a, b];
    let results: Vec<Result<String, String>> = std::thread::scope(|scope| {
        let savers: Vec<_> = (0..8)
            .map(|n| {
                let target = &*servers[n % 2];
                scope.spawn(move || -> Vec<_> {
                    (0..12).map(|i| create(target, "Account", &json!({"Name": format!("{n} {i}"), "Ext__c": format!("K{i}")}))).collect()
                })
            })
            .collect();
        savers.into_iter().flat_map(|s| s.join().unwrap()).collect()
    });
    let made: BTreeSet<&String> = results.iter().flatten().collect();
    assert_eq!((results.iter().flatten().count(), made.len()), (12, 12));
    for refused in results.iter().filter_map(|r| r.as_ref().err()) {
        // As on SQLite, it names the record that has the value.
        let named = made.iter().any(|id| refused.contains(&format!("Ext__c duplicates value on record with id: {id}")));
        assert!(refused.contains("DUPLICATE_VALUE") && named, "{refused}");
    }
    assert_eq!(query(&*servers[0], "SELECT COUNT() FROM Account")["totalSize"], 12);
}

#[test]
fn an_upsert_meets_the_row_that_another_made_meanwhile() {
    let (a, b) = two();
    custom_field(&*a, "Account.Ext__c", &json!({"type": "Text", "label": "Ext", "length": 40, "externalId": true, "unique": true}))
        .unwrap();
    let (servers, keys) = ([a, b], 60);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let upsert = |target: &dyn Target, key: usize| {
            send_json(target, "PATCH", &format!("sobjects/Account/Ext__c/K{key}"), Some(&json!({"Name": "x"})))
        };
        let savers: Vec<_> = (0..6)
            .map(|n| {
                let target = &*servers[n % 2];
                scope.spawn(move || -> Vec<_> { (0..keys).map(|key| upsert(target, key)).collect() })
            })
            .collect();
        savers.into_iter().flat_map(|s| s.join().unwrap()).collect()
    });
    let count = |wanted| answers.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!((count(201), count(200)), (keys, 5 * keys), "{:?}", answers.iter().find(|(status, _)| *status >= 300));
}

#[test]
fn upserts_that_try_again_write_once_what_goes_along() {
    let (a, b) = two();
    custom_field(&*a, "Case.Ext__c", &json!({"type": "Text", "label": "Ext", "length": 40, "externalId": true, "unique": true})).unwrap();
    let (servers, keys) = ([a, b], 40);
    std::thread::scope(|scope| {
        for n in 0..6 {
            let target = &*servers[n % 2];
            scope.spawn(move || {
                for key in 0..keys {
                    let body = json!({"Subject": "x", "Comments": format!("{n}")});
                    let (status, body) = send_json(target, "PATCH", &format!("sobjects/Case/Ext__c/K{key}"), Some(&body));
                    assert!(status < 300, "{status} {body}");
                }
            });
        }
    });
    assert_eq!(query(&*servers[0], "SELECT COUNT() FROM Case")["totalSize"], keys);
    assert_eq!(query(&*servers[0], "SELECT COUNT() FROM CaseComment")["totalSize"], 6 * keys);
}

#[test]
fn a_database_that_is_not_there_is_told_as_that() {
    let database = Database::new().unwrap();
    let target = at_postgres(&database.address()).unwrap();
    let account = create(&*target, "Account", &json!({"Name": "x"})).unwrap();
    drop(database);
    let body = json!({"Name": "y"});
    for (method, path, body) in [
        ("GET", format!("sobjects/Account/{account}"), None),
        ("GET", "query?q=SELECT+Id+FROM+Account".to_owned(), None),
        ("PATCH", format!("sobjects/Account/{account}"), Some(&body)),
        ("POST", "sobjects/Account".to_owned(), Some(&body)),
        ("DELETE", format!("sobjects/Account/{account}"), None),
    ] {
        let told = json!([{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}]);
        assert_eq!(send_json(&*target, method, &path, body), (503, told), "{method} {path}");
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/services/data/{VERSION}/{path}"))
            .header("accept", "application/xml")
            .header("authorization", format!("Bearer {}", target.facts().access_token));
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let response = target.send(request.body(bytes.into()).unwrap());
        let told = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Errors><Error><errorCode>SERVER_UNAVAILABLE</errorCode>\
                    <message>Server Unavailable</message></Error></Errors>";
        assert_eq!((response.status().as_u16(), std::str::from_utf8(response.body()).unwrap()), (503, told), "{method} {path}");
    }
}

#[test]
fn changes_of_metadata_at_once_all_happen() {
    let (a, b) = two();
    let servers = [a, b];
    let made: Vec<Result<String, String>> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..6)
            .map(|n| {
                let target = &*servers[n % 2];
                scope.spawn(move || custom_object(target, &format!("Thing{n}__c")))
            })
            .collect();
        makers.into_iter().map(|m| m.join().unwrap()).collect()
    });
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let prefixes: BTreeSet<String> =
        (0..6).map(|n| create(&*servers[n % 2], &format!("Thing{n}__c"), &json!({"Name": "x"})).unwrap()[..3].to_owned()).collect();
    assert_eq!(prefixes.len(), 6);
}

/// What an answer to a save must be when the record above it may go meanwhile: done, or that the other is not there.
fn lost_to_a_delete(made: &Result<String, String>) -> bool {
    made.as_ref().is_err_and(|refused| ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"].iter().any(|code| refused.contains(code)))
}

#[test]
fn nothing_is_left_below_what_another_server_deletes() {
    let (a, b) = two();
    for round in 0..25 {
        let account = create(&*a, "Account", &json!({"Name": "x"})).unwrap();
        let contact = create(&*a, "Contact", &json!({"LastName": "y", "AccountId": account})).unwrap();
        // One creates below the account, and below its contact, while the other deletes the account with all below it.
        let (deleted, made) = std::thread::scope(|scope| {
            let (account, contact, b) = (&account, &contact, &*b);
            let below = scope.spawn(move || create(b, "Contact", &json!({"LastName": "z", "AccountId": account})));
            let deeper = scope.spawn(move || create(b, "Case", &json!({"Subject": "z", "ContactId": contact})));
            let deleted = send_json(&*a, "DELETE", &format!("sobjects/Account/{account}"), None);
            (deleted, [below.join().unwrap(), deeper.join().unwrap()])
        });
        // A case forbids that its contact goes.
        let restricted = deleted.1.to_string().contains("DELETE_FAILED") && made[1].is_ok();
        assert!(deleted.0 == 204 || restricted, "round {round}: {deleted:?}");
        assert!(made.iter().all(|m| m.is_ok() || lost_to_a_delete(m)), "round {round}: {made:?}");
        let live = |soql: &str| query(&*a, soql)["totalSize"].as_u64().unwrap();
        if deleted.0 == 204 {
            let contacts = live(&format!("SELECT Id FROM Contact WHERE AccountId = '{account}'"));
            let cases = live(&format!("SELECT Id FROM Case WHERE ContactId = '{contact}'"));
            assert_eq!((contacts, cases), (0, 0), "round {round}: {made:?}");
        }
    }
}

#[test]
fn two_servers_put_no_record_above_itself() {
    let (a, b) = two();
    for round in 0..25 {
        // x is above y, v above w. One puts y above v, the other w above x: only one may.
        let account = |parent: Option<&str>| create(&*a, "Account", &json!({"Name": "x", "ParentId": parent})).unwrap();
        let (x, v) = (account(None), account(None));
        let (y, w) = (account(Some(&x)), account(Some(&v)));
        let put = |target: &dyn Target, child: &str, parent: &str| {
            send_json(target, "PATCH", &format!("sobjects/Account/{child}"), Some(&json!({"ParentId": parent})))
        };
        let answers = std::thread::scope(|scope| {
            let (b, x, w) = (&*b, &x, &w);
            let other = scope.spawn(move || put(b, x, w));
            [put(&*a, &v, &y), other.join().unwrap()]
        });
        let done = answers.iter().filter(|(status, _)| *status == 204).count();
        let refused = answers.iter().filter(|(_, body)| body[0]["errorCode"] == "CIRCULAR_DEPENDENCY").count();
        assert_eq!((done, refused), (1, 1), "round {round}: {answers:?}");
    }
}

/// The requests of the day, as the header of an answer to another request shows them.
fn used(target: &dyn Target) -> u64 {
    let request = http::Request::builder()
        .uri(format!("/services/data/{VERSION}/sobjects/Account"))
        .header("host", "orglet.example")
        .header("authorization", format!("Bearer {}", target.facts().access_token));
    let answer = target.send(request.body(Default::default()).unwrap());
    let shown = answer.headers()["sforce-limit-info"].to_str().unwrap().to_owned();
    shown.strip_prefix("api-usage=").unwrap().split_once('/').unwrap().0.parse().unwrap()
}

#[test]
fn api_requests_are_counted_together() {
    let (a, b) = two();
    let begin = used(&*a);
    assert_eq!((used(&*a), used(&*a)), (begin + 1, begin + 2));
    let other = used(&*b);
    a.tick();
    b.tick();
    // Five in all, of which the first server has told three.
    assert_eq!(used(&*b), begin + 2 + other + 1);
    b.tick();
    // What it counts itself shows at once; what others did, once they met.
    let before = used(&*a);
    a.tick();
    assert!(used(&*a) > before);
    assert_eq!(used(&*a), begin + 2 + other + 4);
    // The resource shows what all have told.
    let (_, limits) = send_json(&*b, "GET", "limits", None);
    let daily = &limits["DailyApiRequests"];
    let all = daily["Max"].as_u64().unwrap() - daily["Remaining"].as_u64().unwrap();
    assert!(all >= begin + 2 + other + 2, "{limits}");
    a.tick();
    let (_, limits) = send_json(&*b, "GET", "limits", None);
    let daily = &limits["DailyApiRequests"];
    assert_eq!(daily["Max"].as_u64().unwrap() - daily["Remaining"].as_u64().unwrap(), begin + 2 + other + 6, "{limits}");
}

#[test]
fn a_look_on_one_outlives_a_change_of_users_on_the_other() {
    let (a, b) = two();
    let account = create(&*a, "Account", &json!({"Name": "x"})).unwrap();
    b.tick();
    let (path, user) = (format!("sobjects/Account/{account}"), a.facts().user_id);
    assert_eq!(send_json(&*b, "GET", &path, None).0, 200);
    assert_eq!(send_json(&*a, "PATCH", &format!("sobjects/User/{user}"), Some(&json!({"LocaleSidKey": "de_DE"}))).0, 204);
    let (_, shown) = send_json(&*b, "GET", &format!("{path}?fields=LastViewedDate"), None);
    assert!(shown["LastViewedDate"].is_string(), "{shown}");
}
