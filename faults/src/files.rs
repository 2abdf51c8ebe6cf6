//! What a dead server left on disk, looked at with SQLite's own checks.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Copies the databases of a data directory aside, as they are, and checks the copies whole: pages, rows and indexes
/// agree. The originals stay for the server to recover.
pub fn check(data: &Path, aside: &Path) -> io::Result<Vec<String>> {
    if aside.exists() {
        fs::remove_dir_all(aside)?;
    }
    fs::create_dir_all(aside)?;
    let mut findings = Vec::new();
    for folder in [data.to_owned(), data.join("orgs")] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".db") || name.ends_with(".db-wal") {
                fs::copy(&path, aside.join(name))?;
            }
        }
    }
    let mut looked = 0;
    for entry in fs::read_dir(aside)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            looked += 1;
            for line in integrity(&path).map_err(io::Error::other)?.into_iter().filter(|line| line != "ok") {
                findings.push(format!("{}: {line}", path.display()));
            }
        }
    }
    if looked < 2 {
        findings.push(format!("{} holds {looked} databases", data.display()));
    }
    Ok(findings)
}

fn integrity(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.create_collation("FOLD", orglet_base::fold::compare)?;
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    statement.query_map([], |row| row.get(0))?.collect()
}
