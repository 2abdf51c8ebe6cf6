//! The errors of records in a batch.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{ErrorCode, Value};
use orglet_engine::save::{self, Change, Op};
use world::{World, incoming};

#[test]
fn each_record_of_a_batch_has_all_its_errors() {
    let world = World::in_memory();
    let object = world.object("Contact");
    let wrong = incoming(&object, &[("LastName", "x".repeat(81).into()), ("Email", "nobody".into())]);
    let right = incoming(&object, &[("LastName", Value::from("Ash"))]);
    let mut change =
        Change { object: object.clone(), op: Op::Insert, records: vec![wrong, right], all_or_none: false, system: false, guard: None };

    let outcomes = save::save(&world.admin(), &change).unwrap();
    let codes: Vec<_> = outcomes[0].as_ref().unwrap_err().errors().iter().map(|e| e.code()).collect();
    assert_eq!(codes, [ErrorCode::StringTooLong, ErrorCode::InvalidEmailAddress]);
    assert!(outcomes[1].is_ok());
    assert_eq!(world.rows("SELECT LastName FROM Contact"), [["Ash"]]);

    change.all_or_none = true;
    let outcomes = save::save(&world.admin(), &change).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap_err().errors().len(), 2);
    assert_eq!(outcomes[1].as_ref().unwrap_err().errors()[0].code(), ErrorCode::AllOrNoneOperationRolledBack);
    assert_eq!(world.rows("SELECT LastName FROM Contact").len(), 1);
}
