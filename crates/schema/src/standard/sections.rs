//! A data file cut into named sections: a line `= Name` opens one, which runs to the next.

use std::collections::HashMap;

/// The sections of a file by name.
pub(super) struct Sections(HashMap<&'static str, &'static str>);

impl Sections {
    /// Finds the sections. What stands before the first (comments) belongs to none.
    pub(super) fn read(text: &'static str) -> Self {
        let mut sections = HashMap::new();
        let mut parts = text.split("\n= ");
        parts.next();
        for part in parts {
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            sections.insert(name, body);
        }
        Self(sections)
    }

    /// The lines of a section.
    pub(super) fn get(&self, name: &str) -> Option<&'static str> {
        self.0.get(name).copied()
    }

    /// The names of all sections, in no order: for the tests that look for strays.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}
