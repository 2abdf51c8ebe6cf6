//! The tables of an org and its catalog agree, whatever happens at the same time and between releases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{ApiError, ErrorCode, Statement};
use orglet_engine::metadata::Edit;
use orglet_engine::save::{self, Op};
use orglet_engine::{Failure, Server};
use orglet_store::sqlite::{Durability, Sqlite};
use orglet_store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use world::{Folder, World, incoming, object, text_field};

fn refusal<T: std::fmt::Debug>(result: Result<T, Failure>) -> ApiError {
    match result {
        Err(Failure::Api(e)) => e,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_is_made_as_its_object_is_now() {
    let folder = Folder::new("stale-add");
    let world = World::on_disk(&folder);
    let stale = world.object("Account");
    world.apply(vec![text_field("Account", "New__c")]);
    world.insert_as(&stale, &[("Name", "old".into())]).unwrap();
    world.insert("Account", &[("Name", "new".into()), ("New__c", "n".into())]).unwrap();
    let expected = vec![vec!["new".to_owned(), "n".to_owned()], vec!["old".to_owned(), String::new()]];
    assert_eq!(world.rows("SELECT Name, New__c FROM Account ORDER BY Name"), expected);
    drop(world);
    assert_eq!(World::on_disk(&folder).rows("SELECT Name, New__c FROM Account ORDER BY Name"), expected);
}

#[test]
fn a_save_of_an_object_that_is_gone_is_refused_and_makes_no_table() {
    let world = World::in_memory();
    let ids = world.apply(vec![object("X__c"), text_field("X__c", "Old__c")]);
    let stale = world.object("X__c");
    world.insert_as(&stale, &[("Name", "a".into())]).unwrap();
    world.apply(vec![Edit::Remove(ids[0])]);
    assert_eq!(refusal(world.insert_as(&stale, &[("Name", "b".into())])).code(), ErrorCode::NotFound);
    world.apply(vec![object("X__c"), text_field("X__c", "New__c")]);
    let fresh = world.insert("X__c", &[("Name", "c".into()), ("New__c", "n".into())]).unwrap();
    assert_eq!(world.rows("SELECT Name, New__c FROM X__c"), [["c", "n"]]);
    // What was prepared for the object that is gone is saved as one of its successor, where its fields are there.
    let saved = world.insert_as(&stale, &[("Name", "d".into())]).unwrap();
    assert_eq!(saved.id.prefix(), fresh.id.prefix());
    assert_eq!(refusal(world.insert_as(&stale, &[("Old__c", "e".into())])).code(), ErrorCode::InvalidField);
}

#[test]
fn a_field_that_is_gone_is_refused_by_name() {
    let world = World::in_memory();
    let ids = world.apply(vec![text_field("Account", "T__c")]);
    let stale = world.object("Account");
    let saved = world.insert_as(&stale, &[("Name", "a".into()), ("T__c", "t".into())]).unwrap();
    world.apply(vec![Edit::Remove(ids[0])]);
    let e = refusal(world.insert_as(&stale, &[("T__c", "t".into())]));
    assert_eq!((e.code(), e.message()), (ErrorCode::InvalidField, "No such column 'T__c' on sobject of type Account"));
    // Other fields, and deletes, are none the worse.
    let mut change = incoming(&stale, &[("Name", "b".into())]);
    change.id = Some(saved.id);
    save::save_one(&world.admin(), &stale, Op::Update, change, None).unwrap();
    assert_eq!(world.rows("SELECT Name FROM Account"), [["b"]]);
    let mut gone = incoming(&stale, &[]);
    gone.id = Some(saved.id);
    save::save_one(&world.admin(), &stale, Op::Delete, gone, None).unwrap();
    assert!(world.rows("SELECT Name FROM Account").is_empty());
}

/// Runs `work` again and again on other threads while `here` runs.
fn meanwhile(server: &Arc<Server>, work: impl Fn(&World) + Sync, here: impl FnOnce(&World)) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    work(&World { server: server.clone() });
                }
            });
        }
        here(&World { server: server.clone() });
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn saves_and_queries_go_through_while_metadata_changes() {
    let folder = Folder::new("busy");
    let world = World::on_disk(&folder);
    let server = world.server.clone();
    let busy = |world: &World| {
        let expected = |e: Failure| match e {
            Failure::Api(e) if matches!(e.code(), ErrorCode::InvalidField | ErrorCode::InvalidType | ErrorCode::NotFound) => {}
            other => panic!("{other:?}"),
        };
        let object = world.object("Account");
        let mut fields = vec![("Name", "a".into())];
        if object.field("T__c").is_some() {
            fields.push(("T__c", "t".into()));
        }
        world.insert_as(&object, &fields).map(|_| ()).unwrap_or_else(expected);
        world.query("SELECT Id, T__c FROM Account LIMIT 1").map(|_| ()).unwrap_or_else(expected);
        if let Some(object) = world.server.default_org().catalog().object("X__c") {
            world.insert_as(object, &[("Name", "x".into())]).map(|_| ()).unwrap_or_else(expected);
        }
        world.query("SELECT Id FROM X__c LIMIT 1").map(|_| ()).unwrap_or_else(expected);
    };
    meanwhile(&server, busy, |world| {
        for _ in 0..25 {
            let ids = world.apply(vec![text_field("Account", "T__c"), object("X__c")]);
            std::thread::sleep(std::time::Duration::from_millis(5));
            world.apply(ids.into_iter().map(Edit::Remove).collect());
        }
    });
    // No row has an id of an object that is gone.
    world.apply(vec![object("X__c")]);
    assert!(world.rows("SELECT Id FROM X__c").is_empty());
    world.insert("X__c", &[("Name", "x".into())]).unwrap();
}

fn tamper(folder: &Folder, statements: &[&str]) {
    let store = Sqlite::open(&folder.path().join("orgs/default.db"), Durability::Full).unwrap();
    let store: &dyn Store = &store;
    for sql in statements {
        store.transact_with::<_, StoreError>(|tx| tx.execute(&Statement::new((*sql).to_owned(), Vec::new()))).unwrap();
    }
}

#[test]
fn a_release_with_other_standard_fields_brings_the_tables_along() {
    let folder = Folder::new("release");
    let world = World::on_disk(&folder);
    world.insert("Account", &[("Name", "a".into())]).unwrap();
    let before = world.server.default_org().catalog();
    drop(world);
    // As an earlier release would have left it.
    tamper(
        &folder,
        &[
            "ALTER TABLE \"Account\" DROP COLUMN \"Jigsaw\"",
            "UPDATE \"_meta\" SET value = 'of an earlier release' WHERE name = 'standard_objects'",
        ],
    );
    let world = World::on_disk(&folder);
    let after = world.server.default_org().catalog();
    assert!(after.version() > before.version());
    assert!(after.modified() > before.modified());
    world.insert("Account", &[("Name", "b".into()), ("Jigsaw", "j".into())]).unwrap();
    assert_eq!(world.rows("SELECT Name, Jigsaw FROM Account ORDER BY Name"), [["a", ""], ["b", "j"]]);
    drop(world);
    // The same release again changes nothing.
    let again = World::on_disk(&folder).server.default_org().catalog();
    assert_eq!((again.version(), again.modified()), (after.version(), after.modified()));
}

#[test]
fn a_panic_in_a_read_leaves_the_org_usable() {
    let world = World::in_memory();
    let org = world.server.default_org();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| org.read::<()>(|_| panic!("on purpose"))));
    assert!(panicked.is_err());
    assert!(world.rows("SELECT Name FROM Account").is_empty());
}

#[test]
fn a_query_that_ran_too_long_says_so() {
    let world = World::in_memory();
    let stopped = world.server.default_org().read::<()>(|_| Err(StoreError::Interrupted.into()));
    let e = refusal(stopped);
    assert_eq!((e.code(), e.message()), (ErrorCode::QueryTimeout, "Your query request was running for too long."));
}
