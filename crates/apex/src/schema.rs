//! What a program knows of the org's objects.

use orglet_base::KeyPrefix;
use std::collections::HashMap;
use std::sync::Arc;

/// The objects of an org, as classes and triggers see them.
pub trait Schema {
    /// An object by its API name, in any case; `None` where there is none.
    fn object(&self, name: &str) -> Option<Arc<ObjectInfo>>;
    /// The API names of all objects, in the order of a global describe.
    fn object_names(&self) -> Vec<String>;
    /// The object that a key prefix stands for.
    fn object_of_prefix(&self, prefix: KeyPrefix) -> Option<Arc<ObjectInfo>>;
}

/// An object: what the compiler checks against and describes show. Make it with [`ObjectInfo::new`], which makes the index
/// of names, and keep it for as long as the catalog stays.
#[derive(Clone, Debug, Default)]
pub struct ObjectInfo {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Plural label.
    pub label_plural: String,
    /// First characters of its ids; none for objects without rows of their own.
    pub key_prefix: Option<KeyPrefix>,
    /// Whether the org made it.
    pub custom: bool,
    /// Whether it is a custom setting.
    pub custom_setting: bool,
    /// Whether it can be queried.
    pub queryable: bool,
    /// Whether it can be searched.
    pub searchable: bool,
    /// Whether records can be created.
    pub createable: bool,
    /// Whether records can be changed.
    pub updateable: bool,
    /// Whether records can be deleted.
    pub deletable: bool,
    /// Whether records can be brought back.
    pub undeletable: bool,
    /// Its fields.
    pub fields: Vec<FieldInfo>,
    /// The relationships to its children.
    pub children: Vec<ChildInfo>,
    /// Places of fields by their lower-case names; [`ObjectInfo::new`] fills it.
    pub index: HashMap<String, usize>,
    /// Places of reference fields by their lower-case relationship names; [`ObjectInfo::new`] fills it.
    pub relationships: HashMap<String, usize>,
}

/// What the values of a field are to Apex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as the types are")]
pub enum FieldKind {
    #[default]
    String,
    Boolean,
    Integer,
    Long,
    /// Numbers, currencies and percentages of any scale.
    Decimal,
    Double,
    Id,
    Date,
    Datetime,
    Time,
    Blob,
    /// Addresses and locations: can be queried, not set.
    Compound,
}

/// A field.
#[derive(Clone, Debug, Default)]
pub struct FieldInfo {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// What its values are to Apex.
    pub kind: FieldKind,
    /// The name of its `DisplayType`: `STRING`, `PICKLIST`, `REFERENCE` and so on.
    pub display_type: String,
    /// Most characters.
    pub length: u32,
    /// Digits.
    pub precision: u32,
    /// Digits behind the point.
    pub scale: u32,
    /// What a reference may point at.
    pub reference_to: Vec<String>,
    /// The name by which a reference is followed.
    pub relationship_name: Option<String>,
    /// Whether it may be empty.
    pub nillable: bool,
    /// Whether it may be given when a record is created.
    pub createable: bool,
    /// Whether it may be changed.
    pub updateable: bool,
    /// Whether it is worked out.
    pub calculated: bool,
    /// Whether the org made it.
    pub custom: bool,
    /// Whether it is an external id.
    pub external_id: bool,
    /// Whether its values are unique.
    pub unique: bool,
    /// Whether it names the record.
    pub name_field: bool,
    /// Whether the platform gives it a value on create.
    pub defaulted_on_create: bool,
    /// Whether a query may filter by it.
    pub filterable: bool,
    /// Whether a query may sort by it.
    pub sortable: bool,
    /// Help text.
    pub help: Option<String>,
    /// Picklist values.
    pub picklist: Vec<PicklistEntry>,
}

/// A value of a picklist.
#[derive(Clone, Debug, Default)]
pub struct PicklistEntry {
    /// The value.
    pub value: String,
    /// Its label.
    pub label: String,
    /// Whether it can be chosen.
    pub active: bool,
    /// Whether new records have it.
    pub default: bool,
}

/// A relationship to children.
#[derive(Clone, Debug, Default)]
pub struct ChildInfo {
    /// The name by which sub-queries know it; none where they can't.
    pub name: Option<String>,
    /// The children's object.
    pub object: String,
    /// The children's field.
    pub field: String,
    /// Whether children go with their parent.
    pub cascade: bool,
}

impl ObjectInfo {
    /// Fills the index of names.
    pub fn new(mut info: ObjectInfo) -> Arc<Self> {
        info.index = info.fields.iter().enumerate().map(|(at, field)| (field.name.to_ascii_lowercase(), at)).collect();
        info.relationships = info
            .fields
            .iter()
            .enumerate()
            .filter_map(|(at, field)| Some((field.relationship_name.as_ref()?.to_ascii_lowercase(), at)))
            .collect();
        Arc::new(info)
    }

    /// The place of a field by its API name in any case.
    pub fn field_at(&self, name: &str) -> Option<usize> {
        self.index.get(orglet_base::fold_name(name).as_ref()).copied()
    }

    /// A field by its API name in any case.
    pub fn field(&self, name: &str) -> Option<&FieldInfo> {
        self.fields.get(self.field_at(name)?)
    }

    /// The place of the reference field with a relationship name in any case.
    pub fn relationship_at(&self, name: &str) -> Option<usize> {
        self.relationships.get(orglet_base::fold_name(name).as_ref()).copied()
    }

    /// The relationship to children with a name in any case.
    pub fn child(&self, name: &str) -> Option<&ChildInfo> {
        self.children.iter().find(|child| child.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    }
}
