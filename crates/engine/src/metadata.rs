//! Custom objects and fields of an org: kept in its database, built into its catalog, changed one at a time or as a
//! project, whole or not at all.

use crate::system::{int, own, text};
use crate::{Failure, Identity, Org, ids};
use orglet_base::{ApiError, DateTime, Dialect, ErrorCode, Id, KeyPrefix, Statement, fold_name};
use orglet_plan::ddl;
use orglet_schema::custom::{self, FieldDef, ObjectDef};
use orglet_schema::{Catalog, CellKind, Object, standard, tooling};
use orglet_store::{Store, StoreError, Tx};
use std::sync::Arc;

/// `kind` of a custom object.
pub(crate) const OBJECT: &str = "object";
/// `kind` of a custom field.
pub(crate) const FIELD: &str = "field";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A custom object or field as it is kept.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its id: `01I…` or `00N…`.
    pub id: Id,
    /// `object` or `field`.
    pub(crate) kind: String,
    /// The object it is, or is on.
    pub object: String,
    /// Its own API name.
    pub name: String,
    prefix: Option<KeyPrefix>,
    body: Body,
    /// When it was made, canonical.
    pub created: String,
    /// When it was last changed, canonical.
    pub modified: String,
    /// Id of the user who made it.
    pub author: String,
}

#[derive(Clone, Debug)]
enum Body {
    Object(ObjectDef),
    Field(FieldDef),
}

impl Custom {
    /// The definition of a custom object, without its fields.
    pub fn object_def(&self) -> Option<&ObjectDef> {
        match &self.body {
            Body::Object(def) => Some(def),
            Body::Field(_) => None,
        }
    }

    /// The definition of a custom field.
    pub fn field_def(&self) -> Option<&FieldDef> {
        match &self.body {
            Body::Field(def) => Some(def),
            Body::Object(_) => None,
        }
    }
}

/// A change of metadata.
#[derive(Debug)]
pub enum Edit {
    /// A new custom object. Its definition's own fields are made with it.
    AddObject(ObjectDef),
    /// A custom object with another definition; its fields stay.
    ChangeObject(Id, ObjectDef),
    /// A new custom field.
    AddField(FieldDef),
    /// A custom field with another definition.
    ChangeField(Id, FieldDef),
    /// Takes a custom object or field away, with its data.
    Remove(Id),
}

/// Every custom object and field, oldest first.
pub(crate) fn all(org: &Org) -> Result<Vec<Custom>, Failure> {
    stored(&*org.store)
}

/// A custom object or field by its id.
pub fn find(org: &Org, id: Id) -> Result<Option<Custom>, Failure> {
    Ok(all(org)?.into_iter().find(|c| c.id == id))
}

/// The catalog of the Tooling API.
pub fn tooling_catalog(org: &Org) -> Catalog {
    let catalog = org.catalog();
    Catalog::new(catalog.version(), catalog.modified(), tooling::objects(), Default::default())
}

fn stored(store: &dyn Store) -> Result<Vec<Custom>, Failure> {
    let rows = store.read_with::<_, Failure>(|tx| {
        Ok(tx.all(&own("SELECT id, kind, object, name, prefix, body, created, modified, author FROM \"_custom\" ORDER BY rowid", vec![]))?)
    })?;
    let broken = |what: &str| Failure::Store(StoreError::Other(format!("a custom definition cannot be read: {what}")));
    rows.iter()
        .map(|row| {
            let body = match text(&row[1]) {
                OBJECT => serde_json::from_str(text(&row[5])).map(Body::Object),
                _ => serde_json::from_str(text(&row[5])).map(Body::Field),
            };
            Ok(Custom {
                id: Id::parse(text(&row[0])).map_err(|_| broken(text(&row[0])))?,
                kind: text(&row[1]).to_owned(),
                object: text(&row[2]).to_owned(),
                name: text(&row[3]).to_owned(),
                prefix: KeyPrefix::parse(text(&row[4])),
                body: body.map_err(|e| broken(&e.to_string()))?,
                created: text(&row[6]).to_owned(),
                modified: text(&row[7]).to_owned(),
                author: text(&row[8]).to_owned(),
            })
        })
        .collect()
}

/// The catalog of an org that is being opened.
pub(crate) fn load(store: &dyn Store, now: DateTime) -> Result<Catalog, Failure> {
    let meta = |name: &'static str| {
        store.read_with::<_, Failure>(|tx| {
            Ok(tx.first(&own("SELECT value FROM \"_meta\" WHERE name = ?1", vec![name.into()]))?.map(|r| text(&r[0]).to_owned()))
        })
    };
    let version = meta("catalog_version")?.and_then(|v| v.parse().ok()).unwrap_or(1);
    let modified = match meta("catalog_modified")?.and_then(|t| DateTime::parse(&t)) {
        Some(time) => time,
        None => {
            let now = now.truncate_to_second();
            store.transact_with::<_, Failure>(|tx| note_change(tx, version, now))?;
            now
        }
    };
    build(&stored(store)?, version, modified)
}

fn note_change(tx: &mut dyn Tx, version: u64, modified: DateTime) -> Result<(), Failure> {
    for (name, value) in [("catalog_version", version.to_string()), ("catalog_modified", modified.to_canonical())] {
        tx.execute(&own("INSERT OR REPLACE INTO \"_meta\" VALUES (?1, ?2)", vec![name.into(), value.into()]))?;
    }
    Ok(())
}

fn build(customs: &[Custom], version: u64, modified: DateTime) -> Result<Catalog, Failure> {
    let objects: Vec<(ObjectDef, KeyPrefix)> = customs.iter().filter_map(|c| Some((c.object_def()?.clone(), c.prefix?))).collect();
    let fields: Vec<FieldDef> = customs.iter().filter_map(|c| c.field_def().cloned()).collect();
    let set = standard::objects();
    let overlay = custom::overlay(&set, &objects, &fields).map_err(|e| Failure::Definition(Box::new(e)))?;
    Ok(Catalog::new(version, modified, set, overlay))
}

/// Makes changes, all or none; answers the id of each thing added or changed, in order. They are in the catalog when
/// this returns.
pub fn apply(identity: &Identity, edits: Vec<Edit>) -> Result<Vec<Id>, Failure> {
    let org = &identity.org;
    let _one_at_a_time = org.changing.lock();
    let old = org.catalog();
    let now = org.now().truncate_to_second();
    let mut draft = Draft { org, identity, now, customs: stored(&*org.store)?, changed: Vec::new(), removed: Vec::new() };
    let mut ids = Vec::with_capacity(edits.len());
    for edit in edits {
        ids.push(draft.apply(edit)?);
    }
    let modified = if now > old.modified() { now } else { DateTime(old.modified().0 + 1000) };
    let new = build(&draft.customs, old.version() + 1, modified)?;
    let statements = migration(org, &old, &new)?;
    org.store.transact_with::<_, Failure>(|tx| {
        for statement in &statements {
            tx.execute(statement)?;
        }
        for id in &draft.removed {
            tx.execute(&own("DELETE FROM \"_custom\" WHERE id = ?1", vec![id.to_string().into()]))?;
        }
        for custom in draft.customs.iter().filter(|c| draft.changed.contains(&c.id)) {
            tx.execute(&insert(custom)?)?;
        }
        note_change(tx, new.version(), new.modified())
    })?;
    for object in old.objects() {
        if new.object(&object.name).is_none() {
            org.forget_table(&object.name);
        }
    }
    org.set_catalog(new);
    Ok(ids)
}

fn insert(custom: &Custom) -> Result<Statement, Failure> {
    let body = match &custom.body {
        Body::Object(def) => serde_json::to_string(def),
        Body::Field(def) => serde_json::to_string(def),
    }
    .map_err(|e| StoreError::Other(e.to_string()))?;
    let prefix = custom.prefix.map(|p| p.to_string()).unwrap_or_default();
    Ok(own(
        "INSERT INTO \"_custom\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (id) DO UPDATE SET name = ?4, body = ?6, modified = ?8",
        vec![
            custom.id.to_string().into(),
            custom.kind.as_str().into(),
            custom.object.as_str().into(),
            custom.name.as_str().into(),
            prefix.into(),
            body.into(),
            custom.created.as_str().into(),
            custom.modified.as_str().into(),
            custom.author.as_str().into(),
        ],
    ))
}

struct Draft<'a> {
    org: &'a Org,
    identity: &'a Identity,
    now: DateTime,
    customs: Vec<Custom>,
    changed: Vec<Id>,
    removed: Vec<Id>,
}

impl Draft<'_> {
    fn apply(&mut self, edit: Edit) -> Result<Id, Failure> {
        match edit {
            Edit::AddObject(mut def) => {
                let fields = std::mem::take(&mut def.fields);
                let prefix = self.next_prefix()?;
                let name = def.full_name.clone();
                let id = self.add(OBJECT, &name, &name, Some(prefix), Body::Object(def))?;
                for mut field in fields {
                    field.object.clone_from(&name);
                    self.apply(Edit::AddField(field))?;
                }
                Ok(id)
            }
            Edit::AddField(def) => {
                let object = self.org.catalog().object(&def.object).map_or_else(|| def.object.clone(), |o| o.name.clone());
                let object = self
                    .customs
                    .iter()
                    .find(|c| c.kind == OBJECT && c.name.eq_ignore_ascii_case(&object))
                    .map_or(object, |c| c.name.clone());
                let name = def.full_name.clone();
                self.add(FIELD, &object, &name, None, Body::Field(FieldDef { object: object.clone(), ..def }))
            }
            Edit::ChangeObject(id, mut def) => {
                def.fields.clear();
                self.change(id, Body::Object(def))
            }
            Edit::ChangeField(id, def) => self.change(id, Body::Field(def)),
            Edit::Remove(id) => self.remove(id),
        }
    }

    fn add(&mut self, kind: &str, object: &str, name: &str, prefix: Option<KeyPrefix>, body: Body) -> Result<Id, Failure> {
        if self.customs.iter().any(|c| c.kind == kind && c.object.eq_ignore_ascii_case(object) && c.name.eq_ignore_ascii_case(name)) {
            let what = if kind == OBJECT { "object" } else { "field" };
            let shown = if kind == OBJECT { name.to_owned() } else { format!("{name} on {object}") };
            let text = format!("There is already a {what} named {shown}.");
            return Err(ApiError::new(ErrorCode::DuplicateDeveloperName, text).with_fields(["DeveloperName"]).into());
        }
        let prefix_of_id = if kind == OBJECT { tooling::CUSTOM_OBJECT } else { tooling::CUSTOM_FIELD };
        let id = self.org.new_ids(KeyPrefix::parse(prefix_of_id).unwrap_or(ids::seeded(prefix_of_id, 0).prefix()), 1)?[0];
        let stamp = self.now.to_canonical();
        self.customs.push(Custom {
            id,
            kind: kind.to_owned(),
            object: object.to_owned(),
            name: name.to_owned(),
            prefix,
            body,
            created: stamp.clone(),
            modified: stamp,
            author: self.identity.user.id.to_string(),
        });
        self.changed.push(id);
        Ok(id)
    }

    fn change(&mut self, id: Id, body: Body) -> Result<Id, Failure> {
        let custom = self.customs.iter_mut().find(|c| c.id == id).ok_or_else(crate::save::no_row)?;
        let renamed = match &body {
            Body::Object(def) => !def.full_name.eq_ignore_ascii_case(&custom.name),
            Body::Field(def) => !def.full_name.eq_ignore_ascii_case(&custom.name) || !def.object.eq_ignore_ascii_case(&custom.object),
        };
        if renamed {
            let e = ApiError::new(ErrorCode::FieldIntegrityException, "The name of a custom object or field cannot be changed here");
            return Err(e.with_fields(["FullName"]).into());
        }
        custom.body = body;
        custom.modified = self.now.to_canonical();
        self.changed.push(id);
        Ok(id)
    }

    fn remove(&mut self, id: Id) -> Result<Id, Failure> {
        let at = self.customs.iter().position(|c| c.id == id).ok_or_else(crate::save::no_row)?;
        let custom = self.customs.remove(at);
        self.removed.push(id);
        if custom.kind == OBJECT {
            let own: Vec<Id> = self.customs.iter().filter(|c| c.object.eq_ignore_ascii_case(&custom.name)).map(|c| c.id).collect();
            for field in own {
                self.remove(field)?;
            }
        }
        self.changed.retain(|c| *c != id);
        Ok(id)
    }

    /// Key prefixes of custom objects go a00, a01 … a0Z, a0a … in the order of creation, and are never used again.
    fn next_prefix(&self) -> Result<KeyPrefix, Failure> {
        let n = self.org.store.transact_with::<_, Failure>(|tx| {
            let found = tx.first(&own("SELECT next FROM \"_counters\" WHERE name = 'custom prefix'", vec![]))?;
            let n = found.map_or(0, |row| int(&row[0]));
            tx.execute(&own(
                "INSERT INTO \"_counters\" VALUES ('custom prefix', ?1) ON CONFLICT (name) DO UPDATE SET next = ?1",
                vec![(n + 1).into()],
            ))?;
            Ok(n as usize)
        })?;
        if n >= DIGITS.len() * DIGITS.len() {
            return Err(ApiError::new(ErrorCode::LimitExceeded, "this org has no key prefix left for another custom object").into());
        }
        Ok(KeyPrefix([b'a', DIGITS[n / 62], DIGITS[n % 62]]))
    }
}

/// The statements that bring the tables that exist from one catalog to another.
fn migration(org: &Org, old: &Catalog, new: &Catalog) -> Result<Vec<Statement>, Failure> {
    let dialect = org.store.dialect();
    let mut statements = Vec::new();
    for before in old.objects().into_iter().filter(|o| o.has_table() && org.has_rows(o)) {
        match new.object(&before.name) {
            None => statements.extend(ddl::drop_table(before, dialect)),
            Some(after) if Arc::ptr_eq(before, after) => {}
            Some(after) => columns(before, after, dialect, &mut statements)?,
        }
    }
    Ok(statements)
}

fn columns(before: &Object, after: &Object, dialect: Dialect, statements: &mut Vec<Statement>) -> Result<(), Failure> {
    for field in before.fields().iter().filter(|f| f.has_column() && f.custom) {
        match after.field(&field.name).filter(|f| f.has_column()) {
            None => statements.extend(ddl::drop_column(before, field, dialect)),
            Some(now) if now.cell_kind() != field.cell_kind() && !both_text(now.cell_kind(), field.cell_kind()) => {
                let text =
                    format!("The type of {} cannot be changed while it may hold data; delete the field and make a new one", field.name);
                return Err(ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields(["Metadata"]).into());
            }
            Some(now) => {
                let index = |f: &orglet_schema::Field| (f.unique, f.external_id, f.id_lookup, f.case_sensitive);
                if index(now) != index(field) {
                    statements.push(ddl::drop_index(before, &field.name, dialect));
                    statements.extend(ddl::create_index(after, now, dialect));
                }
            }
        }
    }
    for field in after.fields().iter().filter(|f| f.has_column()) {
        if before.field(&field.name).is_none_or(|b| fold_name(&b.name) != fold_name(&field.name)) {
            statements.extend(ddl::add_column(after, field, dialect));
        }
    }
    Ok(())
}

fn both_text(a: CellKind, b: CellKind) -> bool {
    a == CellKind::Text && b == CellKind::Text
}
