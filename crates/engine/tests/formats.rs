//! Data directories of other releases, and files that are none of ours.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use orglet_base::Statement;
use orglet_engine::orgs::NewOrg;
use orglet_engine::{OrgOptions, Server, Setting, SettingValue, dev, sites};
use orglet_store::Store;
use orglet_store::sqlite::{Durability, Sqlite};
use std::path::{Path, PathBuf};
use world::Folder;

fn open(folder: &Folder) -> Result<Server, String> {
    let options = OrgOptions { data: Some(folder.path().to_owned()), ..OrgOptions::default() };
    Server::open(options).map_err(|e| e.to_string())
}

fn run(file: &Path, statements: &[&str]) {
    let store = Sqlite::open(file, Durability::Full).unwrap();
    store.define(&statements.iter().map(|sql| Statement::new(*sql, Vec::new())).collect::<Vec<_>>()).unwrap();
}

fn files(folder: &Folder) -> [PathBuf; 2] {
    [folder.path().join("server.db"), folder.path().join("orgs/default.db")]
}

#[test]
fn a_directory_without_a_format_is_migrated() {
    let folder = Folder::new("format-0");
    let session = {
        let server = open(&folder).unwrap();
        server.login(dev::USERNAME, dev::PASSWORD).unwrap_or_else(|e| panic!("{e:?}")).identity.token.to_string()
    };
    let [own, org] = files(&folder);
    run(
        &own,
        &["_meta", "_counters", "_orgs", "_snapshots", "_usernames"].map(|t| format!("DROP TABLE \"{t}\"")).each_ref().map(String::as_str),
    );
    run(&org, &["DELETE FROM \"_meta\" WHERE name = 'format'", "DROP TABLE \"_views\""]);
    let server = open(&folder).unwrap();
    assert!(server.authenticate(&session).unwrap().is_some());
    assert!(server.login(dev::USERNAME, dev::PASSWORD).is_ok());
    assert_eq!(server.list_orgs("").unwrap().len(), 1);
    server.create_org(&NewOrg::default()).unwrap();
    drop(server);
    assert_eq!(open(&folder).unwrap().list_orgs("").unwrap().len(), 2);
}

#[test]
fn what_a_later_format_brings_is_there_for_orgs_of_an_earlier_one() {
    let folder = Folder::new("format-6");
    drop(open(&folder).unwrap());
    let [_, org] = files(&folder);
    run(&org, &["UPDATE \"_meta\" SET value = '6' WHERE name = 'format'", "DROP TABLE \"_sites\""]);
    let server = open(&folder).unwrap();
    // A switch asks what stands against switching others off.
    let on = Some(SettingValue::Flag(true));
    server.change_org_settings("default", &[(Setting::StateCountryPicklists, on)]).unwrap_or_else(|e| panic!("{e:?}"));
    server.change_org_settings("default", &[(Setting::DigitalExperiences, on)]).unwrap_or_else(|e| panic!("{e:?}"));
    assert!(sites::all(&server.admin().unwrap()).unwrap().is_empty());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    for n in 0..2 {
        let folder = Folder::new(&format!("newer-{n}"));
        drop(open(&folder).unwrap());
        let file = &files(&folder)[n];
        run(file, &["UPDATE \"_meta\" SET value = '9' WHERE name = 'format'"]);
        let before = std::fs::read(file).unwrap();
        let text = open(&folder).map(|_| ()).unwrap_err();
        assert!(text.contains("newer orglet (format 9"), "{text}");
        assert!(std::fs::read(file).unwrap() == before);
    }
}

#[test]
fn files_that_are_not_ours_are_named_and_left_alone() {
    for (n, content) in [
        (0, b"not a database, but longer than a header of one would be, which has a hundred bytes; so it goes on for a while".to_vec()),
        (1, vec![7; 5000]),
    ] {
        let folder = Folder::new(&format!("foreign-{n}"));
        drop(open(&folder).unwrap());
        let file = &files(&folder)[n];
        std::fs::write(file, &content).unwrap();
        let text = open(&folder).map(|_| ()).unwrap_err();
        assert!(text.contains("not an orglet database") && text.contains(&file.display().to_string()), "{text}");
        assert!(std::fs::read(file).unwrap() == content);
    }
}

#[test]
fn a_broken_org_harms_no_other() {
    let folder = Folder::new("broken");
    let access = open(&folder).unwrap().create_org(&NewOrg { name: Some("a".into()), ..NewOrg::default() }).unwrap();
    let file = folder.path().join("orgs/org_2.db");
    std::fs::write(&file, vec![7; 5000]).unwrap();
    let server = open(&folder).unwrap();
    assert!(server.authenticate(&access.facts.access_token).is_err());
    assert!(server.login(dev::USERNAME, dev::PASSWORD).is_ok());
    assert_eq!(server.list_orgs("").unwrap().len(), 2);
    server.delete_org("a").unwrap();
    assert!(!file.exists());
}
