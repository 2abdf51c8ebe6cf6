//! Text to tokens.

use crate::ast::{Pos, Problem};

/// Most characters of a class or trigger.
pub const MAX_SOURCE: usize = 1_000_000;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Tok,
    /// Where it begins.
    pub pos: Pos,
    /// Its bytes.
    pub start: usize,
    /// One past its bytes.
    pub end: usize,
}

/// The kinds of token. Words are as written; whether one is a keyword is for the parser to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Tok {
    /// A word.
    Word(Box<str>),
    /// A whole number.
    Int(i32),
    /// A whole number with `L`.
    Long(i64),
    /// A whole number that is none of Apex's: allowed in queries.
    TooBig(Box<str>),
    /// A number with a point, as written.
    Decimal(Box<str>),
    /// A number with `d`.
    Double(f64),
    /// A quoted text, escapes resolved.
    Text(Box<str>),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end.
    End,
}

const SIGNS: &[&str] = &[
    "===", "!==", "<<=", "&&", "||", "==", "!=", "<>", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", "?.",
    "??", "=>", "(", ")", "{", "}", "[", "]", ";", ",", ".", "=", "<", ">", "!", "~", "?", ":", "+", "-", "*", "/", "%", "&", "|", "^",
    "@",
];

/// The tokens of a text, [`Tok::End`] last, and how many characters it has without comments.
pub fn lex(text: &str) -> Result<(Vec<Token>, usize), Problem> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, line: 1, counted: 0, column: 1, comments: 0 };
    if text.len() > MAX_SOURCE && text.chars().count() > MAX_SOURCE {
        return Err(Problem::new(Pos::START, format!("Script too large: the body may have {MAX_SOURCE} characters")));
    }
    let mut out = Vec::with_capacity(text.len() / 4);
    loop {
        let token = lexer.next()?;
        let end = token.kind == Tok::End;
        out.push(token);
        if end {
            return Ok((out, text.chars().count().saturating_sub(lexer.comments)));
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    /// Up to where the column was counted, and what it is there.
    counted: usize,
    column: u32,
    comments: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn pos(&mut self) -> Pos {
        self.column += self.text.get(self.counted..self.at).map_or(0, |part| part.chars().count()) as u32;
        self.counted = self.at;
        Pos { line: self.line, column: self.column }
    }

    fn newline(&mut self) {
        self.line += 1;
        self.counted = self.at;
        self.column = 1;
    }

    fn blank(&mut self) -> Result<(), Problem> {
        loop {
            match self.peek(0) {
                b'\n' => {
                    self.at += 1;
                    self.newline();
                }
                b' ' | b'\t' | b'\r' | 0x0c => self.at += 1,
                b'/' if self.peek(1) == b'/' => {
                    let from = self.at;
                    while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                    self.count(from);
                }
                b'/' if self.peek(1) == b'*' => {
                    let (from, pos) = (self.at, self.pos());
                    self.at += 2;
                    loop {
                        if self.at >= self.bytes.len() {
                            return Err(Problem::new(pos, "Unterminated comment".to_owned()));
                        }
                        if self.peek(0) == b'*' && self.peek(1) == b'/' {
                            self.at += 2;
                            break;
                        }
                        let line_ends = self.peek(0) == b'\n';
                        self.at += 1;
                        if line_ends {
                            self.newline();
                        }
                    }
                    self.count(from);
                }
                _ => {
                    // A byte order mark, no-break spaces.
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    match rest.chars().next() {
                        Some(c @ ('\u{feff}' | '\u{a0}')) => self.at += c.len_utf8(),
                        _ => return Ok(()),
                    }
                }
            }
        }
    }

    fn count(&mut self, from: usize) {
        self.comments += self.text.get(from..self.at).map_or(0, |comment| comment.chars().count());
    }

    fn next(&mut self) -> Result<Token, Problem> {
        self.blank()?;
        let (start, pos) = (self.at, self.pos());
        let kind = self.token(pos)?;
        Ok(Token { kind, pos, start, end: self.at })
    }

    fn token(&mut self, pos: Pos) -> Result<Tok, Problem> {
        if self.at >= self.bytes.len() {
            return Ok(Tok::End);
        }
        let first = self.peek(0);
        if first.is_ascii_alphabetic() || first == b'_' {
            let start = self.at;
            while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
                self.at += 1;
            }
            return Ok(Tok::Word(self.text[start..self.at].into()));
        }
        if first.is_ascii_digit() || first == b'.' && self.peek(1).is_ascii_digit() {
            return self.number(pos);
        }
        if first == b'\'' {
            return self.quoted(pos);
        }
        let rest = &self.text[self.at..];
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            // `?.` before a digit is a condition: `a ?.5 : 1`.
            let sign = if *sign == "?." && self.peek(2).is_ascii_digit() { "?" } else { sign };
            self.at += sign.len();
            return Ok(Tok::Sign(sign));
        }
        let c = rest.chars().next().unwrap_or(' ');
        Err(Problem::new(pos, format!("line {}:{} no viable alternative at character '{c}'", pos.line, pos.column - 1)))
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn number(&mut self, pos: Pos) -> Result<Tok, Problem> {
        let start = self.at;
        self.digits();
        let mut whole = true;
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            whole = false;
            self.at += 1;
            self.digits();
        } else if self.peek(0) == b'.' && !self.peek(1).is_ascii_alphabetic() && self.peek(1) != b'_' {
            whole = false;
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        match self.peek(0) {
            b'l' | b'L' if whole => {
                self.at += 1;
                text.parse().map(Tok::Long).map_err(|_| Problem::new(pos, format!("Illegal long: {text}")))
            }
            b'd' | b'D' if !self.peek(1).is_ascii_alphanumeric() => {
                self.at += 1;
                text.parse().map(Tok::Double).map_err(|_| Problem::new(pos, format!("Illegal double: {text}")))
            }
            // Dates and times of queries look like numbers with letters behind; as tokens they don't count.
            _ if whole => Ok(text.parse::<i32>().map_or_else(|_| Tok::TooBig(text.into()), Tok::Int)),
            _ => Ok(Tok::Decimal(text.trim_end_matches('.').into())),
        }
    }

    fn quoted(&mut self, pos: Pos) -> Result<Tok, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
                return Err(Problem::new(pos, "Illegal string literal: the string does not end".to_owned()));
            };
            self.at += c.len_utf8();
            match c {
                '\'' => return Ok(Tok::Text(out.into())),
                '\n' | '\r' => {
                    return Err(Problem::new(pos, "Illegal string literal: Line breaks are not allowed in string literals".to_owned()));
                }
                '\\' => {
                    let escape = self.peek(0);
                    self.at += 1;
                    match escape {
                        b'b' => out.push('\u{8}'),
                        b't' => out.push('\t'),
                        b'n' => out.push('\n'),
                        b'f' => out.push('\u{c}'),
                        b'r' => out.push('\r'),
                        b'"' => out.push('"'),
                        b'\'' => out.push('\''),
                        b'\\' => out.push('\\'),
                        // Escapes of LIKE patterns in queries; the text of the query is taken as it is.
                        b'%' | b'_' => {
                            out.push('\\');
                            out.push(escape as char);
                        }
                        b'u' => {
                            let code = self.text.get(self.at..self.at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                            self.at += 4;
                            match code {
                                Some(high @ 0xd800..=0xdbff) => {
                                    let low = self
                                        .text
                                        .get(self.at..self.at + 6)
                                        .and_then(|rest| rest.strip_prefix("\\u"))
                                        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                                    let low = low.filter(|low| (0xdc00..=0xdfff).contains(low));
                                    let c = low.and_then(|low| char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
                                    if c.is_some() {
                                        self.at += 6;
                                    }
                                    out.push(c.unwrap_or('\u{fffd}'));
                                }
                                Some(code) => out.push(char::from_u32(code).unwrap_or('\u{fffd}')),
                                None => return Err(Problem::new(pos, "Illegal string literal: Illegal unicode escape".to_owned())),
                            }
                        }
                        other => {
                            let other = if other.is_ascii() { other as char } else { '?' };
                            let text = format!(
                                "Illegal string literal: Invalid string literal '{out}\\{other}'. Illegal character sequence '\\{other}' in string literal."
                            );
                            return Err(Problem::new(pos, text));
                        }
                    }
                }
                c => out.push(c),
            }
        }
    }
}
