//! What makes the content of a snapshot an org's own, and what an org keeps when its content is replaced.

use super::directory::{Entry, Kept};
use crate::Failure;
use crate::events;
use crate::metadata;
use crate::seed::admin_id;
use crate::system::{int, own, text};
use orglet_base::{DateTime, Dialect, Id, OwnedCell, Statement};
use orglet_plan::write;
use orglet_store::{StoreError, Tx};

/// The longest login name.
const LONGEST_NAME: usize = 80;

/// How the content of a snapshot becomes an org's.
#[derive(Clone, Debug)]
pub(crate) struct Adaptation {
    org: Id,
    /// What login names get behind them.
    suffix: String,
    /// The administrator's own login name, empty for the one that comes of it.
    admin: String,
}

impl Adaptation {
    /// For an org and a snapshot. Login names are unique over the server, so that those of another org's content get
    /// the org's suffix behind them, as in a sandbox.
    pub(crate) fn of(entry: &Entry, snapshot: &Kept) -> Self {
        let foreign = snapshot.org != Some(entry.id);
        let (suffix, admin) = if foreign { (entry.suffix.clone(), entry.admin.clone()) } else { Default::default() };
        Self { org: entry.id, suffix, admin }
    }

    /// The login name that one of the snapshot is here.
    pub(crate) fn username(&self, id: Option<Id>, name: &str) -> String {
        if !self.admin.is_empty() && id == Some(admin_id()) { self.admin.clone() } else { format!("{name}{}", self.suffix) }
    }

    /// The org that rows name.
    pub(crate) fn org(&self) -> Id {
        self.org
    }

    /// Changes a content in place; answers the login names that it has then.
    pub(crate) fn apply(&self, tx: &mut dyn Tx, dialect: Dialect) -> Result<Vec<String>, Failure> {
        let (organization, users) = (write::table("Organization", dialect), write::table("User", dialect));
        let renamed = format!("UPDATE {organization} SET \"Id\" = ?1");
        tx.execute(&Statement::new(renamed, vec![self.org.to_string().into()]))?;
        if !self.suffix.is_empty() {
            let renamed = format!("UPDATE {users} SET \"Username\" = \"Username\" || ?1");
            tx.execute(&Statement::new(renamed, vec![self.suffix.as_str().into()]))?;
        }
        if !self.admin.is_empty() {
            let named = format!("UPDATE {users} SET \"Username\" = ?1 WHERE \"Id\" = ?2");
            tx.execute(&Statement::new(named, vec![self.admin.as_str().into(), admin_id().to_string().into()]))?;
        }
        let rows = tx.all(&Statement::new(format!("SELECT \"Username\" FROM {users}"), vec![]))?;
        let names: Vec<String> = rows.iter().map(|row| text(&row[0]).to_owned()).collect();
        match names.iter().find(|name| name.chars().count() > LONGEST_NAME) {
            Some(name) => Err(StoreError::Other(format!("the login name {name} would be longer than {LONGEST_NAME} characters")).into()),
            None => Ok(names),
        }
    }
}

/// Carries over what must not go back with the rows: ids that were given, replay ids of events among them, key prefixes of custom objects, and the
/// version of the catalog, which everything prepared before is compared with. Auto-numbers go back with their records.
pub(crate) fn carry_counters(old: &mut dyn Tx, new: &mut dyn Tx, now: DateTime) -> Result<(), Failure> {
    let counters = old.all(&own("SELECT prefix, next FROM \"_ids\"", vec![]))?;
    for row in &counters {
        let sql = "INSERT INTO \"_ids\" VALUES (?1, ?2) ON CONFLICT (prefix) DO UPDATE SET next = ?2 WHERE \"_ids\".next < ?2";
        new.execute(&own(sql, vec![row[0].clone().into(), row[1].clone().into()]))?;
    }
    for name in [metadata::PREFIXES, metadata::EVENT_PREFIXES, events::REPLAY] {
        let Some(row) = old.first(&own("SELECT next FROM \"_counters\" WHERE name = ?1", vec![name.into()]))? else { continue };
        let sql = "INSERT INTO \"_counters\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET next = ?2 WHERE \"_counters\".next < ?2";
        new.execute(&own(sql, vec![name.into(), OwnedCell::Int(int(&row[0])).into()]))?;
    }
    metadata::carry_version(old, new, now)
}
