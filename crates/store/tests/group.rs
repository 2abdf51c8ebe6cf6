//! Saves that share a commit made after the last of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use orglet_base::{OwnedCell, Statement};
use orglet_store::sqlite::{Durability, Sqlite};
use orglet_store::{GroupWork, Store, StoreError, together};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};

struct Db {
    folder: PathBuf,
    store: Arc<dyn Store>,
}

impl Db {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("orglet-group-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.join("org.db"), Durability::Full).unwrap());
        store.define(&[Statement::new("CREATE TABLE t (n INTEGER UNIQUE)", Vec::new())]).unwrap();
        Self { folder, store }
    }

    fn add(&self, n: i64) -> Result<(), StoreError> {
        self.store.transact_shared_with(|tx| tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![n.into()])).map(|_| ()))
    }

    /// Ends the open transaction behind the store's back, as a full disk does.
    fn lose(&self) -> Result<(), StoreError> {
        self.store.transact_shared_with(|tx| tx.execute(&Statement::new("ROLLBACK", Vec::new())).map(|_| ()))
    }

    fn seen(&self) -> Vec<i64> {
        let rows = self.store.read_with::<_, StoreError>(|tx| tx.all(&Statement::new("SELECT n FROM t ORDER BY n", Vec::new())));
        rows.unwrap().iter().map(|row| if let OwnedCell::Int(n) = row[0] { n } else { panic!("{row:?}") }).collect()
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

type Outcome = Result<(), StoreError>;

#[test]
fn what_a_group_saves_is_committed_after_its_last_piece() {
    let db = Db::new("once");
    let work: Vec<GroupWork<'_, (Outcome, Vec<i64>)>> =
        vec![Box::new(|| (db.add(1), db.seen())), Box::new(|| (db.add(1), db.seen())), Box::new(|| (db.add(2), db.seen()))];
    let done: Vec<_> = together(work).into_iter().map(Result::unwrap).collect();
    assert!(matches!(done[0], (Ok(()), ref seen) if seen.is_empty()), "{done:?}");
    assert!(matches!(done[1], (Err(StoreError::Unique(_)), ref seen) if seen.is_empty()), "a clash within the group: {done:?}");
    assert!(matches!(done[2], (Ok(()), ref seen) if seen.is_empty()), "{done:?}");
    assert_eq!(db.seen(), [1, 2]);
    db.add(3).unwrap();
    assert_eq!(db.seen(), [1, 2, 3], "outside of a group a save is committed at once");
}

#[test]
fn a_commit_that_fails_fails_every_piece_that_relied_on_it() {
    let db = Db::new("lost");
    let work: Vec<GroupWork<'_, Outcome>> = vec![Box::new(|| db.add(1)), Box::new(|| db.lose()), Box::new(|| db.add(3))];
    let done = together(work);
    assert!(done[0].is_err(), "its row is gone: {done:?}");
    assert!(matches!(done[1], Err(_) | Ok(Err(_))), "{done:?}");
    assert!(matches!(done[2], Ok(Ok(()))), "it began a transaction of its own: {done:?}");
    assert_eq!(db.seen(), [3]);
}

#[test]
fn others_join_the_transaction_of_a_group_and_may_commit_it() {
    let db = Db::new("others");
    let work: Vec<GroupWork<'_, Vec<i64>>> = vec![Box::new(|| {
        db.add(1).unwrap();
        std::thread::scope(|scope| scope.spawn(|| db.add(2)).join().unwrap()).unwrap();
        db.seen()
    })];
    assert_eq!(together(work).remove(0).unwrap(), [1, 2]);
}

#[test]
fn who_waits_for_a_commit_with_a_lock_in_hand_is_not_waited_for() {
    let db = Db::new("locks");
    let lock = Mutex::new(());
    let (entered, inside) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    let (db, lock) = (&db, &lock);
    std::thread::scope(|scope| {
        let other = scope.spawn(move || {
            let _held = lock.lock().unwrap();
            db.store.transact_with::<_, StoreError>(|tx| {
                entered.send(()).unwrap();
                // The group's first piece comes to the writer meanwhile, so that this commit is left to it.
                going.recv().unwrap();
                tx.execute(&Statement::new("INSERT INTO t VALUES (1)", Vec::new()))
            })
        });
        inside.recv().unwrap();
        let releases = scope.spawn(move || {
            while db.store.waiting_writes() == 0 {
                std::thread::yield_now();
            }
            go.send(()).unwrap();
        });
        let work: Vec<GroupWork<'_, Outcome>> = vec![
            Box::new(|| db.add(2)),
            Box::new(|| {
                let _mine = lock.lock().unwrap();
                db.add(3)
            }),
        ];
        assert!(together(work).into_iter().all(|done| matches!(done, Ok(Ok(())))));
        other.join().unwrap().unwrap();
        releases.join().unwrap();
    });
    assert_eq!(db.seen(), [1, 2, 3]);
}

#[test]
fn a_database_that_is_let_go_within_a_group_can_be_opened_again_in_it() {
    let folder = Db::new("again");
    let path = folder.folder.join("other.db");
    let add = |n: i64| {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&path, Durability::Full).unwrap());
        store.transact_shared_with(|tx| {
            tx.execute(&Statement::new("CREATE TABLE IF NOT EXISTS t (n INTEGER)", Vec::new()))?;
            tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![n.into()])).map(|_| ())
        })
    };
    let work: Vec<GroupWork<'_, Outcome>> = vec![Box::new(|| add(1)), Box::new(|| add(2))];
    assert!(together(work).into_iter().all(|done| matches!(done, Ok(Ok(())))));
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&path, Durability::Full).unwrap());
    let rows = store.read_with::<_, StoreError>(|tx| tx.all(&Statement::new("SELECT n FROM t", Vec::new()))).unwrap();
    assert_eq!(rows.len(), 2);
}

#[test]
fn a_panic_leaves_no_transaction_open() {
    let db = Db::new("panic");
    let work: Vec<GroupWork<'_, ()>> = vec![
        Box::new(|| {
            db.add(1).unwrap();
            panic!("on purpose");
        }),
        Box::new(|| db.add(2).unwrap()),
    ];
    assert!(catch_unwind(AssertUnwindSafe(|| together(work))).is_err());
    assert_eq!(db.seen(), [1], "what was saved before is there, and nothing holds others up");
    db.add(4).unwrap();
    assert_eq!(db.seen(), [1, 4]);
}
