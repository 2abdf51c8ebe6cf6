//! Placeholders: `{name}` in requests and expectations.
//!
//! In a request each placeholder is a variable. In an expectation a placeholder that is no variable stands for a class
//! of text: `{any}`, `{any-int}`, `{any-id}`, `{any-id:001}`, `{datetime}`, `{now}`, `{http-date}`, `{token}` …

use std::collections::BTreeMap;

/// The variables of a run.
pub type Vars = BTreeMap<String, String>;

/// A piece of a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A class of text.
    Class(String),
}

fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        plain.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        // `{{name}}` is the text `{name}`.
        if let Some((name, tail)) = after.strip_prefix('{').and_then(|a| a.split_once("}}"))
            && name.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            plain.push_str(&format!("{{{name}}}"));
            rest = tail;
            continue;
        }
        let name = after.split('}').next().unwrap_or_default();
        let closed = after.as_bytes().get(name.len()) == Some(&b'}');
        let well_formed = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b':' | b'.' | b'+'));
        // `{any-id:00D}`: prefixes may have capitals.
        let id_class = name.strip_prefix("any-id:").is_some_and(|p| p.len() == 3 && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        if closed && (well_formed || id_class || name.starts_with("repeat:")) {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Class(name.to_owned()));
            rest = &after[name.len() + 1..];
        } else {
            plain.push('{');
            rest = after;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// Fills in variables. `{soql:…}`-like functions do not exist: values go in as they are. A name that is no variable is
/// an error.
pub fn fill(text: &str, vars: &Vars) -> Result<String, String> {
    let mut out = String::new();
    for piece in split(text) {
        match piece {
            Piece::Text(t) => out.push_str(&t),
            Piece::Class(name) => match value(&name, vars) {
                Some(value) => out.push_str(&value),
                None => return Err(format!("{{{name}}} is not set")),
            },
        }
    }
    Ok(out)
}

fn value(name: &str, vars: &Vars) -> Option<String> {
    vars.get(name).cloned().or_else(|| short_id(name, vars)).or_else(|| computed(name))
}

/// `{account:15}`: the first 15 characters of an id.
fn short_id(name: &str, vars: &Vars) -> Option<String> {
    vars.get(name.strip_suffix(":15")?)?.get(..15).map(str::to_owned)
}

/// `{repeat:255:x}`: long values without long files.
fn computed(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("repeat:")?.splitn(2, ':');
    let (count, what) = (parts.next()?.parse::<usize>().ok()?, parts.next()?);
    Some(what.repeat(count.min(1 << 20)))
}

/// Fills in variables and leaves classes for [`matches`].
pub fn pattern(text: &str, vars: &Vars) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in split(text) {
        let piece = match piece {
            Piece::Class(name) => match value(&name, vars) {
                Some(value) => Piece::Text(value),
                None => Piece::Class(name),
            },
            text => text,
        };
        match (out.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(t)) => before.push_str(&t),
            (_, piece) => out.push(piece),
        }
    }
    out
}

/// Whether `text` as a whole fits the pattern.
pub fn matches(pattern: &[Piece], text: &str) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(t), rest)) => text.strip_prefix(t.as_str()).is_some_and(|text| matches(rest, text)),
        Some((Piece::Class(class), rest)) => {
            // Only the positions where the following literal stands need to be tried.
            let next = match rest.first() {
                Some(Piece::Text(t)) => Some(t.as_str()),
                _ => None,
            };
            let mut ends: Vec<usize> = match next {
                Some(t) => text.match_indices(t).map(|(i, _)| i).collect(),
                None if rest.is_empty() => vec![text.len()],
                None => text.char_indices().map(|(i, _)| i).chain([text.len()]).collect(),
            };
            ends.dedup();
            ends.into_iter().any(|end| fits(class, &text[..end]) && matches(rest, &text[end..]))
        }
    }
}

/// Whether the pattern fits anywhere in `text`.
pub fn contains(pattern: &[Piece], text: &str) -> bool {
    let mut open = vec![Piece::Class("any".into())];
    open.extend_from_slice(pattern);
    open.push(Piece::Class("any".into()));
    matches(&open, text)
}

/// The pattern, for people.
pub fn show(pattern: &[Piece]) -> String {
    pattern
        .iter()
        .map(|p| match p {
            Piece::Text(t) => t.clone(),
            Piece::Class(c) => format!("{{{c}}}"),
        })
        .collect()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `0`s stand for digits, everything else for itself.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(|(t, s)| if s == b'0' { t.is_ascii_digit() } else { t == s })
}

/// Whether a text belongs to a class.
pub fn fits(class: &str, text: &str) -> bool {
    match class {
        "any" => true,
        "any-text" => !text.is_empty(),
        "any-int" => digits(text.strip_prefix('-').unwrap_or(text)),
        "any-id" => id_ok(text, None),
        "datetime" | "now" => {
            let form = shaped(text, "0000-00-00T00:00:00.000+0000") || shaped(text, "0000-00-00T00:00:00.000Z");
            form && (class == "datetime" || recent(text))
        }
        "date" => shaped(text, "0000-00-00"),
        "http-date" => {
            let words: Vec<&str> = text.split(' ').collect();
            words.len() == 6
                && words[0].ends_with(',')
                && digits(words[1])
                && digits(words[3])
                && shaped(words[4], "00:00:00")
                && words[5] == "GMT"
        }
        "millis" => digits(text) && text.len() == 13,
        "locator" => !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        "base64" => !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')),
        "session" => text.get(..15).is_some_and(|o| o.starts_with("00D")) && text.contains('!') && text.len() > 30,
        _ => class.strip_prefix("any-id:").is_some_and(|prefix| id_ok(text, Some(prefix))),
    }
}

fn id_ok(text: &str, prefix: Option<&str>) -> bool {
    text.len() == 18
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && prefix.is_none_or(|p| text.starts_with(p))
        && checksum(&text[..15]) == text[15..]
}

/// The three checksum characters of a 15-character id: one for each five, a bit for each capital.
pub fn checksum(id15: &str) -> String {
    id15.as_bytes()
        .chunks(5)
        .map(|five| {
            let bits = five.iter().enumerate().fold(0usize, |acc, (i, b)| acc | (usize::from(b.is_ascii_uppercase()) << i));
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
        })
        .collect()
}

/// Within a quarter of an hour of the machine's clock. Civil date arithmetic is enough: no zone is involved.
fn recent(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
    let (y, m, d) = (number(0..4), number(5..7), number(8..10));
    let (yy, mm) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    let era = yy.div_euclid(400);
    let yoe = yy - era * 400;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + (153 * mm + 2) / 5 + d - 1 - 719_468;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    (now - seconds).abs() < 900
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_do_not_collide_with_json() {
        let mut vars = Vars::new();
        vars.insert("a1".into(), "001".into());
        assert_eq!(fill(r#"{"Name":"{a1}","x":{}}"#, &vars).unwrap(), r#"{"Name":"001","x":{}}"#);
        assert_eq!(fill("{ID} {repeat:3:ab}", &vars).unwrap(), "{ID} ababab");
        assert!(fill("{nope}", &vars).is_err());
    }

    #[test]
    fn classes_match_whole_texts() {
        let vars = Vars::new();
        let p = pattern("/x/{any-id:001}-{any-int}", &vars);
        assert!(matches(&p, "/x/001000000000001AAA-2000"));
        assert!(!matches(&p, "/x/001000000000001AAB-2000"));
        assert!(!matches(&p, "/x/003000000000001AAA-2000"));
        assert!(contains(&pattern("<b>{any}</b>", &vars), "<a><b>1</b></a>"));
        assert!(fits("http-date", "Wed, 03 Jul 2013 19:43:31 GMT"));
    }
}
