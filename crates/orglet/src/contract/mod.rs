//! `orglet contract`: what the contract says, against an org that says it itself.

mod remote;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use orglet_contract::{Case, Contract, Findings, embedded, run_against};
use remote::Remote;
use serde_json::json;
use std::path::PathBuf;

/// Options of `orglet contract`.
#[derive(Args)]
pub struct ContractOptions {
    /// What to do.
    #[command(subcommand)]
    pub command: ContractCommand,
}

/// The subcommands of `orglet contract`.
#[derive(Subcommand)]
pub enum ContractCommand {
    /// Send the contract's requests to an org and print where its answers differ.
    ///
    /// Only what can be taken back is sent: records that are made are deleted again, and neither metadata nor users nor
    /// passwords are touched. Use an org in which nobody minds a record that stands there for a moment. It takes some
    /// hundreds of API calls.
    Run {
        /// Address of the org: https://NAME.my.salesforce.com
        #[arg(long, value_name = "URL")]
        against: String,
        /// An access token or session id of the org (the variable keeps it out of process lists).
        #[arg(long, env = "ORGLET_CONTRACT_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
        token: String,
        /// Roots to trust for https, in PEM, in place of those of this machine.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Write the report here, as JSON.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Which cases.
        #[command(flatten)]
        chosen: Chosen,
    },
    /// List the cases: name, file, and where the expectation is from.
    List {
        /// Which cases.
        #[command(flatten)]
        chosen: Chosen,
    },
}

/// Which cases are meant; all where nothing is said.
#[derive(Args)]
pub struct Chosen {
    /// Those of a topic, a folder of the contract; may be repeated.
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// Those whose name holds this text; may be repeated.
    #[arg(long, value_name = "TEXT")]
    pub case: Vec<String>,
}

impl Chosen {
    fn takes(&self, case: &Case) -> bool {
        (self.topic.is_empty() || self.topic.contains(&case.topic))
            && (self.case.is_empty() || self.case.iter().any(|part| case.name.contains(part)))
    }
}

/// Runs a command; an error where answers differ, too.
pub fn run(options: &ContractOptions) -> Result<(), String> {
    let contract = embedded()?;
    match &options.command {
        ContractCommand::List { chosen } => {
            for case in contract.cases.iter().filter(|case| chosen.takes(case)) {
                println!("{}\t{}\t{}", case.name, case.file, case.source.join(" "));
            }
            Ok(())
        }
        ContractCommand::Run { against, token, ca_file, report, chosen } => {
            let remote = Remote::connect(against, token, ca_file.as_deref())?;
            let findings = compare(&contract, &remote, chosen);
            if let Some(file) = report {
                let text = serde_json::to_string_pretty(&report_of(&remote, &findings)).map_err(|e| e.to_string())?;
                std::fs::write(file, text + "\n").map_err(|e| format!("{}: {e}", file.display()))?;
            }
            print!("{}", text(&findings));
            match (findings.differences.len(), findings.left.len()) {
                (0, 0) => Ok(()),
                (0, left) => Err(format!("{left} records could not be deleted")),
                (differences, _) => Err(format!("{differences} of {} runs differ", findings.runs)),
            }
        }
    }
}

fn compare(contract: &Contract, remote: &Remote, chosen: &Chosen) -> Findings {
    let mut told = |case: &Case, equal: bool| {
        if !equal {
            eprintln!("differs: {}", case.name);
        }
    };
    run_against(contract, remote, remote.versions(), &|case| chosen.takes(case), &mut told)
}

fn report_of(remote: &Remote, findings: &Findings) -> serde_json::Value {
    json!({
        "report": 1,
        "orglet": env!("CARGO_PKG_VERSION"),
        "org": {"url": remote.url(), "versions": remote.versions()},
        "findings": findings,
    })
}

fn text(findings: &Findings) -> String {
    let mut out = String::new();
    for d in &findings.differences {
        let step = d.step.map_or("preparation".to_owned(), |step| format!("step {step}"));
        out.push_str(&format!("\n{} ({}, {} v{}, {step})\n", d.case, d.file, d.format, d.version));
        out.push_str(&format!("  expected after {}\n", d.source.join(" ")));
        if !d.request.is_empty() {
            out.push_str(&format!("  {}\n", d.request));
        }
        for problem in &d.problems {
            out.push_str(&format!("  - {problem}\n"));
        }
        if !d.answer.is_empty() {
            out.push_str(&format!("  answer: {}\n", d.answer));
        }
    }
    for left in &findings.left {
        out.push_str(&format!("\nnot deleted: {} {}: {}\n", left.object, left.id, left.answer));
    }
    let skipped = findings.skipped.len();
    out.push_str(&format!(
        "\n{} runs, {} as the contract has it, {} differ; {skipped} cases not run\n",
        findings.runs,
        findings.equal,
        findings.differences.len()
    ));
    out
}
