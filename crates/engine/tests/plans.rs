//! Plans that are kept: a query asked again sees what has changed since.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::Value;
use orglet_engine::metadata::Edit;
use orglet_engine::query::{self, BATCH, Request};
use std::sync::Arc;
use world::{World, text_field};

const QUERY: &str = "SELECT FIELDS(ALL) FROM Account LIMIT 200";

fn request(soql: &str) -> Request<'_> {
    Request { soql, version: orglet_base::ApiVersion::LATEST, all_rows: false, batch: BATCH, tooling: false }
}

fn columns(world: &World) -> usize {
    world.query(QUERY).unwrap().record_plan().unwrap().shape.len()
}

#[test]
fn a_plan_is_made_once_until_metadata_changes() {
    let world = World::in_memory();
    let admin = world.admin();
    let first = query::plan(&admin, &request(QUERY)).unwrap();
    assert!(Arc::ptr_eq(&first, &query::plan(&admin, &request(QUERY)).unwrap()), "the same query by the same user");
    let deleted_too = Request { all_rows: true, ..request(QUERY) };
    assert!(!Arc::ptr_eq(&first, &query::plan(&admin, &deleted_too).unwrap()), "queryAll is another query");
    let other = "SELECT FIELDS(ALL) FROM Account LIMIT 199";
    assert!(!Arc::ptr_eq(&first, &query::plan(&admin, &request(other)).unwrap()));

    let before = columns(&world);
    let ids = world.apply(vec![text_field("Account", "New__c")]);
    assert_eq!(columns(&world), before + 1, "a new field is in the answer at once");
    world.insert("Account", &[("Name", "a".into()), ("New__c", "x".into())]).unwrap();
    assert_eq!(world.rows("SELECT New__c FROM Account"), [["x"]]);
    world.apply(vec![Edit::Remove(ids[0])]);
    assert_eq!(columns(&world), before);
    assert!(world.query("SELECT New__c FROM Account").is_err(), "a plan does not outlive its fields");
}

#[test]
fn what_counts_on_the_time_is_planned_each_time() {
    let world = World::in_memory();
    let today = "SELECT Id FROM Account WHERE CreatedDate = TODAY";
    let plan = || query::plan(&world.admin(), &request(today)).unwrap();
    assert!(!Arc::ptr_eq(&plan(), &plan()));
    world.insert("Account", &[("Name", Value::from("a"))]).unwrap();
    assert_eq!(world.query(today).unwrap().total, 1);
}
