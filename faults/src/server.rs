//! The server under test: a process of its own, started, killed and started again on the same data.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// How a server is to be started. Starting twice with the same way uses the same data.
#[derive(Clone, Debug)]
pub struct Way {
    /// The server's binary.
    pub binary: PathBuf,
    /// Folder for the log and the ready file.
    pub folder: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// The PostgreSQL database that keeps the orgs; `None` for the data directory.
    pub store: Option<String>,
    /// Further arguments of `orglet serve`.
    pub arguments: Vec<String>,
    /// A program, with its arguments, that is given the server's command line and becomes the server.
    pub through: Vec<String>,
}

impl Way {
    /// A new folder with an empty data directory in it.
    pub fn new(binary: &Path, folder: PathBuf) -> io::Result<Way> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let data = folder.join("data");
        Ok(Way { binary: binary.to_owned(), folder, data, store: None, arguments: Vec::new(), through: Vec::new() })
    }

    /// The same way with further arguments of `orglet serve`.
    pub fn with(&self, arguments: &[&str]) -> Way {
        let mut way = self.clone();
        way.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        way
    }

    /// The same way with orgs in a PostgreSQL database.
    pub fn on(&self, store: &str) -> Way {
        Way { store: Some(store.to_owned()), ..self.clone() }
    }

    /// The same way, but under limits of the shell: `ulimit`'s flag and value.
    pub fn limited(&self, limit: &str) -> Way {
        // A write beyond a file limit is to fail, as one on a full disk does, not to end the process.
        let script = format!("trap '' XFSZ; ulimit {limit} && exec \"$@\"");
        Way { through: vec!["sh".into(), "-c".into(), script, "sh".into()], ..self.clone() }
    }

    /// Where the server's output goes; starts append to it.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Spawns the server and does not wait for it.
    pub fn spawn(&self) -> io::Result<Server> {
        let ready = self.folder.join("ready.json");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut words = self.through.iter().map(Into::into).chain([self.binary.clone().into_os_string()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(["serve", "--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready).arg("--data").arg(&self.data);
        if let Some(store) = &self.store {
            command.arg("--store").arg(store);
        }
        command.args(&self.arguments).current_dir(&self.folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
        Ok(Server {
            child,
            ready,
            log: self.log(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: String::new(),
            facts: Value::Null,
        })
    }

    /// Spawns the server and waits until it answers.
    pub fn start(&self) -> io::Result<Server> {
        let mut server = self.spawn()?;
        server.wait_ready()?;
        Ok(server)
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    ready: PathBuf,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// The administrator's session id.
    pub token: String,
    /// The ready file.
    pub facts: Value,
}

impl Server {
    /// Waits for the ready file and for an answer to a query.
    pub fn wait_ready(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        // The file is written in one step: once it is there, it is whole.
        while !self.ready.exists() {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.complaint(&format!("the server ended with {status} before it was ready")));
            }
            if Instant::now() > deadline {
                return Err(self.complaint("the server was not ready in time"));
            }
            thread::sleep(Duration::from_millis(2));
        }
        let facts: Value = serde_json::from_slice(&fs::read(&self.ready)?)?;
        let text = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default();
        self.address = text("url").trim_start_matches("http://").parse().map_err(io::Error::other)?;
        self.token = text("access_token").to_owned();
        self.facts = facts;
        self.client()?.expect(200, "GET", "query?q=SELECT+Id+FROM+Account+LIMIT+1", None)?;
        Ok(())
    }

    /// A new connection.
    pub fn client(&self) -> io::Result<Client> {
        Client::open(self.address, &self.token)
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Ends it with SIGTERM; fails unless it then exits with 0 in time.
    pub fn stop(mut self) -> io::Result<()> {
        // Without unsafe code a signal other than SIGKILL is the shell's business.
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh"]).arg(self.child.id().to_string()).status()?;
        match self.ended(STOP_LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.complaint(&format!("the server ended with {status} on SIGTERM"))),
            None => Err(self.complaint("the server still ran long after SIGTERM")),
        }
    }

    /// Waits for its end; `None` when it still runs after `limit`.
    pub fn ended(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Resident memory in KiB.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS in /proc"))
    }

    /// An error that carries the end of the log.
    pub fn complaint(&self, text: &str) -> io::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
        io::Error::other(format!("{text}; the end of its log:\n{tail}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Nothing more can be done about a failure here.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
