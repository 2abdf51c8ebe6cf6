//! Child servers: starting and ending them, and how long the start takes and how much memory an idle one holds.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;

const LIMIT: Duration = Duration::from_secs(30);

/// Medians over the starts of a run.
pub struct Started {
    /// From spawn to the first 200, with a new data directory.
    pub first: Vec<Duration>,
    /// The same on the directory that the first start made.
    pub again: Vec<Duration>,
    /// The same with nothing on disk.
    pub memory: Vec<Duration>,
    /// Resident memory in KiB a second after the first answer, with a new data directory.
    pub idle: Vec<u64>,
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

/// The server of the project.
pub fn orglet(options: &Options, data: Option<&Path>, ready: Option<&Path>) -> io::Result<Running> {
    let address = free_address()?;
    let mut command = Command::new(&options.orglet);
    command.args(["serve", "--listen"]).arg(address.to_string());
    match data {
        Some(data) => command.arg("--data").arg(data),
        None => command.arg("--memory"),
    };
    if let Some(ready) = ready {
        command.arg("--ready-file").arg(ready);
    }
    Running::spawn(&mut command, address, &options.folder.join("orglet.log"))
}

/// An address that was free a moment ago.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// Starts the server again and again.
pub fn measure(options: &Options) -> io::Result<Started> {
    let mut started = Started { first: Vec::new(), again: Vec::new(), memory: Vec::new(), idle: Vec::new() };
    for round in 0..options.starts {
        let data = options.folder.join(format!("start-{round}"));
        for (data, times) in [(Some(&data), &mut started.first), (Some(&data), &mut started.again), (None, &mut started.memory)] {
            let began = Instant::now();
            let mut server = orglet(options, data.map(|data| data.as_path()), None)?;
            server.answers()?;
            times.push(began.elapsed());
            if started.idle.len() < round + 1 && round < 5 {
                thread::sleep(Duration::from_secs(1));
                started.idle.push(server.resident()?);
            }
            server.stop()?;
        }
    }
    Ok(started)
}

fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /services/data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
