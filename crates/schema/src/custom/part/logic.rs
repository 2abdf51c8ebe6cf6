//! The logic that joins numbered conditions: `1 AND (2 OR 3)`.

use std::collections::BTreeSet;

/// Longest text of a logic, in bytes.
const MAX_TEXT: usize = 1333;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 16;
/// Most alternatives on the way to those that remain.
const MAX_TERMS: usize = 256;

/// How conditions are joined. Conditions are counted from 0 here, from 1 in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logic {
    /// One condition.
    One(usize),
    /// Each must hold.
    All(Vec<Logic>),
    /// At least one must hold.
    Any(Vec<Logic>),
    /// It must not hold.
    Not(Box<Logic>),
}

impl Logic {
    /// The logic of conditions without one: each must hold.
    pub fn all_of(conditions: usize) -> Self {
        Self::All((0..conditions).map(Self::One).collect())
    }

    /// Reads the logic of a number of conditions, each of which it must name; the error is the sentence that tells what is
    /// wrong.
    pub fn parse(text: &str, conditions: usize) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("The filter logic has more than {MAX_TEXT} characters."));
        }
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, conditions, named: BTreeSet::new() };
        let logic = reader.joined(0)?;
        if reader.at < tokens.len() {
            return Err("Check the spelling in your filter logic.".to_owned());
        }
        if reader.named.len() < conditions {
            return Err("Some filter conditions are defined but not referenced in your filter.".to_owned());
        }
        Ok(logic)
    }

    /// Whether it holds where each condition does as `holds` says.
    pub fn holds(&self, holds: &mut dyn FnMut(usize) -> bool) -> bool {
        match self {
            Logic::One(condition) => holds(*condition),
            Logic::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Logic::Any(parts) => parts.iter().any(|part| part.holds(holds)),
            Logic::Not(part) => !part.holds(holds),
        }
    }

    /// The alternatives that it comes to, each a set of conditions that must all hold; none that asks for more than another.
    /// `None` where there are more than `most` of them, or where something must not hold.
    pub fn alternatives(&self, most: usize) -> Option<Vec<BTreeSet<usize>>> {
        let mut terms = self.terms()?;
        terms.sort_by_key(BTreeSet::len);
        let mut kept: Vec<BTreeSet<usize>> = Vec::new();
        for term in terms {
            if !kept.iter().any(|k| k.is_subset(&term)) {
                kept.push(term);
            }
        }
        (kept.len() <= most).then_some(kept)
    }

    fn terms(&self) -> Option<Vec<BTreeSet<usize>>> {
        let terms = match self {
            Logic::One(condition) => vec![BTreeSet::from([*condition])],
            Logic::Any(parts) => parts.iter().map(Logic::terms).collect::<Option<Vec<_>>>()?.concat(),
            Logic::All(parts) => {
                let mut all = vec![BTreeSet::new()];
                for part in parts {
                    let next = part.terms()?;
                    if all.len() * next.len() > MAX_TERMS {
                        return None;
                    }
                    all = all.iter().flat_map(|left| next.iter().map(|right| left | right).collect::<Vec<_>>()).collect();
                }
                all
            }
            Logic::Not(_) => return None,
        };
        (terms.len() <= MAX_TERMS).then_some(terms)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Number(usize),
    And,
    Or,
    Not,
    Open,
    Close,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let same = |test: fn(&char) -> bool| rest.len() - rest.trim_start_matches(|c: char| test(&c)).len();
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '0'..='9' => {
                let length = same(char::is_ascii_digit);
                let number = rest[..length].parse().map_err(|_| undefined(&rest[..length]))?;
                (Token::Number(number), length)
            }
            _ => {
                let length = same(char::is_ascii_alphabetic);
                let token = match rest[..length].to_ascii_uppercase().as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    "NOT" => Token::Not,
                    _ => return Err("Check the spelling in your filter logic.".to_owned()),
                };
                (token, length)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn undefined(number: &str) -> String {
    format!("The filter logic references an undefined filter: {number}.")
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    conditions: usize,
    named: BTreeSet<usize>,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn joined(&mut self, depth: usize) -> Result<Logic, String> {
        let mut parts = vec![self.single(depth)?];
        let mut by: Option<Token> = None;
        while let Some(token @ (Token::And | Token::Or)) = self.tokens.get(self.at).copied() {
            if by.is_some_and(|before| before != token) {
                return Err("Your filter must have parentheses around successive AND and OR expressions.".to_owned());
            }
            by = Some(token);
            self.at += 1;
            parts.push(self.single(depth)?);
        }
        Ok(match by {
            None => parts.remove(0),
            Some(Token::Or) => Logic::Any(parts),
            Some(_) => Logic::All(parts),
        })
    }

    fn single(&mut self, depth: usize) -> Result<Logic, String> {
        if depth > MAX_DEPTH {
            return Err("The filter logic is nested too deeply.".to_owned());
        }
        match self.take() {
            Some(Token::Number(n)) if (1..=self.conditions).contains(&n) => {
                self.named.insert(n);
                Ok(Logic::One(n - 1))
            }
            Some(Token::Number(n)) => Err(undefined(&n.to_string())),
            Some(Token::Not) => Ok(Logic::Not(Box::new(self.single(depth + 1)?))),
            Some(Token::Open) => {
                let inner = self.joined(depth + 1)?;
                match self.take() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err("Your filter is missing a parenthesis.".to_owned()),
                }
            }
            _ => Err("Check the spelling in your filter logic.".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logics_are_read_and_brought_to_alternatives() {
        let logic = Logic::parse("1 and (2 OR 3)", 3).unwrap();
        assert_eq!(logic, Logic::All(vec![Logic::One(0), Logic::Any(vec![Logic::One(1), Logic::One(2)])]));
        assert_eq!(logic.alternatives(10).unwrap(), [BTreeSet::from([0, 1]), BTreeSet::from([0, 2])]);
        assert!(logic.holds(&mut |n| n != 1) && !logic.holds(&mut |n| n != 0));
        // What asks for more than another alternative adds nothing.
        assert_eq!(Logic::parse("(1 AND 2) OR 1", 2).unwrap().alternatives(10).unwrap(), [BTreeSet::from([0])]);
        assert!(Logic::parse("NOT 1", 1).unwrap().alternatives(10).is_none());
        assert!(!Logic::parse("NOT(1)", 1).unwrap().holds(&mut |_| true));
        let many = "(1 OR 2) AND (3 OR 4) AND (5 OR 6) AND (7 OR 8)";
        assert!(Logic::parse(many, 8).unwrap().alternatives(10).is_none());
        assert_eq!(Logic::all_of(2).alternatives(1).unwrap(), [BTreeSet::from([0, 1])]);
    }

    #[test]
    fn what_is_no_logic_is_refused() {
        for (text, conditions, says) in [
            ("1 AND 2 OR 3", 3, "parentheses around"),
            ("1", 2, "not referenced"),
            ("1 AND 3", 2, "undefined filter: 3"),
            ("0", 1, "undefined filter: 0"),
            ("1 XOR 2", 2, "spelling"),
            ("(1 AND 2", 2, "missing a parenthesis"),
            ("1 AND 2)", 2, "spelling"),
            ("", 1, "spelling"),
            ("1 é", 1, "spelling"),
            ("99999999999999999999999", 1, "undefined"),
        ] {
            let told = Logic::parse(text, conditions).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
        assert!(Logic::parse(&"(".repeat(600), 1).unwrap_err().contains("deeply"));
        assert!(Logic::parse(&"1 ".repeat(2000), 1).unwrap_err().contains("characters"));
    }
}
