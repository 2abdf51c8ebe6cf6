//! The contract against an org that others use.

use super::case::{Case, Format};
use super::load::Contract;
use super::run::run_on;
use super::safety;
use crate::{OrgFacts, Target};
use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;
use std::sync::Mutex;

/// What running the contract against an org found. Serializes to the report's format (docs/contract-run.md).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// Runs of cases; a case runs once for each of its formats and versions.
    pub runs: usize,
    /// Runs whose answers were all as the contract has them.
    pub equal: usize,
    /// The others.
    pub differences: Vec<Difference>,
    /// Cases that were not run.
    pub skipped: Vec<Skipped>,
    /// Records that were made and could not be deleted.
    pub left: Vec<Left>,
}

/// A run whose answer was another than the contract's.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The case's name.
    pub case: String,
    /// Its file below `contract/`.
    pub file: String,
    /// Where the contract has its expectation from.
    pub source: Vec<String>,
    /// `json` or `xml`.
    pub format: &'static str,
    /// The API version, e.g. `62.0`.
    pub version: String,
    /// The step, counted from 1; `null` where the org could not be prepared.
    pub step: Option<usize>,
    /// The request, shortened.
    pub request: String,
    /// What differs, a line each.
    pub problems: Vec<String>,
    /// Status and body of the org's answer, shortened.
    pub answer: String,
}

/// A case that was not run.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// The case's name.
    pub case: String,
    /// Why.
    pub reason: String,
}

/// A record that was made and is still there.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// Its object.
    pub object: String,
    /// Its id.
    pub id: String,
    /// What the org said to its deletion.
    pub answer: String,
}

/// Runs those cases that `chosen` takes and that can be taken back, one after the other, with the API versions that the org
/// has. Records that a case makes are deleted when it ends. `told` hears of each run.
pub fn run_against(
    contract: &Contract,
    target: &dyn Target,
    versions: &[String],
    chosen: &dyn Fn(&Case) -> bool,
    told: &mut dyn FnMut(&Case, bool),
) -> Findings {
    let mut findings = Findings::default();
    for case in contract.cases.iter().filter(|case| chosen(case)) {
        let mut skip = |reason: String| findings.skipped.push(Skipped { case: case.name.clone(), reason });
        if let Err(reason) = safety::allowed(contract, case) {
            skip(reason);
            continue;
        }
        let served: Vec<&String> = case.versions.iter().filter(|v| versions.contains(v)).collect();
        if served.is_empty() {
            skip(format!("the org has no v{}", case.versions.join(", v")));
            continue;
        }
        for format in &case.formats {
            for version in &served {
                one(contract, case, *format, version, target, &mut findings, told);
            }
        }
    }
    findings
}

fn one(
    contract: &Contract,
    case: &Case,
    format: Format,
    version: &str,
    target: &dyn Target,
    findings: &mut Findings,
    told: &mut dyn FnMut(&Case, bool),
) {
    let tidy = Tidy { target, made: Mutex::default() };
    let outcome = run_on(contract, case, format, version, &tidy);
    findings.runs += 1;
    told(case, outcome.is_ok());
    match outcome {
        Ok(()) => findings.equal += 1,
        Err(trouble) => findings.differences.push(Difference {
            case: case.name.clone(),
            file: case.file.clone(),
            source: case.source.clone(),
            format: format.as_str(),
            version: version.to_owned(),
            step: trouble.step,
            request: trouble.request,
            problems: trouble.problems,
            answer: trouble.answer,
        }),
    }
    findings.left.extend(tidy.end(version));
}

/// An org, and what was made in it.
struct Tidy<'a> {
    target: &'a dyn Target,
    /// Object and id, in the order in which they were made.
    made: Mutex<Vec<(String, String)>>,
}

impl Target for Tidy<'_> {
    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let parts: Vec<String> = request.uri().path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let object = parts.iter().position(|part| part == "sobjects").and_then(|at| parts.get(at + 1)).cloned();
        let response = self.target.send(request);
        if let Some(object) = object.filter(|_| response.status() == 201)
            && let Some(id) = id_of(response.body())
            && let Ok(mut made) = self.made.lock()
        {
            made.push((object, id));
        }
        response
    }

    fn origin(&self) -> String {
        self.target.origin()
    }

    fn facts(&self) -> OrgFacts {
        self.target.facts()
    }
}

/// The id in the answer to a create, in JSON or XML.
fn id_of(body: &[u8]) -> Option<String> {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        return value.get("id")?.as_str().map(str::to_owned);
    }
    let text = std::str::from_utf8(body).ok()?;
    Some(text.split_once("<id>")?.1.split_once("</id>")?.0.to_owned())
}

impl Tidy<'_> {
    /// Deletes what was made, the last first; answers what is left.
    fn end(self, version: &str) -> Vec<Left> {
        let token = self.target.facts().access_token;
        let mut left = Vec::new();
        for (object, id) in self.made.into_inner().unwrap_or_default().into_iter().rev() {
            let request = Request::builder()
                .method(Method::DELETE)
                .uri(format!("/services/data/v{version}/sobjects/{object}/{id}"))
                .header("authorization", format!("Bearer {token}"))
                .body(Bytes::new());
            let Ok(request) = request else { continue };
            let response = self.target.send(request);
            // What went with another, or was deleted by the case itself, is gone.
            if !matches!(response.status().as_u16(), 204 | 404) {
                let answer = format!("{} {}", response.status().as_u16(), String::from_utf8_lossy(response.body()));
                left.push(Left { object, id, answer: answer.chars().take(500).collect() });
            }
        }
        left
    }
}
