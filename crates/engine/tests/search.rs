//! How many rows searches answer, and how they go through many candidates.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{ApiVersion, Value};
use orglet_engine::save::{self, Change, Op};
use orglet_engine::search;
use world::{World, incoming};

/// The numbers of rows that a search finds, by object.
fn counts(world: &World, sosl: &str) -> Vec<usize> {
    let request = search::Request { sosl, version: ApiVersion::LATEST, by_name: false };
    let answer = search::run(&world.admin(), &request).unwrap_or_else(|e| panic!("{sosl}: {e}"));
    answer.found.iter().map(|f| f.set.rows.len()).collect()
}

fn insert(world: &World, object: &str, field: &str, names: impl Iterator<Item = String>) {
    let object = world.object(object);
    let names: Vec<String> = names.collect();
    for part in names.chunks(200) {
        let records = part.iter().map(|name| incoming(&object, &[(field, Value::from(name.as_str()))])).collect();
        let change = Change { object: object.clone(), op: Op::Insert, records, all_or_none: true, system: false, guard: None };
        save::save(&world.admin(), &change).unwrap();
    }
}

#[test]
fn numbers_of_rows() {
    let world = World::in_memory();
    insert(&world, "Account", "Name", (0..300).map(|n| format!("many {n}")));
    insert(&world, "Contact", "LastName", (0..300).map(|n| format!("many {n}")));
    for (sosl, found) in [
        ("FIND {many} RETURNING Account", vec![250]),
        ("FIND {many} RETURNING Account(Id ORDER BY Name)", vec![300]),
        ("FIND {many} RETURNING Account(Id WHERE Name != 'many 7')", vec![299]),
        ("FIND {many} RETURNING Account(Id LIMIT 260)", vec![250]),
        ("FIND {many} RETURNING Account(Id LIMIT 10 OFFSET 295)", vec![5]),
        ("FIND {many} RETURNING Account, Contact(Id ORDER BY Name)", vec![250, 250]),
        ("FIND {many} RETURNING Account, Contact LIMIT 21", vec![11, 10]),
        ("FIND {many} RETURNING Account(Id LIMIT 3), Contact LIMIT 21", vec![3, 18]),
        ("FIND {many} RETURNING Account LIMIT 0", vec![0]),
        ("FIND {many} RETURNING Lead, Account(Id LIMIT 1)", vec![0, 1]),
    ] {
        assert_eq!(counts(&world, sosl), found, "{sosl}");
    }
    assert_eq!(counts(&world, "FIND {many}").iter().sum::<usize>(), 500);
    assert_eq!(counts(&world, "FIND {many} LIMIT 8").iter().sum::<usize>(), 8);
}

#[test]
fn candidates_are_read_to_the_end() {
    let world = World::in_memory();
    // They hold the letters, not the word.
    insert(&world, "Account", "Name", (0..2100).map(|n| format!("germany {n}")));
    insert(&world, "Account", "Name", std::iter::once("many things".to_owned()));
    assert_eq!(counts(&world, "FIND {many} RETURNING Account"), [1]);
    assert_eq!(counts(&world, "FIND {many} RETURNING Account(Id LIMIT 5 OFFSET 1)"), [0]);
}

#[test]
fn tables_are_not_made_for_searches() {
    let world = World::in_memory();
    assert_eq!(counts(&world, "FIND {nothing} RETURNING Solution, Idea"), [0, 0]);
    let before = counts(&world, "FIND {nothing}").len();
    insert(&world, "Solution", "SolutionName", std::iter::once("a fix".to_owned()));
    insert(&world, "Idea", "Title", std::iter::empty());
    assert_eq!(counts(&world, "FIND {fix}").len(), before, "solutions are searched where they are named");
    assert_eq!(counts(&world, "FIND {fix} RETURNING Solution"), [1]);
}
