//! What users last saw.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::{Id, Value};
use orglet_engine::plan::Node;
use orglet_engine::{Identity, record, views};
use world::{Folder, World};

fn account(world: &World, name: &str) -> Id {
    world.insert("Account", &[("Name", Value::Text(name.into()))]).unwrap().id
}

fn colleague(world: &World) -> Identity {
    let admin = world.admin();
    let text = |t: &str| Value::Text(t.into());
    let fields = [
        ("Username", text("bo@orglet.example")),
        ("LastName", text("Beck")),
        ("Email", text("bo@orglet.example")),
        ("Alias", text("bo")),
        ("ProfileId", Value::Id(admin.user.profile_id.unwrap())),
        ("TimeZoneSidKey", text("GMT")),
        ("LocaleSidKey", text("en_US")),
        ("EmailEncodingKey", text("UTF-8")),
        ("LanguageLocaleKey", text("en_US")),
    ];
    let id = world.insert("User", &fields).unwrap().id;
    Identity { user: admin.org.user(id).unwrap().unwrap(), ..admin }
}

fn look(who: &Identity, world: &World, id: Id) {
    views::note(who, &world.object("Account"), std::iter::once(id), true);
}

fn names(who: &Identity) -> Vec<String> {
    views::recent(who, None, &["Name"]).unwrap().iter().map(|seen| seen.text(0).unwrap_or_default().to_owned()).collect()
}

#[test]
fn each_user_has_a_list() {
    let world = World::in_memory();
    let (admin, other) = (world.admin(), colleague(&world));
    let (a, b) = (account(&world, "A"), account(&world, "B"));
    look(&admin, &world, a);
    look(&other, &world, b);
    look(&other, &world, a);
    assert_eq!(names(&admin), ["A"]);
    assert_eq!(names(&other), ["A", "B"]);
    assert_eq!(world.rows("SELECT Name FROM Account WHERE LastViewedDate != NULL"), [["A"]]);
    assert_eq!(world.rows("SELECT Name FROM RecentlyViewed"), [["A"]]);
}

#[test]
fn a_list_keeps_the_newest() {
    let world = World::in_memory();
    let admin = world.admin();
    let ids: Vec<Id> = (0..views::MOST + 5).map(|n| account(&world, &n.to_string())).collect();
    // Written in between or not, however often it is.
    for (n, id) in ids.iter().enumerate() {
        look(&admin, &world, *id);
        look(&admin, &world, *id);
        if n % 50 == 0 {
            world.server.keep_views();
        }
    }
    let names = names(&admin);
    assert_eq!(names.len(), views::MOST);
    assert_eq!(names[0], (views::MOST + 4).to_string());
    assert_eq!(names[views::MOST - 1], "5");
    for _ in 0..3 {
        ids.iter().for_each(|id| look(&admin, &world, *id));
    }
    assert_eq!(self::names(&admin), names);
}

#[test]
fn lists_outlive_the_process() {
    let folder = Folder::new("views");
    {
        let world = World::on_disk(&folder);
        let id = account(&world, "A");
        look(&world.admin(), &world, id);
        world.server.keep_views();
    }
    assert_eq!(names(&World::on_disk(&folder).admin()), ["A"]);
}

/// The date of the user's last view of a record, as it is shown.
fn shown(world: &World, who: &Identity, id: Id) -> Option<String> {
    let object = world.object("Account");
    let field = object.field("LastViewedDate").unwrap();
    let shown = record::show(who, &object, id, Some(&[field])).unwrap();
    let column = shown.shape().iter().find_map(|node| match node {
        Node::Value { name, column, .. } if **name == *field.name => Some(*column),
        _ => None,
    });
    shown.rows.cell(0, column.unwrap()).text().map(str::to_owned)
}

#[test]
fn records_show_what_the_table_has_and_what_was_noted_since() {
    let folder = Folder::new("views-shown");
    let ids: Vec<Id> = {
        let world = World::on_disk(&folder);
        let (admin, other) = (world.admin(), colleague(&world));
        let ids: Vec<Id> = (0..views::MOST + 10).map(|n| account(&world, &n.to_string())).collect();
        assert_eq!(shown(&world, &admin, ids[0]), None);
        look(&admin, &world, ids[0]);
        assert!(shown(&world, &admin, ids[0]).is_some());
        assert_eq!(shown(&world, &other, ids[0]), None);
        world.server.keep_views();
        assert!(shown(&world, &admin, ids[0]).is_some() && shown(&world, &other, ids[0]).is_none());
        // To be referred to is not to be viewed, and takes no view away.
        views::note(&admin, &world.object("Account"), [ids[0], ids[1]].into_iter(), false);
        for _ in 0..2 {
            assert!(shown(&world, &admin, ids[0]).is_some() && shown(&world, &admin, ids[1]).is_none());
            world.server.keep_views();
        }
        // As many others push it out.
        for id in &ids[5..] {
            look(&admin, &world, *id);
        }
        world.server.keep_views();
        assert!(shown(&world, &admin, ids[0]).is_none() && ids[10..].iter().all(|id| shown(&world, &admin, *id).is_some()));
        ids
    };
    let world = World::on_disk(&folder);
    let admin = world.admin();
    assert!(shown(&world, &admin, ids[0]).is_none() && ids[10..].iter().all(|id| shown(&world, &admin, *id).is_some()));
    look(&admin, &world, ids[0]);
    world.server.keep_views();
    assert!(shown(&world, &admin, ids[0]).is_some());
}

#[test]
fn records_show_what_the_content_of_now_has() {
    let world = World::in_memory();
    let admin = world.admin();
    let (a, b) = (account(&world, "A"), account(&world, "B"));
    look(&admin, &world, a);
    world.server.keep_views();
    world.server.snapshot_org("default", Some("before")).unwrap();
    look(&admin, &world, b);
    world.server.keep_views();
    assert!(shown(&world, &admin, a).is_some() && shown(&world, &admin, b).is_some());
    world.server.restore_org("default", "before").unwrap();
    assert!(shown(&world, &admin, a).is_some() && shown(&world, &admin, b).is_none());
}
