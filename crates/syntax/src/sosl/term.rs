//! What stands between the braces: words, phrases, wildcards, operators.

use super::RESERVED;
use super::ast::{Join, Term, TermChar, TermExpr};
use crate::ast::Span;
use crate::context::position;
use crate::soql::MAX_DEPTH;
use crate::{SyntaxError, SyntaxErrorKind as Kind};

/// Characters beyond which operators count as none and every word may be found.
const MAX_OPERATORS: usize = 4000;
/// Characters beyond which nothing is found.
const MAX_SEARCHED: usize = 10_000;

/// The braces of a text: the bytes of the opening and of the closing one.
pub(super) fn braces(text: &str) -> Option<(usize, usize)> {
    let open = text.find('{')?;
    let mut escaped = false;
    for (at, c) in text[open + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '}' => return Some((open, open + 1 + at)),
            _ => {}
        }
    }
    None
}

/// Reads the term between two bytes of a text.
pub(super) fn read(text: &str, from: usize, to: usize) -> Result<Term, SyntaxError> {
    let inside = text.get(from..to).unwrap_or_default();
    let items = items(text, from, inside)?;
    let chars = inside.chars().count();
    let expr = if chars > MAX_SEARCHED {
        None
    } else if chars > MAX_OPERATORS {
        let words = items.into_iter().filter_map(|i| if let Item::Text(t) = i.item { Some(TermExpr::Text(t)) } else { None });
        one_of(words.collect())
    } else {
        let mut reader = Reader { items, at: 0, depth: 0 };
        reader.whole()?
    };
    Ok(Term { text: inside.trim().to_owned(), expr })
}

/// A piece of a term and its first byte.
struct Placed {
    item: Item,
    at: u32,
}

#[derive(PartialEq)]
enum Item {
    Open,
    Close,
    And,
    Or,
    Not,
    Text(Vec<TermChar>),
}

/// Cuts a term into its items.
#[derive(Default)]
struct Scanner {
    out: Vec<Placed>,
    /// The word at hand, and where it begins.
    word: Vec<TermChar>,
    begin: usize,
    /// Where the open phrase begins.
    phrase: Option<usize>,
    /// Whether a character of the word was escaped: then it is no operator.
    escaped: bool,
}

impl Scanner {
    fn put(&mut self, at: usize, c: TermChar) {
        if self.word.is_empty() {
            self.begin = at;
        }
        self.word.push(c);
    }

    /// Ends the word at hand.
    fn flush(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let item = if self.phrase.is_some() || self.escaped { Item::Text(word) } else { named(word) };
        self.out.push(Placed { item, at: self.begin as u32 });
        self.escaped = false;
    }
}

fn items(text: &str, from: usize, inside: &str) -> Result<Vec<Placed>, SyntaxError> {
    let mut scan = Scanner::default();
    let mut chars = inside.char_indices();
    while let Some((offset, c)) = chars.next() {
        let at = from + offset;
        let in_phrase = scan.phrase.is_some();
        match c {
            '\\' => {
                // The closing brace was not escaped, so that something follows.
                let next = chars.next().map_or('\\', |(_, next)| next);
                scan.put(at, TermChar::Char(next));
                scan.escaped = true;
            }
            '"' => {
                scan.flush();
                scan.phrase = if in_phrase { None } else { Some(at) };
            }
            '*' => scan.put(at, TermChar::Any),
            '?' => scan.put(at, TermChar::One),
            '(' | ')' if !in_phrase => {
                scan.flush();
                scan.out.push(Placed { item: if c == '(' { Item::Open } else { Item::Close }, at: at as u32 });
            }
            c if RESERVED.contains(&c) => return Err(mismatched(text, at, c, '}')),
            c if c.is_whitespace() && !in_phrase => scan.flush(),
            c => scan.put(at, TermChar::Char(c)),
        }
    }
    if let Some(open) = scan.phrase {
        return Err(mismatched(text, open, '}', '"'));
    }
    scan.flush();
    Ok(scan.out)
}

/// An operator, or a word.
fn named(word: Vec<TermChar>) -> Item {
    let letters: Option<String> = word.iter().take(4).map(|c| if let TermChar::Char(c) = c { Some(*c) } else { None }).collect();
    match letters.unwrap_or_default().to_ascii_uppercase().as_str() {
        "AND" => Item::And,
        "OR" => Item::Or,
        "NOT" => Item::Not,
        _ => Item::Text(word),
    }
}

fn mismatched(text: &str, at: usize, found: char, wanted: char) -> SyntaxError {
    let (row, column) = position(text, at as u32);
    let message = format!("line {row}:{column} mismatched character '{found}' expecting '{wanted}'");
    SyntaxError::antlr(Kind::Character, Span { start: at as u32, end: at as u32 + 1 }, message)
}

fn one_of(mut all: Vec<TermExpr>) -> Option<TermExpr> {
    if all.len() > 1 { Some(TermExpr::Or(all)) } else { all.pop() }
}

/// Recursive descent over the items. What is not complete is taken as far as it goes, as captures show: an operator
/// without a right side, a parenthesis that is not closed.
struct Reader {
    items: Vec<Placed>,
    at: usize,
    depth: u32,
}

impl Reader {
    fn peek(&self) -> Option<&Item> {
        self.items.get(self.at).map(|p| &p.item)
    }

    fn take(&mut self, item: &Item) -> bool {
        let found = self.peek() == Some(item);
        self.at += usize::from(found);
        found
    }

    fn whole(&mut self) -> Result<Option<TermExpr>, SyntaxError> {
        let mut all = Vec::new();
        // A closing parenthesis too many ends nothing.
        while self.at < self.items.len() {
            all.extend(self.or()?);
            self.take(&Item::Close);
        }
        Ok(if all.len() > 1 {
            let first = all.remove(0);
            Some(TermExpr::Chain(Box::new(first), all.into_iter().map(|e| (Join::Beside, e)).collect()))
        } else {
            all.pop()
        })
    }

    fn or(&mut self) -> Result<Option<TermExpr>, SyntaxError> {
        let mut all = Vec::new();
        loop {
            all.extend(self.chain()?);
            if !self.take(&Item::Or) {
                return Ok(one_of(all));
            }
        }
    }

    fn chain(&mut self) -> Result<Option<TermExpr>, SyntaxError> {
        let mut first: Option<TermExpr> = None;
        let mut rest = Vec::new();
        let mut join = Join::Beside;
        loop {
            let at = self.items.get(self.at).map_or(0, |p| p.at);
            let unit = match self.peek() {
                Some(Item::And) => {
                    self.at += 1;
                    join = Join::And;
                    continue;
                }
                Some(Item::Not) if first.is_none() => {
                    let place = Span { start: at, end: at + 3 };
                    return Err(SyntaxError::antlr(Kind::Unexpected, place, "unexpected token: NOT"));
                }
                Some(Item::Not) => {
                    self.at += 1;
                    join = Join::AndNot;
                    continue;
                }
                Some(Item::Open) => {
                    self.at += 1;
                    let inner = self.nested(at)?;
                    self.take(&Item::Close);
                    inner
                }
                Some(Item::Text(_)) => self.text(),
                Some(Item::Or | Item::Close) | None => break,
            };
            let Some(unit) = unit else { continue };
            match first {
                None => first = Some(unit),
                Some(_) => rest.push((join, unit)),
            }
            join = Join::Beside;
        }
        Ok(match first {
            Some(first) if !rest.is_empty() => Some(TermExpr::Chain(Box::new(first), rest)),
            first => first,
        })
    }

    fn text(&mut self) -> Option<TermExpr> {
        let item = self.items.get_mut(self.at)?;
        self.at += 1;
        match &mut item.item {
            Item::Text(text) => Some(TermExpr::Text(std::mem::take(text))),
            _ => None,
        }
    }

    fn nested(&mut self, at: u32) -> Result<Option<TermExpr>, SyntaxError> {
        if self.depth >= MAX_DEPTH {
            let message = "Query is either selecting too many fields or the filter conditions are too complicated.";
            return Err(SyntaxError::bare(Kind::TooDeep, Span { start: at, end: at + 1 }, message));
        }
        self.depth += 1;
        let inner = self.or();
        self.depth -= 1;
        inner
    }
}
