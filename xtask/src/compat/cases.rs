//! What the contract asks for: the requests of its cases, each with the formats in which its answer is checked.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use toml::{Table, Value};

/// A request of a case.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The case it belongs to.
    pub case: String,
    /// The verb; an override in the query string (`_HttpMethod`) counts as that verb.
    pub verb: String,
    /// The path, without its query string. One below `/services/data/vNN.0/` stands without that beginning.
    pub path: String,
    /// Whether a JSON answer is checked, and whether an XML one is.
    pub formats: (bool, bool),
}

/// Reads every case that is not marked as pending.
pub fn read(folder: &Path) -> io::Result<Vec<Asked>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let topic = entry?.path();
        if topic.is_dir() {
            for entry in fs::read_dir(topic)? {
                files.push(entry?.path());
            }
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut asked = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let table: Table = text.parse().map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        for case in table.get("case").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table) {
            if !case.contains_key("pending") {
                of_case(case, &mut asked);
            }
        }
    }
    asked.sort();
    Ok(asked)
}

fn of_case(case: &Table, asked: &mut Vec<Asked>) {
    let name = text(case, "name").unwrap_or_default();
    let then = case.get("then").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table);
    let steps: Vec<&Table> = std::iter::once(case).chain(then).collect();
    let named = case.get("formats").and_then(Value::as_array);
    let may = |format: &str| named.is_none_or(|list| list.iter().any(|value| value.as_str() == Some(format)));
    for step in steps {
        let Some((verb, path)) = request(step) else { continue };
        let xml = ["error", "xml", "xml_includes"].iter().any(|key| step.contains_key(*key));
        // A step that says nothing about a body still says its status.
        let only_xml = xml && !["error", "json", "includes", "rows", "total", "keys"].iter().any(|key| step.contains_key(*key));
        let formats = (!only_xml && may("json"), xml && may("xml"));
        asked.push(Asked { case: name.to_owned(), verb, path, formats });
    }
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

fn request(step: &Table) -> Option<(String, String)> {
    if step.contains_key("query") {
        return Some(("GET".into(), text(step, "via").unwrap_or("query").to_owned()));
    }
    let line = text(step, "request")?.trim_start().lines().next()?;
    let (verb, target) = line.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let overridden = query.split('&').find_map(|pair| pair.strip_prefix("_HttpMethod="));
    Some((overridden.unwrap_or(verb).to_owned(), below_version(path).to_owned()))
}

/// A path below `/services/data/vNN.0/` without that beginning; another one whole.
fn below_version(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/services/data/") else { return path };
    match rest.split_once('/') {
        Some((version, below)) if version.starts_with('v') || version == "latest" => below,
        None if rest.starts_with('v') => "",
        _ => path,
    }
}

/// How many cases there are, by format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In JSON.
    pub json: usize,
    /// In XML.
    pub xml: usize,
}

/// Counts cases (each once) of the requests that `chosen` picks.
pub fn count(asked: &[Asked], chosen: impl Fn(&Asked) -> bool) -> Count {
    let mut cases: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for one in asked.iter().filter(|one| chosen(one)) {
        let seen = cases.entry(&one.case).or_default();
        *seen = (seen.0 || one.formats.0, seen.1 || one.formats.1);
    }
    Count { json: cases.values().filter(|seen| seen.0).count(), xml: cases.values().filter(|seen| seen.1).count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_formats_are_found() {
        let table: Table = r#"
[[case]]
name = "a"
request = "POST sobjects/Account/{a}?_HttpMethod=PATCH"
[[case.then]]
query = "SELECT Id FROM Account"
rows = []
xml = "<x/>"
[[case]]
name = "b"
formats = ["json"]
request = """
GET /services/data/v{v}/limits

"""
error = { code = "X" }
[[case]]
name = "c"
request = "GET /id/{org}/{user}"
xml = "<x/>"
"#
        .parse()
        .unwrap();
        let mut asked = Vec::new();
        for case in table["case"].as_array().unwrap() {
            of_case(case.as_table().unwrap(), &mut asked);
        }
        let shown: Vec<String> =
            asked.iter().map(|a| format!("{} {} {} {} {}", a.case, a.verb, a.path, a.formats.0, a.formats.1)).collect();
        assert_eq!(
            shown,
            [
                "a PATCH sobjects/Account/{a} true false",
                "a GET query true true",
                "b GET limits true false",
                "c GET /id/{org}/{user} false true"
            ]
        );
        assert_eq!(count(&asked, |a| a.case == "a"), Count { json: 1, xml: 1 });
    }

    #[test]
    fn paths_lose_their_version() {
        for (path, below) in
            [("/services/data/v62.0/query", "query"), ("/services/data/v{v}", ""), ("/services/data", "/services/data"), ("/id/x", "/id/x")]
        {
            assert_eq!(below_version(path), below, "{path}");
        }
    }
}
