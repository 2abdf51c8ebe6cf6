//! COMPAT.md, put together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::cases::{Asked, Count, count};
use super::routes::{Route, fits};
use super::tables::Rows;

const HEAD: &str = "\
# Compatibility

Written by `cargo xtask compat` from the route table, the contract and the tables under `docs/`; `cargo xtask test`
refuses a copy that is not current. Do not edit it by hand.

**yes**: built, and the contract has cases for it; their number stands beside it. **partly**: built, but the note says
what is lacking, or there is no case yet. **no**: not there; such requests are refused with an error of the platform, and
request headers that have no effect are listed as such.

HEAD answers on every resource that has GET, with the same headers and no body. Versions are v31.0 to v68.0.
";

/// The whole file. Fails where a hand-kept table names what does not exist.
pub fn compose(
    routes: &[Route],
    asked: &[Asked],
    built: &Rows,
    missing: &Rows,
    [soql, sosl]: [&Rows; 2],
    coverage: &Rows,
) -> io::Result<String> {
    let mut out = String::from(HEAD);
    resources(&mut out, routes, asked, built)?;
    beside(&mut out, asked, built)?;
    not_built(&mut out, missing);
    language(&mut out, "SOQL", soql)?;
    language(&mut out, "SOSL", sosl)?;
    catalogue(&mut out, coverage);
    Ok(out)
}

/// How well something is supported, as the hand-kept tables say it.
fn level(text: &str) -> io::Result<&str> {
    match text {
        "yes" | "partly" | "no" => Ok(text),
        other => Err(io::Error::other(format!("'{other}' is neither yes nor partly nor no"))),
    }
}

/// `yes (12)`; what has no case is at most partly there.
fn cell(level: &str, cases: usize) -> String {
    match (level, cases) {
        ("no", _) => "no".to_owned(),
        ("yes", 0) => "partly".to_owned(),
        (level, 0) => level.to_owned(),
        (level, cases) => format!("{level} ({cases})"),
    }
}

fn route_of<'a>(routes: &'a [Route], path: &str) -> Option<&'a Route> {
    if path.starts_with('/') {
        return None;
    }
    // A dot and a format may end a path.
    let path = path.strip_suffix(".json").or_else(|| path.strip_suffix(".xml")).unwrap_or(path);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    routes.iter().find(|route| fits(&route.path, &segments))
}

fn resources(out: &mut String, routes: &[Route], asked: &[Asked], built: &Rows) -> io::Result<()> {
    out.push_str("\n## REST resources\n\nPaths are below `/services/data/vNN.0/`.\n\n");
    out.push_str("| resource | path | verb | JSON | XML | note |\n|---|---|---|---|---|---|\n");
    let mut used = 0;
    for route in routes {
        for verb in &route.verbs {
            let Count { json, xml } =
                count(asked, |one| one.verb == *verb && route_of(routes, &one.path).is_some_and(|found| std::ptr::eq(found, route)));
            let noted = built.iter().find(|row| row[1] == route.path && row[2] == *verb);
            used += usize::from(noted.is_some());
            let (in_json, in_xml, note) = match noted {
                Some(row) => (level(&row[3])?, level(&row[4])?, row[5].as_str()),
                None => ("yes", "yes", ""),
            };
            let path = if route.path.is_empty() { "(none)".to_owned() } else { format!("`{}`", route.path) };
            let note = no_case(note, (in_json != "no" && json == 0, in_xml != "no" && xml == 0));
            let (name, json, xml) = (&route.name, cell(in_json, json), cell(in_xml, xml));
            let _ = writeln!(out, "| {name} | {path} | {verb} | {json} | {xml} | {note} |");
        }
    }
    let named = built.iter().filter(|row| !row[1].starts_with('/')).count();
    if used != named {
        return Err(io::Error::other(format!("docs/compat-built.tsv: {named} lines on routes, but only {used} name one")));
    }
    Ok(())
}

/// Notes plus what is said of formats without a case.
fn no_case(note: &str, (json, xml): (bool, bool)) -> String {
    let lacking = match (json, xml) {
        (true, true) => "no case yet",
        (true, false) => "no JSON case yet",
        (false, true) => "no XML case yet",
        (false, false) => "",
    };
    [note, lacking].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn beside(out: &mut String, asked: &[Asked], built: &Rows) -> io::Result<()> {
    out.push_str("\n## Beside the REST resources\n\n");
    out.push_str("| what | path | verb | JSON | XML | note |\n|---|---|---|---|---|---|\n");
    for row in built.iter().filter(|row| row[1].starts_with('/')) {
        let [name, path, verb, json, xml, note] = row.as_slice() else { continue };
        let found = count(asked, |one| {
            // A path that does not begin at the root is below that of a version. Only preflights are listed for all of these.
            let below = (!one.path.starts_with('/')).then(|| format!("/services/data/v/{}", one.path));
            let whole = below.as_deref().unwrap_or(&one.path);
            let segments: Vec<&str> = whole.split('/').filter(|segment| !segment.is_empty()).collect();
            one.verb == *verb && fits(path, &segments)
        });
        // What speaks one format only has its cases there.
        let (in_json, in_xml) = (level(json)?, level(xml)?);
        let all = found.json.max(found.xml);
        let cases = if in_json == "no" {
            (0, all)
        } else if in_xml == "no" {
            (all, 0)
        } else {
            (found.json, found.xml)
        };
        let note = no_case(note, (in_json != "no" && cases.0 == 0, in_xml != "no" && cases.1 == 0));
        let _ = writeln!(out, "| {name} | `{path}` | {verb} | {} | {} | {note} |", cell(in_json, cases.0), cell(in_xml, cases.1));
    }
    Ok(())
}

fn not_built(out: &mut String, missing: &Rows) {
    out.push_str("\n## Not built\n\nAll of these are **no**, in JSON and in XML. A path without a route answers 404 `NOT_FOUND`.\n");
    let mut family = "";
    for row in missing {
        let [of, name, path, verbs, answer] = row.as_slice() else { continue };
        if of != family {
            let _ = write!(out, "\n### {of}\n\n| resource | path | verbs | what it answers here |\n|---|---|---|---|\n");
            family = of;
        }
        let answer = if answer.is_empty() { "404" } else { answer };
        let _ = writeln!(out, "| {name} | `{path}` | {verbs} | {answer} |");
    }
}

fn language(out: &mut String, name: &str, parts: &Rows) -> io::Result<()> {
    let _ = write!(out, "\n## {name}\n\n| part | | example | note |\n|---|---|---|---|\n");
    for row in parts {
        let [part, support, example, note] = row.as_slice() else { continue };
        let example = if example.is_empty() { String::new() } else { format!("`{}`", example.replace('|', "\\|")) };
        let _ = writeln!(out, "| {part} | {} | {example} | {note} |", level(support)?);
    }
    Ok(())
}

fn catalogue(out: &mut String, coverage: &Rows) {
    let counts = |row: &&Vec<String>| row[1] == "yes";
    let (all, covered) = (coverage.iter().filter(counts).count(), coverage.iter().filter(counts).filter(|row| !row[2].is_empty()).count());
    let _ = write!(
        out,
        "\n## Error catalogue\n\nThe catalogue lists errors of real orgs with their evidence. Of its {all} rows on records, queries, search, limits, metadata and \
         sessions whose text is known from better than inference, {covered} have a case in the contract that brings them about by their natural \
         cause. The others, with those that do not count (in brackets):\n\n| reason | rows |\n|---|---|\n"
    );
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in coverage.iter().filter(|row| row[2].is_empty()) {
        let id = if row[1] == "yes" { row[0].clone() } else { format!("({})", row[0]) };
        reasons.entry(&row[3]).or_default().push(id);
    }
    for (reason, ids) in reasons {
        let _ = writeln!(out, "| {reason} | {} |", ids.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_is_no_better_than_its_cases() {
        assert_eq!((cell("yes", 0), cell("yes", 3), cell("partly", 2), cell("no", 2)).0, "partly");
        assert_eq!(cell("yes", 3), "yes (3)");
        assert_eq!(cell("partly", 2), "partly (2)");
        assert_eq!(cell("no", 2), "no");
        assert!(level("perhaps").is_err());
    }

    #[test]
    fn the_first_route_that_fits_counts() {
        let route = |path: &str| Route { path: path.into(), verbs: vec!["GET".into()], name: path.into() };
        let routes = [route("sobjects/{object}/describe"), route("sobjects/{object}/{id}")];
        assert_eq!(route_of(&routes, "sobjects/Account/describe/").unwrap().name, "sobjects/{object}/describe");
        assert_eq!(route_of(&routes, "sobjects/Account/{a}").unwrap().name, "sobjects/{object}/{id}");
        assert!(route_of(&routes, "/id/x").is_none());
    }
}
