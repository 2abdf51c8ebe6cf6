//! Custom objects and fields of an org, and what else objects have: kept in its database, built into its catalog, changed one at a time or as a
//! project, whole or not at all.

pub mod apex;
mod dependants;
mod draft;
mod places;
mod rows;
mod switches;
mod tables;
mod trees;
pub(crate) mod value_sets;

pub(crate) use rows::{process_of, stand_for_definitions};
pub(crate) use switches::{Switches, switch};
pub(crate) use trees::file_of;
pub use trees::{node, object_node};

use draft::{Draft, Prefixes};

use crate::formula::rules;
use crate::formula::touch::Touched;
use crate::settings::Kept;
use crate::system::{int, own, text};
use crate::{Failure, Identity, Org, flow, matching};
use orglet_base::{DateTime, Id, KeyPrefix, OwnedCell, Statement};
use orglet_schema::custom::part::{self, standard_rules};
use orglet_schema::custom::{self, ApexDef, ApexKind, DefError, FieldDef, ObjectDef, PartDef};
use orglet_schema::{Catalog, Object, standard, tooling};
use orglet_store::{Store, StoreError, Tx};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;

/// `kind` of a custom object.
pub(crate) const OBJECT: &str = "object";
/// `kind` of a custom field.
pub(crate) const FIELD: &str = "field";

/// The counter of the key prefixes given to custom objects.
pub(crate) const PREFIXES: &str = "custom prefix";
/// The counter of the key prefixes given to platform events.
pub(crate) const EVENT_PREFIXES: &str = "event prefix";

/// A custom object, a custom field or a part of an object as it is kept.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its id: `01I…`, `00N…` or what begins with the prefix of its kind.
    pub id: Id,
    /// `object`, `field`, or the metadata type of a part, a class or a trigger.
    pub(crate) kind: String,
    /// The object it is, or is on; empty for classes.
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
    Part(PartDef),
    Apex(ApexDef),
}

impl Custom {
    /// The definition of a custom object, without its fields.
    pub fn object_def(&self) -> Option<&ObjectDef> {
        match &self.body {
            Body::Object(def) => Some(def),
            _ => None,
        }
    }

    /// The whole definition in the Metadata API's names.
    pub fn to_metadata(&self) -> serde_json::Value {
        match &self.body {
            Body::Object(def) => def.to_metadata(),
            Body::Field(def) => def.to_metadata(),
            Body::Part(def) => def.to_metadata(),
            Body::Apex(def) => def.to_metadata(),
        }
    }

    /// The definition of a custom field.
    pub fn field_def(&self) -> Option<&FieldDef> {
        match &self.body {
            Body::Field(def) => Some(def),
            _ => None,
        }
    }

    /// The definition of a part of an object.
    pub fn part_def(&self) -> Option<&PartDef> {
        match &self.body {
            Body::Part(def) => Some(def),
            _ => None,
        }
    }

    /// A class or a trigger.
    pub fn apex_def(&self) -> Option<&ApexDef> {
        match &self.body {
            Body::Apex(def) => Some(def),
            _ => None,
        }
    }

    /// Its metadata type.
    pub fn type_name(&self) -> &'static str {
        match &self.body {
            Body::Object(_) => "CustomObject",
            Body::Field(_) => "CustomField",
            Body::Part(def) => def.kind().name,
            Body::Apex(def) => def.kind.name(),
        }
    }

    /// What its kind is called.
    pub fn label(&self) -> &'static str {
        match &self.body {
            Body::Object(_) => "Custom Object",
            Body::Field(_) => "Custom Field",
            Body::Part(def) => def.kind().label,
            Body::Apex(def) => def.kind.label(),
        }
    }

    /// What errors call it.
    pub(crate) fn subject(&self) -> String {
        match &self.body {
            Body::Object(def) => def.full_name.clone(),
            Body::Field(def) => def.qualified_name(),
            Body::Part(def) => def.qualified_name(),
            Body::Apex(def) => def.qualified_name(),
        }
    }

    /// Its name, with its object's unless it is one or Apex.
    pub fn full_name(&self) -> String {
        match &self.body {
            Body::Object(_) | Body::Apex(_) => self.name.clone(),
            Body::Part(def) if part::is_of_org(def.kind()) => self.name.clone(),
            Body::Field(_) | Body::Part(_) => format!("{}.{}", self.object, self.name),
        }
    }
}

/// A change of metadata.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A new custom object. Its definition's own fields are made with it.
    AddObject(ObjectDef),
    /// A custom object with another definition; its fields stay.
    ChangeObject(Id, ObjectDef),
    /// A new custom field.
    AddField(FieldDef),
    /// A custom field with another definition.
    ChangeField(Id, FieldDef),
    /// A new part of an object.
    AddPart(PartDef),
    /// A part of an object with another definition.
    ChangePart(Id, PartDef),
    /// A new class or trigger.
    AddApex(ApexDef),
    /// A class or a trigger with another body, or other settings.
    ChangeApex(Id, ApexDef),
    /// Takes something away, with its data.
    Remove(Id),
}

impl Edit {
    /// What errors call the definition that it brings.
    pub(crate) fn subject(&self) -> Option<String> {
        match self {
            Edit::AddObject(def) | Edit::ChangeObject(_, def) => Some(def.full_name.clone()),
            Edit::AddField(def) | Edit::ChangeField(_, def) => Some(def.qualified_name()),
            Edit::AddPart(def) | Edit::ChangePart(_, def) => Some(def.qualified_name()),
            Edit::AddApex(def) | Edit::ChangeApex(_, def) => Some(def.qualified_name()),
            Edit::Remove(_) => None,
        }
    }

    /// Whether it would leave a definition as it is.
    pub(crate) fn leaves(&self, custom: &Custom) -> bool {
        let brought = match (self, &custom.body) {
            (Edit::ChangeApex(_, new), Body::Apex(old)) => {
                return new.body == old.body && new.api_version == old.api_version && new.active == old.active;
            }
            // What a set holds is no part of what a field that uses it says.
            (Edit::ChangeField(_, new), Body::Field(old)) if values_differ(new, old) => return false,
            (Edit::ChangeObject(_, def), _) => def.to_metadata(),
            (Edit::ChangeField(_, def), _) => def.to_metadata(),
            (Edit::ChangePart(_, def), _) => def.to_metadata(),
            _ => return false,
        };
        brought == custom.to_metadata()
    }

    fn removes(&self) -> Option<Id> {
        match self {
            Edit::Remove(id) => Some(*id),
            _ => None,
        }
    }
}

fn values_differ(a: &FieldDef, b: &FieldDef) -> bool {
    let set = |def: &FieldDef| def.value_set.as_ref().and_then(|set| set.global());
    set(a) != set(b)
}

/// Everything that is defined, oldest first.
pub fn all(org: &Org) -> Result<Vec<Custom>, Failure> {
    stored(&*org.store)
}

/// A definition by its id.
pub fn find(org: &Org, id: Id) -> Result<Option<Custom>, Failure> {
    let row = org.store.read_with::<_, Failure>(|tx| Ok(tx.first(&select("WHERE id = ?1", vec![id.to_string().into()]))?))?;
    row.as_deref().map(read).transpose()
}

/// The catalog of the Tooling API.
pub fn tooling_catalog(org: &Org) -> Arc<Catalog> {
    org.tooling_catalog()
}

/// The Tooling API's catalog that goes with an org's.
pub(crate) fn tooling_over(catalog: &Catalog) -> Catalog {
    Catalog::new(catalog.version(), catalog.modified(), tooling::objects(), Default::default())
}

fn select(rest: &str, params: Vec<orglet_base::Param>) -> Statement {
    let sql = format!("SELECT id, kind, object, name, prefix, body, created, modified, author FROM \"_custom\" {rest}");
    Statement::new(sql, params)
}

fn stored(store: &dyn Store) -> Result<Vec<Custom>, Failure> {
    store.read_with(within)
}

/// Everything that is defined, oldest first, as a transaction finds it.
pub(crate) fn within(tx: &mut dyn Tx) -> Result<Vec<Custom>, Failure> {
    let rows = tx.all(&select("ORDER BY rowid", vec![]))?;
    rows.iter().map(|row| read(row)).collect()
}

fn read(row: &[OwnedCell]) -> Result<Custom, Failure> {
    let broken = |what: &str| Failure::Store(StoreError::Other(format!("a custom definition cannot be read: {what}")));
    let body = match text(&row[1]) {
        OBJECT => serde_json::from_str(text(&row[5])).map(Body::Object),
        FIELD => serde_json::from_str(text(&row[5])).map(Body::Field),
        kind if ApexKind::of(kind).is_some() => serde_json::from_str(text(&row[5])).map(Body::Apex),
        kind => PartDef::from_stored(kind, text(&row[5])).map(Body::Part),
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
}

/// How often an opening is begun again because another process changes the metadata meanwhile.
const MOST_LOADS: usize = 8;

/// The catalog of an org that is being opened. Tables made by a release with other standard objects get the columns
/// that they lack, and clients learn that the schema changed.
pub(crate) fn load(store: &dyn Store, now: DateTime) -> Result<Catalog, Failure> {
    for _ in 1..MOST_LOADS {
        let loaded = load_once(store, now);
        if !loaded.as_ref().is_err_and(Failure::is_stale) {
            return loaded;
        }
    }
    load_once(store, now)
}

fn load_once(store: &dyn Store, now: DateTime) -> Result<Catalog, Failure> {
    let (version, modified, known, customs, switches, keys) = store.read_with::<_, Failure>(|tx| {
        let modified = noted(tx, "catalog_modified")?.and_then(|t| DateTime::parse(&t));
        let switches = Switches::of(&Kept::within(tx)?);
        Ok((version_within(tx)?.unwrap_or(1), modified, noted(tx, "standard_objects")?, within(tx)?, switches, matching::noted(tx)?))
    })?;
    // Rules about standard objects are in the code as well as in the data, hence the release.
    let set = format!("{} {:016x}", env!("CARGO_PKG_VERSION"), standard::fingerprint());
    if let (Some(modified), true) = (modified, known.as_deref() == Some(set.as_str())) {
        let catalog = build(&customs, &[], switches, version, modified)?;
        if matching::are_settled(&catalog, &keys) {
            return Ok(catalog);
        }
    }
    let was = version;
    let version = if modified.is_some() { version + 1 } else { version };
    let catalog = build(&customs, &[], switches, version, after(modified, now))?;
    let statements = tables::missing_columns(store, &catalog)?;
    let there: Vec<String> = store.tables()?;
    let has_rows = |object: &Object| there.iter().any(|table| table.eq_ignore_ascii_case(&object.name));
    store.transact_alone_with::<_, Failure>(|tx| {
        if noted(tx, "standard_objects")? != known || version_within(tx)?.unwrap_or(1) != was {
            // Another process saw to it, or changed something, since this one looked.
            return Err(StoreError::Schema("another process has changed the metadata".to_owned()).into());
        }
        for statement in &statements {
            tx.execute(statement)?;
        }
        matching::settle(tx, &catalog, store.dialect(), &has_rows)?;
        note(tx, "standard_objects", set.clone())?;
        note_change(tx, catalog.version(), catalog.modified())
    })?;
    Ok(catalog)
}

/// When a change happens: now, but later than the one before, in whole seconds.
fn after(last: Option<DateTime>, now: DateTime) -> DateTime {
    let now = now.truncate_to_second();
    match last {
        Some(last) if now <= last => DateTime(last.0 + 1000),
        _ => now,
    }
}

/// What `_meta` says of a name.
pub(crate) fn noted(tx: &mut dyn Tx, name: &'static str) -> Result<Option<String>, Failure> {
    Ok(tx.first(&own("SELECT value FROM \"_meta\" WHERE name = ?1", vec![name.into()]))?.map(|r| text(&r[0]).to_owned()))
}

/// Has `_meta` say something of a name.
pub(crate) fn note(tx: &mut dyn Tx, name: &'static str, value: String) -> Result<(), Failure> {
    tx.execute(&own(
        "INSERT INTO \"_meta\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        vec![name.into(), value.into()],
    ))?;
    Ok(())
}

/// The version of the catalog that a transaction finds.
pub(crate) fn version_within(tx: &mut dyn Tx) -> Result<Option<u64>, Failure> {
    Ok(noted(tx, "catalog_version")?.and_then(|v| v.parse().ok()))
}

fn note_change(tx: &mut dyn Tx, version: u64, modified: DateTime) -> Result<(), Failure> {
    note(tx, "catalog_version", version.to_string())?;
    note(tx, "catalog_modified", modified.to_canonical())
}

/// Carries the version of the catalog over to another content that takes its place: later than both.
pub(crate) fn carry_version(old: &mut dyn Tx, new: &mut dyn Tx, now: DateTime) -> Result<(), Failure> {
    let version = version_within(old)?.max(version_within(new)?).unwrap_or(0) + 1;
    let last = |tx: &mut dyn Tx| Ok::<_, Failure>(noted(tx, "catalog_modified")?.and_then(|t| DateTime::parse(&t)));
    let modified = last(old)?.max(last(new)?);
    note_change(new, version, after(modified, now))
}

/// The catalog of definitions; `changed` are the ids of those that have not been accepted before, `switches` what its settings say.
fn build(customs: &[Custom], changed: &[Id], switches: Switches, version: u64, modified: DateTime) -> Result<Catalog, Failure> {
    build_all(customs, changed, switches, version, modified).map_err(|all| Seen::default().all(all))
}

/// As [`build`], but tells all that is wrong.
fn build_all(customs: &[Custom], changed: &[Id], switches: Switches, version: u64, modified: DateTime) -> Result<Catalog, Vec<DefError>> {
    let objects: Vec<(ObjectDef, KeyPrefix)> = customs.iter().filter_map(|c| Some((c.object_def()?.clone(), c.prefix?))).collect();
    let fields: Vec<FieldDef> = customs.iter().filter_map(|c| c.field_def().cloned()).collect();
    let changed: HashSet<Id> = changed.iter().copied().collect();
    let mut parts: Vec<PartDef> =
        customs.iter().filter_map(|c| Some(c.part_def()?.clone().stored(c.id, !changed.contains(&c.id)))).collect();
    let implied = standard_rules::implied(&parts, switches.duplicate_rules);
    parts.extend(implied);
    let set = match (switches.sites, switches.places) {
        (true, places) => standard::objects_with_sites(places),
        (false, true) => standard::objects_with_places(),
        (false, false) => standard::objects(),
    };
    let overlay = custom::overlay(&set, &objects, &fields, &parts)?;
    let flows = parts.into_iter().filter_map(|part| if let PartDef::Flow(def) = part { Some(def) } else { None });
    Ok(Catalog::new(version, modified, set, overlay).with_flows(flows).with_apex(apex::set(customs)))
}

/// Makes changes, all or none; answers the id of each thing added or changed, in order. They are in the catalog when
/// this returns.
pub fn apply(identity: &Identity, edits: Vec<Edit>) -> Result<Vec<Id>, Failure> {
    apply_telling(identity, edits).map_err(|refusal| refusal.failure)
}

/// Why changes are refused.
#[derive(Debug)]
pub struct Refusal {
    /// Which of the changes it is for, as far as that can be told; the last one where it cannot.
    pub at: usize,
    /// What is wrong.
    pub failure: Failure,
    /// What else is wrong with definitions, as far as it was seen in the same look.
    pub others: Vec<DefError>,
}

/// What a change tells beside how it ended.
#[derive(Default)]
struct Seen {
    /// Which of the changes it is at.
    at: Cell<usize>,
    /// What is wrong with definitions, the first one left out.
    others: RefCell<Vec<DefError>>,
}

impl Seen {
    /// The failure that stands for all that is wrong, which is noted.
    fn all(&self, mut errors: Vec<DefError>) -> Failure {
        let first = if errors.is_empty() { DefError::integrity("The definitions do not fit together") } else { errors.remove(0) };
        self.others.replace(errors);
        Failure::Definition(Box::new(first))
    }
}

/// As [`apply()`], but tells which of the changes is refused.
pub fn apply_telling(identity: &Identity, edits: Vec<Edit>) -> Result<Vec<Id>, Refusal> {
    apply_for(identity, edits, Purpose::Keep)
}

/// Makes changes as far as that tells whether they would be refused, and takes them back.
pub(crate) fn try_out(identity: &Identity, edits: Vec<Edit>) -> Result<(), Refusal> {
    apply_for(identity, edits, Purpose::Try).map(|_| ())
}

/// Whether changes last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Keep,
    Try,
}

/// What takes changes back that were only tried.
const TRIED: &str = "the changes were only tried";

fn apply_for(identity: &Identity, edits: Vec<Edit>, purpose: Purpose) -> Result<Vec<Id>, Refusal> {
    let seen = Seen::default();
    let done =
        identity.org.keep_up().and_then(|_| rows::ensure(&identity.org, &edits)).and_then(|()| {
            identity.org.on_current(|_| apply_once(identity, edits.clone(), &seen, purpose).map_err(|e| identity.org.told(e)))
        });
    done.map_err(|failure| {
        let subject = match &failure {
            Failure::Definition(e) => e.subject.as_deref(),
            _ => None,
        };
        let named =
            subject.and_then(|subject| edits.iter().position(|edit| edit.subject().is_some_and(|s| s.eq_ignore_ascii_case(subject))));
        Refusal { at: named.unwrap_or(seen.at.get()), failure, others: seen.others.take() }
    })
}

fn apply_once(identity: &Identity, edits: Vec<Edit>, seen: &Seen, purpose: Purpose) -> Result<Vec<Id>, Failure> {
    let at = &seen.at;
    seen.others.take();
    let org = &identity.org;
    let _one_at_a_time = org.changing.lock();
    org.here()?;
    let old = org.catalog();
    let now = org.now().truncate_to_second();
    let counted = |name: &'static str| {
        let counted = own("SELECT next FROM \"_counters\" WHERE name = ?1", vec![name.into()]);
        let row = org.store.read_with::<_, Failure>(|tx| Ok(tx.first(&counted)?))?;
        Ok::<_, Failure>(Prefixes { first: row.map_or(0, |row| int(&row[0]) as usize), taken: 0 })
    };
    let mut draft = Draft {
        org,
        identity,
        now,
        customs: stored(&*org.store)?,
        changed: Vec::new(),
        rewritten: Vec::new(),
        removed: Vec::new(),
        prefixes: counted(PREFIXES)?,
        event_prefixes: counted(EVENT_PREFIXES)?,
    };
    let mut ids = Vec::with_capacity(edits.len());
    let removals: Vec<Option<Id>> = edits.iter().map(Edit::removes).collect();
    for (place, edit) in edits.into_iter().enumerate() {
        at.set(place);
        ids.push(draft.apply(edit)?);
    }
    dependants::check(&draft.customs, &draft.removed, &old).map_err(|(gone, failure)| {
        at.set(removals.iter().position(|id| *id == Some(gone)).unwrap_or(at.get()));
        failure
    })?;
    let switches = Switches::of(&org.settings);
    let modified = after(Some(old.modified()), now);
    let new = build_all(&draft.customs, &draft.changed, switches, old.version() + 1, modified).map_err(|all| seen.all(all))?;
    check_rules(&draft.customs, &draft.changed, Some(&draft.removed), &old, &new).map_err(|all| seen.all(all))?;
    let (new, program) = apex::settle(&mut draft, &old, new, &|all| seen.all(all))?;
    let statements = tables::migration(org, &old, &new)?;
    let done = org.store.transact_alone_with::<_, Failure>(|tx| {
        org.still(tx, &old)?;
        tables::check_rows(tx, org, &old, &new)?;
        for statement in &statements {
            tx.execute(statement).map_err(tables::refused)?;
        }
        draft.write(tx)?;
        matching::settle(tx, &new, org.store.dialect(), &|object| org.has_rows(object))?;
        rows::write(tx, &draft, &new)?;
        note_change(tx, new.version(), new.modified())?;
        if purpose == Purpose::Try { Err(StoreError::Other(TRIED.to_owned()).into()) } else { Ok(()) }
    });
    match done {
        Err(Failure::Store(StoreError::Other(text))) if purpose == Purpose::Try && text == TRIED => return Ok(ids),
        done => done?,
    }
    for object in old.objects() {
        if new.object(&object.name).is_none() {
            org.forget_table(&object.name);
        }
    }
    if let Some(program) = program {
        org.apex.keep(new.version(), program);
    }
    org.set_catalog(new);
    Ok(ids)
}

/// Refuses formulas that are wrong: those of what is changed, and others that were right before. One that was wrong before, as a
/// release may make it, holds nothing up. Without a list of what is removed the change is one of the org, which touches all objects.
fn check_rules(customs: &[Custom], changed: &[Id], removed: Option<&[Custom]>, old: &Catalog, new: &Catalog) -> Result<(), Vec<DefError>> {
    let changed: HashSet<Id> = changed.iter().copied().collect();
    let touched = removed.map(|removed| {
        let added = customs.iter().filter(|custom| changed.contains(&custom.id));
        Touched::of(added.chain(removed), old, new)
    });
    let settled =
        |custom: &Custom| touched.as_ref().is_some_and(|touched| rules::is_settled(custom.part_def(), custom.field_def(), touched, new));
    let check = |custom: &Custom, catalog: &Catalog| {
        let part = custom.part_def().map_or(Ok(()), |part| rules::check(part, catalog).and_then(|()| flow::check(part, catalog)));
        part.and_then(|()| custom.field_def().map_or(Ok(()), |field| rules::check_default(field, catalog)))
    };
    let mut errors = Vec::new();
    for custom in customs {
        let is_changed = changed.contains(&custom.id);
        if !is_changed && settled(custom) {
            continue;
        }
        errors.extend(check(custom, new).err().filter(|_| is_changed || check(custom, old).is_ok()));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
