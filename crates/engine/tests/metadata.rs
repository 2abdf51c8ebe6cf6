//! Changes of metadata: what they cost, what they leave, what they refuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::ErrorCode;
use orglet_engine::metadata::Edit;
use orglet_engine::{Failure, metadata};
use orglet_schema::MetaNode;
use orglet_schema::custom::PartDef;
use serde_json::json;
use std::sync::Arc;
use world::{Folder, World, field, object, text_field};

#[test]
fn a_refused_object_uses_up_no_key_prefix() {
    let world = World::in_memory();
    world.apply(vec![object("X__c")]);
    for _ in 0..10 {
        assert!(metadata::apply(&world.admin(), vec![object("New__c"), object("X__c")]).is_err());
    }
    world.apply(vec![object("Y__c"), object("Z__c")]);
    let prefixes = ["X__c", "Y__c", "Z__c"].map(|name| world.object(name).key_prefix.unwrap().to_string());
    assert_eq!(prefixes, ["a00", "a01", "a02"]);
}

#[test]
fn a_prefix_is_never_used_again() {
    let world = World::in_memory();
    let ids = world.apply(vec![object("X__c")]);
    world.apply(vec![Edit::Remove(ids[0])]);
    world.apply(vec![object("X__c")]);
    assert_eq!(world.object("X__c").key_prefix.unwrap().to_string(), "a01");
}

fn numbered(object: &str, start: u64) -> Edit {
    let meta = json!({"label": "A", "type": "AutoNumber", "displayFormat": "{0000}", "startingNumber": start});
    Edit::AddField(field(object, "A__c", meta))
}

#[test]
fn numbers_of_a_field_that_is_made_again_begin_at_its_start() {
    let world = World::in_memory();
    let ids = world.apply(vec![numbered("Account", 1), numbered("Contact", 1)]);
    for _ in 0..3 {
        world.insert("Account", &[("Name", "a".into())]).unwrap();
        world.insert("Contact", &[("LastName", "c".into())]).unwrap();
    }
    assert_eq!(world.rows("SELECT A__c FROM Account ORDER BY A__c"), [["0001"], ["0002"], ["0003"]]);
    world.apply(vec![Edit::Remove(ids[0])]);
    world.apply(vec![numbered("Account", 500)]);
    world.insert("Account", &[("Name", "z".into())]).unwrap();
    assert_eq!(world.rows("SELECT A__c FROM Account WHERE Name = 'z'"), [["0500"]]);
    world.insert("Contact", &[("LastName", "z".into())]).unwrap();
    assert_eq!(world.rows("SELECT A__c FROM Contact WHERE LastName = 'z'"), [["0004"]]);
}

#[test]
fn numbers_of_an_object_go_with_it() {
    let world = World::in_memory();
    let ids = world.apply(vec![object("X__c"), numbered("X__c", 7), object("XX__c"), numbered("XX__c", 7)]);
    for name in ["X__c", "XX__c"] {
        world.insert(name, &[("Name", "a".into())]).unwrap();
    }
    world.apply(vec![Edit::Remove(ids[0])]);
    world.apply(vec![object("X__c"), numbered("X__c", 7)]);
    for name in ["X__c", "XX__c"] {
        world.insert(name, &[("Name", "b".into())]).unwrap();
    }
    assert_eq!(world.rows("SELECT A__c FROM X__c WHERE Name = 'b'"), [["0007"]]);
    assert_eq!(world.rows("SELECT A__c FROM XX__c WHERE Name = 'b'"), [["0008"]]);
}

#[test]
fn a_field_over_equal_values_cannot_be_made_unique() {
    let world = World::in_memory();
    let ids = world.apply(vec![text_field("Account", "U__c")]);
    for _ in 0..2 {
        world.insert("Account", &[("Name", "a".into()), ("U__c", "same".into())]).unwrap();
    }
    let unique = json!({"label": "U", "type": "Text", "length": 80, "unique": true, "caseSensitive": false});
    let change = Edit::ChangeField(ids[0], field("Account", "U__c", unique.clone()));
    match metadata::apply(&world.admin(), vec![change]) {
        Err(Failure::Api(e)) => {
            assert_eq!(e.code(), ErrorCode::FieldIntegrityException);
            assert!(e.message().contains("U__c"), "{}", e.message());
        }
        other => panic!("{other:?}"),
    }
    // Nothing of it is there.
    assert!(!world.object("Account").field("U__c").unwrap().unique);
    world.insert("Account", &[("Name", "a".into()), ("U__c", "same".into())]).unwrap();
}

#[test]
fn a_definition_is_found_by_its_id() {
    let world = World::in_memory();
    let ids = world.apply(vec![object("X__c"), text_field("X__c", "T__c")]);
    let org = world.server.default_org();
    assert_eq!(metadata::find(&org, ids[0]).unwrap().unwrap().name, "X__c");
    let found = metadata::find(&org, ids[1]).unwrap().unwrap();
    assert_eq!((found.object.as_str(), found.name.as_str()), ("X__c", "T__c"));
    world.apply(vec![Edit::Remove(ids[1])]);
    assert!(metadata::find(&org, ids[1]).unwrap().is_none());
}

#[test]
fn the_tooling_catalog_is_built_once_for_each_version() {
    let world = World::in_memory();
    let org = world.server.default_org();
    let first = metadata::tooling_catalog(&org);
    assert!(Arc::ptr_eq(&first, &metadata::tooling_catalog(&org)));
    world.apply(vec![object("X__c")]);
    let second = metadata::tooling_catalog(&org);
    assert_eq!(second.version(), org.catalog().version());
    assert!(second.version() > first.version());
}

#[test]
fn rows_refuse_changes_that_they_do_not_fit() {
    let world = World::in_memory();
    let meta = |label: &str, more: serde_json::Value| {
        let mut meta = json!({"label": label});
        meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        meta
    };
    let text = |length: u32| field("X__c", "T__c", meta("T", json!({"type": "Text", "length": length})));
    let number = |precision: u32| field("X__c", "N__c", meta("N", json!({"type": "Number", "precision": precision, "scale": 0})));
    let lookup = |to: &str| field("X__c", "L__c", meta("L", json!({"type": "Lookup", "referenceTo": to})));
    let ids = world.apply(vec![object("X__c"), Edit::AddField(text(30)), Edit::AddField(number(18)), Edit::AddField(lookup("Account"))]);
    let change = |edit: Edit| metadata::apply(&world.admin(), vec![edit]);
    // Nothing is there yet: all may change.
    change(Edit::ChangeField(ids[3], lookup("Contact"))).unwrap();
    change(Edit::ChangeField(ids[3], lookup("Account"))).unwrap();
    let account = world.insert("Account", &[("Name", "a".into())]).unwrap();
    world
        .insert(
            "X__c",
            &[("T__c", "twenty characters ok".into()), ("N__c", orglet_base::Value::Decimal(123_456.into())), ("L__c", account.id.into())],
        )
        .unwrap();
    for edit in [Edit::ChangeField(ids[1], text(19)), Edit::ChangeField(ids[2], number(5)), Edit::ChangeField(ids[3], lookup("Contact"))] {
        let Err(Failure::Api(e)) = change(edit) else { panic!("changed") };
        assert_eq!(e.code(), ErrorCode::FieldIntegrityException, "{e}");
    }
    change(Edit::ChangeField(ids[1], text(20))).unwrap();
    change(Edit::ChangeField(ids[2], number(6))).unwrap();
}

#[test]
fn when_metadata_changed_is_known_after_a_restart() {
    let folder = Folder::new("modified");
    let stamps = |world: &World| (world.server.default_org().catalog().modified(), world.server.default_org().catalog().version());
    let (before, made) = {
        let world = World::on_disk(&folder);
        let before = stamps(&world);
        world.apply(vec![text_field("Account", "New__c")]);
        (before, stamps(&world))
    };
    assert!(made.0 > before.0 && made.1 > before.1, "{before:?} {made:?}");
    let world = World::on_disk(&folder);
    assert_eq!(stamps(&world), made);
    // A second change within the same second is later all the same.
    let ids = world.apply(vec![text_field("Account", "Other__c")]);
    let other = stamps(&world);
    world.apply(vec![Edit::Remove(ids[0])]);
    assert!(other.0 > made.0 && stamps(&world).0 > other.0);
}

fn part(kind: &str, object: &str, name: &str, meta: serde_json::Value) -> PartDef {
    PartDef::from_meta(orglet_schema::custom::part::kind(kind).unwrap(), object, name, &MetaNode::from_json(&meta)).unwrap()
}

#[test]
fn record_types_and_their_rows_are_there_after_a_restart() {
    let folder = Folder::new("record-types");
    let grade = json!({"label": "Grade", "type": "Picklist", "valueSet": {"restricted": true, "valueSetDefinition": {"sorted": false,
        "value": [{"fullName": "Low", "label": "Low"}, {"fullName": "High", "label": "High"}]}}});
    let small = json!({"active": true, "label": "Small", "picklistValues": [{"picklist": "Grade__c", "values": [{"valueName": "Low"}]}]});
    let row = |world: &World| world.rows("SELECT DeveloperName, Name, SobjectType FROM RecordType");
    let (ids, made) = {
        let world = World::on_disk(&folder);
        let field = field("Account", "Grade__c", grade.clone());
        let ids = world.apply(vec![Edit::AddField(field), Edit::AddPart(part("RecordType", "Account", "Small", small))]);
        world.insert("Account", &[("Name", "a".into()), ("RecordTypeId", ids[1].into())]).unwrap();
        (ids, row(&world))
    };
    assert_eq!(made, [["Small", "Small", "Account"]]);
    let world = World::on_disk(&folder);
    assert_eq!(row(&world), made);
    assert_eq!(world.rows("SELECT Name FROM Account WHERE RecordType.Name = 'Small'"), [["a"]]);
    let high = [("Name", "b".into()), ("RecordTypeId", ids[1].into()), ("Grade__c", "High".into())];
    assert!(world.insert("Account", &high).is_err());
    // A value that the field loses goes out of the record type too, and its definition stays good.
    let mut less = grade;
    less["valueSet"]["valueSetDefinition"]["value"].as_array_mut().unwrap().remove(0);
    world.apply(vec![Edit::ChangeField(ids[0], field("Account", "Grade__c", less))]);
    assert!(world.object("Account").record_types()[0].choice("Grade__c").unwrap().values.is_empty());
    // The field itself may go, and the column of the record types stays.
    world.apply(vec![Edit::Remove(ids[0])]);
    assert!(world.object("Account").record_types()[0].choice("Grade__c").is_none());
    drop(world);
    assert_eq!(World::on_disk(&folder).rows("SELECT Name FROM Account WHERE RecordType.Name = 'Small'"), [["a"]]);
}

#[test]
fn a_refused_change_leaves_no_row() {
    let world = World::in_memory();
    let bad = json!({"active": true, "label": "B", "picklistValues": [{"picklist": "Industry", "values": [{"valueName": "None such"}]}]});
    let good = part("RecordType", "Account", "Good", json!({"active": true, "label": "G"}));
    let edits = vec![Edit::AddPart(good), Edit::AddPart(part("RecordType", "Account", "Bad", bad))];
    assert!(metadata::apply(&world.admin(), edits).is_err());
    assert!(world.rows("SELECT Id FROM RecordType").is_empty());
    assert!(world.object("Account").field("RecordTypeId").is_none());
}
