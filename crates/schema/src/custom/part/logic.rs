//! What the logic of a rule comes to: alternatives, each of which is a list of conditions.

use crate::lookup_filter::Logic;
use std::collections::BTreeSet;

/// Most alternatives on the way to those that remain.
const MAX_TERMS: usize = 256;

/// The alternatives that a logic comes to, each a set of conditions that must all hold; none that asks for more than another.
/// `None` where there are more than `most` of them, or where something must not hold.
pub(super) fn alternatives(logic: &Logic, most: usize) -> Option<Vec<BTreeSet<usize>>> {
    let mut terms = terms(logic)?;
    terms.sort_by_key(BTreeSet::len);
    let mut kept: Vec<BTreeSet<usize>> = Vec::new();
    for term in terms {
        if !kept.iter().any(|k| k.is_subset(&term)) {
            kept.push(term);
        }
    }
    (kept.len() <= most).then_some(kept)
}

fn terms(logic: &Logic) -> Option<Vec<BTreeSet<usize>>> {
    let found = match logic {
        Logic::Item(condition) => vec![BTreeSet::from([*condition])],
        Logic::Any(parts) => parts.iter().map(terms).collect::<Option<Vec<_>>>()?.concat(),
        Logic::All(parts) => {
            let mut all = vec![BTreeSet::new()];
            for part in parts {
                let next = terms(part)?;
                if all.len() * next.len() > MAX_TERMS {
                    return None;
                }
                all = all.iter().flat_map(|left| next.iter().map(|right| left | right).collect::<Vec<_>>()).collect();
            }
            all
        }
        Logic::Not(_) => return None,
    };
    (found.len() <= MAX_TERMS).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, items: usize, most: usize) -> Option<Vec<Vec<usize>>> {
        let found = alternatives(&Logic::parse(text, items).unwrap(), most)?;
        Some(found.into_iter().map(|term| term.into_iter().collect()).collect())
    }

    #[test]
    fn logic_comes_to_alternatives() {
        assert_eq!(of("1 AND (2 OR 3)", 3, 10).unwrap(), [[0, 1], [0, 2]]);
        // What asks for more than another alternative adds nothing.
        assert_eq!(of("(1 AND 2) OR 1", 2, 10).unwrap(), [[0]]);
        assert_eq!(of("1 AND 2", 2, 1).unwrap(), [[0, 1]]);
        assert_eq!(of("NOT 1", 1, 10), None);
        assert_eq!(of("(1 OR 2) AND (3 OR 4) AND (5 OR 6) AND (7 OR 8)", 8, 10), None);
        let many: Vec<String> = (0..9).map(|n| format!("({} OR {})", n * 2 + 1, n * 2 + 2)).collect();
        assert_eq!(of(&many.join(" AND "), 18, 1000), None);
    }
}
