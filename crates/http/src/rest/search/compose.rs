//! Puts a search together from its parts, each of which has been looked at by itself: none can end where another begins.

use super::illegal;
use orglet_base::ApiError;
use orglet_engine::search::{RESERVED, TextPart, check_part, refusal};
use std::fmt::Write as _;

/// An object of a search, as text.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub name: String,
    pub fields: Option<String>,
    pub filter: Option<String>,
    pub order_by: Option<String>,
    pub limit: Option<u64>,
    pub offset: Option<u64>,
}

/// A whole search, as text.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// What stands between the braces.
    pub term: String,
    /// ALL, NAME and so on.
    pub group: String,
    pub parts: Vec<Part>,
    /// WITH clauses without the word.
    pub with: Vec<String>,
    pub limit: Option<u64>,
    /// TRACKING, VIEWSTAT.
    pub update: Vec<&'static str>,
}

impl Whole {
    /// The text.
    pub(super) fn text(&self) -> Result<String, ApiError> {
        let mut out = format!("FIND {{{}}} IN {} FIELDS", self.term, self.group);
        for (i, part) in self.parts.iter().enumerate() {
            out.push_str(if i == 0 { " RETURNING " } else { ", " });
            part.put(&mut out)?;
        }
        for with in &self.with {
            let _ = write!(out, " WITH {with}");
        }
        if let Some(limit) = self.limit {
            let _ = write!(out, " LIMIT {limit}");
        }
        if !self.update.is_empty() {
            let _ = write!(out, " UPDATE {}", self.update.join(", "));
        }
        Ok(out)
    }
}

impl Part {
    fn put(&self, out: &mut String) -> Result<(), ApiError> {
        out.push_str(checked(TextPart::Object, &self.name)?);
        let fields = match &self.fields {
            Some(fields) => checked(TextPart::Fields, fields)?,
            None => "Id",
        };
        let _ = write!(out, "({fields}");
        if let Some(filter) = &self.filter {
            let _ = write!(out, " WHERE {}", checked(TextPart::Where, filter)?);
        }
        if let Some(order) = &self.order_by {
            let order = spaced(order);
            let _ = write!(out, " ORDER BY {}", checked(TextPart::OrderBy, &order)?);
        }
        for (word, n) in [("LIMIT", self.limit), ("OFFSET", self.offset)] {
            if let Some(n) = n {
                let _ = write!(out, " {word} {n}");
            }
        }
        out.push(')');
        Ok(())
    }
}

fn checked(part: TextPart, text: &str) -> Result<&str, ApiError> {
    check_part(part, text).map_err(|e| refusal(&e, text))?;
    Ok(text)
}

/// `NULLS_FIRST` as the language has it, which writes two words.
fn spaced(order: &str) -> String {
    let words = order.split(' ').map(|word| match word.to_ascii_uppercase().as_str() {
        "NULLS_FIRST" => "NULLS FIRST",
        "NULLS_LAST" => "NULLS LAST",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A text as a search term in which wildcards, phrases, parentheses and operators are what they are in a search, and
/// everything else that is reserved is itself.
pub(super) fn term(text: &str) -> String {
    // A quote without its partner is no phrase.
    let phrases = text.matches('"').count().is_multiple_of(2);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Escaped already.
            '\\' if chars.peek().is_some_and(|next| RESERVED.contains(next)) => {
                out.push(c);
                out.extend(chars.next());
            }
            '*' | '?' | '(' | ')' => out.push(c),
            '"' if phrases => out.push(c),
            c => {
                if RESERVED.contains(&c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

/// A text as a string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A data category filter: names, a selector and parentheses.
pub(super) fn category(text: &str) -> Result<String, ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '(' | ')' | ',');
    if text.chars().all(plain) {
        Ok(format!("DATA CATEGORY {text}"))
    } else {
        Err(illegal(format!("Invalid data category filter: {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_escaped() {
        assert_eq!(term("a-b's (x OR y*) & {z}"), r"a\-b\'s (x OR y*) \& \{z\}");
        assert_eq!(term("\"joe smith\""), "\"joe smith\"");
        assert_eq!(term("5\" pipe"), "5\\\" pipe");
        assert_eq!(term(r"a\-b c\d"), r"a\-b c\\d");
    }

    #[test]
    fn parts_stay_apart() {
        let part = |filter: &str| Part { name: "Account".into(), filter: Some(filter.into()), ..Part::default() };
        let whole = |filter| Whole { term: "ab".into(), group: "ALL".into(), parts: vec![part(filter)], ..Whole::default() }.text();
        assert_eq!(whole("Name = 'x'").unwrap(), "FIND {ab} IN ALL FIELDS RETURNING Account(Id WHERE Name = 'x')");
        assert!(whole("Name = 'x') , Contact(Id").is_err());
        assert_eq!(spaced("Name desc Nulls_last"), "Name desc NULLS LAST");
    }
}
