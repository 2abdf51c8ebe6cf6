//! Patterns of paths and names, as rules and filters give them: `*` stands for any characters but a slash, `**` for any.

/// The longest pattern: longer ones are refused where they are given, and fit nothing.
pub(crate) const LONGEST: usize = 500;

/// Places in a pattern that a text may have come to.
#[derive(Clone, Copy, Default)]
struct Places([u64; LONGEST / 64 + 1]);

impl Places {
    /// Adds a place, and those behind the stars that stand there: a star may stand for nothing.
    fn add(&mut self, pattern: &[u8], mut place: usize) {
        loop {
            self.0[place / 64] |= 1 << (place % 64);
            match pattern.get(place..) {
                Some([b'*', b'*', ..]) => place += 2,
                Some([b'*', ..]) => place += 1,
                _ => return,
            }
        }
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }
}

/// Whether a text fits a pattern, letter case apart. All places that the text may have come to are followed at once, so that
/// the time is that of the text's length by the pattern's, whatever stars there are.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let pattern = pattern.as_bytes();
    if pattern.len() > LONGEST {
        return false;
    }
    let words = pattern.len() / 64 + 1;
    let mut places = Places::default();
    places.add(pattern, 0);
    for c in text.bytes() {
        let mut next = Places::default();
        let mut any = false;
        for (word, bits) in places.0.iter().take(words).enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let place = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let to = match pattern.get(place..) {
                    Some([b'*', more @ ..]) if c != b'/' || more.first() == Some(&b'*') => place,
                    Some([b'*', ..]) => continue,
                    Some([wanted, ..]) if wanted.eq_ignore_ascii_case(&c) => place + 1,
                    _ => continue,
                };
                next.add(pattern, to);
                any = true;
            }
        }
        if !any {
            return false;
        }
        places = next;
    }
    places.has(pattern.len())
}

/// Whether a path fits a pattern; one that does not begin with a slash is of what is below `/services/data/vNN.N/`.
pub(crate) fn fits_path(pattern: &str, path: &str) -> bool {
    // Clients that end a path with a slash mean the same.
    let path = if pattern.ends_with('/') { path } else { path.strip_suffix('/').unwrap_or(path) };
    if pattern.starts_with('/') || pattern.starts_with('*') {
        return fits(pattern, path);
    }
    below_version(path).is_some_and(|below| fits(pattern, below))
}

/// A path below `/services/data/vNN.N/`.
pub(crate) fn below_version(path: &str) -> Option<&str> {
    Some(path.strip_prefix("/services/data/")?.split_once('/')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_characters() {
        for (pattern, text, fit) in [
            ("", "", true),
            ("a", "A", true),
            ("*", "abc", true),
            ("*", "a/c", false),
            ("**", "a/c", true),
            ("**/x", "a/b/x", true),
            ("a*c", "abbc", true),
            ("a*c", "ab/c", false),
            ("a**c", "ab/c", true),
            ("sobjects/*/001*", "sobjects/Account/001xx", true),
            ("**/query/*", "/services/data/v62.0/query/01g", true),
            ("**a*b", "x/ay/azb", true),
            ("a*", "b", false),
            ("abc", "ab", false),
            ("ab", "abc", false),
            ("a***c", "ab/b/c", true),
            ("a*", "a", true),
            ("a**/*", "a/b/", true),
            ("*a/*b**", "xa/aab/c", true),
            ("*a/*b", "xa/a/b", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
        assert!(fits_path("sobjects/**", "/services/data/v62.0/sobjects/Account/1"));
        assert!(fits_path("limits", "/services/data/v62.0/limits/") && !fits_path("limits/", "/services/data/v62.0/limits"));
        assert!(!fits_path("sobjects", "/services/Soap/u/62.0"));
        assert!(fits_path("/services/Soap/**", "/services/Soap/u/62.0"));
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "a*".repeat(100) + "b";
        assert!(!fits(&pattern, &"a".repeat(5000)));
        let began = std::time::Instant::now();
        let pattern = format!("**a*{}b", "a".repeat(240));
        assert!(!fits(&pattern, &"a".repeat(4096)));
        let pattern = format!("**{}b", "a*".repeat(248));
        assert!(!fits(&pattern, &"a".repeat(4096)));
        assert!(fits(&pattern, &("a".repeat(4000) + "b")) && !fits(&"a".repeat(LONGEST + 1), &"a".repeat(LONGEST + 1)));
        assert!(fits(&"a".repeat(LONGEST), &"A".repeat(LONGEST)));
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
