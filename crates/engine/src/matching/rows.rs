//! Duplicate rules and matching rules as records that queries read.

use crate::metadata::{self, Custom};
use crate::settings::Setting;
use crate::virtuals::{Push, flag, optional, text};
use crate::{Failure, Identity, ids};
use orglet_base::{Id, KeyPrefix, OwnedCell};
use orglet_schema::custom::PartDef;
use orglet_schema::custom::part::{DuplicateRuleDef, MatchingRuleDef, standard_rules};

/// Key prefixes of duplicate rules, matching rules and what these compare.
const DUPLICATE_RULE: &str = "0Bm";
const MATCHING_RULE: &str = "0JD";
const ITEM: &str = "0JE";
/// Ids that the items of a matching rule may take.
const ITEMS: u64 = 64;

/// A rule as a record: its id, its definition, and who made it when; nobody made the platform's own.
struct Found<'a, T> {
    id: Id,
    def: &'a T,
    custom: Option<&'a Custom>,
}

/// The id of a duplicate rule by its object and its name.
pub(crate) fn duplicate_rule_id(all: &[Custom], object: &str, name: &str) -> Option<Id> {
    found(all, duplicates, standard_rules::duplicate_rules(), DUPLICATE_RULE, &|d| (&d.object, &d.full_name))
        .into_iter()
        .find(|rule| rule.def.object.eq_ignore_ascii_case(object) && rule.def.full_name.eq_ignore_ascii_case(name))
        .map(|rule| rule.id)
}

fn duplicates(part: &PartDef) -> Option<&DuplicateRuleDef> {
    if let PartDef::DuplicateRule(def) = part { Some(def) } else { None }
}

fn matchings(part: &PartDef) -> Option<&MatchingRuleDef> {
    if let PartDef::MatchingRule(def) = part { Some(def) } else { None }
}

/// The platform's own rules that the org does not define itself, then those that it defines.
fn found<'a, T>(
    all: &'a [Custom],
    pick: fn(&PartDef) -> Option<&T>,
    standard: &'static [T],
    prefix: &str,
    name: &dyn Fn(&T) -> (&str, &str),
) -> Vec<Found<'a, T>> {
    let own: Vec<Found<'a, T>> = all
        .iter()
        .filter_map(|custom| Some(Found { id: custom.id, def: custom.part_def().and_then(pick)?, custom: Some(custom) }))
        .collect();
    let same = |a: (&str, &str), b: (&str, &str)| a.0.eq_ignore_ascii_case(b.0) && a.1.eq_ignore_ascii_case(b.1);
    let mut rules = Vec::new();
    for (number, def) in (1..).zip(standard) {
        if !own.iter().any(|rule| same(name(rule.def), name(def))) {
            rules.push(Found { id: ids::seeded(prefix, number), def, custom: None });
        }
    }
    rules.extend(own);
    rules
}

/// Gives the rows of `DuplicateRule`, `MatchingRule` or `MatchingRuleItem` to `push`. `about` tells of the organization,
/// which is as old as what nobody made.
pub(crate) fn rows(identity: &Identity, object: &str, about: &dyn Fn(&str) -> OwnedCell, push: &mut Push<'_>) -> Result<(), Failure> {
    let all = metadata::all(&identity.org)?;
    if object == "DuplicateRule" {
        let on = identity.org.settings.is_on(Setting::StandardDuplicateRules);
        for rule in found(&all, duplicates, standard_rules::duplicate_rules(), DUPLICATE_RULE, &|d| (&d.object, &d.full_name)) {
            push(&|name| match name {
                "Id" => text(rule.id.to_string()),
                "SobjectType" => text(&*rule.def.object),
                "DeveloperName" => text(&*rule.def.full_name),
                "MasterLabel" => text(&*rule.def.master_label),
                "IsActive" => flag(if rule.custom.is_some() { rule.def.is_active } else { on }),
                other => common(rule.custom, other, about),
            });
        }
        return Ok(());
    }
    for rule in found(&all, matchings, standard_rules::matching_rules(), MATCHING_RULE, &|d| (&d.object, &d.full_name)) {
        if object == "MatchingRule" {
            push(&|name| match name {
                "Id" => text(rule.id.to_string()),
                "SobjectType" => text(&*rule.def.object),
                "DeveloperName" => text(&*rule.def.full_name),
                "MasterLabel" => text(&*rule.def.label),
                "MatchEngine" => text(rule.def.engine()),
                // The equation of the platform's own is no logic of items.
                "BooleanFilter" => optional(rule.def.boolean_filter.as_deref().filter(|_| rule.custom.is_some())),
                "Description" => optional(rule.def.description.as_deref()),
                "RuleStatus" => text(rule.def.rule_status.as_str()),
                other => common(rule.custom, other, about),
            });
            continue;
        }
        for (number, item) in (0..).zip(&rule.def.matching_rule_items).filter(|_| rule.custom.is_some()) {
            let id = KeyPrefix::parse(ITEM).map(|prefix| Id::new(prefix, *b"5g", rule.id.counter() * ITEMS + number));
            push(&|name| match name {
                "Id" => optional(id.map(|id| id.to_string()).as_deref()),
                "MatchingRuleId" => text(rule.id.to_string()),
                "SortOrder" => OwnedCell::Int(number as i64 + 1),
                "Field" => text(&*item.field_name),
                "MatchingMethod" => text(item.matching_method.as_str()),
                "BlankValueBehavior" => text(item.blank_value_behavior.as_str()),
                other => common(rule.custom, other, about),
            });
        }
    }
    Ok(())
}

fn common(custom: Option<&Custom>, name: &str, about: &dyn Fn(&str) -> OwnedCell) -> OwnedCell {
    match (name, custom) {
        ("IsDeleted", _) => flag(false),
        ("Language", _) => text("en_US"),
        ("SobjectSubtype", _) => text("None"),
        ("CreatedDate", Some(custom)) => text(&*custom.created),
        ("LastModifiedDate" | "SystemModstamp", Some(custom)) => text(&*custom.modified),
        ("CreatedById" | "LastModifiedById", Some(custom)) => text(&*custom.author),
        ("CreatedDate" | "LastModifiedDate" | "SystemModstamp", None) => about("CreatedDate"),
        ("CreatedById" | "LastModifiedById", None) => about("CreatedById"),
        _ => OwnedCell::Null,
    }
}
