//! Validation rules with their conditions read, kept for one version of the catalog.

use super::Trouble;
use super::touch::Touched;
use crate::Org;
use orglet_base::fold_name;
use orglet_plan::formula::{Fault, Node, Places, condition, default};
use orglet_schema::custom::part::Part;
use orglet_schema::custom::{DefError, FieldDef, PartDef, ValidationRuleDef};
use orglet_schema::{Catalog, DefaultValue, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// The active rules of an object, and what they read.
pub(crate) struct Rules {
    /// In order of creation.
    pub(crate) rules: Vec<Rule>,
    /// The rows that their conditions read.
    pub(crate) places: Places,
}

/// A rule.
pub(crate) struct Rule {
    /// Its developer name.
    pub(crate) name: String,
    /// What it says to those whose records meet the condition.
    pub(crate) message: String,
    /// The field that it says it at.
    pub(crate) field: Option<String>,
    /// The condition. One that could be read when the rule was made may be none in a later release.
    pub(crate) condition: Result<Node, Trouble>,
}

/// The rules that an org has read, by folded object name.
#[derive(Default)]
pub(crate) struct Read {
    version: u64,
    by_object: HashMap<String, Arc<Rules>>,
}

impl Org {
    /// The active rules of an object of a catalog; none where it has none.
    pub(crate) fn validation_rules(&self, catalog: &Catalog, object: &Object) -> Option<Arc<Rules>> {
        let defined = object.rules.as_ref().filter(|rules| !rules.validation_rules.is_empty())?;
        let key = fold_name(&object.name);
        {
            let known = self.rules.read();
            if let Some(rules) = known.by_object.get(key.as_ref()).filter(|_| known.version == catalog.version()) {
                return Some(rules.clone());
            }
        }
        let mut places = Places::of(catalog.object(&object.name)?);
        let rules = defined.validation_rules.iter().map(|def| read(def, catalog, object, &mut places)).collect();
        let rules = Arc::new(Rules { rules, places });
        // What belongs to an older catalog than the one of now is not worth keeping.
        if self.catalog().version() == catalog.version() {
            let mut known = self.rules.write();
            if known.version != catalog.version() {
                *known = Read { version: catalog.version(), by_object: HashMap::new() };
            }
            known.by_object.insert(key.into_owned(), rules.clone());
        }
        Some(rules)
    }
}

fn read(def: &ValidationRuleDef, catalog: &Catalog, object: &Object, places: &mut Places) -> Rule {
    let field = def.error_display_field.as_deref().and_then(|name| object.field(name)).map(|field| field.name.clone());
    let condition = condition(&def.error_condition_formula, catalog, places).map_err(|fault| Trouble(Some(fault.message)));
    Rule { name: def.full_name.clone(), message: def.error_message.clone(), field, condition }
}

/// Checks the formula of a definition, where it has one, against a catalog that it is to be in.
pub(crate) fn check(def: &PartDef, catalog: &Catalog) -> Result<(), DefError> {
    match compiled(def, catalog) {
        Some(Err(fault)) if fault.unsupported => Err(DefError::unsupported(fault.message).about(def.qualified_name())),
        Some(Err(fault)) => Err(DefError::integrity(fault.message).about(def.qualified_name())),
        _ => Ok(()),
    }
}

/// Checks the formula of a field's default, where it has one, against a catalog that the field is in.
pub(crate) fn check_default(def: &FieldDef, catalog: &Catalog) -> Result<(), DefError> {
    let Some(object) = catalog.object(&def.object) else { return Ok(()) };
    let Some(field) = object.field(&def.full_name) else { return Ok(()) };
    let Some(DefaultValue::Formula(text)) = &field.default else { return Ok(()) };
    let refused = match default(text, field.ty, catalog, &mut Places::of(object)) {
        Ok(_) => return Ok(()),
        Err(fault) if fault.unsupported => DefError::unsupported(fault.message),
        Err(fault) => DefError::integrity(fault.message),
    };
    Err(refused.on("defaultValue").about(def.qualified_name()))
}

/// What the formula of a definition reads, where it has one that is right.
pub(crate) fn reads(def: &PartDef, catalog: &Catalog) -> Option<Places> {
    compiled(def, catalog).and_then(Result::ok)
}

/// Whether a change can't matter to the formula of a definition. What has no formula is settled too.
pub(crate) fn is_settled(part: Option<&PartDef>, field: Option<&FieldDef>, touched: &Touched, new: &Catalog) -> bool {
    let (object, text) = match (part, field) {
        (Some(PartDef::ValidationRule(rule)), _) => (&rule.object, Some(rule.error_condition_formula.as_str())),
        (Some(PartDef::Flow(def)), _) => {
            // What a flow calls is not looked for by name.
            let text = def.to_metadata().to_string();
            return def.flow.subflows.is_empty() && !touched.reaches(def.starts_on().unwrap_or_default(), &text);
        }
        (_, Some(def)) => {
            let default = new.object(&def.object).and_then(|o| o.field(&def.full_name)).and_then(|field| field.default.as_ref());
            let text = if let Some(DefaultValue::Formula(text)) = default { Some(text.as_str()) } else { None };
            (&def.object, text)
        }
        _ => return true,
    };
    text.is_none_or(|text| !touched.reaches(object, text))
}

fn compiled(def: &PartDef, catalog: &Catalog) -> Option<Result<Places, Fault>> {
    let PartDef::ValidationRule(rule) = def else { return None };
    let mut places = Places::of(catalog.object(&rule.object)?);
    Some(condition(&rule.error_condition_formula, catalog, &mut places).map(|_| places))
}
