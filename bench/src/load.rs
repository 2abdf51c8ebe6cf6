//! The load generator: kept-alive HTTP/1.1 connections, each with one request at a time, all on one thread. It reads
//! an answer no further than it must to know its end, so that the machine is left to the servers.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::Options;
use crate::fixture::{self, Workload};
use crate::start::{self, Running, free_address};

const WARM_UP: Duration = Duration::from_millis(250);
/// The names of the servers, in the order of every list of them.
pub const SERVERS: [&str; 3] = ["axum", "axum+rusqlite", "orglet"];

/// One measurement of one server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Answers per second.
    pub rate: f64,
    /// Median and 99th percentile of the time from request to answer, in microseconds.
    pub p50: f64,
    /// See `p50`.
    pub p99: f64,
}

/// The measurements of one workload with one number of connections: per server, one sample per round.
pub struct Measured {
    /// The workload.
    pub workload: &'static str,
    /// How many connections drove it.
    pub connections: usize,
    /// In the order of `SERVERS`.
    pub samples: [Vec<Sample>; 3],
    /// The resident memory of the server under test after the last round, in KiB.
    pub resident: u64,
}

/// Starts the three servers and drives them in turn, the order changing from round to round.
pub async fn measure(options: &Options) -> io::Result<Vec<Measured>> {
    let folder = &options.folder;
    let ready_file = folder.join("ready.json");
    let mut orglet = start::orglet(options, Some(&folder.join("data")), Some(&ready_file))?;
    orglet.answers()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !ready_file.exists() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ready: Value = serde_json::from_slice(&std::fs::read(&ready_file)?)?;
    let workloads = fixture::make(orglet.address, &ready, folder).await?;
    let servers = [bare(options, "axum")?, bare(options, "rusqlite")?, orglet];
    alike(&servers, &workloads).await?;
    let mut all = Vec::new();
    for workload in &workloads {
        for connections in &options.connections {
            let mut samples = [Vec::new(), Vec::new(), Vec::new()];
            for round in 0..options.rounds {
                for turn in 0..servers.len() {
                    let place = (round + turn) % servers.len();
                    if let (Some(server), Some(samples)) = (servers.get(place), samples.get_mut(place)) {
                        drive(server.address, workload, *connections, WARM_UP).await?;
                        samples.push(drive(server.address, workload, *connections, options.span).await?);
                    }
                }
            }
            eprintln!("orglet-bench: {} over {connections} done", workload.name);
            let resident = servers.last().map_or(Ok(0), Running::resident)?;
            all.push(Measured { workload: workload.name, connections: *connections, samples, resident });
        }
    }
    for server in servers {
        server.stop()?;
    }
    Ok(all)
}

/// Fails unless all servers answer reads with about as many bytes: ratios of unlike work say nothing.
async fn alike(servers: &[Running; 3], workloads: &[Workload]) -> io::Result<()> {
    for workload in workloads.iter().filter(|workload| workload.status == 200) {
        let mut sizes = Vec::new();
        for server in servers {
            let mut connection = Connection::open(server.address).await?;
            connection.exchange(workload.requests.first().map_or(&[], Vec::as_slice)).await?;
            sizes.push(connection.text().len());
        }
        let (least, most) = (sizes.iter().min().copied().unwrap_or_default(), sizes.iter().max().copied().unwrap_or_default());
        if least * 20 < most * 19 {
            return Err(io::Error::other(format!("{}: the answers differ in size: {sizes:?} bytes", workload.name)));
        }
    }
    Ok(())
}

fn bare(options: &Options, kind: &str) -> io::Result<Running> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bare", kind]).arg(address.to_string()).arg(&options.folder);
    let mut running = Running::spawn(&mut command, address, &options.folder.join(format!("{kind}.log")))?;
    running.answers()?;
    Ok(running)
}

async fn drive(address: SocketAddr, workload: &Workload, connections: usize, span: Duration) -> io::Result<Sample> {
    let requests: Rc<Vec<Vec<u8>>> = Rc::new(workload.requests.clone());
    let status = workload.status;
    let local = LocalSet::new();
    let mut tasks = Vec::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let began = Instant::now();
    let end = began + span;
    for (number, mut connection) in open.into_iter().enumerate() {
        let requests = Rc::clone(&requests);
        tasks.push(local.spawn_local(async move {
            let mut times: Vec<u32> = Vec::with_capacity(1 << 14);
            // Each connection begins elsewhere.
            for request in requests.iter().cycle().skip(number * 7) {
                let asked = Instant::now();
                if asked >= end {
                    break;
                }
                let answered = connection.exchange(request).await?;
                if answered != status {
                    return Err(io::Error::other(format!("answered {answered} instead of {status}: {}", connection.text())));
                }
                times.push(u32::try_from(asked.elapsed().as_nanos()).unwrap_or(u32::MAX));
            }
            Ok(times)
        }));
    }
    let mut times = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                times.extend(task.await.map_err(io::Error::other)??);
            }
            Ok::<(), io::Error>(())
        })
        .await?;
    let took = began.elapsed();
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len().saturating_sub(1) as f64 * share) as usize;
        f64::from(times.get(index).copied().unwrap_or_default()) / 1000.0
    };
    Ok(Sample { rate: times.len() as f64 / took.as_secs_f64(), p50: at(0.5), p99: at(0.99) })
}

/// A kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: (usize, usize),
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(1 << 16), body: (0, 0) })
    }

    /// Sends a request and reads its answer; says the status.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(self.buffer.get(..head).unwrap_or_default()).to_ascii_lowercase();
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(|| io::Error::other("no status line"))?;
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if let Some(length) = header("content-length:").and_then(|value| value.parse::<usize>().ok()) {
            while self.buffer.len() < head + length {
                self.more().await?;
            }
        } else if header("transfer-encoding:").is_some() {
            // A chunked body ends with an empty chunk; none of ours has that inside a chunk.
            while !self.buffer.ends_with(b"\r\n0\r\n\r\n") {
                self.more().await?;
            }
        }
        self.body = (head, self.buffer.len());
        Ok(status)
    }

    /// Sends a request; the answer as JSON, if it has the right status and is not chunked.
    pub async fn json(&mut self, request: &[u8], status: u16) -> io::Result<Value> {
        let answered = self.exchange(request).await?;
        if answered != status {
            return Err(io::Error::other(format!("answered {answered} instead of {status}: {}", self.text())));
        }
        serde_json::from_str(&self.text()).map_err(io::Error::other)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.buffer.get(self.body.0..self.body.1).unwrap_or_default()).into_owned()
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
