//! Records that a project brings: static resources and origins that scripts may come from. They are metadata to a project and records to
//! an org.

use super::super::reader::Members;
use super::super::{DefError, MetaNode};
use super::{Loader, ProjectError};
use orglet_base::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest static resource, in bytes.
const LARGEST: u64 = 5 << 20;

/// A record of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRecord {
    /// The file that defines it.
    pub path: PathBuf,
    /// Its object.
    pub object: &'static str,
    /// The field that it is known by.
    pub key: &'static str,
    /// The value of that field: the file's name.
    pub name: String,
    /// Its other fields.
    pub values: Vec<(&'static str, Value)>,
}

/// A kind of record that a project may bring.
#[derive(Debug)]
pub(super) struct RecordKind {
    /// The metadata type, and the root element of its files.
    root: &'static str,
    /// What its files end in, without `-meta.xml`.
    ending: &'static str,
    /// In messages.
    what: &'static str,
    read: fn(&Path, &str, &MetaNode) -> Result<ProjectRecord, Refused>,
}

/// Why a record is not taken.
enum Refused {
    /// What is wrong, at a line.
    Wrong(Option<u32>, String),
    /// What is not built.
    Unbuilt(String),
}

impl From<DefError> for Refused {
    fn from(e: DefError) -> Self {
        Refused::Wrong(e.line, e.message)
    }
}

const KINDS: &[RecordKind] = &[
    RecordKind { root: "StaticResource", ending: "resource", what: "static resource", read: static_resource },
    RecordKind { root: "CorsWhitelistOrigin", ending: "corsWhitelistOrigin", what: "allowed origin", read: origin },
];

/// The kind of a file by its name, without `-meta.xml`, and its ending. What a static resource holds has its ending too.
pub(super) fn kind(path: &Path, ending: &str) -> Option<&'static RecordKind> {
    let is_meta = || path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.ends_with("-meta.xml"));
    KINDS.iter().find(|kind| kind.ending == ending).filter(|kind| kind.ending != "resource" || is_meta())
}

impl Loader {
    pub(super) fn record(&mut self, path: &Path, kind: &RecordKind, name: &str) {
        let Some(node) = self.read(path, kind.root) else { return };
        let full = format!("{} {name}", kind.what);
        match (kind.read)(path, name, &node) {
            Ok(record) => match self.origins.get(&full) {
                Some((first, _)) => {
                    let reason = format!("{full} is already defined in {}", first.display());
                    self.error(path, node.line, reason);
                }
                None => {
                    self.origins.insert(full, (path.to_path_buf(), node.line));
                    self.records.push(record);
                }
            },
            Err(Refused::Wrong(line, reason)) => self.errors.push(ProjectError { path: path.to_path_buf(), line, reason }),
            Err(Refused::Unbuilt(why)) => self.skip(path, node.line, full, why),
        }
    }
}

fn static_resource(path: &Path, name: &str, node: &MetaNode) -> Result<ProjectRecord, Refused> {
    let m = Members::new(node, "StaticResource");
    m.only(&[&["fullName", "cacheControl", "contentType", "description"]])?;
    let content_type = m.word("contentType")?.ok_or_else(|| m.missing("contentType"))?;
    let cache = m.choice("cacheControl", "StaticResourceCacheControl", |word| match word {
        "Private" | "Public" => Some(word.to_owned()),
        _ => None,
    })?;
    let mut values = vec![
        ("ContentType", Value::from(content_type.as_str())),
        ("CacheControl", Value::from(cache.ok_or_else(|| m.missing("cacheControl"))?.as_str())),
        ("Body", Value::Blob(content(path, name)?)),
    ];
    values.push(("Description", m.text("description")?.map_or(Value::Null, |text| Value::from(text.as_str()))));
    Ok(ProjectRecord { path: path.to_path_buf(), object: "StaticResource", key: "Name", name: name.to_owned(), values })
}

/// What a static resource holds: the file beside its definition that is named like it, with whatever ending.
fn content(path: &Path, name: &str) -> Result<Vec<u8>, Refused> {
    let wrong = |reason: String| Refused::Wrong(None, reason);
    let folder = path.parent().unwrap_or(Path::new(""));
    if folder.join(name).is_dir() {
        return Err(Refused::Unbuilt("folders that become an archive are not supported".to_owned()));
    }
    let list = fs::read_dir(folder).and_then(|list| list.collect::<Result<Vec<_>, _>>()).map_err(|e| wrong(e.to_string()))?;
    let is_content = |file: &PathBuf| {
        let called = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        !called.ends_with("-meta.xml") && called.rsplit_once('.').is_some_and(|(stem, _)| stem == name) && file.is_file()
    };
    let mut files: Vec<PathBuf> = list.into_iter().map(|entry| entry.path()).filter(is_content).collect();
    // In metadata format there is one by that ending.
    files.sort_by_key(|file| (file.extension().is_none_or(|e| e != "resource"), file.clone()));
    let Some(file) = files.first() else { return Err(wrong(format!("the content of static resource {name} is missing"))) };
    if fs::metadata(file).map_or(0, |m| m.len()) > LARGEST {
        return Err(wrong("static resource cannot exceed 5MB".to_owned()));
    }
    fs::read(file).map_err(|e| wrong(e.to_string()))
}

fn origin(path: &Path, name: &str, node: &MetaNode) -> Result<ProjectRecord, Refused> {
    let m = Members::new(node, "CorsWhitelistOrigin");
    m.only(&[&["fullName", "urlPattern"]])?;
    let pattern = m.word("urlPattern")?.ok_or_else(|| m.missing("urlPattern"))?;
    let values = vec![("MasterLabel", Value::from(name)), ("UrlPattern", Value::from(pattern.as_str()))];
    Ok(ProjectRecord { path: path.to_path_buf(), object: "CorsWhitelistEntry", key: "DeveloperName", name: name.to_owned(), values })
}
