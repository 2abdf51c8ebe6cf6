//! A small file system of a server's own, to be filled up, and folders that can't be written: both in a mount namespace,
//! which root may make, and others where the system lets users have one.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A mounted file system in memory, held by a process; gone with it.
pub struct Room {
    holder: Child,
    at: PathBuf,
    as_root: bool,
}

impl Room {
    /// Mounts a file system of this size at a folder, which is made.
    pub fn new(at: &Path, mebibytes: u64) -> io::Result<Room> {
        fs::create_dir_all(at)?;
        let as_root = is_root()?;
        let script = "mount -t tmpfs -o size=\"$1\" tmpfs \"$2\" && echo mounted && exec cat";
        let mut command = Command::new("unshare");
        command.args(namespace(as_root)).args(["sh", "-c", script, "sh"]).arg(format!("{mebibytes}m")).arg(at);
        // Its input stays open as long as we live: however this process ends, the holder and the mount go as well.
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = holder.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.trim() != "mounted" {
            let status = holder.wait()?;
            return Err(io::Error::other(format!("no file system could be mounted ({status}): this needs root or user namespaces")));
        }
        Ok(Room { holder, at: at.to_owned(), as_root })
    }

    /// What runs a program with the file system in its place.
    pub fn through(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), "--target".to_owned(), self.holder.id().to_string(), "--mount".to_owned()];
        if !self.as_root {
            words.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        words.push("--".to_owned());
        words
    }

    /// The file system as it is seen from outside of its namespace.
    pub fn seen(&self) -> PathBuf {
        let inside = self.at.strip_prefix("/").unwrap_or(&self.at);
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    /// Fills it up until so many bytes are left.
    pub fn fill(&self, left: u64) -> io::Result<()> {
        let mut ballast = File::options().create(true).append(true).open(self.seen().join("ballast"))?;
        loop {
            match ballast.write(&[0x55; 4096]) {
                Ok(1..) => {}
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
        let length = ballast.metadata()?.len();
        ballast.set_len(length.saturating_sub(left))
    }

    /// Frees what filling took.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.seen().join("ballast"))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Nothing more can be done about a failure here.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// What runs a program for which a folder can't be written.
pub fn read_only(folder: &Path) -> io::Result<Vec<String>> {
    let folder = folder.to_string_lossy();
    let script = format!("mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && exec \"$@\"");
    let mut words = vec!["unshare".to_owned()];
    words.extend(namespace(is_root()?).iter().map(|word| (*word).to_owned()));
    words.extend(["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]);
    Ok(words)
}

fn namespace(as_root: bool) -> &'static [&'static str] {
    if as_root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] }
}

fn is_root() -> io::Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    Ok(ids.split_whitespace().nth(1) == Some("0"))
}
