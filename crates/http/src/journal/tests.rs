use super::*;
use crate::{AdminAccess, Peer, Scheme};
use bytes::Bytes;
use http::Request;
use orglet_engine::OrgOptions;
use serde_json::{Value, json};

const TOKEN: &str = "admin-token";

struct Served {
    server: Server,
    token: String,
}

impl Served {
    fn new(entries: usize, bodies: bool) -> Self {
        let options = OrgOptions { id_seed: Some(1), ..OrgOptions::default() };
        let server = Server::in_memory(options).unwrap().with_admin(AdminAccess { token: TOKEN.into(), anywhere: false });
        let token = server.facts().unwrap().access_token;
        Self { server: server.with_journal(entries, bodies), token }
    }

    fn send(&self, method: &str, target: &str, token: &str, kind: &str, body: &str) -> (u16, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(target).header("host", "localhost").header("user-agent", "tests/1");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.header("content-type", kind).body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let response = self.server.handle_from(request, Peer { scheme: Scheme::Http, trusted: true }, Some([127, 0, 0, 1].into()));
        (response.status().as_u16(), response.body().to_vec())
    }

    fn rest(&self, method: &str, path: &str, body: &str) -> u16 {
        self.send(method, &format!("/services/data/v62.0/{path}"), &self.token, "application/json", body).0
    }

    fn admin(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, body) = self.send(method, &format!("/orglet/v1/orgs/default/log{path}"), TOKEN, "application/json", body);
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn targets(&self, query: &str) -> Vec<String> {
        let (status, page) = self.admin("GET", query, "");
        assert_eq!(status, 200, "{page}");
        let last = |entry: &Value| entry["target"].as_str().unwrap().rsplit("v62.0/").next().unwrap().to_owned();
        page["entries"].as_array().unwrap().iter().map(last).collect()
    }
}

#[test]
fn requests_are_written_down() {
    let served = Served::new(10, false);
    served.rest("GET", "limits", "");
    assert_eq!(served.rest("POST", "sobjects/Account", r#"{"Nme":"x"}"#), 400);
    served.send("GET", "/services/data/v62.0/query?q=SELECT+Id+FROM+Contact&sid=secret", "00D000000000001!nothing", "", "");
    let (_, page) = served.admin("GET", "", "");
    let entries = page["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &page["next"], &page["missed"], &page["capacity"]), (3, &json!(3), &json!(0), &json!(10)));
    let (read, save, query) = (&entries[0], &entries[1], &entries[2]);
    assert_eq!((&read["number"], &read["method"], &read["status"], &read["code"]), (&json!(1), &json!("GET"), &json!(200), &Value::Null));
    assert_eq!((&read["client"], &read["address"]), (&json!("tests/1"), &json!("127.0.0.1")));
    assert_eq!(read["user"].as_str().unwrap(), served.server.facts().unwrap().username);
    assert!(read["bytes_out"].as_u64().unwrap() > 100 && read["milliseconds"].as_f64().unwrap() > 0.0 && read["request"].is_null());
    assert_eq!((&save["code"], &save["object"], &save["bytes_in"]), (&json!("INVALID_FIELD"), &json!("Account"), &json!(11)));
    assert_eq!((&query["status"], &query["user"], &query["object"]), (&json!(401), &Value::Null, &json!("Contact")));
    assert_eq!(query["target"], "/services/data/v62.0/query?q=SELECT+Id+FROM+Contact&sid=***");
    assert!(!page.to_string().contains("secret"));
}

#[test]
fn the_oldest_make_room() {
    let served = Served::new(3, false);
    for n in 0..5 {
        served.rest("GET", &format!("limits?n={n}"), "");
    }
    assert_eq!(served.targets(""), ["limits?n=2", "limits?n=3", "limits?n=4"]);
    let (_, page) = served.admin("GET", "?after=1&limit=2", "");
    assert_eq!((&page["next"], &page["missed"]), (&json!(4), &json!(1)));
    assert_eq!(served.targets("?after=4"), ["limits?n=4"]);
    assert_eq!(served.targets("?after=5"), Vec::<String>::new());
    let (status, page) = served.admin("GET", &format!("?after={}", u64::MAX), "");
    assert_eq!((status, &page["entries"], &page["next"], &page["missed"]), (200, &json!([]), &json!(5), &json!(0)));
}

#[test]
fn entries_are_looked_for() {
    let served = Served::new(100, false);
    served.rest("GET", "limits", "");
    served.rest("POST", "sobjects/Account", r#"{"Name":"x"}"#);
    served.rest("POST", "sobjects/Account", "{}");
    served.rest("GET", "nothing", "");
    served.rest("GET", "query?q=SELECT+Id+FROM+Account", "");
    for (query, found) in [
        ("?status=404", vec!["nothing"]),
        ("?status=4xx", vec!["sobjects/Account", "nothing"]),
        ("?errors=true&limit=1", vec!["nothing"]),
        ("?method=post", vec!["sobjects/Account", "sobjects/Account"]),
        ("?path=sobjects/*", vec!["sobjects/Account", "sobjects/Account"]),
        ("?object=account&status=2xx", vec!["sobjects/Account", "query?q=SELECT+Id+FROM+Account"]),
        ("?since=2099-01-01T00:00:00Z", vec![]),
        ("?since=2020-01-01T00:00:00Z&limit=1", vec!["query?q=SELECT+Id+FROM+Account"]),
    ] {
        assert_eq!(served.targets(query), found, "{query}");
    }
    for (query, says) in [
        ("?status=x", "'status' is a status"),
        ("?status=44xx", "'status' is a status"),
        ("?since=yesterday", "'since' is a date"),
        ("?errors=1", "'errors' is true or false"),
        ("?limit=x", "'limit' is a number"),
        ("?path=", "'path' has 1 to 500 bytes"),
        (&format!("?path={}", "*".repeat(501)), "'path' has 1 to 500 bytes"),
        ("?x=1", "'x' is not known"),
    ] {
        let (status, refused) = served.admin("GET", query, "");
        assert!(status == 400 && refused["error"]["message"].as_str().unwrap().contains(says), "{query} {refused}");
    }
}

#[test]
fn bodies_are_kept_where_they_are_asked_for() {
    let served = Served::new(10, false);
    served.rest("POST", "sobjects/Account", r#"{"Name":"first"}"#);
    assert_eq!(served.admin("PUT", "", r#"{"bodies":true}"#).1["bodies"], true);
    served.rest("POST", "sobjects/Account", r#"{"Name":"second"}"#);
    served.rest("POST", "sobjects/Account", &format!(r#"{{"Description":"{}"}}"#, "é".repeat(20_000)));
    let facts = served.server.facts().unwrap();
    let client = format!("client_id={}&client_secret={}", facts.client_id, facts.client_secret);
    let form = format!("grant_type=password&{client}&username={}&password={}", facts.username, facts.password);
    assert_eq!(served.send("POST", "/services/oauth2/token", "", "application/x-www-form-urlencoded", &form).0, 200);
    let (_, page) = served.admin("GET", "", "");
    let entries = page["entries"].as_array().unwrap();
    assert!(entries[0]["request"].is_null());
    assert_eq!(entries[1]["request"], r#"{"Name":"second"}"#);
    assert!(entries[1]["response"].as_str().unwrap().starts_with(r#"{"id":"001"#));
    let long = entries[2]["request"].as_str().unwrap();
    assert!(long.len() < 17_000 && long.ends_with("(40018 bytes)"), "{}", long.len());
    let login = &entries[3];
    assert!(login["request"].as_str().unwrap().ends_with("&password=***") && login["user"] == facts.username.as_str(), "{login}");
    assert!(login["response"].as_str().unwrap().starts_with(r#"{"access_token":"***""#), "{login}");
    let all = page.to_string();
    assert!(!all.contains(&facts.client_secret) && !all.contains(facts.access_token.split('!').nth(1).unwrap()));
}

#[test]
fn a_login_without_a_media_type_is_kept_without_its_secrets() {
    let served = Served::new(10, true);
    let facts = served.server.facts().unwrap();
    let client = format!("client_id={}&client_secret={}", facts.client_id, facts.client_secret);
    let form = format!("grant_type=password&{client}&username={}&password={}", facts.username, facts.password);
    let request = Request::builder().method("POST").uri("/services/oauth2/token").header("host", "localhost");
    let request = request.body(Bytes::from(form)).unwrap();
    assert_eq!(served.server.handle_from(request, Peer { scheme: Scheme::Http, trusted: true }, None).status(), 200);
    let (_, page) = served.admin("GET", "", "");
    assert!(page["entries"][0]["request"].as_str().unwrap().ends_with("&password=***"), "{page}");
    assert!(!page.to_string().contains(&facts.client_secret));
}

#[test]
fn a_reset_brings_back_what_the_server_was_started_with() {
    for bodies in [false, true] {
        let served = Served::new(10, bodies);
        assert_eq!(served.admin("PUT", "", &json!({"bodies": !bodies}).to_string()).1["bodies"], !bodies);
        assert_eq!(served.admin("DELETE", "", "").0, 204);
        assert_eq!(served.admin("GET", "", "").1["bodies"], !bodies);
        assert_eq!(served.send("POST", "/orglet/v1/orgs/default/reset", TOKEN, "", "").0, 200);
        assert_eq!(served.admin("GET", "", "").1["bodies"], bodies);
    }
}

#[test]
fn long_journals_are_looked_through_in_parts() {
    let served = Served::new(1000, false);
    let journal = served.server.journals.as_ref().unwrap().of(served.server.engine.default_org().id);
    for n in 0..1200 {
        let kind = if n % 100 == 0 { "rare" } else { "often" };
        served.send("GET", &format!("/nothing/{kind}/{n}"), "", "", "");
    }
    let page = |after, limit, path: &str| {
        let filter = Filter { after, limit, path: Some(path.to_owned()), ..Filter::default() };
        let page = journal.page(&filter, Duration::ZERO);
        (page.entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), page.next, page.missed)
    };
    let rare: Vec<u64> = (2..12).map(|n| n * 100 + 1).collect();
    assert_eq!(page(None, 100, "/nothing/rare/*"), (rare.clone(), 1200, 0));
    assert_eq!(page(None, 3, "/nothing/rare/*"), (rare[7..].to_vec(), 1200, 0));
    assert_eq!(page(Some(0), 100, "/nothing/rare/*"), (rare.clone(), 1200, 200));
    assert_eq!(page(Some(501), 3, "/nothing/rare/*"), (vec![601, 701, 801], 801, 0));
    assert_eq!(page(Some(1101), 3, "/nothing/rare/*"), (vec![], 1200, 0));
    assert_eq!(page(None, 1000, "**").0, (201..=1200).collect::<Vec<u64>>());
    assert_eq!(page(Some(300), 700, "**").0, (301..=1000).collect::<Vec<u64>>());
    journal.clear();
    assert_eq!(page(None, 10, "**"), (vec![], 1200, 0));
    assert_eq!(page(Some(1000), 10, "**"), (vec![], 1200, 200));
}

#[test]
fn bodies_of_the_oldest_go_first() {
    let served = Served::new(3000, true);
    let body = "x".repeat(LONGEST_BODY);
    let entries = MOST_BODIES / LONGEST_BODY + 100;
    for _ in 0..entries {
        served.send("POST", "/nothing", "", "text/plain", &body);
    }
    let journal = served.server.journals.as_ref().unwrap().of(served.server.engine.default_org().id);
    let all = || journal.page(&Filter { limit: usize::MAX, ..Filter::default() }, Duration::ZERO).entries;
    assert!(journal.kept() <= MOST_BODIES && journal.kept() == all().iter().map(Entry::bodies).sum::<usize>());
    let bare = all().iter().filter(|entry| entry.request.is_none()).map(|entry| entry.number).collect::<Vec<_>>();
    assert!(bare.len() >= 100 && bare == (1..=bare.len() as u64).collect::<Vec<_>>());
    journal.clear();
    assert_eq!((journal.kept(), all().len()), (0, 0));
}

#[test]
fn a_journal_ends_with_a_reset() {
    let served = Served::new(10, true);
    served.rest("GET", "limits", "");
    assert_eq!(served.send("POST", "/orglet/v1/orgs/default/reset", TOKEN, "", "").0, 200);
    assert!(served.targets("").is_empty());
    served.rest("GET", "limits", "");
    assert_eq!(served.admin("DELETE", "", "").0, 204);
    assert!(served.targets("").is_empty());
    served.rest("GET", "sobjects", "");
    assert_eq!(served.targets("?after=0"), ["sobjects"]);
    let none = Served::new(0, false);
    none.rest("GET", "limits", "");
    assert_eq!(none.admin("GET", "", "").0, 409);
}

#[test]
fn who_follows_is_told() {
    let served = Arc::new(Served::new(10, false));
    served.rest("GET", "limits", "");
    let (_, page) = served.admin("GET", "", "");
    let next = page["next"].as_u64().unwrap();
    let follower = {
        let served = served.clone();
        std::thread::spawn(move || served.admin("GET", &format!("?after={next}&wait=2000"), "").1)
    };
    std::thread::sleep(Duration::from_millis(50));
    served.rest("GET", "sobjects", "");
    let page = follower.join().unwrap();
    assert_eq!(page["entries"].as_array().unwrap().len(), 1, "{page}");
    let began = std::time::Instant::now();
    let (_, page) = served.admin("GET", "?after=2&wait=30", "");
    assert!(page["entries"].as_array().unwrap().is_empty() && began.elapsed() >= Duration::from_millis(30));
}

#[test]
fn many_orgs_have_few_journals() {
    let journals = Journals::new(5, false).unwrap();
    let id = |n: usize| Id::parse(&format!("00D{n:012}")).unwrap();
    for n in 0..MOST_ORGS + 10 {
        journals.of(id(n));
        // The first one is used all along.
        journals.of(id(0));
    }
    let orgs = journals.orgs.read();
    assert!(orgs.len() == MOST_ORGS && orgs.contains_key(&id(0)) && !orgs.contains_key(&id(1)));
}

#[test]
fn many_write_at_once() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 5000;
    let served = Served::new(100, false);
    let journal = served.server.journals.as_ref().unwrap().of(served.server.engine.default_org().id);
    let read = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let journal = &journal;
            scope.spawn(move || {
                for n in 0..EACH {
                    journal.push(|entry| {
                        entry.target = format!("/{writer}/{n}");
                        entry.status = writer as u16;
                    });
                }
            });
        }
        // Who follows gets or misses each entry once, in order, and each whole.
        let mut after = 0;
        while after < WRITERS * EACH {
            let filter = Filter { after: Some(after), limit: 30, ..Filter::default() };
            let page = journal.page(&filter, Duration::from_millis(100));
            let numbers: Vec<u64> = page.entries.iter().map(|entry| entry.number).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b) && numbers.iter().all(|n| (after + 1..=page.next).contains(n)), "{numbers:?}");
            assert_eq!(numbers.len() as u64 + page.missed, page.next - after);
            assert!(page.entries.iter().all(|entry| entry.target.starts_with(&format!("/{}/", entry.status))));
            read.fetch_add(numbers.len() as u64, Ordering::Relaxed);
            after = page.next;
        }
    });
    assert!(read.load(Ordering::Relaxed) >= 30);
    let last = journal.page(&Filter { limit: 1000, ..Filter::default() }, Duration::ZERO).entries;
    assert_eq!(last.len(), 100);
    for writer in 0..WRITERS as u16 {
        let own: Vec<usize> =
            last.iter().filter(|e| e.status == writer).filter_map(|e| e.target.rsplit('/').next()?.parse().ok()).collect();
        assert!(own.is_sorted());
    }
}

#[test]
fn a_thread_finds_the_journal_of_now() {
    let (one, other) = (Journals::new(5, false).unwrap(), Journals::new(5, false).unwrap());
    let id = |n: usize| Id::parse(&format!("00D{n:012}")).unwrap();
    let write = |journals: &Journals, org| journals.with(org, |journal| journal.push(|entry| entry.status = 200));
    let count = |journals: &Journals, org| journals.of(org).page(&Filter { limit: 10, ..Filter::default() }, Duration::ZERO).entries.len();
    write(&one, id(1));
    write(&one, id(1));
    write(&other, id(1));
    write(&one, id(2));
    assert_eq!([count(&one, id(1)), count(&other, id(1)), count(&one, id(2))], [2, 1, 1]);
    write(&one, id(1));
    one.forget(id(1));
    write(&one, id(1));
    assert_eq!(count(&one, id(1)), 1);
    // What a thread writes into is in use, though nobody looks for it.
    for n in 3..MOST_ORGS * 3 {
        write(&one, id(1));
        std::thread::scope(|scope| scope.spawn(|| write(&one, id(n))).join().unwrap());
    }
    assert_eq!(count(&one, id(1)), 5);
}
