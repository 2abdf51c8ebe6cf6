//! The objects of the Tooling API: custom objects and fields as records, and what it shares with the data API. All but static
//! resources are virtual: their rows are made from the catalog.

use crate::catalog::ObjectSet;
use crate::custom::apex::{self, ApexKind};
use crate::custom::part::{KINDS, Kind, is_removable, is_tooling, kind};
use crate::field::{Field, FieldType};
use crate::object::{Object, ObjectFlags, ObjectParts, Storage};
use orglet_base::KeyPrefix;
use std::sync::{Arc, OnceLock};

/// Key prefix of custom objects' definitions.
pub const CUSTOM_OBJECT: &str = "01I";
/// Key prefix of custom fields' definitions.
pub const CUSTOM_FIELD: &str = "00N";

/// Whether an object's records are definitions, which have a `FullName` and a `Metadata`.
pub fn is_definition(object: &str) -> bool {
    matches!(object, "CustomObject" | "CustomField") || ApexKind::of(object).is_some() || kind(object).is_some_and(is_tooling)
}

/// The objects that the Tooling API serves.
pub fn objects() -> Arc<ObjectSet> {
    static SET: OnceLock<Arc<ObjectSet>> = OnceLock::new();
    SET.get_or_init(|| {
        let standard = crate::standard::objects();
        let shared =
            ["EntityDefinition", "FieldDefinition", "StaticResource"].into_iter().filter_map(|name| standard.object(name).cloned());
        let own = [
            definition("CustomObject", "Custom Object", CUSTOM_OBJECT, custom_object_fields),
            definition("CustomField", "Custom Field", CUSTOM_FIELD, custom_field_fields),
        ];
        let parts = KINDS.iter().filter(|kind| is_tooling(kind)).map(|kind| {
            let mut object = definition(kind.name, kind.label, kind.prefix, || part_fields(kind));
            object.flags.deletable = is_removable(kind);
            object
        });
        let apex = ApexKind::ALL.map(|kind| definition(kind.name(), kind.label(), kind.prefix(), move || apex_fields(kind)));
        Arc::new(ObjectSet::new(own.into_iter().chain(apex).chain(parts).map(Arc::new).chain(shared)))
    })
    .clone()
}

fn definition(name: &str, label: &str, prefix: &str, fields: impl Fn() -> Vec<Field> + Send + Sync + 'static) -> Object {
    let mut object = Object::new(name, label, format!("{label}s"), move || ObjectParts { fields: fields(), children: Vec::new() });
    object.key_prefix = KeyPrefix::parse(prefix);
    object.storage = Storage::Virtual;
    object.flags =
        ObjectFlags { createable: true, updateable: true, deletable: true, queryable: true, retrieveable: true, ..ObjectFlags::default() };
    object
}

/// A field of a definition that is written by its `Metadata` alone. `length` is in characters, 0 for types that have none.
pub(crate) fn read_only(name: &str, label: &str, ty: FieldType, length: u32) -> Field {
    let mut field = Field::new(name, label, ty);
    (field.createable, field.updateable, field.permissionable) = (false, false, false);
    if length > 0 {
        (field.length, field.byte_length) = (length, length * 3);
    }
    field
}

fn system(label: &str) -> Vec<Field> {
    let mut id = read_only("Id", &format!("{label} ID"), FieldType::Id, 0);
    id.nillable = false;
    vec![id]
}

/// The whole definition, as the Metadata API writes it.
fn metadata() -> Field {
    let mut field = Field::new("Metadata", "Metadata", FieldType::ComplexValue);
    (field.filterable, field.sortable, field.groupable, field.aggregatable) = (false, false, false, false);
    field
}

fn audit() -> Vec<Field> {
    let mut fields = Vec::new();
    for (date, by, label) in [("CreatedDate", "CreatedById", "Created"), ("LastModifiedDate", "LastModifiedById", "Last Modified")] {
        fields.push(read_only(date, &format!("{label} Date"), FieldType::DateTime, 0));
        fields.push(read_only(by, &format!("{label} By ID"), FieldType::Reference, 0));
    }
    for field in &mut fields {
        field.nillable = false;
    }
    fields
}

fn custom_object_fields() -> Vec<Field> {
    let mut fields = system("Custom Object");
    fields.push(read_only("DeveloperName", "Object Name", FieldType::String, 80));
    fields.push(read_only("NamespacePrefix", "Namespace Prefix", FieldType::String, 15));
    fields.push(read_only("Description", "Description", FieldType::TextArea, 1000));
    fields.push(read_only("ExternalName", "External Name", FieldType::String, 255));
    fields.push(read_only("ManageableState", "Manageable State", FieldType::Picklist, 40));
    fields.push(read_only("SharingModel", "Sharing Model", FieldType::Picklist, 40));
    fields.push(metadata());
    fields.extend(audit());
    fields
}

/// The fields of classes and triggers. Body, Name and what the file beside a body says are written beside `Metadata`.
fn apex_fields(kind: ApexKind) -> Vec<Field> {
    let mut fields = system(kind.label());
    let written: &[&str] = match kind {
        ApexKind::Class => &["Name", "ApiVersion", "Status", "Body"],
        ApexKind::Trigger => &["Name", "TableEnumOrId", "ApiVersion", "Status", "Body"],
    };
    for mut field in apex::columns(kind) {
        (field.createable, field.updateable) = (written.contains(&field.name.as_str()), written.contains(&field.name.as_str()));
        fields.push(field);
    }
    fields.push(metadata());
    fields.push(read_only("FullName", "Full Name", FieldType::String, 255));
    fields.push(read_only("ManageableState", "Manageable State", FieldType::Picklist, 40));
    fields.extend(audit());
    let mut stamp = read_only("SystemModstamp", "System Modstamp", FieldType::DateTime, 0);
    stamp.nillable = false;
    fields.push(stamp);
    fields
}

/// The fields of a kind of metadata that belongs to objects.
fn part_fields(kind: &Kind) -> Vec<Field> {
    let mut fields = system(kind.label);
    fields.push(read_only("EntityDefinitionId", "Entity Definition ID", FieldType::String, 70));
    fields.push(read_only("NamespacePrefix", "Namespace Prefix", FieldType::String, 15));
    fields.extend((kind.columns)());
    fields.push(metadata());
    fields.push(read_only("FullName", "Full Name", FieldType::String, 255));
    fields.push(read_only("ManageableState", "Manageable State", FieldType::Picklist, 40));
    fields.extend(audit());
    fields
}

fn custom_field_fields() -> Vec<Field> {
    let mut fields = system("Custom Field Definition");
    fields.push(read_only("TableEnumOrId", "Entity Enumeration Or ID", FieldType::Picklist, 40));
    fields.push(read_only("DeveloperName", "Developer Name", FieldType::String, 80));
    fields.push(read_only("NamespacePrefix", "Namespace Prefix", FieldType::String, 15));
    fields.push(read_only("Description", "Description", FieldType::TextArea, 1000));
    fields.push(read_only("InlineHelpText", "Inline Help Text", FieldType::TextArea, 510));
    fields.push(read_only("Length", "Length", FieldType::Int, 0));
    fields.push(read_only("Precision", "Precision", FieldType::Int, 0));
    fields.push(read_only("Scale", "Scale", FieldType::Int, 0));
    fields.push(read_only("RelationshipLabel", "Relationship Label", FieldType::String, 80));
    fields.push(read_only("EntityDefinitionId", "Entity Definition ID", FieldType::String, 70));
    fields.push(metadata());
    fields.push(read_only("FullName", "Full Name", FieldType::String, 255));
    fields.push(read_only("ManageableState", "Manageable State", FieldType::Picklist, 40));
    fields.extend(audit());
    fields
}
