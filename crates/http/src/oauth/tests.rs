use crate::{Peer, Scheme, Server};
use bytes::Bytes;
use http::{Request, Response};
use orglet_engine::{OrgFacts, OrgOptions};

const ORIGIN: &str = "http://orglet.example:3672";

struct Org {
    server: Server,
    facts: OrgFacts,
}

impl Org {
    fn new() -> Self {
        let server = Server::in_memory(OrgOptions::default()).unwrap();
        let facts = server.facts().unwrap();
        Self { server, facts }
    }

    fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(uri).header("host", "orglet.example:3672");
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = Peer { scheme: Scheme::Http, trusted: false };
        self.server.handle(request.body(Bytes::from(body.to_owned())).unwrap(), peer)
    }

    fn token(&self, body: &str) -> (u16, String) {
        told(&self.send("POST", "/services/oauth2/token", &[], body))
    }

    fn client(&self) -> String {
        format!("client_id={}&client_secret={}", self.facts.client_id, self.facts.client_secret)
    }

    /// A new session.
    fn session(&self) -> String {
        self.server.engine().login(&self.facts.username, &self.facts.password).ok().unwrap().identity.token.to_string()
    }

    fn id_path(&self) -> String {
        format!("/id/{}/{}", self.facts.org_id, self.facts.user_id)
    }
}

fn body(r: &Response<Bytes>) -> String {
    String::from_utf8(r.body().to_vec()).unwrap()
}

fn told(r: &Response<Bytes>) -> (u16, String) {
    (r.status().as_u16(), body(r))
}

fn content_type(r: &Response<Bytes>) -> &str {
    r.headers().get("content-type").map_or("", |v| v.to_str().unwrap())
}

fn keys(text: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn password_grant() {
    let org = Org::new();
    let facts = &org.facts;
    for secret in [facts.password.clone(), format!("{}{}", facts.password, facts.security_token)] {
        let (status, text) = org.token(&format!("grant_type=password&{}&username={}&password={secret}", org.client(), facts.username));
        assert_eq!(status, 200, "{text}");
        assert_eq!(keys(&text), ["access_token", "instance_url", "id", "token_type", "issued_at", "signature"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["instance_url"], ORIGIN);
        assert_eq!(value["id"], format!("{ORIGIN}{}", org.id_path()));
        assert_eq!(value["token_type"], "Bearer");
        assert!(value["issued_at"].as_str().unwrap().bytes().all(|b| b.is_ascii_digit()));
        let token = value["access_token"].as_str().unwrap();
        assert!(token.starts_with(&format!("{}!", &facts.org_id[..15])));
        assert!(org.server.engine().authenticate(token).unwrap().is_some());
    }
}

#[test]
fn client_credentials_in_body_and_header() {
    let org = Org::new();
    let (status, text) = org.token(&format!("grant_type=client_credentials&{}", org.client()));
    assert_eq!(status, 200);
    assert_eq!(keys(&text), ["access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"]);
    use base64::Engine as _;
    let basic = |text: String| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
    let with =
        |header: &str| told(&org.send("POST", "/services/oauth2/token", &[("authorization", header)], "grant_type=client_credentials"));
    assert_eq!(with(&basic(format!("{}:{}", org.facts.client_id, org.facts.client_secret))).0, 200);
    for bad in [basic(format!("{}:x", org.facts.client_id)), "Basic ???".to_owned(), basic("nocolon".to_owned())] {
        assert_eq!(with(&bad), (400, r#"{"error":"invalid_client","error_description":"invalid client credentials"}"#.to_owned()), "{bad}");
    }
}

#[test]
fn token_refusals() {
    let org = Org::new();
    let (client, user) = (org.client(), &org.facts.username);
    for (form, error, description) in [
        (format!("grant_type=password&{client}&username={user}&password=wrong"), "invalid_grant", "authentication failure"),
        (format!("grant_type=password&{client}&username=nobody@example.com&password=x"), "invalid_grant", "authentication failure"),
        (
            format!("grant_type=password&client_id=x&client_secret=x&username={user}&password=x"),
            "invalid_client_id",
            "client identifier invalid",
        ),
        (format!("grant_type=password&username={user}&password=x"), "invalid_client_id", "client identifier invalid"),
        (
            format!("grant_type=password&client_id={}&username={user}&password=x", org.facts.client_id),
            "invalid_client",
            "invalid client credentials",
        ),
        (format!("grant_type=client_credentials&client_id={}", org.facts.client_id), "invalid_client", "invalid client credentials"),
        ("grant_type=client_credentials&client_id=x".to_owned(), "invalid_client_id", "client identifier invalid"),
        (format!("grant_type=password&{client}&password=x"), "invalid_request", "missing required parameter: username"),
        (format!("grant_type=password&{client}&username={user}&password="), "invalid_request", "missing required parameter: password"),
        (format!("grant_type=password&{client}&username=a&username=b&password=x"), "invalid_request", "duplicate parameter: username"),
        (format!("grant_type=client_credentials&{client}&scope=api"), "invalid_request", "scope parameter not supported"),
        (format!("grant_type=client_credentials&{client}&format=yaml"), "invalid_request", "format not supported"),
        (format!("grant_type=refresh_token&{client}&refresh_token=x"), "unsupported_grant_type", "grant type not supported"),
        (format!("grant_type=magic&{client}"), "unsupported_grant_type", "grant type not supported"),
        (client.clone(), "unsupported_grant_type", "grant type not supported"),
        (String::new(), "unsupported_grant_type", "grant type not supported"),
    ] {
        let want = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        assert_eq!(org.token(&form), (400, want), "{form}");
    }
    let as_json = org.send("POST", "/services/oauth2/token", &[("content-type", "application/json")], "");
    assert_eq!(as_json.status(), 400);
    let get = told(&org.send("GET", &format!("/services/oauth2/token?grant_type=client_credentials&{client}"), &[], ""));
    assert_eq!(get, (400, r#"{"error":"invalid_request","error_description":"must use HTTP POST"}"#.to_owned()));
    assert_eq!(org.send("PUT", "/services/oauth2/token", &[], "").status(), 405);
}

#[test]
fn token_formats() {
    let org = Org::new();
    let bad = "grant_type=magic";
    let xml = org.send("POST", "/services/oauth2/token", &[("accept", "application/xml")], bad);
    assert_eq!(content_type(&xml), "application/xml; charset=UTF-8");
    assert!(
        body(&xml)
            .ends_with("<error>unsupported_grant_type</error><error_description>grant type not supported</error_description></OAuth>")
    );
    let form = org.send("POST", "/services/oauth2/token?format=urlencoded", &[("accept", "application/json")], bad);
    assert_eq!(content_type(&form), "application/x-www-form-urlencoded;charset=UTF-8");
    assert_eq!(body(&form), "error=unsupported_grant_type&error_description=grant+type+not+supported");
    // All of it may stand in the URL.
    let url = format!("/services/oauth2/token?grant_type=client_credentials&{}", org.client());
    let json = org.send("POST", &url, &[], "");
    assert_eq!((json.status().as_u16(), content_type(&json)), (200, "application/json;charset=UTF-8"));
    assert!(json.headers().get("cache-control").unwrap().to_str().unwrap().contains("no-store"));
}

#[test]
fn revoking() {
    let org = Org::new();
    for method in ["POST", "GET"] {
        let token = org.session();
        let uri = format!("/services/oauth2/revoke?token={token}");
        let done = if method == "GET" {
            org.send("GET", &uri, &[], "")
        } else {
            org.send("POST", "/services/oauth2/revoke", &[], &format!("token={token}"))
        };
        assert_eq!(told(&done), (200, String::new()));
        assert!(org.server.engine().authenticate(&token).unwrap().is_none());
        assert_eq!(told(&org.send("GET", &uri, &[], "")), (400, "error=invalid_token&error_description=invalid%20token".to_owned()));
    }
    let unsupported = (400, "error=unsupported_token_type&error_description=this%20token%20type%20is%20not%20supported".to_owned());
    for token in ["nonsense", org.facts.access_token.as_str()] {
        assert_eq!(told(&org.send("POST", "/services/oauth2/revoke", &[], &format!("token={token}"))), unsupported);
    }
    assert!(org.server.engine().authenticate(&org.facts.access_token).unwrap().is_some());
    let json = org.send("POST", "/services/oauth2/revoke", &[("accept", "application/json")], "token=x");
    assert_eq!(body(&json), r#"{"error":"unsupported_token_type","error_description":"this token type is not supported"}"#);
    for bad in ["", "token=", "token=a&token=b", "token=a&callback=f"] {
        let (status, text) = told(&org.send("POST", "/services/oauth2/revoke", &[], bad));
        assert_eq!(status, 400, "{bad}");
        assert!(text.starts_with("error=invalid_request&error_description="), "{text}");
    }
    assert_eq!(org.send("DELETE", "/services/oauth2/revoke", &[], "").status(), 405);
}

#[test]
fn introspecting() {
    let org = Org::new();
    let ask = |form: String| told(&org.send("POST", "/services/oauth2/introspect", &[], &form));
    let (client, token) = (org.client(), org.session());
    let (status, text) = ask(format!("{client}&token={token}&token_type_hint=access_token"));
    assert_eq!(status, 200, "{text}");
    assert_eq!(keys(&text), ["active", "scope", "client_id", "username", "sub", "token_type", "exp", "iat", "nbf"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["exp"].as_i64().unwrap() - value["iat"].as_i64().unwrap(), orglet_engine::auth::SESSION_SECONDS);
    assert_eq!((&value["active"], &value["username"]), (&true.into(), &org.facts.username.as_str().into()));
    let (_, standing) = ask(format!("{client}&token={}", org.facts.access_token));
    assert_eq!(keys(&standing), ["active", "scope", "client_id", "username", "sub", "token_type"]);
    assert_eq!(ask(format!("{client}&token=nonsense")), (200, r#"{"active":false}"#.to_owned()));
    for (form, error) in [
        (format!("token={token}"), "invalid_client_id"),
        (format!("client_id={}&client_secret=x&token={token}", org.facts.client_id), "invalid_client"),
        (client, "invalid_request"),
    ] {
        let (status, text) = ask(form);
        assert!(status == 400 && text.starts_with(&format!(r#"{{"error":"{error}","#)), "{text}");
    }
}

#[test]
fn userinfo() {
    let org = Org::new();
    let path = "/services/oauth2/userinfo";
    let get = |header: &str| told(&org.send("GET", path, &[("authorization", header)], ""));
    let (status, text) = get(&bearer(&org.session()));
    assert_eq!(status, 200, "{text}");
    assert_eq!(
        keys(&text).join(" "),
        "sub user_id organization_id preferred_username nickname name email email_verified given_name family_name zoneinfo photos profile picture \
         address is_salesforce_integration_user urls active user_type language locale utcOffset updated_at"
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["sub"], format!("{ORIGIN}{}", org.id_path()));
    assert_eq!(value["address"], serde_json::json!({"country": "US"}));
    assert_eq!(org.send("POST", path, &[], &format!("access_token={}", org.session())).status(), 200);
    for bad in ["Bearer nonsense", "Basic eDp5", "Bearer"] {
        assert_eq!(get(bad), (403, "Bad_OAuth_Token".to_owned()), "{bad}");
    }
    assert_eq!(told(&org.send("GET", path, &[], "")), (403, "Missing_OAuth_Token".to_owned()));
}

#[test]
fn identity() {
    let org = Org::new();
    let path = org.id_path();
    let token = org.session();
    let auth = bearer(&token);
    let get = |uri: &str| org.send("GET", uri, &[("authorization", auth.as_str())], "");
    let text = body(&get(&path));
    assert_eq!(
        keys(&text).join(" "),
        "id asserted_user user_id organization_id username nick_name display_name email email_verified first_name last_name timezone photos \
         addr_street addr_city addr_state addr_country addr_zip mobile_phone mobile_phone_verified is_lightning_login_user status urls active \
         user_type language locale utcOffset last_modified_date is_app_installed"
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let org15 = &org.facts.org_id[..15];
    assert_eq!(value["urls"]["partner"], format!("{ORIGIN}/services/Soap/u/{{version}}/{org15}"));
    assert_eq!(value["urls"]["rest"], format!("{ORIGIN}/services/data/v{{version}}/"));
    assert_eq!((&value["asserted_user"], &value["user_type"]), (&true.into(), &"STANDARD".into()));
    assert!(value["last_modified_date"].as_str().unwrap().ends_with('Z'));
    assert_eq!(value["last_modified_date"].as_str().unwrap().len(), 20);
    assert!(body(&get(&format!("{path}?version=62.0"))).contains("/services/data/v62.0/"));
    assert!(body(&get(&format!("{path}?version=latest"))).contains("/services/Soap/m/68.0/"));
    let by_url = org.send("GET", &format!("{path}?format=json&oauth_token={token}"), &[], "");
    assert_eq!(by_url.status(), 200);
    let xml = get(&format!("{path}?format=xml"));
    assert_eq!(content_type(&xml), "application/xml; charset=UTF-8");
    assert!(body(&xml).contains(&format!(
        "<user xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><id>{ORIGIN}{path}</id><asserted_user>true</asserted_user><user_id>"
    )));
    assert!(body(&xml).contains("<status><created_date xsi:nil=\"true\"/><body xsi:nil=\"true\"/></status>"));
    let script = get(&format!("{path}?callback=app.take"));
    assert_eq!(content_type(&script), "application/javascript;charset=UTF-8");
    assert!(body(&script).starts_with("app.take({\"id\":") && body(&script).ends_with("});"));
}

#[test]
fn identity_refusals() {
    let org = Org::new();
    let path = org.id_path();
    let auth = bearer(&org.session());
    let (org_id, user_id) = (&org.facts.org_id, &org.facts.user_id);
    for (uri, status, word) in [
        ("/id/nonsense".to_owned(), 404, "Bad_Id"),
        (format!("/id/{org_id}"), 404, "Bad_Id"),
        (format!("/id/{org_id}/x"), 404, "Bad_Id"),
        (format!("/id/{org_id}/{user_id}/x"), 404, "Bad_Id"),
        (format!("/id/{org_id}/0055g00000ZZZZZ"), 404, "Bad_Id"),
        (format!("/id/00D5g00000ZZZZZ/{user_id}"), 403, "Wrong_Org"),
        (format!("{path}?version=30.0"), 406, "Invalid_Version"),
        (format!("{path}?version=v62.0"), 406, "Invalid_Version"),
        (format!("{path}?callback=alert(1)//"), 406, "Invalid_Callback"),
        (format!("{path}?callback=f&format=xml"), 406, "Invalid_Callback"),
        (format!("{path}?format=urlencoded"), 406, "Invalid_Format"),
    ] {
        assert_eq!(told(&org.send("GET", &uri, &[("authorization", auth.as_str())], "")), (status, word.to_owned()), "{uri}");
    }
    assert_eq!(told(&org.send("GET", &path, &[], "")), (403, "Missing_OAuth_Token".to_owned()));
    let bad = org.send("GET", &format!("{path}?oauth_token=nosuchtoken"), &[], "");
    assert_eq!(told(&bad), (403, "Bad_OAuth_Token".to_owned()));
    let posted = org.send("POST", &format!("{path}?oauth_token={}", org.session()), &[], "");
    assert_eq!(told(&posted), (403, "Missing_OAuth_Token".to_owned()));
}

#[test]
fn discovery_and_what_is_not_there() {
    let org = Org::new();
    let text = body(&org.send("GET", "/.well-known/openid-configuration", &[], ""));
    assert!(text.starts_with(&format!(r#"{{"issuer":"{ORIGIN}","token_endpoint":"{ORIGIN}/services/oauth2/token","#)), "{text}");
    assert!(!text.contains("authorize") && !text.contains("jwks"));
    let gone = (404, r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#.to_owned());
    for path in ["/.well-known/auth-configuration", "/services/oauth2/register", "/services/oauth2/singleaccess", "/id/keys"] {
        assert_eq!(told(&org.send("GET", path, &[], "")), gone, "{path}");
    }
    let page = org.send("GET", "/services/oauth2/authorize?response_type=code&client_id=x", &[], "");
    assert_eq!(told(&page), (400, "error=unsupported_response_type&error_description=response%20type%20is%20not%20supported".to_owned()));
}
