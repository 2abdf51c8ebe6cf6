//! The recycle bin by the org's clock: what was deleted is there for fifteen days, and gone then.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{DateTime, Id, Value};
use orglet_engine::metadata::Edit;
use orglet_engine::save::{self, Change, Incoming, Op};
use orglet_engine::{OrgOptions, Server, query, replication};
use orglet_schema::MetaNode;
use orglet_schema::custom::{PartDef, part};
use serde_json::json;
use std::sync::Arc;
use world::{Folder, World};

const DAY: i64 = 86_400_000;

/// The world of a folder, at a day.
fn at(folder: &Folder, day: i64) -> World {
    let now = DateTime::parse("2024-03-01T12:00:00Z").unwrap();
    let options = OrgOptions { data: Some(folder.path().to_owned()), now: Some(DateTime(now.0 + day * DAY)), ..OrgOptions::default() };
    World { server: Arc::new(Server::open(options).unwrap()) }
}

fn delete(world: &World, object: &str, id: Id) {
    let gone = Incoming { id: Some(id), ..Incoming::default() };
    save::save_one(&world.admin(), &world.object(object), Op::Delete, gone, None).unwrap();
}

fn all(world: &World, soql: &str) -> u64 {
    let version = orglet_base::ApiVersion::LATEST;
    let request = query::Request { soql, version, all_rows: true, batch: query::BATCH, tooling: false };
    query::run(&world.server, &world.admin(), &request).unwrap().total
}

fn purge(world: &World) {
    let steps = (0..10_000).take_while(|_| world.server.purge_bins()).count();
    assert!(steps < 10_000);
}

#[test]
fn what_was_deleted_fifteen_days_ago_is_gone() {
    let folder = Folder::new("purge");
    let (early, late) = {
        let world = at(&folder, 0);
        world.insert("Account", &[("Name", "kept".into())]).unwrap();
        // More than one step takes away.
        let many: Vec<Id> = (0..230)
            .map(|n| world.insert("Lead", &[("LastName", format!("{n}").as_str().into()), ("Company", "x".into())]).unwrap().id)
            .collect();
        many.iter().for_each(|id| delete(&world, "Lead", *id));
        let account = |name: &str| {
            let id = world.insert("Account", &[("Name", name.into())]).unwrap().id;
            world.insert("Contact", &[("LastName", "below".into()), ("AccountId", Value::Id(id))]).unwrap();
            id
        };
        let (early, late) = (account("early"), account("late"));
        delete(&world, "Account", early);
        (early, late)
    };
    {
        let world = at(&folder, 6);
        purge(&world);
        assert_eq!((all(&world, "SELECT Id FROM Account"), all(&world, "SELECT Id FROM Lead")), (3, 230));
        delete(&world, "Account", late);
    }
    {
        // Brought back on the last day, and deleted anew.
        let world = at(&folder, 14);
        assert!(save::undelete(&world.admin(), &[late], false).unwrap()[0].is_ok());
        delete(&world, "Account", late);
    }
    let world = at(&folder, 16);
    purge(&world);
    assert_eq!(
        (all(&world, "SELECT Id FROM Account"), all(&world, "SELECT Id FROM Contact"), all(&world, "SELECT Id FROM Lead")),
        (2, 1, 0)
    );
    let now = world.admin().org.now();
    let deleted = replication::deleted(&world.admin(), &world.object("Account"), DateTime(now.0 - 14 * DAY), now).unwrap();
    assert_eq!(deleted.records.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [late]);
    let back = save::undelete(&world.admin(), &[early, late], false).unwrap();
    assert!(back[0].is_err() && back[1].is_ok(), "{back:?}");
    // Nothing is left to do until more time has passed.
    assert!(!world.server.purge_bins());
    drop(world);
    let world = at(&folder, 40);
    purge(&world);
    assert_eq!(
        (all(&world, "SELECT Id FROM Account"), world.rows("SELECT Name FROM Account ORDER BY Name")),
        (2, vec![vec!["kept".to_owned()], vec!["late".to_owned()]])
    );
}

/// Keys of what is gone would stand before those of what is there, and a search for duplicates looks at so many alone.
#[test]
fn what_is_gone_hides_no_duplicates() {
    let folder = Folder::new("purge-keys");
    let many = |world: &World, op: Op, records: Vec<Incoming>| {
        let change = Change { object: world.object("Account"), op, records, all_or_none: true, system: false, guard: None };
        let saved = save::save(&world.admin(), &change).unwrap();
        saved.into_iter().map(|saved| saved.unwrap().id).collect::<Vec<Id>>()
    };
    let part = |kind: &str, name: &str, meta: serde_json::Value| {
        Edit::AddPart(PartDef::from_meta(part::kind(kind).unwrap(), "Account", name, &MetaNode::from_json(&meta)).unwrap())
    };
    {
        let world = at(&folder, 0);
        let items = json!([{"fieldName": "Name", "matchingMethod": "Exact"}]);
        world.apply(vec![part("MatchingRule", "M", json!({"label": "M", "ruleStatus": "Active", "matchingRuleItems": items}))]);
        let same = world::incoming(&world.object("Account"), &[("Name", "Same".into())]);
        let ids = many(&world, Op::Insert, vec![same; 1_100]);
        many(&world, Op::Delete, ids.into_iter().map(|id| Incoming { id: Some(id), ..Incoming::default() }).collect());
    }
    let world = at(&folder, 16);
    purge(&world);
    world.insert("Account", &[("Name", "Same".into())]).unwrap();
    world.apply(vec![part(
        "DuplicateRule",
        "D",
        json!({"actionOnInsert": "Block", "actionOnUpdate": "Block", "isActive": true, "masterLabel": "D", "sortOrder": 1,
            "securityOption": "EnforceSharingRules",
            "duplicateRuleMatchRules": [{"matchRuleSObjectType": "Account", "matchingRule": "M"}]}),
    )]);
    let failure = world.insert("Account", &[("Name", "same".into())]).unwrap_err();
    assert_eq!(failure.errors()[0].code(), orglet_base::ErrorCode::DuplicatesDetected);
}
