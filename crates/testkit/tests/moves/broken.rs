//! Moves on connections that break: the org is whole, in the one place or in the other, and goes on.

use super::*;
use orglet_testkit::postgres::{Cut, Cutter, server};

/// Commits of one move on one side, with room: a move that has more of them never comes to its end here.
const MOST_COMMITS: usize = 100;

/// An org in a folder, and a database that is reached through a cutter.
struct Broken {
    _folder: Folder,
    _database: Database,
    engine: Engine,
    org: Client,
    cutter: Cutter,
    made: usize,
}

impl Broken {
    fn new(name: &str) -> Self {
        let (folder, database, port) = (Folder::new(name), Database::new().unwrap(), server().unwrap().port());
        let cutter = Cutter::new(port).unwrap();
        let (engine, server) = in_folder(&folder.0);
        engine.add_database("pg1", &cutter.address(&database.address(), port)).unwrap();
        let org = sampled(&engine, &server, "a");
        fill(&org);
        Self { _folder: folder, _database: database, engine, org, cutter, made: 0 }
    }

    /// Moves the org with each of its commits in the database cut in turn, and looks at it after each. Where it is then
    /// is one place or the other, and `back` takes it to where it was.
    fn each_commit_cut(&mut self, to: &str, back: &str) {
        for cut in [Cut::Before, Cut::After] {
            for passing in 0.. {
                assert!(passing < MOST_COMMITS);
                let things = query(&self.org, THINGS);
                self.cutter.arm(cut, passing);
                let moved = self.engine.move_org("a", to);
                let fired = self.cutter.disarm();
                let at = self.engine.show_org("a").unwrap().database.unwrap_or_else(|| "home".to_owned());
                // What is said of it is true.
                assert_eq!(at, if moved.is_ok() { to } else { back }, "{cut:?} {passing}: {moved:?}");
                assert_eq!(query(&self.org, THINGS), things, "{cut:?} {passing}");
                create(&self.org, "Thing__c", &json!({"Text__c": format!("made {}", self.made)})).unwrap();
                self.made += 1;
                assert_eq!(self.engine.list_orgs("").unwrap().len(), 2);
                if moved.is_ok() {
                    self.engine.move_org("a", back).unwrap();
                }
                if !fired {
                    assert!(moved.is_ok() && passing > 0, "{cut:?} {passing}: {moved:?}");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_target_whose_connection_breaks_takes_nothing() {
    let mut broken = Broken::new("target");
    broken.each_commit_cut("pg1", "home");
    broken.engine.move_org("a", "pg1").unwrap();
    assert_eq!(query(&broken.org, "SELECT count(Id) n FROM Thing__c")[0]["n"], json!(4 + broken.made));
}

#[test]
fn a_source_whose_connection_breaks_loses_nothing() {
    let mut broken = Broken::new("source");
    broken.engine.move_org("a", "pg1").unwrap();
    broken.each_commit_cut("home", "pg1");
    broken.engine.move_org("a", "home").unwrap();
    assert_eq!(query(&broken.org, "SELECT count(Id) n FROM Thing__c")[0]["n"], json!(4 + broken.made));
}
