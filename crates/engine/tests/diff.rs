//! Comparing an org with a snapshot.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::{Id, OwnedCell, Value};
use orglet_engine::metadata::{self, Edit};
use orglet_engine::orgs::{AdminError, Change, Diff, DiffRequest, NewOrg};
use orglet_engine::save::{self, Op};
use orglet_engine::{Identity, OrgOptions, Server};
use world::{incoming, object, text_field};

struct Scene {
    server: Server,
    identity: Identity,
}

/// An org `a`, made from a snapshot that has three accounts and a field.
fn scene() -> Scene {
    let server = Server::open(OrgOptions { id_seed: Some(1), ..OrgOptions::default() }).unwrap();
    let made = server.create_org(&NewOrg { name: Some("base".into()), ..NewOrg::default() }).unwrap();
    let base = server.authenticate(&made.facts.access_token).unwrap().unwrap();
    metadata::apply(&base, vec![text_field("Account", "Old__c"), object("Thing__c")]).unwrap();
    for name in ["one", "two", "three"] {
        save(&base, "Account", None, &[("Name", name.into()), ("Old__c", "o".into())]);
    }
    server.snapshot_org("base", Some("t")).unwrap();
    let made = server.create_org(&NewOrg { name: Some("a".into()), template: Some("t".into()), ..NewOrg::default() }).unwrap();
    let identity = server.authenticate(&made.facts.access_token).unwrap().unwrap();
    Scene { server, identity }
}

fn save(identity: &Identity, name: &str, id: Option<Id>, fields: &[(&str, Value)]) -> Id {
    let object = identity.org.catalog().object(name).unwrap().clone();
    let record = save::Incoming { id, ..incoming(&object, fields) };
    save::save_one(identity, &object, if id.is_some() { Op::Update } else { Op::Insert }, record, None).unwrap().id
}

fn request() -> DiffRequest {
    DiffRequest { org: "a".into(), since: None, until: None, objects: vec![], system_fields: false, after: None, limit: None }
}

impl Scene {
    fn accounts(&self) -> Vec<Id> {
        let store = &self.identity.org;
        let sql = orglet_base::Statement::new("SELECT \"Id\" FROM \"Account\" ORDER BY \"Id\"", vec![]);
        let rows = store.read(|tx| Ok(tx.all(&sql)?)).unwrap();
        let id = |cell: &OwnedCell| match cell {
            OwnedCell::Text(t) => Id::parse(t).unwrap(),
            other => panic!("{other:?}"),
        };
        rows.iter().map(|row| id(&row[0])).collect()
    }

    fn delete(&self, id: Id) {
        let object = self.identity.org.catalog().object("Account").unwrap().clone();
        let record = save::Incoming { id: Some(id), ..Default::default() };
        save::save_one(&self.identity, &object, Op::Delete, record, None).unwrap();
    }

    fn diff(&self, request: &DiffRequest) -> Diff {
        self.server.diff(request).unwrap()
    }
}

fn shown(diff: &Diff) -> Vec<String> {
    let line = |r: &orglet_engine::orgs::RecordChange| {
        let fields: Vec<String> = r.fields.iter().map(|f| f.name.clone()).collect();
        format!("{} {} {}", r.change.as_str(), r.object, fields.join(","))
    };
    diff.records.iter().map(line).collect()
}

fn refusal(result: Result<Diff, AdminError>) -> String {
    match result.unwrap_err() {
        AdminError::Failure(failure) => panic!("{failure}"),
        refused => refused.to_string(),
    }
}

#[test]
fn nothing_done_is_no_difference() {
    let scene = scene();
    let diff = scene.diff(&DiffRequest { system_fields: true, ..request() });
    assert_eq!((shown(&diff), diff.metadata.len(), diff.next, diff.since.as_str()), (vec![], 0, None, "t"));
    scene.server.reset_org("a").unwrap();
    assert!(scene.diff(&request()).records.is_empty());
}

#[test]
fn records_that_came_changed_and_went_are_told_with_their_values() {
    let scene = scene();
    let ids = scene.accounts();
    save(&scene.identity, "Account", Some(ids[0]), &[("Name", "uno".into()), ("Phone", "1".into())]);
    scene.delete(ids[1]);
    let new = save(&scene.identity, "Account", None, &[("Name", "four".into())]);
    let gone = save(&scene.identity, "Account", None, &[("Name", "five".into())]);
    scene.delete(gone);
    let diff = scene.diff(&DiffRequest { objects: vec!["account".into()], ..request() });
    assert_eq!(shown(&diff)[..2], ["changed Account Name,Phone", "deleted Account IsCustomerPortal,IsPartner,Name,Old__c,OwnerId"]);
    let added = &diff.records[2];
    assert_eq!((added.id.clone(), added.change, diff.records.len()), (new.to_string(), Change::Added, 3));
    let name = &diff.records[0].fields[0];
    assert_eq!((&name.old, &name.new), (&OwnedCell::Text("one".into()), &OwnedCell::Text("uno".into())));
    assert!(added.fields.iter().all(|f| f.old == OwnedCell::Null && f.new != OwnedCell::Null));
    let whole = scene.diff(&DiffRequest { objects: vec!["Account".into()], system_fields: true, ..request() });
    assert!(shown(&whole).last().unwrap().contains("SystemModstamp"));
}

#[test]
fn metadata_is_told_with_its_definitions() {
    let scene = scene();
    let ids: Vec<Id> = metadata::apply(&scene.identity, vec![text_field("Account", "New__c")]).unwrap();
    save(&scene.identity, "Account", Some(scene.accounts()[0]), &[("New__c", "n".into())]);
    let old = scene.server.diff(&request()).unwrap();
    assert_eq!(old.metadata.iter().map(|m| (m.full_name.as_str(), m.change)).collect::<Vec<_>>(), [("Account.New__c", Change::Added)]);
    assert_eq!(shown(&old), ["changed Account New__c"]);
    metadata::apply(&scene.identity, vec![Edit::Remove(ids[0]), text_field("Thing__c", "T__c")]).unwrap();
    save(&scene.identity, "Thing__c", None, &[("Name", "x".into())]);
    let diff = scene.diff(&request());
    assert_eq!(diff.metadata[0].full_name, "Thing__c.T__c");
    assert_eq!(diff.metadata[0].new.as_ref().unwrap()["type"], "Text");
    assert!(shown(&diff)[0].starts_with("added Thing__c"), "{:?}", shown(&diff));
}

#[test]
fn pages_have_all_changes_once() {
    let scene = scene();
    for n in 0..25 {
        save(&scene.identity, "Account", None, &[("Name", format!("n{n}").as_str().into())]);
        save(&scene.identity, "Contact", None, &[("LastName", format!("n{n}").as_str().into())]);
    }
    let whole = scene.diff(&request());
    assert_eq!(whole.records.len(), 50);
    for limit in [1, 7, 25, 50] {
        let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = scene.diff(&DiffRequest { limit: Some(limit), after: after.clone(), ..request() });
            assert!(page.records.len() <= limit);
            all.extend(page.records);
            pages += 1;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, whole.records, "{limit}");
        assert!(pages >= 50 / limit);
    }
}

#[test]
fn two_snapshots_of_an_org_are_compared() {
    let scene = scene();
    save(&scene.identity, "Account", None, &[("Name", "four".into())]);
    scene.server.snapshot_org("a", Some("later")).unwrap();
    save(&scene.identity, "Account", None, &[("Name", "five".into())]);
    let until = |since: Option<&str>| DiffRequest { since: since.map(Into::into), until: Some("later".into()), ..request() };
    assert_eq!(scene.diff(&until(None)).records.len(), 1);
    assert_eq!(scene.diff(&DiffRequest { since: Some("later".into()), ..request() }).records.len(), 1);
    assert!(refusal(scene.server.diff(&until(Some("later")))).contains("another"));
    assert!(
        refusal(scene.server.diff(&DiffRequest { since: Some("later".into()), until: Some("t".into()), ..request() })).contains("not of")
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let scene = scene();
    let with = |request: DiffRequest| refusal(scene.server.diff(&request));
    assert!(with(DiffRequest { org: "none".into(), ..request() }).contains("no org"));
    assert!(with(DiffRequest { since: Some("none".into()), ..request() }).contains("no snapshot"));
    assert!(with(DiffRequest { objects: vec!["None__c".into()], ..request() }).contains("None__c"));
    assert!(with(DiffRequest { after: Some("x".into()), ..request() }).contains("no place"));
    assert!(with(DiffRequest { org: "default".into(), ..request() }).contains("say which"));
}

#[test]
fn a_page_ends_though_nothing_differs() {
    let scene = scene();
    for n in 0..250 {
        save(&scene.identity, "Account", None, &[("Name", format!("a{n:03}").as_str().into())]);
    }
    scene.server.snapshot_org("a", Some("full")).unwrap();
    let (mut pages, mut after) = (0, None);
    loop {
        let asked = DiffRequest { since: Some("full".into()), limit: Some(1), after, system_fields: true, ..request() };
        let page = scene.server.diff(&asked).unwrap();
        assert!(page.records.is_empty(), "{:?}", page.records);
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 1);
}
