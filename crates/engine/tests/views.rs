//! What users last saw.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::{Id, Value};
use orglet_engine::{Identity, views};
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
