//! Drives a real `orglet serve` through faults, and compares what is there afterwards with what was acknowledged.
//!
//! ```text
//! orglet-faults --orglet PATH --folder DIR [--rounds N] [--seed N] [--only NAME,…] [--quick]
//! ```
//!
//! Random choices come from the seed, which is printed. How the threads of a load meet does not: a seed brings back
//! what is written and about when the server dies, not the very interleaving.

mod checks;
mod client;
mod files;
mod ledger;
mod load;
mod proxy;
mod room;
mod server;
mod trace;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use server::Way;

/// Findings that are printed of one check; more are counted.
const SHOWN: usize = 10;

/// What the command line says.
pub struct Options {
    /// The server's binary.
    pub orglet: PathBuf,
    /// A folder for everything the run writes.
    pub folder: PathBuf,
    /// Rounds of killing.
    pub rounds: u64,
    /// Where random choices come from.
    pub seed: u64,
    /// The checks to run; empty for all.
    pub only: Vec<String>,
    /// The short form: what takes seconds, and needs no rights and no other programs.
    pub quick: bool,
}

impl Options {
    /// A new folder for a check, with an empty data directory.
    pub fn way(&self, name: &str) -> io::Result<Way> {
        Way::new(&self.orglet, self.folder.join(name))
    }
}

/// What the checks found.
#[derive(Default)]
pub struct Report {
    passed: u64,
    failed: u64,
}

impl Report {
    /// Counts a check: it holds when there are no findings.
    pub fn none(&mut self, what: &str, findings: Vec<String>) {
        if findings.is_empty() {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        println!("  FAILED {what}: {} findings", findings.len());
        for finding in findings.iter().take(SHOWN) {
            println!("    {finding}");
        }
    }

    /// Counts a check that holds or does not.
    pub fn holds(&mut self, what: &str, good: bool) {
        self.none(what, if good { Vec::new() } else { vec!["does not hold".to_owned()] });
    }

    /// Prints a figure.
    pub fn say(&self, text: impl AsRef<str>) {
        println!("  {}", text.as_ref());
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match options(&arguments).map(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("orglet-faults: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> bool {
    println!("faults with --seed {}", options.seed);
    let mut report = Report::default();
    for (name, check) in checks::ALL {
        let chosen = if options.only.is_empty() {
            !options.quick || checks::QUICK.contains(name)
        } else {
            options.only.iter().any(|only| only == name)
        };
        if !chosen {
            continue;
        }
        println!("{name}");
        let began = Instant::now();
        if let Err(error) = check(options, &mut report) {
            report.none(name, vec![error.to_string()]);
        }
        report.say(format!("took {:.1} s", began.elapsed().as_secs_f64()));
    }
    println!("{} passed, {} failed", report.passed, report.failed);
    report.failed == 0
}

fn options(arguments: &[String]) -> io::Result<Options> {
    let mut options = Options {
        orglet: PathBuf::from("target/release/orglet"),
        folder: PathBuf::from("target/faults"),
        rounds: 50,
        seed: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        only: Vec::new(),
        quick: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--quick" {
            (options.quick, options.rounds) = (true, 3);
            continue;
        }
        let value = rest.next().ok_or_else(|| io::Error::other(format!("unknown argument or no value: {argument}")))?;
        let number = || value.parse::<u64>().map_err(|_| io::Error::other(format!("{argument}: not a number: {value}")));
        match argument.as_str() {
            "--orglet" => options.orglet = PathBuf::from(value),
            "--folder" => options.folder = PathBuf::from(value),
            "--rounds" => options.rounds = number()?.max(1),
            "--seed" => options.seed = number()?,
            "--only" => options.only.extend(value.split(',').map(String::from)),
            _ => return Err(io::Error::other(format!("unknown argument: {argument}"))),
        }
    }
    let names: Vec<&str> = checks::ALL.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = options.only.iter().find(|only| !names.contains(&only.as_str())) {
        return Err(io::Error::other(format!("no '{unknown}'; there are {}", names.join(", "))));
    }
    // Servers run in folders of their own.
    std::fs::create_dir_all(&options.folder)?;
    (options.folder, options.orglet) = (options.folder.canonicalize()?, options.orglet.canonicalize()?);
    Ok(options)
}
