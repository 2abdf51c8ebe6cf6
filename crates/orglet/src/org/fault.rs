//! `orglet fault`: rules by which requests of an org fail.

use super::client::{AdminOptions, Target};
use super::{encoded, given, show};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

/// Options of `orglet fault`.
#[derive(Args)]
pub struct FaultOptions {
    /// Whom to ask.
    #[command(flatten)]
    pub admin: AdminOptions,

    /// What to do.
    #[command(subcommand)]
    pub command: FaultCommand,
}

/// The subcommands of `orglet fault`.
#[derive(Subcommand)]
pub enum FaultCommand {
    /// Add a rule behind those that there are; print its number.
    Add(Box<Rule>),
    /// List the rules of an org, with how often each was met and struck.
    List {
        /// The org, by name or id.
        org: String,
    },
    /// Remove a rule.
    Remove {
        /// The org, by name or id.
        org: String,
        /// Number of the rule.
        fault: u64,
    },
    /// Remove all rules of an org.
    Clear {
        /// The org, by name or id.
        org: String,
    },
    /// List the errors of the catalogue.
    Errors {
        /// Those of one area alone: auth, oauth, routing, limits, crud, query, search, composite, bulk, soap, metadata.
        area: Option<String>,
    },
}

/// A rule.
#[derive(Args)]
pub struct Rule {
    /// The org, by name or id.
    pub org: String,

    /// Strike requests with this method; several are separated by commas.
    #[arg(long, help_heading = "Which requests")]
    pub method: Option<String>,

    /// Strike requests whose path fits: * stands for any characters but a slash, ** for any. Without a slash or a star at its
    /// beginning, what is below /services/data/vNN.N/.
    #[arg(long, value_name = "PATTERN", help_heading = "Which requests")]
    pub path: Option<String>,

    /// Strike requests that are about this object, by their path or their query.
    #[arg(long, help_heading = "Which requests")]
    pub object: Option<String>,

    /// Strike requests of clients whose User-Agent fits.
    #[arg(long, value_name = "PATTERN", help_heading = "Which requests")]
    pub user_agent: Option<String>,

    /// Strike only the Nth of the requests that fit.
    #[arg(long, value_name = "N", conflicts_with_all = ["every", "first"], help_heading = "Which requests")]
    pub nth: Option<u64>,

    /// Strike every Nth.
    #[arg(long, value_name = "N", conflicts_with = "first", help_heading = "Which requests")]
    pub every: Option<u64>,

    /// Strike the first N.
    #[arg(long, value_name = "N", help_heading = "Which requests")]
    pub first: Option<u64>,

    /// Strike this share of them, by lot: above 0, at most 1.
    #[arg(long, value_name = "SHARE", help_heading = "Which requests")]
    pub probability: Option<f64>,

    /// What lots are drawn from; equal seeds strike equal requests.
    #[arg(long, value_name = "N", help_heading = "Which requests")]
    pub seed: Option<u64>,

    /// Answer this error of the catalogue, such as crud-018.
    #[arg(long, value_name = "ID", help_heading = "What happens")]
    pub error: Option<String>,

    /// A value for a place of its message; repeatable.
    #[arg(long, value_name = "NAME=VALUE", requires = "error", help_heading = "What happens")]
    pub value: Vec<String>,

    /// Answer this status; without --error it is an error of your own, which has a code too.
    #[arg(long, help_heading = "What happens")]
    pub status: Option<u16>,

    /// Answer this code.
    #[arg(long, help_heading = "What happens")]
    pub code: Option<String>,

    /// Answer this message.
    #[arg(long, value_name = "TEXT", help_heading = "What happens")]
    pub message: Option<String>,

    /// Answer these fields; several are separated by commas.
    #[arg(long, value_delimiter = ',', help_heading = "What happens")]
    pub fields: Option<Vec<String>>,

    /// Answer the error in this form: array, object, soap, oauth, bulk, page, ...
    #[arg(long, help_heading = "What happens")]
    pub form: Option<String>,

    /// Keep the answer back so long.
    #[arg(long, value_name = "MS", help_heading = "What happens")]
    pub delay: Option<u64>,

    /// And so much longer at most, by lot.
    #[arg(long, value_name = "MS", help_heading = "What happens")]
    pub jitter: Option<u64>,

    /// Drop the connection before or after the work is done.
    #[arg(long, help_heading = "What happens")]
    pub drop: Option<Drop>,

    /// Break the answer off: half of its body, or a number of bytes.
    #[arg(long, value_name = "half|BYTES", value_parser = parse_torn, help_heading = "What happens")]
    pub torn: Option<Value>,

    /// Refuse API requests as if those of the day were used up.
    #[arg(long, help_heading = "What happens")]
    pub out_of_limit: bool,
}

/// When a connection is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Drop {
    /// Nothing is done.
    Before,
    /// All is done, and nobody is told.
    After,
}

fn parse_torn(text: &str) -> Result<Value, String> {
    match (text, text.parse::<u64>()) {
        ("half", _) => Ok(text.into()),
        (_, Ok(bytes)) => Ok(bytes.into()),
        _ => Err("expected half or a number of bytes".to_owned()),
    }
}

/// Runs a command; answers why it failed.
pub fn run(options: &FaultOptions) -> Result<(), String> {
    let target = Target::running(&options.admin)?;
    let print = |value: &Value, text: String| {
        if options.admin.json { println!("{value:#}") } else { print!("{text}") }
    };
    let path = |org: &str, rest: &str| format!("/orgs/{}/faults{rest}", encoded(org));
    match &options.command {
        FaultCommand::Add(rule) => {
            let made = target.ask("POST", &path(&rule.org, ""), Some(&body(rule)?))?;
            print(&made, format!("{}\n", made["id"]));
        }
        FaultCommand::List { org } => {
            let found = target.ask("GET", &path(org, ""), None)?;
            print(&found["faults"], show::faults(found["faults"].as_array().map_or(&[], Vec::as_slice)));
        }
        FaultCommand::Remove { org, fault } => {
            target.ask("DELETE", &path(org, &format!("/{fault}")), None)?;
        }
        FaultCommand::Clear { org } => {
            let removed = target.ask("DELETE", &path(org, ""), None)?;
            print(&removed, String::new());
        }
        FaultCommand::Errors { area } => {
            let query = area.as_ref().map(|area| format!("?area={}", encoded(area))).unwrap_or_default();
            let found = target.ask("GET", &format!("/errors{query}"), None)?;
            print(&found["errors"], show::errors(found["errors"].as_array().map_or(&[], Vec::as_slice)));
        }
    }
    Ok(())
}

fn body(rule: &Rule) -> Result<Value, String> {
    let mut values = Map::new();
    for pair in &rule.value {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("--value {pair}: expected NAME=VALUE"))?;
        values.insert(name.to_owned(), value.into());
    }
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let number = |number: Option<u64>| number.map(Value::from);
    let drop = rule.drop.map(|drop| if drop == Drop::Before { "before" } else { "after" });
    Ok(given([
        ("method", text(&rule.method)),
        ("path", text(&rule.path)),
        ("object", text(&rule.object)),
        ("user_agent", text(&rule.user_agent)),
        ("nth", number(rule.nth)),
        ("every", number(rule.every)),
        ("first", number(rule.first)),
        ("probability", rule.probability.map(Value::from)),
        ("seed", number(rule.seed)),
        ("error", text(&rule.error)),
        ("values", Some(values).filter(|values| !values.is_empty()).map(Value::from)),
        ("status", rule.status.map(Value::from)),
        ("code", text(&rule.code)),
        ("message", text(&rule.message)),
        ("fields", rule.fields.clone().map(Value::from)),
        ("form", text(&rule.form)),
        ("delay_ms", number(rule.delay)),
        ("jitter_ms", number(rule.jitter)),
        ("drop", drop.map(Value::from)),
        ("torn", rule.torn.clone()),
        ("out_of_limit", rule.out_of_limit.then(|| true.into())),
    ]))
}
