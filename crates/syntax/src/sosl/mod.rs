//! Parsing SOSL: `FIND {…} IN … FIELDS RETURNING … WITH … LIMIT … UPDATE …`.
//!
//! The braces are found first, as the platform does: a text without them has no search term, whatever else is wrong with
//! it. What follows them is read by SOQL's parser in its older form, whose wording captures of searches have up to the
//! newest versions. Columns are those of the older parser's generator in every error.

pub mod ast;
mod statement;
mod term;

use crate::ast::Span;
use crate::soql::MAX_CHARS;
use crate::soql::parser::Parser;
use crate::{Quirks, SyntaxError, SyntaxErrorKind as Kind};
use ast::Search;

/// The characters that stand for themselves only behind a backslash.
pub const RESERVED: &[char] = &['?', '&', '|', '!', '{', '}', '[', ']', '(', ')', '^', '~', '*', ':', '\\', '"', '\'', '+', '-'];

/// Parses a search. Takes time proportional to the text's length.
///
/// # Errors
/// [`SyntaxError`] for a text that is empty, too long, nested too deep, or no search; its code is
/// [`SyntaxError::search_code`].
pub fn parse(text: &str) -> Result<Search, SyntaxError> {
    if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
        let message = "SOSL statements can not be longer than 100000 characters";
        return Err(SyntaxError::bare(Kind::TooLong, Span::default(), message));
    }
    statement::parse(text).map_err(in_old_columns)
}

/// Parts of a search that are given one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A list of fields.
    Fields,
    /// The condition of WHERE.
    Where,
    /// What stands behind ORDER BY.
    OrderBy,
    /// The name of an object.
    Object,
}

/// Whether a text is one such part and nothing else, so that it may be put into a search.
///
/// # Errors
/// [`SyntaxError`] where it is not.
pub fn check_part(part: Part, text: &str) -> Result<(), SyntaxError> {
    let mut parser = Parser::from(text, 0, OLD);
    match part {
        Part::Fields => parser.list(Parser::search_field).map(|_| ()),
        Part::Where => parser.condition(false).map(|_| ()),
        Part::OrderBy => parser.list(Parser::order_item).map(|_| ()),
        Part::Object => parser.ident().map(|_| ()),
    }
    .and_then(|()| parser.end())
    .map_err(in_old_columns)
}

/// The older parser.
const OLD: Quirks = Quirks { new_parser: false, set_options: false };

fn in_old_columns(error: SyntaxError) -> SyntaxError {
    SyntaxError { antlr_column: error.with_context, ..error }
}
