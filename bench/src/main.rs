//! Measures the server beside the limits of its own building blocks, in one run on one machine: bare axum, and bare
//! axum with rusqlite, each answering the same requests with the same bytes. Prints throughput, latency and ratios,
//! then start-up time and idle memory.
//!
//! ```text
//! orglet-bench --orglet PATH --folder DIR [--rounds N] [--millis N] [--connections N,N] [--starts N]
//!              [--quick] [--json FILE]
//! ```
//!
//! All programs run on the same cores, the load generator too: read the ratios, not the rates.

mod bare;
mod fixture;
mod load;
mod report;
mod start;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What the command line says.
pub struct Options {
    /// The server's binary.
    pub orglet: PathBuf,
    /// A folder for everything the run writes; made anew.
    pub folder: PathBuf,
    /// How often each measurement is taken.
    pub rounds: usize,
    /// How long one measurement lasts.
    pub span: Duration,
    /// How many connections drive a server at once, one after the other.
    pub connections: Vec<usize>,
    /// How often the server is started for the start-up time.
    pub starts: usize,
    /// Where the figures go as JSON, besides the table.
    pub json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.first().map(String::as_str) {
        Some("bare") => bare::main(arguments.get(1..).unwrap_or_default()),
        _ => options(&arguments).and_then(|options| run(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orglet-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    if options.folder.exists() {
        std::fs::remove_dir_all(&options.folder)?;
    }
    std::fs::create_dir_all(&options.folder)?;
    // Start-up first: nothing else runs yet.
    let started = start::measure(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = runtime.block_on(load::measure(options))?;
    report::print(options, &measured, &started)
}

fn options(arguments: &[String]) -> io::Result<Options> {
    let mut options = Options {
        orglet: PathBuf::from("target/release/orglet"),
        folder: PathBuf::from("target/bench"),
        rounds: 5,
        span: Duration::from_millis(1500),
        connections: vec![1, 32],
        starts: 11,
        json: None,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--quick" {
            (options.rounds, options.span, options.starts) = (3, Duration::from_millis(500), 5);
            continue;
        }
        let value = rest.next().ok_or_else(|| io::Error::other(format!("unknown argument or no value: {argument}")))?;
        let number =
            || value.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(|| io::Error::other(format!("{argument}: not a number: {value}")));
        match argument.as_str() {
            "--orglet" => options.orglet = PathBuf::from(value),
            "--folder" => options.folder = PathBuf::from(value),
            "--json" => options.json = Some(PathBuf::from(value)),
            "--rounds" => options.rounds = usize::try_from(number()?).map_err(io::Error::other)?,
            "--starts" => options.starts = usize::try_from(number()?).map_err(io::Error::other)?,
            "--millis" => options.span = Duration::from_millis(number()?),
            "--connections" => {
                let counts: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
                options.connections = counts.map_err(|_| io::Error::other(format!("{argument}: not numbers: {value}")))?;
            }
            _ => return Err(io::Error::other(format!("unknown argument: {argument}"))),
        }
    }
    Ok(options)
}
