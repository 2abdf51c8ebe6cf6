//! Sessions, credentials and the claim on a data directory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use orglet_base::{ApiVersion, DateTime, Id, OwnedCell, Value};
use orglet_engine::save::{self, Assign, Incoming, Op};
use orglet_engine::{OrgOptions, Server, dev, query};
use orglet_store::sqlite::{Durability, Sqlite};
use orglet_store::{Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A directory of the test's own, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("auth-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn options(&self) -> OrgOptions {
        OrgOptions { data: Some(self.0.clone()), ..OrgOptions::default() }
    }

    fn open(&self) -> Server {
        Server::open(self.options()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn in_memory(options: OrgOptions) -> Server {
    Server::open(OrgOptions { data: None, ..options }).unwrap()
}

fn refusal(options: OrgOptions) -> String {
    Server::open(options).map(|_| ()).unwrap_err().to_string()
}

fn logged_in(server: &Server, username: &str, password: &str) -> bool {
    server.login(username, password).is_ok()
}

fn token(server: &Server) -> String {
    let facts = server.facts().unwrap();
    server.login(&facts.username, &facts.password).unwrap_or_else(|e| panic!("{e:?}")).identity.token.to_string()
}

fn valid(server: &Server, token: &str) -> bool {
    server.authenticate(token).unwrap().is_some()
}

/// The first row of a statement on the server's own database.
fn own_row(folder: &Path, sql: &str) -> Vec<OwnedCell> {
    let store = Sqlite::open(&folder.join("server.db"), Durability::Relaxed).unwrap();
    let store: &dyn Store = &store;
    let statement = orglet_base::Statement::new(sql, Vec::new());
    store.read_with::<_, StoreError>(|tx| tx.first(&statement)).unwrap().unwrap()
}

/// Does something over and over on two threads while `work` runs.
fn meanwhile(again: impl Fn() + Sync, work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    again();
                }
            });
        }
        work();
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_session_that_is_in_use_can_be_ended() {
    let folder = Folder::new("revoke");
    let server = folder.open();
    for _ in 0..30 {
        let token = token(&server);
        meanwhile(
            || {
                let _ = server.authenticate(&token);
            },
            || {
                std::thread::sleep(Duration::from_millis(1));
                assert!(server.revoke(&token).unwrap());
                assert!(!valid(&server, &token), "right after");
            },
        );
        assert!(!valid(&server, &token), "later");
        assert!(!server.revoke(&token).unwrap());
    }
}

#[test]
fn a_session_in_use_lives_on_in_the_store() {
    let folder = Folder::new("extend");
    let at = |text: &str| Server::open(OrgOptions { now: DateTime::parse(text), ..folder.options() }).unwrap();
    let server = at("2026-01-01T00:00:00Z");
    let token = token(&server);
    drop(server);

    // Within a few minutes nothing is written.
    let server = at("2026-01-01T00:09:00Z");
    assert!(valid(&server, &token));
    let begun = DateTime::parse("2026-01-01T00:00:00Z").unwrap().0;
    assert_eq!(server.session_times(&token).unwrap(), Some((begun, begun + 7_200_000)));
    drop(server);

    let server = at("2026-01-01T01:30:00Z");
    let moved = DateTime::parse("2026-01-01T03:30:00Z").unwrap().0;
    assert!(valid(&server, &token));
    assert_eq!(server.session_times(&token).unwrap(), Some((begun, moved)), "at once");
    let patience = Instant::now();
    while own_row(&folder.0, "SELECT max(expires) FROM \"_sessions\"") != [OwnedCell::Int(moved)] {
        assert!(patience.elapsed() < Duration::from_secs(10), "it is written down soon");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(server);
    assert!(valid(&at("2026-01-01T03:29:59Z"), &token));
    let server = at("2026-01-01T06:00:00Z");
    assert!(!valid(&server, &token));
}

#[test]
fn ended_sessions_leave_the_store() {
    let folder = Folder::new("sweep");
    let at = |text: &str| Server::open(OrgOptions { now: DateTime::parse(text), ..folder.options() }).unwrap();
    let old = token(&at("2026-01-01T00:00:00Z"));
    let server = at("2026-01-01T02:05:00Z");
    assert!(!valid(&server, &old));
    assert!(server.session_times(&old).unwrap().is_some(), "the slack");
    drop(server);
    let server = at("2026-01-01T02:11:00Z");
    assert!(server.session_times(&old).unwrap().is_none());
}

#[test]
fn a_user_deactivated_while_it_is_read_stays_deactivated() {
    let folder = Folder::new("users");
    let server = folder.open();
    let (org, admin) = (server.default_org(), server.admin().unwrap());
    let object = org.catalog().object("User").unwrap().clone();
    let ask =
        query::Request { soql: "SELECT Id FROM Profile LIMIT 1", version: ApiVersion::LATEST, all_rows: false, batch: 200, tooling: false };
    let profile = Id::parse(query::run(&server, &admin, &ask).unwrap().set.rows.cell(0, 0).text().unwrap()).unwrap();
    let assign = |fields: &[(&str, Value)]| {
        fields.iter().map(|(name, value)| (object.field_index(name).unwrap(), Assign::Value(value.clone()))).collect::<Vec<_>>()
    };
    let text = |t: &str| Value::from(t);
    let fields = assign(&[
        ("Username", text("second@orglet.example")),
        ("LastName", text("Second")),
        ("Email", text("second@orglet.example")),
        ("Alias", text("second")),
        ("CommunityNickname", text("second")),
        ("TimeZoneSidKey", text("GMT")),
        ("LocaleSidKey", text("en_US")),
        ("LanguageLocaleKey", text("en_US")),
        ("EmailEncodingKey", text("UTF-8")),
        ("IsActive", Value::Bool(true)),
        ("ProfileId", Value::Id(profile)),
    ]);
    let id = save::save_one(&admin, &object, Op::Insert, Incoming { fields, ..Incoming::default() }, None).unwrap().id;
    for n in 0..30 {
        let active = n % 2 == 1;
        let update = |name: &str, value: Value| {
            let record = Incoming { id: Some(id), fields: assign(&[(name, value)]), ..Incoming::default() };
            save::save_one(&admin, &object, Op::Update, record, None).unwrap();
        };
        meanwhile(
            || {
                let _ = org.user(id);
            },
            || {
                // The first makes readers read anew while the second commits.
                update("Title", text("t"));
                update("IsActive", Value::Bool(active));
            },
        );
        assert_eq!(org.user(id).unwrap().unwrap().active, active);
    }
}

#[test]
fn a_data_directory_serves_one_server_at_a_time() {
    let folder = Folder::new("lock");
    let first = folder.open();
    let text = refusal(folder.options());
    assert!(text.contains("in use by another orglet") && text.contains(folder.0.to_str().unwrap()), "{text}");
    drop(first);
    drop(folder.open());
}

#[test]
fn development_credentials_until_a_password_is_set() {
    let folder = Folder::new("password");
    let server = folder.open();
    let facts = server.facts().unwrap();
    assert!(server.credentials_are_default());
    assert_eq!((facts.password.as_str(), facts.security_token.as_str()), (dev::PASSWORD, dev::SECURITY_TOKEN));
    for (password, fits) in [
        (dev::PASSWORD.to_owned(), true),
        (format!("{}{}", dev::PASSWORD, dev::SECURITY_TOKEN), true),
        (format!("{}x", dev::PASSWORD), false),
        (dev::SECURITY_TOKEN.to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(logged_in(&server, &facts.username, &password), fits, "{password}");
    }
    drop(server);

    let own = OrgOptions {
        admin_password: Some("pass-1".into()),
        admin_security_token: Some("tok".into()),
        client: Some(("key".into(), "hush".into())),
        ..folder.options()
    };
    let server = Server::open(own).unwrap();
    let facts = server.facts().unwrap();
    assert!(!server.credentials_are_default());
    assert_eq!((facts.password.as_str(), facts.security_token.as_str()), ("pass-1", "tok"));
    assert!(valid(&server, &facts.access_token));
    drop(server);

    // Only hashes are known from here on.
    let server = folder.open();
    let facts = server.facts().unwrap();
    assert_eq!((facts.password.as_str(), facts.security_token.as_str()), ("", ""));
    for (password, fits) in [("pass-1", true), ("pass-1tok", true), ("tok", false), ("pass-1x", false), (dev::PASSWORD, false), ("", false)]
    {
        assert_eq!(logged_in(&server, &facts.username, password), fits, "{password}");
    }
    let org = server.default_org().id.as_15().to_owned();
    assert!(!valid(&server, &format!("{org}!{}", dev::TOKEN_TAIL)));
    drop(server);
    let row = own_row(&folder.0, "SELECT * FROM \"_credentials\"");
    assert!(!row.iter().any(|cell| matches!(cell, OwnedCell::Text(t) if t.contains("tok") || t.contains("pass-1"))), "{row:?}");

    let alone = OrgOptions { admin_security_token: Some("other".into()), ..folder.options() };
    assert!(refusal(alone).contains("security token"));

    // The development password in so many words brings the development credentials back.
    let server = Server::open(OrgOptions { admin_password: Some(dev::PASSWORD.into()), ..folder.options() }).unwrap();
    assert!(server.credentials_are_default() && logged_in(&server, &facts.username, dev::PASSWORD));
    assert!(!logged_in(&server, &facts.username, "pass-1"));
}

#[test]
fn a_security_token_goes_with_the_development_password_too() {
    let server = in_memory(OrgOptions { admin_security_token: Some("tok".into()), ..OrgOptions::default() });
    let facts = server.facts().unwrap();
    assert_eq!((facts.password.as_str(), facts.security_token.as_str()), (dev::PASSWORD, "tok"));
    assert!(logged_in(&server, &facts.username, &format!("{}tok", dev::PASSWORD)));
    assert!(!logged_in(&server, &facts.username, &format!("{}{}", dev::PASSWORD, dev::SECURITY_TOKEN)));
    assert!(server.credentials_are_default());
}

#[test]
fn the_login_name_is_the_stored_one() {
    let folder = Folder::new("name");
    drop(folder.open());
    let named = |name: &str| OrgOptions { admin_username: Some(name.into()), ..folder.options() };
    let server = Server::open(named("me@orglet.example")).unwrap();
    assert_eq!(server.facts().unwrap().username, "me@orglet.example");
    assert!(logged_in(&server, "me@orglet.example", dev::PASSWORD) && !logged_in(&server, dev::USERNAME, dev::PASSWORD));
    drop(server);
    assert_eq!(folder.open().facts().unwrap().username, "me@orglet.example", "it stays");
    let text = refusal(named(&"x".repeat(200)));
    assert!(text.starts_with("the administrator can't be named"), "{text}");
    assert_eq!(folder.open().facts().unwrap().username, "me@orglet.example");
}

#[test]
fn an_access_token_of_ones_own_is_this_orgs() {
    let with = |token: &str| OrgOptions { access_token: Some(token.into()), ..OrgOptions::default() };
    let org = in_memory(OrgOptions::default()).default_org().id;
    let (short, long) = (org.as_15(), org.to_string());
    for (given, whole) in [
        ("AQ.mine_1".to_owned(), format!("{short}!AQ.mine_1")),
        (format!("{short}!AQ.mine"), format!("{short}!AQ.mine")),
        (format!("{long}!AQ.mine"), format!("{long}!AQ.mine")),
    ] {
        let server = in_memory(with(&given));
        assert_eq!(server.facts().unwrap().access_token, whole);
        assert!(valid(&server, &whole), "{given}");
        assert!(!valid(&server, &format!("{short}!{}", dev::TOKEN_TAIL)));
    }
    for given in ["00D5g00000ABCDE!AQ.mine", "!mine", "x!mine", "mine and yours", "a-b", &format!("{short}!"), &format!("{short}!a!b")] {
        let text = refusal(with(given));
        assert!(text.contains("access token") && !text.contains("mine"), "{given}: {text}");
    }
}

#[test]
fn passwords_that_are_set_outlive_a_restart() {
    let folder = Folder::new("set-password");
    let name = {
        let server = folder.open();
        let (org, facts) = (server.default_org(), server.facts().unwrap());
        let admin = org.user(server.admin_id()).unwrap().unwrap();
        assert!(server.change_password(&org, &admin, dev::PASSWORD).is_err(), "it is the one of now");
        server.change_password(&org, &admin, "first-1234").unwrap();
        assert!(!logged_in(&server, &facts.username, dev::PASSWORD) && logged_in(&server, &facts.username, "first-1234"));
        assert!(!logged_in(&server, &facts.username, &format!("first-1234{}", dev::SECURITY_TOKEN)), "the token went with it");
        assert_eq!(server.facts().unwrap().password, "", "it is nobody's to tell");
        server.change_password(&org, &admin, "second-1234").unwrap();
        server.change_password(&org, &admin, "third-1234").unwrap();
        facts.username
    };
    let server = folder.open();
    assert!(logged_in(&server, &name, "third-1234") && !logged_in(&server, &name, dev::PASSWORD));
    let org = server.default_org();
    let admin = org.user(server.admin_id()).unwrap().unwrap();
    for (password, goes) in
        [("first-1234", false), ("second-1234", false), ("third-1234", false), ("fourth-1234", true), ("first-1234", true)]
    {
        assert_eq!(server.change_password(&org, &admin, password).is_ok(), goes, "{password}");
    }
    let made_up = server.reset_password(&org, &admin).unwrap();
    drop(server);
    let server = folder.open();
    let grant = server.login(&name, &made_up).unwrap_or_else(|e| panic!("{e:?}"));
    assert!(grant.password_expired && server.authenticate(&grant.identity.token).is_err());
    assert!(server.authenticate_for(&grant.identity.token, true).unwrap().is_some());
    drop(server);
    let server = folder.open();
    assert!(server.authenticate(&grant.identity.token).is_err(), "the store knows it too");
}
