//! The project's chores: `cargo xtask <command>`.

mod bench;
mod clients;
mod codegen;
mod compat;
mod errors;
mod faults;
mod process;
mod server;
mod test;
mod tidy;
mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--only STAGE]...   fmt, tidy, codegen, compat, clippy, tests, build, faults (in short), clients; sets up what
                           it needs under target/
                           STAGE is one of these, or unit or contract for a part of tests
  tidy                     the rules of the architecture; silent when all hold
  codegen [--check]        writes the generated sources, or only says whether they are current
  compat [--check]         writes COMPAT.md, or only says whether it is current
  errors [--check]         writes docs/errors.md, or only says whether it is current; `test` has it among its tests
  clients [--only NAME]... [--server PATH]
                           builds the release server, or takes another, and drives the public clients against it
  faults [--rounds N] [--only NAME,...] [--seed N] [--quick]
                           drives the release server through faults: kill -9 under load, full disks, slow clients, ...
  fuzz [--requests N] [--seed N]
                           sends a million requests that nobody would send, or N, to servers in one process
  bench [ARGUMENT]...      builds and runs the benchmark; its own arguments: see bench/src/main.rs
";

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default();
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let done = match command.as_str() {
        "test" => test::run(&root, &rest),
        "tidy" => tidy::run(&root),
        "codegen" => codegen::error_codes(&root, rest.iter().any(|argument| argument == "--check")),
        "compat" => compat::run(&root, rest.iter().any(|argument| argument == "--check")),
        "errors" => errors::run(&root, rest.iter().any(|argument| argument == "--check")),
        "clients" => clients::run(&root, &rest),
        "faults" => {
            let arguments: Vec<&str> = rest.iter().map(String::as_str).collect();
            faults::run(&root, &arguments).map(|counts| counts.failed == 0)
        }
        "fuzz" => {
            let mut command = process::cargo();
            command.args(["run", "--release", "--package", "orglet-testkit", "--bin", "orglet-fuzz", "--"]).args(&rest);
            process::passes(command.current_dir(&root))
        }
        "bench" => bench::run(&root, &rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}
