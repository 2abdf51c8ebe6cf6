//! The objects that hold field history: all alike, so their fields are made, not stored.

use super::fields::system;
use crate::field::{Field, FieldType};

/// The fields of the history object of `parent`. `label` is the history object's own.
pub(super) fn fields(label: &str, parent: &str) -> Vec<Field> {
    let read_only = |name: String, label: &str, ty: FieldType, nillable: bool| {
        let mut field = Field::new(name, label, ty);
        (field.createable, field.updateable, field.permissionable) = (false, false, false);
        field.nillable = nillable;
        field
    };
    let parent_label = super::entry(parent).map_or(parent, |e| e.label);
    let mut parent_field = read_only(format!("{parent}Id"), &format!("{parent_label} ID"), FieldType::Reference, false);
    parent_field.relationship_name = Some(parent.to_owned());
    parent_field.reference_to = vec![parent.to_owned()];
    let mut changed = read_only("Field".to_owned(), "Changed Field", FieldType::Picklist, false);
    changed.restricted_picklist = true;
    let mut data_type = read_only("DataType".to_owned(), "Datatype", FieldType::Picklist, true);
    (data_type.length, data_type.byte_length) = (40, 120);
    data_type.restricted_picklist = true;
    let value = |name: &str, label: &str| {
        let mut field = read_only(name.to_owned(), label, FieldType::AnyType, true);
        (field.filterable, field.sortable) = (false, false);
        (field.groupable, field.aggregatable) = (false, false);
        field
    };
    let own = [parent_field].into_iter();
    let system = |name| system(label, name);
    [system("Id"), system("IsDeleted")]
        .into_iter()
        .flatten()
        .chain(own)
        .chain([system("CreatedById"), system("CreatedDate")].into_iter().flatten())
        .chain([changed, data_type, value("OldValue", "Old Value"), value("NewValue", "New Value")])
        .collect()
}
