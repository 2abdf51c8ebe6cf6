//! Reads JSON request bodies.
//!
//! The platform reads them with Jackson 1.9, and clients see that parser's sentences with the tail
//! ` at [line:{l}, column:{c}]` (crud-002 to crud-006). The sentences here follow what that parser says at each place;
//! a fault is reported where the reader stands, one column behind the offending character (crud-005: `--` at column 3).
//! Limits of depth, count and size, trailing content and bad UTF-8 have wording of our own in the same manner.

use super::node::{Node, NodeValue, Position};
use super::{MAX_BODY, MAX_DEPTH, MAX_NODES, NO_BODY, too_large};
use orglet_base::{ApiError, ErrorCode};
use std::borrow::Cow;

/// A JSON body.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    /// Its one value.
    pub root: Node<'a>,
}

/// A `JSON_PARSER_ERROR` with the parser's tail.
pub fn parser_error(message: &str, at: Position) -> ApiError {
    ApiError::new(ErrorCode::JsonParserError, format!("{message} at [line:{}, column:{}]", at.line, at.column))
}

/// Reads a body. A byte-order mark is skipped; names that occur twice are both kept.
///
/// # Errors
/// 400 `JSON_PARSER_ERROR` for anything but one JSON value within the limits, an empty body included;
/// `EXCEEDED_MAX_SIZE_REQUEST` for a body over [`MAX_BODY`].
pub fn parse(body: &[u8]) -> Result<Document<'_>, ApiError> {
    if body.len() > MAX_BODY {
        return Err(too_large());
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|e| bad_utf8(body, e))?;
    if text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
        return Err(ApiError::new(ErrorCode::JsonParserError, NO_BODY));
    }
    let mut p = Parser { text, bytes: text.as_bytes(), at: 0, line: 1, line_start: 0, folded: 0, open: Vec::new(), nodes: 0 };
    let first = p.next_visible_in_value()?;
    let start = p.behind();
    let root = p.value(first, Position { line: start.line, column: start.column - 1 })?;
    if let Some(c) = p.next_visible()? {
        return Err(p.unexpected(c, ": was expecting end-of-input after the value"));
    }
    Ok(Document { root })
}

/// The error at the first byte that is no UTF-8, in the words of Jackson's UTF-8 reader.
fn bad_utf8(body: &[u8], e: std::str::Utf8Error) -> ApiError {
    let good = String::from_utf8_lossy(&body[..e.valid_up_to()]);
    let lead = body[e.valid_up_to()];
    let message = match e.error_len() {
        None => "Unexpected end-of-input in the middle of a UTF-8 character".to_owned(),
        Some(n) if n > 1 || matches!(lead, 0xc2..=0xf4) => {
            format!("Invalid UTF-8 middle byte 0x{:x}", body.get(e.valid_up_to() + n).copied().unwrap_or_default())
        }
        Some(_) => format!("Invalid UTF-8 start byte 0x{lead:x}"),
    };
    let line = good.matches('\n').count() as u32 + 1;
    let column = good.rsplit('\n').next().unwrap_or_default().encode_utf16().count() as u32 + 1;
    parser_error(&message, Position { line, column })
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    Array,
    Object,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
    /// Bytes of the current line less its UTF-16 units.
    folded: usize,
    /// The containers around the cursor, with the place where each began.
    open: Vec<(Context, Position)>,
    nodes: usize,
}

impl<'a> Parser<'a> {
    /// The place of the cursor: one column behind the last character read.
    fn behind(&self) -> Position {
        Position { line: self.line, column: (self.at - self.line_start - self.folded) as u32 + 1 }
    }

    fn error(&self, message: &str) -> ApiError {
        parser_error(message, self.behind())
    }

    /// `c` has been read. `why` starts with `: `, or with ` in …`.
    fn unexpected(&self, c: char, why: &str) -> ApiError {
        self.error(&format!("Unexpected character ({}){why}", describe(c)))
    }

    fn context_word(&self) -> &'static str {
        match self.open.last() {
            None => "ROOT",
            Some((Context::Array, _)) => "ARRAY",
            Some((Context::Object, _)) => "OBJECT",
        }
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        self.folded += c.len_utf8() - c.len_utf16();
        Some(c)
    }

    fn next_visible(&mut self) -> Result<Option<char>, ApiError> {
        while let Some(&b) = self.bytes.get(self.at) {
            match b {
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' => {
                    self.at += if b == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n') { 2 } else { 1 };
                    self.line += 1;
                    self.line_start = self.at;
                    self.folded = 0;
                }
                0..=0x1f => {
                    self.at += 1;
                    return Err(self.error(&format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        describe(char::from(b))
                    )));
                }
                b'/' => {
                    self.at += 1;
                    return Err(self.unexpected(
                        '/',
                        ": maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
                    ));
                }
                _ => return Ok(self.next_char()),
            }
        }
        Ok(None)
    }

    /// The next character where the parser is in the middle of a member or an item.
    fn next_visible_in_value(&mut self) -> Result<char, ApiError> {
        self.next_visible()?.ok_or_else(|| self.error(&format!("Unexpected end-of-input within/between {} entries", self.context_word())))
    }

    /// The next character where a container may end.
    fn next_visible_in_container(&mut self) -> Result<char, ApiError> {
        match (self.next_visible()?, self.open.last()) {
            (Some(c), _) => Ok(c),
            (None, Some((_, from))) => {
                let word = self.context_word();
                // The place of a container's start is counted from 0 there.
                Err(self.error(&format!(
                    "Unexpected end-of-input: expected close marker for {word} (from [line:{}, column:{}])",
                    from.line,
                    from.column - 1
                )))
            }
            (None, None) => Err(self.error("Unexpected end-of-input")),
        }
    }

    /// Reads the value that starts with `c`, which has been read. `token` is where its token began.
    fn value(&mut self, c: char, token: Position) -> Result<Node<'a>, ApiError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(&format!("Request body has more than {MAX_NODES} values")));
        }
        let opened = self.behind();
        let value = match c {
            '"' => NodeValue::Text(self.string("a string value", ": was expecting closing quote for a string value")?),
            '{' => {
                self.enter(Context::Object, token)?;
                NodeValue::Object(self.object()?)
            }
            '[' => {
                self.enter(Context::Array, token)?;
                NodeValue::Array(self.array()?)
            }
            '-' | '0'..='9' => NodeValue::Number(Cow::Borrowed(self.number(c)?)),
            't' => self.word("true", NodeValue::Bool(true))?,
            'f' => self.word("false", NodeValue::Bool(false))?,
            'n' => self.word("null", NodeValue::Null)?,
            '}' | ']' => return Err(self.unexpected(c, ": expected a value")),
            'N' => {
                self.word("NaN", NodeValue::Null)?;
                return Err(self.error("Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"));
            }
            _ => {
                return Err(self.unexpected(c, ": expected a valid value (number, String, array, object, 'true', 'false' or 'null')"));
            }
        };
        let read = if matches!(c, '"' | '{' | '[') { opened } else { self.behind() };
        Ok(Node { value, line: token.line, column: token.column, read })
    }

    fn enter(&mut self, context: Context, from: Position) -> Result<(), ApiError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(&format!("Request body is nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push((context, from));
        Ok(())
    }

    /// The closing bracket of another kind of container.
    fn mismatch(&self, got: char, want: char) -> ApiError {
        let from = self.open.last().map(|(_, p)| *p).unwrap_or_default();
        self.error(&format!(
            "Unexpected close marker '{got}': expected '{want}' (for {} starting at [line:{}, column:{}])",
            self.context_word(),
            from.line,
            from.column.saturating_sub(1)
        ))
    }

    /// Where the character just read stands.
    fn here(&self, c: char) -> Position {
        let p = self.behind();
        Position { line: p.line, column: p.column - c.len_utf16() as u32 }
    }

    fn array(&mut self) -> Result<Vec<Node<'a>>, ApiError> {
        let mut items = Vec::new();
        loop {
            let mut c = self.next_visible_in_container()?;
            match c {
                ']' => break,
                '}' => return Err(self.mismatch(c, ']')),
                _ => {}
            }
            let token = self.here(c);
            if !items.is_empty() {
                if c != ',' {
                    return Err(self.unexpected(c, ": was expecting comma to separate ARRAY entries"));
                }
                c = self.next_visible_in_value()?;
            }
            items.push(self.value(c, token)?);
        }
        self.open.pop();
        Ok(items)
    }

    fn object(&mut self) -> Result<Vec<(Cow<'a, str>, Node<'a>)>, ApiError> {
        let mut members = Vec::new();
        loop {
            let mut c = self.next_visible_in_container()?;
            match c {
                '}' => break,
                ']' => return Err(self.mismatch(c, '}')),
                _ => {}
            }
            let token = self.here(c);
            if !members.is_empty() {
                if c != ',' {
                    return Err(self.unexpected(c, ": was expecting comma to separate OBJECT entries"));
                }
                c = self.next_visible_in_value()?;
            }
            if c != '"' {
                return Err(self.unexpected(c, ": was expecting double-quote to start field name"));
            }
            let name = self.string("name", ": was expecting closing '\"' for name")?;
            let colon = self.next_visible_in_value()?;
            if colon != ':' {
                return Err(self.unexpected(colon, ": was expecting a colon to separate field name and value"));
            }
            let c = self.next_visible_in_value()?;
            members.push((name, self.value(c, token)?));
        }
        self.open.pop();
        Ok(members)
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self, what: &str, at_end: &str) -> Result<Cow<'a, str>, ApiError> {
        let what = what.strip_prefix("a ").unwrap_or(what);
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut run = start;
        loop {
            let Some(&b) = self.bytes.get(self.at) else {
                return Err(self.error(&format!("Unexpected end-of-input{at_end}")));
            };
            self.at += 1;
            match b {
                b'"' => {
                    let tail = &self.text[run..self.at - 1];
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut s) => {
                            s.push_str(tail);
                            Cow::Owned(s)
                        }
                    });
                }
                b'\\' => {
                    let text = self.text;
                    let s = owned.get_or_insert_default();
                    s.push_str(&text[run..self.at - 1]);
                    let c = self.escape()?;
                    if let Some(s) = &mut owned {
                        s.push(c);
                    }
                    run = self.at;
                }
                0..=0x1f => {
                    return Err(self.error(&format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be included in {what}",
                        describe(char::from(b))
                    )));
                }
                // A continuation byte adds no UTF-16 unit; four bytes stand for two, and the text has all of them.
                0x80..=0xbf => self.folded += 1,
                0xf0..=0xff => {
                    self.at += 3;
                    self.folded += 2;
                }
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<char, ApiError> {
        const EOF: &str = "Unexpected end-of-input in character escape sequence";
        let c = self.next_char().ok_or_else(|| self.error(EOF))?;
        Ok(match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '"' | '/' | '\\' => c,
            'u' => {
                let high = self.hex4()?;
                if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
                    let back = (self.at, self.folded);
                    self.at += 2;
                    let low = self.hex4()?;
                    if (0xdc00..0xe000).contains(&low) {
                        return Ok(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'));
                    }
                    (self.at, self.folded) = back;
                }
                // Half of a surrogate pair is no character, and can't be stored.
                char::from_u32(high).unwrap_or('\u{fffd}')
            }
            _ => return Err(self.error(&format!("Unrecognized character escape {}", describe(c)))),
        })
    }

    fn hex4(&mut self) -> Result<u32, ApiError> {
        let mut n = 0;
        for _ in 0..4 {
            let c = self.next_char().ok_or_else(|| self.error("Unexpected end-of-input in character escape sequence"))?;
            let digit = c.to_digit(16).ok_or_else(|| self.unexpected(c, ": expected a hex-digit for character escape sequence"))?;
            n = n * 16 + digit;
        }
        Ok(n)
    }

    /// The rest of a literal whose first character has been read.
    fn word(&mut self, word: &'static str, value: NodeValue<'a>) -> Result<NodeValue<'a>, ApiError> {
        let start = self.at - 1;
        for want in word.bytes().skip(1) {
            match self.bytes.get(self.at) {
                None => return Err(self.error("Unexpected end-of-input in a value")),
                Some(b) if *b == want => self.at += 1,
                Some(_) => return Err(self.bad_word(start)),
            }
        }
        match self.text[self.at..].chars().next() {
            Some(c) if is_word(c) => Err(self.bad_word(start)),
            _ => Ok(value),
        }
    }

    fn bad_word(&mut self, start: usize) -> ApiError {
        while self.text[self.at..].chars().next().is_some_and(is_word) {
            self.next_char();
        }
        let word: String = self.text[start..self.at].chars().take(256).collect();
        self.error(&format!("Unrecognized token '{word}': was expecting 'null', 'true', 'false' or NaN"))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn need_digit(&mut self, why: &str) -> Result<(), ApiError> {
        match self.bytes.get(self.at) {
            Some(b) if b.is_ascii_digit() => Ok(()),
            Some(_) => {
                let c = self.next_char().unwrap_or_default();
                Err(self.unexpected(c, &format!(" in numeric value: {why}")))
            }
            None => Err(self.error("Unexpected end-of-input in a value")),
        }
    }

    /// The rest of a number whose first character has been read.
    fn number(&mut self, first: char) -> Result<&'a str, ApiError> {
        let start = self.at - 1;
        let mut lead = first;
        if first == '-' {
            self.need_digit("expected digit (0-9) to follow minus sign, for valid numeric value")?;
            lead = self.next_char().unwrap_or_default();
        }
        if lead == '0' && self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.error("Invalid numeric value: Leading zeroes not allowed"));
        }
        self.digits();
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.need_digit("Decimal point not followed by a digit")?;
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.need_digit("Exponent indicator not followed by a digit")?;
            self.digits();
        }
        Ok(&self.text[start..self.at])
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A character as messages show it: `'j' (code 106)`, with the code in hex too above 255.
fn describe(c: char) -> String {
    // A character beyond the basic plane is two there; the first half is the offending one, and prints as `?`.
    let mut units = [0; 2];
    let code = c.encode_utf16(&mut units)[0];
    let shown = if c.len_utf16() == 2 { '?' } else { c };
    match code {
        0..=0x1f | 0x7f..=0x9f => format!("(CTRL-CHAR, code {code})"),
        0x100.. => format!("'{shown}' (code {code} / 0x{code:x})"),
        _ => format!("'{shown}' (code {code})"),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
