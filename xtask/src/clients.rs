//! `cargo xtask clients`: unmodified public clients against the release server.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Counts, cargo, closing_line, passes, watch};
use crate::server::Server;
use crate::toolchain;

const SUITE_LIMIT: Duration = Duration::from_secs(600);
const TRANSPORTS: [&str; 2] = ["http", "https"];
const SUITES: [&str; 2] = ["simple_salesforce", "jsforce"];

/// Builds the server, unless `--server` names one, and runs the suites named by `--only`, or all of them; true when
/// every step passed.
pub fn run(root: &Path, arguments: &[String]) -> io::Result<bool> {
    let (binary, rest) = match arguments.iter().position(|argument| argument == "--server") {
        Some(at) => {
            let binary = arguments.get(at + 1).ok_or_else(|| io::Error::other("--server wants the path of a binary"))?;
            let rest: Vec<String> = arguments.iter().take(at).chain(arguments.iter().skip(at + 2)).cloned().collect();
            (Some(std::path::absolute(binary)?), rest)
        }
        None => (None, arguments.to_vec()),
    };
    let chosen = crate::test::only(&rest, &SUITES)?;
    let counts = match binary {
        Some(binary) => drive(root, &binary, &chosen)?,
        None if build(root)? => drive(root, &release(root), &chosen)?,
        None => return Ok(false),
    };
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// Builds the release server.
pub fn build(root: &Path) -> io::Result<bool> {
    passes(cargo().args(["build", "--release", "--package", "orglet"]).current_dir(root))
}

/// The release server's binary.
pub fn release(root: &Path) -> PathBuf {
    root.join("target/release/orglet")
}

/// Runs suites (all when none is chosen) over every transport on one server. A suite that breaks off counts as one
/// failure more than the steps it reported.
pub fn drive(root: &Path, binary: &Path, chosen: &[&str]) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let suites: Vec<&str> = SUITES.into_iter().filter(|name| chosen.is_empty() || chosen.contains(name)).collect();
    // Packages first: a server that waits for an installer tells nothing.
    let mut programs = Vec::new();
    for suite in suites {
        let source = root.join("clients").join(suite);
        let mut command = if suite == "jsforce" {
            let mut command = Command::new(toolchain::node(root)?);
            command.current_dir(toolchain::npm(root, &source, suite)?).arg("run.mjs");
            command
        } else {
            let mut command = Command::new(toolchain::python(root, &source.join("requirements.txt"))?);
            // No byte code beside the sources.
            command.arg("-B").arg(source.join("run.py")).current_dir(root);
            command
        };
        // Proxies of the machine are none of the suites' business.
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_ascii_uppercase());
        }
        programs.push((suite, command));
    }
    let server = Server::start(root, binary)?;
    for (suite, command) in &mut programs {
        command.env("NODE_EXTRA_CA_CERTS", &server.ca_file).arg("--ready").arg(&server.ready_file).arg("--transport");
        for transport in TRANSPORTS {
            println!("-- {suite} over {transport}");
            counts.add(one_run(command, transport));
        }
    }
    let stopped = server.stop();
    match &stopped {
        Ok(()) => println!("ok server - SIGTERM ends it with exit code 0"),
        Err(error) => println!("not ok server - {error}"),
    }
    counts.add(Counts::one(stopped.is_ok()));
    Ok(counts)
}

fn one_run(template: &Command, transport: &str) -> Counts {
    let mut command = Command::new(template.get_program());
    command.args(template.get_args()).arg(transport);
    for (name, value) in template.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = template.get_current_dir() {
        command.current_dir(folder);
    }
    let (mut seen, mut closing) = (Counts::default(), None);
    let ended = watch(&mut command, SUITE_LIMIT, |line| {
        if line.starts_with("ok ") || line.starts_with("not ok ") {
            seen.add(Counts::one(line.starts_with("ok ")));
        }
        closing = closing_line(line);
    });
    match (ended, closing) {
        // A run says the same three times over: by its steps, its closing line and its exit code.
        (Ok(status), Some(said)) if said == seen && status.success() == (said.failed == 0) => seen,
        (Ok(status), _) => {
            println!("not ok suite - it broke off with {status}");
            Counts { failed: seen.failed + 1, ..seen }
        }
        (Err(error), _) => {
            println!("not ok suite - {error}");
            Counts { failed: seen.failed + 1, ..seen }
        }
    }
}
