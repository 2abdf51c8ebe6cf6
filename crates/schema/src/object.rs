//! An sObject: flags, fields, child relationships.

use crate::custom::{ObjectRules, RecordType};
use crate::field::{Field, FieldType, Place};
use orglet_base::{Dialect, Id, KeyPrefix, fold_name};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Where an object's rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// A table that users write.
    Stored,
    /// A table that the platform writes (User, Organization, Profile, RecordType …); users may update what the flags allow.
    Platform,
    /// No table: rows are made from the catalog when asked for (EntityDefinition, FieldDefinition, CustomField …).
    Virtual,
    /// No table: what is created is published, as a message of the event bus (platform events).
    Event,
}

/// Object-level flags, named as in a describe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "flags are named and meant as in a describe")]
pub struct ObjectFlags {
    pub activateable: bool,
    pub createable: bool,
    pub updateable: bool,
    pub deletable: bool,
    pub undeletable: bool,
    pub queryable: bool,
    pub retrieveable: bool,
    pub searchable: bool,
    pub replicateable: bool,
    pub triggerable: bool,
    pub mergeable: bool,
    pub layoutable: bool,
    pub compact_layoutable: bool,
    pub search_layoutable: bool,
    pub mru_enabled: bool,
    pub feed_enabled: bool,
    pub has_subtypes: bool,
    pub custom_setting: bool,
    pub deprecated_and_hidden: bool,
}

/// A relationship from the object's point of view as parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRelationship {
    /// The child object.
    pub child: String,
    /// The reference field on the child.
    pub field: String,
    /// The name by which sub-queries and paths reach it; some have none.
    pub name: Option<String>,
    /// Children go with the parent.
    pub cascade_delete: bool,
    /// A parent with children may not be deleted.
    pub restricted_delete: bool,
    /// As in a describe.
    pub deprecated_and_hidden: bool,
}

/// The parts of an address that hang together where states and countries have codes: indexes in [`Object::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the fields are")]
pub struct CodedAddress {
    pub state: usize,
    pub country: usize,
    pub state_code: usize,
    pub country_code: usize,
}

fn coded_addresses(fields: &[Field]) -> Vec<CodedAddress> {
    let at = |name: &str| fields.iter().position(|f| f.name == name);
    let codes = fields.iter().enumerate().filter(|(_, f)| f.place == Some(Place::State));
    let whole = codes.filter_map(|(state_code, f)| {
        let stem = f.name.strip_suffix("StateCode")?;
        let (state, country) = (at(&format!("{stem}State"))?, at(&format!("{stem}Country"))?);
        Some(CodedAddress { state, country, state_code, country_code: at(&format!("{stem}CountryCode"))? })
    });
    whole.collect()
}

/// The parts of an object that are made when first asked for.
#[derive(Debug, Default)]
pub struct ObjectParts {
    /// Fields in describe order.
    pub fields: Vec<Field>,
    /// Child relationships in describe order.
    pub children: Vec<ChildRelationship>,
}

/// An sObject of a catalog.
pub struct Object {
    /// API name; also the table's name.
    pub name: String,
    /// Label, singular.
    pub label: String,
    /// Label, plural.
    pub label_plural: String,
    /// The first three characters of its records' ids; some have none.
    pub key_prefix: Option<KeyPrefix>,
    /// Made by users.
    pub custom: bool,
    /// Where rows come from.
    pub storage: Storage,
    /// Object-level flags.
    pub flags: ObjectFlags,
    /// `History`, `Share`, `Feed` … where the object belongs to another.
    pub associate_type: Option<String>,
    /// The object it belongs to.
    pub associate_parent: Option<String>,
    /// Fields that a path may not be queried without (`reified` columns of virtual objects), empty for ordinary ones.
    pub reified: &'static [&'static str],
    /// What the org defined for its records beside fields, if anything.
    pub rules: Option<Arc<ObjectRules>>,
    parts: OnceLock<Indexed>,
    /// See [`Object::insertion`]; one for each dialect.
    insertions: [OnceLock<Arc<str>>; 2],
    load: Box<dyn Fn() -> ObjectParts + Send + Sync>,
}

struct Indexed {
    parts: ObjectParts,
    by_name: HashMap<String, usize>,
    by_relationship: HashMap<String, usize>,
    child_by_name: HashMap<String, usize>,
    name_field: Option<usize>,
    has_last_viewed: bool,
    filtered: Vec<usize>,
    masters: Vec<usize>,
    addresses: Vec<CodedAddress>,
}

impl Object {
    /// An object whose fields and child relationships are made by `load` on first use.
    pub fn new(
        name: impl Into<String>,
        label: impl Into<String>,
        label_plural: impl Into<String>,
        load: impl Fn() -> ObjectParts + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            label_plural: label_plural.into(),
            key_prefix: None,
            custom: false,
            storage: Storage::Stored,
            flags: ObjectFlags::default(),
            associate_type: None,
            associate_parent: None,
            reified: &[],
            rules: None,
            parts: OnceLock::new(),
            insertions: Default::default(),
            load: Box::new(load),
        }
    }

    /// The same object with other fields or child relationships.
    pub fn with_parts(&self, load: impl Fn() -> ObjectParts + Send + Sync + 'static) -> Self {
        Self {
            name: self.name.clone(),
            label: self.label.clone(),
            label_plural: self.label_plural.clone(),
            key_prefix: self.key_prefix,
            custom: self.custom,
            storage: self.storage,
            flags: self.flags,
            associate_type: self.associate_type.clone(),
            associate_parent: self.associate_parent.clone(),
            reified: self.reified,
            rules: self.rules.clone(),
            parts: OnceLock::new(),
            insertions: Default::default(),
            load: Box::new(load),
        }
    }

    fn indexed(&self) -> &Indexed {
        self.parts.get_or_init(|| {
            let parts = (self.load)();
            let by_name = parts.fields.iter().enumerate().map(|(i, f)| (fold_name(&f.name).into_owned(), i)).collect();
            let by_relationship = parts
                .fields
                .iter()
                .enumerate()
                // `FieldDefinition.EntityDefinitionId` is text and leads to a parent all the same.
                .filter(|(_, f)| f.ty == FieldType::Reference || !f.reference_to.is_empty())
                .filter_map(|(i, f)| Some((fold_name(f.relationship_name.as_deref()?).into_owned(), i)))
                .collect();
            let child_by_name =
                parts.children.iter().enumerate().filter_map(|(i, c)| Some((fold_name(c.name.as_deref()?).into_owned(), i))).collect();
            let name_field = parts.fields.iter().position(|f| f.name_field);
            let has_last_viewed = parts.fields.iter().any(|f| f.name == "LastViewedDate" && f.is_personal());
            let must = |f: &Field| f.lookup_filter.as_ref().is_some_and(|filter| !filter.optional);
            let addresses = coded_addresses(&parts.fields);
            let filtered = parts.fields.iter().enumerate().filter(|(_, f)| must(f)).map(|(i, _)| i).collect();
            let masters = parts.fields.iter().enumerate().filter(|(_, f)| f.relationship_order.is_some()).map(|(i, _)| i).collect();
            Indexed { parts, by_name, by_relationship, child_by_name, name_field, has_last_viewed, filtered, masters, addresses }
        })
    }

    /// Every field, in describe order.
    pub fn fields(&self) -> &[Field] {
        &self.indexed().parts.fields
    }

    /// The text of the statement that inserts a row, kept with the object once `make` has made it: it has all columns, so that
    /// it is long, and each save of a new record needs it.
    pub fn insertion(&self, dialect: Dialect, make: impl FnOnce() -> Arc<str>) -> Arc<str> {
        let [sqlite, postgres] = &self.insertions;
        let kept = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        kept.get_or_init(make).clone()
    }

    /// Every child relationship, in describe order.
    pub fn children(&self) -> &[ChildRelationship] {
        &self.indexed().parts.children
    }

    /// A field by its API name, in any case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let at = self.indexed();
        at.by_name.get(fold_name(name).as_ref()).map(|i| &at.parts.fields[*i])
    }

    /// The index in [`Object::fields`] of a field, by its API name in any case.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.indexed().by_name.get(fold_name(name).as_ref()).copied()
    }

    /// The reference field behind a parent relationship (`Account`, `Parent__r`), in any case.
    pub fn parent_field(&self, relationship: &str) -> Option<&Field> {
        let at = self.indexed();
        at.by_relationship.get(fold_name(relationship).as_ref()).map(|i| &at.parts.fields[*i])
    }

    /// A child relationship by its name, in any case.
    pub fn child(&self, relationship: &str) -> Option<&ChildRelationship> {
        let at = self.indexed();
        at.child_by_name.get(fold_name(relationship).as_ref()).map(|i| &at.parts.children[*i])
    }

    /// Whether it has the date of each user's last look.
    pub fn has_last_viewed(&self) -> bool {
        self.indexed().has_last_viewed
    }

    /// The indexes in [`Object::fields`] of the lookups whose filters a save must meet.
    pub fn filtered_lookups(&self) -> &[usize] {
        &self.indexed().filtered
    }

    /// The indexes in [`Object::fields`] of the master-detail fields.
    pub fn masters(&self) -> &[usize] {
        &self.indexed().masters
    }

    /// The addresses whose states and countries have codes.
    pub fn coded_addresses(&self) -> &[CodedAddress] {
        &self.indexed().addresses
    }

    /// The field that names a record (`Name`, `CaseNumber`, `Subject` …), where there is one.
    pub fn name_field(&self) -> Option<&Field> {
        let at = self.indexed();
        at.name_field.map(|i| &at.parts.fields[i])
    }

    /// The parts of a compound field, in describe order.
    pub fn parts_of<'a>(&'a self, compound: &'a str) -> impl Iterator<Item = &'a Field> + 'a {
        // Account.Name names itself as its compound.
        let is_part = move |f: &&Field| f.compound.as_deref().is_some_and(|c| c.eq_ignore_ascii_case(compound) && f.name != c);
        self.fields().iter().filter(is_part)
    }

    /// Its record types beside the master's, in order of creation.
    pub fn record_types(&self) -> &[RecordType] {
        self.rules.as_ref().map_or(&[], |rules| &rules.record_types)
    }

    /// One of its record types by id.
    pub fn record_type(&self, id: Id) -> Option<&RecordType> {
        self.record_types().iter().find(|t| t.id == id)
    }

    /// Whether the object has a table.
    pub fn has_table(&self) -> bool {
        !matches!(self.storage, Storage::Virtual | Storage::Event)
    }

    /// Whether the object is a platform event: it is published and has no records.
    pub fn is_event(&self) -> bool {
        self.storage == Storage::Event
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({})", self.name)
    }
}
