//! Rules on Rust sources.

use super::Finding;
use super::source::Line;

/// Lines a file should stay below, and must.
const LONG: usize = 700;
/// What reads a clock.
const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "UtcDateTime::now", "Utc::now"];
/// What reaches out of the process.
const OUTSIDE: &[&str] = &["std::fs", "std::net", "std::thread", "std::process", "std::env", "async fn", ".await", "tokio::"];
/// The modules of `http` that each speak one protocol.
const PROTOCOLS: &[&str] = &["rest", "composite", "bulk", "soap", "oauth", "streaming", "tooling", "metadata"];
/// Words of a statement, as no message has them.
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", " WHERE ", " VALUES "];

/// Applies every rule to one file. A `generated` one is as long as its data.
pub fn check(path: &str, generated: bool, lines: &[Line], findings: &mut Vec<Finding>) {
    let mut finding = |line: usize, reason: String| findings.push(Finding { path: path.to_owned(), line, reason });
    if lines.len() > LONG && !generated {
        finding(LONG, format!("the file has {} lines, more than {LONG}: split it by topic", lines.len()));
    }
    let place = Place::of(path);
    for (index, line) in lines.iter().enumerate() {
        let mut say = |reason: String| finding(index + 1, reason);
        unfinished(line, &mut say);
        if line.test {
            continue;
        }
        exceptions(&place, line, &mut say);
        pure(&place, line, &mut say);
        errors(&place, line, &mut say);
        sql(&place, line, &mut say);
        protocols(&place, line, &mut say);
        versions(&place, line, &mut say);
    }
}

/// A file's crate (by its folder) and its path inside `src`.
struct Place<'a> {
    member: &'a str,
    inside: &'a str,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Place<'a> {
        let path = path.strip_prefix("crates/").unwrap_or(path);
        let (member, rest) = path.split_once('/').unwrap_or(("", path));
        Place { member, inside: rest.strip_prefix("src/").unwrap_or("") }
    }

    fn is(&self, members: &[&str]) -> bool {
        members.contains(&self.member)
    }

    /// The module directly under the crate's root.
    fn module(&self) -> &'a str {
        let first = self.inside.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

fn unfinished(line: &Line, say: &mut impl FnMut(String)) {
    for call in [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("#[ig", "nore")] {
        if line.code.contains(call) {
            say(format!("{call}…: finish it or take it out"));
        }
    }
}

/// Invariant 8: no way around the lints outside of tests and the programs' own start.
fn exceptions(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    if place.is(&["orglet", "testkit", "xtask", "bench", "faults"]) {
        return;
    }
    for lint in ["clippy::unwrap_used", "clippy::expect_used", "clippy::await_holding_lock", "unsafe_code"] {
        if line.code.contains("allow(") && line.code.contains(lint) {
            say(format!("{lint} is not allowed here (invariant 8)"));
        }
    }
}

/// Invariant 1: syntax and plan compute, and that is all.
fn pure(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    if !place.is(&["syntax", "plan"]) {
        return;
    }
    for name in CLOCKS {
        if line.code.contains(name) {
            say(format!("{name}: the time is passed in (invariant 1)"));
        }
    }
    for name in OUTSIDE {
        if line.code.contains(name) {
            say(format!("{name}: {} does no I/O and does not wait (invariant 1)", place.member));
        }
    }
}

/// Invariant 3: codes come from the table, and one module turns errors into bytes.
fn errors(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    if !place.is(&["syntax", "schema", "plan", "store", "engine", "http", "orglet"]) {
        return;
    }
    for text in &line.strings {
        let code = text.strip_prefix("sf:").unwrap_or(text);
        // `syntax` knows no crate of ours, hence no ErrorCode either.
        if place.member != "syntax" && CODES.contains(&code) {
            say(format!("\"{text}\" as text: take it from ErrorCode (invariant 3)"));
        }
        if text.contains("errorCode") && !(place.member == "http" && place.module() == "error") {
            say("errors become bytes in http::error alone (invariant 3)".into());
        }
    }
}

/// The codes that are most tempting to write down. All of them would be too many: some are plain words.
const CODES: &[&str] = &[
    "DUPLICATE_VALUE",
    "ENTITY_IS_DELETED",
    "FIELD_INTEGRITY_EXCEPTION",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_CROSS_REFERENCE_KEY",
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_LOGIN",
    "INVALID_QUERY_FILTER_OPERATOR",
    "INVALID_QUERY_LOCATOR",
    "INVALID_SESSION_ID",
    "INVALID_TYPE",
    "JSON_PARSER_ERROR",
    "MALFORMED_ID",
    "MALFORMED_QUERY",
    "METHOD_NOT_ALLOWED",
    "REQUIRED_FIELD_MISSING",
    "STRING_TOO_LONG",
    "UNKNOWN_EXCEPTION",
    "XML_PARSER_ERROR",
];

/// Invariants 4 and 5: emitting cannot fail; no value is written into a statement.
fn sql(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    if place.member == "plan" && place.inside.contains("emit") && line.code.contains("-> Result<") {
        say("emitting SQL cannot fail: find the error when binding (invariant 4)".into());
    }
    if place.is(&["plan", "store", "engine"]) {
        for text in &line.strings {
            if text.contains("'{") && SQL.iter().any(|word| text.contains(word)) {
                say("a value inside a statement: make it a parameter (invariant 5)".into());
            }
        }
    }
    if place.is(&["http", "orglet"]) && line.strings.iter().any(|text| text.starts_with("INSERT INTO ") || text.starts_with("DELETE FROM "))
    {
        say("SQL is written in plan and store (invariant 5)".into());
    }
}

/// Invariant 6: a protocol's module names no other protocol's.
fn protocols(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    let own = place.module();
    if place.member != "http" || !PROTOCOLS.contains(&own) {
        return;
    }
    let code: String = line.code.chars().filter(|c| !c.is_whitespace()).collect();
    for other in PROTOCOLS.iter().filter(|other| **other != own) {
        let paths = [format!("crate::{other}::"), format!("crate::{other};"), format!("crate::{{{other}")];
        if paths.iter().any(|path| code.contains(path.as_str())) {
            say(format!("{own} calls {other}: what they share belongs in engine or a shared module (invariant 6)"));
        }
    }
}

/// Invariant 7: what differs by version is data, or stands in `http::compat`; below `http`, in the crate's own `compat`.
fn versions(place: &Place, line: &Line, say: &mut impl FnMut(String)) {
    if !place.is(&["plan", "engine", "http"]) || place.module() == "compat" {
        return;
    }
    let code = line.code.to_ascii_lowercase();
    for (at, _) in code.match_indices("version") {
        let rest = code.get(at + "version".len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c.is_alphanumeric() || "_().".contains(c));
        if [" < ", " > ", " <= ", " >= "].iter().any(|sign| rest.starts_with(sign)) && !code.contains("catalog_version") {
            say("a comparison of versions: make it data, or put it into the module compat (invariant 7)".into());
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::read;
    use super::*;

    fn reasons(path: &str, source: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(path, false, &read(source, false), &mut findings);
        findings.into_iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn each_rule_finds_its_breach() {
        for (path, source, invariant) in [
            ("crates/plan/src/bind.rs", "let now = Timestamp::now();", "invariant 1"),
            ("crates/syntax/src/soql.rs", "use std::fs::File;", "invariant 1"),
            ("crates/engine/src/save.rs", "fail(\"INVALID_FIELD\")", "invariant 3"),
            ("crates/http/src/rest/rows.rs", "out.push_str(\"{\\\"errorCode\\\":\")", "invariant 3"),
            ("crates/plan/src/emit/select.rs", "fn emit(&self) -> Result<Sql, Error> {", "invariant 4"),
            ("crates/store/src/sqlite.rs", "format!(\"SELECT x FROM t WHERE y = '{value}'\")", "invariant 5"),
            ("crates/http/src/soap/login.rs", "use crate::oauth::grant;", "invariant 6"),
            ("crates/http/src/rest/rows.rs", "if request.version() >= ApiVersion::V46 {", "invariant 7"),
            ("crates/engine/src/auth.rs", "#[allow(clippy::unwrap_used)]", "invariant 8"),
        ] {
            let found = reasons(path, source);
            assert!(found.len() == 1 && found[0].contains(invariant), "{path}: {source}: {found:?}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for (path, source) in [
            ("crates/engine/src/auth.rs", "let now = Timestamp::now(); // INVALID_FIELD"),
            ("crates/http/src/error/render.rs", "out.key(\"errorCode\")"),
            ("crates/http/src/compat.rs", "version >= ApiVersion::V46"),
            ("crates/http/src/soap/login.rs", "use crate::codec::xml; use crate::router::Route;"),
            ("crates/plan/src/bind.rs", "format!(\"No such column '{name}' on entity '{object}'.\")"),
            ("crates/plan/src/lib.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
            ("crates/base/src/version.rs", "self.version < other.version"),
        ] {
            assert!(reasons(path, source).is_empty(), "{path}: {source}: {:?}", reasons(path, source));
        }
    }

    #[test]
    fn files_stay_short() {
        assert_eq!(reasons("crates/base/src/long.rs", &"x\n".repeat(701)).len(), 1);
        assert!(reasons("crates/base/src/long.rs", &"x\n".repeat(699)).is_empty());
    }
}
