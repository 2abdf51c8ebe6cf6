//! The command line. Every flag has an environment variable; the flag wins.

use crate::contract::ContractOptions;
use crate::org::OrgOptions;
use crate::org::fault::FaultOptions;
use crate::org::log::JournalOptions;
use clap::builder::{FalseyValueParser, NonEmptyStringValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use orglet_base::time::{DateTime, parse_date};
use orglet_store::sqlite::Durability;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// A Salesforce org in one binary.
#[derive(Parser)]
#[command(name = "orglet", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    /// Start an org and serve its APIs until SIGTERM or Ctrl-C.
    ///
    /// One port speaks plain HTTP, HTTPS (with a certificate from a local CA) and, for programs on this machine, the
    /// HTTP proxy protocol: with HTTPS_PROXY set to it, code that insists on HTTPS to login.salesforce.com reaches this
    /// org unmodified.
    Serve(Box<ServeOptions>),
    /// Make, list, reset, snapshot, compare and delete the orgs of a server.
    ///
    /// The server that has the data directory open is asked; where none has, the directory itself is opened.
    Org(Box<OrgOptions>),
    /// Compare the answers of an org with the contract, which is in this program.
    Contract(Box<ContractOptions>),
    /// Have requests fail: rules by which they get an error of the catalogue, a late answer, a part of it, or none.
    ///
    /// Rules are in the memory of the server that runs, and end with it or with a reset of the org.
    Fault(Box<FaultOptions>),
    /// Show what an org was asked of late, and what it answered; or follow it.
    Log(Box<JournalOptions>),
}

/// Options of `orglet serve`.
#[derive(Args, Clone)]
pub struct ServeOptions {
    /// Directory that keeps the org and the local CA; made where missing.
    #[arg(long, env = "ORGLET_DATA", value_name = "DIR", default_value = "./orglet-data", help_heading = "Org")]
    pub data: PathBuf,

    /// Keep the org in memory only; it ends with the process.
    #[arg(long, env = "ORGLET_MEMORY", value_parser = FalseyValueParser::new(), conflicts_with = "data", help_heading = "Org")]
    pub memory: bool,

    /// How much an answered write survives: a power loss (full), or the end of the process alone (relaxed), which takes
    /// less time for each write.
    #[arg(long, env = "ORGLET_DURABILITY", value_enum, default_value_t = DurabilityOption::Full, help_heading = "Org")]
    pub durability: DurabilityOption,

    /// Keep orgs in this PostgreSQL database rather than in the data directory, which then has the local CA alone:
    /// postgres://USER:PASSWORD@HOST/DATABASE (the variable keeps the password out of process lists).
    #[arg(long, env = "ORGLET_STORE", value_name = "ADDRESS", hide_env_values = true, conflicts_with_all = ["memory", "durability"], help_heading = "Org")]
    pub store: Option<String>,

    /// Orgs that stay open at most while nobody uses them.
    #[arg(long, env = "ORGLET_OPEN_ORGS", value_name = "N", default_value_t = orglet_engine::orgs::MOST_OPEN, help_heading = "Org")]
    pub open_orgs: usize,

    /// Fill a new org with a small made-up CRM, the same ids each time.
    #[arg(long, env = "ORGLET_SAMPLE_DATA", value_parser = FalseyValueParser::new(), help_heading = "Org")]
    pub sample_data: bool,

    /// Load the custom objects and fields of an SFDX project; may be repeated (or separated by commas).
    #[arg(long, env = "ORGLET_PROJECT", value_name = "DIR", value_delimiter = ',', help_heading = "Org")]
    pub project: Vec<PathBuf>,

    /// Refuse a project that holds metadata orglet doesn't build yet, instead of skipping it with a warning.
    #[arg(long, env = "ORGLET_STRICT_PROJECT", value_parser = FalseyValueParser::new(), help_heading = "Org")]
    pub strict_project: bool,

    /// Stop the clock at this UTC time, for repeatable runs: 2026-01-31T09:30:00Z or 2026-01-31.
    #[arg(long, env = "ORGLET_NOW", value_name = "TIME", value_parser = parse_now, help_heading = "Org")]
    pub now: Option<DateTime>,

    /// Make ids and tokens from this number, for repeatable runs.
    #[arg(long, env = "ORGLET_ID_SEED", value_name = "N", help_heading = "Org")]
    pub id_seed: Option<u64>,

    /// Address to listen on; port 0 picks a free one. Beyond loopback only with credentials of your own.
    #[arg(long, env = "ORGLET_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:3672", value_parser = parse_listen, help_heading = "Network")]
    pub listen: SocketAddr,

    /// Write addresses and credentials to this JSON file once the server listens.
    #[arg(long, env = "ORGLET_READY_FILE", value_name = "FILE", help_heading = "Network")]
    pub ready_file: Option<PathBuf>,

    /// Write the local CA's certificate here for clients to trust. It is also in DIR/tls/ca.pem, or with --memory in a
    /// temporary file that goes at exit.
    #[arg(long, env = "ORGLET_CA_FILE", value_name = "FILE", help_heading = "Network")]
    pub ca_file: Option<PathBuf>,

    /// Token of the admin API, below /orglet/v1. A random one is made where none is given; it is in the ready file, and in
    /// admin.json of the data directory, where `orglet org` finds it.
    #[arg(long, env = "ORGLET_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = parse_admin_token, help_heading = "Network")]
    pub admin_token: Option<String>,

    /// Requests that the journal of each org keeps in memory, the newest ones; 0 for no journal.
    #[arg(long, env = "ORGLET_JOURNAL", value_name = "N", default_value_t = orglet_http::journal::ENTRIES, value_parser = parse_journal, help_heading = "Org")]
    pub journal: usize,

    /// Keep bodies in the journal too, 16 KiB of each at most, with passwords and tokens masked.
    #[arg(long, env = "ORGLET_JOURNAL_BODIES", value_parser = FalseyValueParser::new(), help_heading = "Org")]
    pub journal_bodies: bool,

    /// Let the admin API answer other machines too, where they can reach the server.
    #[arg(long, env = "ORGLET_ADMIN_REMOTE", value_parser = FalseyValueParser::new(), help_heading = "Network")]
    pub admin_remote: bool,

    /// Let scripts of web pages of this origin read answers (CORS): https://HOST, https://*.DOMAIN or http://localhost:PORT;
    /// may be repeated (or separated by commas).
    #[arg(long, env = "ORGLET_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', help_heading = "Network")]
    pub cors_origin: Vec<orglet_http::Origins>,

    /// Credentials of the default org.
    #[command(flatten)]
    pub credentials: CredentialOptions,

    /// Logs.
    #[command(flatten)]
    pub logs: LogOptions,
}

/// Credentials that take the place of the documented development ones. What is left out keeps its development value, but
/// the login name and the password, which are stored, the one they were given last.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Credentials")]
pub struct CredentialOptions {
    /// Login name of the administrator.
    #[arg(long, env = "ORGLET_ADMIN_USERNAME", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub admin_username: Option<String>,

    /// Password of the administrator (the variable keeps it out of process lists).
    #[arg(long, env = "ORGLET_ADMIN_PASSWORD", value_name = "PASSWORD", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub admin_password: Option<String>,

    /// Security token of the administrator, which clients append to the password. Where the password is one of your
    /// own, give it as well.
    #[arg(long, env = "ORGLET_ADMIN_SECURITY_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub admin_security_token: Option<String>,

    /// Consumer key of the default connected app (OAuth client_id).
    #[arg(long, env = "ORGLET_CLIENT_ID", value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    pub client_id: Option<String>,

    /// Consumer secret of the default connected app (OAuth client_secret).
    #[arg(long, env = "ORGLET_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub client_secret: Option<String>,

    /// Session id of the administrator that is valid from the start: letters, digits, _ and . (with or without the org's
    /// id and ! before them).
    #[arg(long, env = "ORGLET_ACCESS_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub access_token: Option<String>,
}

/// What is logged, and how. Logs go to standard error.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Logs")]
pub struct LogOptions {
    /// Form of the log lines.
    #[arg(long, env = "ORGLET_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// Least severity that is logged; debug adds a line per request.
    #[arg(long, env = "ORGLET_LOG_LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// Form of the log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LogFormat {
    /// A line of text per event.
    Text,
    /// A JSON object per event.
    Json,
}

/// Severity of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Failures of the server.
    Error,
    /// And what may need attention.
    Warn,
    /// And start and stop.
    Info,
    /// And each request.
    Debug,
    /// Everything.
    Trace,
}

fn parse_journal(text: &str) -> Result<usize, String> {
    let most = orglet_http::journal::MOST_ENTRIES;
    text.parse().ok().filter(|n| *n <= most).ok_or_else(|| format!("expected a number, {most} at most"))
}

fn parse_admin_token(text: &str) -> Result<String, String> {
    let good = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(text.to_owned()) } else { Err("expected 16 visible characters at least".to_owned()) }
}

/// How much an answered write survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum DurabilityOption {
    /// Power loss.
    Full,
    /// The end of the process; power loss may take the last moments, and leaves nothing torn.
    Relaxed,
}

impl From<DurabilityOption> for Durability {
    fn from(option: DurabilityOption) -> Self {
        match option {
            DurabilityOption::Full => Durability::Full,
            DurabilityOption::Relaxed => Durability::Relaxed,
        }
    }
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:")
        && let Ok(port) = port.parse()
    {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| "expected an IP address and a port, such as 127.0.0.1:3672 or [::1]:3672".to_owned())
}

fn parse_now(text: &str) -> Result<DateTime, String> {
    DateTime::parse(text)
        .or_else(|| parse_date(text).map(DateTime::at_midnight))
        .ok_or_else(|| "expected a date and time with its zone, such as 2026-01-31T09:30:00Z, or a date".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn serve(args: &[&str]) -> Result<ServeOptions, clap::Error> {
        match Cli::try_parse_from(["orglet", "serve"].iter().chain(args))?.command {
            Command::Serve(options) => Ok(*options),
            _ => unreachable!("serve was asked for"),
        }
    }

    #[test]
    fn every_flag_has_its_variable() {
        let command = Cli::command();
        command.clone().debug_assert();
        let serve = command.find_subcommand("serve").unwrap();
        for arg in serve.get_arguments().filter(|a| !["help", "version"].contains(&a.get_id().as_str())) {
            let expected = format!("ORGLET_{}", arg.get_id().as_str().to_uppercase());
            assert_eq!(arg.get_env().and_then(|v| v.to_str()), Some(expected.as_str()), "{}", arg.get_id());
            assert!(arg.get_help().is_some(), "{}", arg.get_id());
        }
    }

    #[test]
    fn flags_are_read() {
        let o = serve(&[]).unwrap();
        assert_eq!((o.listen, o.memory, o.data), (SocketAddr::from(([127, 0, 0, 1], 3672)), false, "./orglet-data".into()));
        let o = serve(&["--memory", "--listen", "localhost:0", "--project", "a", "--project", "b,c", "--id-seed", "7"]).unwrap();
        assert_eq!((o.memory, o.listen.port(), o.project.len(), o.id_seed), (true, 0, 3, Some(7)));
        assert_eq!(serve(&["--durability", "relaxed"]).unwrap().durability, DurabilityOption::Relaxed);
        let o = serve(&["--now", "2026-01-31T09:30:00Z", "--log-format", "json"]).unwrap();
        assert_eq!((o.now, o.logs.log_format), (DateTime::parse("2026-01-31T09:30:00Z"), LogFormat::Json));
        assert_eq!(serve(&["--now", "2026-01-31"]).unwrap().now, DateTime::parse("2026-01-31T00:00:00Z"));
    }

    #[test]
    fn bad_values_are_refused() {
        for args in [
            &["--listen", "3672"][..],
            &["--listen", "example.com:80"],
            &["--now", "yesterday"],
            &["--id-seed", "-1"],
            &["--memory", "--data", "d"],
            &["--admin-password", ""],
            &["--log-level", "loud"],
            &["--durability", "some"],
            &["--admin-token", "short"],
            &["--journal", "-1"],
            &["--journal", "1000000"],
        ] {
            assert!(serve(args).is_err(), "{args:?}");
        }
    }
}
