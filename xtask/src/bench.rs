//! `cargo xtask bench`: builds the server and the benchmark, both in release, and runs the one against the other.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::process::{cargo, passes};
use crate::toolchain;

/// Runs the benchmark with these arguments of its own; true when it ended well.
pub fn run(root: &Path, arguments: &[String]) -> io::Result<bool> {
    // The short form leaves PostgreSQL out unless it is asked for.
    if !arguments.iter().any(|argument| argument == "--quick") || arguments.iter().any(|argument| argument.contains("postgres")) {
        toolchain::postgres(root)?;
    }
    for package in ["orglet", "orglet-bench"] {
        if !passes(cargo().args(["build", "--release", "--package", package]).current_dir(root))? {
            return Ok(false);
        }
    }
    let release = root.join("target/release");
    let mut command = Command::new(release.join("orglet-bench"));
    command.arg("--orglet").arg(release.join("orglet")).arg("--folder").arg(root.join("target/bench"));
    passes(command.args(arguments).current_dir(root))
}
