//! State and Country/Territory Picklists being switched on and off.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::{DateTime, Id, Value};
use orglet_engine::metadata::Edit;
use orglet_engine::orgs::{AdminError, NewOrg};
use orglet_engine::save::{Incoming, Op, save_one};
use orglet_engine::{Failure, OrgOptions, Server, Setting, SettingValue, metadata, replication};
use orglet_schema::standard;
use serde_json::json;
use std::sync::Arc;
use world::{Folder, World, field, text_field};

const PLACES: Setting = Setting::StateCountryPicklists;

fn flag(on: bool) -> Vec<(Setting, Option<SettingValue>)> {
    vec![(PLACES, Some(SettingValue::Flag(on)))]
}

fn has_codes(server: &Server, org: &str) -> bool {
    let settings = server.org_settings(org).unwrap();
    settings.iter().any(|(setting, value)| *setting == PLACES && *value == Some(SettingValue::Flag(true)))
}

const ADDRESSES: &str = "SELECT BillingState, BillingStateCode, BillingCountry, BillingCountryCode FROM Account ORDER BY Name";

fn account(world: &World, name: &str, state: &str, country: &str) {
    let fields: [(&str, Value); 3] = [("Name", name.into()), ("BillingState", state.into()), ("BillingCountry", country.into())];
    world.insert("Account", &fields).unwrap();
}

#[test]
fn addresses_get_codes_from_their_texts() {
    let world = World::in_memory();
    world.apply(vec![text_field("Account", "Own__c")]);
    account(&world, "a", "california", "United States");
    account(&world, "b", "ON", "ca");
    account(&world, "c", "Anywhere", "Germany");
    account(&world, "d", "Bavaria", "Deutschland");
    account(&world, "e", "", "");
    let change = |on| world.server.change_org_settings("default", &flag(on));
    change(true).unwrap();
    let rows = [
        ["California", "CA", "United States", "US"],
        ["Ontario", "ON", "Canada", "CA"],
        ["Anywhere", "", "Germany", "DE"],
        ["Bavaria", "", "Deutschland", ""],
        ["", "", "", ""],
    ];
    assert_eq!(world.rows(ADDRESSES), rows);
    // What a state is in another country is told; what does not touch the address is not asked.
    let refused = |fields: &[(&str, Value)]| matches!(world.insert("Account", fields), Err(Failure::Api(_)));
    assert!(refused(&[("Name", "f".into()), ("BillingCountry", "Deutschland".into())]));
    account(&world, "f", "Victoria", "Australia");
    assert!(world.object("Account").field("Own__c").is_some());

    change(false).unwrap();
    assert!(world.query(ADDRESSES).is_err());
    assert_eq!(world.rows("SELECT BillingState, BillingCountry FROM Account WHERE Name = 'f'"), [["Victoria", "Australia"]]);
    account(&world, "g", "Utah", "United States");
    change(true).unwrap();
    assert_eq!(world.rows(ADDRESSES)[5..], [["Victoria", "VIC", "Australia", "AU"], ["Utah", "UT", "United States", "US"]]);
    // Twice is once.
    let version = world.server.default_org().catalog().version();
    change(true).unwrap();
    assert_eq!(world.server.default_org().catalog().version(), version);
}

#[test]
fn standard_objects_are_shared_with_and_without() {
    let (a, b) = (World::in_memory(), World::in_memory());
    a.server.change_org_settings("default", &flag(true)).unwrap();
    b.server.change_org_settings("default", &flag(true)).unwrap();
    assert!(Arc::ptr_eq(&a.object("Lead"), &b.object("Lead")));
    assert!(Arc::ptr_eq(&a.object("Case"), standard::objects().object("Case").unwrap()));
    b.server.change_org_settings("default", &flag(false)).unwrap();
    assert!(Arc::ptr_eq(&b.object("Lead"), standard::objects().object("Lead").unwrap()));
}

#[test]
fn what_looks_at_codes_keeps_them() {
    let world = World::in_memory();
    world.server.change_org_settings("default", &flag(true)).unwrap();
    let filter = json!({"active": true, "isOptional": true, "filterItems": [{"field": "Account.BillingCountryCode", "operation": "equals", "value": "US"}]});
    let lookup = json!({"label": "A", "type": "Lookup", "referenceTo": "Account", "lookupFilter": filter});
    let ids = world.apply(vec![Edit::AddField(field("Contact", "A__c", lookup))]);
    let off = || world.server.change_org_settings("default", &flag(false));
    assert!(matches!(off(), Err(AdminError::Invalid(_) | AdminError::Failure(Failure::Definition(_)))));
    assert!(has_codes(&world.server, "default") && world.object("Account").field("BillingCountryCode").is_some());
    metadata::apply(&world.admin(), vec![Edit::Remove(ids[0])]).unwrap();
    off().unwrap();
    assert!(!has_codes(&world.server, "default"));
}

#[test]
fn codes_go_where_the_content_of_an_org_goes() {
    let folder = Folder::new("places");
    let open =
        || World { server: Arc::new(Server::open(OrgOptions { data: Some(folder.path().to_owned()), ..OrgOptions::default() }).unwrap()) };
    let world = open();
    let server = &world.server;
    let codes = |server: &Server, org: &str| {
        let entry = server.show_org(org).unwrap();
        let lead =
            server.org(Id::parse(&entry.id).unwrap()).unwrap().unwrap().catalog().object("Lead").unwrap().field("CountryCode").is_some();
        assert_eq!(lead, has_codes(server, org), "{org}");
        lead
    };
    let named = |name: &str| NewOrg { name: Some(name.into()), ..NewOrg::default() };
    server.create_org(&NewOrg { settings: flag(true), ..named("a") }).unwrap();
    assert!(codes(server, "a") && !codes(server, "default"));
    server.snapshot_org("a", Some("on")).unwrap();
    server.change_org_settings("a", &flag(false)).unwrap();
    server.snapshot_org("a", Some("off")).unwrap();
    assert!(!codes(server, "a"));
    server.restore_org("a", "on").unwrap();
    assert!(codes(server, "a"));
    server.create_org(&NewOrg { clone_of: Some("a".into()), ..named("b") }).unwrap();
    server.create_org(&NewOrg { template: Some("off".into()), ..named("c") }).unwrap();
    assert!(codes(server, "b") && !codes(server, "c"));
    server.restore_org("a", "off").unwrap();
    assert!(!codes(server, "a"));
    server.reset_org("a").unwrap();
    assert!(codes(server, "a"));
    server.change_org_settings("default", &flag(true)).unwrap();
    account(&world, "x", "Texas", "United States");
    drop(world);
    let world = open();
    assert!(codes(&world.server, "default") && codes(&world.server, "b") && !codes(&world.server, "c"));
    assert_eq!(world.rows(ADDRESSES), [["Texas", "TX", "United States", "US"]]);
}

#[test]
fn rows_that_get_codes_are_changed_and_what_shows_them_follows() {
    let folder = Folder::new("places-stamps");
    let open = |now: &str| {
        let now = DateTime::parse(now);
        World { server: Arc::new(Server::open(OrgOptions { data: Some(folder.path().to_owned()), now, ..OrgOptions::default() }).unwrap()) }
    };
    let (before, after) = ("2024-03-01T12:00:00Z", "2024-03-02T12:00:00Z");
    let gone = {
        let world = open(before);
        account(&world, "a", "california", "usa");
        account(&world, "b", "", "");
        let fields: [(&str, Value); 3] = [("Name", "c".into()), ("BillingState", "ohio".into()), ("BillingCountry", "usa".into())];
        let gone = world.insert("Account", &fields).unwrap().id;
        let contact: [(&str, Value); 3] = [("LastName", "l".into()), ("MailingState", "tx".into()), ("MailingCountry", "us".into())];
        let contact = world.insert("Contact", &contact).unwrap().id;
        let campaign = world.insert("Campaign", &[("Name", "c".into())]).unwrap().id;
        world.insert("CampaignMember", &[("CampaignId", Value::Id(campaign)), ("ContactId", Value::Id(contact))]).unwrap();
        let delete = Incoming { id: Some(gone), ..Incoming::default() };
        save_one(&world.admin(), &world.object("Account"), Op::Delete, delete, None).unwrap();
        gone
    };
    let world = open(after);
    assert_eq!(world.rows("SELECT State, Country FROM CampaignMember"), [["tx", "us"]]);
    world.server.change_org_settings("default", &flag(true)).unwrap();
    let stamped = |object: &str| {
        let rows = world.rows(&format!("SELECT SystemModstamp FROM {object} ORDER BY Id"));
        rows.into_iter().map(|row| row[0][..10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(world.rows("SELECT State, Country FROM CampaignMember"), [["Texas", "United States"]]);
    assert_eq!(world.rows(ADDRESSES)[0], ["California", "CA", "United States", "US"]);
    assert_eq!(
        (stamped("Account"), stamped("CampaignMember")),
        (vec!["2024-03-02".into(), "2024-03-01".into()], vec!["2024-03-02".into()])
    );
    // When a row was deleted stays.
    let account = world.object("Account");
    let (start, end) = (DateTime::parse("2024-03-01T00:00:00Z").unwrap(), DateTime::parse("2024-03-02T00:00:00Z").unwrap());
    let deleted = replication::deleted(&world.admin(), &account, start, end).unwrap();
    assert_eq!(deleted.records.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [gone]);
}
