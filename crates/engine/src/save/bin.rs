//! The recycle bin: what a delete put there comes back as a whole, or leaves it for good.
//!
//! A delete notes the record that it was asked for (the root), the rows that went with it and the lookups that were cleared by it.
//! What went along has no place of its own in the bin: it comes back with the root alone. Rows that have left the bin stay where
//! they are, deleted, for `queryAll` and replication to show.

use super::derived::Context;
use super::{Saved, rules, settled, triggered, write};
use crate::apex::{self, Session, roomy};
use crate::record::{self, PIECE, Row};
use crate::storage::Growth;
use crate::system::{own, text};
use crate::{Failure, Identity, Org};
use orglet_apex::TriggerEvent;
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell, Param, Statement, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::Tx;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Entries that one statement writes.
const AT_ONCE: usize = 100;

/// What a delete notes.
pub(super) struct Entries {
    /// The record that it was asked for; none where its object has no place in the bin.
    root: Option<Id>,
    /// Id, field and parent: a row that went, without the two, or a lookup that was cleared.
    list: Vec<(Id, String, String)>,
}

impl Entries {
    pub(super) fn of(object: &Object, root: Id) -> Self {
        let kept = object.flags.undeletable && object.field("IsDeleted").is_some();
        Self { root: kept.then_some(root), list: Vec::new() }
    }

    /// Rows that go.
    pub(super) fn rows(&mut self, object: &Object, ids: &[Id]) {
        if self.root.is_some() && object.field("IsDeleted").is_some() {
            self.list.extend(ids.iter().map(|id| (*id, String::new(), String::new())));
        }
    }

    /// Rows whose lookup is cleared, each with what it named.
    pub(super) fn released(&mut self, field: &Field, rows: &[(Id, Id)]) {
        if self.root.is_some() {
            self.list.extend(rows.iter().map(|(id, parent)| (*id, field.name.clone(), parent.to_string())));
        }
    }

    pub(super) fn write(self, tx: &mut dyn Tx) -> Result<(), Failure> {
        let Some(root) = self.root else { return Ok(()) };
        for piece in self.list.chunks(AT_ONCE) {
            let mut params: Vec<Param> = Vec::with_capacity(piece.len() * 3 + 1);
            params.push(root.to_string().into());
            let mut rows = Vec::with_capacity(piece.len());
            for (id, field, parent) in piece {
                let at = params.len();
                rows.push(format!("(?{}, ?{}, ?{}, ?1)", at + 1, at + 2, at + 3));
                params.extend([id.to_string().into(), field.as_str().into(), parent.as_str().into()]);
            }
            let sql = format!(
                "INSERT INTO \"_bin\" (id, field, parent, root) VALUES {} ON CONFLICT (id, field) DO UPDATE SET parent = excluded.parent, \
                 root = excluded.root",
                rows.join(", ")
            );
            tx.execute(&Statement::new(sql, params))?;
        }
        Ok(())
    }
}

/// Takes records out of the recycle bin, with what went along with them and the lookups that named them. The outer error is a
/// failure of the whole; each record has its own outcome.
pub fn undelete(identity: &Identity, ids: &[Id], all_or_none: bool) -> Result<Vec<Result<Id, Failure>>, Failure> {
    let run = || each(identity, ids, all_or_none, &|bin, tx, id| bin.restore(tx, id), true);
    let fires = |id: &Id| {
        let catalog = identity.org.catalog();
        let set = catalog.apex();
        set.is_some_and(|set| catalog.object_of(*id).is_some_and(|object| set.triggers_of(&object.name).next().is_some()))
    };
    let outcomes = if ids.iter().any(fires) { roomy(run) } else { run() };
    Ok(outcomes?.into_iter().map(|outcome| outcome.map(|saved| saved.id)).collect())
}

/// Takes records out of the recycle bin within the transaction of a program.
pub(crate) fn undelete_within(
    tx: &mut dyn Tx,
    cx: &apex::Context<'_>,
    session: &mut Session,
    ids: &[Id],
    all_or_none: bool,
) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    let org = &*cx.identity.org;
    let growth = Growth::unbounded(org);
    let outcomes = {
        let bin = Bin { org, catalog: cx.catalog, identity: cx.identity, now: org.now().truncate_to_second(), growth: &growth };
        bin.each(tx, session, ids, all_or_none, &|bin, tx, id| bin.restore(tx, id), true)?
    };
    session.grown.push(growth);
    Ok(outcomes)
}

/// Takes records out of the recycle bin for good. The outcomes are as those of [`undelete`].
pub fn empty_recycle_bin(identity: &Identity, ids: &[Id], all_or_none: bool) -> Result<Vec<Result<Id, Failure>>, Failure> {
    let outcomes = each(identity, ids, all_or_none, &|bin, tx, id| bin.forget(tx, id), false)?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map(|saved| saved.id)).collect())
}

type One = dyn Fn(&Bin<'_>, &mut dyn Tx, Id) -> Result<(), Failure>;

fn each(identity: &Identity, ids: &[Id], all_or_none: bool, one: &One, comes_back: bool) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    let _place = identity.org.admit_save()?;
    let org = &*identity.org;
    org.on_current(|catalog| {
        let growth = Growth::unbounded(org);
        let bin = Bin { org, catalog, identity, now: org.now().truncate_to_second(), growth: &growth };
        let done = org.transact_shared(|tx| {
            org.still(tx, catalog)?;
            growth.clear();
            let mut session = Session::default();
            let outcomes = bin.each(tx, &mut session, ids, all_or_none, one, comes_back)?;
            if all_or_none && outcomes.iter().any(Result::is_err) {
                return Err(Failure::Batch(outcomes));
            }
            Ok((outcomes, session))
        });
        settled(identity, done, || growth.done(org))
    })
}

struct Bin<'a> {
    org: &'a Org,
    catalog: &'a Catalog,
    identity: &'a Identity,
    now: DateTime,
    growth: &'a Growth,
}

impl<'a> Bin<'a> {
    /// Does something to each record in a savepoint of its own; where records come back, with the triggers of their objects.
    fn each(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        ids: &[Id],
        all_or_none: bool,
        one: &One,
        comes_back: bool,
    ) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let saved = |id: Id| Saved { id, created: false, event: None };
        let mut outcomes = Vec::with_capacity(ids.len());
        for run in ids.chunk_by(|a, b| a.prefix() == b.prefix()) {
            if let Some((object, triggers)) = triggered::of(self.identity, self.catalog, run[0]).filter(|_| comes_back) {
                let mut piece = |tx: &mut dyn Tx, session: &mut Session, left: Vec<Id>| {
                    let mut act = |tx: &mut dyn Tx, _: &mut Session, id: Id| one(self, tx, id).map(|()| saved(id));
                    triggered::around(&triggers, object, tx, session, &left, (None, TriggerEvent::AfterUndelete), self.org, &mut act)
                };
                triggered::chunked(tx, session, self.growth, run, |id| Some(*id), all_or_none, &mut outcomes, &mut piece)?;
                continue;
            }
            let act = |tx: &mut dyn Tx, _: &mut Session, id: &Id| one(self, tx, *id).map(|()| saved(*id));
            outcomes.extend(super::each(tx, session, self.growth, run, false, act)?);
        }
        Ok(outcomes)
    }

    /// The object and the row of a record that is the root of a delete; none for all others.
    fn root(&self, tx: &mut dyn Tx, id: Id) -> Result<Option<(&'a Arc<Object>, Row)>, Failure> {
        let Some(object) = self.catalog.object_of(id).filter(|o| o.has_table() && self.org.has_rows(o)) else { return Ok(None) };
        let Some(row) = record::by_id_to_change(tx, self.org, object, id)?.filter(|row| row.is_deleted(object)) else { return Ok(None) };
        let noted = own("SELECT root FROM \"_bin\" WHERE id = ?1 AND field = ''", vec![id.to_string().into()]);
        let is_root = tx.first(&noted)?.is_some_and(|found| Id::parse(text(&found[0])) == Ok(id));
        Ok(is_root.then_some((object, row)))
    }

    fn forget_root(&self, tx: &mut dyn Tx, id: Id) -> Result<(), Failure> {
        tx.execute(&own("DELETE FROM \"_bin\" WHERE root = ?1", vec![id.to_string().into()]))?;
        Ok(())
    }

    /// Takes a record out of the bin for good.
    fn forget(&self, tx: &mut dyn Tx, id: Id) -> Result<(), Failure> {
        if self.root(tx, id)?.is_none() {
            let e = ApiError::new(ErrorCode::InvalidIdField, "invalid record id; no recycle bin entry found");
            return Err(e.with_fields(Vec::<String>::new()).into());
        }
        self.forget_root(tx, id)
    }

    /// Brings a record back (crud-073).
    fn restore(&self, tx: &mut dyn Tx, id: Id) -> Result<(), Failure> {
        let Some((object, row)) = self.root(tx, id)? else {
            let e = ApiError::new(ErrorCode::UndeleteFailed, "Entity is not in the recycle bin");
            return Err(e.with_fields(Vec::<String>::new()).into());
        };
        let (sets, lookups) = self.noted(tx, object, id)?;
        let mut back: HashSet<Id> = HashSet::new();
        let mut kept = Vec::with_capacity(sets.len());
        for (object, ids) in &sets {
            let (ids, gone) = self.with_parents(tx, object, ids, id, &back)?;
            // What has another master that was deleted since comes back with that one.
            for (id, master) in gone {
                let statement = "UPDATE \"_bin\" SET root = (SELECT b.root FROM \"_bin\" AS b WHERE b.id = ?2 AND b.field = '') WHERE id = ?1 \
                                 AND field = '' AND EXISTS (SELECT 1 FROM \"_bin\" AS b WHERE b.id = ?2 AND b.field = '')";
                tx.execute(&own(statement, vec![id.to_string().into(), master.to_string().into()]))?;
            }
            back.extend(&ids);
            kept.push((object.clone(), ids));
        }
        for (object, ids) in &kept {
            self.return_rows(tx, object, ids)?;
        }
        for (id, field, parent) in lookups {
            if back.contains(&parent) {
                self.point_again(tx, id, &field, parent)?;
            }
        }
        self.forget_root(tx, id)?;
        let Self { org, catalog, identity, now, .. } = *self;
        let cx = Context { org, catalog, identity, now, system: false };
        rules::came_back(tx, &cx, &kept, &back, object, &row)
    }

    /// What the delete of a root noted: rows by object, the root's own first, and lookups.
    #[allow(clippy::type_complexity, reason = "two lists")]
    fn noted(
        &self,
        tx: &mut dyn Tx,
        object: &Arc<Object>,
        root: Id,
    ) -> Result<(Vec<(Arc<Object>, Vec<Id>)>, Vec<(Id, String, Id)>), Failure> {
        let mut sets: Vec<(Arc<Object>, Vec<Id>)> = vec![(object.clone(), vec![root])];
        let mut lookups = Vec::new();
        let noted = own("SELECT id, field, parent FROM \"_bin\" WHERE root = ?1 ORDER BY id", vec![root.to_string().into()]);
        for row in tx.all(&noted)? {
            let Ok(id) = Id::parse(text(&row[0])) else { continue };
            match (text(&row[1]), Id::parse(text(&row[2]))) {
                ("", _) if id == root => {}
                ("", _) => {
                    let Some(object) = self.catalog.object_of(id) else { continue };
                    match sets.iter_mut().find(|(o, _)| Arc::ptr_eq(o, object)) {
                        Some((_, ids)) => ids.push(id),
                        None => sets.push((object.clone(), vec![id])),
                    }
                }
                (field, Ok(parent)) => lookups.push((id, field.to_owned(), parent)),
                _ => {}
            }
        }
        // Parents come before what cascades with them, however deep.
        let depth = self.depths(&sets);
        sets.sort_by_key(|(object, _)| depth.get(&object.name).copied().unwrap_or(0));
        Ok((sets, lookups))
    }

    /// How far below the root's object each object stands by relationships that cascade.
    fn depths(&self, sets: &[(Arc<Object>, Vec<Id>)]) -> HashMap<String, usize> {
        let mut depths: HashMap<String, usize> = HashMap::new();
        if let Some((root, _)) = sets.first() {
            depths.insert(root.name.clone(), 0);
        }
        // As many rounds as there are objects reach the deepest; loops end there too.
        for _ in sets {
            for (object, _) in sets {
                let Some(depth) = depths.get(&object.name).copied() else { continue };
                for relation in object.children().iter().filter(|c| c.cascade_delete && c.child != object.name) {
                    let below = depths.entry(relation.child.clone()).or_insert(depth + 1);
                    *below = (*below).max(depth + 1).min(sets.len());
                }
            }
        }
        depths
    }

    /// Those of the rows that can come back, and those that can't because another master of theirs is deleted, with that one.
    /// The root is refused then (crud-031). Lookups to rows that are deleted are cleared.
    #[allow(clippy::type_complexity, reason = "two lists")]
    fn with_parents(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        ids: &[Id],
        root: Id,
        back: &HashSet<Id>,
    ) -> Result<(Vec<Id>, Vec<(Id, Id)>), Failure> {
        let references: Vec<&Field> = object.fields().iter().filter(|f| f.ty == FieldType::Reference && f.has_column()).collect();
        let names: Vec<&str> = references.iter().map(|f| f.name.as_str()).chain(["Id"]).collect();
        let own: HashSet<Id> = ids.iter().copied().collect();
        let (mut returning, mut gone) = (Vec::with_capacity(ids.len()), Vec::new());
        for piece in ids.chunks(PIECE) {
            let rows = record::some(tx, self.org, object, piece, &names)?;
            let deleted =
                self.deleted_among(tx, rows.iter().flat_map(|row| references.iter().filter_map(|f| row.get(object, &f.name).as_id())))?;
            for row in rows {
                let Some(id) = row.get(object, "Id").as_id() else { continue };
                let mut master = None;
                for field in &references {
                    let Some(parent) = row.get(object, &field.name).as_id() else { continue };
                    if !deleted.contains(&parent) || back.contains(&parent) || own.contains(&parent) {
                        continue;
                    }
                    if self.cascades(object, field, parent) {
                        master = Some(parent);
                    } else if field.nillable {
                        let statement = sql::update(object, &[*field], vec![OwnedCell::Null], &id.to_string(), self.org.store.dialect());
                        tx.execute(&statement)?;
                    }
                }
                match master {
                    Some(_) if id == root => return Err(record::deleted().into()),
                    Some(master) => gone.push((id, master)),
                    None => returning.push(id),
                }
            }
        }
        Ok((returning, gone))
    }

    /// Those of the ids whose row is in the recycle bin. The rows are kept from others until the transaction ends: what is not deleted
    /// now is referred to.
    fn deleted_among(&self, tx: &mut dyn Tx, ids: impl Iterator<Item = Id>) -> Result<HashSet<Id>, Failure> {
        let mut by_object: HashMap<String, HashSet<Id>> = HashMap::new();
        for id in ids {
            if let Some(object) = self.catalog.object_of(id)
                && object.has_table()
                && object.field("IsDeleted").is_some()
                && self.org.has_rows(object)
            {
                by_object.entry(object.name.clone()).or_default().insert(id);
            }
        }
        let mut deleted = HashSet::new();
        for (name, ids) in by_object {
            let Some(object) = self.catalog.object(&name) else { continue };
            let ids: Vec<Id> = ids.into_iter().collect();
            for piece in ids.chunks(PIECE) {
                let rows = record::some_to_refer(tx, self.org, object, piece, &["Id", "IsDeleted"])?;
                deleted.extend(rows.iter().filter(|row| row.is_deleted(object)).filter_map(|row| row.get(object, "Id").as_id()));
            }
        }
        Ok(deleted)
    }

    /// Whether a row goes with what a reference of it names.
    fn cascades(&self, object: &Object, field: &Field, parent: Id) -> bool {
        let relations = self.catalog.object_of(parent).map_or(&[][..], |parent| parent.children());
        relations.iter().any(|c| c.cascade_delete && c.child == object.name && c.field == field.name)
    }

    /// Rows of one object are there again.
    fn return_rows(&self, tx: &mut dyn Tx, object: &Object, ids: &[Id]) -> Result<(), Failure> {
        let Some(deleted) = object.field("IsDeleted") else { return Ok(()) };
        if ids.is_empty() {
            return Ok(());
        }
        self.still_unique(tx, object, ids)?;
        let mut fields = vec![deleted];
        let mut cells = vec![OwnedCell::Int(0)];
        for (name, value) in write::stamps(self.identity, self.now) {
            if let Some(field) = object.field(name) {
                fields.push(field);
                cells.push(field.cell_kind().to_cell(&value));
            }
        }
        // What was merged into another is a record of its own again.
        if let Some(master) = object.field("MasterRecordId") {
            fields.push(master);
            cells.push(OwnedCell::Null);
        }
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        tx.execute(&sql::update_all(object, &fields, cells, &texts, self.org.store.dialect()))?;
        self.growth.unbin(tx, self.org, object, ids)
    }

    /// DUPLICATE_VALUE where another record has taken a unique value meanwhile (crud-042).
    fn still_unique(&self, tx: &mut dyn Tx, object: &Object, ids: &[Id]) -> Result<(), Failure> {
        let names: Vec<&str> =
            object.fields().iter().filter(|f| f.unique && f.name != "Id" && f.has_column()).map(|f| f.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        for piece in ids.chunks(PIECE) {
            for row in record::some(tx, self.org, object, piece, &names)? {
                write::unique(tx, self.org, object, &row, None, None)?;
            }
        }
        Ok(())
    }

    /// A lookup that the delete cleared names its record again, unless it was given another or its own row has gone.
    fn point_again(&self, tx: &mut dyn Tx, id: Id, field: &str, parent: Id) -> Result<(), Failure> {
        let Some((object, field)) = self.catalog.object_of(id).and_then(|object| Some((object, object.field(field)?))) else {
            return Ok(());
        };
        // The field may be another than the one that was cleared, under the same name.
        let names = |parent: &Arc<Object>| field.reference_to.iter().any(|to| to.eq_ignore_ascii_case(&parent.name));
        if field.ty != FieldType::Reference || !self.catalog.object_of(parent).is_some_and(names) {
            return Ok(());
        }
        let Some(row) = record::by_id_to_change(tx, self.org, object, id)? else { return Ok(()) };
        if row.is_deleted(object) || !row.get(object, &field.name).is_null() {
            return Ok(());
        }
        let mut fields = vec![field];
        let mut cells = vec![field.cell_kind().to_cell(&Value::Id(parent))];
        if let Some(stamp) = object.field("SystemModstamp") {
            fields.push(stamp);
            cells.push(stamp.cell_kind().to_cell(&Value::DateTime(self.now)));
        }
        tx.execute(&sql::update(object, &fields, cells, &id.to_string(), self.org.store.dialect()))?;
        Ok(())
    }
}
