//! Many orgs on one server: made, kept apart, snapshotted, brought back, taken away.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{ApiVersion, ErrorCode, Id, Statement, Value};
use orglet_engine::metadata;
use orglet_engine::orgs::{AdminError, NewOrg, OrgAccess};
use orglet_engine::save::{self, Op, Saved};
use orglet_engine::{Failure, Identity, OrgOptions, Server, query};
use orglet_store::Store;
use orglet_store::sqlite::{Durability, Sqlite};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use world::{Folder, incoming, text_field};

/// Runs a test on a server with a data directory and on one in memory.
fn on_both(name: &str, test: impl Fn(Arc<Server>)) {
    let folder = Folder::new(name);
    test(Arc::new(on_disk(&folder)));
    test(Arc::new(Server::open(OrgOptions { id_seed: Some(1), ..OrgOptions::default() }).unwrap()));
}

fn on_disk(folder: &Folder) -> Server {
    let options = OrgOptions { data: Some(folder.path().to_owned()), id_seed: Some(1), open_orgs: 2, ..OrgOptions::default() };
    Server::open(options).unwrap()
}

fn make(server: &Server, name: &str) -> OrgAccess {
    server.create_org(&NewOrg { name: Some(name.into()), ..NewOrg::default() }).unwrap()
}

fn from(server: &Server, name: &str, template: &str) -> OrgAccess {
    server.create_org(&NewOrg { name: Some(name.into()), template: Some(template.into()), ..NewOrg::default() }).unwrap()
}

/// The administrator of an org, by the token that was answered.
fn who(server: &Server, access: &OrgAccess) -> Identity {
    server.authenticate(&access.facts.access_token).unwrap().unwrap()
}

fn default_admin(server: &Server) -> Identity {
    server.admin().unwrap()
}

fn insert(identity: &Identity, object: &str, fields: &[(&str, Value)]) -> Result<Saved, Failure> {
    let object = identity.org.catalog().object(object).unwrap().clone();
    let record = incoming(&object, fields);
    save::save_one(identity, &object, Op::Insert, record, None)
}

fn account(identity: &Identity, name: &str) -> Id {
    insert(identity, "Account", &[("Name", name.into())]).unwrap().id
}

fn user(identity: &Identity, username: &str) -> Result<Saved, Failure> {
    let profile = texts(&identity.clone(), "SELECT Id FROM Profile WHERE Name = 'Standard User'");
    insert(
        identity,
        "User",
        &[
            ("Username", username.into()),
            ("LastName", "New".into()),
            ("Email", "n@example.com".into()),
            ("Alias", "new".into()),
            ("CommunityNickname", username.into()),
            ("TimeZoneSidKey", "GMT".into()),
            ("LocaleSidKey", "en_US".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("EmailEncodingKey", "UTF-8".into()),
            ("ProfileId", Value::Id(Id::parse(&profile[0]).unwrap())),
        ],
    )
}

/// First column of a query, as text.
fn texts(identity: &Identity, soql: &str) -> Vec<String> {
    let server = Server::open(OrgOptions::default()).unwrap();
    let request = query::Request { soql, version: ApiVersion::LATEST, all_rows: false, batch: query::BATCH, tooling: false };
    // Another server's cursors do: these results fit one page.
    let rows = query::run(&server, identity, &request).unwrap().set.rows;
    (0..rows.len()).map(|row| rows.cell(row, rows.columns() - 1).text().unwrap_or_default().to_owned()).collect()
}

fn names(identity: &Identity) -> Vec<String> {
    texts(identity, "SELECT Name FROM Account ORDER BY Name")
}

fn refusal<T>(result: Result<T, AdminError>) -> String {
    match result.err().unwrap() {
        AdminError::Failure(failure) => panic!("{failure}"),
        refused => refused.to_string(),
    }
}

#[test]
fn orgs_are_apart() {
    on_both("apart", |server| {
        let (a, b) = (make(&server, "a"), make(&server, "b"));
        assert_ne!(a.org.id, b.org.id);
        let (in_a, in_b) = (who(&server, &a), who(&server, &b));
        account(&in_a, "only a");
        metadata::apply(&in_a, vec![text_field("Account", "A__c")]).unwrap();
        assert_eq!(names(&in_a), ["only a"]);
        assert!(names(&in_b).is_empty() && names(&default_admin(&server)).is_empty());
        assert!(in_b.org.catalog().object("Account").unwrap().field("A__c").is_none());
        assert_eq!(texts(&in_a, "SELECT Id FROM Organization"), [a.org.id.as_str()]);
        in_a.org.usage.count(server.now());
        assert_eq!((in_a.org.usage.used(server.now()), in_b.org.usage.used(server.now())), (1, 0));
        // A token is good for the org that it names, and for no other.
        let session = server.login(&a.facts.username, &a.facts.password).unwrap().identity.token.to_string();
        let tail = session.split_once('!').unwrap().1;
        assert!(server.authenticate(&session).unwrap().is_some());
        assert!(server.authenticate(&format!("{}!{tail}", in_b.org.id.as_15())).unwrap().is_none());
    });
}

#[test]
fn a_login_name_finds_its_org_and_is_unique_over_the_server() {
    on_both("logins", |server| {
        let (a, b) = (make(&server, "a"), make(&server, "b"));
        assert_eq!(a.facts.username, "admin@orglet.example.a");
        for access in [&a, &b] {
            let grant = server.login(&access.facts.username.to_uppercase(), &access.facts.password).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!(grant.identity.org.id.to_string(), access.org.id);
        }
        let (in_a, in_b) = (who(&server, &a), who(&server, &b));
        let made = user(&in_a, "jo@example.com").unwrap();
        match user(&in_b, "JO@example.com") {
            Err(Failure::Api(e)) => assert_eq!(e.code(), ErrorCode::DuplicateUsername),
            other => panic!("{other:?}"),
        }
        // A name that its user gave up, or that a failed save asked for, is free.
        let object = in_a.org.catalog().object("User").unwrap().clone();
        let renamed = save::Incoming { id: Some(made.id), ..incoming(&object, &[("Username", "jojo@example.com".into())]) };
        save::save_one(&in_a, &object, Op::Update, renamed, None).unwrap();
        assert!(insert(&in_a, "User", &[("Username", "free@example.com".into())]).is_err());
        user(&in_b, "jo@example.com").unwrap();
        user(&in_b, "free@example.com").unwrap();
        assert!(user(&in_b, "jojo@example.com").is_err());
        assert!(user(&default_admin(&server), &b.facts.username).is_err());
    });
}

#[test]
fn an_org_is_made_from_a_template_and_goes_back_to_it() {
    on_both("template", |server| {
        let base = make(&server, "base");
        let in_base = who(&server, &base);
        account(&in_base, "template");
        metadata::apply(&in_base, vec![text_field("Account", "T__c")]).unwrap();
        server.snapshot_org("base", Some("t")).unwrap();
        account(&in_base, "later");
        let one = from(&server, "one", "t");
        assert_eq!((one.facts.username.as_str(), one.org.template.as_deref()), ("admin@orglet.example.base.one", Some("t")));
        let in_one = who(&server, &one);
        assert_eq!(names(&in_one), ["template"]);
        assert!(in_one.org.catalog().object("Account").unwrap().field("T__c").is_some());
        let first = account(&in_one, "mine");
        metadata::apply(&in_one, vec![text_field("Account", "More__c")]).unwrap();
        let session = server.login(&one.facts.username, &one.facts.password).unwrap().identity.token.to_string();
        server.reset_org("one").unwrap();
        assert_eq!(names(&in_one), ["template"]);
        assert!(in_one.org.catalog().object("Account").unwrap().field("More__c").is_none());
        assert!(server.authenticate(&session).unwrap().is_some(), "sessions are kept");
        assert!(account(&in_one, "again") > first, "an id is never given twice");
        assert!(refusal(server.delete_snapshot("t")).contains("one"));
        server.delete_org("one").unwrap();
        server.delete_snapshot("t").unwrap();
        assert!(refusal(server.show_snapshot("t")).contains("no snapshot"));
    });
}

#[test]
fn a_restore_under_load_is_one_step_and_gives_no_id_twice() {
    on_both("restore", |server| {
        let a = make(&server, "a");
        let identity = who(&server, &a);
        for n in 0..5 {
            account(&identity, &format!("kept {n}"));
        }
        server.snapshot_org("a", Some("five")).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (identity, stop) = (identity.clone(), stop.clone());
                std::thread::spawn(move || {
                    let mut ids = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        ids.push(account(&identity, "new"));
                    }
                    ids
                })
            })
            .collect();
        for n in 0..10 {
            metadata::apply(&identity, vec![text_field("Account", &format!("F{n}__c"))]).unwrap();
            server.restore_org("a", "five").unwrap();
            assert_eq!(texts(&identity, "SELECT Id FROM Account WHERE Name LIKE 'kept%'").len(), 5);
            let name = format!("F{n}__c");
            assert!(identity.org.catalog().object("Account").unwrap().field(&name).is_none(), "{name}");
        }
        stop.store(true, Ordering::SeqCst);
        let ids: Vec<Id> = writers.into_iter().flat_map(|w| w.join().unwrap()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        server.restore_org("a", "five").unwrap();
        assert_eq!(names(&identity).len(), 5);
    });
}

#[test]
fn a_snapshot_of_another_org_brings_no_id_twice_and_no_session_of_its_users() {
    on_both("foreign", |server| {
        let (a, b) = (make(&server, "a"), make(&server, "b"));
        let (in_a, in_b) = (who(&server, &a), who(&server, &b));
        account(&in_a, "of a");
        for n in 0..40 {
            account(&in_b, &format!("{n}"));
        }
        let (kim, lee) = (user(&in_a, "kim@example.com").unwrap().id, user(&in_b, "lee@example.com").unwrap().id);
        assert_eq!(kim, lee, "two people");
        server.set_password(&in_a.org, kim, "secret-1", "").unwrap();
        let session = server.login("kim@example.com", "secret-1").unwrap().identity.token.to_string();
        server.snapshot_org("b", Some("of-b")).unwrap();
        server.restore_org("a", "of-b").unwrap();
        assert_eq!(names(&in_a).len(), 40);
        for n in 0..60 {
            account(&in_a, &format!("new {n}"));
        }
        assert_eq!(names(&in_a).len(), 100);
        assert!(server.authenticate(&session).unwrap().is_none(), "Lee is not let in as Kim");
        assert!(server.authenticate(&a.facts.access_token).unwrap().is_some());
    });
}

#[test]
fn a_default_org_that_is_lost_is_not_made_anew() {
    let folder = Folder::new("lost");
    let options = || OrgOptions { data: Some(folder.path().to_owned()), ..OrgOptions::default() };
    drop(Server::open(options()).unwrap());
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("orgs/default.db{ending}")));
    }
    assert!(Server::open(options()).is_err_and(|e| e.to_string().contains("is missing")));
    assert!(!folder.path().join("orgs/default.db").exists());
}

#[test]
fn a_clone_has_what_its_org_has_now() {
    on_both("clone", |server| {
        let admin = default_admin(&server);
        account(&admin, "first");
        server.set_password(&server.default_org(), user(&admin, "kim@example.com").unwrap().id, "secret-1", "").unwrap();
        let new = NewOrg { name: Some("copy".into()), clone_of: Some("default".into()), ..NewOrg::default() };
        let copy = server.create_org(&new).unwrap();
        let in_copy = who(&server, &copy);
        account(&in_copy, "second");
        assert_eq!((names(&in_copy), names(&admin)), (vec!["first".to_owned(), "second".to_owned()], vec!["first".to_owned()]));
        assert!(server.login("kim@example.com.copy", "secret-1").is_ok(), "passwords go along");
        assert!(server.login("kim@example.com.copy", "secret-2").is_err());
        server.reset_org("copy").unwrap();
        assert_eq!(names(&in_copy), ["first"]);
    });
}

#[test]
fn a_deleted_org_is_gone_and_its_name_and_login_names_are_free() {
    on_both("deleted", |server| {
        let a = make(&server, "a");
        let session = server.login(&a.facts.username, &a.facts.password).unwrap().identity.token.to_string();
        server.delete_org("a").unwrap();
        for token in [&session, &a.facts.access_token] {
            assert!(server.authenticate(token).unwrap().is_none());
        }
        assert!(server.login(&a.facts.username, &a.facts.password).is_err());
        assert!(refusal(server.show_org("a")).contains("no org 'a'"));
        assert!(refusal(server.delete_org("a")).contains("no org 'a'"));
        assert!(refusal(server.delete_org("default")).contains("default"));
        let again = make(&server, "a");
        assert_ne!(again.org.id, a.org.id);
        assert!(names(&who(&server, &again)).is_empty());
    });
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    on_both("refused", |server| {
        make(&server, "a");
        let with = |new: NewOrg| refusal(server.create_org(&new));
        let named = |name: &str| NewOrg { name: Some(name.into()), ..NewOrg::default() };
        assert!(with(named("a")).contains("already"));
        for name in ["", "A", "-a", "a-", "a b", "a/b", "~1", &"x".repeat(41)] {
            assert!(with(named(name)).contains("can't be the name"), "{name}");
        }
        assert!(with(NewOrg { template: Some("none".into()), ..named("b") }).contains("no snapshot"));
        assert!(with(NewOrg { clone_of: Some("none".into()), ..named("b") }).contains("no org"));
        assert!(with(NewOrg { clone_of: Some("a".into()), sample_data: true, ..named("b") }).contains("sample"));
        assert!(with(NewOrg { admin_username: Some("admin@orglet.example".into()), ..named("b") }).contains("in use"));
        server.snapshot_org("a", Some("s")).unwrap();
        assert!(refusal(server.snapshot_org("a", Some("s"))).contains("already"));
        assert!(refusal(server.restore_org("a", "none")).contains("no snapshot"));
        let listed: Vec<String> = server.list_orgs("").unwrap().into_iter().map(|o| o.name).collect();
        assert_eq!(listed, ["a", "default"]);
        assert_eq!(server.list_snapshots("").unwrap().len(), 1);
    });
}

#[test]
fn the_default_org_is_reset_to_what_it_began_with() {
    let options = OrgOptions { sample_data: true, admin_username: Some("boss@x.example".into()), ..OrgOptions::default() };
    let server = Server::open(options).unwrap();
    let admin = default_admin(&server);
    let before = names(&admin);
    account(&admin, "another");
    server.reset_org("default").unwrap();
    assert_eq!(names(&admin), before);
    assert!(!before.is_empty());
    assert!(server.login("boss@x.example", "orglet-dev-1").is_ok());
}

#[test]
fn few_orgs_stay_open_and_closed_ones_come_back_as_they_were() {
    let folder = Folder::new("lru");
    let server = on_disk(&folder);
    let made: Vec<OrgAccess> = (0..5).map(|n| make(&server, &format!("o{n}"))).collect();
    for access in &made {
        let identity = who(&server, access);
        account(&identity, &access.org.name);
        identity.org.usage.count(server.now());
    }
    assert_eq!(server.open_orgs().open, 2);
    for access in &made {
        let identity = who(&server, access);
        assert_eq!(names(&identity), [access.org.name.as_str()]);
        assert_eq!(identity.org.usage.used(server.now()), 1);
    }
    // One that a request still holds comes back as the same org.
    let held = who(&server, &made[0]).org;
    for access in &made[1..] {
        who(&server, access);
    }
    assert!(Arc::ptr_eq(&held, &who(&server, &made[0]).org));
    drop(held);
    // Those that were in use at once are closed when they are not any more.
    let all: Vec<Identity> = made.iter().map(|access| who(&server, access)).collect();
    assert!(server.open_orgs().open >= 4);
    drop(all);
    who(&server, &made[1]);
    who(&server, &make(&server, "last"));
    assert_eq!(server.open_orgs().open, 2);
    drop(server);
    let server = on_disk(&folder);
    assert_eq!(names(&who(&server, &made[4])), ["o4"]);
    assert_eq!(server.list_orgs("o1").unwrap().len(), 3);
}

#[test]
fn a_server_goes_on_from_a_backup() {
    on_both("backup", |server| {
        let a = make(&server, "a");
        account(&who(&server, &a), "saved");
        server.snapshot_org("a", Some("s")).unwrap();
        let copy = Folder::new("backup-copy");
        server.backup(copy.path()).unwrap();
        assert!(server.backup(copy.path()).is_err());
        account(&who(&server, &a), "after");
        let again = on_disk(&copy);
        assert_eq!(names(&who(&again, &a)), ["saved"]);
        again.restore_org("a", "s").unwrap();
    });
}

#[test]
fn a_password_of_its_own_and_the_servers() {
    let options = OrgOptions { admin_password: Some("main-1".into()), access_token: Some("AQ.mine".into()), ..OrgOptions::default() };
    let server = Server::open(options).unwrap();
    let own = server.create_org(&NewOrg { admin_password: Some("own-1".into()), ..NewOrg::default() }).unwrap();
    assert!(server.login(&own.facts.username, "own-1").is_ok() && server.login(&own.facts.username, "main-1").is_err());
    let plain = make(&server, "plain");
    assert_eq!(plain.facts.password, "main-1");
    assert!(server.login(&plain.facts.username, "main-1").is_ok() && server.login(&plain.facts.username, "orglet-dev-1").is_err());
    // The default org's own token says nothing about others.
    assert!(server.authenticate(&format!("{}!AQ.mine", plain.org.id)).unwrap().is_none());
    assert!(server.authenticate(&plain.facts.access_token).unwrap().is_some());
}

#[test]
fn what_was_cut_short_is_cleared_up_by_the_next_start() {
    let folder = Folder::new("cut-short");
    let session = {
        let server = on_disk(&folder);
        let a = make(&server, "a");
        server.snapshot_org("a", Some("s")).unwrap();
        server.login(&a.facts.username, &a.facts.password).unwrap_or_else(|e| panic!("{e:?}")).identity.token.to_string()
    };
    let file = folder.path().join("orgs/org_2.db");
    assert!(file.exists());
    {
        let own = Sqlite::open(&folder.path().join("server.db"), Durability::Full).unwrap();
        let statements =
            ["UPDATE \"_orgs\" SET state = 'making' WHERE name = 'a'", "UPDATE \"_snapshots\" SET state = 'leaving' WHERE name = 's'"];
        own.define(&statements.map(|sql| Statement::new(sql, Vec::new()))).unwrap();
    }
    let server = on_disk(&folder);
    assert!(server.authenticate(&session).unwrap().is_none());
    assert!(!file.exists() && server.list_snapshots("").unwrap().is_empty());
    assert_eq!(
        std::fs::read_dir(folder.path().join("orgs"))
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().extension() == Some("db".as_ref()))
            .count(),
        1
    );
    make(&server, "a");
}

#[test]
fn a_user_whose_listing_was_lost_or_is_stale_is_put_right() {
    let folder = Folder::new("listing");
    let a = make(&on_disk(&folder), "a");
    {
        let own = Sqlite::open(&folder.path().join("server.db"), Durability::Full).unwrap();
        let claim = "INSERT INTO \"_usernames\" SELECT 'ghost@example.com', id FROM \"_orgs\" WHERE name = 'default'";
        own.define(&["DELETE FROM \"_usernames\"", claim].map(|sql| Statement::new(sql, Vec::new()))).unwrap();
    }
    let server = on_disk(&folder);
    let identity = who(&server, &a);
    assert!(server.login(&a.facts.username, &a.facts.password).is_ok());
    assert!(user(&identity, "ghost@example.com").is_ok());
}

#[test]
fn a_clone_that_is_refused_leaves_nothing_behind() {
    let folder = Folder::new("refused-clone");
    let server = on_disk(&folder);
    make(&server, "a");
    let files = || {
        std::fs::read_dir(folder.path().join("orgs"))
            .unwrap()
            .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "db"))
            .count()
    };
    let before = files();
    let taken = server.show_org("a").map(|_| "admin@orglet.example.a".to_owned()).unwrap();
    let clone = NewOrg { name: Some("b".into()), clone_of: Some("default".into()), admin_username: Some(taken), ..NewOrg::default() };
    assert!(refusal(server.create_org(&clone)).contains("in use"));
    assert_eq!(files(), before);
}

#[test]
fn counts_of_api_requests_survive_a_restart() {
    let folder = Folder::new("usage");
    let access = {
        let server = on_disk(&folder);
        let access = make(&server, "a");
        let identity = who(&server, &access);
        for _ in 0..3 {
            identity.org.usage.count(server.now());
        }
        server.default_org().usage.count(server.now());
        server.share_usage().unwrap();
        // Nothing new, nothing told twice.
        server.share_usage().unwrap();
        assert_eq!(identity.org.usage.used(server.now()), 3);
        access
    };
    let server = on_disk(&folder);
    let org = who(&server, &access).org;
    assert_eq!((org.usage.count(server.now()), server.requests_today(&org).unwrap()), (4, 4));
    assert_eq!(server.default_org().usage.used(server.now()), 1);
}
