//! The one folding by which text is compared, grouped, ordered and made unique without regard to case.
//!
//! Simple case folding of the Unicode version that the `unicode-case-mapping` crate pins, so that both stores, with or
//! without an index, agree (U+212A folds to `k`, U+017F to `s`).

use std::borrow::Cow;
use std::cmp::Ordering;

/// Folds one character.
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(c).and_then(|n| char::from_u32(n.get())).unwrap_or(c)
}

/// Folds a text; borrows when nothing changes.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| fold_char(c) == c) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(fold_char).collect()) }
}

/// Orders two texts by their folded characters.
pub fn compare(a: &str, b: &str) -> Ordering {
    a.chars().map(fold_char).cmp(b.chars().map(fold_char))
}

/// Folds an API name (object, field, relationship): these are ASCII and case-insensitive.
pub fn fold_name(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kelvin_and_long_s() {
        assert_eq!(fold("\u{212a}\u{17f}ÄB"), "ksäb");
        assert!(matches!(fold("already"), Cow::Borrowed(_)));
        assert_eq!(compare("apple", "APPLE"), Ordering::Equal);
    }
}
