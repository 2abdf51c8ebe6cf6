//! Names of the parts of answers.

use std::fmt;
use std::ops::Deref;

const BEFORE: &str = ",\"";
const BEHIND: &str = "\":";

/// The name of a part of a record. Answers consist of names for the most part, the same ones in each record, so that a
/// name is kept as compact JSON has it in an object; everywhere else it is its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// Comma, name in quotes, colon.
    member: Box<str>,
    /// Whether JSON writes it as it is.
    plain: bool,
}

impl Name {
    /// A name.
    pub fn new(name: &str) -> Self {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Self { member: [BEFORE, name, BEHIND].concat().into(), plain }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.member[BEFORE.len()..self.member.len() - BEHIND.len()]
    }

    /// What stands before its value in compact JSON, behind another member; `None` where JSON does not write the name as
    /// it is.
    pub fn member(&self) -> Option<&str> {
        self.plain.then_some(&self.member)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_text() {
        for (name, member) in [("Id", Some(",\"Id\":")), ("Größe__c", None), ("a\"b", None), ("", Some(",\"\":"))] {
            let made = Name::new(name);
            assert_eq!((made.as_str(), made.member()), (name, member));
            assert_eq!(made.to_string(), name);
        }
    }
}
