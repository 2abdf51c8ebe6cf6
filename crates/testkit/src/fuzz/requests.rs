//! Whole requests: a method, a path, a query, headers and a body.

use super::bodies;
use super::damage;
use super::known::Known;
use crate::fixtures::form;
use crate::random::Random;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use orglet_http::router::{ROUTES, Route};

/// Paths beside the route table.
const OTHERS: &[&str] = &[
    "/services/data",
    "/services/data/",
    "/services/data.json",
    "/services/data.xml",
    "/services/apexrest/x",
    "/services/apexrest/x/1",
    "/services/apexrest/nothing",
    "/services/oauth2/token",
    "/services/oauth2/userinfo",
    "/services/oauth2/revoke",
    "/services/oauth2/introspect",
    "/services/oauth2/authorize",
    "/services/Soap/u/62.0",
    "/services/Soap/c/62.0",
    "/services/Soap/m/62.0",
    "/services/async/62.0/job",
    "/.well-known/openid-configuration",
    "/",
    "//",
    "/nothing",
    "/services",
    "/cometd/62.0",
];
/// Routes where most of the work is done: a quarter of the requests is for them.
const WORK: &[&str] = &["sobjects/{object}", "sobjects/{object}", "sobjects/{object}/{id}", "query", "search", "tooling/executeAnonymous"];
/// What anonymous blocks are made of.
const BLOCKS: &[&str] = &[
    "Account a = new Account(Name = 'x'); insert a; System.debug(a.Id);",
    "for (Thing__c t : [SELECT Id, Name, (SELECT Id FROM Parts__r) FROM Thing__c]) { t.Number__c = 2; update t; }",
    "List<Integer> l = new List<Integer>{ 3, 1, 2 }; l.sort(); System.assertEquals(1, l[0]);",
    "Map<String, Object> m = (Map<String, Object>) JSON.deserializeUntyped('{\"a\": [1, null]}'); System.debug(m.get('a'));",
    "try { delete [SELECT Id FROM Contact LIMIT 1]; } catch (DmlException e) { throw new ListException(e.getMessage()); }",
    "String s = 'a'; while (s.length() < 100) s += s.toUpperCase() + String.valueOf(Date.today().addDays(3));",
    "Integer f(Integer n) { return n < 2 ? n : f(n - 1) + f(n - 2); } System.debug(f(10));",
];
const VERSIONS: &[&str] = &["v31.0", "v45.0", "v52.0", "v57.0", "v61.0", "v68.0", "v68.0", "v68.0", "latest"];
const METHODS: &[&str] = &["GET", "GET", "GET", "GET", "GET", "POST", "POST", "PATCH", "PATCH", "DELETE", "HEAD", "PUT", "OPTIONS", "BREW"];

/// A request; `None` where the damage made one that no client could send.
pub(super) fn make(random: &mut Random, known: &Known) -> Option<Request<Bytes>> {
    let (mut path, route) = path(random, known);
    if random.below(12) == 0 {
        path = damage::text(random, &path);
    }
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let mut query = query(random, known, &path);
    if random.below(12) == 0 {
        query = damage::text(random, &query);
    }
    let target = if query.is_empty() { sendable(&path) } else { format!("{}?{}", sendable(&path), sendable(&query)) };
    // Most requests get past the check of their method.
    let verbs = if random.below(10) == 0 { METHODS } else { route.map_or(METHODS, |route| route.verbs) };
    let method = random.pick(verbs).copied().unwrap_or("GET");
    let mut request = Request::builder().method(method).uri(target);
    let sends_body = matches!(method, "POST" | "PATCH" | "PUT") && random.below(12) > 0 || random.below(20) == 0;
    let (body, kind) = if sends_body { bodies::make(random, known, &path) } else { (Vec::new(), "") };
    for (name, value) in headers(random, known, kind) {
        request = request.header(name, value);
    }
    request.body(Bytes::from(body)).ok()
}

/// What a URI can hold; the rest is encoded.
fn sendable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'@'..=b'Z' | b'_' | b'a'..=b'z' | b'~' | b'[' | b']' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A path, and the route that it is made from where it is one.
fn path(random: &mut Random, known: &Known) -> (String, Option<&'static Route>) {
    match random.below(14) {
        0 => return (random.pick(OTHERS).copied().unwrap_or("/").to_owned(), None),
        1 => return (format!("/id/{}/{}", known.id(random), known.id(random)), None),
        _ => {}
    }
    let version = match random.below(30) {
        0 => damage::text(random, "v62.0"),
        _ => random.pick(VERSIONS).copied().unwrap_or("v68.0").to_owned(),
    };
    let route = match random.below(4) {
        0 => random.pick(WORK).and_then(|path| ROUTES.iter().find(|route| route.path == *path)),
        _ => random.pick(ROUTES),
    };
    // An object and an id of it, for most of the routes that name both.
    let row = known.row(random).filter(|_| random.below(4) > 0 && route.is_some_and(|r| r.path.contains("{object}/{id}")));
    let mut out = format!("/services/data/{version}");
    for part in route.map_or("", |route| route.path).split('/').filter(|part| !part.is_empty()) {
        out.push('/');
        match part {
            "{object}" | "{event}" => out.push_str(&match random.below(15) {
                0 => damage::text(random, "Account"),
                _ => row.as_ref().map_or_else(|| known.object(random), |(object, _)| object.clone()),
            }),
            "{id}" => out.push_str(&form(&row.as_ref().map_or_else(|| known.id(random), |(_, id)| id.clone()))),
            "{locator}" => out.push_str(&form(&known.locator(random))),
            "{field}" => out.push_str(&match random.below(3) {
                0 => known.id(random),
                1 => "Ext__c".to_owned(),
                _ => Known::field(random).to_owned(),
            }),
            "{value}" => {
                let length = random.below(12);
                out.push_str(&form(&match random.below(3) {
                    0 => "A1".to_owned(),
                    1 => known.id(random),
                    _ => random.text(length),
                }));
            }
            "{relations…}" => {
                for n in 0..=random.below(4) {
                    if n > 0 {
                        out.push('/');
                    }
                    out.push_str(
                        random
                            .pick(&["Account", "Owner", "Contacts", "Parent", "CreatedBy", "Parts__r", "Master__r", "describe"])
                            .copied()
                            .unwrap_or("x"),
                    );
                }
            }
            parameter if parameter.starts_with('{') => out.push_str(&form(&match random.below(3) {
                0 => known.id(random),
                1 => Known::field(random).to_owned(),
                _ => damage::text(random, parameter),
            })),
            literal => out.push_str(literal),
        }
    }
    if random.below(25) == 0 {
        out.push_str(random.pick(&["/", "//", ".json", ".xml", "/x", "%2F", ";a=b"]).copied().unwrap_or("/"));
    }
    (out, route)
}

fn query(random: &mut Random, known: &Known, path: &str) -> String {
    let mut pairs = Vec::new();
    let text = match () {
        () if path.contains("/query") => Some(soql(random, known, 0)),
        () if path.contains("/search/") || path.contains("/parameterizedSearch") || path.contains("/searchlayout") => {
            pairs.push(format!("sobject={}", form(&known.object(random))));
            Some(if random.below(3) == 0 { known.object(random) } else { term(random) })
        }
        () if path.contains("/search") => Some(sosl(random, known)),
        () => None,
    };
    if let Some(text) = text {
        let text = if random.below(5) < 2 { damage::text(random, &text) } else { text };
        pairs.push(format!("q={}", form(&text)));
    }
    let number = random.below(3000).to_string();
    if path.contains("/executeAnonymous") {
        let block = random.pick(BLOCKS).copied().unwrap_or_default();
        let block = if random.below(3) == 0 { block.to_owned() } else { damage::text(random, block) };
        pairs.push(format!("anonymousBody={}", form(&block)));
    }
    for (name, values) in [
        ("fields", &["Name", "Id,Name", "Nope", "", "Owner.Name", "Name,Name"][..]),
        ("start", &["2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:00", "yesterday", ""]),
        ("end", &["2024-01-02T00:00:00Z", "4000-01-01T00:00:00Z", "x"]),
        ("limit", &["1", "0", "-1", "99999", "x"]),
        ("offset", &["1", "-1", "x"]),
        ("updateOnly", &["true", "false", "perhaps"]),
        ("sObjects", &["Account", "Account,Nope", ""]),
        ("columns", &["true", "x"]),
        ("Account.where", &["Name LIKE 'a%'", "Name = 'x') LIMIT 5", "x", ""]),
        ("in", &["NAME", "all", "x"]),
        ("useSearchScope", &["true", "x"]),
        ("explain", &["SELECT Id FROM Account", "x", ""]),
        ("_HttpMethod", &["PATCH", "DELETE", "GET", "BREW"]),
    ] {
        if random.below(14) == 0 {
            pairs.push(format!("{name}={}", form(random.pick(values).copied().unwrap_or(&number))));
        }
    }
    if random.below(20) == 0 {
        pairs.push(damage::text(random, "a=b"));
    }
    pairs.join("&")
}

/// What a search looks for.
fn term(random: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..=random.below(4) {
        out.push_str(
            random
                .pick(&["acme", "a*", "joe?", "\"x1 y\"", "(", ")", "AND", "OR", "AND NOT", "x1\\-y", "京都", "4155551234"])
                .copied()
                .unwrap_or("x1"),
        );
        out.push(' ');
    }
    out
}

/// A search of about the right shape.
fn sosl(random: &mut Random, known: &Known) -> String {
    let mut out = format!("FIND {{{}}}", term(random));
    out.push_str(random.pick(&["", "", " IN ALL FIELDS", " IN NAME FIELDS", " IN PHONE FIELDS", " IN x FIELDS"]).copied().unwrap_or(""));
    for n in 0..random.below(4) {
        let (object, field) = (known.object(random), Known::field(random));
        out.push_str(if n == 0 { " RETURNING " } else { ", " });
        out.push_str(&object);
        let rest = match random.below(8) {
            0 => String::new(),
            1 => format!("({field} WHERE {field} = 'a')"),
            2 => format!("({field} ORDER BY {field} DESC LIMIT 3)"),
            3 => format!("(Id, {field}, Owner.Name LIMIT 5 OFFSET 2)"),
            4 => format!("(toLabel({field}), FORMAT({field}) f USING ListView = Recent)"),
            _ => "(Id)".to_owned(),
        };
        out.push_str(&rest);
    }
    for clause in [" WITH METADATA = 'LABELS'", " WITH HIGHLIGHT", " WITH SNIPPET", " WITH NETWORK = '0'", " LIMIT 20", " UPDATE TRACKING"]
    {
        if random.below(10) == 0 {
            out.push_str(clause);
        }
    }
    out
}

/// A query of about the right shape.
fn soql(random: &mut Random, known: &Known, depth: u64) -> String {
    let object = known.object(random);
    let mut out = "SELECT ".to_owned();
    for n in 0..=random.below(4) {
        if n > 0 {
            out.push_str(", ");
        }
        let field = Known::field(random);
        out.push_str(&match random.below(14) {
            0 => format!("COUNT({field})"),
            1 => "COUNT()".to_owned(),
            2 => format!("MAX({field}) m"),
            3 => format!("Owner.{field}"),
            4 => format!("Account.Parent.{field}"),
            5 if depth < 2 => format!("({})", soql(random, known, depth + 1).replacen(" FROM ", " FROM Contacts, ", 1)),
            6 => "FIELDS(STANDARD)".to_owned(),
            7 => "TYPEOF What WHEN Account THEN Phone ELSE Name END".to_owned(),
            8 => format!("toLabel({field})"),
            9 => format!("CALENDAR_YEAR({field})"),
            _ => field.to_owned(),
        });
    }
    out.push_str(&format!(" FROM {object}"));
    if random.below(2) == 0 {
        out.push_str(" WHERE ");
        for n in 0..=random.below(3) {
            if n > 0 {
                out.push_str(random.pick(&[" AND ", " OR ", " AND NOT "]).copied().unwrap_or(" AND "));
            }
            let field = Known::field(random);
            let operator = random.pick(&["=", "!=", "<", ">", "LIKE", "IN", "NOT IN", "INCLUDES"]).copied().unwrap_or("=");
            let literal = match random.below(11) {
                0 => format!("'{}'", known.id(random)),
                1 => "null".to_owned(),
                2 => "TODAY".to_owned(),
                3 => "LAST_N_DAYS:3".to_owned(),
                4 => "2024-01-01T00:00:00Z".to_owned(),
                5 => "1.5".to_owned(),
                6 => "('a','b')".to_owned(),
                7 if depth < 2 => format!("({})", soql(random, known, depth + 1)),
                8 => ":bind".to_owned(),
                9 => "true".to_owned(),
                _ => "'a%'".to_owned(),
            };
            out.push_str(&format!("{field} {operator} {literal}"));
        }
    }
    for clause in [
        " WITH SECURITY_ENFORCED",
        " GROUP BY Name",
        " GROUP BY ROLLUP(Name, OwnerId)",
        " HAVING COUNT(Id) > 1",
        " ORDER BY Name DESC NULLS LAST",
        " LIMIT 5",
        " OFFSET 3",
        " FOR VIEW",
        " FOR UPDATE",
        " ALL ROWS",
    ] {
        if random.below(9) == 0 {
            out.push_str(clause);
        }
    }
    out
}

fn headers(random: &mut Random, known: &Known, kind: &str) -> Vec<(HeaderName, HeaderValue)> {
    let mut out: Vec<(&str, String)> = vec![("host", "orglet.example".to_owned())];
    out.push((
        "authorization",
        match random.below(40) {
            0 => String::new(),
            1 => "Bearer".to_owned(),
            2 => "Basic eDp5".to_owned(),
            3 => damage::text(random, &format!("Bearer {}", known.facts.access_token)),
            4 => format!("OAuth {}", known.facts.access_token),
            _ => format!("Bearer {}", known.facts.access_token),
        },
    ));
    if !kind.is_empty() {
        out.push((
            "content-type",
            match random.below(12) {
                0 => random
                    .pick(&[
                        "text/plain",
                        "application/json",
                        "application/xml",
                        "multipart/form-data; boundary=x",
                        "",
                        "a/b/c",
                        "image/png",
                    ])
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
                1 => damage::text(random, kind),
                _ => kind.to_owned(),
            },
        ));
    }
    if random.below(3) == 0 {
        out.push((
            "accept",
            random
                .pick(&["application/xml", "application/xml", "application/json", "*/*", "text/html", "x", "application/xml;q=0", ""])
                .copied()
                .unwrap_or_default()
                .to_owned(),
        ));
    }
    for (name, values) in [
        ("if-modified-since", &["Wed, 3 Jul 2013 19:43:31 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "x"][..]),
        ("if-unmodified-since", &["Wed, 3 Jul 2013 19:43:31 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "x"]),
        ("if-match", &["*", "\"x\"", "x", "W/\"x\", \"y\""]),
        ("if-none-match", &["*", "\"x\"", "x"]),
        ("sforce-query-options", &["batchSize=200", "batchSize=0", "batchSize=x", "batchSize", "batchSize=99999999999999999999"]),
        ("sforce-call-options", &["client=x", "defaultNamespace=x"]),
        ("x-prettyprint", &["1", "0", "x"]),
        ("sforce-mru", &["updateMru=true", "x"]),
        ("origin", &["https://example.com", "null"]),
        ("accept-encoding", &["gzip", "br", "x"]),
    ] {
        if random.below(15) == 0 {
            let value = random.pick(values).copied().unwrap_or_default();
            out.push((name, if random.below(4) == 0 { damage::text(random, value) } else { value.to_owned() }));
        }
    }
    let sent = out
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?)));
    sent.collect()
}
