//! `cargo xtask faults`: builds the server and the fault harness, both in release, and runs the one against the other.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{Counts, cargo, closing_line, passes, watch};
use crate::toolchain;

/// A long run with many rounds takes a while; a run that hangs must end.
const LIMIT: Duration = Duration::from_secs(4 * 3600);

/// Runs the harness with these arguments of its own; what held and what did not.
pub fn run(root: &Path, arguments: &[&str]) -> io::Result<Counts> {
    toolchain::postgres(root)?;
    for package in ["orglet", "orglet-faults"] {
        if !passes(cargo().args(["build", "--release", "--package", package]).current_dir(root))? {
            return Ok(Counts::one(false));
        }
    }
    let release = root.join("target/release");
    // Ten thousand connections need as many descriptors, at both ends; without unsafe code limits are the shell's business.
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n $(ulimit -Hn); exec \"$@\"", "sh"])
        .arg(release.join("orglet-faults"))
        .arg("--orglet")
        .arg(release.join("orglet"))
        .arg("--folder")
        .arg(root.join("target/faults"));
    let mut counts = None;
    let status = watch(command.args(arguments).current_dir(root), LIMIT, |line| counts = closing_line(line).or(counts))?;
    let mut counts = counts.unwrap_or_default();
    if !status.success() && counts.failed == 0 {
        counts.failed = 1;
    }
    Ok(counts)
}
