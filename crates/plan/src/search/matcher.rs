//! Whether a record is found: the search term over the words of its fields.

use super::words::{Meaning, Phrase, phrase, words};
use crate::emit::{Emit, Sql};
use orglet_syntax::sosl::ast::{Join, TermExpr};
use std::ops::Range;

/// Conditions that a statement has at most to leave out rows beforehand.
const MOST_LIKES: usize = 16;

/// A search term made ready.
#[derive(Clone, Debug)]
pub(super) struct Matcher(Option<Test>);

#[derive(Clone, Debug)]
enum Test {
    Words(Phrase),
    Everything,
    Or(Vec<Test>),
    Chain(Box<Test>, Vec<(Join, Test)>),
}

/// What kind of text a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Plain,
    /// With tags.
    Rich,
    /// A phone number, which is found by its digits too.
    Phone,
}

/// The words of a record.
struct Record<'a> {
    fields: Vec<(&'a str, Vec<Range<usize>>)>,
    /// What a phone number is found by beside its words.
    numbers: Vec<String>,
}

impl Matcher {
    pub(super) fn new(expr: Option<&TermExpr>) -> Self {
        Self(expr.and_then(compile))
    }

    /// Whether nothing at all can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a record with these texts is found. `or` says that words without an operator between them are
    /// alternatives.
    pub(super) fn finds<'a>(&self, texts: impl Iterator<Item = (&'a str, TextKind)>, or: bool) -> bool {
        let Some(test) = &self.0 else { return false };
        let mut record = Record { fields: Vec::new(), numbers: Vec::new() };
        for (text, kind) in texts {
            record.fields.push((text, words(text, kind == TextKind::Rich)));
            if kind == TextKind::Phone {
                record.numbers.extend(numbers(text));
            }
        }
        test.holds(&record, or)
    }

    /// A condition that every record found fulfils, over the text of all its fields; `None` where there is none that
    /// would be worth it.
    pub(super) fn beforehand(&self, emit: Emit, text: &Sql, or: bool, phones: bool) -> Option<Sql> {
        let mut left = MOST_LIKES;
        self.0.as_ref()?.beforehand(emit, text, or, phones, &mut left)
    }

    /// A text with the words that were looked for between marks; `None` where there are none. Words with wildcards are
    /// not marked.
    pub(super) fn marked(&self, text: &str) -> Option<String> {
        let mut phrases = Vec::new();
        self.0.as_ref()?.wanted(&mut phrases);
        let found = words(text, false);
        let mut hit = vec![false; found.len()];
        for phrase in phrases.into_iter().filter(|p| !p.is_wild()) {
            for start in phrase.places(text, &found) {
                hit[start..start + phrase.0.len()].fill(true);
            }
        }
        if !hit.contains(&true) {
            return None;
        }
        let mut out = String::with_capacity(text.len() + 13);
        let mut done = 0;
        for (word, _) in found.iter().zip(&hit).filter(|(_, hit)| **hit) {
            out.push_str(&text[done..word.start]);
            out.push_str("<mark>");
            out.push_str(&text[word.clone()]);
            out.push_str("</mark>");
            done = word.end;
        }
        out.push_str(&text[done..]);
        Some(out)
    }
}

/// Terms without a word in them are left out.
fn compile(expr: &TermExpr) -> Option<Test> {
    match expr {
        TermExpr::Text(chars) => match phrase(chars) {
            Meaning::Words(phrase) => Some(Test::Words(phrase)),
            Meaning::Everything => Some(Test::Everything),
            Meaning::Nothing => None,
        },
        TermExpr::Or(all) => {
            let mut all: Vec<Test> = all.iter().filter_map(compile).collect();
            if all.len() > 1 { Some(Test::Or(all)) } else { all.pop() }
        }
        TermExpr::Chain(first, rest) => {
            let mut rest: Vec<(Join, Test)> = rest.iter().filter_map(|(join, e)| Some((*join, compile(e)?))).collect();
            let first = match compile(first) {
                Some(first) => first,
                None if rest.is_empty() => return None,
                // What is excluded from nothing finds nothing.
                None if rest[0].0 == Join::AndNot => return None,
                None => rest.remove(0).1,
            };
            Some(if rest.is_empty() { first } else { Test::Chain(Box::new(first), rest) })
        }
    }
}

/// The whole of a phone number's digits, the number without a leading 1, its last seven and its last four.
fn numbers(text: &str) -> Vec<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut out = Vec::new();
    if digits.len() >= 10 {
        if digits.len() == 11 && digits.starts_with('1') {
            out.push(digits[1..].to_owned());
        }
        out.push(digits[digits.len() - 7..].to_owned());
        out.push(digits[digits.len() - 4..].to_owned());
    }
    if !digits.is_empty() {
        out.push(digits);
    }
    out
}

impl Test {
    fn holds(&self, record: &Record<'_>, or: bool) -> bool {
        match self {
            Test::Everything => true,
            Test::Words(phrase) => {
                record.fields.iter().any(|(text, words)| phrase.places(text, words).next().is_some())
                    || phrase.number().is_some_and(|word| record.numbers.iter().any(|n| word.fits(n)))
            }
            Test::Or(all) => all.iter().any(|t| t.holds(record, or)),
            Test::Chain(first, rest) => {
                let mut right: Option<(Join, bool)> = None;
                for (join, test) in rest.iter().rev() {
                    let held = joined(test.holds(record, or), right, or);
                    right = Some((*join, held));
                }
                joined(first.holds(record, or), right, or)
            }
        }
    }

    fn beforehand(&self, emit: Emit, text: &Sql, or: bool, phones: bool, left: &mut usize) -> Option<Sql> {
        match self {
            Test::Everything => None,
            Test::Words(phrase) => {
                *left = left.checked_sub(1)?;
                Some(emit.like(text, &phrase.like(phones && phrase.number().is_some())))
            }
            Test::Or(all) => {
                let all: Option<Vec<Sql>> = all.iter().map(|t| t.beforehand(emit, text, or, phones, left)).collect();
                Some(emit.all(all?, false))
            }
            Test::Chain(first, rest) => {
                // What stands behind AND NOT, to the end, is excluded.
                let kept = rest.iter().take_while(|(join, _)| *join != Join::AndNot);
                let any = |join: &Join| or && *join == Join::Beside;
                if rest.iter().any(|(join, _)| any(join)) {
                    // Of a chain with alternatives in it, each part may be enough.
                    let parts = std::iter::once(&**first).chain(rest.iter().map(|(_, t)| t));
                    let all: Option<Vec<Sql>> = parts.map(|t| t.beforehand(emit, text, or, phones, left)).collect();
                    return Some(emit.all(all?, false));
                }
                let parts = std::iter::once(&**first).chain(kept.map(|(_, t)| t));
                let all: Vec<Sql> = parts.filter_map(|t| t.beforehand(emit, text, or, phones, left)).collect();
                (!all.is_empty()).then(|| emit.all(all, true))
            }
        }
    }

    /// The phrases that are looked for, but for those that exclude.
    fn wanted<'a>(&'a self, out: &mut Vec<&'a Phrase>) {
        match self {
            Test::Everything => {}
            Test::Words(phrase) => out.push(phrase),
            Test::Or(all) => all.iter().for_each(|t| t.wanted(out)),
            Test::Chain(first, rest) => {
                first.wanted(out);
                rest.iter().take_while(|(join, _)| *join != Join::AndNot).for_each(|(_, t)| t.wanted(out));
            }
        }
    }
}

/// One side with what stands to its right.
fn joined(left: bool, right: Option<(Join, bool)>, or: bool) -> bool {
    match right {
        None => left,
        Some((Join::AndNot, right)) => left && !right,
        Some((Join::Beside, right)) if or => left || right,
        Some((_, right)) => left && right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orglet_syntax::sosl::parse;

    fn matcher(inside: &str) -> Matcher {
        Matcher::new(parse(&format!("FIND {{{inside}}}")).unwrap().term.expr.as_ref())
    }

    fn finds(inside: &str, texts: &[&str], or: bool) -> bool {
        matcher(inside).finds(texts.iter().map(|t| (*t, TextKind::Plain)), or)
    }

    #[test]
    fn terms_over_records() {
        let joe = ["Joe Smith", "Acme Inc."];
        for (inside, yes) in [
            ("joe smith", true),
            ("smith joe", true),
            ("\"smith joe\"", false),
            ("\"joe smith\"", true),
            ("joe acme", true),
            ("\"smith acme\"", false),
            ("joe jim", false),
            ("joe OR jim", true),
            ("joe AND NOT acme", false),
            ("joe AND NOT jim", true),
            ("joe AND NOT jim AND smith", true),
            ("joe AND NOT jim AND NOT smith", true),
            ("jim OR (joe AND \"acme inc\")", true),
            (r"joe \& acme", true),
            (r"\&x\& AND joe", false),
            ("** AND joe", true),
        ] {
            assert_eq!(finds(inside, &joe, false), yes, "{inside}");
        }
        assert!(finds("joe jim", &joe, true) && !finds("jack jim", &joe, true));
        assert!(matcher(r"\&\&").is_empty());
    }

    #[test]
    fn phone_numbers() {
        let finds = |inside: &str| matcher(inside).finds(std::iter::once(("(415) 555-1234", TextKind::Phone)), false);
        for number in ["4155551234", "5551234", "1234", "415", "415555*"] {
            assert!(finds(number), "{number}");
        }
        assert!(!finds("41555") && !finds("234"));
        assert_eq!(numbers("+1 415 555 1234"), ["4155551234", "5551234", "1234", "14155551234"]);
    }

    #[test]
    fn marks() {
        assert_eq!(matcher("salesforce").marked("Salesforce.com"), Some("<mark>Salesforce</mark>.com".to_owned()));
        assert_eq!(
            matcher("san francisco AND NOT bay").marked("San Francisco Bay"),
            Some("<mark>San</mark> <mark>Francisco</mark> Bay".to_owned())
        );
        assert_eq!(matcher("sales*").marked("Salesforce"), None);
    }
}
