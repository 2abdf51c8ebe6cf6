//! The sync between a write and its answer. SIGKILL can't show what a power loss takes, so the system calls are watched:
//! with full durability the log must be synced after a save's content went into it and before its answer goes out.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::Server;
use crate::trace::{Call, calls};
use crate::{Options, Report};

/// The calls that matter: how requests come in, how files are written and synced, how answers go out.
const TRACED: &str =
    "trace=read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,msync";
/// Bytes of data that are printed of each call: more than a page of the log.
const DATA: &str = "8192";
const SEQUENTIAL: usize = 40;
const CONCURRENT: usize = 12;
const EACH: usize = 12;
/// How long the tracer may take to write down the rest.
const LIMIT: Duration = Duration::from_secs(30);

/// Watches sequential and concurrent creates, with both durabilities.
pub fn sync(options: &Options, report: &mut Report) -> io::Result<()> {
    for durability in ["full", "relaxed"] {
        let way = options.way(&format!("sync-{durability}"))?.with(&["--durability", durability]);
        let trace = way.folder.join("trace");
        let mut traced = way.clone();
        traced.through = ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-s", DATA, "-e", TRACED, "-o"]
            .map(String::from)
            .into_iter()
            .chain([trace.to_string_lossy().into_owned(), "--".into()])
            .collect();
        let server = traced.start()?;
        let answered = creates(&server)?;
        server.stop()?;
        let text = whole(&trace)?;
        let calls = calls(&text);
        let (mut unsynced, mut missing) = (Vec::new(), Vec::new());
        for marker in &answered {
            match between(&calls, marker) {
                Ok(0) => unsynced.push(format!("{marker}: answered, and the log was not synced before")),
                Ok(_) => {}
                Err(reason) => missing.push(format!("{marker}: {reason}")),
            }
        }
        let count = unsynced.len();
        report.none(&format!("--durability {durability}: the trace shows each request, its write and its answer"), missing);
        if durability == "full" {
            report.none("--durability full: a sync after the write and before the answer", unsynced);
        } else {
            report.holds("--durability relaxed: no sync between write and answer", count == answered.len());
        }
        let synced = calls.iter().filter(|call| is_sync(call)).count();
        report.say(format!(
            "--durability {durability}: {} creates, {} of them over {CONCURRENT} connections at once: {count} without a sync of the \
             log before their answer; {synced} syncs of the log in all",
            answered.len(),
            CONCURRENT * EACH,
        ));
    }
    Ok(())
}

/// Creates accounts whose names tell them apart in the trace; their names.
fn creates(server: &Server) -> io::Result<Vec<String>> {
    let create = |client: &mut crate::client::Client, name: &str| {
        client.expect(201, "POST", "sobjects/Account", Some(&json!({"Name": name}))).map(|_| name.to_owned())
    };
    let mut client = server.client()?;
    // The first save reserves ids and may make tables, in commits of their own.
    create(&mut client, "before")?;
    let mut names = (0..SEQUENTIAL).map(|at| create(&mut client, &format!("alone-{at:03}-"))).collect::<io::Result<Vec<_>>>()?;
    let workers: Vec<_> = (0..CONCURRENT)
        .map(|worker| {
            let mut client = server.client()?;
            Ok(thread::spawn(move || {
                (0..EACH).map(|at| create(&mut client, &format!("group-{worker:02}-{at:03}-"))).collect::<io::Result<Vec<_>>>()
            }))
        })
        .collect::<io::Result<_>>()?;
    for worker in workers {
        names.extend(worker.join().map_err(|_| io::Error::other("a client panicked"))??);
    }
    Ok(names)
}

/// The trace, once the tracer has written its end.
fn whole(trace: &Path) -> io::Result<String> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let text = String::from_utf8_lossy(&fs::read(trace)?).into_owned();
        if text.lines().last().is_some_and(|line| line.contains("+++ exited") || line.contains("+++ killed")) {
            return Ok(text);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other("the trace has no end"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_sync(call: &Call) -> bool {
    ["fsync", "fdatasync"].contains(&call.name.as_str()) && call.on.ends_with("/orgs/default.db-wal") && call.result == 0
}

/// How many syncs of the log lie between the write of a marker into it and the answer to the request that brought the
/// marker. Later commits may write the marker again, when they change a page that holds it: the first write counts. A sync counts that began after the write ended, and ended before the answer began.
fn between(calls: &[Call], marker: &str) -> Result<usize, String> {
    let with_marker = |call: &&Call| call.arguments.contains(marker);
    let request = calls
        .iter()
        .find(|call| {
            with_marker(call) && call.on.starts_with("socket:") && ["read", "readv", "recvfrom", "recvmsg"].contains(&call.name.as_str())
        })
        .ok_or("no request")?;
    let answer = calls
        .iter()
        .filter(|call| call.on == request.on && ["write", "writev", "sendto", "sendmsg"].contains(&call.name.as_str()))
        .find(|call| call.began > request.ended)
        .ok_or("no answer")?;
    if !answer.arguments.contains("HTTP/1.1 201 ") {
        return Err(format!("its connection carried something else: {}", answer.arguments));
    }
    let written = calls
        .iter()
        .filter(|call| with_marker(call) && call.on.ends_with("/orgs/default.db-wal"))
        .filter(|call| ["write", "writev", "pwrite64", "pwritev", "pwritev2"].contains(&call.name.as_str()))
        .find(|call| call.began > request.ended && call.ended < answer.began)
        .ok_or("no write of it into the log before its answer")?;
    Ok(calls.iter().filter(|call| is_sync(call) && call.began > written.ended && call.ended < answer.began).count())
}
