//! Cuts a query into tokens. Never fails: what is no token becomes [`Tok::Bad`], reported when the parser meets it, so
//! that an earlier fault is reported first.

use crate::ast::Literal;

/// A token and its place in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Kinds of token; the text is taken from the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tok {
    /// Keyword or name; which one is decided by place.
    Word,
    /// Unsigned number.
    Number,
    /// Quoted string with well-formed escapes.
    Str,
    Date,
    DateTime,
    Time,
    LParen,
    RParen,
    Comma,
    Dot,
    Colon,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// Characters that the platform's lexer knows but SOQL over the API has no use for: `* / { }`, and the two signs.
    Other,
    Plus,
    Minus,
    Bad(Bad),
    Eof,
}

/// Why a stretch of text is no token. Offsets are bytes of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// The character at the token's start.
    Char,
    /// A string runs to the end of the text.
    Unterminated,
    /// A raw line end inside a string, at this offset.
    LineEnd(u32),
    /// What follows a backslash, at this offset.
    Escape(u32),
}

/// All tokens from a byte on, the last being [`Tok::Eof`]. `text` must be shorter than 4 GiB.
pub(crate) fn tokens(text: &str, from: usize) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(text.len().saturating_sub(from) / 5 + 2);
    let mut at = from;
    while at < bytes.len() {
        let start = at;
        let tok = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => {
                at += 1;
                continue;
            }
            c if c.is_ascii_alphabetic() => {
                // `$` inside a name is no fault of the lexer's: `fr$om` is reported as a name out of place.
                at += run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$');
                Tok::Word
            }
            c if c.is_ascii_digit() || (c == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) => {
                let (tok, len) = numeric(&bytes[at..]);
                at += len;
                tok
            }
            b'\'' => {
                let (tok, end) = string(bytes, at);
                at = end;
                tok
            }
            _ => match punctuation(&bytes[at..]) {
                Some((tok, len)) => {
                    at += len;
                    tok
                }
                None => {
                    at += text[at..].chars().next().map_or(1, char::len_utf8);
                    Tok::Bad(Bad::Char)
                }
            },
        };
        out.push(Token { tok, start: start as u32, end: at as u32 });
    }
    out.push(Token { tok: Tok::Eof, start: at as u32, end: at as u32 });
    out
}

fn run(bytes: &[u8], from: usize, mut accept: impl FnMut(u8) -> bool) -> usize {
    bytes[from..].iter().take_while(|b| accept(**b)).count()
}

fn punctuation(rest: &[u8]) -> Option<(Tok, usize)> {
    Some(match (rest.first()?, rest.get(1)) {
        (b'!', Some(b'=')) | (b'<', Some(b'>')) => (Tok::Ne, 2),
        (b'<', Some(b'=')) => (Tok::Le, 2),
        (b'>', Some(b'=')) => (Tok::Ge, 2),
        (b'<', _) => (Tok::Lt, 1),
        (b'>', _) => (Tok::Gt, 1),
        (b'=', _) => (Tok::Eq, 1),
        (b'(', _) => (Tok::LParen, 1),
        (b')', _) => (Tok::RParen, 1),
        (b',', _) => (Tok::Comma, 1),
        (b'.', _) => (Tok::Dot, 1),
        (b':', _) => (Tok::Colon, 1),
        (b'+', _) => (Tok::Plus, 1),
        (b'-', _) => (Tok::Minus, 1),
        (b'*' | b'/' | b'{' | b'}', _) => (Tok::Other, 1),
        _ => return None,
    })
}

/// Whether `rest` starts with the pattern, in which `d` stands for a digit, other bytes for themselves.
fn starts(rest: &[u8], pattern: &[u8]) -> bool {
    rest.len() >= pattern.len() && pattern.iter().zip(rest).all(|(p, b)| if *p == b'd' { b.is_ascii_digit() } else { p == b })
}

/// A dot and digits, or nothing.
fn fraction(rest: &[u8]) -> usize {
    if rest.first() != Some(&b'.') {
        return 0;
    }
    match run(rest, 1, |b| b.is_ascii_digit()) {
        0 => 0,
        digits => digits + 1,
    }
}

/// The length of what stands behind the date of a date-time, from its `T` to its zone.
pub(crate) fn clock_of_date_time(rest: &[u8]) -> Option<usize> {
    let clock = matches!(rest.first(), Some(b'T' | b't')) && starts(&rest[1..], b"dd:dd:dd");
    clock.then(|| 9 + fraction(&rest[9..]))
}

fn numeric(rest: &[u8]) -> (Tok, usize) {
    if starts(rest, b"dddd-dd-dd") {
        if let Some(clock) = clock_of_date_time(&rest[10..]) {
            let clock = 10 + clock;
            let zone = &rest[clock..];
            let len = match zone.first() {
                Some(b'Z' | b'z') => 1,
                Some(b'+' | b'-') if starts(&zone[1..], b"dd:dd") => 6,
                Some(b'+' | b'-') if starts(&zone[1..], b"dddd") => 5,
                _ => 0,
            };
            if len > 0 {
                return (Tok::DateTime, clock + len);
            }
        }
        return (Tok::Date, 10);
    }
    if starts(rest, b"dd:dd:dd") {
        let clock = 8 + fraction(&rest[8..]);
        if matches!(rest.get(clock), Some(b'Z' | b'z')) {
            return (Tok::Time, clock + 1);
        }
    }
    let whole = run(rest, 0, |b| b.is_ascii_digit());
    (Tok::Number, whole + fraction(&rest[whole..]))
}

/// Reads the string that starts at `from`: its token and its end.
fn string(bytes: &[u8], from: usize) -> (Tok, usize) {
    let mut at = from + 1;
    let mut bad = None;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' => return (bad.map_or(Tok::Str, Tok::Bad), at + 1),
            b'\n' | b'\r' => {
                bad.get_or_insert(Bad::LineEnd(at as u32));
                at += 1;
            }
            b'\\' => match bytes.get(at + 1) {
                None => break,
                Some(b'n' | b'N' | b'r' | b'R' | b't' | b'T' | b'b' | b'B' | b'f' | b'F') => at += 2,
                Some(b'"' | b'\'' | b'\\' | b'%' | b'_') => at += 2,
                Some(b'u') if bytes.len() >= at + 6 && bytes[at + 2..at + 6].iter().all(u8::is_ascii_hexdigit) => at += 6,
                Some(_) => {
                    bad.get_or_insert(Bad::Escape(at as u32 + 1));
                    at += 1;
                }
            },
            _ => at += 1,
        }
    }
    // A fault inside comes before the missing end.
    (Tok::Bad(bad.unwrap_or(Bad::Unterminated)), bytes.len())
}

/// What [`unescape`] can complain of; the offset, in bytes of its argument, is of what follows the backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadEscape(pub(crate) usize);

/// Resolves the escapes of a string's inside. `wildcards` says whether `\%` and `\_` are allowed.
pub(crate) fn unescape(raw: &str, wildcards: bool) -> Result<Literal, BadEscape> {
    if !raw.contains('\\') {
        return Ok(Literal::String { text: raw.to_owned(), like: None, like_only_escape: false });
    }
    let mut text = String::with_capacity(raw.len());
    let mut like = String::with_capacity(raw.len());
    let mut like_only_escape = false;
    let mut at = 0;
    while let Some(found) = raw[at..].find('\\') {
        text.push_str(&raw[at..at + found]);
        like.push_str(&raw[at..at + found]);
        at += found + 1;
        let escape = raw[at..].chars().next().ok_or(BadEscape(at))?;
        let (resolved, len) = match escape {
            'n' | 'N' => ('\n', 1),
            'r' | 'R' => ('\r', 1),
            't' | 'T' => ('\t', 1),
            'b' | 'B' => ('\u{8}', 1),
            'f' | 'F' => ('\u{c}', 1),
            '"' | '\'' | '\\' => (escape, 1),
            '%' | '_' if wildcards => {
                like_only_escape = true;
                like.push('\\');
                (escape, 1)
            }
            'u' => unicode(&raw[at..]).ok_or(BadEscape(at))?,
            _ => return Err(BadEscape(at)),
        };
        text.push(resolved);
        if resolved == '\\' {
            like.push('\\');
        }
        like.push(resolved);
        at += len;
    }
    text.push_str(&raw[at..]);
    like.push_str(&raw[at..]);
    let like = (like != text).then_some(like);
    Ok(Literal::String { text, like, like_only_escape })
}

/// The character of `uXXXX`, or of a surrogate pair `uXXXX\uXXXX`, and the bytes it took.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = rest.get(from..from + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(1)?;
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Some((c, 5));
    }
    let second = rest.get(5..7).filter(|s| *s == "\\u").and_then(|_| unit(7))?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((c, 11))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Tok> {
        tokens(text, 0).into_iter().map(|t| t.tok).filter(|t| *t != Tok::Eof).collect()
    }

    fn pieces(text: &str) -> Vec<&str> {
        let all = tokens(text, 0);
        all.iter().filter(|t| t.tok != Tok::Eof).map(|t| &text[t.start as usize..t.end as usize]).collect()
    }

    #[test]
    fn touching_tokens() {
        assert_eq!(pieces("Name='x'AND a.b<>-1.5"), ["Name", "=", "'x'", "AND", "a", ".", "b", "<>", "-", "1.5"]);
        assert_eq!(kinds("<= >= != = < >"), [Tok::Le, Tok::Ge, Tok::Ne, Tok::Eq, Tok::Lt, Tok::Gt]);
    }

    #[test]
    fn numbers() {
        assert_eq!(pieces("5 .5 12.50"), ["5", ".5", "12.50"]);
        assert_eq!(kinds("5."), [Tok::Number, Tok::Dot]);
        assert_eq!(kinds("1e5"), [Tok::Number, Tok::Word]);
        assert_eq!(kinds("2020-1-1"), [Tok::Number, Tok::Minus, Tok::Number, Tok::Minus, Tok::Number]);
        assert_eq!(pieces("EUR9000.50"), ["EUR9000", ".50"]);
    }

    #[test]
    fn dates_and_times() {
        for good in ["2020-12-31T23:59:59Z", "2020-12-31t23:59:59.123z", "2020-12-31T23:59:59+01:00", "2020-12-31T23:59:59.1-0800"] {
            assert_eq!(kinds(good), [Tok::DateTime], "{good}");
        }
        assert_eq!(kinds("2020-13-45"), [Tok::Date]);
        assert_eq!(kinds("2020-12-31T23:59:59")[0], Tok::Date);
        assert_eq!(kinds("2020-12-31T23:59:59+01")[0], Tok::Date);
        assert_eq!(kinds("10:20:30Z 10:20:30.5z"), [Tok::Time, Tok::Time]);
        assert_eq!(kinds("10:20:30")[0], Tok::Number);
    }

    #[test]
    fn strings() {
        assert_eq!(kinds(r"'a\'b'"), [Tok::Str]);
        assert_eq!(kinds(r"'\N\r\T\b\f\\\u00e9\%\_'"), [Tok::Str]);
        assert_eq!(kinds(r"'a\qb'"), [Tok::Bad(Bad::Escape(3))]);
        assert_eq!(kinds(r"'\u12'"), [Tok::Bad(Bad::Escape(2))]);
        assert_eq!(kinds("'abc"), [Tok::Bad(Bad::Unterminated)]);
        assert_eq!(kinds("'a\\"), [Tok::Bad(Bad::Unterminated)]);
        assert_eq!(kinds("'a\nb'"), [Tok::Bad(Bad::LineEnd(2))]);
    }

    #[test]
    fn stray_characters() {
        assert_eq!(kinds("\"é$"), [Tok::Bad(Bad::Char); 3]);
        assert_eq!(kinds("fr$om"), [Tok::Word]);
    }

    fn text_and_like(raw: &str) -> (String, Option<String>, bool) {
        match unescape(raw, true) {
            Ok(Literal::String { text, like, like_only_escape }) => (text, like, like_only_escape),
            other => panic!("{raw}: {other:?}"),
        }
    }

    #[test]
    fn escapes_resolve() {
        assert_eq!(text_and_like("plain%"), ("plain%".into(), None, false));
        assert_eq!(text_and_like(r"a\'b\n"), ("a'b\n".into(), None, false));
        assert_eq!(text_and_like(r"50\% of_\_"), ("50% of__".into(), Some(r"50\% of_\_".into()), true));
        assert_eq!(text_and_like(r"a\\b"), (r"a\b".into(), Some(r"a\\b".into()), false));
        assert_eq!(text_and_like(r"\u00e9\uD83D\uDE00"), ("é😀".into(), None, false));
        assert_eq!(text_and_like(r"\u005c%"), (r"\%".into(), Some(r"\\%".into()), false));
    }

    #[test]
    fn escapes_refused() {
        assert_eq!(unescape(r"a\%b", false), Err(BadEscape(2)));
        assert_eq!(unescape(r"\uD83D", true), Err(BadEscape(1)));
        assert_eq!(unescape(r"\uD83D\u0041", true), Err(BadEscape(1)));
        assert_eq!(unescape(r"x\", true), Err(BadEscape(2)));
    }
}
