//! Recursive descent over the tokens: the tools all parts share, and how faults are worded.
//!
//! Both parsers of the platform count the columns of what they find from 0, and the caret stands one place further left.
//! Before API v61.0 the platform quotes an out-of-place keyword but not an out-of-place name, speaks of parentheses by
//! name, and prefixes what its lexer finds with `line r:c`. From v61.0 on everything is quoted, a choice that fails
//! shows all that it read (`'Name IN ()'`), and where the token that follows could stand after the missing one the
//! sentence is `missing value at`. Wordings without a capture follow these patterns.

mod clauses;
mod condition;
mod select;

use super::MAX_DEPTH;
use super::lexer::{self, Bad, Tok, Token};
use crate::ast::{Ident, Path, Query, Span};
use crate::{Quirks, SyntaxError, SyntaxErrorKind as Kind};

/// The result of every parsing function.
pub(crate) type Parsed<T> = Result<T, SyntaxError>;

/// Words that never are names.
const RESERVED: &[&str] = &[
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "INCLUDES", "EXCLUDES", "LIMIT", "BY", "HAVING", "ASC", "DESC", "NULLS",
    "FIRST", "LAST", "TRUE", "FALSE", "NULL", "USING", "WITH", "FOR", "UPDATE", "ELSE",
];

/// Where a query stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the whole text.
    Root,
    /// In the SELECT list of another.
    Child,
    /// After IN.
    SemiJoin,
}

/// A parser at some token.
pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    quirks: Quirks,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, quirks: Quirks) -> Self {
        Self::from(text, 0, quirks)
    }

    /// A parser that begins at a byte of its text; places count from the text's begin all the same.
    pub(crate) fn from(text: &'a str, at: usize, quirks: Quirks) -> Self {
        Parser { text, tokens: lexer::tokens(text, at), at: 0, depth: 0, quirks }
    }

    /// Parses the whole text.
    pub(crate) fn root(mut self) -> Parsed<Query> {
        let query = self.query(Place::Root)?;
        if self.peek() == Tok::Eof { Ok(query) } else { Err(self.unexpected()) }
    }

    // ---- looking

    pub(crate) fn token_at(&self, ahead: usize) -> Token {
        match self.tokens.get(self.at + ahead).or(self.tokens.last()) {
            Some(token) => *token,
            None => Token { tok: Tok::Eof, start: 0, end: 0 },
        }
    }

    pub(crate) fn token(&self) -> Token {
        self.token_at(0)
    }

    pub(crate) fn peek(&self) -> Tok {
        self.token().tok
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Tok {
        self.token_at(ahead).tok
    }

    pub(crate) fn slice(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn word_at(&self, ahead: usize) -> Option<&'a str> {
        let token = self.token_at(ahead);
        (token.tok == Tok::Word).then(|| self.slice(token))
    }

    /// Whether the token that many ahead is this keyword, given in capitals.
    pub(crate) fn is_at(&self, ahead: usize, keyword: &str) -> bool {
        self.word_at(ahead).is_some_and(|w| w.eq_ignore_ascii_case(keyword))
    }

    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.is_at(0, keyword)
    }

    /// Whether the token that many ahead may be a name.
    pub(crate) fn name_at(&self, ahead: usize) -> bool {
        self.word_at(ahead).is_some_and(|w| !RESERVED.iter().any(|r| w.eq_ignore_ascii_case(r)))
    }

    // ---- taking

    pub(crate) fn advance(&mut self) -> Token {
        let token = self.token();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    pub(crate) fn take(&mut self, tok: Tok) -> bool {
        let found = self.peek() == tok;
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn expect_word(&mut self, keyword: &str) -> Parsed<()> {
        if self.take_word(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(crate) fn expect(&mut self, tok: Tok) -> Parsed<Token> {
        if self.peek() == tok { Ok(self.advance()) } else { Err(self.unexpected()) }
    }

    /// A closing parenthesis.
    pub(crate) fn close(&mut self) -> Parsed<Token> {
        if self.peek() == Tok::RParen {
            return Ok(self.advance());
        }
        let token = self.token();
        if matches!(token.tok, Tok::Bad(_)) {
            return Err(self.unexpected());
        }
        if !self.quirks.new_parser {
            let message = format!("expecting a right parentheses, found '{}'", self.shown(token));
            return Err(SyntaxError::antlr(Kind::Missing, span(token), message));
        }
        let follows = ["AND", "OR", "FROM", "WHERE", "WITH", "GROUP", "ORDER", "LIMIT", "OFFSET", "FOR", "HAVING", "UPDATE"];
        if token.tok == Tok::Eof || follows.iter().any(|w| self.is(w)) { Err(self.missing()) } else { Err(self.unexpected()) }
    }

    /// A name: any word but the reserved ones.
    pub(crate) fn ident(&mut self) -> Parsed<Ident> {
        if !self.name_at(0) {
            return Err(self.unexpected());
        }
        let token = self.advance();
        Ok(Ident { text: self.slice(token).to_owned(), span: span(token) })
    }

    /// Names joined by dots.
    pub(crate) fn path(&mut self) -> Parsed<Path> {
        let mut segments = vec![self.ident()?];
        while self.take(Tok::Dot) {
            segments.push(self.ident()?);
        }
        let start = segments.first().map_or(0, |s| s.span.start);
        let end = segments.last().map_or(0, |s| s.span.end);
        Ok(Path { segments, span: Span { start, end } })
    }

    /// `item { "," item }`.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut out = vec![item(self)?];
        while self.take(Tok::Comma) {
            out.push(item(self)?);
        }
        Ok(out)
    }

    /// Runs `inner` one level deeper.
    pub(crate) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            let message = "Query is either selecting too many fields or the filter conditions are too complicated.";
            return Err(SyntaxError::bare(Kind::TooDeep, span(self.token()), message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// From a place to the last token taken.
    pub(crate) fn span_from(&self, start: u32) -> Span {
        let end = self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(start, |t| t.end);
        Span { start, end: end.max(start) }
    }

    // ---- faults

    /// How a token shows in a sentence.
    pub(crate) fn shown(&self, token: Token) -> &'a str {
        match token.tok {
            Tok::Eof => "<EOF>",
            // The newer lexer takes a string apart, so that its first token is the quote.
            Tok::Str | Tok::Bad(_) if self.quirks.new_parser => "'",
            _ => self.slice(token),
        }
    }

    /// The token at hand may not stand here.
    pub(crate) fn unexpected(&self) -> SyntaxError {
        let token = self.token();
        match token.tok {
            // The newer lexer takes a string apart: where none may stand, its first token, the quote, is one too many.
            Tok::Bad(bad) if bad == Bad::Char || !self.quirks.new_parser => return self.bad(token, bad),
            _ => {}
        }
        let message = format!("unexpected token: '{}'", self.shown(token));
        if token.tok == Tok::Eof && !self.quirks.new_parser {
            return SyntaxError::bare(Kind::Unexpected, span(token), message);
        }
        SyntaxError::antlr(Kind::Unexpected, span(token), message)
    }

    /// A string is due and not there, or broken.
    fn no_string(&self) -> SyntaxError {
        let token = self.token();
        match token.tok {
            Tok::Bad(bad) => self.bad(token, bad),
            _ => self.unexpected(),
        }
    }

    /// As [`Self::unexpected`], but the older parser writes the word unquoted.
    pub(crate) fn unexpected_unquoted(&self) -> SyntaxError {
        let token = self.token();
        if self.quirks.new_parser || token.tok != Tok::Word {
            return self.unexpected();
        }
        SyntaxError::antlr(Kind::Unexpected, span(token), format!("unexpected token: {}", self.slice(token)))
    }

    /// The tokens from the one at index `from` to the one at hand make none of the allowed forms.
    fn no_form(&self, from: usize) -> SyntaxError {
        let token = self.token();
        if !self.quirks.new_parser || matches!(token.tok, Tok::Bad(_)) || from >= self.at {
            return self.unexpected();
        }
        let last = match token.tok {
            Tok::Eof => self.tokens.get(self.at - 1).map_or(token.end, |t| t.end),
            Tok::Str => token.start + 1,
            _ => token.end,
        };
        let first = self.tokens.get(from).map_or(token.start, |t| t.start);
        let read = self.text.get(first as usize..last as usize).unwrap_or_default();
        SyntaxError::antlr(Kind::Unexpected, span(token), format!("unexpected token: '{read}'"))
    }

    /// Something belongs before the token at hand.
    fn missing(&self) -> SyntaxError {
        let token = self.token();
        if !self.quirks.new_parser || matches!(token.tok, Tok::Bad(_)) {
            return self.unexpected();
        }
        SyntaxError::antlr(Kind::Missing, span(token), format!("missing value at '{}'", self.shown(token)))
    }

    /// A bind expression, or a field where a value is due. From API v61.0 on the same sentence is taken to hold.
    fn bind(&self) -> SyntaxError {
        SyntaxError::at(Kind::Bind, span(self.token()), "Bind variables only allowed in Apex code")
    }

    /// What the lexer found.
    fn bad(&self, token: Token, bad: Bad) -> SyntaxError {
        match bad {
            Bad::Char => self.bad_character(Kind::Character, token.start),
            Bad::Escape(at) => self.bad_escape(at),
            Bad::LineEnd(at) if self.quirks.new_parser => {
                SyntaxError::antlr(Kind::UnterminatedString, char_span(self.text, at), r"unexpected token: '\n'")
            }
            Bad::LineEnd(at) => self.mismatched(Kind::UnterminatedString, at, r"\n", "'''"),
            Bad::Unterminated if self.quirks.new_parser => {
                let end = self.text.len() as u32;
                SyntaxError::antlr(Kind::UnterminatedString, Span { start: end, end }, "unexpected token: '<EOF>'")
            }
            Bad::Unterminated => self.mismatched(Kind::UnterminatedString, self.text.len() as u32, "<EOF>", "'''"),
        }
    }

    /// `at` is what follows the backslash.
    fn bad_escape(&self, at: u32) -> SyntaxError {
        if self.quirks.new_parser {
            return SyntaxError::at(Kind::Escape, char_span(self.text, at), "Invalid Escape Character");
        }
        self.bad_character(Kind::Escape, at)
    }

    /// A character that no token may have at this place.
    fn bad_character(&self, kind: Kind, at: u32) -> SyntaxError {
        let place = char_span(self.text, at);
        let (row, column) = crate::context::position(self.text, at);
        let shown = self.text.get(place.start as usize..place.end as usize).filter(|t| !t.is_empty()).unwrap_or("<EOF>");
        let what = if self.quirks.new_parser { "unexpected token:" } else { "no viable alternative at character" };
        SyntaxError::antlr(kind, place, format!("line {row}:{column} {what} '{shown}'"))
    }

    /// The older lexer found another character than the one or the set it wants.
    fn mismatched(&self, kind: Kind, at: u32, found: &str, wanted: &str) -> SyntaxError {
        let (row, column) = crate::context::position(self.text, at);
        let message = format!("line {row}:{column} mismatched character '{found}' expecting {wanted}");
        SyntaxError::antlr(kind, char_span(self.text, at), message)
    }
}

pub(crate) fn span(token: Token) -> Span {
    Span { start: token.start, end: token.end }
}

/// The place of the character that starts at a byte.
fn char_span(text: &str, at: u32) -> Span {
    let len = text.get(at as usize..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span { start: at, end: at + len as u32 }
}
