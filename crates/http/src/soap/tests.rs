use crate::{Peer, Scheme, Server};
use bytes::Bytes;
use http::{Request, Response};
use orglet_engine::{OrgFacts, OrgOptions};

const ORIGIN: &str = "https://orglet.example";
const PARTNER: &str = "urn:partner.soap.sforce.com";

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

    fn send(&self, method: &str, path: &str, body: &str) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(path).header("host", "orglet.example").header("soapaction", "\"\"");
        let request = request.header("content-type", "text/xml").body(Bytes::from(body.to_owned())).unwrap();
        self.server.handle(request, Peer { scheme: Scheme::Https, trusted: false })
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let r = self.send("POST", &format!("/services/Soap/{path}"), body);
        assert_eq!(r.headers()["content-type"], "text/xml;charset=UTF-8");
        (r.status().as_u16(), String::from_utf8(r.body().to_vec()).unwrap())
    }

    fn session(&self) -> String {
        self.server.engine().login(&self.facts.username, &self.facts.password).ok().unwrap().identity.token.to_string()
    }
}

fn login(username: &str, password: &str, header: &str, namespace: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><env:Envelope xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"{namespace}\"><env:Header>{header}</env:Header><env:Body>\
         <n1:login xmlns:n1=\"{namespace}\"><n1:username>{username}</n1:username><n1:password>{password}</n1:password></n1:login></env:Body></env:Envelope>"
    )
}

fn with_session(token: &str, body: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header xmlns=\"{PARTNER}\"><SessionHeader>\
         <sessionId>{token}</sessionId></SessionHeader></soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
}

fn between<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

fn fault(code: &str, message: &str, kind: &str) -> (u16, String) {
    (
        500,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:sf=\"urn:fault.partner.soap.sforce.com\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
             <faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>\
             {code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        ),
    )
}

fn invalid_login() -> (u16, String) {
    fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.", "LoginFault")
}

#[test]
fn logging_in() {
    let org = Org::new();
    let facts = &org.facts;
    let org15 = &facts.org_id[..15];
    let secret = format!("{}{}", facts.password, facts.security_token);
    let scope = format!("<urn:LoginScopeHeader><urn:organizationId>{}</urn:organizationId></urn:LoginScopeHeader>", facts.org_id);
    let options = "<urn:CallOptions><urn:client>x</urn:client><urn:defaultNamespace>sf</urn:defaultNamespace></urn:CallOptions>";
    for (password, header) in [(&secret, options), (&facts.password, options), (&facts.password, scope.as_str())] {
        let (status, text) = org.post("u/59.0", &login(&facts.username, password, header, PARTNER));
        assert_eq!(status, 200, "{text}");
        let token = between(&text, "sessionId").to_owned();
        let start = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{PARTNER}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><loginResponse><result><metadataServerUrl>{ORIGIN}/services/Soap/m/59.0/{org15}\
             </metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox><serverUrl>{ORIGIN}/services/Soap/u/59.0/{org15}</serverUrl>\
             <sessionId>{token}</sessionId><userId>{}</userId><userInfo><accessibilityMode>false</accessibilityMode><chatterExternal>",
            facts.user_id
        );
        assert!(text.starts_with(&start), "{text}");
        assert!(text.ends_with("<userUiSkin>Theme3</userUiSkin></userInfo></result></loginResponse></soapenv:Body></soapenv:Envelope>"));
        assert!(text.contains(&format!("<organizationId>{}</organizationId>", facts.org_id)));
        assert!(!text.contains("<organizationName/>"));
        assert!(org.server.engine().authenticate(&token).unwrap().is_some());
    }
    let enterprise = "urn:enterprise.soap.sforce.com";
    let (status, text) = org.post(&format!("c/64.0/{org15}"), &login(&facts.username, &secret, "", enterprise));
    assert_eq!(status, 200);
    assert!(text.contains(&format!("xmlns=\"{enterprise}\"")));
    assert_eq!(between(&text, "serverUrl"), format!("{ORIGIN}/services/Soap/c/64.0/{org15}"));
}

#[test]
fn login_refused() {
    let org = Org::new();
    let (user, password) = (&org.facts.username, &org.facts.password);
    let scope = |name: &str, id: &str| format!("<urn:LoginScopeHeader><urn:{name}>{id}</urn:{name}></urn:LoginScopeHeader>");
    for request in [
        login(user, "wrong", "", PARTNER),
        login(user, "", "", PARTNER),
        login("nobody@example.com", password, "", PARTNER),
        login(user, password, &scope("organizationId", "00D5g00000ZZZZZ"), PARTNER),
        login(user, password, &scope("organizationId", "nonsense"), PARTNER),
        login(user, password, &scope("portalId", "0605g000000ZZZZ"), PARTNER),
    ] {
        assert_eq!(org.post("u/59.0", &request), invalid_login(), "{request}");
    }
    let (status, text) = org.post("u/65.0", &login(user, password, "", PARTNER));
    assert_eq!(status, 500);
    assert!(text.contains(
        "<faultcode>sf:INVALID_OPERATION</faultcode><faultstring>INVALID_OPERATION: SOAP API login() is disabled by default in this org."
    ));
}

#[test]
fn versions() {
    let org = Org::new();
    let request = login("u", "p", "", PARTNER);
    for path in ["u/nonsense", "u/v59.0", "u/69.0", "u/59", "u"] {
        let want = fault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", "UnexpectedErrorFault");
        assert_eq!(org.post(path, &request), want, "{path}");
    }
    let text = "The API version that was specified (20.0) is below the minimum supported (31.0). Change the version number and run the request again.";
    assert_eq!(org.post("u/20.0", &request), fault("UNSUPPORTED_API_VERSION", text, "UnexpectedErrorFault"));
}

#[test]
fn calls_with_a_session() {
    let org = Org::new();
    let token = org.session();
    let call = |name: &str| org.post("u/59.0", &with_session(&token, &format!("<{name} xmlns=\"{PARTNER}\"/>")));
    let (status, text) = call("getUserInfo");
    assert_eq!(status, 200);
    assert!(text.contains(
        "<soapenv:Header><LimitInfoHeader><limitInfo><current>1</current><limit>100000</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header><soapenv:Body><getUserInfoResponse><result><accessibilityMode>"
    ));
    assert_eq!(between(&text, "userName"), org.facts.username);
    assert!(text.contains("<userDefaultCurrencyIsoCode xsi:nil=\"true\"/>"));
    let (_, text) = call("getServerTimestamp");
    assert!(between(&text, "timestamp").ends_with('Z'));
    let (status, text) = call("sendEmail");
    assert_eq!(status, 500);
    assert!(text.contains("<faultcode>sf:FUNCTIONALITY_NOT_ENABLED</faultcode>"));
    let (status, text) = call("logout");
    assert_eq!(status, 200);
    assert!(text.ends_with("<soapenv:Body><logoutResponse/></soapenv:Body></soapenv:Envelope>"));
    for name in ["logout", "getUserInfo", "getServerTimestamp", "create"] {
        let (status, text) = call(name);
        assert_eq!(status, 500);
        let want = "<faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: ";
        assert!(text.contains(want), "{text}");
        assert!(!text.contains(&token));
    }
    let missing = fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session", "UnexpectedErrorFault");
    assert_eq!(org.post("u/59.0", &with_session("", &format!("<logout xmlns=\"{PARTNER}\"/>"))), missing);
    let standing = with_session(&org.facts.access_token, &format!("<logout xmlns=\"{PARTNER}\"/>"));
    assert_eq!(org.post("u/59.0", &standing), fault("INVALID_OPERATION", "This session cannot be ended.", "UnexpectedErrorFault"));
}

#[test]
fn what_is_no_call() {
    let org = Org::new();
    let client = |path: &str, body: &str| {
        let (status, text) = org.post(path, body);
        assert_eq!(status, 500);
        assert!(text.contains("<faultcode>soapenv:Client</faultcode>"), "{text}");
        between(&text, "faultstring").to_owned()
    };
    let call = with_session("x", &format!("<sing xmlns=\"{PARTNER}\"/>"));
    assert_eq!(
        client("u/59.0", &call),
        format!("No operation available for request {{{PARTNER}}}sing, please check the WSDL for the service.")
    );
    let other = with_session("x", &format!("<describeSObjects xmlns=\"{PARTNER}\"/>"));
    assert_eq!(
        client("c/59.0", &other),
        format!("No operation available for request {{{PARTNER}}}describeSObjects, please check the WSDL for the service.")
    );
    assert_eq!(
        client("u/59.0", &with_session("x", "<logout/>")),
        "No operation available for request {}logout, please check the WSDL for the service."
    );
    assert_eq!(client("class/A&B", &call), "No service available for class &apos;A&amp;B&apos;");
    assert!(client("u/59.0", "<a/>").contains("no SOAP envelope"));
    assert!(client("u/59.0", "<Envelope><Body><login/></Body></Envelope>").starts_with("The namespace of the SOAP envelope must be"));
    for body in
        ["", "nonsense", "<a", "<e:Envelope><e:Body><e:x/></e:Body></e:Envelope>", "<!DOCTYPE x [<!ENTITY a \"b\">]><a>&a;</a>", "\u{0}"]
    {
        client("u/59.0", body);
    }
    assert!(client("u/59.0", &with_session("x", "")).contains("no operation"));
    let (status, text) = org.post("m/59.0", &with_session("x", "<describeMetadata xmlns=\"http://soap.sforce.com/2006/04/metadata\"/>"));
    assert_eq!(status, 500);
    assert!(text.contains("xmlns:sf=\"http://soap.sforce.com/2006/04/metadata\"") && text.contains("sf:INVALID_SESSION_ID"));
}

#[test]
fn only_post() {
    let org = Org::new();
    let page = org.send("GET", "/services/Soap/u/59.0", "");
    assert_eq!(page.status(), 405);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let text = String::from_utf8(page.body().to_vec()).unwrap();
    assert!(
        text.contains("<title>Error 405 Only POST allowed</title>") && text.contains("Problem accessing /services/Soap/u/59.0. Reason:")
    );
    assert_eq!(org.send("POST", "/services/Soap/x", "").status(), 404);
}

#[test]
fn damaged_envelopes_are_answered() {
    let org = Org::new();
    let token = org.session();
    let record = "<sObjects xsi:type=\"s:sObject\"><type>Account</type><Id xsi:nil=\"true\"/><fieldsToNull>Site</fieldsToNull><Name>a &amp; b</Name>\
                  <Parent xsi:type=\"x:Account\"><type>Account</type><Name>c</Name></Parent></sObjects>";
    let body = with_session(
        &token,
        &format!("<create xmlns=\"{PARTNER}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{record}</create>"),
    );
    let mut n = 0;
    crate::codec::mutations::each(&body, b"<>&;\"'=/![]-? x:\n", |bytes| {
        // The reader takes any bytes; a whole call is made of some of them.
        let read = super::envelope::Request::parse(bytes);
        n += 1;
        if n % 40 == 0 {
            let request = Request::builder().method("POST").uri("/services/Soap/u/62.0").body(Bytes::copy_from_slice(bytes)).unwrap();
            let answer = org.server.handle(request, Peer { scheme: Scheme::Https, trusted: false });
            let status = answer.status().as_u16();
            assert!(status == 200 || status == 500, "{status}");
            assert!(read.is_ok() || status == 500);
            let text = std::str::from_utf8(answer.body()).unwrap();
            assert!(!text.contains("UNKNOWN_EXCEPTION"), "{text}");
            assert_eq!(crate::codec::xml::parse(answer.body()).unwrap().0, "Envelope", "{text}");
        }
    });
}
