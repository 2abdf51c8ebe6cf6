//! The objects of a catalog as the language sees them.

use crate::policies;
use orglet_apex::{ChildInfo, FieldInfo, FieldKind, ObjectInfo, PicklistEntry, Schema};
use orglet_base::{KeyPrefix, fold_name};
use orglet_schema::{Catalog, Field, FieldType, Object, Storage};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The objects of a catalog. What is asked for is made once.
#[derive(Debug)]
pub(crate) struct Objects {
    catalog: Catalog,
    made: Mutex<HashMap<String, Arc<ObjectInfo>>>,
}

impl Objects {
    pub(super) fn new(catalog: &Catalog) -> Self {
        Self { catalog: catalog.clone(), made: Mutex::default() }
    }
}

impl Schema for Objects {
    fn object(&self, name: &str) -> Option<Arc<ObjectInfo>> {
        let key = fold_name(name);
        if let Some(known) = self.made.lock().get(key.as_ref()) {
            return Some(known.clone());
        }
        let info = match self.catalog.object(name) {
            Some(object) => info(object),
            None => policies::event(name)?,
        };
        self.made.lock().insert(key.into_owned(), info.clone());
        Some(info)
    }

    fn object_names(&self) -> Vec<String> {
        self.catalog.objects().into_iter().map(|o| o.name.clone()).collect()
    }

    fn object_of_prefix(&self, prefix: KeyPrefix) -> Option<Arc<ObjectInfo>> {
        self.object(&self.catalog.by_prefix(prefix)?.name)
    }
}

fn info(object: &Object) -> Arc<ObjectInfo> {
    let flags = object.flags;
    let children = object.children().iter().map(|c| ChildInfo {
        name: c.name.clone(),
        object: c.child.clone(),
        field: c.field.clone(),
        cascade: c.cascade_delete,
    });
    let writable = object.storage != Storage::Virtual;
    let mut info = ObjectInfo::default();
    info.name.clone_from(&object.name);
    info.label.clone_from(&object.label);
    info.label_plural.clone_from(&object.label_plural);
    info.key_prefix = object.key_prefix;
    (info.custom, info.custom_setting) = (object.custom, flags.custom_setting);
    (info.queryable, info.searchable) = (flags.queryable, flags.searchable);
    (info.createable, info.updateable) = (flags.createable && writable, flags.updateable && writable);
    (info.deletable, info.undeletable) = (flags.deletable && writable, flags.undeletable && writable);
    info.fields = object.fields().iter().map(field).collect();
    info.children = children.collect();
    ObjectInfo::new(info)
}

fn field(field: &Field) -> FieldInfo {
    FieldInfo {
        name: field.name.clone(),
        label: field.label.clone(),
        kind: kind(field.ty),
        display_type: field.ty.name().to_ascii_uppercase(),
        length: field.length,
        precision: u32::from(field.precision),
        scale: u32::from(field.scale),
        reference_to: field.reference_to.clone(),
        relationship_name: field.relationship_name.clone(),
        nillable: field.nillable,
        createable: field.createable,
        updateable: field.updateable,
        calculated: field.calculated,
        custom: field.custom,
        external_id: field.external_id,
        unique: field.unique,
        name_field: field.name_field,
        defaulted_on_create: field.defaulted_on_create,
        filterable: field.filterable,
        sortable: field.sortable,
        help: field.inline_help.clone(),
        picklist: field
            .picklist
            .iter()
            .map(|v| PicklistEntry { value: v.value.clone(), label: v.label.clone(), active: v.active, default: v.default })
            .collect(),
    }
}

/// What values of a type are to the language.
pub(super) fn kind(ty: FieldType) -> FieldKind {
    match ty {
        FieldType::Id | FieldType::Reference => FieldKind::Id,
        FieldType::Boolean => FieldKind::Boolean,
        FieldType::Int => FieldKind::Integer,
        FieldType::Long => FieldKind::Long,
        // A number field is a Decimal to Apex, whatever a describe calls it.
        FieldType::Double | FieldType::Currency | FieldType::Percent => FieldKind::Decimal,
        FieldType::Date => FieldKind::Date,
        FieldType::DateTime => FieldKind::Datetime,
        FieldType::Time => FieldKind::Time,
        FieldType::Base64 => FieldKind::Blob,
        FieldType::Address | FieldType::Location | FieldType::ComplexValue => FieldKind::Compound,
        _ => FieldKind::String,
    }
}
