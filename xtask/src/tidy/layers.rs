//! Who may depend on whom, read from `cargo metadata`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::Finding;
use crate::process::{cargo, output};

/// The project's crates by folder, with the crates of ours that each may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("syntax", &[]),
    ("apex", &["base", "syntax"]),
    ("schema", &["base"]),
    ("plan", &["base", "schema", "syntax"]),
    ("store", &["base", "plan", "schema"]),
    ("engine", &["apex", "base", "plan", "schema", "store", "syntax"]),
    ("http", &["apex", "base", "engine", "schema"]),
    ("contract", &["engine"]),
    ("orglet", &["base", "contract", "engine", "http", "schema", "store"]),
    ("testkit", &["base", "contract", "engine", "http", "orglet", "plan", "schema", "store", "syntax"]),
    ("xtask", &[]),
    // Programs that measure and do harm: what they do it to, they start with testkit.
    ("bench", &["base", "plan", "schema", "syntax", "testkit"]),
    ("faults", &["base", "testkit"]),
];
/// Packages that run tasks. Nothing below `engine` waits.
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "futures", "futures-util", "async-trait"];
/// Packages that speak to a database.
const DRIVERS: &[&str] = &["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres", "deadpool-postgres", "sqlx"];
/// Packages that have HTTP types.
const HTTP: &[&str] = &["http", "http-body", "http-body-util", "hyper", "hyper-util", "axum", "tower", "tower-http", "reqwest"];
const DECISIONS: &str = "docs/decisions";
const DEPENDENCIES: &str = "docs/decisions/0001-dependencies.md";

/// Checks every member's manifest.
pub fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut findings = Vec::new();
    let mut external = BTreeSet::new();
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let manifest = text_of(package, "manifest_path");
        let manifest = Path::new(&manifest).strip_prefix(root).map_or(manifest.clone(), |path| path.to_string_lossy().into_owned());
        let content = std::fs::read_to_string(root.join(&manifest))?;
        let mut finding = |line, reason| findings.push(Finding { path: manifest.clone(), line, reason });
        let name = short(&text_of(package, "name")).to_owned();
        let Some((_, may_use)) = MAY_USE.iter().find(|(member, _)| *member == name) else {
            finding(1, format!("'{name}' has no place in the layers: give it one in xtask's tidy"));
            continue;
        };
        if !content.contains("[lints]\nworkspace = true") {
            finding(1, "the workspace's lints are not in force here: [lints] workspace = true".into());
        }
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let wanted = text_of(dependency, "name");
            let line = line_of(&content, &wanted);
            let for_tests = text_of(dependency, "kind") == "dev";
            if dependency.get("path").is_some() {
                let wanted = short(&wanted);
                if wanted == "testkit" && for_tests || may_use.contains(&wanted) {
                    continue;
                }
                finding(line, format!("{name} must not depend on {wanted}: the directions run the other way"));
                continue;
            }
            external.insert((wanted.clone(), manifest.clone(), line));
            if for_tests {
                continue;
            }
            let wanted = wanted.as_str();
            if RUNTIMES.contains(&wanted) && ["base", "syntax", "schema", "plan"].contains(&name.as_str()) {
                finding(line, format!("{name} has no async runtime (invariant 1)"));
            }
            if DRIVERS.contains(&wanted) && !["store", "bench", "faults"].contains(&name.as_str()) {
                finding(line, format!("only store names a database driver, not {name} (invariant 2)"));
            }
            if HTTP.contains(&wanted) && !["http", "contract", "orglet", "testkit", "bench"].contains(&name.as_str()) {
                finding(line, format!("only http and orglet name an HTTP type, not {name} (invariant 2)"));
            }
        }
    }
    findings.extend(workspace_lints(root)?);
    findings.extend(undecided(root, external)?);
    Ok(findings)
}

fn workspace_lints(root: &Path) -> io::Result<Vec<Finding>> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let wanted = ["unsafe_code = \"forbid\"", "unwrap_used = ", "expect_used = ", "all = { level = "];
    let absent = wanted.into_iter().filter(|lint| !manifest.lines().any(|line| line.starts_with(lint)));
    let reason = |lint: &str| format!("[workspace.lints] lacks {} (invariant 8)", lint.trim_end_matches([' ', '=']));
    Ok(absent.map(|lint| Finding { path: "Cargo.toml".into(), line: 1, reason: reason(lint) }).collect())
}

/// Packages from a registry that no decision names.
fn undecided(root: &Path, external: BTreeSet<(String, String, usize)>) -> io::Result<Vec<Finding>> {
    if !root.join(DEPENDENCIES).exists() {
        return Ok(vec![Finding { path: DEPENDENCIES.into(), line: 1, reason: "the decision on dependencies is missing".into() }]);
    }
    let mut decided = BTreeSet::new();
    for entry in std::fs::read_dir(root.join(DECISIONS))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(path)?;
            decided.extend(text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).map(String::from));
        }
    }
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for (package, path, line) in external {
        if !decided.contains(&package) && named.insert(package.clone()) {
            findings.push(Finding { path, line, reason: format!("{package} is in no decision under {DECISIONS}/") });
        }
    }
    Ok(findings)
}

fn text_of(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn short(name: &str) -> &str {
    name.strip_prefix("orglet-").unwrap_or(name)
}

fn line_of(manifest: &str, package: &str) -> usize {
    let starts = |line: &str| line.strip_prefix(package).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
    manifest.lines().position(starts).map_or(1, |index| index + 1)
}
