//! No room on the disk, and no right to write.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::kill::complaints;
use crate::client::Client;
use crate::files;
use crate::load::{self, Failing, Load, Outcome, Plan};
use crate::room::{self, Room};
use crate::server::{Server, Way};
use crate::{Options, Report};

const WORKERS: u64 = 8;
/// The size of the file system that is filled up, in MiB.
const SIZE: u64 = 32;
/// What is left free: some saves still get through, in the middle of a load.
const LEFT: u64 = 256 * 1024;
/// Writes that a failing store must have refused.
const REFUSED: u64 = 100;
const LIMIT: Duration = Duration::from_secs(60);

/// A file system fills up under load, is freed, fills up again, and the server dies on it.
pub fn full(options: &Options, report: &mut Report) -> io::Result<()> {
    let mut way = options.way("disk-full")?;
    let room = Room::new(&way.folder.join("small"), SIZE)?;
    way.data = way.folder.join("small/data");
    way.through = room.through();
    let server = way.start()?;
    load::prepare(&server)?;
    let mut outcomes = vec![some(&server, &plan(options, 0), 200)?];
    room.fill(LEFT)?;
    outcomes.push(refused(&server, &plan(options, 1), report)?);
    room.free()?;
    answers_again(&server, report)?;
    outcomes.push(some(&server, &plan(options, 2), 200)?);
    check(&server, &mut outcomes, report, "after a full disk was freed")?;
    room.fill(LEFT)?;
    let load = Load::start_without_parents(&server, &plan(options, 3))?;
    wait(&server, &load, |load| load.refused() >= REFUSED)?;
    server.kill()?;
    outcomes.push(load.finish()?);
    let mut dying = way.spawn()?;
    let started = dying.wait_ready();
    report.say(match &started {
        Ok(()) => "killed on the full disk, it starts on it again".to_owned(),
        Err(error) => format!("killed on the full disk, it doesn't start on it: {}", last_line(&error.to_string())),
    });
    drop(dying);
    room.free()?;
    let server = way.start()?;
    answers_again(&server, report)?;
    check(&server, &mut outcomes, report, "after SIGKILL on a full disk")?;
    server.stop()?;
    report.none("the files after a full disk", files::check(&room.seen().join("data"), &way.folder.join("aside"))?);
    figures(&outcomes, report);
    Ok(())
}

/// Files may not grow beyond a limit: the same without a file system of its own, and with another error of the system.
pub fn limit(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("file-limit")?;
    let server = way.start()?;
    load::prepare(&server)?;
    let mut outcomes = vec![some(&server, &plan(options, 0), 200)?];
    server.kill()?;
    let largest = [way.data.clone(), way.data.join("orgs")].iter().map(|folder| largest(folder)).collect::<io::Result<Vec<_>>>()?;
    // In blocks of 512 bytes, as the shell counts.
    let blocks = (largest.iter().max().copied().unwrap_or_default() + LEFT) / 512;
    let server = way.limited(&format!("-f {blocks}")).start()?;
    outcomes.push(refused(&server, &plan(options, 1), report)?);
    check(&server, &mut outcomes, report, "while files may not grow")?;
    server.kill()?;
    let server = way.start()?;
    answers_again(&server, report)?;
    check(&server, &mut outcomes, report, "after files could not grow")?;
    server.stop()?;
    report.none("the files after a file limit", files::check(&way.data, &way.folder.join("aside"))?);
    figures(&outcomes, report);
    Ok(())
}

/// A data directory that can't be written, empty and in use before: the server says so, and changes nothing.
pub fn read_only(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("read-only")?;
    let mut refusing = way.clone();
    refusing.through = room::read_only(&way.data)?;
    fs::create_dir_all(&way.data)?;
    refuses(&refusing, "an empty directory", report)?;
    let server = way.start()?;
    load::prepare(&server)?;
    let mut outcomes = vec![some(&server, &plan(options, 0), 200)?];
    // Killed: what is in the log has yet to be brought into the database, which takes writing.
    server.kill()?;
    refuses(&refusing, "a directory that was in use", report)?;
    let server = way.start()?;
    answers_again(&server, report)?;
    check(&server, &mut outcomes, report, "after a start on a directory that can't be written")?;
    server.stop()?;
    report.none("the log of the servers that ran", complaints(&way)?);
    Ok(())
}

fn refuses(way: &Way, what: &str, report: &mut Report) -> io::Result<()> {
    let before = contents(&way.data)?;
    let mut server = way.spawn()?;
    let status = server.ended(LIMIT)?;
    let said = fs::read_to_string(way.log())?;
    let said = last_line(&said);
    report.holds(&format!("read-only, {what}: the server ends with an error"), status.is_some_and(|status| status.code() == Some(1)));
    report.holds(&format!("read-only, {what}: it says why: {said}"), said.starts_with("orglet: ") && said.contains("data"));
    report.holds(&format!("read-only, {what}: it changes nothing"), contents(&way.data)? == before);
    report.say(format!("{what}: {said}"));
    Ok(())
}

/// Every file of a folder and its folders, with its content.
fn contents(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(contents(&path)?);
        } else {
            all.insert(path.to_string_lossy().into_owned(), fs::read(&path)?);
        }
    }
    Ok(all)
}

fn largest(folder: &Path) -> io::Result<u64> {
    let mut largest = 0;
    for entry in fs::read_dir(folder)? {
        largest = largest.max(entry?.metadata()?.len());
    }
    Ok(largest)
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

fn plan(options: &Options, part: u64) -> Plan {
    Plan {
        prefix: format!("d{part}-"),
        workers: WORKERS,
        seed: (options.seed, 1000 + part),
        failing: if part % 2 == 1 { Failing::Refusing } else { Failing::Never },
    }
}

/// A load on a server that is well.
pub fn some(server: &Server, plan: &Plan, writes: u64) -> io::Result<Outcome> {
    let load = Load::start(server, plan)?;
    wait(server, &load, |load| load.acknowledged() >= writes)?;
    load.finish()
}

/// Waits until a load has got far enough.
pub fn wait(server: &Server, load: &Load, enough: impl Fn(&Load) -> bool) -> io::Result<()> {
    let began = Instant::now();
    while !enough(load) {
        if load.ended() || began.elapsed() > LIMIT {
            return Err(server.complaint("the load did not get on"));
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// A load on a server whose store runs out of room meanwhile. Reads must still be answered.
fn refused(server: &Server, plan: &Plan, report: &mut Report) -> io::Result<Outcome> {
    let load = Load::start_without_parents(server, plan)?;
    let mut client = server.client()?;
    let mut reads = Vec::new();
    let began = Instant::now();
    while load.refused() < REFUSED && began.elapsed() < LIMIT && !load.ended() {
        let answer = client.send("GET", "query?q=SELECT+Id,Name+FROM+Account+LIMIT+5", None)?;
        if answer.status != 200 {
            reads.push(format!("{} {}", answer.status, answer.body));
        }
    }
    report.none("reads while the store can't write", reads);
    let outcome = load.finish()?;
    report.holds("writes are refused while the store can't write", outcome.refused >= REFUSED);
    Ok(outcome)
}

fn check(server: &Server, outcomes: &mut [Outcome], report: &mut Report, when: &str) -> io::Result<()> {
    let mut client = server.client()?;
    for outcome in outcomes {
        report.none(&format!("{} {when}", outcome.prefix), outcome.check(&mut client)?);
    }
    Ok(())
}

/// The first write after a fault must be taken.
pub fn answers_again(server: &Server, report: &mut Report) -> io::Result<()> {
    let mut client: Client = server.client()?;
    let answer = client.send("POST", "sobjects/Account", Some(&json!({"Name": "Again"})))?;
    report.none("the first write after a fault", if answer.status == 201 { Vec::new() } else { vec![format!("{answer:?}")] });
    Ok(())
}

fn figures(outcomes: &[Outcome], report: &Report) {
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let mut kinds: Vec<&str> = outcomes.iter().flat_map(|outcome| outcome.kinds()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    report.say(format!("{} acknowledged writes, {} refused, as {}", sum(|o| o.acknowledged), sum(|o| o.refused), kinds.join(", ")));
}
