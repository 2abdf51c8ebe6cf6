//! The SQLite store: shared commits, savepoints, snapshots, foreign files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use orglet_base::{OwnedCell, Statement};
use orglet_store::sqlite::{Durability, Sqlite};
use orglet_store::{Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orglet-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sql(text: &str) -> Statement {
    Statement::new(text, Vec::new())
}

fn count(store: &dyn Store) -> i64 {
    let row = store.read_with::<_, StoreError>(|tx| tx.first(&sql("SELECT count(*) FROM t"))).unwrap().unwrap();
    match row[0] {
        OwnedCell::Int(n) => n,
        _ => panic!("{row:?}"),
    }
}

#[test]
fn concurrent_saves_share_commits_and_a_failing_one_harms_no_other() {
    let folder = Folder::new("shared");
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.0.join("org.db"), Durability::Full).unwrap());
    store.define(&[sql("CREATE TABLE t (n INTEGER)")]).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|k| {
            let store = store.clone();
            std::thread::spawn(move || {
                for i in 0..50 {
                    let fails = (i + k) % 5 == 0;
                    let done = store.transact_with::<(), StoreError>(|tx| {
                        tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![i64::from(i).into()]))?;
                        if fails { Err(StoreError::Other("on purpose".into())) } else { Ok(()) }
                    });
                    assert_eq!(done.is_err(), fails);
                }
            })
        })
        .collect();
    for t in threads {
        t.join().unwrap();
    }
    assert_eq!(count(&*store), 8 * 40);
    drop(store);
    let again: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.0.join("org.db"), Durability::Full).unwrap());
    assert_eq!(count(&*again), 8 * 40);
}

#[test]
fn a_panic_undoes_its_own_work_only() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    store.define(&[sql("CREATE TABLE t (n INTEGER)")]).unwrap();
    let other = store.clone();
    let panicked = std::thread::spawn(move || {
        other.transact_with::<(), StoreError>(|tx| {
            tx.execute(&sql("INSERT INTO t VALUES (1)"))?;
            panic!("on purpose");
        })
    })
    .join();
    assert!(panicked.is_err());
    store.transact_with::<_, StoreError>(|tx| tx.execute(&sql("INSERT INTO t VALUES (2)"))).unwrap();
    assert_eq!(count(&*store), 1);
}

#[test]
fn nested_work_is_undone_alone() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    store.define(&[sql("CREATE TABLE t (n INTEGER UNIQUE)")]).unwrap();
    store
        .transact_with::<_, StoreError>(|tx| {
            tx.execute(&sql("INSERT INTO t VALUES (1)"))?;
            let second = tx.nested::<_, StoreError>(|tx| {
                tx.execute(&sql("INSERT INTO t VALUES (2)"))?;
                tx.execute(&sql("INSERT INTO t VALUES (1)"))
            });
            assert!(matches!(second, Err(StoreError::Unique(_))), "{second:?}");
            Ok(())
        })
        .unwrap();
    assert_eq!(count(&*store), 1);
}

#[test]
fn another_programs_file_is_refused_and_left_alone() {
    let folder = Folder::new("foreign");
    let path = folder.0.join("org.db");
    std::fs::write(&path, b"this is not a database, but it is longer than a header would be, so it is read as one").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Sqlite::open(&path, Durability::Full), Err(StoreError::Foreign(_))));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_missing_table_is_named() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    let e = store.read_with::<_, StoreError>(|tx| tx.first(&sql("SELECT * FROM \"Account\""))).unwrap_err();
    assert!(matches!(e, StoreError::NoTable(name) if name == "Account"));
}

#[test]
fn folded_order_and_exact_sums() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    store
        .define(&[
            sql("CREATE TABLE t (name TEXT, n INTEGER)"),
            sql("INSERT INTO t VALUES ('b', 10), ('A', 20), ('C', 9223372036854775807)"),
        ])
        .unwrap();
    let rows = store.read_with::<_, StoreError>(|tx| tx.all(&sql("SELECT name FROM t ORDER BY name COLLATE FOLD"))).unwrap();
    let names: Vec<_> = rows.iter().map(|r| r[0].as_cell().text().unwrap()).collect();
    assert_eq!(names, ["A", "b", "C"]);
    let row =
        store.read_with::<_, StoreError>(|tx| tx.first(&sql("SELECT org_sum(n, 2), org_avg(n, 2) FROM t WHERE n < 100"))).unwrap().unwrap();
    assert_eq!(row, [OwnedCell::Text("0.30".into()), OwnedCell::Text("0.15".into())]);
    let row = store.read_with::<_, StoreError>(|tx| tx.first(&sql("SELECT org_sum(n, 2) FROM t"))).unwrap().unwrap();
    assert_eq!(row, [OwnedCell::Text("92233720368547758.37".into())]);
}

#[test]
fn a_panic_in_a_read_leaves_the_database_usable() {
    let folder = Folder::new("panic");
    let file = Sqlite::open(&folder.0.join("org.db"), Durability::Relaxed).unwrap();
    for store in [Sqlite::in_memory().unwrap(), file] {
        let store: Arc<dyn Store> = Arc::new(store);
        store.define(&[sql("CREATE TABLE t (n INTEGER)")]).unwrap();
        let other = store.clone();
        let panicked = std::thread::spawn(move || other.read_with::<(), StoreError>(|_| panic!("on purpose"))).join();
        assert!(panicked.is_err());
        assert_eq!(count(&*store), 0);
        store.transact_with::<_, StoreError>(|tx| tx.execute(&sql("INSERT INTO t VALUES (2)"))).unwrap();
        assert_eq!(count(&*store), 1);
    }
}

/// Takes a number, or fills the disk with a row of a megabyte.
enum Task {
    Insert(i64),
    Fill { swallow: bool, panic: bool },
    Fail,
}

fn perform(tx: &mut dyn orglet_store::Tx, task: &Task) -> Result<(), StoreError> {
    match task {
        Task::Insert(n) => tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![(*n).into()])).map(|_| ()),
        Task::Fail => Err(StoreError::Other("on purpose".into())),
        Task::Fill { swallow, panic } => {
            tx.query(&sql("PRAGMA max_page_count = 3"), &mut |_| true)?;
            let big = orglet_base::Param::Cell(OwnedCell::Blob(vec![7; 1_000_000]));
            let full = tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![big]));
            assert!(matches!(full, Err(StoreError::ReadOnly(_))), "{full:?}");
            // What runs after it must not be a transaction of its own.
            let after = tx.execute(&sql("INSERT INTO t VALUES (99)"));
            assert!(matches!(after, Err(StoreError::ReadOnly(_))), "{after:?}");
            assert!(!*panic, "on purpose");
            if *swallow { Ok(()) } else { full.map(|_| ()) }
        }
    }
}

/// Runs tasks so that they share one commit, in order; answers how each ended (`None` for a panic) and the numbers that
/// are stored then.
fn in_one_batch(name: &str, tasks: Vec<Task>) -> (Vec<Option<Result<(), StoreError>>>, Vec<i64>) {
    let folder = Folder::new(name);
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.0.join("org.db"), Durability::Full).unwrap());
    store.define(&[sql("CREATE TABLE t (n)")]).unwrap();
    let (started, starts) = std::sync::mpsc::channel();
    let mut threads = Vec::new();
    let mut gates = Vec::new();
    for (at, task) in tasks.into_iter().enumerate() {
        let (open, gate) = std::sync::mpsc::channel();
        let (store, started) = (store.clone(), started.clone());
        threads.push(std::thread::spawn(move || {
            store.transact_with::<_, StoreError>(|tx| {
                started.send(()).unwrap();
                gate.recv().unwrap();
                perform(tx, &task)
            })
        }));
        gates.push(open);
        if at == 0 {
            starts.recv().unwrap();
        } else {
            // Time to come to the lock, behind those before.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    for (at, gate) in gates.iter().enumerate() {
        gate.send(()).unwrap();
        if at + 1 < gates.len() {
            starts.recv().unwrap();
        }
    }
    let outcomes = threads.into_iter().map(|t| t.join().ok()).collect();
    let rows = store.read_with::<_, StoreError>(|tx| tx.all(&sql("SELECT n FROM t WHERE typeof(n) = 'integer' ORDER BY n"))).unwrap();
    (outcomes, rows.iter().map(|r| r[0].as_cell().int().unwrap()).collect())
}

fn is_full(outcome: &Option<Result<(), StoreError>>) -> bool {
    matches!(outcome, Some(Err(StoreError::ReadOnly(_))))
}

#[test]
fn a_full_disk_fails_its_batch_and_nothing_after_it_is_kept_unsaid() {
    for (name, swallow) in [("full", false), ("swallowed", true)] {
        let (ended, rows) = in_one_batch(name, vec![Task::Insert(1), Task::Fill { swallow, panic: false }, Task::Insert(3)]);
        assert!(is_full(&ended[0]) && is_full(&ended[1]), "{ended:?}");
        // The third finds the file as small as before: what it is told and what is there agree.
        assert_eq!(rows.contains(&3), matches!(ended[2], Some(Ok(()))), "{ended:?} {rows:?}");
        assert!(!rows.contains(&1) && !rows.contains(&99), "{rows:?}");
    }
}

#[test]
fn a_panic_after_a_full_disk_stays_a_panic() {
    let (ended, rows) = in_one_batch("panicked", vec![Task::Insert(1), Task::Fill { swallow: false, panic: true }, Task::Insert(3)]);
    assert!(is_full(&ended[0]) && ended[1].is_none(), "{ended:?}");
    assert_eq!(rows.contains(&3), matches!(ended[2], Some(Ok(()))), "{ended:?} {rows:?}");
    assert!(!rows.contains(&1), "{rows:?}");
}

#[test]
fn a_failure_is_told_only_when_what_it_rests_on_is_certain() {
    let (ended, _) = in_one_batch("waits", vec![Task::Insert(1), Task::Fail, Task::Fill { swallow: false, panic: false }]);
    assert!(ended.iter().all(is_full), "{ended:?}");
    let (ended, rows) = in_one_batch("stands", vec![Task::Insert(1), Task::Fail, Task::Insert(3)]);
    assert!(matches!(ended[..], [Some(Ok(())), Some(Err(StoreError::Other(_))), Some(Ok(()))]), "{ended:?}");
    assert_eq!(rows, [1, 3]);
}

#[test]
fn a_read_that_takes_too_long_is_stopped() {
    let time = std::time::Duration::from_millis(50);
    let folder = Folder::new("slow");
    let file = Sqlite::open(&folder.0.join("org.db"), Durability::Relaxed).unwrap().with_read_time(time);
    for store in [Sqlite::in_memory().unwrap().with_read_time(time), file] {
        let store: &dyn Store = &store;
        store.define(&[sql("CREATE TABLE t (n INTEGER)")]).unwrap();
        let slow = sql("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000000000) SELECT max(n) FROM c");
        let stopped = store.read_with::<_, StoreError>(|tx| tx.first(&slow));
        assert!(matches!(stopped, Err(StoreError::Interrupted)), "{stopped:?}");
        assert_eq!(count(store), 0);
        // A transaction may take its time.
        let long =
            sql("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000) INSERT INTO t SELECT max(n) FROM c");
        store.transact_with::<_, StoreError>(|tx| tx.execute(&long)).unwrap();
        assert_eq!(count(store), 1);
    }
}

#[test]
fn tables_and_columns_are_listed() {
    let store = Sqlite::in_memory().unwrap();
    store
        .define(&[sql("CREATE TABLE \"Account\" (\"Id\" TEXT PRIMARY KEY, \"Name\" TEXT)"), sql("CREATE TABLE \"_meta\" (name TEXT)")])
        .unwrap();
    let mut tables = store.tables().unwrap();
    tables.sort();
    assert_eq!(tables, ["Account", "_meta"]);
    assert_eq!(store.columns("Account").unwrap(), ["Id", "Name"]);
    assert!(store.columns("Contact").unwrap().is_empty());
}

#[test]
fn a_missing_column_is_told_apart() {
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    store.define(&[sql("CREATE TABLE t (n INTEGER)")]).unwrap();
    for text in ["SELECT x FROM t", "SELECT \"x\" FROM t", "INSERT INTO t (x) VALUES (1)", "UPDATE t SET x = 1"] {
        let e = store.transact_with::<_, StoreError>(|tx| tx.execute(&sql(text))).unwrap_err();
        assert!(matches!(e, StoreError::Schema(_)), "{text}: {e:?}");
    }
}
