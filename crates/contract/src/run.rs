//! Runs cases, each in an org of its own, on all cores.

use super::case::{Case, Format, Step};
use super::check::check;
use super::load::Contract;
use super::matching::cut;
use super::template::{Vars, fill};
use crate::target::{OrgSetup, Target};
use base64::Engine as _;
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Makes the orgs that cases run in.
pub trait Factory: Sync {
    /// A fresh org for one run of a case.
    fn make(&self, setup: &OrgSetup) -> Result<Box<dyn Target>, String>;
}

/// A run of a case that did not give what was due.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The case's name.
    pub case: String,
    /// Where it stands, and which run it was: `rows/create.toml [xml v68.0]`.
    pub place: String,
    /// What differed.
    pub details: String,
}

/// The outcome of running cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many runs passed.
    pub passed: usize,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Runs of pending cases that failed, as they are expected to.
    pub pending: Vec<Failure>,
    /// Names of the cases all of whose runs passed.
    pub passing: std::collections::BTreeSet<String>,
    /// Pending cases all of whose runs passed: their mark has to go.
    pub unexpected: Vec<String>,
}

impl Report {
    /// The failures, for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for f in &self.failures {
            out.push_str(&format!("\nFAIL {} — {}\n{}\n", f.case, f.place, f.details));
        }
        for name in &self.unexpected {
            out.push_str(&format!("\nPASS {name} — but it is marked pending: remove the mark\n"));
        }
        let names: std::collections::BTreeSet<&str> = self.failures.iter().map(|f| f.case.as_str()).collect();
        out.push_str(&format!("\n{} runs passed, {} failed, {} pending\n", self.passed, self.failures.len(), self.pending.len()));
        if !names.is_empty() {
            out.push_str(&format!("failed cases: {}\n", names.into_iter().collect::<Vec<_>>().join(" ")));
        }
        out
    }
}

/// Reads the contract and runs all of it.
pub fn run_all(dir: &Path, factory: &dyn Factory) -> Result<Report, String> {
    let contract = super::load::load(dir)?;
    Ok(run_cases(&contract, &contract.cases.iter().collect::<Vec<_>>(), factory))
}

/// Runs some cases of the contract.
pub fn run_cases(contract: &Contract, cases: &[&Case], factory: &dyn Factory) -> Report {
    let mut runs: Vec<(&Case, Format, &str)> = Vec::new();
    for case in cases {
        for format in &case.formats {
            runs.extend(case.versions.iter().map(|v| (*case, *format, v.as_str())));
        }
    }
    let results: Mutex<Vec<(usize, Option<Failure>)>> = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((case, format, version)) = runs.get(index) else { break };
                    let outcome =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_one(contract, case, *format, version, factory)));
                    let details = match outcome {
                        Ok(Ok(())) => None,
                        Ok(Err(details)) => Some(details),
                        Err(_) => Some("  the server panicked".to_owned()),
                    };
                    let failure = details.map(|details| Failure {
                        case: case.name.clone(),
                        place: format!("{} [{} v{version}]", case.file, format.as_str()),
                        details,
                    });
                    if let Ok(mut results) = results.lock() {
                        results.push((index, failure));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    let mut report = Report::default();
    let mut failed = std::collections::BTreeSet::new();
    for (index, failure) in results {
        let case = runs[index].0;
        match failure {
            None => report.passed += 1,
            Some(failure) => {
                failed.insert(case.name.clone());
                if case.pending.is_some() { report.pending.push(failure) } else { report.failures.push(failure) }
            }
        }
    }
    for case in cases.iter().filter(|c| !failed.contains(&c.name)) {
        if case.pending.is_some() {
            report.unexpected.push(case.name.clone());
        } else {
            report.passing.insert(case.name.clone());
        }
    }
    report
}

fn run_one(contract: &Contract, case: &Case, format: Format, version: &str, factory: &dyn Factory) -> Result<(), String> {
    let target = factory
        .make(&OrgSetup { now: case.now.clone(), settings: case.settings.clone(), project: case.project.clone() })
        .map_err(|e| format!("  no org: {e}"))?;
    run_on(contract, case, format, version, target.as_ref()).map_err(|trouble| trouble.text())
}

/// Where a run of a case ended.
pub(crate) struct Trouble {
    /// The step, counted from 1; `None` where the org could not be prepared.
    pub(crate) step: Option<usize>,
    /// The request, shortened.
    pub(crate) request: String,
    /// What differs, a line each.
    pub(crate) problems: Vec<String>,
    /// Status and body of the answer, shortened.
    pub(crate) answer: String,
}

impl Trouble {
    fn setup(text: impl Into<String>) -> Self {
        Self { step: None, request: String::new(), problems: vec![text.into()], answer: String::new() }
    }

    fn text(&self) -> String {
        match self.step {
            None => self.problems.join("\n"),
            Some(step) => {
                format!("  step {step}: {}\n  - {}\n  answer: {}", self.request, self.problems.join("\n  - "), self.answer)
            }
        }
    }
}

/// Prepares an org for a case and compares its answers.
pub(crate) fn run_on(contract: &Contract, case: &Case, format: Format, version: &str, target: &dyn Target) -> Result<(), Trouble> {
    let mut vars = variables(&target.facts(), &target.origin(), version);
    prepare(contract, &case.setup, target, &mut vars, 0).map_err(Trouble::setup)?;
    for (index, step) in case.steps.iter().enumerate() {
        let request = build(step, format, &vars).map_err(|e| Trouble::setup(format!("  step {}: {e}", index + 1)))?;
        let shown = format!("{} {}", request.method(), cut(&request.uri().to_string(), 300));
        let response = target.send(request);
        let mut problems = check(step, format, &response, &vars);
        for (name, from) in &step.capture {
            match captured(&response, from) {
                Some(value) => {
                    vars.insert(name.clone(), value);
                }
                None => problems.push(format!("nothing at {from} to take as {name}")),
            }
        }
        if !problems.is_empty() {
            let body = cut(&String::from_utf8_lossy(response.body()), 1500);
            let answer = format!("{} {body}", response.status().as_u16());
            return Err(Trouble { step: Some(index + 1), request: shown, problems, answer });
        }
    }
    Ok(())
}

fn variables(facts: &crate::OrgFacts, origin: &str, version: &str) -> Vars {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let org15: String = facts.org_id.chars().take(15).collect();
    let user15: String = facts.user_id.chars().take(15).collect();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", facts.client_id, facts.client_secret));
    [
        ("basic", basic.as_str()),
        ("v", version),
        ("host", host),
        ("origin", origin),
        ("org", &facts.org_id),
        ("org15", &org15),
        ("user", &facts.user_id),
        ("user15", &user15),
        ("username", &facts.username),
        ("password", &facts.password),
        ("security_token", &facts.security_token),
        ("client_id", &facts.client_id),
        ("client_secret", &facts.client_secret),
        ("token", &facts.access_token),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .collect()
}

/// Runs lines like `use name`, `POST sobjects/Account {…}` and `account = POST sobjects/Account {…}`.
fn prepare(contract: &Contract, lines: &[String], target: &dyn Target, vars: &mut Vars, depth: usize) -> Result<(), String> {
    for line in lines.iter().flat_map(|l| l.lines()).map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix("use ") {
            let lines = contract.fixtures.get(name.trim()).ok_or_else(|| format!("  no fixture {name}"))?;
            if depth > 5 {
                return Err(format!("  the fixture {name} uses itself"));
            }
            prepare(contract, lines, target, vars, depth + 1)?;
            continue;
        }
        let (variable, call) = match line.split_once(" = ") {
            Some((name, call)) if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'/')) => (Some(name), call),
            _ => (None, line),
        };
        let (method, rest) = call.split_once(' ').ok_or_else(|| format!("  setup: {line}"))?;
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let step = Step { request: Some(format!("{method} {path}\n\n{body}")), ..Step::default() };
        let request = build(&step, Format::Json, vars).map_err(|e| format!("  setup: {line}: {e}"))?;
        let response = target.send(request);
        if !response.status().is_success() {
            let body = cut(&String::from_utf8_lossy(response.body()), 1500);
            return Err(format!("  setup: {}\n  answer: {} {body}", cut(line, 400), response.status().as_u16()));
        }
        if let Some(variable) = variable {
            let (name, pointer) = variable.split_once(':').unwrap_or((variable, "/id"));
            let value = captured(&response, pointer).ok_or_else(|| format!("  setup: {line}: nothing at {pointer}"))?;
            vars.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// What a case may write in a target as it is, although a URI has it encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// What stands for the bytes of an archive until the body is bytes.
const ZIP_BYTES: &str = "\u{1}zip\u{1}";

/// An archive of a step's files.
fn archive(step: &Step, vars: &Vars) -> Result<Vec<u8>, String> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in &step.zip {
        writer.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).map_err(|e| e.to_string())?;
        writer.write_all(fill(text.trim_start_matches('\n'), vars)?.as_bytes()).map_err(|e| e.to_string())?;
    }
    writer.finish().map(std::io::Cursor::into_inner).map_err(|e| e.to_string())
}

fn build(step: &Step, format: Format, vars: &Vars) -> Result<http::Request<Bytes>, String> {
    let (mut with_zip, mut zip) = (Vars::new(), Vec::new());
    let vars = if step.zip.is_empty() {
        vars
    } else {
        zip = archive(step, vars)?;
        with_zip.extend(vars.clone());
        with_zip.insert("zip".to_owned(), base64::engine::general_purpose::STANDARD.encode(&zip));
        with_zip.insert("zip-bytes".to_owned(), ZIP_BYTES.to_owned());
        &with_zip
    };
    let text = match (&step.request, &step.query) {
        (Some(request), _) => fill(request.trim_start_matches('\n'), vars)?,
        (None, Some(query)) => {
            let query = fill(query, vars)?;
            format!("GET {}?q={}", step.via.as_deref().unwrap_or("query"), utf8_percent_encode(&query, NON_ALPHANUMERIC))
        }
        (None, None) => return Err("no request".into()),
    };
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let body = body.trim_end_matches('\n');
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|l| l.trim().split_once(' ')).ok_or("the request line has no target")?;
    let target =
        if target.starts_with('/') { target.to_owned() } else { format!("/services/data/v{}/{target}", vars.get("v").map_or("", |v| v)) };
    let mut headers: Vec<(String, String)> = vec![("Host".into(), vars.get("host").cloned().unwrap_or_default())];
    if !step.anonymous {
        headers.push(("Authorization".into(), format!("Bearer {}", vars.get("token").map_or("", |v| v))));
    }
    if format == Format::Xml && step.asks_xml() {
        headers.push(("Accept".into(), "application/xml".into()));
    }
    if !body.is_empty() {
        let kind = if target.starts_with("/services/oauth2/") {
            "application/x-www-form-urlencoded"
        } else if target.starts_with("/services/Soap/") {
            "text/xml; charset=UTF-8"
        } else if body.starts_with('<') {
            "application/xml"
        } else {
            "application/json"
        };
        headers.push(("Content-Type".into(), kind.into()));
    }
    let set = |headers: &mut Vec<(String, String)>, name: &str, value: Option<String>| {
        headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        headers.extend(value.map(|v| (name.to_owned(), v)));
    };
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("no header: {line}"))?;
        set(&mut headers, name.trim(), Some(value.trim().to_owned()));
    }
    for (name, value) in &step.with {
        let value = match value {
            toml::Value::String(s) => Some(fill(s, vars)?),
            _ => None,
        };
        set(&mut headers, name, value);
    }
    let mut request = http::Request::builder().method(method).uri(utf8_percent_encode(&target, ENCODED).to_string());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let bytes = match step.encode.as_deref() {
        None => match body.split_once(ZIP_BYTES) {
            Some((before, behind)) => [before.as_bytes(), &zip, behind.as_bytes()].concat().into(),
            None => Bytes::copy_from_slice(body.as_bytes()),
        },
        Some("utf-16le") => utf_16(body).flat_map(u16::to_le_bytes).collect(),
        Some("utf-16be") => utf_16(body).flat_map(u16::to_be_bytes).collect(),
        Some(other) => return Err(format!("no encoding {other}")),
    };
    request.body(bytes).map_err(|e| e.to_string())
}

/// A text in UTF-16, after its byte-order mark.
fn utf_16(text: &str) -> impl Iterator<Item = u16> {
    std::iter::once(0xfeff).chain(text.encode_utf16())
}

fn captured(response: &http::Response<Bytes>, from: &str) -> Option<String> {
    if let Some(name) = from.strip_prefix("header:") {
        return response.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    }
    if let Some(name) = from.strip_prefix("xml:") {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let (_, after) = body.split_once(&format!("<{name}>"))?;
        return after.split_once('<').map(|(value, _)| value.to_owned());
    }
    let body: Value = serde_json::from_slice(response.body()).ok()?;
    match body.pointer(from)? {
        Value::String(s) => Some(s.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}
