//! Cuts a formula into tokens, one at a time, so that an earlier fault of the parser's is told before a later one here.

use super::FormulaError;
use super::ast::{Op, Span};

/// A token and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) tok: Tok,
    pub(super) span: Span,
}

/// Kinds of token; the text is taken from the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tok {
    Ident,
    Number,
    Text,
    True,
    False,
    Null,
    Not,
    Bang,
    LParen,
    RParen,
    Comma,
    Op(Op),
    /// Known to the platform's lexer, of no use in a formula: `: ; . ~ [ ] =>`.
    Other,
    Eof,
}

/// Reads the token that starts at or after a byte. At the end of the text that is [`Tok::Eof`].
pub(super) fn next(text: &str, from: usize) -> Result<Token, FormulaError> {
    let bytes = text.as_bytes();
    let start = skip(text, from)?;
    let rest = &bytes[start..];
    let (tok, len) = match rest {
        [] => (Tok::Eof, 0),
        [b'a'..=b'z' | b'A'..=b'Z' | b'$', ..] => {
            let len = run(rest, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b':' | b'.' | b'#'));
            (word(&text[start..start + len]), len)
        }
        [b'0'..=b'9', ..] => {
            let whole = run(rest, |b| b.is_ascii_digit());
            let fraction = match &rest[whole..] {
                [b'.', more @ ..] => run(more, |b| b.is_ascii_digit()),
                _ => 0,
            };
            (Tok::Number, if fraction > 0 { whole + 1 + fraction } else { whole })
        }
        [quote @ (b'"' | b'\''), ..] => (Tok::Text, quoted(text, start, *quote)?),
        [b'(', ..] => (Tok::LParen, 1),
        [b')', ..] => (Tok::RParen, 1),
        [b',', ..] => (Tok::Comma, 1),
        [b'!', b'=', ..] | [b'<', b'>', ..] => (Tok::Op(Op::NotEqual), 2),
        [b'!', ..] => (Tok::Bang, 1),
        [b'=', b'>', ..] => (Tok::Other, 2),
        [b'=', b'=', ..] => (Tok::Op(Op::Equal), 2),
        [b'=', ..] => (Tok::Op(Op::Equal), 1),
        [b'<', b'=', ..] => (Tok::Op(Op::LessOrEqual), 2),
        [b'>', b'=', ..] => (Tok::Op(Op::GreaterOrEqual), 2),
        [b'<', ..] => (Tok::Op(Op::Less), 1),
        [b'>', ..] => (Tok::Op(Op::Greater), 1),
        [b'&', b'&', ..] => (Tok::Op(Op::And), 2),
        [b'|', b'|', ..] => (Tok::Op(Op::Or), 2),
        [b'&', ..] => (Tok::Op(Op::Concat), 1),
        [b'+', ..] => (Tok::Op(Op::Add), 1),
        [b'-', ..] => (Tok::Op(Op::Subtract), 1),
        [b'*', ..] => (Tok::Op(Op::Multiply), 1),
        [b'/', ..] => (Tok::Op(Op::Divide), 1),
        [b'^', ..] => (Tok::Op(Op::Power), 1),
        [b':' | b';' | b'.' | b'~' | b'[' | b']', ..] => (Tok::Other, 1),
        _ => return Err(FormulaError::syntax(span(start, start + 1), "")),
    };
    Ok(Token { tok, span: span(start, start + len) })
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

fn run(bytes: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| accept(**b)).count()
}

fn word(text: &str) -> Tok {
    let is = |keyword: &str| text.eq_ignore_ascii_case(keyword);
    if is("true") {
        Tok::True
    } else if is("false") {
        Tok::False
    } else if is("null") {
        Tok::Null
    } else if is("not") {
        Tok::Not
    } else {
        Tok::Ident
    }
}

/// Where the next token starts: behind blanks and comments. Comments do not nest.
fn skip(text: &str, from: usize) -> Result<usize, FormulaError> {
    let bytes = text.as_bytes();
    let mut at = from.min(bytes.len());
    loop {
        match &bytes[at..] {
            [b' ' | b'\t' | b'\r' | b'\n' | 0x0c, ..] => at += 1,
            [b'/', b'*', ..] => match text[at + 2..].find("*/") {
                Some(end) => at += 2 + end + 2,
                None => return Err(FormulaError::syntax(span(at, bytes.len()), "  Missing *")),
            },
            _ => return Ok(at),
        }
    }
}

/// The length of the quoted text at a byte, its quotes included. The escapes are `\n \r \t \" \' \\`, in either case of
/// letter; a line end inside is none.
fn quoted(text: &str, start: usize, quote: u8) -> Result<usize, FormulaError> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    loop {
        match &bytes[at..] {
            [b'\\', b'n' | b'r' | b't' | b'N' | b'R' | b'T' | b'"' | b'\'' | b'\\', ..] => at += 2,
            [b'\\', _, ..] => return Err(FormulaError::syntax(span(at, at + 1), "")),
            [b'\n' | b'\r', ..] | [] | [b'\\'] => {
                let missing = format!("  Missing {}", char::from(quote));
                return Err(FormulaError::syntax(span(at, at), &missing));
            }
            [b, ..] if *b == quote => return Ok(at + 1 - start),
            _ => at += 1,
        }
    }
}

/// The text between quotes. Of the escapes that are allowed only two stand for anything: the others keep both characters.
pub(super) fn unquote(quoted: &str) -> String {
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(next @ ('"' | '\\')) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}
