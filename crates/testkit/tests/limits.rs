//! What takes too long or comes too often, and who waits for whom: what a single sequence of requests does not show.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use bytes::Bytes;
use orglet_base::sql::HOME;
use orglet_base::{ErrorCode, Statement};
use orglet_engine::save::{self, Assign, Change, Incoming, Op};
use orglet_engine::{OrgFacts, OrgOptions, Setting, SettingValue};
use orglet_http::{Peer, Scheme, Server};
use orglet_store::home::Carry;
use orglet_store::postgres::Cluster;
use orglet_store::sqlite::{self, Durability, Sqlite};
use orglet_store::{GroupWork, Home, Store, StoreError, Work};
use orglet_testkit::Target;
use orglet_testkit::fixtures::{create, send_json};
use orglet_testkit::postgres::Database;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

/// A server over databases that are open.
struct Served {
    server: Server,
    facts: OrgFacts,
}

impl Served {
    fn over(home: Arc<dyn Home>) -> Self {
        let engine = orglet_engine::Server::over(home, OrgOptions::default()).unwrap();
        let server = Server::new(Arc::new(engine));
        let facts = server.facts().unwrap();
        Self { server, facts }
    }

    fn set(&self, settings: &[(Setting, i64)]) {
        let changes: Vec<_> = settings.iter().map(|(setting, n)| (*setting, Some(SettingValue::Number(*n)))).collect();
        self.server.engine().change_org_settings("default", &changes).unwrap();
    }
}

impl Target for Served {
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.server.handle(request, Peer { scheme: Scheme::Http, trusted: false })
    }

    fn facts(&self) -> OrgFacts {
        self.facts.clone()
    }
}

/// A data directory whose default org has other limits than usual.
struct Hasty {
    inner: sqlite::Folder,
    org: Arc<Sqlite>,
    path: PathBuf,
}

impl Hasty {
    fn new(name: &str, limits: impl FnOnce(Sqlite) -> Sqlite) -> Arc<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("limits-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        // Made and filled with the usual limits.
        let options = OrgOptions { data: Some(path.clone()), durability: Durability::Relaxed, ..OrgOptions::default() };
        let made = Served::over(Arc::new(sqlite::Folder::open(&path, options.durability).unwrap()));
        for n in 0..300 {
            create(&made, "Account", &json!({"Name": format!("Account {n}")})).unwrap();
        }
        drop(made);
        let org = Sqlite::open(&path.join("orgs/default.db"), Durability::Relaxed).unwrap();
        let inner = sqlite::Folder::open(&path, Durability::Relaxed).unwrap();
        Arc::new(Self { inner, org: Arc::new(limits(org)), path })
    }
}

impl Drop for Hasty {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl Home for Hasty {
    fn own(&self) -> Result<Arc<dyn Store>, StoreError> {
        self.inner.own()
    }
    fn has(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.has(name)
    }
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.org.clone())
    }
    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        self.inner.create(name)
    }
    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.inner.remove(name)
    }
    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.copy(from, to, adapt)
    }
    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        self.inner.replace(from, to, carry)
    }
    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.give_up(name, work)
    }
    fn list(&self) -> Result<Vec<String>, StoreError> {
        self.inner.list()
    }
    fn backup(&self, names: &[String], folder: &Path) -> Result<(), StoreError> {
        self.inner.backup(names, folder)
    }
    fn reads_at_once(&self) -> bool {
        self.inner.reads_at_once()
    }
}

fn error(code: &str, message: &str) -> Value {
    json!([{"message": message, "errorCode": code}])
}

fn save_error(code: &str, message: &str) -> Value {
    json!([{"message": message, "errorCode": code, "fields": []}])
}

/// Runs something while a transaction on the store is open, which has run these statements.
fn while_held<T>(store: &dyn Store, statements: &[Statement], run: impl FnOnce() -> T) -> T {
    // Either end that fails lets the other go on.
    let ((begins, begun), (ends, ended)) = (channel(), channel::<()>());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let held = store.transact_with::<(), StoreError>(|tx| {
                statements.iter().try_for_each(|statement| tx.query(statement, &mut |_| true))?;
                begins.send(()).unwrap();
                let _ = ended.recv();
                Err(StoreError::Abort)
            });
            assert!(matches!(held, Err(StoreError::Abort)), "{held:?}");
        });
        begun.recv().unwrap();
        let done = run();
        drop(ends);
        done
    })
}

#[test]
fn a_query_that_runs_too_long_is_stopped() {
    let served = Served::over(Hasty::new("query", |org| org.with_read_time(Duration::ZERO)));
    // As many conditions as have each row take a while.
    let conditions: Vec<String> = (0..60).map(|n| format!("Name+LIKE+'%25{n}x%25'")).collect();
    let path = format!("query?q=SELECT+Id+FROM+Account+WHERE+{}", conditions.join("+OR+"));
    let (status, body) = send_json(&served, "GET", &path, None);
    assert_eq!((status, body), (400, error("QUERY_TIMEOUT", "Your query request was running for too long.")));
}

#[test]
fn a_save_that_runs_too_long_is_stopped_and_saves_nothing() {
    let served = Served::over(Hasty::new("save", |org| org.with_write_limits(LONG, Duration::ZERO)));
    let (status, body) = send_json(&served, "POST", "sobjects/Account", Some(&json!({"Name": "late"})));
    let stopped = error("REQUEST_RUNNING_TOO_LONG", "Your request was running for too long, and has been stopped.");
    assert_eq!((status, body), (500, stopped));
    let (_, body) = send_json(&served, "GET", "query?q=SELECT+count()+FROM+Account+WHERE+Name='late'", None);
    assert_eq!(body["totalSize"], 0);
}

#[test]
fn a_save_that_waits_too_long_for_its_turn_is_refused() {
    let home = Hasty::new("turn", |org| org.with_write_limits(Duration::from_millis(50), LONG));
    let served = Served::over(home.clone());
    let save = || send_json(&served, "POST", "sobjects/Account", Some(&json!({"Name": "a"})));
    assert_eq!(save().0, 201);
    let refused = while_held(&*home.org, &[], save);
    assert_eq!(refused, (400, save_error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")));
    assert_eq!(save().0, 201);
}

#[test]
fn a_change_of_tables_is_waited_for() {
    let home = Hasty::new("tables", |org| org.with_write_limits(Duration::from_millis(20), LONG));
    let served = Served::over(home.clone());
    let begun = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let org: &dyn Store = &*home.org;
            let changed = org.transact_alone_with::<_, StoreError>(|_| {
                begun.wait();
                std::thread::sleep(Duration::from_millis(200));
                Ok(())
            });
            changed.unwrap();
        });
        begun.wait();
        let (status, body) = send_json(&served, "POST", "sobjects/Account", Some(&json!({"Name": "a"})));
        assert_eq!(status, 201, "{body}");
    });
}

/// The schema of the default org of a server on a PostgreSQL database.
fn default_org(cluster: &Cluster) -> Arc<dyn Store> {
    cluster.open("default").unwrap()
}

#[test]
fn a_save_that_waits_too_long_for_a_row_says_which() {
    let database = Database::new().unwrap();
    let cluster = || Cluster::new(&database.address()).unwrap();
    let served = Served::over(Arc::new(cluster().with_lock_wait(Duration::from_millis(100))));
    let id = create(&served, "Account", &json!({"Name": "a"})).unwrap();
    create(&served, "Contact", &json!({"LastName": "first"})).unwrap();
    let hold = Statement::new(format!("SELECT \"Id\" FROM {HOME}\"Account\" WHERE \"Id\" = ?1 FOR UPDATE"), vec![id.as_str().into()]);
    let home = cluster();
    let (update, delete, child) = while_held(&*default_org(&home), &[hold], || {
        let path = format!("sobjects/Account/{id}");
        let child = json!({"LastName": "b", "AccountId": id});
        (
            send_json(&served, "PATCH", &path, Some(&json!({"Name": "b"}))),
            send_json(&served, "DELETE", &path, None),
            send_json(&served, "POST", "sobjects/Contact", Some(&child)),
        )
    });
    let text = format!("unable to obtain exclusive access to this record or 1 records: {}", &id[..15]);
    let refused = (400, save_error("UNABLE_TO_LOCK_ROW", &text));
    assert_eq!(update, refused);
    assert_eq!(delete, refused);
    assert_eq!(child, refused);
    assert_eq!(send_json(&served, "PATCH", &format!("sobjects/Account/{id}"), Some(&json!({"Name": "b"}))).0, 204);
}

#[test]
fn a_batch_of_rows_that_others_hold_waits_for_all_as_long_as_for_one() {
    const ROWS: usize = 40;
    let database = Database::new().unwrap();
    let cluster = || Cluster::new(&database.address()).unwrap();
    let wait = Duration::from_millis(300);
    let served = Served::over(Arc::new(cluster().with_lock_wait(wait)));
    let ids: Vec<String> = (0..=ROWS).map(|n| create(&served, "Account", &json!({"Name": format!("{n}")})).unwrap()).collect();
    // All but the last one.
    let hold = Statement::new(format!("SELECT \"Id\" FROM {HOME}\"Account\" WHERE \"Name\" <> '{ROWS}' FOR UPDATE"), vec![]);
    let admin = served.server.engine().admin().unwrap();
    let object = admin.org.catalog().object("Account").unwrap().clone();
    let site = object.field_index("Site").unwrap();
    let record = |id: &String| Incoming {
        id: Some(orglet_base::Id::parse(id).unwrap()),
        fields: vec![(site, Assign::Value("x".into()))],
        ..Incoming::default()
    };
    let change = Change {
        object: object.clone(),
        op: Op::Update,
        records: ids.iter().map(record).collect(),
        all_or_none: false,
        system: false,
        guard: None,
    };
    let home = cluster();
    let (outcomes, took) = while_held(&*default_org(&home), &[hold], || {
        let start = Instant::now();
        (save::save(&admin, &change).unwrap(), start.elapsed())
    });
    let locked = outcomes.iter().filter(|o| o.as_ref().is_err_and(|e| e.errors()[0].code() == ErrorCode::UnableToLockRow)).count();
    assert_eq!((locked, outcomes[ROWS].is_ok()), (ROWS, true), "{outcomes:?}");
    assert!(took < wait * 10, "{took:?}");
}

#[test]
fn what_waits_in_a_lane_behind_others_waits_less_for_rows() {
    let database = Database::new().unwrap();
    let cluster = || Cluster::new(&database.address()).unwrap();
    let wait = Duration::from_millis(2000);
    let served = Served::over(Arc::new(cluster().with_lock_wait(wait)));
    let ids: Vec<String> = (0..8).map(|n| create(&served, "Account", &json!({"Name": format!("{n}")})).unwrap()).collect();
    let hold = Statement::new(format!("SELECT \"Id\" FROM {HOME}\"Account\" FOR UPDATE"), vec![]);
    let home = cluster();
    let served = &served;
    let (answers, took) = while_held(&*default_org(&home), &[hold], || {
        let start = Instant::now();
        let piece = |id: &String| -> GroupWork<'_, u16> {
            let path = format!("sobjects/Account/{id}");
            Box::new(move || send_json(served, "PATCH", &path, Some(&json!({"Site": "x"}))).0)
        };
        (orglet_store::together(ids.iter().map(piece).collect()), start.elapsed())
    });
    assert!(answers.iter().all(|answer| matches!(answer, Ok(400))), "{answers:?}");
    // The first waits as long as one may, each further one a quarter of a second.
    assert!(took < wait * 3, "{took:?}");
}

#[test]
fn more_long_requests_than_may_be_are_refused() {
    let home = Hasty::new("requests", |org| org);
    let served = Served::over(home.clone());
    served.set(&[(Setting::ConcurrentRequests, 1), (Setting::LongRequestSeconds, 0)]);
    let read = || send_json(&served, "GET", "limits", None);
    let save = || send_json(&served, "POST", "sobjects/Account", Some(&json!({"Name": "a"}))).0;
    assert_eq!((read().0, save()), (200, 201));
    let (refused, saved) = std::thread::scope(|scope| {
        let (refused, saver) = while_held(&*home.org, &[], || {
            let saver = scope.spawn(save);
            // It waits for its turn, and runs meanwhile.
            while home.org.waiting_writes() == 0 {
                std::thread::yield_now();
            }
            (read(), saver)
        });
        (refused, saver.join().unwrap())
    });
    assert_eq!(refused, (403, error("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")));
    assert_eq!((saved, read().0), (201, 200));
}

#[test]
fn more_long_saves_than_may_be_are_refused() {
    let home = Hasty::new("saves", |org| org);
    let served = Served::over(home.clone());
    served.set(&[(Setting::ConcurrentTransactions, 1), (Setting::LongRequestSeconds, 0)]);
    let save = || send_json(&served, "POST", "sobjects/Account", Some(&json!({"Name": "a"})));
    assert_eq!(save().0, 201);
    let (refused, read, saved) = std::thread::scope(|scope| {
        let (refused, read, saver) = while_held(&*home.org, &[], || {
            let saver = scope.spawn(save);
            while home.org.waiting_writes() == 0 {
                std::thread::yield_now();
            }
            (save(), send_json(&served, "GET", "limits", None).0, saver)
        });
        (refused, read, saver.join().unwrap().0)
    });
    assert_eq!(refused, (403, error("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")));
    assert_eq!((read, saved, save().0), (200, 201, 201));
}

#[test]
fn a_setting_holds_on_every_server_at_once() {
    let database = Database::new().unwrap();
    let server = || Served::over(Arc::new(Cluster::new(&database.address()).unwrap()));
    let (a, b) = (server(), server());
    assert_eq!(send_json(&b, "GET", "limits", None).0, 200);
    a.set(&[(Setting::DailyApiRequests, 0)]);
    assert_eq!((send_json(&a, "GET", "limits", None).0, send_json(&b, "GET", "limits", None).0), (403, 403));
    b.server.engine().change_org_settings("default", &[(Setting::DailyApiRequests, None)]).unwrap();
    let (status, body) = send_json(&a, "GET", "limits", None);
    assert_eq!((status, &body["DailyApiRequests"]["Max"]), (200, &json!(100_000)), "{body}");
}

#[test]
fn a_look_that_cannot_be_written_yet_stays_noted() {
    let home = Hasty::new("looks", |org| org);
    let served = Served::over(home.clone());
    let id = create(&served, "Account", &json!({"Name": "a"})).unwrap();
    let query = || send_json(&served, "GET", "query?q=SELECT+Id+FROM+Account+WHERE+LastViewedDate+!=+NULL", None);
    let shown = while_held(&*home.org, &[], || {
        assert_eq!(query().0, 200);
        served.server.engine().keep_views();
        send_json(&served, "GET", &format!("sobjects/Account/{id}?fields=LastViewedDate"), None).1
    });
    assert!(shown["LastViewedDate"].is_string(), "{shown}");
    assert_eq!(query().1["totalSize"], 1);
}

/// Two servers on a PostgreSQL database of their own.
fn two(database: &Database) -> [Served; 2] {
    [(); 2].map(|()| Served::over(Arc::new(Cluster::new(&database.address()).unwrap())))
}

#[test]
fn settings_that_two_servers_switch_at_once_are_all_in_force() {
    let database = Database::new().unwrap();
    let servers = two(&database);
    let switches = [Setting::StateCountryPicklists, Setting::StandardDuplicateRules];
    for round in 0..6 {
        let on = round % 2 == 0;
        std::thread::scope(|scope| {
            for (served, setting) in servers.iter().zip(switches) {
                let change = [(setting, Some(SettingValue::Flag(on)))];
                scope.spawn(move || served.server.engine().change_org_settings("default", &change).unwrap());
            }
        });
        for served in &servers {
            // A request learns what others have changed.
            assert_eq!(send_json(served, "GET", "limits", None).0, 200);
            let org = served.server.engine().default_org();
            let account = org.catalog().object("Account").unwrap().clone();
            let rules = account.rules.as_ref().map_or(0, |rules| rules.duplicate_rules.len());
            let told = switches.map(|setting| org.settings.is_on(setting));
            assert_eq!((told, account.field("BillingStateCode").is_some(), rules > 0), ([on; 2], on, on), "round {round}");
        }
    }
}

#[test]
fn what_one_server_brings_back_is_not_left_below_what_the_other_deletes() {
    let database = Database::new().unwrap();
    let [a, b] = two(&database);
    let delete = |served: &Served, object: &str, id: &str| send_json(served, "DELETE", &format!("sobjects/{object}/{id}"), None).0;
    for round in 0..25 {
        let account = create(&a, "Account", &json!({"Name": "x"})).unwrap();
        let contact = create(&a, "Contact", &json!({"LastName": "y", "AccountId": account})).unwrap();
        assert_eq!(delete(&a, "Contact", &contact), 204);
        let admin = b.server.engine().admin().unwrap();
        let id = orglet_base::Id::parse(&contact).unwrap();
        let (deleted, back) = std::thread::scope(|scope| {
            let back = scope.spawn(|| save::undelete(&admin, &[id], false).unwrap().remove(0).is_ok());
            (delete(&a, "Account", &account), back.join().unwrap())
        });
        assert_eq!(deleted, 204, "round {round}");
        let soql = format!("query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='{account}'");
        let (_, left) = send_json(&a, "GET", &soql, None);
        assert_eq!(left["totalSize"], 0, "round {round}: brought back: {back}, {left}");
    }
}
