//! Names in texts and formulas: `{!name}`.

/// The names that a text refers to.
pub(super) fn fields(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// A piece of a text.
pub(super) enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// What stands between `{!` and `}`.
    Name(&'a str),
}

/// A text in its pieces. Braces that hold no name are text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix("{!")
            && let Some(end) = inside.find('}')
            && is_name(inside[..end].trim())
        {
            rest = &inside[end + 1..];
            return Some(Piece::Name(inside[..end].trim()));
        }
        let from = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
        let end = rest[from..].find("{!").map_or(rest.len(), |at| from + at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(piece))
    })
}

fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$' || c == '_');
    begins && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | ':'))
}

/// A formula with its names bare, as the language of formulas has them. What stands in quotes stays as it is.
pub(super) fn in_formula(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut escaped = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if quote.is_none()
            && rest.starts_with("{!")
            && let Some(Piece::Name(name)) = pieces(rest).next()
        {
            out.push_str(name);
            rest = rest.split_once('}').map_or("", |(_, after)| after);
            continue;
        }
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_texts_and_formulas() {
        assert_eq!(
            fields("a {!b.C__c} {! d } {!} {!x y} {!$Record.Owner:User.Name}{").collect::<Vec<_>>(),
            ["b.C__c", "d", "$Record.Owner:User.Name"]
        );
        assert_eq!(in_formula("{!a} + \"{!b}\" & '\\'{!c}' & {!d}"), "a + \"{!b}\" & '\\'{!c}' & d");
        assert_eq!(in_formula("ä{!ü}ö{!"), "ä{!ü}ö{!");
    }
}
