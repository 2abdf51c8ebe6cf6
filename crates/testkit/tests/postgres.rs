//! The store on PostgreSQL by itself: what no answer of a server shows.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use orglet_base::{OwnedCell, Statement};
use orglet_store::postgres::Cluster;
use orglet_store::{Home, Store, StoreError};
use orglet_testkit::fixtures::{create, send_json};
use orglet_testkit::postgres::{Cut, Cutter, Database};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn sql(text: impl Into<Arc<str>>) -> Statement {
    Statement::new(text, Vec::new())
}

fn first(store: &dyn Store, text: &str) -> Result<OwnedCell, StoreError> {
    store.read_with(|tx| Ok(tx.first(&sql(text))?.unwrap().swap_remove(0)))
}

#[test]
fn statements_of_every_kind_are_stopped_after_their_time() {
    let database = Database::new().unwrap();
    let own = Cluster::new(&database.address()).unwrap().with_time(Duration::from_millis(200)).own().unwrap();
    let store = &*own;
    let sleep = sql("SELECT 1 FROM pg_sleep(60)");
    let stopped = |done: Result<(), StoreError>| assert!(matches!(done, Err(StoreError::Interrupted)), "{done:?}");
    stopped(store.read_with(|tx| tx.query(&sleep, &mut |_| true)));
    stopped(store.transact_with(|tx| tx.execute(&sleep).map(|_| ())));
    stopped(store.define(&[sql("CREATE TABLE \"_t\" AS SELECT 1 AS a FROM pg_sleep(60)")]));
    // Waiting for a lock is part of it.
    store.define(&[sql("CREATE TABLE \"_t\" (a bigint)")]).unwrap();
    let other = Cluster::new(&database.address()).unwrap().own().unwrap();
    let other: &dyn Store = &*other;
    other
        .transact_with(|tx| {
            tx.execute(&sql("LOCK TABLE \"_t\""))?;
            stopped(store.read_with(|tx| tx.query(&sql("SELECT a FROM \"_t\""), &mut |_| true)));
            stopped(store.define(&[sql("DROP TABLE \"_t\"")]));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(first(store, "SELECT count(*) FROM \"_t\"").unwrap(), OwnedCell::Int(0));
}

#[test]
fn what_the_address_sets_stays_set() {
    let database = Database::new().unwrap();
    let address = format!("{}?application_name=mine&options=-c%20work_mem%3D1234kB%20-c%20statement_timeout%3D150", database.address());
    let own = Cluster::new(&address).unwrap().own().unwrap();
    let show = |name: &str| first(&*own, &format!("SELECT current_setting('{name}')")).unwrap();
    for (name, value) in [("application_name", "mine"), ("work_mem", "1234kB"), ("statement_timeout", "150ms")] {
        assert_eq!(show(name), OwnedCell::Text(value.to_owned()), "{name}");
    }
    let done = own.point(&sql("SELECT 1 FROM pg_sleep(60)"), &mut |_| true);
    assert!(matches!(done, Err(StoreError::Interrupted)), "{done:?}");
}

#[test]
fn a_text_that_cannot_be_kept_is_told_before_it_is_sent() {
    let database = Database::new().unwrap();
    let own = Cluster::new(&database.address()).unwrap().own().unwrap();
    own.define(&[sql("CREATE TABLE \"_t\" (a text)")]).unwrap();
    let store = &*own;
    let insert = |text: &str| Statement::new("INSERT INTO \"_t\" VALUES (?1)", vec![text.into()]);
    let kept = store.transact_with(|tx| {
        tx.execute(&insert("a"))?;
        assert!(matches!(tx.execute(&insert("b\0")), Err(StoreError::NulCharacter)));
        tx.execute(&insert("c")).map(|_| ())
    });
    // The transaction stands.
    assert!(kept.is_ok(), "{kept:?}");
    assert_eq!(first(store, "SELECT string_agg(a, ',' ORDER BY a) FROM \"_t\"").unwrap(), OwnedCell::Text("a,c".to_owned()));
}

#[test]
fn a_commit_without_an_answer_is_told_as_unknown_and_not_run_again() {
    let database = Database::new().unwrap();
    let port = orglet_testkit::postgres::server().unwrap().port();
    let cutter = Cutter::new(port).unwrap();
    let target = orglet_testkit::target::at_postgres(&cutter.address(&database.address(), port)).unwrap();
    create(&*target, "Account", &json!({"Name": "before"})).unwrap();
    cutter.arm(Cut::After, 0);
    let (status, body) = send_json(&*target, "POST", "sobjects/Account", Some(&json!({"Name": "x"})));
    assert_eq!((status, &body[0]["errorCode"]), (500, &json!("UNKNOWN_EXCEPTION")), "{body}");
    assert!(body[0]["message"].as_str().unwrap().contains("it is unknown whether"), "{body}");
    let (_, body) = send_json(&*target, "GET", "query?q=SELECT+Name+FROM+Account+WHERE+Name='x'", None);
    assert_eq!(body["totalSize"], 1, "this one was kept, once: {body}");
}

/// A database of an org with so many rows, and a copy of it.
fn org_and_copy(home: &Cluster, rows: usize) -> Arc<dyn Store> {
    let store = home.create("a").unwrap();
    let fill = format!("INSERT INTO \"_t\" SELECT n FROM generate_series(1, {rows}) AS n");
    store.define(&[sql("CREATE TABLE \"_t\" (n bigint)"), sql("CREATE TABLE \"_u\" AS SELECT 1 AS n"), sql(fill)]).unwrap();
    home.copy("a", "b", &mut |_| Ok(())).unwrap();
    store
}

#[test]
fn who_reads_while_the_content_is_replaced_sees_the_old_or_the_new() {
    let database = Database::new().unwrap();
    let home = Cluster::new(&database.address()).unwrap();
    let store = org_and_copy(&home, 5);
    let done = AtomicBool::new(false);
    let seen: usize = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let store: &dyn Store = &*store;
                    let mut reads = 0;
                    while !done.load(Ordering::SeqCst) {
                        let count =
                            |tx: &mut dyn orglet_store::Tx, table: &str| tx.first(&sql(format!("SELECT count(*) FROM \"{table}\"")));
                        let both = store.read_with::<_, StoreError>(|tx| Ok((count(tx, "_t")?, count(tx, "_u")?)));
                        assert_eq!(both.unwrap(), (Some(vec![OwnedCell::Int(5)]), Some(vec![OwnedCell::Int(1)])));
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        for _ in 0..40 {
            home.replace("b", "a", &mut |_, _| Ok(())).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        readers.into_iter().map(|r| r.join().unwrap()).sum()
    });
    assert!(seen > 40, "{seen}");
}

#[test]
fn work_that_holds_a_connection_gets_another() {
    let database = Database::new().unwrap();
    let home = Cluster::new(&database.address()).unwrap();
    let own = home.own().unwrap();
    // As many as there may be connections, each with one in hand before any asks for another.
    let all = std::sync::Barrier::new(16);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let store: &dyn Store = &*own;
                let nested = store.read_with(|tx| {
                    tx.first(&sql("SELECT 1"))?;
                    all.wait();
                    first(store, "SELECT 2")
                });
                assert_eq!(nested.unwrap(), OwnedCell::Int(2));
            });
        }
    });
}

/// The advisory locks of the database that is asked: other tests have theirs on the same server.
const ADVISORY: &str = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[test]
fn a_claim_is_one_servers_at_a_time() {
    let database = Database::new().unwrap();
    let (a, b) = (Cluster::new(&database.address()).unwrap(), Cluster::new(&database.address()).unwrap());
    a.own().unwrap();
    let (claimed, released) = (AtomicBool::new(false), AtomicBool::new(false));
    let claim = a.claim().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _second = b.claim().unwrap();
            assert!(released.load(Ordering::SeqCst), "both had it");
            claimed.store(true, Ordering::SeqCst);
        });
        // Until the other one waits.
        let waits = format!("SELECT count(*) FROM pg_locks WHERE {ADVISORY} AND NOT granted");
        while first(&*a.own().unwrap(), &waits).unwrap() == OwnedCell::Int(0) {
            std::thread::yield_now();
        }
        assert!(!claimed.load(Ordering::SeqCst));
        released.store(true, Ordering::SeqCst);
        drop(claim);
    });
    assert!(claimed.load(Ordering::SeqCst));
}

#[test]
fn a_claim_whose_connection_is_gone_stands_no_more() {
    let database = Database::new().unwrap();
    let (a, b) = (Cluster::new(&database.address()).unwrap(), Cluster::new(&database.address()).unwrap());
    a.own().unwrap();
    let mut claim = a.claim().unwrap();
    claim.stands().unwrap();
    let end = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {ADVISORY} AND granted");
    assert_eq!(first(&*b.own().unwrap(), &end).unwrap(), OwnedCell::Int(1));
    let _second = b.claim().unwrap();
    assert!(claim.stands().is_err());
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_all_come_up() {
    let database = Database::new().unwrap();
    let targets: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| orglet_testkit::target::at_postgres(&database.address()))).collect();
        starts.into_iter().map(|s| s.join().unwrap().unwrap()).collect()
    });
    for target in &targets {
        create(&**target, "Account", &json!({"Name": "x"})).unwrap();
    }
    let (status, body) = send_json(&*targets[0], "GET", "query?q=SELECT+COUNT()+FROM+Account", None);
    assert_eq!((status, &body["totalSize"]), (200, &json!(4)), "{body}");
}
