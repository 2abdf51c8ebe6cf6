//! The texts of statements, as they are sent.

use orglet_base::sql::HOME;

/// A statement for an org whose schema is `schema` (quoted): [`HOME`] becomes that, and so does the place before a quoted
/// name that begins with an underscore; `?n` becomes `$n`. Texts in quotes stay.
pub(super) fn rendered(sql: &str, schema: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some(at) = rest.find(['"', '\'', '?']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix(HOME) {
            out.push_str(schema);
            out.push('.');
            rest = after;
        } else if let Some(after) = from.strip_prefix('?') {
            out.push('$');
            rest = after;
        } else {
            // An index is made beside its table; its name takes no schema.
            if from.starts_with("\"_") && !out.ends_with("INDEX IF NOT EXISTS ") && !out.ends_with('.') {
                out.push_str(schema);
                out.push('.');
            }
            // A doubled quote inside ends one text and begins another, which comes to the same.
            let quote = if from.starts_with('"') { '"' } else { '\'' };
            let end = from[1..].find(quote).map_or(from.len(), |n| n + 2);
            out.push_str(&from[..end]);
            rest = &from[end..];
        }
    }
    out.push_str(rest);
    out
}

/// An identifier in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_their_schema() {
        let sql = format!("SELECT t0.\"Id\", '\"_x?1', 'it''s ?' FROM {HOME}\"Account\" AS t0 WHERE x = $1");
        assert_eq!(rendered(&sql, "\"o_1\""), "SELECT t0.\"Id\", '\"_x?1', 'it''s ?' FROM \"o_1\".\"Account\" AS t0 WHERE x = $1");
        assert_eq!(rendered("CREATE INDEX IF NOT EXISTS \"_i\" ON \"_t\" (a)", "s"), "CREATE INDEX IF NOT EXISTS \"_i\" ON s.\"_t\" (a)");
        assert_eq!(
            rendered("INSERT INTO \"_ids\" VALUES (?1, ?2) ON CONFLICT (prefix) DO UPDATE SET next = \"_ids\".next + ?3", "\"s\""),
            "INSERT INTO \"s\".\"_ids\" VALUES ($1, $2) ON CONFLICT (prefix) DO UPDATE SET next = \"s\".\"_ids\".next + $3"
        );
    }
}
