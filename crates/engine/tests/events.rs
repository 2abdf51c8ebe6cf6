//! The event bus: what is published waits there, in order, for three days.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{DateTime, Value};
use orglet_engine::events::{self, Published};
use orglet_engine::metadata::Edit;
use orglet_engine::save::{self, Change, Op};
use orglet_engine::{OrgOptions, Server};
use orglet_schema::{MetaNode, ObjectDef};
use serde_json::json;
use std::sync::Arc;
use world::{Folder, World, field, incoming, text_field};

fn event(name: &str) -> Edit {
    let meta = json!({"label": "X", "pluralLabel": "Xs"});
    Edit::AddObject(ObjectDef::from_meta(name, &MetaNode::from_json(&meta)).unwrap())
}

fn number(object: &str, name: &str) -> Edit {
    Edit::AddField(field(object, name, json!({"label": name, "type": "Number", "precision": 18, "scale": 2})))
}

fn waiting(world: &World, after: i64) -> Vec<Published> {
    events::after(&world.server.default_org(), None, after, 100).unwrap()
}

#[test]
fn an_event_waits_with_what_it_was_given() {
    let folder = Folder::new("events");
    let first = {
        let world = World::on_disk(&folder);
        world.apply(vec![event("X__e"), text_field("X__e", "T__c"), number("X__e", "N__c"), event("Y__e")]);
        let saved = world.insert("X__e", &[("T__c", "a".into()), ("N__c", Value::Decimal("12.50".parse().unwrap()))]).unwrap();
        assert_eq!((saved.id.to_string().as_str(), saved.created), ("e00xx0000000001AAA", true));
        world.insert("Y__e", &[]).unwrap();
        assert!(world.insert("X__e", &[("T__c", "b".repeat(81).as_str().into())]).is_err());
        saved
    };
    let world = World::on_disk(&folder);
    let all = waiting(&world, 0);
    assert_eq!(all.iter().map(|e| (e.replay, e.object.as_str())).collect::<Vec<_>>(), [(1, "X__e"), (2, "Y__e")]);
    assert_eq!(all[0].payload, *json!({"T__c": "a", "N__c": "12.5"}).as_object().unwrap());
    assert_eq!((all[0].uuid.clone(), all[0].author.clone()), (first.event.unwrap().to_string(), world.admin().user.id.to_string()));
    let org = world.server.default_org();
    assert_eq!(events::schema_of(&org, &world.object("X__e")).unwrap().unwrap().id(), all[0].schema);
    assert_eq!(events::after(&org, Some("Y__e"), 0, 100).unwrap().len(), 1);
    assert_eq!(waiting(&world, 1).len(), 1);
    assert_eq!(events::after(&org, None, 0, 1).unwrap().len(), 1);
}

#[test]
fn events_of_a_batch_that_is_undone_are_not_published() {
    let world = World::in_memory();
    world.apply(vec![event("X__e"), text_field("X__e", "T__c")]);
    let object = world.object("X__e");
    let long = "x".repeat(81);
    let batch = |all_or_none| {
        let records = ["a", &long, "c"].map(|text| incoming(&object, &[("T__c", text.into())])).to_vec();
        let change = Change { object: object.clone(), op: Op::Insert, records, all_or_none, system: false, guard: None };
        save::save(&world.admin(), &change).unwrap()
    };
    assert!(batch(true).iter().all(Result::is_err));
    assert_eq!(waiting(&world, 0), []);
    assert_eq!(batch(false).iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(waiting(&world, 0).len(), 2);
}

/// The same data directory at another time.
fn at(folder: &Folder, time: &str) -> World {
    let options =
        OrgOptions { data: Some(folder.path().to_owned()), now: DateTime::parse(time), id_seed: Some(1), ..OrgOptions::default() };
    World { server: Arc::new(Server::open(options).unwrap()) }
}

#[test]
fn events_are_kept_for_three_days() {
    let folder = Folder::new("events-kept");
    let hour = |world: &World| events::published_this_hour(&world.server.default_org()).unwrap();
    let world = at(&folder, "2024-05-15T12:59:59.500Z");
    world.apply(vec![event("X__e")]);
    for _ in 0..70 {
        world.insert("X__e", &[]).unwrap();
    }
    assert_eq!(hour(&world), 70);
    assert_eq!(waiting(&world, 0)[0].created.to_canonical(), "2024-05-15T12:59:59.500Z");
    drop(world);
    assert_eq!(hour(&at(&folder, "2024-05-15T13:00:00Z")), 0);
    assert_eq!(waiting(&at(&folder, "2024-05-18T12:59:59.500Z"), 0).len(), 70);
    let world = at(&folder, "2024-05-18T12:59:59.501Z");
    assert_eq!(waiting(&world, 0), []);
    for _ in 0..70 {
        world.insert("X__e", &[]).unwrap();
    }
    drop(world);
    // Those past their time are gone for good.
    assert_eq!(waiting(&at(&folder, "2024-05-15T12:59:59.500Z"), 0).first().map(|e| e.replay), Some(71));
}

#[test]
fn a_reset_gives_no_replay_id_and_no_prefix_twice() {
    let world = World::in_memory();
    world.apply(vec![event("X__e")]);
    world.insert("X__e", &[]).unwrap();
    world.insert("X__e", &[]).unwrap();
    world.server.reset_org("default").unwrap();
    assert_eq!(waiting(&world, 0), []);
    world.apply(vec![event("X__e")]);
    assert_eq!(world.object("X__e").key_prefix.unwrap().to_string(), "e01");
    world.insert("X__e", &[]).unwrap();
    assert_eq!(waiting(&world, 0).iter().map(|e| e.replay).collect::<Vec<_>>(), [3]);
}

#[test]
fn events_of_an_object_go_with_it() {
    let world = World::in_memory();
    let ids = world.apply(vec![event("X__e"), event("Y__e")]);
    world.insert("X__e", &[]).unwrap();
    world.insert("Y__e", &[]).unwrap();
    world.apply(vec![Edit::Remove(ids[0])]);
    assert_eq!(waiting(&world, 0).iter().map(|e| e.object.clone()).collect::<Vec<_>>(), ["Y__e"]);
}
