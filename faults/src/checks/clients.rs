//! Clients that go away, dribble, or sit there in great numbers.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::disk::{answers_again, some, wait};
use super::kill::complaints;
use crate::client::Client;
use crate::load::{self, Failing, Load, Outcome, Plan};
use crate::server::Server;
use crate::{Options, Report};
use orglet_testkit::random::Random;

const GONE: u64 = 300;
const DRIBBLERS: u64 = 150;
const STALLED: u64 = 50;
/// What the server documents: a head within 75 s, pieces of a body 30 s apart. With time to spare.
const HEAD_LIMIT: Duration = Duration::from_secs(75 + 30);
const BODY_LIMIT: Duration = Duration::from_secs(30 + 30);
const IDLE: usize = 10_000;
/// Resident KiB that an idle connection may cost.
const IDLE_COST: u64 = 64;
/// Descriptors of the server that has too few of them.
const FEW: usize = 96;

/// Clients that leave in the middle of a request, while others work.
pub fn gone(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("client-gone")?;
    let server = way.start()?;
    load::prepare(&server)?;
    let load = Load::start(&server, &plan(options, 0, 8))?;
    let mut random = Random::new(options.seed, &[2000]);
    let (mut whole, mut broken) = (0, Vec::new());
    for number in 0..GONE {
        let mut client = server.client()?;
        let body = json!({"Name": format!("gone-{number}"), "Description": random.text(20_000)}).to_string();
        let chunked = random.below(2) == 0;
        let length = if chunked { "Transfer-Encoding: chunked\r\n".to_owned() } else { format!("Content-Length: {}\r\n", body.len()) };
        let mut request = client.head("POST", "sobjects/Account", &length).into_bytes();
        let head = request.len();
        if chunked {
            for piece in body.as_bytes().chunks(1500) {
                request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                request.extend_from_slice(piece);
                request.extend_from_slice(b"\r\n");
            }
            request.extend_from_slice(b"0\r\n\r\n");
        } else {
            request.extend_from_slice(body.as_bytes());
        }
        // One in ten sends all of it and doesn't wait for the answer; the others stop somewhere.
        let end = if number % 10 == 0 {
            whole += 1;
            request.len()
        } else {
            usize::try_from(random.below(request.len() as u64 - 1)).unwrap_or_default()
        };
        client.stream().write_all(request.get(..end).unwrap_or_default())?;
        if number % 10 != 0 && random.below(3) == 0 {
            // It stops sending, and listens: what was cut off is answered with an error, or with nothing.
            client.stream().shutdown(Shutdown::Write)?;
            match client.answer() {
                Ok(answer) if answer.status == 400 && (end < head || answer.is_error()) => {}
                Ok(answer) => broken.push(format!("cut off after {end} bytes, the head having {head}: {answer:?}")),
                Err(_) => {}
            }
        }
    }
    report.none("answers to requests that were cut off", broken);
    wait(&server, &load, |load| load.acknowledged() >= 200)?;
    let mut outcome = load.finish()?;
    answers_again(&server, report)?;
    report.none("the load beside clients that go away", outcome.check(&mut server.client()?)?);
    // What was sent whole may still be on its way when its client is gone: the server finishes it before it ends.
    server.stop()?;
    let server = way.start()?;
    let rows = server.client()?.query_all("SELECT Name, Description FROM Account WHERE Name LIKE 'gone-%'")?;
    let half = |row: &&Value| {
        row.get("Name").and_then(Value::as_str).is_none_or(|name| !name.ends_with('0')) || row.get("Description").is_none_or(Value::is_null)
    };
    report.none("rows of requests that were cut off", rows.iter().filter(half).map(Value::to_string).collect());
    report.say(format!(
        "{GONE} clients gone, {whole} of them after a whole request: {} of these are there; {} writes beside them",
        rows.len(),
        outcome.acknowledged
    ));
    report.none("the log", complaints(&way)?);
    server.stop()
}

/// Heads and bodies that come a byte at a time, and bodies that stop coming.
pub fn slow(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("slow-clients")?;
    let server = way.start()?;
    load::prepare(&server)?;
    let alone = timed(&server, &plan(options, 1, 8))?;
    let began = Instant::now();
    let mut heads = opened(&server, DRIBBLERS)?;
    let mut bodies = opened(&server, DRIBBLERS)?;
    let mut stalled = opened(&server, STALLED)?;
    for client in bodies.iter_mut().chain(&mut stalled) {
        let head = client.head("POST", "sobjects/Account", "Content-Length: 100000\r\n");
        client.stream().write_all(head.as_bytes())?;
        client.stream().write_all(b"{\"Name\":\"slow-\",\"Description\":\"")?;
    }
    let start = heads.first().map(|client| client.head("GET", "sobjects", "X-Slow: ")).unwrap_or_default();
    let mut head_bytes = start.trim_end().bytes().chain(std::iter::repeat(b'x'));
    let (mut outcome, beside, memory) = thread::scope(|scope| {
        let working = scope.spawn(|| timed(&server, &plan(options, 2, 8)));
        // A byte a second; who is closed meanwhile is looked at below.
        while began.elapsed() < HEAD_LIMIT {
            let byte = [head_bytes.next().unwrap_or(b'x')];
            for client in &mut heads {
                let _ = client.stream().write_all(&byte);
            }
            for client in &mut bodies {
                let _ = client.stream().write_all(b"x");
            }
            if began.elapsed() > BODY_LIMIT && !stalled.is_empty() {
                let wrong = stalled.drain(..).filter_map(|client| late(client, 408)).collect();
                report.none("bodies that stop coming are answered with 408", wrong);
            }
            thread::sleep(Duration::from_secs(1));
        }
        let (outcome, beside) = working.join().map_err(|_| io::Error::other("the load panicked"))??;
        Ok::<_, io::Error>((outcome, beside, server.resident()?))
    })?;
    let wrong: Vec<String> = heads.drain(..).filter_map(closed).collect();
    report.none("heads that never end are cut off", wrong);
    // Their time is ten minutes: they are still there.
    let mut lost = 0;
    for client in &mut bodies {
        lost += u64::from(client.stream().write_all(b"x").is_err());
    }
    report.holds("bodies that keep coming slowly are still taken", lost == 0);
    drop(bodies);
    report.none("the load beside slow clients", outcome.check(&mut server.client()?)?);
    answers_again(&server, report)?;
    let none = server.client()?.query_all("SELECT Id FROM Account WHERE Name LIKE 'slow-%'")?;
    report.holds("nothing of the slow bodies is there", none.is_empty());
    report.say(format!(
        "{} slow clients: 400 writes over 8 connections took {} ms beside them and {} ms without; {} MiB resident",
        2 * DRIBBLERS + STALLED,
        beside.as_millis(),
        alone.1.as_millis(),
        memory / 1024
    ));
    report.none("the log", complaints(&way)?);
    server.stop()
}

/// Ten thousand connections that have asked once and then sit there.
pub fn idle(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("idle-connections")?;
    let server = way.start()?;
    load::prepare(&server)?;
    let alone = timed(&server, &plan(options, 3, 8))?;
    let before = server.resident()?;
    let mut clients = Vec::with_capacity(IDLE);
    for number in 0..IDLE {
        let mut client = server.client().map_err(|error| io::Error::other(format!("connection {number}: {error}")))?;
        client.expect(200, "GET", "query?q=SELECT+Id+FROM+Account+LIMIT+1", None)?;
        clients.push(client);
    }
    let with = server.resident()?;
    let cost = with.saturating_sub(before) / IDLE as u64;
    report.holds(&format!("an idle connection costs less than {IDLE_COST} KiB: {cost}"), cost < IDLE_COST);
    let (mut outcome, beside) = timed(&server, &plan(options, 4, 8))?;
    report.none("the load beside idle connections", outcome.check(&mut server.client()?)?);
    let mut wrong = Vec::new();
    for client in clients.iter_mut().step_by(97) {
        match client.send("GET", "query?q=SELECT+Id+FROM+Account+LIMIT+1", None) {
            Ok(answer) if answer.status == 200 => {}
            other => wrong.push(format!("{other:?}")),
        }
    }
    report.none("idle connections are answered again", wrong);
    drop(clients);
    answers_again(&server, report)?;
    report.say(format!(
        "{IDLE} idle connections: {} MiB resident before, {} MiB with them ({cost} KiB each); 400 writes over 8 others took {} ms, {} ms \
         without",
        before / 1024,
        with / 1024,
        beside.as_millis(),
        alone.1.as_millis()
    ));
    report.none("the log", complaints(&way)?);
    server.stop()
}

/// More connections than the server may have descriptors.
pub fn descriptors(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("descriptors")?;
    let server = way.limited(&format!("-n {FEW}")).start()?;
    load::prepare(&server)?;
    let mut outcomes = vec![some(&server, &plan(options, 5, 8), 200)?];
    let mut clients = Vec::new();
    let (mut answered, mut failed, mut wrong) = (0, 0, Vec::new());
    for number in 0..2 * FEW {
        let mut client = server.client()?;
        client.stream().set_read_timeout(Some(Duration::from_millis(if answered < number { 20 } else { 2000 })))?;
        match client.send("POST", "sobjects/Account", Some(&json!({"Name": format!("few-{number}")}))) {
            Ok(answer) if answer.status == 201 => answered += 1,
            Ok(answer) if answer.status >= 500 && answer.is_error() => failed += 1,
            Ok(answer) => wrong.push(format!("{} {}", answer.status, answer.body)),
            Err(_) => {}
        }
        clients.push(client);
    }
    report.none("answers of a server without descriptors", wrong);
    report.say(format!(
        "{} connections to a server of {FEW} descriptors: {answered} answered, {failed} refused, the others waited",
        clients.len()
    ));
    drop(clients);
    answers_again(&server, report)?;
    outcomes.push(some(&server, &plan(options, 6, 8), 200)?);
    server.kill()?;
    let server = way.start()?;
    for outcome in &mut outcomes {
        report.none("the load on a server of few descriptors", outcome.check(&mut server.client()?)?);
    }
    let kept = server.client()?.query_all("SELECT Id FROM Account WHERE Name LIKE 'few-%'")?.len();
    report.holds("what was answered is there", kept >= answered);
    server.stop()
}

fn plan(options: &Options, part: u64, workers: u64) -> Plan {
    Plan { prefix: format!("c{part}-"), workers, seed: (options.seed, 3000 + part), failing: Failing::Never }
}

fn timed(server: &Server, plan: &Plan) -> io::Result<(Outcome, Duration)> {
    let began = Instant::now();
    Ok((some(server, plan, 400)?, began.elapsed()))
}

fn opened(server: &Server, count: u64) -> io::Result<Vec<Client>> {
    (0..count).map(|_| server.client()).collect()
}

/// What is wrong with the answer that should be waiting on a connection.
fn late(mut client: Client, status: u16) -> Option<String> {
    match client.answer() {
        Ok(answer) if answer.status == status && answer.is_error() => None,
        other => Some(format!("{other:?}")),
    }
}

/// What is wrong when a connection is still open.
fn closed(mut client: Client) -> Option<String> {
    let stream = client.stream();
    // Long enough for what has been sent, short enough for what never comes.
    if let Err(error) = stream.set_read_timeout(Some(Duration::from_secs(1))) {
        return Some(error.to_string());
    }
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => Some("still open".to_owned()),
        _ => None,
    }
}
