//! The parse error.

use crate::ast::Span;
use crate::context;

/// What went wrong; the sentence is in [`SyntaxError::message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// No text, or nothing but blanks.
    Empty,
    /// More than 100,000 characters.
    TooLong,
    /// Parentheses or sub-queries nested too deep; the platform calls this QUERY_TOO_COMPLICATED.
    TooDeep,
    /// A token that may not stand where it stands, the end of the text included.
    Unexpected,
    /// Something is missing before a token.
    Missing,
    /// A character that starts no token.
    Character,
    /// A string that does not end.
    UnterminatedString,
    /// A backslash followed by what makes no escape, or `\%` and `\_` outside LIKE.
    Escape,
    /// A date-time whose parts are out of range.
    DateTime,
    /// `:name`, or a field where a value is due.
    Bind,
    /// A number that is out of range, such as a negative OFFSET.
    Number,
    /// A search that is well written and can't be made: a term too short, a group of fields that is none.
    Search,
}

/// A query text that is no query. All are MALFORMED_QUERY but for [`SyntaxErrorKind::TooDeep`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What went wrong.
    pub kind: SyntaxErrorKind,
    /// The offending place, in bytes; empty at the end of the text.
    pub span: Span,
    /// The sentence, such as `unexpected token: 'FROM'`.
    pub message: String,
    /// Whether the piece of the query with the caret goes before the sentence.
    pub with_context: bool,
    /// Whether the reported column is counted from 0 and the caret stands one place further left, as what the platform's
    /// parsers find is reported; what is found in the tree is counted from 1.
    pub antlr_column: bool,
}

impl SyntaxError {
    /// The `errorCode`.
    pub fn code(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::TooDeep => "QUERY_TOO_COMPLICATED",
            _ => "MALFORMED_QUERY",
        }
    }

    /// The `errorCode` of a text that is no search.
    pub fn search_code(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::Search => "INVALID_SEARCH",
            SyntaxErrorKind::TooDeep => "QUERY_TOO_COMPLICATED",
            _ => "MALFORMED_SEARCH",
        }
    }

    /// The whole `message` as it goes to the client. `query` must be the text that was parsed.
    pub fn render(&self, query: &str) -> String {
        if self.with_context { context::block(query, self.span, &self.message, self.antlr_column) } else { self.message.clone() }
    }

    /// A sentence without a place in the query.
    pub(crate) fn bare(kind: SyntaxErrorKind, span: Span, message: impl Into<String>) -> Self {
        SyntaxError { kind, span, message: message.into(), with_context: false, antlr_column: false }
    }

    /// A sentence shown below the place it speaks of.
    pub(crate) fn at(kind: SyntaxErrorKind, span: Span, message: impl Into<String>) -> Self {
        SyntaxError { kind, span, message: message.into(), with_context: true, antlr_column: false }
    }

    /// As [`SyntaxError::at`], with the column of the parser's generator.
    pub(crate) fn antlr(kind: SyntaxErrorKind, span: Span, message: impl Into<String>) -> Self {
        SyntaxError { kind, span, message: message.into(), with_context: true, antlr_column: true }
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}
