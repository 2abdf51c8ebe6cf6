//! Parsing SOQL.
//!
//! The parser checks shape only: which objects, fields, functions and date literals exist, and which of them may stand
//! together, is found out when names are looked up. Keywords are told from names by place wherever the platform does so
//! (`FROM Order`, `SELECT End`).

pub(crate) mod lexer;
pub(crate) mod parser;

pub use crate::{Quirks, SyntaxError, SyntaxErrorKind};

use crate::ast::{Query, Span};

/// The greatest length of a query, in characters.
pub const MAX_CHARS: usize = 100_000;

/// How deep parentheses and sub-queries may nest, all kinds together.
pub const MAX_DEPTH: u32 = 64;

/// Parses a query. Takes time proportional to the text's length.
///
/// # Errors
/// [`SyntaxError`] for a text that is empty, longer than [`MAX_CHARS`], nested deeper than [`MAX_DEPTH`], or no SOQL
/// that may be sent through the API.
pub fn parse(text: &str, quirks: Quirks) -> Result<Query, SyntaxError> {
    parse_within(text, quirks, MAX_CHARS)
}

/// As [`parse`], for a text in which values stand that were bound: of another greatest length, in characters.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(text: &str, quirks: Quirks, most: usize) -> Result<Query, SyntaxError> {
    if text.len() > most && text.chars().nth(most).is_some() {
        let message = "SOQL statements can not be longer than 100000 characters";
        return Err(SyntaxError::bare(SyntaxErrorKind::TooLong, Span::default(), message));
    }
    if text.trim().is_empty() {
        let message = "SOQL statements cannot be empty or null";
        return Err(SyntaxError::bare(SyntaxErrorKind::Empty, Span::default(), message));
    }
    parser::Parser::new(text, quirks).root()
}
