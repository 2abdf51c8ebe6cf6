//! Global value sets: they are kept in the fields that take their values from them.

use super::{Custom, Edit};
use orglet_schema::custom::{DefError, FieldDef, GlobalValueSet};

fn name_of(def: &FieldDef) -> Option<&str> {
    def.value_set.as_ref()?.value_set_name.as_deref()
}

/// Whether a field takes its values from a set.
pub(crate) fn uses(def: &FieldDef, set: &str) -> bool {
    name_of(def).is_some_and(|name| name.eq_ignore_ascii_case(set))
}

/// The sets that fields take their values from, in the order in which they came.
pub(crate) fn all(customs: &[Custom]) -> Vec<GlobalValueSet> {
    let mut sets: Vec<GlobalValueSet> = Vec::new();
    for def in customs.iter().filter_map(Custom::field_def) {
        let Some(set) = def.value_set.as_ref().and_then(|set| set.global()) else { continue };
        if !sets.iter().any(|known| known.full_name.eq_ignore_ascii_case(&set.full_name)) {
            sets.push(set);
        }
    }
    sets
}

/// Gives a field that names a set, and none of its values, those that the other fields of the set have. A set that no field takes its
/// values from is not known; the field is refused when it is built.
///
/// # Errors
/// A setting of the field is about a value that the set has not.
pub(crate) fn resolve(def: &mut FieldDef, customs: &[Custom]) -> Result<(), DefError> {
    let subject = def.qualified_name();
    let Some(set) = def.value_set.as_mut().filter(|set| set.values.is_empty()) else { return Ok(()) };
    let Some(name) = set.value_set_name.as_deref() else { return Ok(()) };
    let Some(global) = all(customs).into_iter().find(|known| known.full_name.eq_ignore_ascii_case(name)) else { return Ok(()) };
    set.resolve(&global);
    match set.unknown_setting() {
        Some(value) => {
            let message = format!("Picklist value: {value} in valueSettings not found");
            Err(DefError::integrity(message).on("valueSet").about(subject))
        }
        None => Ok(()),
    }
}

/// The changes that other values of a set are to the fields that take theirs from it, but for some fields.
pub(crate) fn changes<'a>(
    set: &'a GlobalValueSet,
    customs: &'a [Custom],
    but: impl Fn(&FieldDef) -> bool + 'a,
) -> impl Iterator<Item = Edit> + 'a {
    let fields = customs.iter().filter_map(|custom| Some((custom.id, custom.field_def()?)));
    fields.filter(move |(_, def)| uses(def, &set.full_name) && !but(def)).map(|(id, def)| {
        let mut def = def.clone();
        if let Some(values) = &mut def.value_set {
            values.resolve(set);
        }
        Edit::ChangeField(id, def)
    })
}
