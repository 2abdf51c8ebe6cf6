//! SOQL, SOSL and formulas: lexers, syntax trees with positions, parse errors. Knows no schema and no other crate of ours.

pub mod ast;
pub mod context;
mod error;
pub mod formula;
pub mod soql;
pub mod sosl;

pub use error::{SyntaxError, SyntaxErrorKind};

/// What of the parser's behaviour hangs on the API version of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quirks {
    /// From API v61.0 on: the platform's newer parser, with other wording of errors and signed currency literals.
    pub new_parser: bool,
    /// From API v68.0 on: SET OPTIONS at the end of a query.
    pub set_options: bool,
}

impl Quirks {
    /// The quirks of an API version, given by its major number (`61` for v61.0).
    pub fn for_api_version(major: u32) -> Self {
        Quirks { new_parser: major >= 61, set_options: major >= 68 }
    }
}
