//! Format versions of the databases. Each says its own; an older one is migrated when it is opened, step by step, each
//! step in one commit; a newer one is refused.

use crate::Failure;
use crate::system::{org_tables, own, server_tables, text};
use orglet_base::{DateTime, Statement};
use orglet_store::{Store, StoreError, Tx};

/// The format of org databases, snapshots among them.
pub(crate) const ORG: u32 = 7;
/// The format of a server's own database.
const SERVER: u32 = 4;

/// What is done from one format to the next.
type Step = fn(&mut dyn Tx, DateTime) -> Result<(), Failure>;

/// Steps of a server's own database; the first leads from format 0, which said none, to 1.
const SERVER_STEPS: [Step; SERVER as usize] = [said, said, said, said];
/// Steps of an org's database.
const ORG_STEPS: [Step; ORG as usize] = [said; ORG as usize];

/// Makes the tables of an org's database where it is new; brings it to the format of now where it is older.
pub(crate) fn prepare_org(store: &dyn Store, what: &str, now: DateTime) -> Result<(), Failure> {
    prepare(store, what, now, &org_tables(store.dialect()), &ORG_STEPS)
}

/// The same for a server's own database.
pub(crate) fn prepare_server(store: &dyn Store, now: DateTime) -> Result<(), Failure> {
    prepare(store, "the server's own database", now, &server_tables(store.dialect()), &SERVER_STEPS)
}

fn prepare(store: &dyn Store, what: &str, now: DateTime, tables: &[Statement], steps: &[Step]) -> Result<(), Failure> {
    let noted = own("SELECT value FROM \"_meta\" WHERE name = ?1", vec!["format".into()]);
    let found = match store.read_with::<_, StoreError>(|tx| tx.first(&noted)) {
        Err(StoreError::NoTable(_)) => None,
        found => found?,
    };
    let format = match found.as_ref().map(|row| text(&row[0])) {
        Some(number) => number.parse::<usize>().map_err(|_| StoreError::Foreign(format!("{what} says the format '{number}'")))?,
        // An empty database is in the format that its tables are about to get.
        None if store.tables()?.is_empty() => steps.len(),
        None => 0,
    };
    if format > steps.len() {
        let text = format!(
            "{what} was written by a newer orglet (format {format}; this release knows formats up to {}): start that release, or choose another data directory",
            steps.len()
        );
        return Err(StoreError::Newer(text).into());
    }
    if found.is_some() && format == steps.len() {
        return Ok(());
    }
    if format < steps.len() {
        tracing::info!(from = format, to = steps.len(), "migrating {what}");
    }
    // A step fits the tables of its own time, which those of now may add to.
    let steps = &steps[format..];
    let note = |tx: &mut dyn Tx, format: usize| {
        let sql = "INSERT INTO \"_meta\" VALUES ('format', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
        tx.execute(&own(sql, vec![format.to_string().into()])).map(|_| ())
    };
    store.transact_alone_with::<_, Failure>(|tx| {
        tables.iter().try_for_each(|table| tx.execute(table).map(|_| ()))?;
        Ok(note(tx, format)?)
    })?;
    for (n, step) in steps.iter().enumerate() {
        store.transact_alone_with::<_, Failure>(|tx| {
            step(tx, now)?;
            Ok(note(tx, format + n + 1)?)
        })?;
    }
    Ok(())
}

/// A step that only says the new format, as all it brings is tables. 0 to 1: the format is said; a server has a directory of orgs, to which a start adds the default org, and a list of
/// login names, which an org that is opened sees to. 1 to 2 of a server: databases and moves of orgs; of an org: what each
/// user last saw, and its settings. 2 to 3 of a server: which passwords have expired, and the ones before; of an org: its event bus. 3 to 4 of a
/// server: the origins that orgs allow; of an org: what is in the recycle bin; what was deleted before is not. 4 to 5 of an org: match keys. 5 to 6 of an org: its
/// deployments. 6 to 7 of an org: the templates of its sites. Tables that are missing are made before any step.
fn said(_: &mut dyn Tx, _: DateTime) -> Result<(), Failure> {
    Ok(())
}
