//! Codes of states and countries, in orgs that move and in orgs that two servers serve.

use super::{Client, Folder, in_folder, on, query, sampled};
use orglet_engine::{Setting, SettingValue};
use orglet_testkit::fixtures::{create, send_json};
use orglet_testkit::postgres::Database;
use serde_json::json;

const ADDRESSES: &str = "SELECT Name, BillingState, BillingStateCode, BillingCountry, BillingCountryCode FROM Account ORDER BY Name, Id";

fn flag(on: bool) -> [(Setting, Option<SettingValue>); 1] {
    [(Setting::StateCountryPicklists, Some(SettingValue::Flag(on)))]
}

#[test]
fn an_org_with_codes_moves_with_them() {
    let (folder, database) = (Folder::new("places"), Database::new().unwrap());
    let (engine, server) = in_folder(&folder.0);
    let org = sampled(&engine, &server, "a");
    engine.change_org_settings("a", &flag(true)).unwrap();
    create(&org, "Account", &json!({"Name": "Coded", "BillingStateCode": "CA", "BillingCountryCode": "US"})).unwrap();
    let addresses = query(&org, ADDRESSES);
    let coded = addresses.as_array().unwrap().iter().filter(|a| a["BillingCountryCode"].is_string()).count();
    assert!(coded > addresses.as_array().unwrap().len() / 2, "{addresses}");
    engine.add_database("pg1", &database.address()).unwrap();
    engine.move_org("a", "pg1").unwrap();
    assert_eq!(query(&org, ADDRESSES), addresses);
    engine.change_org_settings("a", &flag(false)).unwrap();
    engine.change_org_settings("a", &flag(true)).unwrap();
    assert_eq!(query(&org, ADDRESSES), addresses);
    engine.move_org("a", "home").unwrap();
    assert_eq!(query(&org, ADDRESSES), addresses);
}

#[test]
fn a_server_follows_what_another_switches() {
    let database = Database::new().unwrap();
    let ((one, server), (other, second)) = (on(&database), on(&database));
    let (a, b) = (Client(server, one.facts().unwrap()), Client(second, other.facts().unwrap()));
    let free = json!({"Name": "Free", "BillingState": "Texas", "BillingCountry": "United States"});
    create(&a, "Account", &free).unwrap();
    create(&b, "Account", &free).unwrap();
    one.change_org_settings("default", &flag(true)).unwrap();
    assert_eq!(query(&b, ADDRESSES)[1]["BillingStateCode"], "TX");
    let refused = create(&b, "Account", &json!({"Name": "x", "BillingCountry": "Texas"})).unwrap_err();
    assert!(refused.contains("problem with this country"), "{refused}");
    create(&b, "Account", &json!({"Name": "Y", "BillingCountryCode": "AT"})).unwrap();
    other.change_org_settings("default", &flag(false)).unwrap();
    assert_eq!(query(&a, "SELECT BillingCountry FROM Account WHERE Name = 'Y'")[0]["BillingCountry"], "Austria");
    let (status, _) = send_json(&a, "GET", "query?q=SELECT+BillingCountryCode+FROM+Account", None);
    assert_eq!(status, 400);
    create(&a, "Account", &json!({"Name": "x", "BillingCountry": "Texas"})).unwrap();
}
