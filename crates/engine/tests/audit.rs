//! Audit fields that are brought by who may set them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{DateTime, ErrorCode, Value};
use orglet_engine::Identity;
use orglet_engine::save::{self, Op};
use orglet_schema::AccessSet;
use std::sync::Arc;
use world::{World, incoming};

fn past(text: &str) -> Value {
    Value::DateTime(DateTime::parse(text).unwrap())
}

#[test]
fn audit_fields_are_set_by_right_and_on_create_alone() {
    let world = World::in_memory();
    let plain = world.admin();
    let migrator = Identity { access: Arc::new(AccessSet::full().with_audit_fields()), ..world.admin() };
    let account = world.object("Account");
    let fields =
        [("Name", Value::from("Old")), ("CreatedDate", past("2001-02-03T04:05:06Z")), ("LastModifiedDate", past("2002-02-03T04:05:06Z"))];
    let insert = |who: &Identity, object, fields: &[(&str, Value)]| save::save_one(who, object, Op::Insert, incoming(object, fields), None);

    let refused = insert(&plain, &account, &fields).unwrap_err();
    let error = &refused.errors()[0];
    assert_eq!((error.code(), error.fields().unwrap().len()), (ErrorCode::InvalidFieldForInsertUpdate, 2));

    let saved = insert(&migrator, &account, &fields).unwrap();
    assert_eq!(world.rows("SELECT CreatedDate, LastModifiedDate FROM Account"), [["2001-02-03T04:05:06.000Z", "2002-02-03T04:05:06.000Z"]]);

    // Not on objects that have no such right, not by an update, and not a change before the creation.
    let product = world.object("Product2");
    assert!(insert(&migrator, &product, &fields).is_err());
    let change = save::Incoming { id: Some(saved.id), ..incoming(&account, &fields[..2]) };
    assert!(save::save_one(&migrator, &account, Op::Update, change, None).is_err());
    let turned = [fields[0].clone(), ("CreatedDate", past("2003-02-03T04:05:06Z")), fields[2].clone()];
    let refused = insert(&migrator, &account, &turned).unwrap_err();
    assert_eq!(refused.errors()[0].code(), ErrorCode::FieldIntegrityException);
}
