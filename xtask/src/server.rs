//! A server of our own to drive: started on a free port, ended with SIGTERM.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{output, wait};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running server. Dropping it kills it; `stop` ends it as an administrator would.
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where the server wrote its ready file.
    pub ready_file: PathBuf,
    /// The ready file's `ca_file`.
    pub ca_file: String,
}

impl Server {
    /// Starts an in-memory org with sample data and waits for its ready file.
    pub fn start(root: &Path, binary: &Path) -> io::Result<Server> {
        let folder = root.join("target/clients");
        fs::create_dir_all(&folder)?;
        let (log, ready_file) = (folder.join("server.log"), folder.join("ready.json"));
        if ready_file.exists() {
            fs::remove_file(&ready_file)?;
        }
        let log_file = File::create(&log)?;
        let child = Command::new(binary)
            .args(["serve", "--memory", "--listen", "127.0.0.1:0", "--id-seed", "1", "--sample-data", "--ready-file"])
            .arg(&ready_file)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", binary.display())))?;
        let mut server = Server { child, log, ready_file, ca_file: String::new() };
        let deadline = Instant::now() + START_LIMIT;
        // The file is written in one step: once it is there, it is whole.
        while !server.ready_file.exists() {
            if let Some(status) = server.child.try_wait()? {
                return Err(server.complaint(&format!("the server ended with {status} before it was ready")));
            }
            if Instant::now() > deadline {
                return Err(server.complaint(&format!("the server was not ready within {} s", START_LIMIT.as_secs())));
            }
            thread::sleep(Duration::from_millis(10));
        }
        let ready: Value = serde_json::from_str(&fs::read_to_string(&server.ready_file)?)?;
        server.ca_file = ready.get("ca_file").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(server)
    }

    /// Sends SIGTERM; fails unless the server then exits with 0 in time.
    pub fn stop(mut self) -> io::Result<()> {
        // Without unsafe code a signal is the shell's business.
        output(Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh"]).arg(self.child.id().to_string()))?;
        match wait(&mut self.child, STOP_LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.complaint(&format!("the server ended with {status} on SIGTERM"))),
            None => Err(self.complaint(&format!("the server still ran {} s after SIGTERM", STOP_LIMIT.as_secs()))),
        }
    }

    fn complaint(&self, text: &str) -> io::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n");
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
