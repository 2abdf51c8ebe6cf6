//! What each user last saw: the Recently Viewed list, and the dates of it that records show.
//!
//! A look at a record is noted in memory and written every second or so, and before anything of the user's list is read: no
//! read of a record waits for a write. A process that is killed loses what was noted since; nothing that a client wrote
//! is among it.
//!
//! Where no other server writes to the org's database, what the table has of a user's list is kept in memory once it was
//! read, so that a record is shown without a look into the table.

use crate::system::{int, own, text};
use crate::{Failure, Identity, Org, Server};
use orglet_base::{CellKind, DateTime, Id, OwnedCell, Param, Statement, Value};
use orglet_plan::views as sql;
use orglet_schema::{Field, Object};
use orglet_store::{StoreError, Tx};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Records that a user's list keeps.
pub const MOST: usize = 200;
/// How long a record stays in the list.
const KEPT_MS: i64 = 90 * 86_400_000;
/// Users of an org whose lists are kept in memory.
const MOST_LISTS: usize = 100;
/// How long one write waits for another of the same org.
const BRIEFLY: Duration = Duration::from_millis(250);

/// What users looked at and was not written yet.
#[derive(Debug, Default)]
pub(crate) struct Views {
    noted: Mutex<Noted>,
    /// How many users have something noted: reads look no further where none has.
    users: AtomicUsize,
    /// Held while looks are written: older ones must not come after newer ones of the same records.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Noted {
    users: HashMap<Id, HashMap<Id, Look>>,
    /// Counts looks, in microseconds where the clock allows: two never have the same place in the order.
    last: i64,
    /// The lists that users were last answered, as numbers; see [`answered`].
    answered: HashMap<Id, i32>,
}

/// The last look at a record.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    viewed: Option<DateTime>,
    referenced: Option<DateTime>,
    at: i64,
}

impl Look {
    /// The same look, with the view of an older one where it is none itself.
    fn over(self, older: Look) -> Self {
        Self { viewed: self.viewed.or(older.viewed), referenced: self.referenced.or(older.referenced), at: self.at.max(older.at) }
    }

    /// The date of a view, or of any look.
    pub(crate) fn cell(&self, view: bool) -> OwnedCell {
        cell(if view { self.viewed } else { self.referenced })
    }
}

fn cell(at: Option<DateTime>) -> OwnedCell {
    at.map_or(OwnedCell::Null, |at| CellKind::DateTime.to_cell(&Value::DateTime(at)))
}

impl Views {
    /// What is noted of a record beside what is written.
    fn of(&self, user: Id, id: Id) -> Look {
        if self.users.load(Ordering::Acquire) == 0 {
            return Look::default();
        }
        self.noted.lock().users.get(&user).and_then(|looks| looks.get(&id)).copied().unwrap_or_default()
    }

    /// Forgets what is not written: the records are not there any more.
    pub(crate) fn forget(&self) {
        let mut noted = self.noted.lock();
        noted.users.clear();
        noted.answered.clear();
        self.users.store(0, Ordering::Release);
    }

    fn note(&self, user: Id, ids: impl Iterator<Item = Id>, view: bool, now: DateTime) {
        let mut ids = ids.peekable();
        if ids.peek().is_none() {
            return;
        }
        let second = now.truncate_to_second();
        let mut noted = self.noted.lock();
        let Noted { users, last, .. } = &mut *noted;
        let looks = users.entry(user).or_default();
        for id in ids {
            *last = now.0.saturating_mul(1000).max(*last + 1);
            let at = *last;
            let look = looks.entry(id).or_default();
            look.viewed = if view { Some(second) } else { look.viewed };
            (look.referenced, look.at) = (Some(second), at);
            if looks.len() > 2 * MOST {
                cut(looks, MOST);
            }
        }
        self.users.store(users.len(), Ordering::Release);
    }

    /// What is to be written, of one user or of all.
    fn pending(&self, user: Option<Id>) -> Vec<(Id, Vec<(Id, Look)>)> {
        let noted = self.noted.lock();
        let mut pending: Vec<(Id, Vec<(Id, Look)>)> = match user {
            Some(user) => noted.users.get_key_value(&user).into_iter().map(copied).collect(),
            None => noted.users.iter().map(copied).collect(),
        };
        drop(noted);
        // In one order, so that two servers that write the same rows don't wait for each other.
        pending.sort_unstable_by_key(|(user, _)| *user);
        for (_, looks) in &mut pending {
            looks.sort_unstable_by_key(|(id, _)| *id);
        }
        pending
    }

    /// Lets go of what is written now, but for records that were looked at again meanwhile.
    fn written(&self, looks: &[(Id, Vec<(Id, Look)>)]) {
        let mut noted = self.noted.lock();
        for (user, written) in looks {
            let Some(kept) = noted.users.get_mut(user) else { continue };
            for (id, look) in written {
                if kept.get(id).is_some_and(|now| now.at == look.at) {
                    kept.remove(id);
                }
            }
            if kept.is_empty() {
                noted.users.remove(user);
            }
        }
        self.users.store(noted.users.len(), Ordering::Release);
    }
}

/// What the table has of users' lists. Each is as of the last write, whatever was noted since.
#[derive(Debug, Default)]
pub(crate) struct Lists(RwLock<Read>);

#[derive(Debug, Default)]
struct Read {
    users: HashMap<Id, HashMap<Id, Look>>,
    /// Counts the writes: what was read before one is not kept after it.
    writes: u64,
}

impl Lists {
    /// Forgets all: the table is another one.
    pub(crate) fn forget(&self) {
        let mut read = self.0.write();
        read.users.clear();
        read.writes += 1;
    }

    fn writes(&self) -> u64 {
        self.0.read().writes
    }

    /// What the table has of a record.
    fn of(&self, org: &Org, user: Id, id: Id) -> Result<Look, Failure> {
        let writes = {
            let read = self.0.read();
            if let Some(list) = read.users.get(&user) {
                return Ok(list.get(&id).copied().unwrap_or_default());
            }
            read.writes
        };
        let statement = own("SELECT id, viewed, referenced, at FROM \"_views\" WHERE \"user\" = ?1", vec![user.to_string().into()]);
        let rows = org.read(|tx| Ok(tx.all(&statement)?))?;
        let list: HashMap<Id, Look> = rows.iter().filter_map(|row| stored(row)).collect();
        let look = list.get(&id).copied().unwrap_or_default();
        let mut read = self.0.write();
        if read.writes == writes {
            if read.users.len() >= MOST_LISTS {
                read.users.clear();
            }
            read.users.insert(user, list);
        }
        Ok(look)
    }

    /// Takes up what [`write_list`] has written since there were so many writes.
    fn take(&self, looks: &[(Id, Vec<(Id, Look)>)], now: DateTime, since: u64) {
        let mut read = self.0.write();
        if read.writes != since {
            // The table became another one meanwhile.
            read.users.clear();
        }
        read.writes += 1;
        for (user, looks) in looks {
            let Some(list) = read.users.get_mut(user) else { continue };
            for (id, look) in looks {
                let known = list.entry(*id).or_default();
                *known = look.over(*known);
            }
            cut(list, MOST);
            list.retain(|_, look| look.at >= oldest(now));
        }
    }
}

/// A row of the table.
fn stored(row: &[OwnedCell]) -> Option<(Id, Look)> {
    let [id, viewed, referenced, at] = row else { return None };
    let date = |cell| DateTime::parse(text(cell));
    Some((Id::parse(text(id)).ok()?, Look { viewed: date(viewed), referenced: date(referenced), at: int(at) }))
}

/// Keeps the newest of a list.
fn cut(looks: &mut HashMap<Id, Look>, most: usize) {
    if looks.len() > most {
        let mut order: Vec<i64> = looks.values().map(|look| look.at).collect();
        let (.., oldest, _) = order.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
        let oldest = *oldest;
        looks.retain(|_, look| look.at >= oldest);
    }
}

/// The place in the order before which looks are forgotten.
fn oldest(now: DateTime) -> i64 {
    (now.0 - KEPT_MS).saturating_mul(1000)
}

fn copied((user, looks): (&Id, &HashMap<Id, Look>)) -> (Id, Vec<(Id, Look)>) {
    (*user, looks.iter().map(|(id, look)| (*id, *look)).collect())
}

/// Whether looks at an object's records are noted: it has the dates of them.
pub fn are_noted(object: &Object) -> bool {
    object.has_table() && object.has_last_viewed()
}

/// Whether what the table has is known without a look into it: no other server writes to it.
pub(crate) fn are_known(org: &Org) -> bool {
    !org.is_shared()
}

/// The last look of a user at a record, as far as it is known without a look into the table.
pub(crate) fn of(org: &Org, user: Id, id: Id) -> Result<Look, Failure> {
    // In this order: what is written goes from here to there.
    let noted = org.views.of(user, id);
    if are_known(org) { Ok(noted.over(org.lists.of(org, user, id)?)) } else { Ok(noted) }
}

/// Notes that the user looked at records (`view`), or at something that refers to them.
pub fn note(identity: &Identity, object: &Object, ids: impl Iterator<Item = Id>, view: bool) {
    if are_noted(object) {
        identity.org.views.note(identity.user.id, ids, view, identity.org.now());
    }
}

/// Writes what was noted, of one user or of all. Nothing fails for it, and it waits for others but briefly: what could not
/// be written stays noted for the next time.
pub(crate) fn write(org: &Org, user: Option<Id>) {
    if org.views.users.load(Ordering::Acquire) == 0 {
        return;
    }
    let Some(_one_at_a_time) = org.views.writing.try_lock_for(BRIEFLY) else { return };
    let looks = org.views.pending(user);
    if looks.is_empty() {
        return;
    }
    let (now, writes) = (org.now(), org.lists.writes());
    match org.transact_briefly(|tx| looks.iter().try_for_each(|(user, looks)| write_list(tx, *user, looks, now))) {
        Ok(()) => {
            if are_known(org) {
                org.lists.take(&looks, now, writes);
            }
            org.views.written(&looks);
        }
        Err(Failure::Store(StoreError::Locked | StoreError::Moved)) => {}
        Err(failure) => tracing::warn!(%failure, "what users looked at could not be written yet"),
    }
}

fn write_list(tx: &mut dyn Tx, user: Id, looks: &[(Id, Look)], now: DateTime) -> Result<(), Failure> {
    let user = user.to_string();
    for (id, look) in looks {
        let put = "INSERT INTO \"_views\" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (\"user\", id) DO UPDATE SET \
                   viewed = COALESCE(excluded.viewed, \"_views\".viewed), referenced = excluded.referenced, at = excluded.at";
        let params: Vec<Param> =
            vec![user.as_str().into(), id.to_string().into(), look.cell(true).into(), look.cell(false).into(), look.at.into()];
        tx.execute(&own(put, params))?;
    }
    let cut = "DELETE FROM \"_views\" WHERE \"user\" = ?1 AND (at < ?2 OR at <= \
               (SELECT v.at FROM \"_views\" AS v WHERE v.\"user\" = ?1 ORDER BY v.at DESC LIMIT 1 OFFSET ?3))";
    tx.execute(&own(cut, vec![user.into(), oldest(now).into(), (MOST as i64).into()]))?;
    Ok(())
}

impl Server {
    /// Writes what users looked at. To be called every second or so, and at the end.
    pub fn keep_views(&self) {
        let orgs = self.orgs.all_open().into_iter().chain([self.default_org()]);
        orgs.for_each(|org| write(&org, None));
    }
}

/// A record that a user saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its object.
    pub object: Arc<Object>,
    /// Its id.
    pub id: Id,
    /// When the user viewed it.
    pub viewed: OwnedCell,
    /// When the user last saw it or something that refers to it.
    pub referenced: OwnedCell,
    /// The values of the fields asked for, by name; null for those that its object lacks.
    pub values: Vec<OwnedCell>,
}

impl Seen {
    /// One of the values, where it is text.
    pub fn text(&self, i: usize) -> Option<&str> {
        self.values.get(i).map(text).filter(|t| !t.is_empty())
    }
}

/// The live records that the user saw last, latest first, of one object or of all that the user may read, with some of
/// their fields; `Name` is the name field, whatever it is called.
pub fn recent(identity: &Identity, only: Option<&Object>, fields: &[&str]) -> Result<Vec<Seen>, Failure> {
    let org = &identity.org;
    write(org, Some(identity.user.id));
    let listed = own(
        "SELECT id, viewed, referenced FROM \"_views\" WHERE \"user\" = ?1 ORDER BY at DESC",
        vec![identity.user.id.to_string().into()],
    );
    let catalog = org.catalog();
    let rows = org.read(|tx| Ok(tx.all(&listed)?))?;
    let mut seen: Vec<Seen> = Vec::new();
    let mut objects: Vec<(Arc<Object>, Vec<String>)> = Vec::new();
    for row in rows.into_iter().take(MOST) {
        let [id, viewed, referenced] = <[OwnedCell; 3]>::try_from(row).unwrap_or([const { OwnedCell::Null }; 3]);
        let Ok(id) = Id::parse(text(&id)) else { continue };
        let Some(object) = catalog.object_of(id).filter(|o| are_noted(o) && identity.access.sees_object(o)) else { continue };
        if only.is_some_and(|only| only.name != object.name) {
            continue;
        }
        match objects.iter_mut().find(|(o, _)| o.name == object.name) {
            Some((_, ids)) => ids.push(id.to_string()),
            None => objects.push((object.clone(), vec![id.to_string()])),
        }
        seen.push(Seen { object: object.clone(), id, viewed, referenced, values: Vec::new() });
    }
    let mut found: HashMap<Id, Vec<OwnedCell>> = HashMap::new();
    for (object, ids) in objects {
        read(identity, &object, fields, ids, &mut found)?;
    }
    seen.retain_mut(|one| match found.remove(&one.id) {
        Some(values) => {
            one.values = values;
            true
        }
        None => false,
    });
    Ok(seen)
}

/// Reads fields of live records into a map.
fn read(
    identity: &Identity,
    object: &Arc<Object>,
    fields: &[&str],
    ids: Vec<String>,
    found: &mut HashMap<Id, Vec<OwnedCell>>,
) -> Result<(), Failure> {
    let field = |name: &str| if name == "Name" { object.name_field() } else { object.field(name) };
    let readable = |f: &&Field| f.has_column() && identity.access.reads_field(object, f);
    let asked: Vec<Option<&Field>> = fields.iter().map(|name| field(name).filter(readable)).collect();
    let Some(key) = object.field("Id") else { return Ok(()) };
    let columns: Vec<&Field> = std::iter::once(key).chain(asked.iter().flatten().copied()).collect();
    let statement: Statement = sql::select_live(object, &columns, ids, identity.org.store.dialect());
    let rows = identity.org.read(|tx| Ok(tx.all(&statement)?))?;
    for row in rows {
        let mut cells = row.into_iter();
        let Some(id) = cells.next().and_then(|cell| Id::parse(text(&cell)).ok()) else { continue };
        let values = asked.iter().map(|f| if f.is_some() { cells.next().unwrap_or(OwnedCell::Null) } else { OwnedCell::Null });
        found.insert(id, values.collect());
    }
    Ok(())
}

/// Takes note of the list that a user is answered, as a number that changes with it; tells the number of the one before.
pub fn answered(identity: &Identity, number: i32) -> Option<i32> {
    identity.org.views.noted.lock().answered.insert(identity.user.id, number)
}

/// Whether a record is there and not in the recycle bin.
pub fn is_there(identity: &Identity, object: &Arc<Object>, id: Id) -> Result<bool, Failure> {
    let mut found = HashMap::new();
    read(identity, object, &[], vec![id.to_string()], &mut found)?;
    Ok(!found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
    }

    #[test]
    fn looks_are_written_in_one_order_and_those_since_stay() {
        let (views, now) = (Views::default(), DateTime(1_700_000_000_000));
        let users: Vec<Id> = (1..=9).map(|n| id(&format!("00500000000000{n}"))).collect();
        let record = |n: usize| id(&format!("00100000000000{n}"));
        for user in users.iter().rev() {
            views.note(*user, (1..=9).rev().map(record), true, now);
        }
        let pending = views.pending(None);
        assert!(pending.iter().map(|(user, _)| user).eq(&users));
        assert!(pending.iter().all(|(_, looks)| looks.iter().map(|(id, _)| *id).eq((1..=9).map(record))));
        views.note(users[0], std::iter::once(record(3)), false, now);
        views.written(&pending);
        let left = views.pending(None);
        assert_eq!(left.iter().map(|(user, looks)| (*user, looks.len())).collect::<Vec<_>>(), [(users[0], 1)]);
        assert_ne!(views.of(users[0], record(3)).viewed, None);
        assert_eq!(views.of(users[0], record(4)).viewed, None);
        assert_eq!(views.users.load(Ordering::Acquire), 1);
        views.written(&left);
        assert_eq!(views.users.load(Ordering::Acquire), 0);
        assert_eq!(views.of(users[0], record(3)).viewed, None);
    }
}
