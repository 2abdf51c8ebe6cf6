use super::*;
use crate::{Peer, Scheme};
use bytes::Bytes;
use http::{Request, Response};
use orglet_engine::OrgOptions;

const TOKEN: &str = "admin-token";

struct Served(Server);

impl Served {
    fn new() -> Self {
        Self::with(AdminAccess { token: TOKEN.into(), anywhere: false })
    }

    fn with(access: AdminAccess) -> Self {
        let options = OrgOptions { id_seed: Some(1), ..OrgOptions::default() };
        Self(Server::in_memory(options).unwrap().with_admin(access))
    }

    fn send(&self, method: &str, path: &str, host: &str, token: &str, trusted: bool, body: &str) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(path).header("host", host).header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json").body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        self.0.handle(request, Peer { scheme: Scheme::Http, trusted })
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let response = self.send(method, &format!("{ROOT}{path}"), "127.0.0.1:3672", TOKEN, true, body);
        let value = if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() };
        (response.status().as_u16(), value)
    }

    /// A request to the REST API with an org's token.
    fn rest(&self, access: &Value, method: &str, path: &str, body: &str) -> (u16, Value) {
        let token = access["access_token"].as_str().unwrap();
        let response = self.send(method, &format!("/services/data/v62.0/{path}"), "127.0.0.1:3672", token, true, body);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }
}

#[test]
fn routes_and_description_agree() {
    let mut described = Vec::new();
    let mut path = "";
    let paths = DESCRIPTION.split("\npaths:\n").nth(1).unwrap().split("\ncomponents:\n").next().unwrap();
    for line in paths.lines() {
        let deep = line.len() - line.trim_start().len();
        let name = line.trim().trim_end_matches(':');
        match deep {
            2 => path = name,
            4 if ["get", "post", "patch", "put", "delete"].contains(&name) => described.push((name.to_uppercase(), path.to_owned())),
            _ => {}
        }
    }
    let mut routes: Vec<(String, String)> = ROUTES.iter().map(|(verb, path, ..)| ((*verb).to_owned(), (*path).to_owned())).collect();
    described.sort();
    routes.sort();
    assert_eq!(routes, described);
}

#[test]
fn it_answers_its_token_on_this_machine_alone() {
    let served = Served::new();
    let status = |host: &str, token: &str, trusted: bool| served.send("GET", "/orglet/v1/orgs", host, token, trusted, "").status().as_u16();
    for host in ["127.0.0.1:3672", "localhost", "LOCALHOST:80", "[::1]:3672", "127.1.2.3"] {
        assert_eq!(status(host, TOKEN, true), 200, "{host}");
    }
    assert_eq!(status("127.0.0.1", "", true), 401);
    assert_eq!(status("127.0.0.1", "admin-toke", true), 401);
    assert_eq!(status("127.0.0.1", "admin-tokeN", true), 401);
    assert_eq!(status("127.0.0.1", TOKEN, false), 403);
    // A page of another site that had its name lead here.
    assert_eq!(status("evil.example", TOKEN, true), 403);
    // The vendor has no such path.
    let vendor = served.send("GET", "/orglet/v1/orgs", "login.salesforce.com", TOKEN, true, "");
    assert_eq!(vendor.status(), 404);
    assert!(String::from_utf8_lossy(vendor.body()).contains("NOT_FOUND"));
    // The token of an org's administrator is none of the server's.
    let org = served.0.facts().unwrap().access_token;
    assert_eq!(status("127.0.0.1", &org, true), 401);
    let anywhere = Served::with(AdminAccess { token: TOKEN.into(), anywhere: true });
    assert_eq!(anywhere.send("GET", "/orglet/v1/orgs", "orglet.internal", TOKEN, false, "").status(), 200);
    assert_eq!(anywhere.send("GET", "/orglet/v1/orgs", "na1.force.com", TOKEN, false, "").status(), 404);
    let none = Served(Server::in_memory(OrgOptions::default()).unwrap());
    assert_eq!(none.send("GET", "/orglet/v1/orgs", "localhost", "", true, "").status(), 404);
}

#[test]
fn an_org_lives_and_is_compared() {
    let served = Served::new();
    let (status, made) = served.ask("POST", "/orgs", r#"{"name":"a","admin_username":"boss@a.example","admin_password":"pw-1"}"#);
    assert_eq!((status, made["username"].as_str(), made["password"].as_str()), (201, Some("boss@a.example"), Some("pw-1")));
    assert_eq!(made["instance_url"], "http://127.0.0.1:3672");
    assert_eq!(served.ask("POST", "/orgs/a/snapshots", r#"{"name":"s"}"#).0, 201);
    let (status, created) = served.rest(&made, "POST", "sobjects/Account", r#"{"Name":"x","AnnualRevenue":13,"NumberOfEmployees":3}"#);
    assert_eq!(status, 201, "{created}");
    let (_, diff) = served.ask("GET", "/orgs/a/diff?since=s&system_fields=false", "");
    let record = &diff["records"][0];
    assert_eq!((record["object"].as_str(), record["change"].as_str(), &record["id"]), (Some("Account"), Some("added"), &created["id"]));
    assert_eq!((&record["fields"]["AnnualRevenue"], &record["fields"]["NumberOfEmployees"]), (&json!(13.0), &json!(3)));
    let field = r#"{"FullName":"Account.Note__c","Metadata":{"label":"Note","type":"Text","length":20}}"#;
    assert_eq!(served.rest(&made, "POST", "tooling/sobjects/CustomField", field).0, 201);
    assert_eq!(served.rest(&made, "PATCH", &format!("sobjects/Account/{}", created["id"].as_str().unwrap()), r#"{"Note__c":"n"}"#).0, 204);
    assert_eq!(served.ask("POST", "/orgs/a/snapshots", r#"{"name":"s2"}"#).0, 201);
    assert_eq!(served.rest(&made, "PATCH", &format!("sobjects/Account/{}", created["id"].as_str().unwrap()), r#"{"Note__c":"m"}"#).0, 204);
    let (_, diff) = served.ask("GET", "/orgs/a/diff?since=s2&object=Account&system_fields=false", "");
    assert_eq!(diff["records"][0]["fields"], json!({"Note__c": {"old": "n", "new": "m"}}));
    let (_, diff) = served.ask("GET", "/orgs/a/diff?since=s&until=s2&limit=1", "");
    assert_eq!(
        (diff["metadata"][0]["fullName"].as_str(), diff["metadata"][0]["change"].as_str()),
        (Some("Account.Note__c"), Some("added"))
    );
    assert_eq!(diff["metadata"][0]["new"]["length"], 20);

    assert_eq!(served.ask("POST", "/orgs/a/restore", r#"{"snapshot":"s"}"#).0, 200);
    assert_eq!(served.rest(&made, "GET", "query?q=SELECT+count()+FROM+Account", "").1["totalSize"], 0);
    assert_eq!(served.ask("POST", "/orgs", r#"{"name":"b","template":"s2"}"#).1["template"], "s2");
    let (_, session) = served.ask("POST", "/orgs/b/session", "");
    assert_eq!(served.rest(&session, "GET", "query?q=SELECT+Note__c+FROM+Account", "").1["records"][0]["Note__c"], "n");
    assert_eq!(served.ask("POST", "/orgs/b/reset", "{}").0, 200);
    let (_, listed) = served.ask("GET", "/orgs", "");
    let names: Vec<&str> = listed["orgs"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "default"]);
    assert_eq!(served.ask("GET", &format!("/orgs/{}", made["id"].as_str().unwrap()), "").1["name"], "a");
    assert_eq!(
        served.ask("DELETE", "/snapshots/s2", ""),
        (409, json!({"error": {"code": "conflict", "message": "orgs were made from the snapshot 's2': b"}}))
    );
    assert_eq!(served.ask("DELETE", "/orgs/b", "").0, 204);
    assert_eq!(served.ask("DELETE", "/snapshots/s2", "").0, 204);
    assert_eq!(served.ask("GET", "/snapshots", "").1["snapshots"].as_array().unwrap().len(), 1);
    let metrics = served.send("GET", "/orglet/v1/metrics", "localhost", TOKEN, true, "");
    let text = String::from_utf8_lossy(metrics.body()).into_owned();
    assert!(text.contains("orglet_requests_total{resource=\"basic_information\",status=\"201\"} 1"), "{text}");
}

#[test]
fn settings_are_shown_and_changed() {
    let served = Served::new();
    let (status, none) = served.ask("GET", "/orgs/default/settings", "");
    let mut names: Vec<&str> = none.as_object().unwrap().keys().map(String::as_str).collect();
    let mut known: Vec<&str> = orglet_engine::Setting::all().map(orglet_engine::Setting::name).collect();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!((status, names), (200, known));
    assert!(none.as_object().unwrap().values().all(|value| value.is_null() || value == false), "{none}");
    let (status, made) = served.ask("POST", "/orgs", r#"{"name":"a","settings":{"dailyApiRequests":2}}"#);
    assert_eq!(status, 201, "{made}");
    let ask = |body: &str| served.ask("PATCH", "/orgs/a/settings", body);
    let (status, now) = ask(r#"{"setAuditFields":true,"dailyApiRequests":1}"#);
    assert_eq!((status, &now["setAuditFields"], &now["dailyApiRequests"]), (200, &json!(true), &json!(1)));
    assert_eq!((served.rest(&made, "GET", "limits", "").0, served.rest(&made, "GET", "limits", "").0), (200, 403));
    assert_eq!(ask(r#"{"dailyApiRequests":null}"#).1["dailyApiRequests"], json!(null));
    assert_eq!(served.rest(&made, "GET", "limits", "").0, 200);
    for (body, text) in [
        (r#"{"nonsense":1}"#, "there is no setting 'nonsense'"),
        (r#"{"dailyApiRequests":-1}"#, "a whole number from 0"),
        (r#"{"dailyApiRequests":1.5}"#, "a whole number"),
        (r#"{"dailyApiRequests":true}"#, "a whole number from 0"),
        (r#"{"setAuditFields":1}"#, "true or false"),
        (r#"{"dailyApiRequests":9,"longRequestSeconds":"x"}"#, "a whole number"),
    ] {
        let (status, answer) = ask(body);
        assert!(status == 400 && answer["error"]["message"].as_str().unwrap().contains(text), "{body} {answer}");
    }
    assert_eq!(served.ask("GET", "/orgs/a/settings", "").1["dailyApiRequests"], json!(null));
    assert_eq!(served.ask("POST", "/orgs", r#"{"name":"b","settings":{"dailyApiRequests":-2}}"#).0, 400);
    assert_eq!(served.ask("GET", "/orgs/b", "").0, 404);
}

#[test]
fn what_is_wrong_is_said_in_one_shape() {
    let served = Served::new();
    for (method, path, body, status, code, text) in [
        ("GET", "/nothing", "", 404, "not_found", "there is no /orglet/v1/nothing"),
        ("PUT", "/orgs", "", 405, "method_not_allowed", "there is GET, POST"),
        ("GET", "/orgs/none", "", 404, "not_found", "there is no org 'none'"),
        ("POST", "/orgs", "{", 400, "invalid", "the body is no JSON"),
        ("POST", "/orgs", "[]", 400, "invalid", "no JSON object"),
        ("POST", "/orgs", r#"{"nme":"a"}"#, 400, "invalid", "'nme' is not known"),
        ("POST", "/orgs", r#"{"name":1}"#, 400, "invalid", "'name' is a text"),
        ("POST", "/orgs", r#"{"sample_data":"yes"}"#, 400, "invalid", "true or false"),
        ("POST", "/orgs", r#"{"projects":["x"]}"#, 400, "invalid", "absolute"),
        ("POST", "/orgs", r#"{"name":"default"}"#, 409, "conflict", "already"),
        ("POST", "/orgs/default/reset", r#"{"x":1}"#, 400, "invalid", "not known"),
        ("POST", "/orgs/default/restore", "{}", 400, "invalid", "'snapshot' says which"),
        ("GET", "/orgs/default/diff", "", 400, "invalid", "say which"),
        ("GET", "/orgs/default/diff?limit=0", "", 400, "invalid", "above 0"),
        ("GET", "/orgs/default/diff?sins=s", "", 400, "invalid", "'sins' is not known"),
        ("POST", "/backup", r#"{"folder":"here"}"#, 400, "invalid", "absolute"),
        ("DELETE", "/orgs/default", "", 409, "conflict", "can be reset"),
    ] {
        let (found, value) = served.ask(method, path, body);
        assert_eq!((found, value["error"]["code"].as_str()), (status, Some(code)), "{method} {path} {value}");
        assert!(value["error"]["message"].as_str().unwrap().contains(text), "{method} {path} {value}");
    }
}

#[test]
fn every_login_reaches_the_org_of_its_user() {
    let served = Served::new();
    let (a, b) = (served.ask("POST", "/orgs", r#"{"name":"a"}"#).1, served.ask("POST", "/orgs", r#"{"name":"b"}"#).1);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let form = |path: &str, body: String| {
        let request = Request::builder().method("POST").uri(path).header("host", "orglet.test");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Bytes::from(body)).unwrap();
        served.0.handle(request, Peer { scheme: Scheme::Http, trusted: false })
    };
    let granted = form(
        "/services/oauth2/token",
        format!(
            "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
            text(&a, "client_id"),
            text(&a, "client_secret"),
            text(&a, "username"),
            text(&a, "password")
        ),
    );
    let granted: Value = serde_json::from_slice(granted.body()).unwrap();
    assert!(text(&granted, "id").contains(&text(&a, "org_id")), "{granted}");
    let token = text(&granted, "access_token");
    assert!(a["org_id"].as_str().unwrap().starts_with(token.split('!').next().unwrap()));

    let login = |scope: &str| {
        let body = format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\"><soapenv:Header>{scope}</soapenv:Header>\
             <soapenv:Body><urn:login><urn:username>{}</urn:username><urn:password>{}</urn:password></urn:login></soapenv:Body></soapenv:Envelope>",
            text(&b, "username"),
            text(&b, "password")
        );
        let request =
            Request::builder().method("POST").uri("/services/Soap/u/62.0").header("host", "orglet.test").header("soapaction", "login");
        let request = request.header("content-type", "text/xml").body(Bytes::from(body)).unwrap();
        let answer = served.0.handle(request, Peer { scheme: Scheme::Http, trusted: false });
        String::from_utf8_lossy(answer.body()).into_owned()
    };
    assert!(login("").contains(&format!("<organizationId>{}</organizationId>", text(&b, "org_id"))));
    let scoped = |org: &Value| {
        login(&format!("<urn:LoginScopeHeader><urn:organizationId>{}</urn:organizationId></urn:LoginScopeHeader>", text(org, "org_id")))
    };
    assert!(scoped(&b).contains("sessionId") && scoped(&a).contains("INVALID_LOGIN"));

    // The identity URL of one org with a session of another.
    let identity = |org: &Value| {
        let path = format!("/id/{}/{}", text(org, "org_id"), text(org, "user_id"));
        let answer = served.send("GET", &path, "orglet.test", &token, false, "");
        (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
    };
    assert_eq!(identity(&b), (403, "Wrong_Org".to_owned()));
    assert!(identity(&a).0 == 200 && identity(&a).1.contains(&text(&a, "username")));
    assert_eq!(form("/services/oauth2/revoke", format!("token={token}")).status(), 200);
    assert_eq!(identity(&a).0, 403);
}

#[test]
fn unknown_parameters_are_refused() {
    let served = Served::new();
    let (status, rule) = served.ask("POST", "/orgs/default/faults", r#"{"delay_ms":1}"#);
    assert_eq!(status, 201, "{rule}");
    for (method, pattern, ..) in ROUTES {
        let filled = pattern.replace("{org}", "default").replace("{fault}", &rule["id"].to_string()).replace("{error}", "crud-018");
        for (path, body, says) in [
            (format!("{filled}?id=3"), "", "'id' is not known here"),
            (format!("{filled}?after=3&after=4"), "", "'after' is "),
            (filled.clone(), r#"{"idd":3}"#, "'idd' is not known here"),
        ] {
            // Settings are refused by a word of their own.
            let says = if *method == "PATCH" && !body.is_empty() { "idd" } else { says };
            // What a body has to have is asked for first.
            let (status, refused) = served.ask(method, &path, body);
            let text = refused["error"]["message"].as_str().unwrap_or_default();
            let asks = ["says which", "says where", "a backup has"].iter().any(|asks| !body.is_empty() && text.contains(asks));
            assert!(status == 400 && (asks || text.contains(says)), "{method} {path} {body} {status} {refused}");
        }
    }
    let (_, refused) = served.ask("GET", "/orgs/default/log?limit=3&limit=4", "");
    assert!(refused["error"]["message"].as_str().unwrap().contains("'limit' is given twice"), "{refused}");
    let (_, refused) = served.ask("GET", "/orgs/default/diff?object=Account&object=Case", "");
    assert!(!refused["error"]["message"].as_str().unwrap().contains("twice"), "{refused}");
    assert_eq!(served.ask("GET", "/orgs/default/faults", "").1["faults"].as_array().unwrap().len(), 1);
}
