//! Running other programs: quietly, with their output shown, or watched line by line until a deadline.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Passed and failed, as a runner's closing line has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Checks that held.
    pub passed: u64,
    /// Checks that did not.
    pub failed: u64,
}

impl Counts {
    /// One check, held or not.
    pub fn one(good: bool) -> Counts {
        Counts { passed: u64::from(good), failed: u64::from(!good) }
    }

    /// Adds the counts of another runner.
    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The cargo that runs this, or the one on the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Runs with output shown; answers whether it exited with 0.
pub fn passes(command: &mut Command) -> io::Result<bool> {
    Ok(command.stdin(Stdio::null()).status().map_err(|error| named(command, &error))?.success())
}

/// Runs quietly; answers its standard output. A failure carries what the program printed.
pub fn output(command: &mut Command) -> io::Result<String> {
    let done = command.stdin(Stdio::null()).output().map_err(|error| named(command, &error))?;
    if !done.status.success() {
        let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        return Err(io::Error::other(format!("{} failed ({}):\n{}", show(command), done.status, text.trim_end())));
    }
    String::from_utf8(done.stdout).map_err(io::Error::other)
}

/// Runs with standard output shown and given, line by line, to `each`. Stops the program at the deadline; then, and
/// when it can't be started, the answer is an error.
pub fn watch(command: &mut Command, limit: Duration, mut each: impl FnMut(&str)) -> io::Result<ExitStatus> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| named(command, &error))?;
    let (sender, lines) = mpsc::channel();
    let reader = child.stdout.take().map(|stdout| thread::spawn(move || send_lines(stdout, &sender)));
    let deadline = Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                each(&line);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("{} did not end within {} s", show(command), limit.as_secs())));
            }
        }
    }
    if let Some(reader) = reader {
        // It has ended: the channel is closed.
        let _ = reader.join();
    }
    wait(&mut child, deadline.saturating_duration_since(Instant::now()))?
        .ok_or_else(|| io::Error::other(format!("{} closed its output but did not end", show(command))))
}

fn send_lines(stdout: impl Read, sender: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        if sender.send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Waits at most `limit` for the end of a program; `None` when it still runs then.
pub fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The counts of a closing line `N passed, N failed`.
pub fn closing_line(line: &str) -> Option<Counts> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Counts { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// The counts of a line `test result: ok. N passed; N failed; …`.
pub fn cargo_test_line(line: &str) -> Option<Counts> {
    let mut parts = line.strip_prefix("test result: ")?.split_once(". ")?.1.split("; ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some(Counts { passed, failed })
}

fn named(command: &Command, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", show(command)))
}

fn show(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_read() {
        assert_eq!(closing_line("31 passed, 2 failed"), Some(Counts { passed: 31, failed: 2 }));
        assert_eq!(closing_line("ok 3 jsforce http - 4 passed"), None);
        assert_eq!(
            cargo_test_line("test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"),
            Some(Counts { passed: 7, failed: 1 })
        );
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let began = Instant::now();
        let error = watch(Command::new("sleep").arg("60"), Duration::from_millis(50), |_| {}).map(drop).unwrap_err();
        assert!(error.to_string().contains("did not end within"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
