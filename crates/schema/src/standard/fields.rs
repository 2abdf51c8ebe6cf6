//! A line of `fields.tsv` as a [`Field`]: the type's defaults, the rules for its length, then what the line adds.

use super::VALUE_SETS;
use super::sections::Sections;
use crate::field::{AutoNumber, DefaultValue, Field, FieldType, PicklistValue};
use std::sync::OnceLock;

/// Fields that every object has alike: name, type, label, and the flags nillable, defaulted, filterable, sortable,
/// groupable, aggregatable. None may be written.
const SYSTEM: &[(&str, FieldType, &str, [bool; 6])] = {
    const N: bool = false;
    const Y: bool = true;
    &[
        ("Id", FieldType::Id, "", [N, Y, Y, Y, Y, Y]),
        ("IsDeleted", FieldType::Boolean, "Deleted", [N, Y, Y, Y, Y, N]),
        ("CreatedDate", FieldType::DateTime, "Created Date", [N, Y, Y, Y, N, Y]),
        ("CreatedById", FieldType::Reference, "Created By ID", [N, Y, Y, Y, Y, Y]),
        ("LastModifiedDate", FieldType::DateTime, "Last Modified Date", [N, Y, Y, Y, N, Y]),
        ("LastModifiedById", FieldType::Reference, "Last Modified By ID", [N, Y, Y, Y, Y, Y]),
        ("SystemModstamp", FieldType::DateTime, "System Modstamp", [N, Y, Y, Y, N, Y]),
        ("LastActivityDate", FieldType::Date, "Last Activity", [Y, N, Y, Y, Y, Y]),
        ("LastViewedDate", FieldType::DateTime, "Last Viewed Date", [Y, N, Y, Y, N, Y]),
        ("LastReferencedDate", FieldType::DateTime, "Last Referenced Date", [Y, N, Y, Y, N, Y]),
    ]
};

/// A field that the platform keeps on every object, by its name; none if the name is another's.
pub(super) fn system(object_label: &str, name: &str) -> Option<Field> {
    let (name, ty, label, [nillable, defaulted, filterable, sortable, groupable, aggregatable]) = *SYSTEM.iter().find(|s| s.0 == name)?;
    let label = if ty == FieldType::Id { format!("{object_label} ID") } else { label.to_owned() };
    let mut field = Field::new(name, label, ty);
    field.createable = false;
    field.updateable = false;
    field.permissionable = false;
    (field.nillable, field.defaulted_on_create) = (nillable, defaulted);
    (field.filterable, field.sortable) = (filterable, sortable);
    (field.groupable, field.aggregatable) = (groupable, aggregatable);
    if ty == FieldType::Reference {
        field.relationship_name = Some(name.trim_end_matches("Id").to_owned());
        field.reference_to = vec!["User".to_owned()];
    }
    Some(field)
}

/// Reads a line: name, type (`*` for a system field), label, attributes.
pub(super) fn read(object_label: &str, line: &str) -> Result<Field, String> {
    let mut columns = line.split('\t');
    let name = columns.next().unwrap_or("");
    let ty = columns.next().unwrap_or("");
    let label = columns.next().unwrap_or("");
    let mut field = if ty == "*" {
        let mut field = system(object_label, name).ok_or_else(|| format!("{name}: no system field"))?;
        if !label.is_empty() {
            field.label = label.to_owned();
        }
        field
    } else {
        let ty = FieldType::parse(ty).ok_or_else(|| format!("{name}: unknown type {ty}"))?;
        let mut field = Field::new(name, label, ty);
        if let (FieldType::Reference, Some(parent)) = (ty, name.strip_suffix("Id")) {
            field.relationship_name = Some(parent.to_owned());
            field.reference_to = vec![parent.to_owned()];
        }
        field
    };
    for attribute in columns {
        apply(&mut field, attribute).map_err(|what| format!("{name}: {what}"))?;
    }
    finish(&mut field);
    Ok(field)
}

fn apply(field: &mut Field, attribute: &str) -> Result<(), String> {
    if let Some(letters) = attribute.strip_prefix('+') {
        return letters.chars().try_for_each(|c| set_flag(field, c, true));
    }
    if let Some(letters) = attribute.strip_prefix('-') {
        return letters.chars().try_for_each(|c| set_flag(field, c, false));
    }
    let (key, value) = attribute.split_once('=').ok_or_else(|| format!("attribute {attribute}"))?;
    let some = || (value != "-").then(|| value.to_owned());
    let bad = || format!("attribute {attribute}");
    match key {
        "len" => set_length(field, value.parse().map_err(|_| bad())?),
        "num" => {
            let (precision, scale) = value.split_once(',').ok_or_else(bad)?;
            field.precision = precision.parse().map_err(|_| bad())?;
            field.scale = scale.parse().map_err(|_| bad())?;
        }
        "bytes" => field.byte_length = value.parse().map_err(|_| bad())?,
        "dig" => field.digits = value.parse().map_err(|_| bad())?,
        "in" => field.compound = some(),
        "rel" => field.relationship_name = some(),
        "to" => field.reference_to = value.split(',').map(str::to_owned).collect(),
        "info" => field.extra_type_info = some(),
        "ctl" => field.controller = some(),
        "set" => field.picklist = value_set(value).ok_or_else(bad)?,
        "def" => field.default = Some(default(field.ty, value)),
        "auto" => {
            let (format, start) = value.rsplit_once('@').ok_or_else(bad)?;
            let start = start.parse().map_err(|_| bad())?;
            field.auto_number = Some(AutoNumber { format: format.to_owned(), start });
        }
        _ => return Err(bad()),
    }
    Ok(())
}

/// Long text takes no part in filters, order or groups; the flags of the line come after this.
fn set_length(field: &mut Field, length: u32) {
    field.length = length;
    field.byte_length = length * 3;
    if length > 255 {
        match field.ty {
            FieldType::TextArea => {
                (field.filterable, field.sortable) = (false, false);
                (field.groupable, field.aggregatable) = (false, false);
            }
            FieldType::String | FieldType::Url => field.groupable = false,
            _ => {}
        }
    }
}

fn set_flag(field: &mut Field, letter: char, on: bool) -> Result<(), String> {
    let flag = match letter {
        'n' => &mut field.nillable,
        'd' => &mut field.defaulted_on_create,
        'c' => &mut field.createable,
        'u' => &mut field.updateable,
        'f' => &mut field.filterable,
        's' => &mut field.sortable,
        'g' => &mut field.groupable,
        'a' => &mut field.aggregatable,
        'q' => &mut field.unique,
        'x' => &mut field.external_id,
        'i' => &mut field.id_lookup,
        'N' => &mut field.name_field,
        '#' => &mut field.is_auto_number,
        'k' => &mut field.calculated,
        'K' => &mut field.case_sensitive,
        'h' => &mut field.html_formatted,
        'r' => &mut field.restricted_picklist,
        'P' => &mut field.permissionable,
        'w' => &mut field.search_prefilterable,
        _ => return Err(format!("flag {letter}")),
    };
    *flag = on;
    Ok(())
}

fn default(ty: FieldType, text: &str) -> DefaultValue {
    match (ty, text) {
        (_, "@user") => DefaultValue::User,
        (_, "@now") => DefaultValue::Now,
        (FieldType::Boolean, _) => DefaultValue::Bool(text == "true"),
        (ty, _) if ty.is_decimal() || ty == FieldType::Int => DefaultValue::Number(text.to_owned()),
        _ => DefaultValue::Text(text.to_owned()),
    }
}

fn finish(field: &mut Field) {
    if field.reference_to.len() > 1 {
        field.polymorphic_foreign_key = true;
        field.name_pointing = true;
    }
    if field.default.is_none() && field.createable {
        let default = field.picklist.iter().find(|v| v.default).map(|v| v.value.clone());
        field.default = default.map(DefaultValue::Text);
    }
}

/// The values of a set of `value_sets.tsv`.
fn value_set(name: &str) -> Option<Vec<PicklistValue>> {
    Some(value_sets().get(name)?.lines().map(read_value).collect())
}

pub(super) fn value_sets() -> &'static Sections {
    static SETS: OnceLock<Sections> = OnceLock::new();
    SETS.get_or_init(|| Sections::read(VALUE_SETS))
}

fn read_value(line: &str) -> PicklistValue {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or("");
    let (value, label, marks, facts) = (next(), next(), next(), next());
    PicklistValue {
        value: value.to_owned(),
        label: if label.is_empty() { value } else { label }.to_owned(),
        active: !marks.contains('-'),
        default: marks.contains('*'),
        valid_for: None,
        facts: facts.split(';').filter_map(|f| f.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
    }
}
