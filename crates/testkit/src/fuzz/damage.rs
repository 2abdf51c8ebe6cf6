//! Damage to texts and bytes.

use crate::random::Random;

/// Pieces that parsers stumble over.
pub(super) const PIECES: &[&str] = &[
    "'",
    "\"",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "&",
    "%",
    "%00",
    "%2F",
    "%zz",
    "\0",
    "\n",
    "\r",
    "\t",
    " ",
    "é",
    "😀",
    "\u{FEFF}",
    "\u{202E}",
    "\u{FFFF}",
    "&#0;",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>&b;",
    "<![CDATA[",
    "]]>",
    "null",
    "NULL",
    "true",
    "-1",
    "0",
    "1e999",
    "NaN",
    "99999999999999999999999",
    "0.1",
    "-",
    "--",
    "/*",
    "../",
    "..",
    "//",
    ";",
    ":",
    ",",
    ".",
    "*",
    "?",
    "+",
    "=",
    "$",
    "@",
    "#",
    "!",
    "~",
    "|",
    "__c",
    "__r",
    "Id",
    "SELECT",
    "FROM",
    "WHERE",
    "LIMIT",
    "2024-02-30",
    "2024-01-01T00:00:00Z",
    "\\u0000",
    "\\ud800",
    "{\"a\":",
    "[[[[[[[[",
];

/// A text with some of its characters changed, taken out, doubled, or cut off, and pieces put in.
pub(super) fn text(random: &mut Random, from: &str) -> String {
    let mut chars: Vec<char> = from.chars().collect();
    for _ in 0..=random.below(3) {
        let at = usize::try_from(random.below(chars.len() as u64 + 1)).unwrap_or(0);
        match random.below(6) {
            0 if at < chars.len() => drop(chars.remove(at)),
            1 => chars.truncate(at),
            2 if at < chars.len() => chars.insert(at, chars[at]),
            3 => {
                let tail: Vec<char> = chars.drain(at..).collect();
                chars.splice(0..0, tail);
            }
            4 => chars.insert(at, char::from_u32(u32::try_from(random.below(0x3000)).unwrap_or(0)).unwrap_or('x')),
            _ => {
                let piece = random.pick(PIECES).copied().unwrap_or_default();
                chars.splice(at..at, piece.chars());
            }
        }
    }
    chars.into_iter().collect()
}

/// Bytes with some of them changed, taken out, put in and cut off.
pub(super) fn bytes(random: &mut Random, from: &[u8]) -> Vec<u8> {
    let mut bytes = from.to_vec();
    for _ in 0..=random.below(4) {
        let at = usize::try_from(random.below(bytes.len() as u64 + 1)).unwrap_or(0);
        let byte = u8::try_from(random.below(256)).unwrap_or(0);
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            3 => bytes.truncate(at),
            _ => {
                let piece = random.pick(PIECES).copied().unwrap_or_default();
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

/// Any bytes at all.
pub(super) fn noise(random: &mut Random, most: u64) -> Vec<u8> {
    (0..random.below(most)).map(|_| u8::try_from(random.below(256)).unwrap_or(0)).collect()
}
