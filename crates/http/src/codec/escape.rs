//! Text as JSON and XML carry it.

/// Appends a name as an element may bear it. Real orgs write any key as it is, even where that is no XML (a limit named
/// after an application with blanks); here a character that no name may have becomes `_xHHHH_`.
pub fn push_name(out: &mut Vec<u8>, name: &str) {
    let bytes = name.as_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') && bytes.iter().all(plain) {
        out.extend_from_slice(bytes);
        return;
    }
    if name.is_empty() {
        out.push(b'_');
    }
    for (i, c) in name.chars().enumerate() {
        let fits = c.is_alphabetic() || c == '_' || (i > 0 && (c.is_ascii_digit() || matches!(c, '-' | '.')));
        if fits {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.extend_from_slice(format!("_x{:04X}_", u32::from(c)).as_bytes());
        }
    }
}

/// What JSON writes for a byte: 0 itself, `u` a `\u00XX`, else a backslash and that letter.
const JSON_ESCAPES: [u8; 256] = {
    let mut t = [0; 256];
    let mut i = 0;
    while i < 0x20 {
        t[i] = b'u';
        i += 1;
    }
    t[0x08] = b'b';
    t[0x09] = b't';
    t[0x0a] = b'n';
    t[0x0c] = b'f';
    t[0x0d] = b'r';
    t[b'"' as usize] = b'"';
    t[b'\\' as usize] = b'\\';
    t
};

/// Appends a JSON string with its quotes.
pub fn json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_json(out, text);
    out.push(b'"');
}

/// Whether JSON writes text as it is. Eight bytes are looked at in one go: nearly all text is so.
fn is_plain_json(bytes: &[u8]) -> bool {
    let Some(end) = bytes.last_chunk() else { return bytes.iter().all(|b| JSON_ESCAPES[usize::from(*b)] == 0) };
    bytes.as_chunks().0.iter().all(are_plain_json) && are_plain_json(end)
}

/// Whether none of eight bytes is a control character, a quote or a backslash.
fn are_plain_json(bytes: &[u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(*bytes);
    // The high bit of some byte is set where some byte of the word is below the bound.
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | is(b'"') | is(b'\\')) & (ONES * 0x80) == 0
}

/// Appends text escaped for JSON, without quotes.
pub fn escape_json(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    if is_plain_json(bytes) {
        return out.extend_from_slice(bytes);
    }
    let mut run = 0;
    for (i, b) in bytes.iter().enumerate() {
        let code = JSON_ESCAPES[*b as usize];
        if code == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[run..i]);
        run = i + 1;
        if code == b'u' {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        } else {
            out.extend_from_slice(&[b'\\', code]);
        }
    }
    out.extend_from_slice(&bytes[run..]);
}

/// Appends text escaped for XML, for an attribute's value or an element. A carriage return is a reference, because
/// readers would drop it; characters that XML 1.0 forbids become U+FFFD.
pub fn escape_xml(out: &mut Vec<u8>, text: &str, attribute: bool) {
    let bytes = text.as_bytes();
    let mut run = 0;
    for (i, b) in bytes.iter().enumerate() {
        let (with, len): (&[u8], usize) = match b {
            b'&' => (b"&amp;", 1),
            b'<' => (b"&lt;", 1),
            b'>' => (b"&gt;", 1),
            b'"' => (b"&quot;", 1),
            b'\'' => (b"&apos;", 1),
            b'\r' => (b"&#xd;", 1),
            b'\n' if attribute => (b"&#xa;", 1),
            b'\t' if attribute => (b"&#x9;", 1),
            b'\n' | b'\t' => continue,
            0..=0x1f => ("\u{fffd}".as_bytes(), 1),
            // U+FFFE and U+FFFF.
            0xef if bytes[i..].starts_with(b"\xef\xbf\xbe") || bytes[i..].starts_with(b"\xef\xbf\xbf") => ("\u{fffd}".as_bytes(), 3),
            _ => continue,
        };
        out.extend_from_slice(&bytes[run..i]);
        out.extend_from_slice(with);
        run = i + len;
    }
    out.extend_from_slice(&bytes[run..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the platform's generator does it, a character at a time.
    fn slowly(text: &str) -> String {
        let one = |c: char| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\r' => "\\r".to_owned(),
            c if c < ' ' => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        };
        text.chars().map(one).collect()
    }

    #[test]
    fn json_is_escaped_wherever_a_character_stands() {
        for length in 0..40 {
            for at in 0..length {
                for c in (0..0x80).map(char::from).chain(['ä', '€', '\u{1f600}']) {
                    for filler in ["a", "\u{1f}", "ÿ", "~"] {
                        let text = format!("{}{c}{}", filler.repeat(at), filler.repeat(length - at - 1));
                        let mut out = Vec::new();
                        escape_json(&mut out, &text);
                        assert_eq!(String::from_utf8(out).unwrap(), slowly(&text), "{text:?}");
                    }
                }
            }
        }
    }
}
