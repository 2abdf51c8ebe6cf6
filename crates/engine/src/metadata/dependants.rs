//! What stays and needs what is taken away.

use super::{Custom, FIELD, OBJECT};
use crate::Failure;
use crate::formula::rules;
use crate::formula::touch::Touched;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_plan::formula::Places;
use orglet_schema::Catalog;

/// How many dependants are named.
const NAMED: usize = 20;

/// DEPENDENCY_EXISTS where definitions that stay refer to one that goes: lookups to its object, picklists that it controls,
/// lookup filters that look at it, what objects have beside fields. `catalog` is the one before the change; the id is that of what
/// goes.
pub(super) fn check(staying: &[Custom], removed: &[Custom], catalog: &Catalog) -> Result<(), (Id, Failure)> {
    if removed.is_empty() {
        return Ok(());
    }
    // Formulas that name a field that goes are read, once, however many go.
    let named = Touched::named(removed.iter().filter(|gone| gone.kind == FIELD));
    let reads = |custom: &Custom| {
        let part = custom.part_def().filter(|part| !rules::is_settled(Some(part), None, &named, catalog));
        part.and_then(|part| rules::reads(part, catalog))
    };
    let staying: Vec<_> = staying.iter().map(|custom| (custom, reads(custom))).collect();
    // Nothing refers to a part, though it may be named like a field.
    for gone in removed.iter().filter(|gone| [OBJECT, FIELD].contains(&gone.kind.as_ref())) {
        let object = gone.kind == OBJECT;
        let needs = |(custom, reads): &&(&Custom, Option<Places>)| {
            if let (Some(part), false) = (custom.part_def(), object) {
                let is_read = reads.as_ref().is_some_and(|places| places.reads(&gone.object, &gone.name));
                return is_read || part.refers_to(&gone.object, &gone.name);
            }
            let Some(field) = custom.field_def() else { return false };
            if object {
                return field.reference_to.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(&gone.name));
            }
            let controller = field.value_set.as_ref().and_then(|set| set.controlling_field.as_deref());
            let is_gone = |object: &str, name: &str| object.eq_ignore_ascii_case(&gone.object) && name.eq_ignore_ascii_case(&gone.name);
            controller.is_some_and(|c| is_gone(&field.object, c)) || field.filtered_by().iter().any(|(object, name)| is_gone(object, name))
        };
        let named: Vec<String> =
            staying.iter().filter(needs).take(NAMED).map(|(c, _)| format!("{} - {}", c.label(), c.full_name())).collect();
        if named.is_empty() {
            continue;
        }
        return Err((gone.id, referenced(gone, &named)));
    }
    Ok(())
}

/// DEPENDENCY_EXISTS for what goes and is needed by what is named.
pub(super) fn referenced(gone: &Custom, named: &[String]) -> Failure {
    let what = match gone.kind.as_str() {
        OBJECT => "custom object".to_owned(),
        FIELD => "custom field".to_owned(),
        _ => gone.label().to_lowercase(),
    };
    let text = format!("This {what} is referenced elsewhere in salesforce.com. : {}", named.join(", "));
    ApiError::new(ErrorCode::DependencyExists, text).with_fields(Vec::<String>::new()).into()
}
