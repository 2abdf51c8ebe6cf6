//! Child servers: starting them, waiting for them, asking what they use, ending them.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Options;

const LIMIT: Duration = Duration::from_secs(60);
/// What the kernel counts processor time in for user space, on every architecture of today.
const TICK: Duration = Duration::from_millis(10);

/// How much an answered write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: each commit is synced before its answer.
    Full,
    /// The death of the process.
    Relaxed,
}

impl Durability {
    /// The word on the command lines, the server's and that of the bare program.
    pub fn word(self) -> &'static str {
        match self {
            Durability::Full => "full",
            Durability::Relaxed => "relaxed",
        }
    }

    /// What SQLite calls it.
    pub fn synchronous(self) -> &'static str {
        match self {
            Durability::Full => "FULL",
            Durability::Relaxed => "NORMAL",
        }
    }
}

/// A running child; killed when dropped.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Running {
    /// Spawns a program that will listen on `address`, its output into `log`.
    pub fn spawn(command: &mut Command, address: SocketAddr, log: &Path) -> io::Result<Running> {
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let child = child.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", command.get_program().to_string_lossy())))?;
        Ok(Running { child, address })
    }

    /// Waits until it answers `GET /services/data` with 200.
    pub fn answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Ok(answer) = ask(self.address)
                && answer.starts_with(b"HTTP/1.1 200 ")
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("a server ended with {status} before it answered: see the folder's *.log")));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("a server did not answer within {} s", LIMIT.as_secs())));
            }
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Resident memory in KiB.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS in /proc"))
    }

    /// Processor time used so far by all its threads, in user space and for it in the kernel; to 10 ms.
    pub fn processor(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The program's name, which may hold anything, ends with the last parenthesis; then comes field 3.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks: Vec<u32> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        match ticks.as_slice() {
            [user, kernel] => Ok(TICK * (user + kernel)),
            _ => Err(io::Error::other("no times in /proc")),
        }
    }

    /// Ends it with SIGTERM and waits.
    pub fn stop(mut self) -> io::Result<()> {
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh"]).arg(self.child.id().to_string()).status()?;
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other("a server did not end on SIGTERM"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Nothing more can be done about a failure here.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Spawns the server of the project, over a data directory or with nothing on disk.
pub fn spawn(options: &Options, data: Option<&Path>, arguments: &[&str]) -> io::Result<Running> {
    let address = free_address()?;
    let mut command = Command::new(&options.orglet);
    command.args(["serve", "--listen"]).arg(address.to_string());
    match data {
        Some(data) => command.arg("--data").arg(data),
        None => command.arg("--memory"),
    };
    Running::spawn(command.args(arguments), address, &options.folder.join("orglet.log"))
}

/// How to ask a server of the project.
#[derive(Clone, Debug)]
pub struct Access {
    /// A session id.
    pub token: String,
    /// `/services/data/vNN.0`.
    pub root: String,
}

/// Starts the server of the project over a data directory and waits until it answers.
pub fn serve(options: &Options, data: &Path, durability: Durability) -> io::Result<(Running, Access)> {
    serve_with(options, data, &["--durability", durability.word()])
}

/// Starts the server of the project with these arguments and waits until it answers.
pub fn serve_with(options: &Options, data: &Path, arguments: &[&str]) -> io::Result<(Running, Access)> {
    let ready = data.with_extension("ready.json");
    if ready.exists() {
        fs::remove_file(&ready)?;
    }
    let file = ready.to_string_lossy().into_owned();
    let mut server = spawn(options, Some(data), &[&["--ready-file", &file], arguments].concat())?;
    // The ready file is written before the server answers.
    server.answers()?;
    let facts: Value = serde_json::from_slice(&fs::read(&ready)?)?;
    let text = |key: &str| facts.get(key).and_then(Value::as_str).ok_or_else(|| io::Error::other(format!("no {key} in the ready file")));
    let access = Access { token: text("access_token")?.to_owned(), root: format!("/services/data/v{}", text("api_version")?) };
    Ok((server, access))
}

/// An address that was free a moment ago.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /services/data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
