//! Regular expressions as the platform writes them: those of Java, matched against a whole text.

use fancy_regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const LONGEST: usize = 10_000;

/// How many steps back a match may take before it is given up. The platform bounds the characters that it looks at.
const MOST_STEPS: usize = 1_000_000;

/// A regular expression that was taken.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// A match took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplicated;

impl Pattern {
    /// Reads a pattern; `None` for what is none.
    pub fn new(java: &str) -> Option<Self> {
        if java.len() > LONGEST {
            return None;
        }
        let whole = format!(r"\A(?:{})\z", translate(java)?);
        let built = RegexBuilder::new(&whole).backtrack_limit(MOST_STEPS).delegate_size_limit(1 << 20).build();
        built.ok().map(Self)
    }

    /// Whether a text as a whole is what the pattern says.
    pub fn matches(&self, text: &str) -> Result<bool, TooComplicated> {
        self.0.is_match(text).map_err(|_| TooComplicated)
    }
}

/// A Java pattern in the words of the library: classes are of ASCII characters, quoted stretches are themselves.
fn translate(java: &str) -> Option<String> {
    let dot_is_all = flags(java).contains('s');
    let mut out = String::with_capacity(java.len() + 16);
    let mut chars = java.chars().peekable();
    let mut depth = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '[' => {
                depth += 1;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            '.' if depth == 0 && !dot_is_all => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            '\\' => escape(&mut chars, depth > 0, &mut out)?,
            c => out.push(c),
        }
    }
    Some(out)
}

fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, in_class: bool, out: &mut String) -> Option<()> {
    // Classes have a short name each; outside of a class it is one of its own.
    let class = |out: &mut String, members: &str, not: bool| match (in_class, not) {
        (true, false) => out.push_str(members),
        (_, true) => out.push_str(&format!("[^{members}]")),
        (false, false) => out.push_str(&format!("[{members}]")),
    };
    match chars.next()? {
        'd' => class(out, "0-9", false),
        'D' => class(out, "0-9", true),
        'w' => class(out, "a-zA-Z_0-9", false),
        'W' => class(out, "a-zA-Z_0-9", true),
        's' => class(out, r" \t\n\x0B\x0C\r", false),
        'S' => class(out, r" \t\n\x0B\x0C\r", true),
        'h' => class(out, r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}", false),
        'v' => class(out, r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}", false),
        'R' if !in_class => out.push_str(r"(?:\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])"),
        'Z' if !in_class => out.push_str(r"(?=\n?\z)"),
        'Q' => {
            let mut quoted = String::new();
            while let Some(c) = chars.next() {
                if c == '\\' && chars.peek() == Some(&'E') {
                    chars.next();
                    break;
                }
                quoted.push(c);
            }
            out.push_str(&fancy_regex::escape(&quoted));
        }
        'E' => {}
        'u' => {
            let digits: String = chars.by_ref().take(4).collect();
            u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4)?;
            out.push_str(&format!("\\x{{{digits}}}"));
        }
        kind @ ('p' | 'P') => {
            let name: String = match chars.next()? {
                '{' => chars.by_ref().take_while(|c| *c != '}').collect(),
                c => c.to_string(),
            };
            property(&name, kind == 'P', in_class, out);
        }
        c => out.extend(['\\', c]),
    }
    Some(())
}

/// A named class: those of POSIX are of ASCII characters, others are Unicode's.
fn property(name: &str, not: bool, in_class: bool, out: &mut String) {
    let members = match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r##"!-/:-@\[-`{-~"##,
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\x0C\r",
        other => {
            let name = other.strip_prefix("Is").unwrap_or(other);
            out.push_str(&format!("\\{}{{{name}}}", if not { 'P' } else { 'p' }));
            return;
        }
    };
    match (in_class, not) {
        (true, false) => out.push_str(members),
        (_, true) => out.push_str(&format!("[^{members}]")),
        (false, false) => out.push_str(&format!("[{members}]")),
    }
}

/// The flags that a pattern begins with: `(?is)`.
fn flags(java: &str) -> &str {
    let Some(rest) = java.strip_prefix("(?") else { return "" };
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    if rest[end..].starts_with(')') { &rest[..end] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        match Pattern::new(pattern) {
            Some(p) => p.matches(text).unwrap(),
            None => panic!("no pattern: {pattern}"),
        }
    }

    #[test]
    fn whole_texts_match() {
        assert!(matches(r"[0-9]{5}(-[0-9]{4})?", "12345-6789"));
        assert!(!matches(r"[0-9]{5}", "123456"));
        assert!(matches(r"^\d+$", "123"));
        assert!(matches(r"a|bc", "bc"));
        assert!(!matches(r".*", "a\nb"));
        assert!(matches(r"(?s).*", "a\nb"));
        assert!(matches("", ""));
    }

    #[test]
    fn javas_classes() {
        assert!(!matches(r"\d", "\u{0663}"));
        assert!(!matches(r"\w", "é"));
        assert!(matches(r"\p{L}", "é"));
        assert!(!matches(r"\p{Alpha}", "é"));
        assert!(matches(r"[\p{Alpha}\d]+", "a1"));
        assert!(matches(r"\Qa.b\E", "a.b"));
        assert!(!matches(r"\Qa.b\E", "axb"));
        assert!(matches(r"[a-z&&[^b]]", "c"));
        assert!(!matches(r"[a-z&&[^b]]", "b"));
        assert!(matches(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", "a@b.de"));
        assert!(matches(r"\u0041", "A"));
        assert!(matches(r"[\D]+", "ab"));
    }

    #[test]
    fn looking_around() {
        assert!(matches(r"(?=.*\d)(?=.*[a-z]).{4,8}", "abc1"));
        assert!(!matches(r"(?!000)\d{3}", "000"));
        assert!(matches(r"(.)\1", "aa"));
        assert!(matches(r"(?i)abc", "aBC"));
    }

    #[test]
    fn bounds() {
        assert!(Pattern::new("(").is_none());
        assert!(Pattern::new("[a").is_none());
        assert!(Pattern::new("((a{1000}){1000}){1000}").is_none());
        let slow = Pattern::new(r"(?=(a+)+b)(a|aa)+\1c").unwrap();
        let _ = slow.matches(&"a".repeat(40));
    }
}
