//! Every list view that an org begins with can be described, and run where it says so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::ApiVersion;
use orglet_engine::lists;
use orglet_schema::standard::list_views;
use world::World;

#[test]
fn every_list_view_runs() {
    let world = World::in_memory();
    let identity = world.admin();
    let catalog = identity.org.catalog();
    let mut wrong = Vec::new();
    let (mut run, mut refused) = (0, 0);
    for object in catalog.objects() {
        for view in list_views::of(object) {
            let name = format!("{}.{}", object.name, view.developer_name);
            assert_eq!(lists::pick(object, &list_views::of(object), &view.id(object).to_string()), Some(&view), "{name}");
            let Ok(described) = lists::describe(&identity, object, &view) else {
                assert!(view.filter.is_none(), "{name}");
                refused += 1;
                continue;
            };
            if described.columns.iter().filter(|c| !c.hidden).count() != view.columns.len() {
                wrong.push(format!("{name}: {:?} of {:?}", described.columns.iter().map(|c| &c.path).collect::<Vec<_>>(), view.columns));
            }
            match lists::page(&world.server, &identity, ApiVersion::LATEST, &described, 25, 0) {
                Ok(page) => assert!(page.done, "{name}"),
                Err(e) => wrong.push(format!("{name}: {}: {e}", described.query)),
            }
            run += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(run > 140 && refused < 10, "{run} run, {refused} refused");
}
