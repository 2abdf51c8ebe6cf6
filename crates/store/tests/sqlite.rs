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
