//! Patterns of paths and names, as rules and filters give them: `*` stands for any characters but a slash, `**` for any.

/// Whether a text fits a pattern, letter case apart.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on after a star that took one character more; the last of each kind.
    let mut single: Option<(usize, usize)> = None;
    let mut double: Option<(usize, usize)> = None;
    while t < text.len() || p < pattern.len() {
        if pattern.get(p) == Some(&b'*') {
            if pattern.get(p + 1) == Some(&b'*') {
                p += 2;
                (single, double) = (None, Some((p, t)));
            } else {
                p += 1;
                single = Some((p, t));
            }
            continue;
        }
        if let (Some(a), Some(b)) = (pattern.get(p), text.get(t))
            && a.eq_ignore_ascii_case(b)
        {
            (p, t) = (p + 1, t + 1);
            continue;
        }
        match (single, double) {
            (Some((next, at)), _) if text.get(at).is_some_and(|c| *c != b'/') => {
                (p, t) = (next, at + 1);
                single = Some((next, at + 1));
            }
            (_, Some((next, at))) if at < text.len() => {
                (p, t) = (next, at + 1);
                (single, double) = (None, Some((next, at + 1)));
            }
            _ => return false,
        }
    }
    true
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
    }
}
