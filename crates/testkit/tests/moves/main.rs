//! Orgs that move between databases of two kinds: nothing is lost, nothing differs, and clients notice nothing.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

mod broken;
mod places;

use orglet_base::{OwnedCell, Statement};
use orglet_engine::orgs::{AdminError, DiffRequest, NewOrg};
use orglet_engine::{OrgFacts, OrgOptions};
use orglet_store::sqlite::{Durability, Sqlite};
use orglet_store::{Store, StoreError};
use orglet_testkit::Target;
use orglet_testkit::fixtures::{create, custom_field, custom_object, form, send_json};
use orglet_testkit::postgres::Database;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A folder that goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orglet-moves-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An org of a server, as a client with a session sees it.
#[derive(Clone)]
struct Client(Arc<orglet_http::Server>, OrgFacts);

impl Target for Client {
    fn send(&self, request: http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
        self.0.handle(request, orglet_http::Peer { scheme: orglet_http::Scheme::Http, trusted: false })
    }

    fn facts(&self) -> OrgFacts {
        self.1.clone()
    }
}

type Engine = Arc<orglet_engine::Server>;

fn open(options: OrgOptions) -> (Engine, Arc<orglet_http::Server>) {
    let engine = Arc::new(orglet_engine::Server::open(options).unwrap());
    (engine.clone(), Arc::new(orglet_http::Server::new(engine)))
}

fn in_folder(folder: &Path) -> (Engine, Arc<orglet_http::Server>) {
    open(OrgOptions { data: Some(folder.to_owned()), open_orgs: 1, ..OrgOptions::default() })
}

fn on(database: &Database) -> (Engine, Arc<orglet_http::Server>) {
    open(OrgOptions { store: Some(database.address()), ..OrgOptions::default() })
}

fn sampled(engine: &Engine, server: &Arc<orglet_http::Server>, name: &str) -> Client {
    let new = NewOrg { name: Some(name.into()), sample_data: true, ..NewOrg::default() };
    Client(server.clone(), engine.create_org(&new).unwrap().facts)
}

fn query(target: &dyn Target, soql: &str) -> Value {
    let (status, body) = send_json(target, "GET", &format!("queryAll?q={}", form(soql)), None);
    assert_eq!(status, 200, "{soql}: {body}");
    body["records"].clone()
}

fn count(target: &dyn Target) -> i64 {
    query(target, "SELECT count(Id) n FROM Account")[0]["n"].as_i64().unwrap()
}

fn refusal<T>(result: Result<T, AdminError>) -> String {
    result.err().unwrap().to_string()
}

/// Custom objects and fields of many kinds, with rows that are easy to get wrong, deleted ones among them.
fn fill(org: &Client) {
    custom_object(org, "Thing__c").unwrap();
    let fields = [
        ("Text__c", json!({"type": "Text", "label": "T", "length": 255, "unique": true, "externalId": true, "caseSensitive": false})),
        ("Long__c", json!({"type": "LongTextArea", "label": "L", "length": 32000, "visibleLines": 3})),
        ("Number__c", json!({"type": "Number", "label": "N", "precision": 18, "scale": 4})),
        ("Money__c", json!({"type": "Currency", "label": "M", "precision": 16, "scale": 2})),
        ("Check__c", json!({"type": "Checkbox", "label": "C", "defaultValue": "false"})),
        ("Day__c", json!({"type": "Date", "label": "D"})),
        ("At__c", json!({"type": "DateTime", "label": "A"})),
        ("Clock__c", json!({"type": "Time", "label": "K"})),
    ];
    for (name, metadata) in fields {
        custom_field(org, &format!("Thing__c.{name}"), &metadata).unwrap();
    }
    let odd = "é\u{212A}ſ😀 \"quoted\" \\ {a,NULL} 'x'\t\r\nline";
    let rows = [
        json!({"Text__c": odd, "Long__c": odd.repeat(300), "Number__c": -9999999999.9999, "Money__c": 0.01, "Check__c": true,
               "Day__c": "1700-01-01", "At__c": "1999-12-31T23:59:59.000Z", "Clock__c": "23:59:59.999Z"}),
        json!({"Text__c": "NULL", "Number__c": 0, "Day__c": "4000-12-31", "At__c": "1700-01-01T00:00:00.000Z", "Clock__c": "00:00:00.000Z"}),
        json!({}),
    ];
    for row in &rows {
        create(org, "Thing__c", row).unwrap();
    }
    let gone = create(org, "Thing__c", &json!({"Text__c": "gone"})).unwrap();
    assert_eq!(send_json(org, "DELETE", &format!("sobjects/Thing__c/{gone}"), None).0, 204);
}

const THINGS: &str = "SELECT Id, Name, Text__c, Long__c, Number__c, Money__c, Check__c, Day__c, At__c, Clock__c, IsDeleted, CreatedDate, \
                      SystemModstamp FROM Thing__c ORDER BY Text__c, Id";

#[test]
fn an_org_goes_to_postgres_and_back_and_is_the_same() {
    let (folder, database) = (Folder::new("there-and-back"), Database::new().unwrap());
    let (engine, server) = in_folder(&folder.0);
    let org = sampled(&engine, &server, "a");
    fill(&org);
    let things = query(&org, THINGS);
    assert_eq!(things.as_array().unwrap().len(), 4);
    let session = engine.login(&org.1.username, &org.1.password).unwrap().identity.token.to_string();
    let kept = Client(server.clone(), OrgFacts { access_token: session, ..org.1.clone() });
    engine.snapshot_org("a", Some("before")).unwrap();

    assert!(refusal(engine.move_org("a", "pg1")).contains("no database 'pg1'"));
    assert!(refusal(engine.move_org("a", "home")).contains("already"));
    let secret = database.address().replace("orglet@", "orglet:geheim@");
    assert!(secret.contains("geheim"));
    engine.add_database("pg1", &secret).unwrap();
    assert!(!engine.list_databases().unwrap()[0].address.contains("geheim"));
    let there = engine.move_org("a", "pg1").unwrap();
    assert_eq!(engine.show_org("a").unwrap().database.as_deref(), Some("pg1"));
    assert!(!folder.0.join("orgs/org_2.db").exists());
    assert!(there.tables.iter().any(|t| t.table == "Thing__c" && t.rows == 4), "{there:?}");
    assert!(refusal(engine.move_org("a", "pg1")).contains("already"));
    assert!(refusal(engine.remove_database("pg1")).contains("holds a"));

    // The session of before, rows, metadata, uniqueness, ids.
    assert_eq!(query(&kept, THINGS), things);
    let refused = create(&kept, "Thing__c", &json!({"Text__c": "null"})).unwrap_err();
    assert!(refused.contains("DUPLICATE_VALUE"), "{refused}");
    let diff = |until: Option<&str>| {
        let request = DiffRequest {
            org: "a".into(),
            since: Some("before".into()),
            until: until.map(Into::into),
            objects: Vec::new(),
            system_fields: true,
            after: None,
            limit: None,
        };
        engine.diff(&request).unwrap()
    };
    assert!(diff(None).records.is_empty() && diff(None).metadata.is_empty());
    let added = create(&kept, "Account", &json!({"Name": "Added there"})).unwrap();
    assert_eq!(diff(None).records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [added.as_str()]);

    // A snapshot of before, in the folder, comes back into the database; one is taken there.
    engine.restore_org("a", "before").unwrap();
    assert!(diff(None).records.is_empty());
    let again = create(&kept, "Account", &json!({"Name": "Added there"})).unwrap();
    assert_ne!(again, added);
    engine.snapshot_org("a", Some("after")).unwrap();
    engine.restore_org("a", "before").unwrap();
    assert_eq!(diff(Some("after")).records.len(), 1);

    let at_rest = engine.move_org("a", "home").unwrap();
    let forth = engine.move_org("a", "pg1").unwrap();
    let back = engine.move_org("a", "home").unwrap();
    assert_eq!(at_rest.tables, forth.tables);
    assert_eq!(forth.tables, back.tables);
    assert!(back.tables.len() > 20 && back.tables.iter().all(|t| t.sum.len() == 64));
    assert_eq!(query(&kept, THINGS), things);
    engine.reset_org("a").unwrap();
    assert!(create(&kept, "Account", &json!({"Name": "After the reset"})).is_ok());

    // A snapshot of the org is still in the database.
    assert!(refusal(engine.remove_database("pg1")).contains("holds after"));
    engine.delete_snapshot("after").unwrap();
    engine.remove_database("pg1").unwrap();
    assert!(engine.list_databases().unwrap().is_empty());
}

#[test]
fn the_default_org_moves_and_is_found_by_the_next_start() {
    let (folder, database) = (Folder::new("default"), Database::new().unwrap());
    let made = {
        let (engine, server) = in_folder(&folder.0);
        let org = Client(server, engine.facts().unwrap());
        let made = create(&org, "Account", &json!({"Name": "Before"})).unwrap();
        engine.add_database("pg1", &database.address()).unwrap();
        engine.move_org("default", "pg1").unwrap();
        create(&org, "Account", &json!({"Name": "After"})).unwrap();
        // What goes through a login finds it too.
        assert!(engine.login(&org.1.username, &org.1.password).is_ok());
        made
    };
    let (engine, server) = in_folder(&folder.0);
    let org = Client(server, engine.facts().unwrap());
    assert_eq!(query(&org, "SELECT Id FROM Account ORDER BY CreatedDate, Id")[0]["Id"], json!(made));
    engine.reset_org("default").unwrap();
    assert_eq!(count(&org), 0);
    let clone = engine.create_org(&NewOrg { name: Some("c".into()), clone_of: Some("default".into()), ..NewOrg::default() }).unwrap();
    assert_eq!(clone.org.database.as_deref(), Some("pg1"));
    let near = NewOrg { name: Some("d".into()), clone_of: Some("default".into()), database: Some("home".into()), ..NewOrg::default() };
    assert_eq!(engine.create_org(&near).unwrap().org.database, None);
    let far = NewOrg { name: Some("e".into()), sample_data: true, database: Some("pg1".into()), ..NewOrg::default() };
    let far = Client(org.0.clone(), engine.create_org(&far).unwrap().facts);
    assert!(count(&far) > 10);
    engine.delete_org("e").unwrap();
}

/// Saves over several connections, until told to stop; answers what was acknowledged, and every answer that was none.
fn load(org: &Client, stop: &AtomicBool, done: &AtomicUsize, worker: usize) -> (Vec<String>, Vec<String>) {
    let (mut ids, mut others) = (Vec::new(), Vec::new());
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match create(org, "Account", &json!({"Name": format!("{worker}-{n}")})) {
            Ok(id) => {
                let (status, body) = send_json(org, "GET", &format!("sobjects/Account/{id}"), None);
                if status != 200 {
                    others.push(format!("{id} is not there: {status} {body}"));
                }
                ids.push(id);
            }
            Err(refused) => others.push(refused),
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    (ids, others)
}

#[test]
fn clients_that_write_notice_nothing_of_a_move() {
    let (folder, database) = (Folder::new("load"), Database::new().unwrap());
    let (engine, server) = in_folder(&folder.0);
    engine.add_database("pg1", &database.address()).unwrap();
    let org = sampled(&engine, &server, "busy");
    let before = count(&org);
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (ids, others) = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|n| {
                scope.spawn({
                    let (org, stop, done) = (&org, &stop, &done);
                    move || load(org, stop, done, n)
                })
            })
            .collect();
        for to in ["pg1", "home", "pg1"] {
            // Each move has writes before it.
            let seen = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < seen + 20 {
                thread::yield_now();
            }
            engine.move_org("busy", to).unwrap();
        }
        // One after the other, so that a write may meet several.
        for to in ["home", "pg1", "home", "pg1", "home", "pg1"] {
            engine.move_org("busy", to).unwrap();
        }
        let seen = done.load(Ordering::Relaxed);
        while done.load(Ordering::Relaxed) < seen + 20 {
            thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        let (mut ids, mut others) = (Vec::new(), Vec::new());
        for worker in workers {
            let (good, bad) = worker.join().unwrap();
            ids.extend(good);
            others.extend(bad);
        }
        (ids, others)
    });
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(count(&org), before + ids.len() as i64);
}

#[test]
fn another_server_follows_an_org_that_was_moved() {
    let (own, other) = (Database::new().unwrap(), Database::new().unwrap());
    let ((a, on_a), (b, on_b)) = (on(&own), on(&own));
    let on_a = sampled(&a, &on_a, "roaming");
    let on_b = Client(on_b, b.log_into("roaming").unwrap().facts);
    let before = count(&on_b);
    a.add_database("pg2", &other.address()).unwrap();
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (ids, others) = thread::scope(|scope| {
        let worker = scope.spawn(|| load(&on_b, &stop, &done, 0));
        for to in ["pg2", "home", "pg2"] {
            let seen = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < seen + 10 {
                thread::yield_now();
            }
            a.move_org("roaming", to).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        worker.join().unwrap()
    });
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(count(&on_a), before + ids.len() as i64);
    custom_field(&on_b, "Account.Seen__c", &json!({"type": "Text", "label": "S", "length": 9})).unwrap();
    create(&on_a, "Account", &json!({"Name": "x", "Seen__c": "yes"})).unwrap();
    b.delete_org("roaming").unwrap();
    assert_eq!(send_json(&on_a, "GET", "sobjects/Account/describe", None).0, 401);
}

#[test]
fn what_one_server_moved_another_administers() {
    let (own, other) = (Database::new().unwrap(), Database::new().unwrap());
    let (a, on_a) = on(&own);
    // It has one org open at most: whichever was not asked for last is closed.
    let (b, on_b) = open(OrgOptions { store: Some(own.address()), open_orgs: 1, ..OrgOptions::default() });
    let on_a = sampled(&a, &on_a, "roaming");
    let on_b = Client(on_b, b.log_into("roaming").unwrap().facts);
    let others = sampled(&b, &on_b.0, "other");
    a.add_database("pg2", &other.address()).unwrap();
    for to in ["pg2", "home"] {
        for open in [true, false] {
            let from = if to == "home" { "pg2" } else { "home" };
            if open {
                count(&on_b);
            } else {
                a.move_org("roaming", from).unwrap();
                count(&others);
            }
            let before = count(&on_a);
            a.move_org("roaming", to).unwrap();
            if !open {
                // The first that it hears of the org since.
                create(&on_b, "Account", &json!({"Name": "by the other"})).unwrap();
                assert_eq!((count(&on_a), count(&on_b)), (before + 1, before + 1));
            }
            b.snapshot_org("roaming", Some("here")).unwrap();
            create(&on_a, "Account", &json!({"Name": "after the snapshot"})).unwrap();
            let request = DiffRequest { org: "roaming".into(), since: Some("here".into()), ..DiffRequest::default() };
            assert_eq!(b.diff(&request).unwrap().records.len(), 1);
            b.restore_org("roaming", "here").unwrap();
            assert_eq!(a.diff(&request).unwrap().records.len(), 0);
            let copy = NewOrg { name: Some("copy".into()), clone_of: Some("roaming".into()), ..NewOrg::default() };
            let made = b.create_org(&copy).unwrap();
            assert_eq!(made.org.database.as_deref().unwrap_or("home"), to);
            a.delete_org("copy").unwrap();
            b.delete_snapshot("here").unwrap();
        }
    }
    b.move_org("roaming", "pg2").unwrap();
    a.reset_org("roaming").unwrap();
    custom_object(&on_b, "Fresh__c").unwrap();
    create(&on_a, "Fresh__c", &json!({})).unwrap();
    a.delete_org("roaming").unwrap();
    assert_eq!(send_json(&on_b, "GET", "sobjects/Account/describe", None).0, 401);
    b.remove_database("pg2").unwrap();
}

#[test]
fn a_server_is_copied_whole_into_a_database_and_back_into_a_folder() {
    let (folder, copy, database) = (Folder::new("whole"), Folder::new("whole-copy"), Database::new().unwrap());
    let things = {
        let (engine, server) = in_folder(&folder.0);
        let org = sampled(&engine, &server, "a");
        fill(&org);
        engine.snapshot_org("a", Some("s")).unwrap();
        engine.set_password(&engine.default_org(), engine.admin_id(), "of my own", "").unwrap();
        engine.backup_to_database(&database.address()).unwrap();
        assert!(refusal(engine.backup_to_database(&database.address())).contains("there is a server already"));
        query(&org, THINGS)
    };
    let check = |engine: &Engine, server: &Arc<orglet_http::Server>| {
        let org = Client(server.clone(), engine.log_into("a").unwrap().facts);
        assert_eq!(query(&org, THINGS), things);
        assert_eq!(engine.list_snapshots("").unwrap().len(), 1);
        assert!(engine.login("admin@orglet.example", "of my own").is_ok());
        create(&org, "Account", &json!({"Name": "new"})).unwrap();
        engine.restore_org("a", "s").unwrap();
    };
    {
        let (engine, server) = on(&database);
        check(&engine, &server);
        engine.backup(&copy.0).unwrap();
    }
    let (engine, server) = in_folder(&copy.0);
    check(&engine, &server);
}

fn own_database<T>(folder: &Path, work: impl FnMut(&mut dyn orglet_store::Tx) -> Result<T, StoreError>) -> T {
    let store = Sqlite::open(&folder.join("server.db"), Durability::Full).unwrap();
    let store: &dyn Store = &store;
    store.transact_with(work).unwrap()
}

#[test]
fn a_move_that_was_cut_off_is_finished_or_undone_by_the_next_start() {
    for finished in [true, false] {
        let folder = Folder::new(if finished { "finished" } else { "undone" });
        let made = {
            let (engine, server) = in_folder(&folder.0);
            let org = sampled(&engine, &server, "a");
            create(&org, "Account", &json!({"Name": "Mine"})).unwrap()
        };
        let orgs = folder.0.join("orgs");
        std::fs::copy(orgs.join("org_2.db"), orgs.join("org_9.db")).unwrap();
        if finished {
            // The server ended when the old one was gone and the directory did not know it.
            std::fs::remove_file(orgs.join("org_2.db")).unwrap();
        }
        own_database(&folder.0, |tx| {
            let sql = "INSERT INTO \"_moves\" SELECT id, 'org_2', 'org_9' FROM \"_orgs\" WHERE name = 'a'";
            tx.execute(&Statement::new(sql, Vec::new()))
        });
        let (engine, server) = in_folder(&folder.0);
        let org = Client(server, engine.log_into("a").unwrap().facts);
        assert_eq!(send_json(&org, "GET", &format!("sobjects/Account/{made}"), None).0, 200);
        drop((engine, org));
        assert_eq!((orgs.join("org_2.db").exists(), orgs.join("org_9.db").exists()), (!finished, finished));
        let lines = own_database(&folder.0, |tx| tx.first(&Statement::new("SELECT count(*) FROM \"_moves\"", Vec::new())));
        assert_eq!(lines, Some(vec![OwnedCell::Int(0)]));
    }
}
