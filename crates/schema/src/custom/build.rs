//! From definitions to the fields and objects of a catalog, with the flags that describes of real orgs show.

use super::name::ApiName;
use super::{DefError, DeleteConstraint, FieldDef, FieldKindDef, NameFieldDef, NameFieldKind, ObjectDef, lookup_filter, values};
use crate::field::{AutoNumber, DefaultValue, Field, FieldType};
use crate::object::{ChildRelationship, Object, ObjectFlags, ObjectParts, Storage};
use orglet_base::KeyPrefix;
use std::sync::Arc;

/// The format of an auto-number whose metadata names none.
const PLAIN_NUMBER: &str = "{0}";

/// The catalog fields of a definition: one, or three for a location (latitude, longitude, the compound). `controller`
/// lists what the controlling field takes, in its order, for a dependent picklist.
pub fn build_field(def: &FieldDef, controller: Option<&[String]>) -> Result<Vec<Field>, DefError> {
    use FieldKindDef as K;
    let mut field = Field::new(&def.full_name, &def.label, def.kind.field_type());
    field.custom = true;
    field.inline_help.clone_from(&def.inline_help_text);
    field.unique = def.unique;
    field.external_id = def.external_id;
    field.id_lookup = def.external_id;
    field.case_sensitive = def.case_sensitive;
    if def.required {
        field.nillable = false;
        field.permissionable = false;
    }
    match def.kind {
        K::Location => return Ok(location(def, field)),
        K::AutoNumber => auto_number(&mut field, def.display_format.as_deref().unwrap_or(PLAIN_NUMBER), def.starting_number.unwrap_or(1)),
        K::Text | K::EncryptedText | K::LongTextArea | K::Html => set_length(&mut field, def.length.unwrap_or(255)),
        K::Number | K::Currency | K::Percent => (field.precision, field.scale) = (def.precision.unwrap_or(18), def.scale.unwrap_or(0)),
        K::Lookup | K::MasterDetail => {
            reference(&mut field, def);
            field.lookup_filter = lookup_filter::build(def)?.map(Arc::new);
        }
        K::Picklist | K::MultiselectPicklist => picklist(&mut field, def, controller),
        _ => {}
    }
    match def.kind {
        K::Html => {
            field.html_formatted = true;
            field.extra_type_info = Some("richtextarea".to_owned());
        }
        K::EncryptedText => {
            field.mask = def.mask_char.as_deref().map(|c| if c == "X" { "X" } else { "*" }.to_owned());
            field.mask_type.clone_from(&def.mask_type);
        }
        _ => {}
    }
    if let Some(set) = &def.value_set
        && set.values.is_empty()
        && let Some(name) = &set.value_set_name
    {
        let message = format!("In field: valueSet - no GlobalValueSet named {name} found");
        return Err(DefError::integrity(message).on("valueSet").about(def.qualified_name()));
    }
    if let Some(formula) = &def.default_value {
        field.default = Some(values::default_value(def.kind, formula).map_err(|e| e.about(def.qualified_name()))?);
        field.defaulted_on_create = true;
        field.default_formula = (def.kind != K::Checkbox).then(|| formula.clone());
    }
    Ok(vec![field])
}

fn set_length(field: &mut Field, length: u32) {
    field.length = length;
    field.byte_length = length * 3;
    if field.ty == FieldType::TextArea && length > 255 {
        (field.filterable, field.sortable, field.groupable, field.aggregatable) = (false, false, false, false);
    }
}

/// As recorded of CaseNumber: the platform gives the value, and groups are not made by it.
fn auto_number(field: &mut Field, format: &str, start: u64) {
    field.auto_number = Some(AutoNumber { format: format.to_owned(), start });
    field.is_auto_number = true;
    (field.createable, field.updateable, field.nillable) = (false, false, false);
    field.defaulted_on_create = true;
    field.groupable = false;
    (field.length, field.byte_length) = (30, 90);
}

fn reference(field: &mut Field, def: &FieldDef) {
    field.relationship_name = ApiName::parse(&def.full_name).map(|own| own.sibling(own.name, "__r"));
    field.reference_to = def.reference_to.iter().cloned().collect();
    // Recorded of every custom lookup on its own object.
    field.search_prefilterable = true;
    if def.kind == FieldKindDef::MasterDetail {
        field.nillable = false;
        field.permissionable = false;
        field.cascade_delete = true;
        field.updateable = def.reparentable_master_detail;
        field.relationship_order = Some(def.relationship_order.unwrap_or(0));
        field.write_requires_master_read = def.write_requires_master_read;
    } else {
        field.restricted_delete = def.delete_constraint == Some(DeleteConstraint::Restrict);
        field.cascade_delete = def.delete_constraint == Some(DeleteConstraint::Cascade);
    }
}

fn picklist(field: &mut Field, def: &FieldDef, controller: Option<&[String]>) {
    let Some(set) = &def.value_set else { return };
    field.restricted_picklist = set.restricted;
    field.controller.clone_from(&set.controlling_field);
    field.picklist = set.picklist(set.controlling_field.as_ref().and(controller));
    if field.ty == FieldType::MultiPicklist {
        // Recorded: bytes as characters, and the lines shown in the place of the precision.
        field.byte_length = field.length;
        field.precision = def.visible_lines.unwrap_or(4);
    }
    let defaults: Vec<&str> = field.picklist.iter().filter(|v| v.default && v.active).map(|v| v.value.as_str()).collect();
    if !defaults.is_empty() {
        field.default = Some(DefaultValue::Text(defaults.join(";")));
        field.defaulted_on_create = true;
    }
}

/// A location: two numbers that are written, and the compound that is read.
fn location(def: &FieldDef, mut compound: Field) -> Vec<Field> {
    let stem = def.full_name.strip_suffix("__c").unwrap_or(&def.full_name);
    let scale = def.scale.unwrap_or(0);
    let part = |axis: &str| {
        let mut part = Field::new(format!("{stem}__{axis}__s"), format!("{} ({axis})", def.label), FieldType::Double);
        part.custom = true;
        part.nillable = compound.nillable;
        part.permissionable = compound.permissionable;
        part.inline_help.clone_from(&compound.inline_help);
        // Three digits stand before the point of a longitude.
        (part.precision, part.scale) = (scale + 3, scale);
        part.compound = Some(def.full_name.clone());
        part.display_location_in_decimal = def.display_location_in_decimal;
        part
    };
    let (latitude, longitude) = (part("Latitude"), part("Longitude"));
    (compound.createable, compound.updateable) = (false, false);
    compound.display_location_in_decimal = def.display_location_in_decimal;
    vec![latitude, longitude, compound]
}

/// A field that the platform writes.
fn system(name: &str, label: &str, ty: FieldType) -> Field {
    let mut field = Field::new(name, label, ty);
    (field.createable, field.updateable, field.permissionable) = (false, false, false);
    (field.nillable, field.defaulted_on_create) = (false, true);
    field
}

fn user_reference(name: &str, label: &str) -> Field {
    let mut field = system(name, label, FieldType::Reference);
    field.reference_to = vec!["User".to_owned()];
    field.relationship_name = name.strip_suffix("Id").map(str::to_owned);
    field
}

/// A field that the platform gives an event. Events are not queried, so that their fields are neither filtered nor sorted by.
fn event_field(name: &str, label: &str, ty: FieldType, length: u32) -> Field {
    let mut field = system(name, label, ty);
    (field.filterable, field.sortable, field.groupable, field.aggregatable) = (false, false, false, false);
    if length > 0 {
        // What the bus gives a message is not there before it is published.
        (field.length, field.byte_length) = (length, length * 3);
        (field.nillable, field.defaulted_on_create) = (true, false);
    }
    field
}

/// The fields that every platform event has
/// (<https://developer.salesforce.com/docs/platform/platform-events/guide/platform-events-reference.html>).
fn event_fields() -> Vec<Field> {
    let mut author = event_field("CreatedById", "Created By ID", FieldType::Reference, 0);
    author.reference_to = vec!["User".to_owned()];
    author.relationship_name = Some("CreatedBy".to_owned());
    vec![
        event_field("ReplayId", "Replay ID", FieldType::String, 1000),
        event_field("CreatedDate", "Created Date", FieldType::DateTime, 0),
        author,
        event_field("EventUuid", "Event UUID", FieldType::String, 36),
    ]
}

/// All fields of an object: those that every one has, then its own.
pub(super) fn all_fields(def: &ObjectDef) -> Result<Vec<Field>, DefError> {
    let mut fields = system_fields(def);
    add_fields(&mut fields, &def.fields)?;
    if def.event.is_some() {
        for field in fields.iter_mut().filter(|f| f.custom) {
            field.updateable = false;
            (field.filterable, field.sortable, field.groupable, field.aggregatable) = (false, false, false, false);
        }
    }
    Ok(fields)
}

/// The fields that every custom object has, in the order of real describes; a detail has no owner.
fn system_fields(def: &ObjectDef) -> Vec<Field> {
    let Some(named) = &def.name_field else { return event_fields() };
    let mut id = system("Id", "Record ID", FieldType::Id);
    id.id_lookup = true;
    let mut fields = vec![id];
    if !def.is_detail() {
        let mut owner = user_reference("OwnerId", "Owner ID");
        (owner.createable, owner.updateable) = (true, true);
        owner.reference_to = vec!["Group".to_owned(), "User".to_owned()];
        (owner.polymorphic_foreign_key, owner.name_pointing) = (true, true);
        owner.default = Some(DefaultValue::User);
        fields.push(owner);
    }
    let mut deleted = system("IsDeleted", "Deleted", FieldType::Boolean);
    deleted.default = Some(DefaultValue::Bool(false));
    fields.push(deleted);
    fields.push(name_field(named));
    fields.push(system("CreatedDate", "Created Date", FieldType::DateTime));
    fields.push(user_reference("CreatedById", "Created By ID"));
    fields.push(system("LastModifiedDate", "Last Modified Date", FieldType::DateTime));
    fields.push(user_reference("LastModifiedById", "Last Modified By ID"));
    fields.push(system("SystemModstamp", "System Modstamp", FieldType::DateTime));
    if def.enable_activities {
        let mut last = system("LastActivityDate", "Last Activity", FieldType::Date);
        (last.nillable, last.defaulted_on_create) = (true, false);
        fields.push(last);
    }
    fields
}

fn name_field(def: &NameFieldDef) -> Field {
    let mut name = Field::new("Name", &def.label, FieldType::String);
    name.name_field = true;
    name.id_lookup = true;
    name.permissionable = false;
    match &def.kind {
        // A blank name becomes the record's id.
        NameFieldKind::Text => name.defaulted_on_create = true,
        NameFieldKind::AutoNumber { display_format, starting_number } => auto_number(&mut name, display_format, *starting_number),
    }
    (name.length, name.byte_length) = (80, 240);
    name
}

/// A custom object with its system fields, then its custom fields; without child relationships, which belong to other
/// objects' definitions. Controlling fields are looked for among the object's own.
pub fn build_object(def: &ObjectDef, prefix: KeyPrefix) -> Result<Object, DefError> {
    Ok(assemble(def, prefix, all_fields(def)?, Vec::new()))
}

/// Adds the fields of definitions to an object's fields, controlling fields before what they control.
pub(super) fn add_fields(fields: &mut Vec<Field>, defs: &[FieldDef]) -> Result<(), DefError> {
    let controller_of = |def: &FieldDef| def.value_set.as_ref().and_then(|set| set.controlling_field.clone());
    let mut built: Vec<Option<Vec<Field>>> = vec![None; defs.len()];
    // A chain of dependent picklists is as long as there are fields; each round settles at least one.
    loop {
        let mut settled = false;
        for (at, def) in defs.iter().enumerate() {
            if built[at].is_some() {
                continue;
            }
            let made = match controller_of(def) {
                None => build_field(def, None)?,
                Some(name) => {
                    let known = fields.iter().chain(built.iter().flatten().flatten()).find(|f| f.name.eq_ignore_ascii_case(&name));
                    match known {
                        Some(controller) => build_field(def, Some(&controlling_values(controller, def)?))?,
                        None => continue,
                    }
                }
            };
            built[at] = Some(made);
            settled = true;
        }
        if !settled {
            break;
        }
    }
    for (made, def) in built.into_iter().zip(defs) {
        let Some(made) = made else {
            let name = controller_of(def).unwrap_or_default();
            let message = format!("In field: controllingField - no CustomField named {}.{name} found", def.object);
            return Err(DefError::integrity(message).on("valueSet").about(def.qualified_name()));
        };
        fields.extend(made);
    }
    Ok(())
}

/// What a controlling field takes, in order.
fn controlling_values(field: &Field, def: &FieldDef) -> Result<Vec<String>, DefError> {
    match field.ty {
        FieldType::Picklist => Ok(field.picklist.iter().map(|v| v.value.clone()).collect()),
        FieldType::Boolean => Ok(vec!["false".to_owned(), "true".to_owned()]),
        _ => {
            let message = format!("The controlling field {} must be a picklist or a checkbox", field.name);
            Err(DefError::integrity(message).on("valueSet").about(def.qualified_name()))
        }
    }
}

/// An object from its parts.
pub(super) fn assemble(def: &ObjectDef, prefix: KeyPrefix, fields: Vec<Field>, children: Vec<ChildRelationship>) -> Object {
    let mut object = Object::new(&def.full_name, &def.label, &def.plural_label, move || ObjectParts {
        fields: fields.clone(),
        children: children.clone(),
    });
    object.key_prefix = Some(prefix);
    object.custom = true;
    if def.event.is_some() {
        // As recorded of the platform's own events; those that users define can be published.
        object.storage = Storage::Event;
        object.flags = ObjectFlags { createable: true, triggerable: true, ..ObjectFlags::default() };
        return object;
    }
    object.storage = Storage::Stored;
    object.flags = ObjectFlags {
        createable: true,
        updateable: true,
        deletable: true,
        undeletable: true,
        queryable: true,
        retrieveable: true,
        searchable: def.enable_search,
        replicateable: true,
        triggerable: true,
        layoutable: true,
        compact_layoutable: true,
        search_layoutable: true,
        feed_enabled: def.enable_feeds,
        ..ObjectFlags::default()
    };
    object
}
