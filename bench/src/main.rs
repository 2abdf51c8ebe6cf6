//! Measures the server beside the limits of its own building blocks, in one run on one machine: bare axum with
//! rusqlite, over a copy of the server's own data file, running the same SQL and answering the same bytes. Prints
//! ratios and whether they keep what was promised.
//!
//! ```text
//! orglet-bench --orglet PATH --folder DIR [--quick] [--only FAMILY[,FAMILY]] [--rounds N] [--millis N]
//!              [--connections N[,N]] [--starts N] [--json FILE] [--keep FILE]
//! ```
//!
//! `--only` takes names of [`family::ALL`]. `--keep` puts the figures between the marks of a Markdown file; with `--only`,
//! those of other families stay.
//!
//! All programs run on the same cores, the load generator too: read the ratios, not the rates.

mod bare;
mod family;
mod fixture;
mod load;
mod race;
mod report;
mod server;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What the command line says.
pub struct Options {
    /// The server's binary.
    pub orglet: PathBuf,
    /// A folder for everything the run writes; made anew, and removed at the end of a run that went well.
    pub folder: PathBuf,
    /// How often each measurement is taken.
    pub rounds: usize,
    /// How long one measurement lasts.
    pub span: Duration,
    /// How long each measurement is rehearsed before.
    pub warm_up: Duration,
    /// How many connections drive a server at once, one number after the other.
    pub connections: Vec<usize>,
    /// How often the server is started for the start-up time.
    pub starts: usize,
    /// Rows of the large table.
    pub large: usize,
    /// Whether this is the short form.
    pub quick: bool,
    /// The families to measure; all when there is none, in the short form all but that on PostgreSQL.
    pub only: Vec<String>,
    /// Where the figures go as JSON, besides the tables.
    pub json: Option<PathBuf>,
    /// The Markdown file that keeps the figures.
    pub keep: Option<PathBuf>,
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut sections = Vec::new();
    for (name, measure) in family::ALL {
        let by_itself = !options.quick || *name != family::POSTGRES;
        if options.only.is_empty() && by_itself || options.only.iter().any(|only| only == name) {
            sections.extend(runtime.block_on(measure(options))?);
        }
    }
    report::print(options, &sections)?;
    std::fs::remove_dir_all(&options.folder)
}

fn options(arguments: &[String]) -> io::Result<Options> {
    let mut options = Options {
        orglet: PathBuf::from("target/release/orglet"),
        folder: PathBuf::from("target/bench"),
        rounds: 5,
        span: Duration::from_millis(1500),
        warm_up: Duration::from_millis(250),
        connections: vec![1, 32],
        starts: 11,
        large: 1_000_000,
        quick: false,
        only: Vec::new(),
        json: None,
        keep: None,
    };
    if arguments.iter().any(|argument| argument == "--quick") {
        let (span, warm_up) = (Duration::from_millis(400), Duration::from_millis(150));
        options = Options { rounds: 3, span, warm_up, starts: 5, large: 200_000, quick: true, ..options };
    }
    let mut rest = arguments.iter().filter(|argument| *argument != "--quick");
    while let Some(argument) = rest.next() {
        let value = rest.next().ok_or_else(|| io::Error::other(format!("unknown argument or no value: {argument}")))?;
        let number = |text: &str| {
            let number = text.parse::<usize>().ok().filter(|n| *n > 0);
            number.ok_or_else(|| io::Error::other(format!("{argument}: not a number: {text}")))
        };
        match argument.as_str() {
            "--orglet" => options.orglet = PathBuf::from(value),
            "--folder" => options.folder = PathBuf::from(value),
            "--json" => options.json = Some(PathBuf::from(value)),
            "--keep" => options.keep = Some(PathBuf::from(value)),
            "--rounds" => options.rounds = number(value)?,
            "--starts" => options.starts = number(value)?,
            "--millis" => options.span = Duration::from_millis(number(value)? as u64),
            "--connections" => options.connections = value.split(',').map(number).collect::<io::Result<_>>()?,
            "--only" => {
                for name in value.split(',') {
                    if family::ALL.iter().all(|(family, _)| *family != name) {
                        return Err(io::Error::other(format!("{argument}: no family is called {name}")));
                    }
                    options.only.push(name.to_owned());
                }
            }
            _ => return Err(io::Error::other(format!("unknown argument: {argument}"))),
        }
    }
    Ok(options)
}
