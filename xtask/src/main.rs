//! The project's chores: `cargo xtask <command>`.

mod codegen;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default();
    let command = std::env::args().nth(1).unwrap_or_default();
    let done = match command.as_str() {
        "codegen" => codegen::error_codes(&root, false),
        other => {
            eprintln!("xtask: no command '{other}'");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("xtask {command}: {e}");
            ExitCode::FAILURE
        }
    }
}
