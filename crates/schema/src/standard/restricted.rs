//! Objects that the platform knows and that cannot be queried as others can: those of which no rows are to be had here, and
//! those that want certain filters.

use orglet_base::{ErrorCode, fold_name};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

const RESTRICTED: &str = include_str!("../../data/restricted.tsv");
const LEFT_OUT: &str = include_str!("../../data/left_out.tsv");

/// What queries of an object are refused with, and which are not.
#[derive(Clone, Copy, Debug)]
pub struct Restriction {
    /// The object.
    pub object: &'static str,
    /// The code of the refusal.
    pub code: ErrorCode,
    /// Its sentence.
    pub sentence: &'static str,
    filters: &'static str,
    selects: &'static str,
}

/// A filter on a field, as a restriction may ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The field equals something.
    Equal,
    /// The field equals something or is one of several.
    Listed,
}

impl Restriction {
    /// Whether any filter at all is enough.
    pub fn takes_any_filter(&self) -> bool {
        self.filters == "*"
    }

    /// The filters one of which is enough.
    pub fn filters(&self) -> impl Iterator<Item = (Wanted, &'static str)> {
        self.filters.split(' ').filter_map(|f| match f.split_at_checked(1)? {
            ("=", field) => Some((Wanted::Equal, field)),
            ("~", field) => Some((Wanted::Listed, field)),
            _ => None,
        })
    }

    /// The fields that may be selected, where that is what is restricted.
    pub fn selects(&self) -> Option<impl Iterator<Item = &'static str>> {
        (!self.selects.is_empty()).then(|| self.selects.split(' '))
    }
}

fn read(line: &'static str) -> Option<Restriction> {
    let mut columns = line.split('\t');
    let object = columns.next()?;
    let code = columns.next()?;
    Some(Restriction {
        object,
        code: ErrorCode::all().find(|c| c.as_str() == code)?,
        sentence: columns.next()?,
        filters: columns.next().unwrap_or(""),
        selects: columns.next().unwrap_or(""),
    })
}

fn lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().filter(|l| !l.starts_with('#'))
}

/// The restriction on queries of an object, by its name in any case.
pub fn restriction(object: &str) -> Option<&'static Restriction> {
    static ALL: OnceLock<HashMap<String, Restriction>> = OnceLock::new();
    let all = ALL.get_or_init(|| lines(RESTRICTED).filter_map(read).map(|r| (fold_name(r.object).into_owned(), r)).collect());
    all.get(fold_name(object).as_ref())
}

/// Whether a plain org has an object that this one has not, by its name in any case.
pub fn is_left_out(object: &str) -> bool {
    static ALL: OnceLock<HashSet<String>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let names = lines(LEFT_OUT).chain(lines(RESTRICTED)).filter_map(|l| l.split('\t').next());
        names.map(|n| fold_name(n).into_owned()).collect()
    });
    all.contains(fold_name(object).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_read() {
        for line in lines(RESTRICTED) {
            let read = read(line).unwrap_or_else(|| panic!("{line}"));
            assert!(!read.sentence.is_empty(), "{line}");
            assert!(
                read.filters.is_empty() || read.takes_any_filter() || read.filters().count() == read.filters.split(' ').count(),
                "{line}"
            );
            assert!(restriction(read.object).is_some_and(|r| r.object == read.object), "{line}");
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(restriction("openactivity").map(|r| r.code), Some(ErrorCode::InvalidTypeForOperation));
        assert!(is_left_out("CALENDAR") && !is_left_out("Account"));
        let vote = restriction("Vote").unwrap();
        assert!(vote.filters().any(|f| f == (Wanted::Equal, "Parent.Type")));
    }
}
