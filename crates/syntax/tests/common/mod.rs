//! What the tests share.
#![allow(dead_code)]

use orglet_syntax::ast::{Condition, Expr, Query, SelectItem};
use orglet_syntax::{Quirks, SyntaxError, soql};

/// Before API v61.0.
pub const OLD: Quirks = Quirks { new_parser: false, set_options: false };
/// From API v61.0 on.
pub const NEW: Quirks = Quirks { new_parser: true, set_options: true };

/// Parses what must be a query for either parser, and gives the same tree for both.
pub fn good(text: &str) -> Query {
    let trees = [OLD, NEW].map(|quirks| match soql::parse(text, quirks) {
        Ok(query) => query,
        Err(e) => panic!("{text:?} with {quirks:?}: {}", e.render(text)),
    });
    assert_eq!(trees[0], trees[1], "{text}");
    let [query, _] = trees;
    query
}

/// The error of what must be no query.
pub fn bad(text: &str, quirks: Quirks) -> SyntaxError {
    match soql::parse(text, quirks) {
        Ok(query) => panic!("{text:?} with {quirks:?} parses: {query:?}"),
        Err(e) => e,
    }
}

/// A path or call as text.
pub fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Path(p) => p.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("."),
        Expr::Call(c) => {
            let args: Vec<String> = c
                .args
                .iter()
                .map(|a| match a {
                    orglet_syntax::ast::Arg::Expr(e) => shown(e),
                    orglet_syntax::ast::Arg::Literal(l, _) => format!("{l:?}"),
                })
                .collect();
            format!("{}({})", c.name.text, args.join(","))
        }
    }
}

/// An entry of the SELECT list as text, for plain entries.
pub fn item(item: &SelectItem) -> String {
    match item {
        SelectItem::Expr { expr, alias: None } => shown(expr),
        SelectItem::Expr { expr, alias: Some(a) } => format!("{} {}", shown(expr), a.text),
        other => format!("{other:?}"),
    }
}

/// The WHERE of `SELECT Id FROM Account WHERE {text}`.
pub fn filter(text: &str) -> Condition {
    match good(&format!("SELECT Id FROM Account WHERE {text}")).filter {
        Some(condition) => condition,
        None => panic!("no filter: {text}"),
    }
}
