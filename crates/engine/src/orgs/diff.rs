//! What is other in an org than in a snapshot: live records, field by field, and custom metadata.
//!
//! Both sides are read in the order of ids, some hundred rows at a time, so that a comparison holds little whatever the
//! size of the org. A page ends when it has as many changes as were asked for; the next goes on behind its last.

use super::directory::{Entry, Kept};
use super::{Adaptation, AdminError};
use crate::metadata::{self, Custom};
use crate::{Failure, Org, Server, record};
use orglet_base::{Id, OwnedCell, fold_name};
use orglet_plan::write;
use orglet_schema::{Catalog, CellKind, Field, Object};
use orglet_store::Tx;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most changes of one page.
pub const MOST_CHANGES: usize = 5000;
/// Changes of a page when no other number is asked for.
const USUAL_CHANGES: usize = 1000;
/// Rows read at a time from each side.
const CHUNK: i64 = 500;
/// A page ends early when so many rows were compared for each change that it may have: most of them may be equal.
const ROWS_A_CHANGE: usize = 200;
/// A page ends early when its values take so many bytes.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Fields that the platform keeps by itself.
const SYSTEM_FIELDS: &[&str] =
    &["CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "LastReferencedDate", "LastViewedDate", "SystemModstamp"];

/// What is to be compared.
#[derive(Clone, Debug, Default)]
pub struct DiffRequest {
    /// The org, by name or id.
    pub org: String,
    /// The snapshot to compare it with; `None` for what the org was made from.
    pub since: Option<String>,
    /// A later snapshot of the org that takes the place of what it holds now.
    pub until: Option<String>,
    /// The objects that are looked at, by name; all where it is empty. Metadata is compared either way.
    pub objects: Vec<String>,
    /// Whether fields count that the platform keeps by itself (who changed a record, and when).
    pub system_fields: bool,
    /// Where the page before ended ([`Diff::next`]).
    pub after: Option<String>,
    /// The most changes of records to answer; `None` for 1000, and 5000 at most.
    pub limit: Option<usize>,
}

/// A page of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The snapshot compared with, empty for one of the server's own.
    pub since: String,
    /// Changes of custom objects and fields; on the first page alone.
    pub metadata: Vec<MetadataChange>,
    /// Changes of records, by object and id.
    pub records: Vec<RecordChange>,
    /// Where the next page begins, where there may be one.
    pub next: Option<String>,
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It is other than it was.
    Changed,
    /// It is not there any more, or in the recycle bin.
    Deleted,
}

impl Change {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Deleted => "deleted",
        }
    }
}

/// A record that is other than it was.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordChange {
    /// Its object.
    pub object: String,
    /// Its id, 18 characters.
    pub id: String,
    /// What became of it.
    pub change: Change,
    /// The fields that differ; of a record that was added or deleted, those that have a value.
    pub fields: Vec<FieldChange>,
}

/// A field's two values.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The field.
    pub name: String,
    /// What its cells are.
    pub kind: CellKind,
    /// What it was.
    pub old: OwnedCell,
    /// What it is.
    pub new: OwnedCell,
}

/// A custom object or field that is other than it was.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataChange {
    /// `CustomObject` or `CustomField`.
    pub kind: &'static str,
    /// Its full name: `Thing__c`, `Account.Rank__c`.
    pub full_name: String,
    /// What became of it.
    pub change: Change,
    /// The definition that it had.
    pub old: Option<serde_json::Value>,
    /// The definition that it has.
    pub new: Option<serde_json::Value>,
}

impl Server {
    /// Compares an org with a snapshot. What a page holds is of one moment; so that several pages are, compare with a
    /// later snapshot (`until`).
    pub fn diff(&self, request: &DiffRequest) -> Result<Diff, AdminError> {
        let entry = self.entry(&request.org)?;
        let since = match &request.since {
            Some(name) => self.snapshot(name)?,
            None => self.origin(&entry)?.ok_or_else(|| {
                AdminError::Invalid(format!("the org '{}' was not made from a snapshot: say which one to compare it with", entry.name))
            })?,
        };
        let until = request.until.as_deref().map(|name| self.until(&entry, &since, name)).transpose()?;
        let new = match &until {
            Some(kept) => Arc::new(self.open_snapshot(kept)?),
            None => self.opened(&entry)?,
        };
        let old = self.open_snapshot(&since)?;
        let adaptation = Adaptation::of(&entry, &since);
        let after = request.after.as_deref().map(parse_position).transpose()?;
        let mut diff = Diff { since: Some(since.name).filter(|n| !n.starts_with('~')).unwrap_or_default(), ..Diff::default() };
        if after.is_none() {
            diff.metadata = compare_metadata(metadata::all(&old)?, metadata::all(&new)?);
        }
        let limit = request.limit.unwrap_or(USUAL_CHANGES).clamp(1, MOST_CHANGES);
        let compared = new.on_current(|catalog| {
            let names = objects(request, &old.catalog(), catalog)?;
            let mut page = Page { records: Vec::new(), bytes: 0, rows: 0, limit, system_fields: request.system_fields };
            let next = new.store.read_with::<_, Failure>(|in_new| {
                old.store.read_with::<_, Failure>(|in_old| {
                    page = Page { records: Vec::new(), bytes: 0, rows: 0, ..page };
                    let mut sides = Sides {
                        old: Side { org: &old, tx: in_old, adaptation: Some(&adaptation) },
                        new: Side { org: &new, tx: in_new, adaptation: None },
                    };
                    page.fill(&mut sides, &old.catalog(), catalog, &names, after.as_ref())
                })
            })?;
            Ok((std::mem::take(&mut page.records), next))
        });
        match compared {
            Ok((records, next)) => Ok(Diff { records, next, ..diff }),
            Err(Failure::Api(e)) => Err(AdminError::Invalid(e.to_string())),
            Err(e) => Err(e.into()),
        }
    }

    fn until(&self, entry: &Entry, since: &Kept, name: &str) -> Result<Kept, AdminError> {
        let kept = self.snapshot(name)?;
        if kept.number == since.number {
            return Err(AdminError::Invalid("a snapshot is compared with another".into()));
        }
        if kept.org != Some(entry.id) {
            return Err(AdminError::Invalid(format!("the snapshot '{name}' is not of the org '{}'", entry.name)));
        }
        Ok(kept)
    }
}

/// Object and id behind which a page begins.
fn parse_position(text: &str) -> Result<(String, String), AdminError> {
    let parts = text.split_once(':').filter(|(object, id)| !object.is_empty() && Id::parse(id).is_ok());
    let (object, id) = parts.ok_or_else(|| AdminError::Invalid(format!("'{text}' is no place to go on from")))?;
    Ok((object.to_owned(), id.to_owned()))
}

/// Names of the objects to compare, sorted: those asked for, or all that have rows of their own.
fn objects(request: &DiffRequest, old: &Catalog, new: &Catalog) -> Result<BTreeSet<String>, Failure> {
    if request.objects.is_empty() {
        let all = old.objects().into_iter().chain(new.objects());
        return Ok(all.filter(|o| o.has_table()).map(|o| o.name.clone()).collect());
    }
    let found = request.objects.iter().map(|name| {
        let object = new.object(name).or_else(|| old.object(name)).filter(|o| o.has_table());
        object.map(|o| o.name.clone()).ok_or_else(|| {
            let text = format!("there is no object '{name}' with records");
            orglet_base::ApiError::new(orglet_base::ErrorCode::InvalidType, text).into()
        })
    });
    found.collect()
}

struct Page {
    records: Vec<RecordChange>,
    bytes: usize,
    rows: usize,
    limit: usize,
    system_fields: bool,
}

/// One content.
struct Side<'a> {
    org: &'a Org,
    tx: &'a mut dyn Tx,
    adaptation: Option<&'a Adaptation>,
}

struct Sides<'a> {
    old: Side<'a>,
    new: Side<'a>,
}

impl Page {
    /// Fills the page; answers where the next begins.
    fn fill(
        &mut self,
        sides: &mut Sides<'_>,
        old: &Catalog,
        new: &Catalog,
        names: &BTreeSet<String>,
        after: Option<&(String, String)>,
    ) -> Result<Option<String>, Failure> {
        for name in names {
            let from = match after {
                Some((object, _)) if name < object => continue,
                // It has one row, whose id is another on each side.
                Some((object, _)) if name == object && name == "Organization" => continue,
                Some((object, id)) if name == object => id.as_str(),
                _ => "",
            };
            let mut olds = Rows::of(&sides.old, old.object(name), from);
            let mut news = Rows::of(&sides.new, new.object(name), from);
            let fields = self.fields(olds.object.as_deref(), news.object.as_deref());
            loop {
                let (before, after) = (olds.peek(&mut sides.old)?, news.peek(&mut sides.new)?);
                let (first, change) = match (before, after) {
                    (None, None) => break,
                    (Some(before), None) => (before.to_owned(), Change::Deleted),
                    (None, Some(after)) => (after.to_owned(), Change::Added),
                    (Some(before), Some(after)) => match before.cmp(after) {
                        Ordering::Less => (before.to_owned(), Change::Deleted),
                        Ordering::Greater => (after.to_owned(), Change::Added),
                        Ordering::Equal => (before.to_owned(), Change::Changed),
                    },
                };
                let before = if change == Change::Added { None } else { olds.next() };
                let after = if change == Change::Deleted { None } else { news.next() };
                let fields = differing(&fields, before, after, &mut self.bytes);
                self.rows += 1;
                if change != Change::Changed || !fields.is_empty() {
                    self.records.push(RecordChange { object: name.clone(), id: first.clone(), change, fields });
                }
                if self.records.len() >= self.limit || self.bytes > MOST_BYTES || self.rows >= self.limit * ROWS_A_CHANGE {
                    return Ok(Some(format!("{name}:{first}")));
                }
            }
        }
        Ok(None)
    }

    /// The fields that either side has: name, what its cells are, and its place on each side.
    fn fields(&self, old: Option<&Object>, new: Option<&Object>) -> Vec<Compared> {
        let mut all: BTreeMap<String, Compared> = BTreeMap::new();
        for (side, object) in [old, new].into_iter().enumerate() {
            for (at, (_, field)) in object.map(record::columns).unwrap_or_default().into_iter().enumerate() {
                let left_out = field.name == "IsDeleted" || !self.system_fields && SYSTEM_FIELDS.contains(&field.name.as_str());
                if field.name == "Id" || left_out {
                    continue;
                }
                let key = fold_name(&field.name).into_owned();
                let one =
                    all.entry(key).or_insert_with(|| Compared { name: field.name.clone(), kind: field.cell_kind(), at: [None, None] });
                one.at[side] = Some(at);
            }
        }
        all.into_values().collect()
    }
}

struct Compared {
    name: String,
    kind: CellKind,
    /// Which column it is of the old and of the new row.
    at: [Option<usize>; 2],
}

fn differing(fields: &[Compared], old: Option<Vec<OwnedCell>>, new: Option<Vec<OwnedCell>>, bytes: &mut usize) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for field in fields {
        let take = |row: &Option<Vec<OwnedCell>>, side: usize| {
            field.at[side].and_then(|at| row.as_ref()?.get(at)).unwrap_or(&OwnedCell::Null).clone()
        };
        let (old, new) = (take(&old, 0), take(&new, 1));
        if old != new {
            *bytes += size(&old) + size(&new) + 2 * field.name.len();
            changes.push(FieldChange { name: field.name.clone(), kind: field.kind, old, new });
        }
    }
    changes
}

fn size(cell: &OwnedCell) -> usize {
    match cell {
        OwnedCell::Text(t) => t.len(),
        OwnedCell::Blob(b) => b.len(),
        _ => 8,
    }
}

/// The live rows of an object on one side, some at a time.
struct Rows {
    /// `None` where the side has no such object, or no row of it.
    object: Option<Arc<Object>>,
    /// Ids and cells that were read and not taken yet.
    ahead: VecDeque<(String, Vec<OwnedCell>)>,
    last: String,
    ended: bool,
}

impl Rows {
    fn of(side: &Side<'_>, object: Option<&Arc<Object>>, from: &str) -> Self {
        let object = object.filter(|o| side.org.has_rows(o)).cloned();
        Self { ended: object.is_none(), object, ahead: VecDeque::new(), last: from.to_owned() }
    }

    /// The next row's id.
    fn peek(&mut self, side: &mut Side<'_>) -> Result<Option<&str>, Failure> {
        if self.ahead.is_empty() && !self.ended {
            self.read(side)?;
        }
        Ok(self.ahead.front().map(|(id, _)| id.as_str()))
    }

    fn next(&mut self) -> Option<Vec<OwnedCell>> {
        self.ahead.pop_front().map(|(_, cells)| cells)
    }

    fn read(&mut self, side: &mut Side<'_>) -> Result<(), Failure> {
        let Some(object) = self.object.clone() else { return Ok(()) };
        let columns = record::columns(&object);
        let fields: Vec<&Field> = columns.iter().map(|(_, f)| *f).collect();
        let key = fields.iter().position(|f| f.name == "Id");
        let statement = write::page_by_id(&object, &fields, &self.last, CHUNK, true, side.org.store.dialect());
        let (mut count, mut last) = (0, String::new());
        let ahead = &mut self.ahead;
        let adaptation = side.adaptation;
        let username = fields.iter().position(|f| f.name == "Username").filter(|_| object.name == "User");
        side.tx.query(&statement, &mut |row| {
            count += 1;
            let mut cells: Vec<OwnedCell> = (0..fields.len()).map(|i| row.cell(i).to_owned()).collect();
            let mut id = key.and_then(|k| row.cell(k).text()).unwrap_or_default().to_owned();
            last.clone_from(&id);
            if let Some(adaptation) = adaptation {
                // As the content became the org's own when it was copied.
                if object.name == "Organization" {
                    id = adaptation.org().to_string();
                }
                if let Some(OwnedCell::Text(name)) = username.map(|at| &mut cells[at]) {
                    *name = adaptation.username(Id::parse(&id).ok(), name);
                }
            }
            ahead.push_back((id, cells));
            true
        })?;
        self.ended = count < CHUNK;
        self.last = last;
        Ok(())
    }
}

/// Compares definitions by kind and name.
fn compare_metadata(old: Vec<Custom>, new: Vec<Custom>) -> Vec<MetadataChange> {
    let by_name = |customs: Vec<Custom>| -> BTreeMap<(&'static str, String), serde_json::Value> {
        customs.iter().map(|c| ((c.type_name(), c.full_name()), c.to_metadata())).collect()
    };
    let (mut old, new) = (by_name(old), by_name(new));
    let mut changes = Vec::new();
    for ((kind, full_name), now) in new {
        match old.remove(&(kind, full_name.clone())) {
            None => changes.push(MetadataChange { kind, full_name, change: Change::Added, old: None, new: Some(now) }),
            Some(before) if before != now => {
                changes.push(MetadataChange { kind, full_name, change: Change::Changed, old: Some(before), new: Some(now) });
            }
            Some(_) => {}
        }
    }
    for ((kind, full_name), before) in old {
        changes.push(MetadataChange { kind, full_name, change: Change::Deleted, old: Some(before), new: None });
    }
    changes.sort_by(|a, b| (a.kind, &a.full_name).cmp(&(b.kind, &b.full_name)));
    changes
}
