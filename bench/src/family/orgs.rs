//! Orgs on a running server: how long making, resetting, snapshotting and restoring take, and what idle ones cost.

use std::io;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Options;
use crate::load::{Connection, request};
use crate::report::{Bound, Figure, Section};
use crate::server::{self, Access, Running};

/// Connections that fill the large org.
const FILLERS: usize = 32;
/// How long a server is left alone before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// A server, a connection to it, and the tokens of its admin API and its default org.
struct Served {
    server: Running,
    connection: Connection,
    admin: Access,
    org: Access,
}

impl Served {
    /// Starts one, and gives it a template.
    async fn start(options: &Options, name: &str) -> io::Result<Self> {
        let (server, org) = server::serve(options, &options.folder.join(name), server::Durability::Full)?;
        let file = std::fs::read(options.folder.join(name).join("admin.json"))?;
        let token = serde_json::from_slice::<Value>(&file)?["token"].as_str().unwrap_or_default().to_owned();
        let admin = Access { token, root: "/orglet/v1".to_owned() };
        let mut served = Self { connection: Connection::open(server.address).await?, server, admin, org };
        served.ask("orgs", json!({"name": "base"}), 201).await?;
        served.ask("orgs/base/snapshots", json!({"name": "base"}), 201).await?;
        Ok(served)
    }

    /// An act of the admin API: milliseconds, and the answer.
    async fn ask(&mut self, path: &str, body: Value, status: u16) -> io::Result<(f64, Value)> {
        let request = request("POST", &self.admin, path, Some(&body.to_string()));
        let began = Instant::now();
        let answer = self.connection.json(&request, status).await?;
        Ok((began.elapsed().as_secs_f64() * 1000.0, answer))
    }
}

/// Measures it all, on data directories of its own.
pub async fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let (rows, idle, times) = if options.quick { (10_000, 200, 10) } else { (100_000, 1000, 40) };
    let figure = |name: String, unit, bound| Figure { name, unit, values: Vec::new(), bound };
    let mut made = figure("org made from a template".into(), "ms", Some(Bound::Below(20.0)));
    let mut reset = figure("org reset".into(), "ms", Some(Bound::Below(20.0)));
    let mut snapshot = figure(format!("snapshot of {rows} rows"), "ms", None);
    let mut restore = figure(format!("restore of {rows} rows"), "ms", None);
    let mut served = Served::start(options, "orgs").await?;
    for n in 0..times {
        let name = format!("made-{n}");
        made.values.push(served.ask("orgs", json!({"name": name, "template": "base"}), 201).await?.0);
        reset.values.push(served.ask(&format!("orgs/{name}/reset"), json!({}), 200).await?.0);
    }
    fill(&served, rows).await?;
    for n in 0..5 {
        snapshot.values.push(served.ask("orgs/default/snapshots", json!({"name": format!("large-{n}")}), 201).await?.0);
        restore.values.push(served.ask("orgs/default/restore", json!({"snapshot": format!("large-{n}")}), 200).await?.0);
    }
    served.server.stop()?;

    let mut served = Served::start(options, "idle").await?;
    tokio::time::sleep(REST).await;
    let before = served.server.resident()?;
    for n in 0..idle {
        let answer = served.ask("orgs", json!({"name": format!("idle-{n}"), "template": "base"}), 201).await?.1;
        let access = Access { token: answer["access_token"].as_str().unwrap_or_default().to_owned(), ..served.org.clone() };
        served.connection.json(&request("GET", &access, "query?q=SELECT+Id,Name+FROM+User", None), 200).await?;
    }
    tokio::time::sleep(REST).await;
    let added = served.server.resident()?.saturating_sub(before) as f64 / 1024.0;
    served.server.stop()?;
    let mut memory = figure(format!("resident memory added by {idle} orgs that answered and went idle"), "MiB", Some(Bound::Below(60.0)));
    memory.values.push(added);
    eprintln!("orglet-bench: orgs done");
    let mut section = Section::new("Orgs on a running server", format!("{times} orgs made and reset, 5 snapshots taken and restored"));
    section.figures = vec![made, reset, snapshot, restore, memory];
    Ok(vec![section])
}

/// Fills the default org with accounts.
async fn fill(served: &Served, rows: usize) -> io::Result<()> {
    let address = served.server.address;
    let filler = |filler: usize| {
        let access = served.org.clone();
        async move {
            let mut connection = Connection::open(address).await?;
            for n in (filler..rows).step_by(FILLERS) {
                let body =
                    json!({"Name": format!("Account number {n}"), "Industry": "Energy", "AnnualRevenue": n, "Phone": "+1 415 555 0100"});
                connection.json(&request("POST", &access, "sobjects/Account", Some(&body.to_string())), 201).await?;
            }
            Ok::<(), io::Error>(())
        }
    };
    let running: Vec<_> = (0..FILLERS).map(|n| tokio::task::spawn(filler(n))).collect();
    for one in running {
        one.await.map_err(io::Error::other)??;
    }
    Ok(())
}
