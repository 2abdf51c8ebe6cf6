//! Matching rules over rows that were there before them, and over what becomes of an org.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::{Duplicates, ErrorCode, Value};
use orglet_engine::metadata::{self, Edit};
use orglet_engine::orgs::NewOrg;
use orglet_engine::save::{self, Assign, Change, Incoming, Op};
use orglet_engine::{Failure, Identity, Setting, SettingValue};
use orglet_schema::MetaNode;
use orglet_schema::custom::{PartDef, part};
use serde_json::json;
use world::{Folder, World};

const STANDARD: Setting = Setting::StandardDuplicateRules;

fn on(yes: bool) -> [(Setting, Option<SettingValue>); 1] {
    [(STANDARD, Some(SettingValue::Flag(yes)))]
}

/// A rule of accounts that compares fields exactly.
fn matching(fields: &[&str], status: &str) -> PartDef {
    let items: Vec<_> = fields.iter().map(|field| json!({"fieldName": field, "matchingMethod": "Exact"})).collect();
    let meta = json!({"label": "M", "ruleStatus": status, "matchingRuleItems": items});
    PartDef::from_meta(part::kind("MatchingRule").unwrap(), "Account", "M", &MetaNode::from_json(&meta)).unwrap()
}

fn duplicate(rule: &str) -> PartDef {
    let meta = json!({"actionOnInsert": "Block", "actionOnUpdate": "Block", "isActive": true, "masterLabel": "D", "sortOrder": 1,
        "securityOption": "EnforceSharingRules",
        "duplicateRuleMatchRules": [{"matchRuleSObjectType": "Account", "matchingRule": rule}]});
    PartDef::from_meta(part::kind("DuplicateRule").unwrap(), "Account", "D", &MetaNode::from_json(&meta)).unwrap()
}

fn account<'a>(name: &'a str, site: &'a str) -> [(&'static str, Value); 2] {
    [("Name", Value::from(name)), ("Site", Value::from(site))]
}

fn found(outcome: Result<save::Saved, Failure>) -> Duplicates {
    let failure = outcome.unwrap_err();
    let [e] = failure.errors() else { panic!("{failure}") };
    assert_eq!(e.code(), ErrorCode::DuplicatesDetected);
    e.duplicates().unwrap().clone()
}

#[test]
fn rules_see_the_rows_that_are_older_than_they() {
    let folder = Folder::new("duplicates");
    let world = World::on_disk(&folder);
    let first = world.insert("Account", &account("Acme", "North")).unwrap().id;
    let ids = world.apply(vec![Edit::AddPart(matching(&["Name"], "Active")), Edit::AddPart(duplicate("M"))]);
    let told = found(world.insert("Account", &account("ACME ", "South")));
    assert!(!told.allow_save && told.rule == "D");
    assert_eq!(told.results[0].records[0].id, first);
    // Another definition has other keys.
    world.apply(vec![Edit::ChangePart(ids[0], matching(&["Name", "Site"], "Active"))]);
    world.insert("Account", &account("Acme", "South")).unwrap();
    assert_eq!(found(world.insert("Account", &account("acme", "north"))).results[0].records.len(), 1);
    // What an org has, its copies have, and a start finds it again.
    world.server.create_org(&NewOrg { name: Some("b".into()), clone_of: Some("default".into()), ..NewOrg::default() }).unwrap();
    drop(world);
    let world = World::on_disk(&folder);
    found(world.insert("Account", &account("Acme", "North")));
    let asked = world.rows("SELECT IsActive FROM DuplicateRule WHERE DeveloperName = 'D'");
    assert_eq!(asked, [["1"]]);
    // Without its rule nothing is kept of it.
    metadata::apply(&world.admin(), vec![Edit::Remove(ids[1]), Edit::Remove(ids[0])]).unwrap();
    world.insert("Account", &account("Acme", "North")).unwrap();
}

#[test]
fn the_standard_rules_are_switched() {
    let world = World::in_memory();
    let lead = || [("LastName", Value::from("Ash")), ("Company", Value::from("Acme")), ("Email", Value::from("ash@example.com"))];
    let first = world.insert("Lead", &lead()).unwrap().id;
    world.insert("Lead", &lead()).unwrap();
    let switch = |yes| world.server.change_org_settings("default", &on(yes)).unwrap();
    switch(true);
    let told = found(world.insert("Lead", &lead()));
    assert!(told.allow_save && told.rule == "Standard_Lead_Duplicate_Rule");
    assert_eq!((told.results[0].records.len(), told.results[0].records[0].id), (2, first));
    switch(true);
    found(world.insert("Lead", &lead()));
    switch(false);
    world.insert("Lead", &lead()).unwrap();
    // What was saved in between is seen as well.
    switch(true);
    assert_eq!(found(world.insert("Lead", &lead())).results[0].records.len(), 3);
}

#[test]
fn many_duplicates_are_cut_short() {
    let world = World::in_memory();
    world.apply(vec![Edit::AddPart(matching(&["Name"], "Active"))]);
    let object = world.object("Account");
    let name = (object.field_index("Name").unwrap(), Assign::Value(Value::from("Acme")));
    let records = vec![Incoming { fields: vec![name], ..Incoming::default() }; 250];
    let change = Change { object, op: Op::Insert, records, all_or_none: true, system: false, guard: None };
    save::save(&world.admin(), &change).unwrap().into_iter().for_each(|saved| assert!(saved.unwrap().created));
    world.apply(vec![Edit::AddPart(duplicate("M"))]);
    assert_eq!(found(world.insert("Account", &account("Acme", ""))).results[0].records.len(), 100);
}

#[test]
fn rules_that_do_not_fit_are_refused() {
    let world = World::in_memory();
    let refused = |edits: Vec<Edit>| match metadata::apply(&world.admin(), edits) {
        Err(Failure::Definition(e)) => e.message,
        other => panic!("{other:?}"),
    };
    let none = refused(vec![Edit::AddPart(duplicate("M"))]);
    assert_eq!(none, "In field: matchingRule - no MatchingRule named Account.M found");
    let inactive = refused(vec![Edit::AddPart(matching(&["Name"], "Inactive")), Edit::AddPart(duplicate("M"))]);
    assert!(inactive.contains("first activate its matching rule M"), "{inactive}");
    assert_eq!(refused(vec![Edit::AddPart(matching(&["Nothing"], "Active"))]), "Field Nothing does not exist. Check spelling.");
    assert_eq!(refused(vec![Edit::AddPart(matching(&["Description"], "Active"))]), "Field Description cannot be used in a matching rule.");
    // A matching rule stays as long as a duplicate rule needs it.
    let ids = world.apply(vec![Edit::AddPart(matching(&["Name"], "Active")), Edit::AddPart(duplicate("M"))]);
    refused(vec![Edit::Remove(ids[0])]);
    refused(vec![Edit::ChangePart(ids[0], matching(&["Name"], "Inactive"))]);
}

#[test]
fn the_platform_s_own_saves_are_not_asked() {
    let world = World::in_memory();
    world.apply(vec![Edit::AddPart(matching(&["Name"], "Active")), Edit::AddPart(duplicate("M"))]);
    let object = world.object("Account");
    let admin: Identity = world.admin();
    let ids = [1, 2].map(|n| orglet_base::Id::new(object.key_prefix.unwrap(), *b"5g", n));
    let name = (object.field_index("Name").unwrap(), Assign::Value(Value::from("Acme")));
    let records = ids.map(|id| Incoming { id: Some(id), fields: vec![name.clone()], ..Incoming::default() }).to_vec();
    let change = Change { object, op: Op::Insert, records, all_or_none: true, system: true, guard: None };
    save::save(&admin, &change).unwrap().into_iter().for_each(|saved| assert!(saved.unwrap().created));
    // But they are seen.
    assert_eq!(found(world.insert("Account", &account("Acme", ""))).results[0].records.len(), 2);
}
