//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to learn that it does not.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Counts, cargo, cargo_test_line, passes, watch};
use crate::{clients, codegen, compat, faults, tidy, toolchain};

const TEST_LIMIT: Duration = Duration::from_secs(3600);
/// The stages of a full run.
const STAGES: [&str; 9] = ["fmt", "tidy", "codegen", "compat", "clippy", "tests", "build", "faults", "clients"];
/// The stages that can be asked for: two are parts of `tests`.
const CHOICES: [&str; 11] = ["fmt", "tidy", "codegen", "compat", "clippy", "tests", "unit", "contract", "build", "faults", "clients"];

/// Runs the stages named by `--only`, or all; prints how long each took and the sum of their checks as the last line.
/// A stage that has no checks of its own counts as one. True when nothing failed.
pub fn run(root: &Path, arguments: &[String]) -> io::Result<bool> {
    let chosen = only(arguments, &CHOICES)?;
    let mut stages = if chosen.is_empty() { STAGES.to_vec() } else { chosen };
    if stages.contains(&"clients") && !stages.contains(&"build") {
        stages.insert(0, "build");
    }
    let mut rows: Vec<(&str, Counts, Duration)> = Vec::new();
    for stage in stages {
        println!("== {stage}");
        let began = Instant::now();
        let unbuilt = rows.iter().any(|(name, counts, _)| *name == "build" && counts.failed > 0);
        let counts = if stage == "clients" && unbuilt {
            println!("xtask: there is no server to drive");
            Counts::one(false)
        } else {
            one(root, stage).unwrap_or_else(|error| {
                println!("xtask: {error}");
                Counts::one(false)
            })
        };
        rows.push((stage, counts, began.elapsed()));
    }
    println!("\n{:<10} {:>8} {:>8} {:>9}", "stage", "passed", "failed", "seconds");
    let mut sum = Counts::default();
    for (stage, counts, took) in &rows {
        println!("{stage:<10} {:>8} {:>8} {:>9.1}", counts.passed, counts.failed, took.as_secs_f64());
        sum.add(*counts);
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0)
}

fn one(root: &Path, stage: &str) -> io::Result<Counts> {
    let good = match stage {
        "fmt" => passes(cargo().args(["fmt", "--all", "--", "--check"]).current_dir(root))?,
        "tidy" => tidy::run(root)?,
        "codegen" => {
            let current = codegen::error_codes(root, true)?;
            if !current {
                println!("xtask: generated sources are not current: run `cargo xtask codegen`");
            }
            current
        }
        "compat" => {
            let current = compat::run(root, true)?;
            if !current {
                println!("xtask: COMPAT.md is not current: run `cargo xtask compat`");
            }
            current
        }
        "clippy" => passes(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).current_dir(root))?,
        "tests" => return tests(root, &["--workspace"]),
        "unit" => return tests(root, &["--workspace", "--exclude", "orglet-testkit"]),
        "contract" => return tests(root, &["--package", "orglet-testkit"]),
        "build" => clients::build(root)?,
        "faults" => return faults::run(root, &["--quick"]),
        "clients" => return clients::drive(root, &clients::release(root), &[]),
        other => return Err(io::Error::other(format!("no stage {other}"))),
    };
    Ok(Counts::one(good))
}

/// Runs cargo's tests and adds up what its runners report. A build that fails, or a test program that dies without a
/// report, counts as one failure.
fn tests(root: &Path, which: &[&str]) -> io::Result<Counts> {
    toolchain::postgres(root)?;
    let mut counts = Counts::default();
    let mut command = cargo();
    command.arg("test").args(which).arg("--no-fail-fast").current_dir(root);
    let status = watch(&mut command, TEST_LIMIT, |line| {
        if let Some(found) = cargo_test_line(line) {
            counts.add(found);
        }
    })?;
    if !status.success() && counts.failed == 0 {
        counts.failed = 1;
    }
    Ok(counts)
}

/// The values of `--only` (repeatable, or separated by commas), each of which must be among `choices`.
pub fn only<'a>(arguments: &[String], choices: &[&'a str]) -> io::Result<Vec<&'a str>> {
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let values = match argument.strip_prefix("--only") {
            Some("") => rest.next().map(String::as_str),
            Some(values) => values.strip_prefix('='),
            None => None,
        };
        let values = values.ok_or_else(|| io::Error::other(format!("unknown argument {argument}; there is --only NAME")))?;
        for value in values.split(',') {
            let known = choices.iter().find(|choice| **choice == value);
            chosen.push(*known.ok_or_else(|| io::Error::other(format!("no '{value}'; there are {}", choices.join(", "))))?);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_takes_names_that_exist() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(only(&words("--only fmt,tidy --only=build"), &CHOICES).unwrap(), ["fmt", "tidy", "build"]);
        assert!(only(&words("--only nonsense"), &CHOICES).is_err());
        assert!(only(&words("fmt"), &CHOICES).is_err());
        assert!(only(&[], &CHOICES).unwrap().is_empty());
    }
}
