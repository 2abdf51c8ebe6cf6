//! The packages of an archive: what each says it holds, and what is to go.

use super::archive::Files;
use super::{Manifest, Message, ProblemType};
use std::path::{Path, PathBuf};

/// The name of the file that says what a package holds.
const PACKAGE: &str = "package.xml";
/// What is to go before the package's components are deployed, and behind them.
const BEFORE: [&str; 2] = ["destructiveChangesPre.xml", "destructiveChanges.xml"];
const BEHIND: &str = "destructiveChangesPost.xml";

/// Whether a file is one of those that this module reads.
pub(super) fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.components().count() <= 2 && (name == PACKAGE || name == BEHIND || BEFORE.contains(&name))
}

/// Components that are to go.
pub(super) struct Removals {
    /// The file that says so.
    pub(super) file: PathBuf,
    /// Them.
    pub(super) manifest: Manifest,
    /// Whether they go behind what is deployed.
    pub(super) last: bool,
}

/// A package of an archive.
pub(super) struct Package {
    /// Its folder; empty where the archive is the package.
    pub(super) folder: PathBuf,
    /// What it says it holds.
    pub(super) manifest: Manifest,
    /// What is to go with it.
    pub(super) removals: Vec<Removals>,
}

impl Package {
    /// The path of its `package.xml`.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(PACKAGE)
    }

    /// A message about a file of its own.
    pub(super) fn message(file: &Path) -> Message {
        let full_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Message { file_name: shown(file), full_name, success: true, changed: true, of_package: true, ..Message::default() }
    }
}

/// A path as messages write it.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Takes the packages out of an archive. What is wrong with their lists goes to `messages`.
pub(super) fn take(files: &mut Files, single: bool, messages: &mut Vec<Message>) -> Vec<Package> {
    let depth = if single { 1 } else { 2 };
    let is_package = |path: &&PathBuf| path.file_name().is_some_and(|name| name == PACKAGE) && path.components().count() == depth;
    let folders: Vec<PathBuf> = files.read.keys().filter(is_package).filter_map(|path| Some(path.parent()?.to_path_buf())).collect();
    if folders.is_empty() {
        messages.push(Package::message(Path::new(PACKAGE)).failed("No package.xml found"));
    }
    let mut packages = Vec::new();
    for folder in folders {
        let mut read = |name: &str| {
            let file = folder.join(name);
            let bytes = files.read.remove(&file)?;
            match Manifest::read(&bytes) {
                Ok(manifest) => Some((file, manifest)),
                Err((problem, line)) => {
                    let mut message = Package::message(&file);
                    message.fail(problem, ProblemType::Error);
                    (message.line, message.column) = (line, line.and_then(|line| columns(&bytes).get(line as usize - 1).copied()));
                    messages.push(message);
                    None
                }
            }
        };
        let manifest = read(PACKAGE);
        let mut removals = Vec::new();
        for name in BEFORE.into_iter().chain([BEHIND]) {
            removals.extend(read(name).map(|(file, manifest)| Removals { file, manifest, last: name == BEHIND }));
        }
        if let Some((_, manifest)) = manifest {
            packages.push(Package { folder, manifest, removals });
        }
    }
    packages
}

/// Of each line of a file the column behind the first element that begins in it, where the platform says that it is.
pub(super) fn columns(bytes: &[u8]) -> Vec<u32> {
    let column = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let end = text.find('>').map_or(0, |at| at + 1);
        u32::try_from(text[..end].chars().count()).unwrap_or(u32::MAX - 1) + 1
    };
    bytes.split(|b| *b == b'\n').map(column).collect()
}
