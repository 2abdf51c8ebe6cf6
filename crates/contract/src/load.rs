//! Reads the contract's folder.

use super::case::{Case, Format, Step};
use orglet_engine::{Setting, SettingChange, SettingValue};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Everything under `contract/`.
#[derive(Clone, Debug, Default)]
pub struct Contract {
    /// The cases, by file and position.
    pub cases: Vec<Case>,
    /// Named preparations that cases refer to with `use name`.
    pub fixtures: BTreeMap<String, Vec<String>>,
}

const NEWEST: &str = "68.0";

/// Reads every case file below `dir`. An unreadable file, an unknown key, a case without a name, a request or a
/// source, and a name given twice are errors; all of them are told at once, one a line.
pub fn load(dir: &Path) -> Result<Contract, String> {
    let mut files = Vec::new();
    let mut topics: Vec<_> = match std::fs::read_dir(dir) {
        Ok(list) => list.filter_map(Result::ok).map(|e| e.path()).collect(),
        Err(e) => return Err(format!("{}: {e}", dir.display())),
    };
    topics.sort();
    let unreadable = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    for path in topics {
        let mut found = vec![path.clone()];
        if path.is_dir() {
            found = std::fs::read_dir(&path).map_err(|e| unreadable(&path, e))?.filter_map(Result::ok).map(|e| e.path()).collect();
            found.sort();
        }
        for file in found.iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
            let text = std::fs::read_to_string(file).map_err(|e| unreadable(file, e))?;
            files.push((file.strip_prefix(dir).unwrap_or(file).display().to_string(), text));
        }
    }
    read(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

/// The contract as it was when this program was built.
pub fn embedded() -> Result<Contract, String> {
    read(files::FILES.iter().copied())
}

mod files {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

/// Reads files, each given by its name below `contract/` and its text; see [`load`].
fn read<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Contract, String> {
    let mut contract = Contract::default();
    let mut problems = Vec::new();
    for (name, text) in files {
        read_file(name, text, &mut contract, &mut problems);
    }
    let mut seen = BTreeSet::new();
    for case in &contract.cases {
        if !seen.insert(case.name.clone()) {
            problems.push(format!("{}: the name {} is taken", case.file, case.name));
        }
        if case.source.is_empty() || case.source.iter().any(|s| s.trim().is_empty()) {
            problems.push(format!("{}: {} has no source", case.file, case.name));
        }
    }
    if problems.is_empty() { Ok(contract) } else { Err(problems.join("\n")) }
}

fn read_file(shown: &str, text: &str, contract: &mut Contract, problems: &mut Vec<String>) {
    let mut table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(e) => return problems.push(format!("{shown}: {e}")),
    };
    let topic = shown.split('/').next().unwrap_or_default().to_owned();
    let resource = table.remove("resource").and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_else(|| topic.clone());
    let file_setup = strings(table.remove("setup"));
    let file_source = strings(table.remove("source"));
    let file_project = match project(table.remove("project")) {
        Ok(files) => files,
        Err(e) => return problems.push(format!("{shown}: project: {e}")),
    };
    let file_now = table.remove("now").and_then(|v| v.as_str().map(str::to_owned));
    if let Some(toml::Value::Table(fixtures)) = table.remove("fixture") {
        for (name, lines) in fixtures {
            if contract.fixtures.insert(name.clone(), strings(Some(lines))).is_some() {
                problems.push(format!("{shown}: the fixture {name} is defined twice"));
            }
        }
    }
    let cases = match table.remove("case") {
        Some(toml::Value::Array(cases)) => cases,
        Some(_) => return problems.push(format!("{shown}: `case` must be a list of tables")),
        None => Vec::new(),
    };
    for key in table.keys() {
        problems.push(format!("{shown}: unknown key {key}"));
    }
    for (index, value) in cases.into_iter().enumerate() {
        let toml::Value::Table(table) = value else {
            problems.push(format!("{shown}: case {} is not a table", index + 1));
            continue;
        };
        match read_case(table, &file_setup, &file_source) {
            Ok(mut case) => {
                case.topic.clone_from(&topic);
                shown.clone_into(&mut case.file);
                if case.resource.is_empty() {
                    case.resource.clone_from(&resource);
                }
                case.now = case.now.or_else(|| file_now.clone());
                if case.project.is_empty() {
                    case.project.clone_from(&file_project);
                }
                contract.cases.push(case);
            }
            Err(e) => problems.push(format!("{shown}: case {}: {e}", index + 1)),
        }
    }
}

fn read_case(mut table: toml::Table, file_setup: &[String], file_source: &[String]) -> Result<Case, String> {
    let mut text = |key: &str| table.remove(key).and_then(|v| v.as_str().map(str::to_owned));
    let name = text("name").ok_or("no name")?;
    let (resource, verb, now, pending) = (text("resource"), text("verb"), text("now"), text("pending"));
    let mut setup = file_setup.to_vec();
    setup.extend(strings(table.remove("setup")));
    let mut source = strings(table.remove("source"));
    if source.is_empty() {
        source.extend_from_slice(file_source);
    }
    let settings = settings(table.remove("settings")).map_err(|e| format!("{name}: settings: {e}"))?;
    let project = project(table.remove("project")).map_err(|e| format!("{name}: project: {e}"))?;
    let versions = strings(table.remove("versions"));
    let safe = table.remove("safe").and_then(|v| v.as_bool());
    let formats: Option<Vec<Format>> = match table.remove("formats") {
        Some(v) => Some(v.try_into().map_err(|e| format!("{name}: formats: {e}"))?),
        None => None,
    };
    let then = match table.remove("then") {
        Some(toml::Value::Array(steps)) => steps,
        Some(_) => return Err(format!("{name}: `then` must be a list of tables")),
        None => Vec::new(),
    };
    let mut steps = Vec::new();
    for value in std::iter::once(toml::Value::Table(table)).chain(then) {
        let step: Step = value.try_into().map_err(|e| format!("{name}: {e}"))?;
        if step.request.is_some() == step.query.is_some() {
            return Err(format!("{name}: a step has either `request` or `query`"));
        }
        steps.push(step);
    }
    let formats = formats.unwrap_or_else(|| {
        let xml = steps.iter().any(Step::has_xml);
        let json = !xml || steps.iter().any(Step::has_json);
        [json.then_some(Format::Json), xml.then_some(Format::Xml)].into_iter().flatten().collect()
    });
    let verb = verb.unwrap_or_else(|| match &steps[0].request {
        Some(r) => r.split_whitespace().next().unwrap_or_default().to_owned(),
        None => "GET".into(),
    });
    let versions = if versions.is_empty() { vec![NEWEST.to_owned()] } else { versions };
    Ok(Case {
        topic: String::new(),
        file: String::new(),
        name,
        source,
        resource: resource.unwrap_or_default(),
        verb,
        versions,
        formats,
        now,
        settings,
        project,
        safe,
        pending,
        setup,
        steps,
    })
}

/// What is set in the org: a table of settings, or nothing.
fn settings(value: Option<toml::Value>) -> Result<Vec<SettingChange>, String> {
    let table = match value {
        Some(toml::Value::Table(table)) => table,
        Some(_) => return Err("a table is wanted".to_owned()),
        None => return Ok(Vec::new()),
    };
    let change = |(name, value): (String, toml::Value)| {
        let value = match value {
            toml::Value::Integer(n) => SettingValue::Number(n),
            toml::Value::Boolean(on) => SettingValue::Flag(on),
            _ => return Err(format!("{name} is a number, true or false")),
        };
        Ok((Setting::named(&name).map_err(|e| e.to_string())?, Some(value)))
    };
    table.into_iter().map(change).collect()
}

/// Files of a project: a table of texts by their paths, or nothing.
fn project(value: Option<toml::Value>) -> Result<Vec<(String, String)>, String> {
    let table = match value {
        Some(toml::Value::Table(table)) => table,
        Some(_) => return Err("a table is wanted".to_owned()),
        None => return Ok(Vec::new()),
    };
    let file = |(path, text): (String, toml::Value)| match text {
        toml::Value::String(text) => Ok((path, text)),
        _ => Err(format!("{path} is a text")),
    };
    table.into_iter().map(file).collect()
}

/// A string, a list of strings, or nothing.
fn strings(value: Option<toml::Value>) -> Vec<String> {
    match value {
        Some(toml::Value::String(s)) => vec![s],
        Some(toml::Value::Array(list)) => list.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
