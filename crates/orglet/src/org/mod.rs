//! `orglet org`: administration from the command line. Every command is a request to the admin API, of the server that
//! runs or, where none does, of one over the data directory that lives as long as the command.

mod client;
pub mod fault;
pub mod log;
mod progress;
mod settings;
mod show;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
pub use client::AdminOptions;
use client::Target;
use form_urlencoded::Serializer;
use serde_json::{Map, Value, json};
use settings::Given;
use std::path::{Path, PathBuf};

/// Options of `orglet org`.
#[derive(Args)]
pub struct OrgOptions {
    /// Whom to ask.
    #[command(flatten)]
    pub admin: AdminOptions,

    /// What to do.
    #[command(subcommand)]
    pub command: OrgCommand,
}

/// The subcommands of `orglet org`.
#[derive(Subcommand)]
pub enum OrgCommand {
    /// Make an org; print how to get into it.
    Create {
        /// Its name: lower-case letters, digits and '-'. One is made up where none is given.
        name: Option<String>,
        /// Make it from this snapshot.
        #[arg(long, value_name = "SNAPSHOT")]
        from: Option<String>,
        /// Fill it with the made-up CRM.
        #[arg(long, conflicts_with = "from")]
        sample_data: bool,
        /// Login name of its administrator.
        #[arg(long, value_name = "NAME")]
        admin_username: Option<String>,
        /// Password of its administrator; otherwise that of the default org's.
        #[arg(long, env = "ORGLET_ORG_PASSWORD", value_name = "PASSWORD", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
        admin_password: Option<String>,
        /// Load the custom objects and fields of an SFDX project; may be repeated.
        #[arg(long, value_name = "DIR")]
        project: Vec<PathBuf>,
        /// The database to make it in, 'home' for the server's own; where its template is otherwise.
        #[arg(long, value_name = "DATABASE")]
        database: Option<String>,
        /// Set something in it, as 'orglet org settings' does; may be repeated. It goes back to that when it is reset.
        #[arg(long, value_name = "KEY=VALUE", value_parser = settings::parse)]
        set: Vec<Given>,
    },
    /// Make an org as a copy of another as it is now.
    Clone {
        /// The org to copy, by name or id.
        org: String,
        /// Name of the copy.
        name: Option<String>,
    },
    /// List the orgs.
    List,
    /// Show an org.
    Show {
        /// The org, by name or id.
        org: String,
    },
    /// Log in as an org's administrator; print how to get in.
    Login {
        /// The org, by name or id.
        org: String,
    },
    /// Delete an org with all that is in it.
    Delete {
        /// The org, by name or id.
        org: String,
    },
    /// Take an org back to what it was made from.
    Reset {
        /// The org, by name or id.
        org: String,
    },
    /// Take a snapshot of an org.
    Snapshot {
        /// The org, by name or id.
        org: String,
        /// Name of the snapshot. One is made up where none is given.
        name: Option<String>,
    },
    /// Take an org back to a snapshot.
    Restore {
        /// The org, by name or id.
        org: String,
        /// The snapshot.
        snapshot: String,
    },
    /// Show what is other in an org than in a snapshot: records and metadata.
    Diff {
        /// The org, by name or id.
        org: String,
        /// The snapshot; what the org was made from where none is given.
        since: Option<String>,
        /// Compare this later snapshot instead of what the org holds now.
        #[arg(long, value_name = "SNAPSHOT")]
        until: Option<String>,
        /// Look at these objects alone; repeatable, or separated by commas.
        #[arg(long, value_name = "OBJECT", value_delimiter = ',')]
        object: Vec<String>,
        /// Leave out what the platform keeps by itself: CreatedDate, SystemModstamp and the like.
        #[arg(long)]
        no_system_fields: bool,
    },
    /// Show the settings of an org, or change some: dailyApiRequests=1000, setAuditFields=true; 'dailyApiRequests=' for none.
    Settings {
        /// The org, by name or id.
        org: String,
        /// What to set, and to what.
        #[arg(value_name = "KEY=VALUE", value_parser = settings::parse)]
        set: Vec<Given>,
    },
    /// List the snapshots.
    Snapshots,
    /// Delete a snapshot that no org was made from.
    DeleteSnapshot {
        /// The snapshot.
        snapshot: String,
    },
    /// Move an org to another database while it is used, and prove that all of it is there.
    Move {
        /// The org.
        org: String,
        /// The database, by its name; 'home' for the server's own.
        #[arg(long, value_name = "DATABASE")]
        to: String,
    },
    /// List the databases that orgs can be moved to.
    Databases,
    /// Add a PostgreSQL database that orgs can be moved to, or give it another address.
    AddDatabase {
        /// Its name: lower-case letters, digits and '-'.
        name: String,
        /// Its address: postgres://user:password@host/database.
        #[arg(env = "ORGLET_DATABASE", hide_env_values = true)]
        address: String,
    },
    /// Forget a database in which no org is. Nothing in it is touched.
    RemoveDatabase {
        /// Its name.
        name: String,
    },
    /// Write the server, with all orgs and snapshots, into a new folder or an empty PostgreSQL database while it serves.
    Backup {
        /// The folder: missing or empty. A server can be started from it.
        #[arg(required_unless_present = "to_store", conflicts_with = "to_store")]
        folder: Option<PathBuf>,
        /// Address of a PostgreSQL database in which no server is yet. A server can be started on it.
        #[arg(long, value_name = "ADDRESS")]
        to_store: Option<String>,
    },
}

/// Runs a command; answers why it failed.
pub fn run(options: &OrgOptions) -> Result<(), String> {
    let target = Target::find(&options.admin)?;
    let print = |value: &Value, text: String| {
        if options.admin.json { println!("{value:#}") } else { print!("{text}") }
    };
    let org = |org: &str, rest: &str| format!("/orgs/{}{rest}", encoded(org));
    match &options.command {
        OrgCommand::Create { name, from, sample_data, admin_username, admin_password, project, database, set } => {
            let projects = project.iter().map(|p| absolute(p)).collect::<Result<Vec<_>, _>>()?;
            let body = given([
                ("name", name.clone().map(Value::from)),
                ("template", from.clone().map(Value::from)),
                ("sample_data", sample_data.then(|| true.into())),
                ("admin_username", admin_username.clone().map(Value::from)),
                ("admin_password", admin_password.clone().map(Value::from)),
                ("projects", (!projects.is_empty()).then(|| projects.into())),
                ("database", database.clone().map(Value::from)),
                ("settings", (!set.is_empty()).then(|| settings::object(set))),
            ]);
            let made = target.ask("POST", "/orgs", Some(&body))?;
            print(&made, show::access(&made));
        }
        OrgCommand::Clone { org, name } => {
            let body = given([("clone_of", Some(org.as_str().into())), ("name", name.clone().map(Value::from))]);
            let made = target.ask("POST", "/orgs", Some(&body))?;
            print(&made, show::access(&made));
        }
        OrgCommand::List => list(&target, options, "orgs", show::orgs)?,
        OrgCommand::Snapshots => list(&target, options, "snapshots", show::snapshots)?,
        OrgCommand::Show { org: name } => {
            let found = target.ask("GET", &org(name, ""), None)?;
            print(&found, show::members(&found));
        }
        OrgCommand::Login { org: name } => {
            let found = target.ask("POST", &org(name, "/session"), None)?;
            print(&found, show::access(&found));
        }
        OrgCommand::Delete { org: name } => {
            target.ask("DELETE", &org(name, ""), None)?;
        }
        OrgCommand::Reset { org: name } => {
            let found = target.ask("POST", &org(name, "/reset"), None)?;
            print(&found, String::new());
        }
        OrgCommand::Snapshot { org: name, name: snapshot } => {
            let body = given([("name", snapshot.clone().map(Value::from))]);
            let taken = target.ask("POST", &org(name, "/snapshots"), Some(&body))?;
            print(&taken, format!("{}\n", show::text(&taken, "name")));
        }
        OrgCommand::Restore { org: name, snapshot } => {
            let found = target.ask("POST", &org(name, "/restore"), Some(&json!({"snapshot": snapshot})))?;
            print(&found, String::new());
        }
        OrgCommand::Diff { org: name, since, until, object, no_system_fields } => {
            let mut query = Serializer::new(String::new());
            let named = [("since", since), ("until", until)].into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
            query.extend_pairs(named.chain(object.iter().map(|one| ("object", one))));
            if *no_system_fields {
                query.append_pair("system_fields", "false");
            }
            diff(&target, options, &org(name, "/diff"), &query.finish())?;
        }
        OrgCommand::Settings { org: name, set } => {
            let path = org(name, "/settings");
            let found = match set.is_empty() {
                true => target.ask("GET", &path, None)?,
                false => target.ask("PATCH", &path, Some(&settings::object(set)))?,
            };
            print(&found, show::settings(&found));
        }
        OrgCommand::DeleteSnapshot { snapshot } => {
            target.ask("DELETE", &format!("/snapshots/{}", encoded(snapshot)), None)?;
        }
        OrgCommand::Move { org: name, to } => {
            let path = org(name, "/move");
            let moved = progress::watched(&target, &path, || target.ask("POST", &path, Some(&json!({"database": to}))))?;
            print(&moved, show::moved(&moved));
        }
        OrgCommand::Databases => {
            let found = target.ask("GET", "/databases", None)?;
            print(&found["databases"], show::databases(found["databases"].as_array().map_or(&[], Vec::as_slice)));
        }
        OrgCommand::AddDatabase { name, address } => {
            let added = target.ask("PUT", &format!("/databases/{}", encoded(name)), Some(&json!({"address": address})))?;
            print(&added, format!("{}\n", show::text(&added, "address")));
        }
        OrgCommand::RemoveDatabase { name } => {
            target.ask("DELETE", &format!("/databases/{}", encoded(name)), None)?;
        }
        OrgCommand::Backup { folder, to_store } => {
            let folder = folder.as_deref().map(absolute).transpose()?;
            let body = given([("folder", folder.map(Value::from)), ("store", to_store.clone().map(Value::from))]);
            let written = target.ask("POST", "/backup", Some(&body))?;
            print(&written, format!("{}{}\n", show::text(&written, "folder"), show::text(&written, "store")));
        }
    }
    Ok(())
}

/// Prints every page of a list.
fn list(target: &Target, options: &OrgOptions, what: &str, show: fn(&[Value]) -> String) -> Result<(), String> {
    let mut all: Vec<Value> = Vec::new();
    let mut path = format!("/{what}");
    loop {
        let mut page = target.ask("GET", &path, None)?;
        if let Value::Array(found) = page[what].take() {
            all.extend(found);
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/{what}?after={}", encoded(next)),
            None => break,
        }
    }
    if options.admin.json {
        println!("{:#}", Value::Array(all))
    } else {
        print!("{}", show(&all))
    }
    Ok(())
}

/// Prints every page of a comparison as it comes.
fn diff(target: &Target, options: &OrgOptions, path: &str, query: &str) -> Result<(), String> {
    let mut after = String::new();
    loop {
        let page = target.ask("GET", &format!("{path}?{query}{after}"), None)?;
        for change in ["metadata", "records"].into_iter().filter_map(|kind| page[kind].as_array()).flatten() {
            if options.admin.json { println!("{change}") } else { print!("{}", show::change(change)) }
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", encoded(next)),
            None => return Ok(()),
        }
    }
}

/// An object of the members that are given.
fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// The server may run in another directory.
fn absolute(path: &Path) -> Result<String, String> {
    let path = std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))?;
    path.to_str().map(str::to_owned).ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// A path segment, or a parameter's value, in which nothing means anything.
fn encoded(text: &str) -> String {
    // A blank would become '+', which stands for itself in a path.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
