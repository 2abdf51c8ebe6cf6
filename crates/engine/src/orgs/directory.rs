//! The orgs and snapshots of a server, as its own database lists them.

use super::places::new_storage;
use crate::ids::{Counters, bump};
use crate::system::{own, text};
use crate::{Failure, Org, ids};
use orglet_base::{DateTime, Id, OwnedCell, Param, Statement};
use orglet_store::{Store, StoreError};
use std::sync::Arc;

/// Name and storage name of the org that a client reaches who names none.
pub(crate) const DEFAULT: &str = "default";

/// An org of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) storage: String,
    /// The snapshot that it was made from, by its number; 0 for none.
    pub(crate) origin: u64,
    /// What the login names of other contents get behind them here.
    pub(crate) suffix: String,
    /// The administrator's login name, where one was chosen.
    pub(crate) admin: String,
    pub(crate) created: String,
    pub(crate) state: String,
}

/// A snapshot of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) number: u64,
    /// What people call it; one that begins with `~` is the server's own.
    pub(crate) name: String,
    /// The org that it was taken of; `None` for the server's own.
    pub(crate) org: Option<Id>,
    pub(crate) storage: String,
    pub(crate) created: String,
    pub(crate) state: String,
}

/// An org on its way from one storage to another.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) org: Id,
    pub(crate) source: String,
    pub(crate) target: String,
}

/// `state` of what can be used.
pub(crate) const LIVE: &str = "live";
/// `state` of what is being made: a start that finds it takes it away.
pub(crate) const MAKING: &str = "making";
/// `state` of what is being taken away.
pub(crate) const LEAVING: &str = "leaving";

const ORG_COLUMNS: &str = "SELECT id, name, storage, origin, suffix, admin, created, state FROM \"_orgs\"";
const SNAPSHOT_COLUMNS: &str = "SELECT number, name, org, storage, created, state FROM \"_snapshots\"";

fn insert_org(entry: &Entry) -> Statement {
    own(
        "INSERT INTO \"_orgs\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        vec![
            entry.id.to_string().into(),
            entry.name.as_str().into(),
            entry.storage.as_str().into(),
            number(entry.origin),
            entry.suffix.as_str().into(),
            entry.admin.as_str().into(),
            entry.created.as_str().into(),
            entry.state.as_str().into(),
        ],
    )
}

fn number(n: u64) -> Param {
    Param::from(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The directory.
pub(crate) struct Directory {
    own: Arc<dyn Store>,
}

impl Directory {
    pub(crate) fn new(own: Arc<dyn Store>) -> Self {
        Self { own }
    }

    /// The next org's number.
    pub(crate) fn next_org(&self) -> Result<u64, Failure> {
        // The first is the default org's.
        self.own.transact_with(|tx| bump(tx, Counters::Named, "orgs", 2, 1))
    }

    /// The default org, which is put in where it is missing.
    pub(crate) fn default_org(&self, now: DateTime) -> Result<Entry, Failure> {
        if let Some(entry) = self.by_name(DEFAULT)? {
            return Ok(entry);
        }
        let entry = Entry {
            id: ids::seeded("00D", 1),
            name: DEFAULT.into(),
            storage: DEFAULT.into(),
            origin: 0,
            suffix: String::new(),
            admin: String::new(),
            created: now.to_canonical(),
            state: LIVE.into(),
        };
        self.add(&entry)?;
        Ok(entry)
    }

    /// Puts an org in.
    pub(crate) fn add(&self, entry: &Entry) -> Result<(), Failure> {
        self.change(&[insert_org(entry)])
    }

    /// An org that can be used, by its id.
    pub(crate) fn by_id(&self, id: Id) -> Result<Option<Entry>, Failure> {
        self.one_org(" WHERE id = ?1 AND state = 'live'", vec![id.to_string().into()])
    }

    /// An org that can be used, by its name.
    pub(crate) fn by_name(&self, name: &str) -> Result<Option<Entry>, Failure> {
        self.one_org(" WHERE name = ?1 AND state = 'live'", vec![name.into()])
    }

    /// Orgs in the order of their names, those after one, at most `limit`.
    pub(crate) fn page(&self, after: &str, limit: usize) -> Result<Vec<Entry>, Failure> {
        let sql = format!("{ORG_COLUMNS} WHERE name > ?1 AND state = 'live' ORDER BY name LIMIT ?2");
        let params = vec![after.into(), number(limit as u64)];
        self.orgs(Statement::new(sql, params))
    }

    /// What was being made or taken away when a server ended.
    pub(crate) fn unfinished(&self) -> Result<(Vec<Entry>, Vec<Kept>), Failure> {
        let orgs = self.orgs(Statement::new(format!("{ORG_COLUMNS} WHERE state <> 'live'"), vec![]))?;
        Ok((orgs, self.snapshots(Statement::new(format!("{SNAPSHOT_COLUMNS} WHERE state <> 'live'"), vec![]))?))
    }

    /// Snapshots of the server's own that no org goes back to.
    pub(crate) fn unused(&self) -> Result<Vec<Kept>, Failure> {
        let rest = "WHERE name >= '~' AND number NOT IN (SELECT origin FROM \"_orgs\")";
        self.snapshots(Statement::new(format!("{SNAPSHOT_COLUMNS} {rest}"), vec![]))
    }

    /// Whether an org of this name is there, in whatever state.
    pub(crate) fn is_taken(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.one_org(" WHERE name = ?1", vec![name.into()])?.is_some())
    }

    /// Sets an org's state.
    pub(crate) fn set_state(&self, id: Id, state: &'static str) -> Result<(), Failure> {
        self.change(&[own("UPDATE \"_orgs\" SET state = ?2 WHERE id = ?1", vec![id.to_string().into(), state.into()])])
    }

    /// Sets what an org goes back to.
    pub(crate) fn set_origin(&self, id: Id, origin: u64) -> Result<(), Failure> {
        self.change(&[own("UPDATE \"_orgs\" SET origin = ?2 WHERE id = ?1", vec![id.to_string().into(), number(origin)])])
    }

    /// Notes the login name that was chosen for an org's administrator.
    pub(crate) fn set_admin(&self, id: Id, admin: &str) -> Result<(), Failure> {
        self.change(&[own("UPDATE \"_orgs\" SET admin = ?2 WHERE id = ?1", vec![id.to_string().into(), admin.into()])])
    }

    /// Begins to take an org away: its sessions, passwords, cursors and login names go with this.
    pub(crate) fn leave(&self, id: Id) -> Result<(), Failure> {
        let mut statements = cursors_of(id);
        for sql in [
            "DELETE FROM \"_sessions\" WHERE org = ?1",
            "DELETE FROM \"_credentials\" WHERE org = ?1",
            "DELETE FROM \"_passwords\" WHERE org = ?1",
            "DELETE FROM \"_usernames\" WHERE org = ?1",
            "DELETE FROM \"_origins\" WHERE org = ?1",
            "UPDATE \"_orgs\" SET state = 'leaving' WHERE id = ?1",
        ] {
            statements.push(own(sql, vec![id.to_string().into()]));
        }
        self.change(&statements)
    }

    /// Notes that an org is being moved: what is at `target` is nobody's until [`Directory::moved`].
    pub(crate) fn begin_move(&self, line: &Move) -> Result<(), Failure> {
        let params = vec![line.org.to_string().into(), line.source.as_str().into(), line.target.as_str().into()];
        self.change(&[own("INSERT INTO \"_moves\" VALUES (?1, ?2, ?3)", params)])
    }

    /// Makes a move the truth: its source is gone, and its target holds the org. Does nothing where another server did so.
    pub(crate) fn moved(&self, line: &Move) -> Result<(), Failure> {
        let params = || vec![line.org.to_string().into(), line.source.as_str().into(), line.target.as_str().into()];
        self.change(&[
            own("UPDATE \"_orgs\" SET storage = ?3 WHERE id = ?1 AND storage = ?2", params()),
            own("DELETE FROM \"_moves\" WHERE org = ?1 AND source = ?2 AND target = ?3", params()),
        ])
    }

    /// Forgets a move that came to nothing.
    pub(crate) fn drop_move(&self, line: &Move) -> Result<(), Failure> {
        self.change(&[own("DELETE FROM \"_moves\" WHERE org = ?1", vec![line.org.to_string().into()])])
    }

    /// Moves that did not come to their end: an org's, or all.
    pub(crate) fn moves(&self, org: Option<Id>) -> Result<Vec<Move>, Failure> {
        let org = org.map_or_else(String::new, |id| id.to_string());
        let found = own("SELECT org, source, target FROM \"_moves\" WHERE ?1 = '' OR org = ?1", vec![org.into()]);
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&found)?))?;
        let line = |row: &Vec<OwnedCell>| {
            Some(Move { org: Id::parse(text(row.first()?)).ok()?, source: text(row.get(1)?).into(), target: text(row.get(2)?).into() })
        };
        Ok(rows.iter().filter_map(line).collect())
    }

    /// The databases that orgs can be moved to: names and addresses, in the order of names.
    pub(crate) fn databases(&self) -> Result<Vec<(String, String)>, Failure> {
        let rows =
            self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&own("SELECT name, address FROM \"_databases\" ORDER BY name", vec![]))?))?;
        Ok(rows.iter().map(|row| (text(&row[0]).to_owned(), text(&row[1]).to_owned())).collect())
    }

    /// Adds a database, or gives the one of this name another address.
    pub(crate) fn set_database(&self, name: &str, address: &str) -> Result<(), Failure> {
        let sql = "INSERT INTO \"_databases\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET address = ?2";
        self.change(&[own(sql, vec![name.into(), address.into()])])
    }

    /// Forgets a database.
    pub(crate) fn drop_database(&self, name: &str) -> Result<(), Failure> {
        self.change(&[own("DELETE FROM \"_databases\" WHERE name = ?1", vec![name.into()])])
    }

    /// Names of orgs and snapshots, in whatever state, whose storage is in a database, at most `limit`.
    pub(crate) fn within(&self, database: &str, limit: usize) -> Result<Vec<String>, Failure> {
        let sql = "SELECT name FROM (SELECT name, storage FROM \"_orgs\" UNION ALL SELECT name, storage FROM \"_snapshots\" \
                   UNION ALL SELECT org, target FROM \"_moves\" UNION ALL SELECT org, source FROM \"_moves\") AS there \
                   WHERE substr(storage, 1, length(?1)) = ?1 ORDER BY name LIMIT ?2";
        let params = vec![format!("{database}/").into(), number(limit as u64)];
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&own(sql, params.clone()))?))?;
        Ok(rows.iter().map(|row| text(&row[0]).to_owned()).collect())
    }

    /// Forgets an org of which nothing is left.
    pub(crate) fn forget(&self, id: Id) -> Result<(), Failure> {
        self.change(&[own("DELETE FROM \"_orgs\" WHERE id = ?1", vec![id.to_string().into()])])
    }

    /// Drops an org's query cursors.
    pub(crate) fn drop_cursors(&self, id: Id) -> Result<(), Failure> {
        self.change(&cursors_of(id))
    }

    /// Drops the sessions and passwords of an org's users, all but one's.
    pub(crate) fn drop_logins(&self, id: Id, but: Id) -> Result<(), Failure> {
        let params = || vec![id.to_string().into(), but.to_string().into()];
        self.change(&[
            own("DELETE FROM \"_sessions\" WHERE org = ?1 AND \"user\" <> ?2", params()),
            own("DELETE FROM \"_credentials\" WHERE org = ?1 AND \"user\" <> ?2", params()),
            own("DELETE FROM \"_passwords\" WHERE org = ?1 AND \"user\" <> ?2", params()),
        ])
    }

    /// Gives an org the passwords that another's users have.
    pub(crate) fn copy_credentials(&self, from: Id, to: Id) -> Result<(), Failure> {
        let found =
            own("SELECT password, password_with_token, \"user\" FROM \"_credentials\" WHERE org = ?1", vec![from.to_string().into()]);
        let noted = own("SELECT \"user\", expired, earlier FROM \"_passwords\" WHERE org = ?1", vec![from.to_string().into()]);
        self.own.transact_with(|tx| {
            for row in tx.all(&found)? {
                let [password, with_token, user] = row.as_slice() else { continue };
                let params = vec![to.to_string().into(), user.clone().into(), password.clone().into(), with_token.clone().into()];
                tx.execute(&own("INSERT INTO \"_credentials\" VALUES (?1, ?2, ?3, ?4)", params))?;
            }
            for row in tx.all(&noted)? {
                let [user, expired, earlier] = row.as_slice() else { continue };
                let params = vec![to.to_string().into(), user.clone().into(), expired.clone().into(), earlier.clone().into()];
                tx.execute(&own("INSERT INTO \"_passwords\" VALUES (?1, ?2, ?3, ?4)", params))?;
            }
            Ok(())
        })
    }

    /// A new snapshot, being made in a database (empty for the server's home).
    pub(crate) fn add_snapshot(&self, name: Option<&str>, org: Option<Id>, database: &str, now: DateTime) -> Result<Kept, Failure> {
        self.own.transact_with(|tx| {
            let n = bump(tx, Counters::Named, "snapshots", 1, 1)?;
            let kept = Kept {
                number: n,
                name: name.map_or_else(|| format!("~{n}"), str::to_owned),
                org,
                storage: new_storage(database, &format!("snap_{n}"))?,
                created: now.to_canonical(),
                state: MAKING.into(),
            };
            let org = kept.org.map_or(OwnedCell::Null, |id| OwnedCell::Text(id.to_string()));
            tx.execute(&own(
                "INSERT INTO \"_snapshots\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                vec![
                    number(n),
                    kept.name.as_str().into(),
                    org.into(),
                    kept.storage.as_str().into(),
                    kept.created.as_str().into(),
                    kept.state.as_str().into(),
                ],
            ))?;
            Ok(kept)
        })
    }

    /// A snapshot by its name, in whatever state.
    pub(crate) fn snapshot(&self, name: &str) -> Result<Option<Kept>, Failure> {
        Ok(self.snapshots(Statement::new(format!("{SNAPSHOT_COLUMNS} WHERE name = ?1"), vec![name.into()]))?.pop())
    }

    /// A snapshot by its number.
    pub(crate) fn snapshot_by_number(&self, n: u64) -> Result<Option<Kept>, Failure> {
        Ok(self.snapshots(Statement::new(format!("{SNAPSHOT_COLUMNS} WHERE number = ?1"), vec![number(n)]))?.pop())
    }

    /// Snapshots in the order of their names, those after one, at most `limit`; not the server's own.
    pub(crate) fn snapshot_page(&self, after: &str, limit: usize) -> Result<Vec<Kept>, Failure> {
        let sql = format!("{SNAPSHOT_COLUMNS} WHERE name > ?1 AND name < '~' AND state = 'live' ORDER BY name LIMIT ?2");
        let params = vec![after.into(), number(limit as u64)];
        self.snapshots(Statement::new(sql, params))
    }

    /// Every snapshot, in whatever state.
    pub(crate) fn every_snapshot(&self) -> Result<Vec<Kept>, Failure> {
        self.snapshots(Statement::new(format!("{SNAPSHOT_COLUMNS} ORDER BY number"), vec![]))
    }

    /// Takes up the API requests that were counted of an org before it was opened.
    pub(crate) fn recall(&self, org: &Org) -> Result<(), Failure> {
        self.own.read_with(|tx| org.usage.recall(tx, org.id, org.now()))
    }

    /// Every live org and snapshot: for a backup.
    pub(crate) fn storages(&self) -> Result<Vec<String>, Failure> {
        let sql = "SELECT storage FROM \"_orgs\" WHERE state = 'live' UNION ALL SELECT storage FROM \"_snapshots\" WHERE state = 'live'";
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&own(sql, vec![]))?))?;
        Ok(rows.iter().map(|row| text(&row[0]).to_owned()).collect())
    }

    pub(crate) fn set_snapshot_state(&self, n: u64, state: &'static str) -> Result<(), Failure> {
        self.change(&[own("UPDATE \"_snapshots\" SET state = ?2 WHERE number = ?1", vec![number(n), state.into()])])
    }

    pub(crate) fn forget_snapshot(&self, n: u64) -> Result<(), Failure> {
        self.change(&[own("DELETE FROM \"_snapshots\" WHERE number = ?1", vec![number(n)])])
    }

    /// Names of orgs that were made from a snapshot, at most `limit`.
    pub(crate) fn made_from(&self, n: u64, limit: usize) -> Result<Vec<String>, Failure> {
        let sql = "SELECT name FROM \"_orgs\" WHERE origin = ?1 ORDER BY name LIMIT ?2";
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&own(sql, vec![number(n), number(limit as u64)]))?))?;
        Ok(rows.iter().map(|row| text(&row[0]).to_owned()).collect())
    }

    fn change(&self, statements: &[Statement]) -> Result<(), Failure> {
        self.own.transact_with(|tx| statements.iter().try_for_each(|s| tx.execute(s).map(|_| ())).map_err(Failure::from))
    }

    fn one_org(&self, rest: &str, params: Vec<Param>) -> Result<Option<Entry>, Failure> {
        Ok(self.orgs(Statement::new(format!("{ORG_COLUMNS}{rest}"), params))?.pop())
    }

    fn orgs(&self, statement: Statement) -> Result<Vec<Entry>, Failure> {
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&statement)?))?;
        rows.iter().map(|row| read_org(row)).collect()
    }

    fn snapshots(&self, statement: Statement) -> Result<Vec<Kept>, Failure> {
        let rows = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&statement)?))?;
        Ok(rows.iter().map(|row| read_snapshot(row)).collect())
    }
}

/// What drops an org's query cursors.
fn cursors_of(id: Id) -> Vec<Statement> {
    ["DELETE FROM \"_cursor_ids\" WHERE cursor IN (SELECT id FROM \"_cursors\" WHERE org = ?1)", "DELETE FROM \"_cursors\" WHERE org = ?1"]
        .map(|sql| own(sql, vec![id.to_string().into()]))
        .to_vec()
}

fn unsigned(cell: &OwnedCell) -> u64 {
    u64::try_from(crate::system::int(cell)).unwrap_or(0)
}

fn read_org(row: &[OwnedCell]) -> Result<Entry, Failure> {
    let [id, name, storage, origin, suffix, admin, created, state] = row else {
        return Err(StoreError::Other("a line of the directory is torn".into()).into());
    };
    let owned = |cell: &OwnedCell| text(cell).to_owned();
    Ok(Entry {
        id: Id::parse(text(id)).map_err(|_| StoreError::Other(format!("the directory has no org id: {}", text(id))))?,
        name: owned(name),
        storage: owned(storage),
        origin: unsigned(origin),
        suffix: owned(suffix),
        admin: owned(admin),
        created: owned(created),
        state: owned(state),
    })
}

fn read_snapshot(row: &[OwnedCell]) -> Kept {
    let cell = |i: usize| row.get(i).map_or("", text).to_owned();
    Kept {
        number: row.first().map_or(0, unsigned),
        name: cell(1),
        org: Id::parse(&cell(2)).ok(),
        storage: cell(3),
        created: cell(4),
        state: cell(5),
    }
}

/// The storage name and id of the org with a number.
pub(crate) fn numbered(n: u64) -> (Id, String) {
    (ids::seeded("00D", n), format!("org_{n}"))
}
