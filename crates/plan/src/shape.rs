//! How columns become the parts of a record: shared by queries and by reads of one row.

use crate::plan::{Node, OutKind};
use orglet_base::Name;
use orglet_schema::{Field, FieldType, Object, Storage};
use std::sync::Arc;

/// The parts of an address in the order of an answer, with the endings of their fields' names.
const ADDRESS: &[(&str, &str)] = &[
    ("city", "City"),
    ("country", "Country"),
    ("countryCode", "CountryCode"),
    ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("stateCode", "StateCode"),
    ("street", "Street"),
];

/// The part of a compound field whose name ends so (custom parts end in `__s`).
pub(crate) fn part<'a>(object: &'a Object, compound: &'a Field, ending: &str) -> Option<&'a Field> {
    object.parts_of(&compound.name).find(|f| {
        let stem = f.name.strip_suffix("__s").unwrap_or(&f.name);
        stem.len() >= ending.len()
            && stem.is_char_boundary(stem.len() - ending.len())
            && stem[stem.len() - ending.len()..].eq_ignore_ascii_case(ending)
    })
}

/// Latitude and longitude of an address or a location.
pub(crate) fn coordinates<'a>(object: &'a Object, compound: &'a Field) -> Option<(&'a Field, &'a Field)> {
    Some((part(object, compound, "Latitude")?, part(object, compound, "Longitude")?))
}

/// The node of a field. `column` says where a field's cell stands; `id_column` is that of the row's Id. `None` for a
/// location without halves.
pub(crate) fn field_node<'a>(
    object: &'a Arc<Object>,
    field: &'a Field,
    id_column: usize,
    column: &mut dyn FnMut(&'a Field) -> usize,
) -> Option<Node> {
    let name = Name::new(&field.name);
    let source = object.field_index(&field.name).map(|i| (object.clone(), i));
    Some(match field.ty {
        FieldType::Address => {
            let found = ADDRESS.iter().filter_map(|(key, ending)| Some((*key, part(object, field, ending)?)));
            Node::Address { name, parts: found.map(|(key, f)| (key, column(f), f.cell_kind())).collect() }
        }
        FieldType::Location => {
            let (latitude, longitude) = coordinates(object, field)?;
            Node::Location { name, latitude: column(latitude), longitude: column(longitude), kind: latitude.cell_kind() }
        }
        _ if !field.has_column() => Node::Value { name, column: id_column, kind: OutKind::Cell(field.cell_kind()), source },
        _ => Node::Value { name, column: column(field), kind: OutKind::Cell(field.cell_kind()), source },
    })
}

/// The columns and the shape of a record that is read by its Id: what [`crate::write::point_read`] should select, and
/// how its row becomes the record. Column 0 is the Id. Compound fields bring their parts as columns.
pub fn record_shape<'a>(object: &'a Arc<Object>, fields: &[&'a Field]) -> (Vec<&'a Field>, Vec<Node>) {
    let mut columns: Vec<&Field> = key_field(object).into_iter().collect();
    let mut nodes: Vec<Node> = Vec::with_capacity(fields.len());
    for field in fields {
        if nodes.iter().any(|n| n.name().as_str() == field.name) {
            continue;
        }
        nodes.extend(field_node(object, field, 0, &mut |f| {
            columns.iter().position(|c| c.name == f.name).unwrap_or_else(|| {
                columns.push(f);
                columns.len() - 1
            })
        }));
    }
    (columns, nodes)
}

/// The field that tells rows apart, and that their addresses show: Id; on virtual objects DurableId where they have one, as their
/// Ids may be all alike, or the first with a column.
pub(crate) fn key_field(object: &Object) -> Option<&Field> {
    let durable = (object.storage == Storage::Virtual).then(|| object.field("DurableId")).flatten();
    durable.or_else(|| object.field("Id")).or_else(|| object.fields().iter().find(|f| f.has_column()))
}
