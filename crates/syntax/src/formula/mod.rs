//! The formula language of validation rules: lexer, syntax tree, parse errors.
//!
//! The grammar is that of the platform's own engine (github.com/salesforce/formula-engine, `Formula.g4`); so are the
//! words of the errors (its `labels.xml`).

pub mod ast;
mod lexer;
mod parser;

use ast::{Expr, Span};

/// Most characters of a formula.
pub const MAX_CHARS: usize = 3900;

/// How deep parentheses, calls and signs may nest.
pub const MAX_DEPTH: usize = 150;

/// A text that is no formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// The sentence, such as `Syntax error.  Missing ')'`.
    pub message: String,
    /// The offending place, in bytes; empty at the end of the text.
    pub span: Span,
}

impl FormulaError {
    /// `Syntax error`, and behind a full stop what is wrong, where that is known.
    fn syntax(span: Span, what: &str) -> Self {
        let message = if what.is_empty() { "Syntax error".to_owned() } else { format!("Syntax error.{what}") };
        Self { message, span }
    }

    fn too_deep(span: Span) -> Self {
        Self { message: format!("Formula is nested too deeply. Maximum depth is {MAX_DEPTH}"), span }
    }
}

impl std::fmt::Display for FormulaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FormulaError {}

/// Parses a formula.
pub fn parse(text: &str) -> Result<Expr, FormulaError> {
    let chars = if text.len() > MAX_CHARS { text.encode_utf16().count() } else { 0 };
    if chars > MAX_CHARS {
        let message =
            format!("Formula is too long ({} characters).  Maximum length is {} characters", thousands(chars), thousands(MAX_CHARS));
        return Err(FormulaError { message, span: Span::default() });
    }
    parser::Parser::new(text)?.formula()
}

/// A number as English readers write it: `3,916`.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
