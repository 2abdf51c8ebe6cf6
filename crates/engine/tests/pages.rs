//! Pages of rows too long for a page: it ends before its number of rows is reached, and the next begins there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{ApiVersion, Value};
use orglet_engine::metadata::Edit;
use orglet_engine::query;
use orglet_engine::save::{self, Change, Op};
use serde_json::json;
use world::{World, field, incoming};

/// Rows of which some 128 take as much as a page may have.
const ROWS: usize = 450;

#[test]
fn pages_that_end_early_leave_nothing_out() {
    let world = World::in_memory();
    let long = json!({"label": "L", "type": "LongTextArea", "length": 131_072, "visibleLines": 3});
    world.apply(vec![Edit::AddField(field("Account", "Long__c", long))]);
    // Half a MiB, kept once and read with each of the children.
    let text = "\u{1F600}".repeat(131_072);
    let parent = world.insert("Account", &[("Name", "parent".into()), ("Long__c", text.as_str().into())]).unwrap().id;
    let object = world.object("Account");
    let child = |n: usize| incoming(&object, &[("Name", format!("{n:04}").as_str().into()), ("ParentId", Value::Id(parent))]);
    for n in (0..ROWS).step_by(150) {
        let records = (n..n + 150).map(child).collect();
        let change = Change { object: object.clone(), op: Op::Insert, records, all_or_none: true, system: false, guard: None };
        save::save(&world.admin(), &change).unwrap();
    }

    let mut answer = world.query("SELECT Name, Parent.Long__c FROM Account WHERE ParentId != null ORDER BY Name").unwrap();
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let rows = &answer.set.rows;
        assert!(!rows.is_empty() && rows.len() < 200, "{}", rows.len());
        for row in 0..rows.len() {
            names.push(rows.cell(row, 1).text().unwrap().to_owned());
            assert_eq!(rows.cell(row, rows.columns() - 1).text().map(str::len), Some(text.len()));
        }
        pages += 1;
        let Some(next) = answer.next else { break };
        answer = query::more(&world.server, &world.admin(), &next, ApiVersion::LATEST, None).unwrap();
    }
    assert_eq!(names, (0..ROWS).map(|n| format!("{n:04}")).collect::<Vec<_>>());
    assert!(pages > 3, "{pages}");
}
