//! Settings of orgs, and the storage that they bound.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::{ErrorCode, Id, Value};
use orglet_engine::orgs::{AdminError, NewOrg};
use orglet_engine::save::{self, Assign, Change, Incoming, Op};
use orglet_engine::storage::MEGABYTE;
use orglet_engine::{Failure, OrgOptions, Server, Setting, SettingValue};
use world::{Folder, World};

const REQUESTS: Setting = Setting::DailyApiRequests;

fn number(n: i64) -> Option<SettingValue> {
    Some(SettingValue::Number(n))
}

fn requests(server: &Server, org: &str) -> Option<SettingValue> {
    server.org_settings(org).unwrap().into_iter().find(|(setting, _)| *setting == REQUESTS).unwrap().1
}

#[test]
fn settings_go_where_the_content_of_an_org_goes() {
    let folder = Folder::new("settings");
    let open = || Server::open(OrgOptions { data: Some(folder.path().to_owned()), ..OrgOptions::default() }).unwrap();
    let server = open();
    let named = |name: &str| NewOrg { name: Some(name.into()), ..NewOrg::default() };
    let set = vec![(REQUESTS, number(5)), (Setting::SetAuditFields, Some(SettingValue::Flag(true)))];
    server.create_org(&NewOrg { settings: set, ..named("a") }).unwrap();
    assert_eq!((requests(&server, "a"), requests(&server, "default")), (number(5), None));
    server.change_org_settings("a", &[(REQUESTS, number(6))]).unwrap();
    server.snapshot_org("a", Some("s")).unwrap();
    server.create_org(&NewOrg { clone_of: Some("a".into()), ..named("b") }).unwrap();
    server.create_org(&NewOrg { template: Some("s".into()), settings: vec![(REQUESTS, None)], ..named("c") }).unwrap();
    assert_eq!((requests(&server, "b"), requests(&server, "c")), (number(6), None));
    server.change_org_settings("a", &[(REQUESTS, number(7))]).unwrap();
    server.restore_org("a", "s").unwrap();
    assert_eq!(requests(&server, "a"), number(6));
    server.reset_org("a").unwrap();
    assert_eq!(requests(&server, "a"), number(5));
    drop(server);
    let server = open();
    assert_eq!((requests(&server, "a"), requests(&server, "b")), (number(5), number(6)));
    server.change_org_settings("default", &[(REQUESTS, number(1)), (REQUESTS, None)]).unwrap();
    assert_eq!(requests(&server, "default"), None);
}

#[test]
fn a_change_with_a_wrong_value_changes_nothing() {
    let world = World::in_memory();
    let refused = |changes: &[_]| assert!(matches!(world.server.change_org_settings("default", changes), Err(AdminError::Invalid(_))));
    refused(&[(REQUESTS, number(5)), (Setting::LongRequestSeconds, number(1000))]);
    assert_eq!(requests(&world.server, "default"), None);
    assert!(matches!(world.server.change_org_settings("nowhere", &[]), Err(AdminError::NotFound(_))));
    let new = NewOrg { settings: vec![(REQUESTS, number(-1))], ..NewOrg::default() };
    assert!(matches!(world.server.create_org(&new), Err(AdminError::Invalid(_))));
    assert_eq!(world.server.list_orgs("").unwrap().len(), 1);
}

/// Inserts so many records, each for itself; answers how many were kept, and how the others were refused.
fn insert(world: &World, object: &str, fields: &[(&str, Value)], count: usize) -> (usize, Vec<Failure>) {
    let object = world.object(object);
    let record = Incoming {
        fields: fields.iter().map(|(name, value)| (object.field_index(name).unwrap(), Assign::Value(value.clone()))).collect(),
        ..Incoming::default()
    };
    let change = Change { object, op: Op::Insert, records: vec![record; count], all_or_none: false, system: false, guard: None };
    let (kept, refused): (Vec<_>, Vec<_>) = save::save(&world.admin(), &change).unwrap().into_iter().partition(Result::is_ok);
    (kept.len(), refused.into_iter().filter_map(Result::err).collect())
}

#[test]
fn records_take_storage_until_there_is_none() {
    let world = World::in_memory();
    let org = world.server.default_org();
    let data = || org.storage_figures().unwrap().0;
    assert_eq!((data().used, data().max, data().remaining()), (0, 5, 5));
    let name = [("Name", Value::from("a"))];
    // Nothing is refused where no limit is chosen.
    assert_eq!(insert(&world, "Account", &name, 3000).0, 3000);
    assert_eq!((data().used, data().remaining()), (3000 * 2048, 0));
    org.change_settings(&[(Setting::DataStorageMb, number(6))]).unwrap();
    assert_eq!(insert(&world, "Campaign", &name, 1).0, 1);
    let (kept, refused) = insert(&world, "Account", &name, 200);
    assert_eq!((kept, refused.len()), (68, 132));
    let code = |failure: &Failure| match failure {
        Failure::Api(e) => Some(e.code()),
        _ => None,
    };
    assert!(refused.iter().all(|failure| code(failure) == Some(ErrorCode::StorageLimitExceeded)));
    assert_eq!(data().used, 6 * MEGABYTE);
    assert_eq!(insert(&world, "Product2", &name, 1).0, 1);
    // What is deleted makes room, with all that goes with it.
    let row = |soql: &str| Id::parse(world.query(soql).unwrap().set.rows.cell(0, 0).text().unwrap()).unwrap();
    let account = world.object("Account");
    let id = row("SELECT Id FROM Account LIMIT 1");
    save::save_one(&world.admin(), &account, Op::Delete, Incoming { id: Some(id), ..Incoming::default() }, None).unwrap();
    assert_eq!((insert(&world, "Contact", &[("LastName", "b".into())], 2).0, data().used), (1, 6 * MEGABYTE));
    // A batch that fails adds nothing.
    let object = world.object("Contact");
    let change = Change { object, op: Op::Insert, records: vec![Incoming::default()], all_or_none: true, system: false, guard: None };
    assert!(save::save(&world.admin(), &change).unwrap()[0].is_err());
    assert_eq!(data().used, 6 * MEGABYTE);
    let id = row("SELECT Id FROM Campaign LIMIT 1");
    save::save_one(&world.admin(), &world.object("Campaign"), Op::Delete, Incoming { id: Some(id), ..Incoming::default() }, None).unwrap();
    assert_eq!(data().used, 6 * MEGABYTE - 8192);
}

#[test]
fn files_take_their_bytes() {
    let world = World::in_memory();
    let org = world.server.default_org();
    let files = || org.storage_figures().unwrap().1;
    let account = world.insert("Account", &[("Name", "a".into())]).unwrap().id;
    let attach = |bytes: usize| {
        let body = Value::Blob(vec![7; bytes]);
        world.insert("Attachment", &[("Name", "a".into()), ("ParentId", Value::Id(account)), ("Body", body)])
    };
    attach(1000).unwrap();
    assert_eq!((files().used, files().remaining()), (1000, 20));
    org.change_settings(&[(Setting::FileStorageMb, number(1))]).unwrap();
    let kept = attach(1 << 20).is_ok();
    assert!(!kept && files().used == 1000);
    let id = attach((1 << 20) - 1000).unwrap().id;
    assert_eq!((files().used, files().remaining()), (MEGABYTE, 0));
    save::save_one(&world.admin(), &world.object("Attachment"), Op::Delete, Incoming { id: Some(id), ..Incoming::default() }, None)
        .unwrap();
    assert_eq!(files().used, 1000);
    // The account takes what belongs to it along.
    save::save_one(&world.admin(), &world.object("Account"), Op::Delete, Incoming { id: Some(account), ..Incoming::default() }, None)
        .unwrap();
    assert_eq!((files().used, org.storage_figures().unwrap().0.used), (0, 0));
}

#[test]
fn storage_is_counted_anew_when_the_content_is_replaced() {
    let folder = Folder::new("storage");
    let world = World::on_disk(&folder);
    let used = || world.server.default_org().storage_figures().unwrap().0.used;
    insert(&world, "Lead", &[("LastName", "a".into()), ("Company", "b".into())], 3);
    assert_eq!(used(), 3 * 2048);
    world.server.reset_org("default").unwrap();
    assert_eq!(used(), 0);
    insert(&world, "Lead", &[("LastName", "a".into()), ("Company", "b".into())], 2);
    assert_eq!(used(), 2 * 2048);
    drop(world);
    let world = World::on_disk(&folder);
    assert_eq!(world.server.default_org().storage_figures().unwrap().0.used, 2 * 2048);
}
