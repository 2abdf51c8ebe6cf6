//! Finding the metadata files of a project.

use super::super::ApexKind;
use super::super::part::{self, KINDS, Kind};
use super::ProjectError;
use super::records::{self, RecordKind};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Deepest nesting of directories followed.
const MAX_DEPTH: usize = 32;
/// Most directory entries looked at in one load.
const MAX_ENTRIES: usize = 500_000;
/// Largest project file read, in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// A file that says something of objects, by what its name says it holds.
#[derive(Debug)]
pub(super) enum Holds {
    /// An object, with its fields and parts or without.
    Object(String),
    /// A field of an object.
    Field(String, String),
    /// Something of a kind that belongs to an object: the kind, the object, its name.
    Part(&'static Kind, String, String),
    /// All of a kind that belong to an object: the kind, the object.
    Parts(&'static Kind, String),
    /// A global value set.
    ValueSet(String),
    /// What stands beside the body of a class or a trigger: its name.
    Apex(ApexKind, String),
    /// A record: its kind, its name.
    Record(&'static RecordKind, String),
    /// Something known that is not built: what it is, its name.
    Unbuilt(&'static str, String),
}

/// A metadata file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) holds: Holds,
}

/// File endings of an object's parts that are not built, with what to call them.
const PARTS: &[(&str, &str)] = &[
    ("compactLayout", "compact layout"),
    ("fieldSet", "field set"),
    ("index", "index"),
    ("sharingReason", "sharing reason"),
    ("webLink", "web link"),
];

/// Every metadata file under project directories, sorted by path. Problems go to `errors`.
pub(super) fn find(dirs: &[PathBuf], errors: &mut Vec<ProjectError>) -> Vec<Found> {
    let mut walk = Walk { seen: HashSet::new(), entries: 0, found: Vec::new() };
    for dir in dirs {
        for root in package_directories(dir, errors) {
            walk.directory(&root, 0, errors);
        }
    }
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    walk.found
}

/// The package directories that `sfdx-project.json` names, or the directory itself where there is no such file.
fn package_directories(dir: &Path, errors: &mut Vec<ProjectError>) -> Vec<PathBuf> {
    let config = dir.join("sfdx-project.json");
    let mut fail = |line: Option<usize>, reason: String| {
        errors.push(ProjectError { path: config.clone(), line: line.and_then(|l| u32::try_from(l).ok()), reason });
        Vec::new()
    };
    match fs::metadata(&config) {
        Ok(meta) if meta.len() > MAX_CONFIG => return fail(None, format!("the file is larger than {MAX_CONFIG} bytes")),
        Ok(_) => {}
        Err(_) => return vec![dir.to_path_buf()],
    }
    let json: serde_json::Value = match fs::read_to_string(&config) {
        Ok(text) => match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            Ok(json) => json,
            Err(e) => return fail(Some(e.line()), format!("not valid JSON: {e}")),
        },
        Err(e) => return fail(None, e.to_string()),
    };
    let Some(list) = json.get("packageDirectories").and_then(|l| l.as_array()).filter(|l| !l.is_empty()) else {
        return fail(None, "packageDirectories is missing or empty".to_owned());
    };
    let mut roots = Vec::new();
    for entry in list {
        let Some(path) = entry.get("path").and_then(|p| p.as_str()) else {
            return fail(None, "an entry of packageDirectories has no path".to_owned());
        };
        let root = dir.join(path);
        if !root.is_dir() {
            return fail(None, format!("the package directory {path} does not exist"));
        }
        roots.push(root);
    }
    roots
}

struct Walk {
    /// Directories by their real path: each is read once, so that links in a circle end.
    seen: HashSet<PathBuf>,
    entries: usize,
    found: Vec<Found>,
}

impl Walk {
    fn directory(&mut self, dir: &Path, depth: usize, errors: &mut Vec<ProjectError>) {
        let mut fail = |reason: String| errors.push(ProjectError { path: dir.to_path_buf(), line: None, reason });
        if depth > MAX_DEPTH {
            return fail(format!("directories are nested more than {MAX_DEPTH} deep"));
        }
        match fs::canonicalize(dir) {
            Ok(real) => {
                if !self.seen.insert(real) {
                    return;
                }
            }
            Err(e) => return fail(e.to_string()),
        }
        let list = match fs::read_dir(dir).and_then(|list| list.collect::<Result<Vec<_>, _>>()) {
            Ok(list) => list,
            Err(e) => return fail(e.to_string()),
        };
        let mut paths: Vec<PathBuf> = list.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                if self.entries == MAX_ENTRIES + 1 {
                    let reason = format!("the project has more than {MAX_ENTRIES} files");
                    errors.push(ProjectError { path, line: None, reason });
                }
                return;
            }
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "node_modules" {
                    self.directory(&path, depth + 1, errors);
                }
            } else if let Some(holds) = classify(&path) {
                self.found.push(Found { path, holds });
            }
        }
    }
}

/// What a file holds, going by its name and its place.
fn classify(path: &Path) -> Option<Holds> {
    let file = path.file_name()?.to_str()?;
    let name = file.strip_suffix("-meta.xml").unwrap_or(file);
    let (stem, ending) = name.rsplit_once('.')?;
    let stem = stem.to_owned();
    if let Some(kind) = ApexKind::ALL.into_iter().find(|kind| kind.ending() == ending) {
        // A body is read with the file beside it, and passed over where there is none.
        return (name != file).then_some(Holds::Apex(kind, stem));
    }
    match ending {
        "object" => Some(Holds::Object(stem)),
        "globalValueSet" => Some(Holds::ValueSet(stem)),
        "layout" => Some(Holds::Unbuilt("layout", stem)),
        "field" => Some(Holds::Field(owner(path, "fields")?, stem)),
        _ => {
            if let Some(kind) = records::kind(path, ending) {
                return Some(Holds::Record(kind, stem));
            }
            if let Some(kind) = KINDS.iter().copied().find(|kind| kind.ending == ending) {
                if part::listed(kind).is_some() {
                    return Some(Holds::Parts(kind, stem));
                }
                if part::is_of_org(kind) {
                    return Some(Holds::Part(kind, String::new(), stem));
                }
                // Where no object is named, the file is read all the same and found to belong to none.
                let (object, name) = match kind.member {
                    Some(_) => (path.parent()?.parent()?.file_name()?.to_str()?.to_owned(), stem),
                    None => stem.split_once('.').map_or((String::new(), stem.clone()), |(o, n)| (o.to_owned(), n.to_owned())),
                };
                return Some(Holds::Part(kind, object, name));
            }
            let (_, what) = PARTS.iter().find(|(known, _)| *known == ending)?;
            let object = path.parent()?.parent()?.file_name()?.to_str()?;
            Some(Holds::Unbuilt(what, format!("{object}.{stem}")))
        }
    }
}

/// The object that a file in `objects/X/<folder>/` belongs to.
fn owner(path: &Path, folder: &str) -> Option<String> {
    let parent = path.parent()?;
    if parent.file_name()?.to_str()? != folder {
        return None;
    }
    Some(parent.parent()?.file_name()?.to_str()?.to_owned())
}
