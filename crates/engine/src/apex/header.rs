//! What a body says of itself before anything else: whether it is a class or a trigger, and of which name.

use orglet_schema::custom::ApexKind;

/// The name that a body declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: ApexKind,
    /// Its name.
    pub name: String,
}

/// Words that may stand before `class`.
const MODIFIERS: &[&str] = &[
    "global",
    "public",
    "private",
    "protected",
    "virtual",
    "abstract",
    "with",
    "without",
    "inherited",
    "sharing",
    "static",
    "final",
    "webservice",
];

/// Reads the name that a body declares; none where it begins otherwise, which the compiler tells in its own words.
pub fn read(body: &str) -> Option<Header> {
    let mut words = Words { rest: body };
    loop {
        match words.next()? {
            "@" => words.annotation()?,
            word if word.eq_ignore_ascii_case("trigger") => {
                return Some(Header { kind: ApexKind::Trigger, name: words.next()?.to_owned() });
            }
            word if ["class", "interface", "enum"].iter().any(|w| w.eq_ignore_ascii_case(word)) => {
                return Some(Header { kind: ApexKind::Class, name: words.next()?.to_owned() });
            }
            word if MODIFIERS.iter().any(|m| m.eq_ignore_ascii_case(word)) => {}
            _ => return None,
        }
    }
}

/// The words and signs of a text, without comments.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            if let Some(comment) = self.rest.strip_prefix("//") {
                self.rest = comment.find('\n').map_or("", |at| &comment[at..]);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = &comment[comment.find("*/")? + 2..];
            } else {
                break;
            }
        }
        let first = self.rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) { self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len()) } else { first.len_utf8() };
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(word)
    }

    /// Passes over an annotation's name and what stands in parentheses behind it.
    fn annotation(&mut self) -> Option<()> {
        self.next()?;
        let before = self.rest;
        if self.next()? != "(" {
            self.rest = before;
            return Some(());
        }
        loop {
            match self.next()? {
                ")" => return Some(()),
                "'" => self.text()?,
                _ => {}
            }
        }
    }

    /// Passes over a text whose first quote has been read.
    fn text(&mut self) -> Option<()> {
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                '\'' if !escaped => {
                    self.rest = &self.rest[at + 1..];
                    return Some(());
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_it_is() {
        let named = |body: &str| read(body).map(|h| (h.kind, h.name));
        let class = |name: &str| Some((ApexKind::Class, name.to_owned()));
        assert_eq!(named("public with sharing class A {}"), class("A"));
        assert_eq!(named("// class B\n/* class C */ @RestResource(urlMapping='/x)\\'/*') GLOBAL class D{}"), class("D"));
        assert_eq!(named("@isTest private class E_1 {}"), class("E_1"));
        assert_eq!(named("public enum F { X }"), class("F"));
        assert_eq!(named("trigger T on Account (before insert) {}"), Some((ApexKind::Trigger, "T".to_owned())));
        for other in ["", "x", "public", "/* ", "@A(", "@A('", "class", "Integer x; class A {}"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
