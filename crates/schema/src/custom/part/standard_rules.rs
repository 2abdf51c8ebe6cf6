//! The matching and duplicate rules that every org has: those of accounts, contacts and leads (Salesforce help, "Standard
//! Matching Rules", "Standard Duplicate Rules"). They are no definitions of an org until it defines one of their names.

use super::duplicate_rule::{DupeAction, DupeOperation, DupeSecurity, DuplicateRuleDef, DuplicateRuleMatchRule};
use super::matching_rule::{BlankValueBehavior, MatchingMethod, MatchingRuleDef, MatchingRuleItem, RuleStatus};
use super::{ObjectRules, PartDef};
use std::sync::OnceLock;

/// The text of a rule that says none of its own.
pub const ALERT_TEXT: &str = "Use one of these records?";

struct Template {
    object: &'static str,
    name: &'static str,
    label: &'static str,
    description: &'static str,
    logic: &'static str,
    items: &'static [(&'static str, MatchingMethod)],
}

const RULES: &[Template] = &[
    Template {
        object: "Account",
        name: "Standard_Account_Match_Rule_v1_0",
        label: "Standard Account Matching Rule",
        description: "Match accounts that duplicate other accounts.",
        logic: "(1 AND 2) OR (1 AND 3 AND 4) OR (1 AND 5) OR (1 AND 6) OR (7 AND 6) OR (7 AND 2)",
        items: &[
            ("Name", MatchingMethod::CompanyName),
            ("BillingStreet", MatchingMethod::Street),
            ("BillingCity", MatchingMethod::City),
            ("BillingState", MatchingMethod::Exact),
            ("BillingPostalCode", MatchingMethod::Zip),
            ("Phone", MatchingMethod::Phone),
            ("Website", MatchingMethod::Exact),
        ],
    },
    Template {
        object: "Contact",
        name: "Standard_Contact_Match_Rule_v1_1",
        label: "Standard Contact Matching Rule",
        description: "Match contacts that duplicate other contacts.",
        logic: PEOPLE,
        items: &[
            ("FirstName", MatchingMethod::FirstName),
            ("LastName", MatchingMethod::LastName),
            ("Title", MatchingMethod::Title),
            // The rule compares the names of the accounts.
            ("AccountId", MatchingMethod::Exact),
            ("Email", MatchingMethod::Exact),
            ("Phone", MatchingMethod::Phone),
            ("MailingStreet", MatchingMethod::Street),
            ("MailingCity", MatchingMethod::City),
            ("MailingPostalCode", MatchingMethod::Zip),
        ],
    },
    Template {
        object: "Lead",
        name: "Standard_Lead_Match_Rule_v1_0",
        label: "Standard Lead Matching Rule",
        description: "Match leads that duplicate other leads.",
        logic: PEOPLE,
        items: &[
            ("FirstName", MatchingMethod::FirstName),
            ("LastName", MatchingMethod::LastName),
            ("Title", MatchingMethod::Title),
            ("Company", MatchingMethod::CompanyName),
            ("Email", MatchingMethod::Exact),
            ("Phone", MatchingMethod::Phone),
            ("Street", MatchingMethod::Street),
            ("City", MatchingMethod::City),
            ("PostalCode", MatchingMethod::Zip),
        ],
    },
];

/// The equation that contacts and leads have in common.
const PEOPLE: &str = "(1 AND 2 AND 3 AND 4) OR (1 AND 2 AND 5) OR (1 AND 2 AND 6 AND 4) OR (1 AND 2 AND 7 AND (8 OR 9 OR 6)) \
                      OR (1 AND 2 AND 7 AND 3) OR (1 AND 2 AND 6)";

/// What of a contact is compared with what of a lead.
const SAME: &[(&str, &str)] = &[
    ("FirstName", "FirstName"),
    ("LastName", "LastName"),
    ("Title", "Title"),
    ("Email", "Email"),
    ("Phone", "Phone"),
    ("MailingStreet", "Street"),
    ("MailingCity", "City"),
    ("MailingPostalCode", "PostalCode"),
];

/// The standard matching rules, in the order of their ids.
pub fn matching_rules() -> &'static [MatchingRuleDef] {
    static MADE: OnceLock<Vec<MatchingRuleDef>> = OnceLock::new();
    MADE.get_or_init(|| RULES.iter().map(made).collect())
}

fn made(template: &Template) -> MatchingRuleDef {
    let item = |(field, method): &(&str, MatchingMethod)| MatchingRuleItem {
        field_name: (*field).to_owned(),
        matching_method: *method,
        blank_value_behavior: BlankValueBehavior::NullNotAllowed,
    };
    MatchingRuleDef {
        object: template.object.to_owned(),
        full_name: template.name.to_owned(),
        boolean_filter: Some(template.logic.to_owned()),
        description: Some(template.description.to_owned()),
        label: template.label.to_owned(),
        matching_rule_items: template.items.iter().map(item).collect(),
        rule_status: RuleStatus::Active,
        standard: true,
    }
}

/// A standard matching rule of an object, by its developer name.
pub fn matching_rule(object: &str, name: &str) -> Option<&'static MatchingRuleDef> {
    matching_rules().iter().find(|rule| rule.object.eq_ignore_ascii_case(object) && rule.full_name.eq_ignore_ascii_case(name))
}

/// The standard duplicate rules, in the order of their ids.
pub fn duplicate_rules() -> &'static [DuplicateRuleDef] {
    static MADE: OnceLock<Vec<DuplicateRuleDef>> = OnceLock::new();
    MADE.get_or_init(|| {
        let turned: Vec<(&str, &str)> = SAME.iter().map(|(contact, lead)| (*lead, *contact)).collect();
        let (account, contact, lead) = (&RULES[0], &RULES[1], &RULES[2]);
        vec![
            rule(account, "Handle accounts that duplicate other accounts.", vec![with(account, &[])]),
            rule(contact, "Handle contacts that duplicate other contacts and leads.", vec![with(contact, &[]), with(lead, SAME)]),
            rule(lead, "Handle leads that duplicate other leads and contacts.", vec![with(lead, &[]), with(contact, &turned)]),
        ]
    })
}

fn rule(of: &Template, description: &str, rules: Vec<DuplicateRuleMatchRule>) -> DuplicateRuleDef {
    DuplicateRuleDef {
        object: of.object.to_owned(),
        full_name: format!("Standard_{}_Duplicate_Rule", of.object),
        action_on_insert: DupeAction::Allow,
        action_on_update: DupeAction::Allow,
        alert_text: Some(ALERT_TEXT.to_owned()),
        description: Some(description.to_owned()),
        duplicate_rule_filter: None,
        duplicate_rule_match_rules: rules,
        is_active: true,
        master_label: format!("Standard {} Duplicate Rule", of.object),
        operations_on_insert: vec![DupeOperation::Alert, DupeOperation::Report],
        operations_on_update: vec![DupeOperation::Report],
        security_option: DupeSecurity::EnforceSharingRules,
        sort_order: 1,
    }
}

fn with(rule: &Template, mapping: &[(&str, &str)]) -> DuplicateRuleMatchRule {
    DuplicateRuleMatchRule {
        match_rule_sobject_type: rule.object.to_owned(),
        matching_rule: rule.name.to_owned(),
        mapping: mapping.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect(),
    }
}

/// Standard rules that are in force beside what an org defined: its duplicate rules where `on`, and the matching rules that
/// active duplicate rules go by.
pub fn implied(parts: &[PartDef], on: bool) -> Vec<PartDef> {
    let defined = |kind: &str, object: &str, name: &str| {
        parts.iter().any(|p| p.kind().name == kind && p.object().eq_ignore_ascii_case(object) && p.name().eq_ignore_ascii_case(name))
    };
    let own = duplicate_rules().iter().filter(|rule| on && !defined("DuplicateRule", &rule.object, &rule.full_name));
    let mut more: Vec<PartDef> = own.cloned().map(PartDef::DuplicateRule).collect();
    let mut wanted: Vec<&MatchingRuleDef> = Vec::new();
    for part in parts.iter().chain(&more) {
        let PartDef::DuplicateRule(rule) = part else { continue };
        for with in rule.duplicate_rule_match_rules.iter().filter(|_| rule.is_active) {
            if let Some(def) = matching_rule(&with.match_rule_sobject_type, &with.matching_rule)
                && !defined("MatchingRule", &def.object, &def.full_name)
                && !wanted.contains(&def)
            {
                wanted.push(def);
            }
        }
    }
    more.extend(wanted.into_iter().cloned().map(PartDef::MatchingRule));
    more
}

impl ObjectRules {
    /// An active matching rule by its developer name.
    pub fn matching_rule(&self, name: &str) -> Option<&std::sync::Arc<super::MatchingRule>> {
        self.matching_rules.iter().find(|rule| rule.def.full_name.eq_ignore_ascii_case(name))
    }
}
