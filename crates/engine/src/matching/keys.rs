//! Match keys: what records must have in common for a matching rule to look at them at all, so that a save reads few of them
//! (Salesforce help, "How Match Keys Are Generated and Used in Matching Rules", "Normalization Criteria for Match Keys").
//!
//! A key is made of the values of one alternative of a rule, each cut to what is likely the same in duplicates. It is kept
//! as a number: two alternatives that share one by chance cost a comparison.

use super::text;
use crate::record::Row;
use orglet_base::Value;
use orglet_schema::custom::part::{BlankValueBehavior, MatchingMethod, MatchingRule};

/// Another number means that keys are made in another way: those that are kept are made again.
pub(super) const MADE_AS: u32 = 1;

/// A value as it is compared; none where there is none.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Text(t) => Some(t.trim()).filter(|t| !t.is_empty()).map(str::to_owned),
        other => Some(other.display()),
    }
}

/// The items of an alternative that a record is compared by: those of names that are blank are passed over beside an email
/// by the platform's own rules. `None` where the record can't match by this alternative.
pub(super) fn compared<'a>(rule: &'a MatchingRule, alternative: &'a [usize], values: &[Option<String>]) -> Option<Vec<usize>> {
    let items = &rule.def.matching_rule_items;
    let email = rule.standard() && alternative.iter().any(|item| items[*item].field_name == "Email");
    let mut compared = Vec::with_capacity(alternative.len());
    for item in alternative {
        let definition = &items[*item];
        match (&values[*item], definition.blank_value_behavior) {
            (Some(_), _) | (None, BlankValueBehavior::MatchBlanks) => compared.push(*item),
            (None, _) if email && is_name(definition.matching_method) => {}
            (None, BlankValueBehavior::NullNotAllowed) => return None,
        }
    }
    Some(compared)
}

fn is_name(method: MatchingMethod) -> bool {
    matches!(method, MatchingMethod::FirstName | MatchingMethod::LastName)
}

/// The values of a rule's items.
pub(super) fn values(rule: &MatchingRule, row: &Row) -> Vec<Option<String>> {
    rule.fields.iter().map(|index| row.values.get(*index).and_then(shown)).collect()
}

/// The keys of a record, without doubles, in order.
pub(super) fn of(rule: &MatchingRule, row: &Row) -> Vec<i64> {
    let values = values(rule, row);
    let mut keys: Vec<i64> = Vec::new();
    for (number, alternative) in rule.alternatives.iter().enumerate() {
        keys.extend(compared(rule, alternative, &values).and_then(|items| key(rule, number, alternative, &items, &values)));
        // By the platform's own rules names may stand in each other's place: one key for either way.
        if let Some(turned) = turned(rule, &values) {
            keys.extend(compared(rule, alternative, &turned).and_then(|items| key(rule, number, alternative, &items, &turned)));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The values with first and last name in each other's place, where a rule tries that.
pub(super) fn turned(rule: &MatchingRule, values: &[Option<String>]) -> Option<Vec<Option<String>>> {
    let at = |method| rule.def.matching_rule_items.iter().position(|item| item.matching_method == method);
    let (first, last) = (at(MatchingMethod::FirstName)?, at(MatchingMethod::LastName)?);
    if !rule.standard() || values[first].is_none() || values[last].is_none() {
        return None;
    }
    let mut turned = values.to_vec();
    turned.swap(first, last);
    Some(turned)
}

/// The key of an alternative; none where nothing of it makes one.
fn key(rule: &MatchingRule, number: usize, alternative: &[usize], items: &[usize], values: &[Option<String>]) -> Option<i64> {
    let definitions = &rule.def.matching_rule_items;
    let mut hash = Hash::new();
    hash.add(&number.to_string());
    let mut any = false;
    // An email says who it is: names beside it may be blank in one of two records, and are no part of the key then.
    let email = rule.standard() && alternative.iter().any(|item| definitions[*item].field_name == "Email");
    for item in items {
        let method = definitions[*item].matching_method;
        if email && is_name(method) {
            continue;
        }
        let part = match &values[*item] {
            None => "\u{1}".to_owned(),
            Some(value) => match part(method, value, rule.standard()) {
                Some(part) => part,
                // Titles make no part, what has nothing to compare makes no key.
                None if method == MatchingMethod::Title => continue,
                None => return None,
            },
        };
        any = true;
        hash.add(&part);
    }
    any.then(|| hash.number())
}

fn part(method: MatchingMethod, value: &str, standard: bool) -> Option<String> {
    let begin = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    let part = match method {
        MatchingMethod::Exact => text::exact(value),
        MatchingMethod::FirstName => {
            let name = text::first_name(value);
            let whole = text::canonical_name(&name);
            // Custom rules take the whole name (knowledge article 000389625): Raj is no Rajesh.
            if standard { begin(whole, 1) } else { sound_of(whole) }
        }
        MatchingMethod::LastName => sound_of(&text::last_name(value)),
        MatchingMethod::CompanyName => text::company(value).iter().take(2).map(|word| begin(word, 6)).collect(),
        MatchingMethod::Phone => {
            let digits = text::digits(value);
            let digits = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits);
            digits.get(..digits.len().saturating_sub(4)).filter(|rest| !rest.is_empty()).unwrap_or(digits).to_owned()
        }
        MatchingMethod::City => begin(&text::city(value), 6),
        MatchingMethod::Street => {
            let street = text::street(value);
            [street.number, street.name.replace(' ', "")].concat()
        }
        MatchingMethod::Zip => begin(text::zip(value)?.0, 3),
        MatchingMethod::Title => return None,
    };
    Some(part).filter(|part| !part.is_empty())
}

/// How a name sounds; the name itself where its letters are none that sound here.
fn sound_of(name: &str) -> String {
    Some(text::sound(name)).filter(|sound| !sound.is_empty()).unwrap_or_else(|| name.to_owned())
}

/// A hash that stays the same over releases and machines (FNV-1a).
pub(super) struct Hash(u64);

impl Hash {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes a part, apart from those around it.
    pub(super) fn add(&mut self, part: &str) {
        for byte in part.bytes().chain([0x1f]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn number(&self) -> i64 {
        self.0 as i64
    }
}
