//! Origins that orgs allow: the server's list follows their records through all that becomes of orgs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::Id;
use orglet_engine::orgs::NewOrg;
use orglet_engine::save::{Incoming, Op, save_one};
use world::{Folder, World};

const ORIGIN: &str = "https://app.example.com";

fn allow(world: &World) -> Id {
    let fields = [("DeveloperName", "App"), ("MasterLabel", "App"), ("UrlPattern", ORIGIN)];
    world.insert("CorsWhitelistEntry", &fields.map(|(name, value)| (name, value.into()))).unwrap().id
}

fn allowed(world: &World, org: Option<Id>) -> bool {
    world.server.allows_origin(org, ORIGIN).unwrap()
}

#[test]
fn the_list_follows_the_records_of_an_org() {
    let folder = Folder::new("origins");
    let (org, entry) = {
        let world = World::on_disk(&folder);
        let org = world.server.default_org().id;
        assert!(!allowed(&world, None));
        (org, allow(&world))
    };
    let world = World::on_disk(&folder);
    assert!(allowed(&world, None) && allowed(&world, Some(org)));
    let object = world.object("CorsWhitelistEntry");
    let gone = Incoming { id: Some(entry), ..Incoming::default() };
    save_one(&world.admin(), &object, Op::Delete, gone, None).unwrap();
    assert!(!allowed(&world, None) && !allowed(&world, Some(org)));
}

#[test]
fn the_list_follows_orgs_that_are_made_reset_and_deleted() {
    let world = World::in_memory();
    let default = world.server.default_org().id;
    world.server.snapshot_org("default", Some("before")).unwrap();
    allow(&world);
    world.server.snapshot_org("default", Some("with")).unwrap();
    world.server.restore_org("default", "before").unwrap();
    assert!(!allowed(&world, None));
    let access = world.server.create_org(&NewOrg { name: Some("a".into()), template: Some("with".into()), ..NewOrg::default() }).unwrap();
    let made = Id::parse(&access.facts.org_id).unwrap();
    assert!(allowed(&world, Some(made)) && !allowed(&world, Some(default)) && allowed(&world, None));
    world.server.delete_org("a").unwrap();
    assert!(!allowed(&world, None));
}
