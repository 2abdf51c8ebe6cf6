//! `orglet`: a Salesforce org in one binary.

use clap::Parser;
use orglet::cli::{Cli, Command};
use orglet::error::StartError;
use orglet::{contract, logs, org, serve, wire};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(options) => {
            logs::start(&options.logs);
            serve_until_signalled(&options).map_err(|e| e.to_string())
        }
        Command::Org(options) => org::run(&options),
        Command::Contract(options) => contract::run(&options),
        Command::Fault(options) => org::fault::run(&options),
        Command::Log(options) => org::log::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orglet: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_until_signalled(options: &orglet::cli::ServeOptions) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("orglet").enable_all().build().map_err(StartError::Runtime)?;
    let outcome = runtime.block_on(serve::run(options, wire::build_app));
    // What is still running has had its grace in `serve::run`; a stuck request must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}
