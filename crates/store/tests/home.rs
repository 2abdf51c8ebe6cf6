//! The databases of a server: made, copied and replaced while others write, taken away.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use orglet_base::{OwnedCell, Statement};
use orglet_store::sqlite::{Durability, Folder, Memory};
use orglet_store::{Home, Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orglet-home-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a test on both kinds of homes.
fn on_both(name: &str, test: impl Fn(Arc<dyn Home>)) {
    let place = Place::new(name);
    test(Arc::new(Folder::open(&place.0, Durability::Full).unwrap()));
    test(Arc::new(Memory::new().unwrap()));
}

fn sql(text: &str) -> Statement {
    Statement::new(text, Vec::new())
}

fn number(store: &Arc<dyn Store>, text: &str) -> i64 {
    let row = store.read_with::<_, StoreError>(|tx| tx.first(&sql(text))).unwrap().unwrap();
    match row[0] {
        OwnedCell::Int(n) => n,
        _ => panic!("{row:?}"),
    }
}

fn filled(home: &Arc<dyn Home>, name: &str, rows: i64) -> Arc<dyn Store> {
    let store = home.create(name).unwrap();
    store.define(&[sql("CREATE TABLE t (n INTEGER)"), sql("CREATE TABLE c (next INTEGER)"), sql("INSERT INTO c VALUES (0)")]).unwrap();
    store
        .transact_with::<_, StoreError>(|tx| {
            (0..rows).try_for_each(|n| tx.execute(&Statement::new("INSERT INTO t VALUES (?1)", vec![n.into()])).map(|_| ()))
        })
        .unwrap();
    store
}

#[test]
fn databases_are_made_opened_listed_and_taken_away() {
    on_both("made", |home| {
        assert!(home.open("a").is_err());
        filled(&home, "a", 3);
        assert!(home.create("a").is_err());
        assert_eq!(number(&home.open("a").unwrap(), "SELECT count(*) FROM t"), 3);
        home.copy("a", "b", &mut |_| Ok(())).unwrap();
        assert!(home.copy("a", "b", &mut |_| Ok(())).is_err() && home.copy("c", "d", &mut |_| Ok(())).is_err());
        assert_eq!(home.list().unwrap(), ["a", "b"]);
        home.remove("a").unwrap();
        assert!(home.has("b").unwrap() && !home.has("a").unwrap());
        assert!(home.remove("a").is_err() && home.open("a").is_err());
        assert_eq!(number(&home.open("b").unwrap(), "SELECT count(*) FROM t"), 3);
        for name in ["", "../x", "A", "a.b", "1a"] {
            assert!(home.create(name).is_err(), "{name}");
        }
    });
}

#[test]
fn a_copy_is_adapted_before_it_is_there() {
    on_both("adapted", |home| {
        filled(&home, "a", 3);
        let failed = home.copy("a", "b", &mut |tx| {
            tx.execute(&sql("DELETE FROM t"))?;
            Err(StoreError::Other("on purpose".into()))
        });
        assert!(failed.is_err() && !home.has("b").unwrap());
        home.copy("a", "b", &mut |tx| tx.execute(&sql("UPDATE c SET next = 7")).map(|_| ())).unwrap();
        assert_eq!(number(&home.open("b").unwrap(), "SELECT next FROM c"), 7);
        assert_eq!(number(&home.open("a").unwrap(), "SELECT next FROM c"), 0);
        assert_eq!(home.list().unwrap(), ["a", "b"]);
    });
}

#[test]
fn who_opens_twice_shares_one_writer() {
    on_both("shared", |home| {
        let first = filled(&home, "a", 0);
        let second = home.open("a").unwrap();
        // With a writer of its own, the second would wait for a lock that the first holds.
        first
            .transact_with::<_, StoreError>(|tx| {
                tx.execute(&sql("INSERT INTO t VALUES (1)"))?;
                Ok(())
            })
            .unwrap();
        assert!(Arc::ptr_eq(&first, &second));
    });
}

#[test]
fn a_copy_holds_one_moment_of_what_is_being_written() {
    on_both("moment", |home| {
        let store = filled(&home, "a", 0);
        let stop = Arc::new(AtomicBool::new(false));
        let writer = std::thread::spawn({
            let (store, stop) = (store.clone(), stop.clone());
            move || {
                while !stop.load(Ordering::SeqCst) {
                    // Two rows and the counter, or none of them.
                    let done = store.transact_with::<_, StoreError>(|tx| {
                        tx.execute(&sql("INSERT INTO t VALUES (1), (2)"))?;
                        tx.execute(&sql("UPDATE c SET next = next + 2"))?;
                        Ok(())
                    });
                    done.unwrap();
                }
            }
        });
        for n in 0..20 {
            let name = format!("copy_{n}");
            home.copy("a", &name, &mut |_| Ok(())).unwrap();
            let copy = home.open(&name).unwrap();
            assert_eq!(number(&copy, "SELECT count(*) FROM t"), number(&copy, "SELECT next FROM c"));
        }
        stop.store(true, Ordering::SeqCst);
        writer.join().unwrap();
    });
}

#[test]
fn a_database_is_replaced_under_those_who_use_it() {
    on_both("replaced", |home| {
        let store = filled(&home, "a", 5);
        home.copy("a", "snap", &mut |_| Ok(())).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let users: Vec<_> = (0..2)
            .map(|reads| {
                let (store, stop) = (store.clone(), stop.clone());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        if reads == 1 {
                            let both = "SELECT (SELECT count(*) FROM t) - (SELECT next FROM c) % 1000000";
                            assert_eq!(number(&store, both), 5);
                        } else {
                            let done = store.transact_with::<_, StoreError>(|tx| {
                                tx.execute(&sql("INSERT INTO t VALUES (9)"))?;
                                tx.execute(&sql("UPDATE c SET next = next + 1"))?;
                                Ok(())
                            });
                            done.unwrap();
                        }
                    }
                })
            })
            .collect();
        let mut last = 0;
        for _ in 0..20 {
            let mut seen = 0;
            home.replace("snap", "a", &mut |old, new| {
                let Some(row) = old.first(&sql("SELECT next FROM c"))? else { panic!("no counter") };
                let OwnedCell::Int(n) = row[0] else { panic!("{row:?}") };
                // The millions are carried over and counted up; the rows begin again.
                seen = n / 1_000_000 + 1;
                new.execute(&Statement::new("UPDATE c SET next = ?1", vec![(seen * 1_000_000).into()]))?;
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, last + 1, "a replacement was lost");
            last = seen;
        }
        stop.store(true, Ordering::SeqCst);
        users.into_iter().for_each(|u| u.join().unwrap());
        assert_eq!(number(&home.open("snap").unwrap(), "SELECT count(*) FROM t"), 5);
    });
}

#[test]
fn a_replacement_that_fails_changes_nothing() {
    on_both("failed", |home| {
        let store = filled(&home, "a", 5);
        home.copy("a", "snap", &mut |_| Ok(())).unwrap();
        store.define(&[sql("INSERT INTO t VALUES (7)")]).unwrap();
        let failed = home.replace("snap", "a", &mut |_, new| {
            new.execute(&sql("DELETE FROM t"))?;
            Err(StoreError::Other("on purpose".into()))
        });
        assert!(failed.is_err());
        assert_eq!(number(&store, "SELECT count(*) FROM t"), 6);
        assert_eq!(number(&home.open("snap").unwrap(), "SELECT count(*) FROM t"), 5);
        assert_eq!(home.list().unwrap(), ["a", "snap"]);
    });
}

#[test]
fn a_smaller_content_takes_the_place_of_a_larger_and_back() {
    on_both("sizes", |home| {
        let store = filled(&home, "a", 20_000);
        filled(&home, "small", 1);
        home.copy("a", "large", &mut |_| Ok(())).unwrap();
        for (from, rows) in [("small", 1), ("large", 20_000), ("small", 1)] {
            home.replace(from, "a", &mut |_, _| Ok(())).unwrap();
            assert_eq!(number(&store, "SELECT count(*) FROM t"), rows);
            store.define(&[sql("INSERT INTO t VALUES (1)")]).unwrap();
        }
        let row = store.read_with::<_, StoreError>(|tx| tx.first(&sql("PRAGMA integrity_check"))).unwrap().unwrap();
        assert_eq!(row[0], OwnedCell::Text("ok".into()));
    });
}

#[test]
fn a_server_starts_from_a_backup() {
    on_both("backup", |home| {
        filled(&home, "a", 3);
        filled(&home, "b", 4);
        home.own().unwrap().define(&[sql("CREATE TABLE s (n INTEGER)")]).unwrap();
        let place = Place::new("backup-copy");
        home.backup(&["a".into(), "b".into()], &place.0).unwrap();
        assert!(home.backup(&[], &place.0).is_err(), "the folder is not empty");
        let again = Folder::open(&place.0, Durability::Full).unwrap();
        assert_eq!(number(&again.open("b").unwrap(), "SELECT count(*) FROM t"), 4);
        assert_eq!(number(&again.own().unwrap(), "SELECT count(*) FROM s"), 0);
        assert_eq!(again.list().unwrap(), ["a", "b"]);
    });
}

#[test]
fn what_a_copy_left_half_done_is_swept_away() {
    let place = Place::new("swept");
    let orgs = place.0.join("orgs");
    std::fs::create_dir_all(&orgs).unwrap();
    for name in ["org_2.db.part", "org_2.db.part-wal", "default.db.new", "notes.db.txt", "other.txt"] {
        std::fs::write(orgs.join(name), "x").unwrap();
    }
    let home = Folder::open(&place.0, Durability::Full).unwrap();
    let mut left: Vec<String> = std::fs::read_dir(&orgs).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["notes.db.txt", "other.txt"]);
    assert!(home.list().unwrap().is_empty());
}
