//! Digital experiences being switched on and off.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_engine::orgs::AdminError;
use orglet_engine::sites::{self, NewSite};
use orglet_engine::{Setting, SettingValue};
use world::World;

#[test]
fn they_stay_on_once_there_is_a_site() {
    let world = World::in_memory();
    let change = |on| world.server.change_org_settings("default", &[(Setting::DigitalExperiences, Some(SettingValue::Flag(on)))]);
    let query = "SELECT Name FROM Network";
    assert!(world.query(query).is_err());
    change(true).unwrap();
    assert!(world.query(query).is_ok());
    change(false).unwrap();
    assert!(world.query(query).is_err());

    change(true).unwrap();
    let admin = world.server.admin().unwrap();
    let new = NewSite { name: " Cafe ".to_owned(), template: "Aloha".to_owned(), prefix: Some("cafe".to_owned()), ..Default::default() };
    sites::create(&admin, &new).unwrap();
    assert!(matches!(change(false), Err(AdminError::Invalid(_))));
    assert_eq!(world.rows(query), [["Cafe"]]);
    // States and countries are another part of the same catalog.
    world.server.change_org_settings("default", &[(Setting::StateCountryPicklists, Some(SettingValue::Flag(true)))]).unwrap();
    assert_eq!(world.rows(query), [["Cafe"]]);
    assert!(world.object("Account").field("BillingStateCode").is_some());
}
