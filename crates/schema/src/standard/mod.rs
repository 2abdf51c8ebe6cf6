//! The standard objects, read from the project's data files (`crates/schema/data`; its README describes them).
//!
//! The list of objects is read once per process. An object's fields and child relationships are read when first asked
//! for, so that an org that uses five objects pays for five.

pub mod describe;
mod fields;
mod history;
pub mod layouts;
pub mod list_views;
pub mod places;
pub mod record_types;
mod relationships;
mod restricted;
mod sections;
pub mod seed;
#[cfg(test)]
mod tests;
pub mod themes;

pub use restricted::{Restriction, Wanted, is_left_out, restriction};

use crate::catalog::ObjectSet;
use crate::object::{Object, ObjectFlags, ObjectParts, Storage};
use orglet_base::KeyPrefix;
use sections::Sections;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

const OBJECTS: &str = include_str!("../../data/objects.tsv");
const FIELDS: &str = include_str!("../../data/fields.tsv");
const VALUE_SETS: &str = include_str!("../../data/value_sets.tsv");
const RELATIONSHIPS: &str = include_str!("../../data/relationships.tsv");
const PLACES: &str = include_str!("../../data/places.tsv");

/// A line of `objects.tsv`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub name: &'static str,
    pub label: &'static str,
    pub label_plural: &'static str,
    pub key_prefix: &'static str,
    pub storage: &'static str,
    pub flags: &'static str,
    pub urls: &'static str,
    /// The tracked object, for an object that holds field history.
    pub history_of: &'static str,
}

struct Index {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
    fields: Sections,
    relationships: Sections,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let entries: Vec<Entry> = OBJECTS.lines().filter(|l| !l.starts_with('#')).map(read_entry).collect();
        let by_name = entries.iter().enumerate().map(|(i, e)| (e.name, i)).collect();
        Index { entries, by_name, fields: Sections::read(FIELDS), relationships: Sections::read(RELATIONSHIPS) }
    })
}

fn read_entry(line: &'static str) -> Entry {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or("");
    let mut entry = Entry {
        name: next(),
        label: next(),
        label_plural: next(),
        key_prefix: next(),
        storage: next(),
        flags: next(),
        urls: next(),
        history_of: next(),
    };
    if entry.label_plural.is_empty() {
        entry.label_plural = entry.label;
    }
    entry
}

pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    let index = index();
    index.by_name.get(name).map(|i| &index.entries[*i])
}

/// The standard objects of an org: one shared set per process.
pub fn objects() -> Arc<ObjectSet> {
    static SET: OnceLock<Arc<ObjectSet>> = OnceLock::new();
    SET.get_or_init(|| Arc::new(ObjectSet::new(everywhere().map(|e| Arc::new(object(e, false)))))).clone()
}

/// The object of sites, which an org has that has digital experiences.
const OF_SITES: &str = "Network";

/// The objects that every org has.
fn everywhere() -> impl Iterator<Item = &'static Entry> {
    index().entries.iter().filter(|entry| entry.name != OF_SITES)
}

/// The standard objects of an org that has digital experiences, with codes of states and countries or without: further shared sets,
/// which have all but the object of sites in common with the others.
pub fn objects_with_sites(places: bool) -> Arc<ObjectSet> {
    static SETS: [OnceLock<Arc<ObjectSet>>; 2] = [OnceLock::new(), OnceLock::new()];
    let others = if places { objects_with_places() } else { objects() };
    let one = |entry: &'static Entry| others.object(entry.name).cloned().unwrap_or_else(|| Arc::new(object(entry, places)));
    SETS[usize::from(places)].get_or_init(|| Arc::new(ObjectSet::new(index().entries.iter().map(one)))).clone()
}

/// The standard objects of an org in which states and countries have codes: another shared set, which has the objects without
/// such addresses in common with the first.
pub fn objects_with_places() -> Arc<ObjectSet> {
    static SET: OnceLock<Arc<ObjectSet>> = OnceLock::new();
    let plain = objects();
    let one = |entry: &'static Entry| match plain.object(entry.name).filter(|_| !places::has_addresses(entry.name)) {
        Some(same) => same.clone(),
        None => Arc::new(object(entry, true)),
    };
    SET.get_or_init(|| Arc::new(ObjectSet::new(everywhere().map(one)))).clone()
}

/// A number that is another when the data of the standard objects is.
pub fn fingerprint() -> u64 {
    FINGERPRINT
}

/// FNV-1a of the files, worked out when this is compiled.
#[allow(long_running_const_eval, reason = "files of some hundred kilobytes")]
const FINGERPRINT: u64 = {
    let files = [OBJECTS, FIELDS, VALUE_SETS, RELATIONSHIPS, PLACES];
    let (mut hash, mut file) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while file < files.len() {
        let (bytes, mut at) = (files[file].as_bytes(), 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
};

fn object(entry: &'static Entry, places: bool) -> Object {
    let mut object = Object::new(entry.name, entry.label, entry.label_plural, move || load(entry, places));
    object.key_prefix = KeyPrefix::parse(entry.key_prefix);
    object.storage = match entry.storage {
        "p" => Storage::Platform,
        "v" => Storage::Virtual,
        _ => Storage::Stored,
    };
    object.flags = flags(entry.flags);
    if !entry.history_of.is_empty() {
        object.associate_type = Some("History".to_owned());
        object.associate_parent = Some(entry.history_of.to_owned());
    }
    if entry.name == "FieldDefinition" {
        object.reified = &["EntityDefinitionId", "DurableId"];
    }
    object
}

/// The parts of an object. A line that cannot be read is left out here; the tests of this module refuse it.
fn load(entry: &'static Entry, places: bool) -> ObjectParts {
    let fields = field_results(entry).filter_map(Result::ok).collect();
    let fields = if places { places::add_codes(fields) } else { fields };
    let children = relationships::children(entry.name);
    ObjectParts { fields, children }
}

fn field_results(entry: &'static Entry) -> Box<dyn Iterator<Item = Result<crate::Field, String>>> {
    if entry.history_of.is_empty() {
        let text = index().fields.get(entry.name).unwrap_or("");
        Box::new(text.lines().map(move |line| fields::read(entry.label, line)))
    } else {
        Box::new(history::fields(entry.label, entry.history_of).into_iter().map(Ok))
    }
}

fn flags(letters: &str) -> ObjectFlags {
    let has = |c: char| letters.contains(c);
    ObjectFlags {
        queryable: has('q'),
        createable: has('c'),
        updateable: has('u'),
        deletable: has('d'),
        undeletable: has('U'),
        searchable: has('s'),
        replicateable: has('r'),
        triggerable: has('t'),
        mergeable: has('m'),
        layoutable: has('l'),
        mru_enabled: has('M'),
        feed_enabled: has('f'),
        retrieveable: has('R'),
        compact_layoutable: has('C'),
        search_layoutable: has('S'),
        ..ObjectFlags::default()
    }
}
