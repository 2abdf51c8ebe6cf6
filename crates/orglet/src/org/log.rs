//! `orglet log`: the journal of an org.

use super::client::{AdminOptions, Target};
use super::{encoded, show};
use clap::{Args, ValueEnum};
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use std::io::Write;

/// How long the server waits for an entry, in milliseconds, before the question is asked again.
const WAIT: &str = "2000";
/// Entries of a page.
const PAGE: usize = 1000;

/// Options of `orglet log`.
#[derive(Args)]
pub struct JournalOptions {
    /// Whom to ask.
    #[command(flatten)]
    pub admin: AdminOptions,

    /// The org, by name or id.
    pub org: String,

    /// Go on showing requests as they come.
    #[arg(long, short)]
    pub follow: bool,

    /// Show so many of the newest requests.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub last: usize,

    /// Those with this status, or a class of them: 404, 4xx.
    #[arg(long)]
    pub status: Option<String>,

    /// Those with this method.
    #[arg(long)]
    pub method: Option<String>,

    /// Those whose path fits: * stands for any characters but a slash, ** for any. Without a slash or a star at its beginning,
    /// what is below /services/data/vNN.N/.
    #[arg(long, value_name = "PATTERN")]
    pub path: Option<String>,

    /// Those about this object.
    #[arg(long)]
    pub object: Option<String>,

    /// Those since this moment: 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Those that failed: statuses from 400 on.
    #[arg(long)]
    pub errors: bool,

    /// Have bodies kept from now on, or not.
    #[arg(long, value_name = "on|off")]
    pub bodies: Option<Switch>,

    /// Forget what there is.
    #[arg(long, conflicts_with_all = ["follow", "status", "method", "path", "object", "since", "errors"])]
    pub clear: bool,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Runs the command; answers why it failed.
pub fn run(options: &JournalOptions) -> Result<(), String> {
    let target = Target::running(&options.admin)?;
    let path = format!("/orgs/{}/log", encoded(&options.org));
    if let Some(switch) = options.bodies {
        target.ask("PUT", &path, Some(&json!({"bodies": switch == Switch::On})))?;
    }
    if options.clear {
        target.ask("DELETE", &path, None)?;
        return Ok(());
    }
    if options.bodies.is_some() && !options.follow {
        return Ok(());
    }
    let mut filter = Serializer::new(String::new());
    let texts = [("status", &options.status), ("method", &options.method), ("path", &options.path), ("object", &options.object)];
    for (name, value) in texts.into_iter().chain([("since", &options.since)]) {
        if let Some(value) = value {
            filter.append_pair(name, value);
        }
    }
    if options.errors {
        filter.append_pair("errors", "true");
    }
    let filter = filter.finish();
    let mut page = target.ask("GET", &format!("{path}?{filter}&limit={}", options.last.clamp(1, PAGE)), None)?;
    while print(options, &page) && options.follow {
        page = target.ask("GET", &format!("{path}?{filter}&limit={PAGE}&wait={WAIT}&after={}", page["next"]), None)?;
    }
    Ok(())
}

/// Prints a page; answers whether there is still somebody who reads.
fn print(options: &JournalOptions, page: &Value) -> bool {
    let mut text = String::new();
    if let Some(missed) = page["missed"].as_u64().filter(|missed| *missed > 0)
        && !options.admin.json
    {
        text.push_str(&format!("({missed} requests went by)\n"));
    }
    for entry in page["entries"].as_array().into_iter().flatten() {
        text.push_str(&if options.admin.json { format!("{entry}\n") } else { show::entry(entry) });
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}
