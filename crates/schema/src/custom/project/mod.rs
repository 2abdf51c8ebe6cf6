//! SFDX projects: objects and fields from a directory, in source format (`objects/X__c/X__c.object-meta.xml`,
//! `objects/X__c/fields/F__c.field-meta.xml`) or in metadata format (`objects/X__c.object`). A deployment has its files in memory,
//! and is told of each component by itself ([`read_files`]).

mod files;
mod leave_out;
mod records;
#[cfg(test)]
mod tests;

use super::apex::{self, ApexKind, ApexMeta};
use super::meta_node::MAX_BYTES;
use super::object_def::UNBUILT_PARTS;
use super::part::{self, KINDS, Kind};
use super::{DefError, FieldDef, GlobalValueSet, MetaNode, ObjectDef, PartDef, is_event};
use crate::standard;
use files::{Found, Holds};
use orglet_base::fold_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

pub use records::ProjectRecord;

/// Why a file of a project is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// What is wrong.
    pub reason: String,
    /// What it is about, as [`Component::keys`] names it; `None` where that is the file as a whole.
    pub about: Option<String>,
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path.display(), self.reason),
            None => write!(f, "{}: {}", self.path.display(), self.reason),
        }
    }
}

impl std::error::Error for ProjectError {}

/// Something in a project that is known but not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// What it is: `validation rule X__c.Rule`, `field X__c.F__c` …
    pub what: String,
    /// Why it is left out.
    pub why: String,
    /// The component that it is, or is a part of, as [`Component::keys`] names it.
    pub about: Option<String>,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}: {}", self.path.display(), self.what, self.why),
            None => write!(f, "{}: {}: {}", self.path.display(), self.what, self.why),
        }
    }
}

/// Where a definition comes from: a file and a line, counted from 1.
pub type Origin = (PathBuf, Option<u32>);

/// What a project defines.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Custom objects with their fields, sorted by name.
    pub objects: Vec<ObjectDef>,
    /// Fields on objects that the project does not define: standard ones, or ones that the org already has.
    pub fields: Vec<FieldDef>,
    /// Global value sets.
    pub value_sets: Vec<GlobalValueSet>,
    /// What objects have beside fields, in the order of their files.
    pub parts: Vec<PartDef>,
    /// Classes and triggers, in the order of their files: what they are, their names, their bodies, what their files say.
    pub apex: Vec<(ApexKind, String, String, ApexMeta)>,
    /// Records, in the order of their files.
    pub records: Vec<ProjectRecord>,
    /// What was left out. A strict load refuses a project where this is not empty.
    pub skipped: Vec<Skipped>,
    /// Where each object (`X__c`), field (`X__c.F__c`) and part ([`PartDef::qualified_name`]) comes from.
    pub origins: BTreeMap<String, Origin>,
}

impl Project {
    /// Tells the file and line of an error that arose when the definitions were put together.
    pub fn locate(&self, error: &DefError) -> Option<ProjectError> {
        let (path, line) = self.origins.get(error.subject.as_deref()?)?;
        let about = error.subject.clone();
        Some(ProjectError { path: path.clone(), line: error.line.or(*line), reason: error.message.clone(), about })
    }
}

/// A component that files hold, whether it is understood or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its metadata type.
    pub type_name: String,
    /// Its name: `X__c`, `X__c.F__c`, `Account.Rule` …
    pub full_name: String,
    /// What the definitions are called that it comes to, as [`Project::origins`] names them. One alone but for fields of activities.
    pub keys: Vec<String>,
    /// The file.
    pub path: PathBuf,
    /// The line where it begins, counted from 1.
    pub line: Option<u32>,
    /// It is an object that says nothing of itself: its file is there for what belongs to it.
    pub bare: bool,
}

/// What files come to.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What is understood.
    pub project: Project,
    /// What is not.
    pub errors: Vec<ProjectError>,
    /// Every component, in the order of the files.
    pub components: Vec<Component>,
    /// Files that hold nothing that is known.
    pub unread: Vec<PathBuf>,
}

/// Whether a file is one of those that are read, going by its name and its place.
pub fn is_read(path: &Path) -> bool {
    let is_body = |kind: ApexKind| path.extension().is_some_and(|end| end == kind.ending());
    files::classify(path).is_some() || ApexKind::ALL.into_iter().any(is_body)
}

/// Reads files that are in memory, each by its path: all that is understood, and all that is wrong.
pub fn read_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> Reading {
    let mut loader = Loader { files: Some(files), ..Loader::default() };
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for path in files.keys() {
        match files::classify(path) {
            Some(holds) => found.push(Found { path: path.clone(), holds }),
            None => unread.push(path.clone()),
        }
    }
    loader.take(found);
    loader.reading(unread)
}

/// Reads every object, with its fields and parts, of project directories. A directory with an `sfdx-project.json` is read as that file
/// says, another one wholly. Either everything is understood or known as not built, or all that is wrong is told.
pub fn load(dirs: &[PathBuf]) -> Result<Project, Vec<ProjectError>> {
    let mut loader = Loader::default();
    let found = files::find(dirs, &mut loader.errors);
    loader.take(found);
    loader.finish()
}

/// Endings of object names whose kinds are not built.
const UNBUILT_KINDS: &[(&str, &str)] = &[
    ("__mdt", "custom metadata types are not supported"),
    ("__x", "external objects are not supported"),
    ("__b", "big objects are not supported"),
    ("__kav", "knowledge article types are not supported"),
    ("__dlm", "data model objects are not supported"),
    ("__dll", "data lake objects are not supported"),
    ("__chn", "channel objects are not supported"),
];

/// What a file of workflow holds beside field updates, with what to call it.
const UNBUILT_BESIDE: &[(&str, &str)] = &[
    ("alerts", "email alert"),
    ("flowActions", "flow action"),
    ("knowledgePublishes", "knowledge action"),
    ("outboundMessages", "outbound message"),
    ("rules", "workflow rule"),
    ("send", "send action"),
    ("tasks", "workflow task"),
];

/// Members of a field without which the field still makes sense; those of an object are all but a few.
const FIELD_EXTRAS: &[&str] =
    &["defaultValue", "deprecated", "encryptionScheme", "isAIPredictionField", "isFilteringDisabled", "isSortingDisabled", "lookupFilter"];
/// Members of an object that make it another kind of object.
const OBJECT_KINDS: &[&str] = &["customSettingsType", "eventType", "externalDataSource", "externalRepository", "isInterface"];

/// The metadata type that is called so in messages: `ListView` of `list view`.
fn type_of(what: &str) -> String {
    let capital =
        |word: &str| word.chars().next().map(|c| format!("{}{}", c.to_ascii_uppercase(), &word[c.len_utf8()..])).unwrap_or_default();
    what.split(' ').map(capital).collect()
}

/// The metadata type of what a file of workflow holds: `WorkflowAlert` of `email alert`.
fn workflow_type(what: &str) -> String {
    match what {
        "email alert" => "WorkflowAlert".to_owned(),
        "knowledge action" => "WorkflowKnowledgePublish".to_owned(),
        "send action" => "WorkflowSend".to_owned(),
        "workflow rule" | "workflow task" => type_of(what),
        other => format!("Workflow{}", type_of(other)),
    }
}

fn unbuilt_kind(object: &str) -> Option<&'static str> {
    let name = fold_name(object);
    UNBUILT_KINDS.iter().find(|(suffix, _)| name.ends_with(suffix)).map(|(_, why)| *why)
}

fn is_custom(name: &str) -> bool {
    fold_name(name).ends_with("__c")
}

#[derive(Default)]
struct Loader<'a> {
    /// The files, where they are in memory.
    files: Option<&'a BTreeMap<PathBuf, Vec<u8>>>,
    components: Vec<Component>,
    /// What is being read: errors and what is left out are about that.
    about: Option<String>,
    objects: BTreeMap<String, ObjectDef>,
    /// Fields by folded object name, in order.
    fields: BTreeMap<String, Vec<FieldDef>>,
    parts: Vec<PartDef>,
    apex: Vec<(ApexKind, String, String, ApexMeta)>,
    records: Vec<ProjectRecord>,
    sets: BTreeMap<String, GlobalValueSet>,
    /// Folded names of objects and `object.field` that were left out.
    left_out: BTreeSet<String>,
    origins: BTreeMap<String, Origin>,
    skipped: Vec<Skipped>,
    errors: Vec<ProjectError>,
}

impl Loader<'_> {
    fn error(&mut self, path: &Path, line: Option<u32>, reason: impl Into<String>) {
        self.errors.push(ProjectError { path: path.to_path_buf(), line, reason: reason.into(), about: self.about.clone() });
    }

    fn skip(&mut self, path: &Path, line: Option<u32>, what: String, why: impl Into<String>) {
        self.skipped.push(Skipped { path: path.to_path_buf(), line, what, why: why.into(), about: self.about.clone() });
    }

    /// Notes a component, of which is told from here on.
    fn component(&mut self, path: &Path, line: Option<u32>, type_name: &str, full_name: &str, key: String) {
        self.about = Some(key.clone());
        let (type_name, full_name) = (type_name.to_owned(), full_name.to_owned());
        self.components.push(Component { type_name, full_name, keys: vec![key], path: path.to_path_buf(), line, bare: false });
    }

    fn take(&mut self, found: Vec<Found>) {
        // Value sets first: fields of any file may name them.
        let (sets, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|f| matches!(f.holds, Holds::ValueSet(_)));
        let (objects, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|f| matches!(f.holds, Holds::Object(_)));
        for file in sets.into_iter().chain(objects).chain(rest) {
            self.about = None;
            self.file(file);
        }
    }

    fn file(&mut self, file: Found) {
        let path = &file.path;
        match file.holds {
            Holds::Unbuilt(what, name) => {
                self.component(path, None, &type_of(what), &name, format!("{what} {name}"));
                self.skip(path, None, format!("{what} {name}"), format!("{what} metadata is not supported"));
            }
            Holds::ValueSet(name) => {
                self.component(path, None, "GlobalValueSet", &name, format!("value set {name}"));
                let Some(node) = self.read(path, "GlobalValueSet") else { return };
                match GlobalValueSet::from_meta(&name, &node) {
                    Ok(set) => {
                        self.sets.insert(fold_name(&name).into_owned(), set);
                    }
                    Err(e) => self.error(path, e.line, e.message),
                }
            }
            Holds::Object(name) => {
                if let Some(node) = self.read(path, "CustomObject") {
                    self.object(path, &name, node);
                }
            }
            Holds::Part(kind, object, name) => {
                if let Some(node) = self.read(path, kind.name) {
                    self.part(path, kind, &object, &name, node);
                }
            }
            Holds::Parts(kind, object) => self.listed(path, kind, &object),
            Holds::Apex(kind, name) => self.apex(path, kind, name),
            Holds::Record(kind, name) => self.record(path, kind, &name),
            Holds::Field(object, name) => {
                if let Some(node) = self.read(path, "CustomField") {
                    self.field(path, &object, &name, node);
                }
            }
        }
    }

    fn read(&mut self, path: &Path, root: &str) -> Option<MetaNode> {
        if let Some(files) = self.files {
            return self.parsed(path, root, files.get(path).map(Vec::as_slice).unwrap_or_default());
        }
        let size = fs::metadata(path).map_or(0, |m| m.len());
        if size > MAX_BYTES as u64 {
            self.error(path, None, format!("the file is larger than {MAX_BYTES} bytes"));
            return None;
        }
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.error(path, None, e.to_string());
                return None;
            }
        };
        self.parsed(path, root, &bytes)
    }

    fn parsed(&mut self, path: &Path, root: &str, bytes: &[u8]) -> Option<MetaNode> {
        match MetaNode::from_xml(bytes) {
            Ok(node) if node.name == root => Some(node),
            Ok(node) => {
                self.error(path, node.line, format!("the root element is {}, not {root}", node.name));
                None
            }
            Err(e) => {
                self.error(path, Some(e.line), e.message);
                None
            }
        }
    }

    /// Reads what stands beside a body, and the body.
    fn apex(&mut self, path: &Path, kind: ApexKind, name: String) {
        let beside = path.with_file_name(format!("{name}.{}", kind.ending()));
        self.component(&beside, None, kind.name(), &name, apex::qualified(kind, &name));
        let Some(node) = self.read(path, kind.name()) else { return };
        let meta = match ApexMeta::from_meta(kind, &node) {
            Ok(meta) => meta,
            Err(e) if e.unsupported => return self.skip(path, e.line, apex::qualified(kind, &name), e.message),
            Err(e) => return self.error(path, e.line, e.message),
        };
        let body = match self.body(&beside) {
            Ok(body) => body,
            Err(reason) => return self.error(&beside, None, reason),
        };
        let full = apex::qualified(kind, &name);
        if let Some((first, _)) = self.origins.get(&full) {
            let reason = format!("{full} is already defined in {}", first.display());
            return self.error(&beside, None, reason);
        }
        self.origins.insert(full, (beside, None));
        self.apex.push((kind, name, body, meta));
    }

    /// The text of a file that is no XML.
    fn body(&self, path: &Path) -> Result<String, String> {
        let bytes = match self.files {
            Some(files) => files.get(path).cloned().ok_or_else(|| "the file is missing".to_owned())?,
            None => {
                let size = fs::metadata(path).map_err(|e| e.to_string())?.len();
                // Characters take four bytes at most; how many there may be is told with the definition.
                if size > 4 * apex::MAX_BODY as u64 {
                    return Err(format!("the file is longer than {} characters", apex::MAX_BODY));
                }
                fs::read(path).map_err(|e| e.to_string())?
            }
        };
        String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())
    }

    fn leave_out_object(&mut self, path: &Path, line: Option<u32>, name: &str, why: &str) {
        if self.left_out.insert(fold_name(name).into_owned()) {
            self.skip(path, line, format!("object {name}"), why);
        }
    }

    fn object(&mut self, path: &Path, name: &str, mut node: MetaNode) {
        self.component(path, node.line, "CustomObject", name, name.to_owned());
        let place = self.components.len() - 1;
        if let Some(why) = unbuilt_kind(name) {
            return self.leave_out_object(path, node.line, name, why);
        }
        let mut fields = Vec::new();
        let mut parts = Vec::new();
        let mut unbuilt = Vec::new();
        let children = std::mem::take(&mut node.children);
        for child in children {
            if let Some(kind) = KINDS.iter().copied().find(|kind| kind.member == Some(&child.name)) {
                parts.push((kind, child));
                continue;
            }
            match UNBUILT_PARTS.iter().find(|(member, _)| *member == child.name) {
                Some((_, what)) => unbuilt.push((*what, child)),
                None if child.name == "fields" => fields.push(child),
                None => node.children.push(child),
            }
        }
        self.components[place].bare = node.children.iter().all(|c| c.is_null() || c.name == "fullName");
        if is_custom(name) || is_event(name) {
            // A file with neither label nor name field defines nothing: it only adds to an object that exists.
            if node.child("label").is_some() || node.child("nameField").is_some() || node.child("customSettingsType").is_some() {
                self.define(path, name, node);
            }
        } else if let Some(first) = node.children.iter().find(|c| !c.is_null()) {
            let line = first.line;
            self.skip(path, line, format!("settings of the standard object {name}"), "settings of standard objects are not supported");
        }
        if self.left_out.contains(fold_name(name).as_ref()) {
            return;
        }
        for (what, part) in unbuilt {
            let own = part.child_text("fullName").unwrap_or_default().trim();
            self.component(path, part.line, &type_of(what), &format!("{name}.{own}"), format!("{what} {name}.{own}"));
            self.skip(path, part.line, format!("{what} {name}.{own}"), format!("{what} metadata is not supported"));
        }
        for field in fields {
            let own = field.child_text("fullName").unwrap_or_default().trim().to_owned();
            self.field(path, name, &own, field);
        }
        for (kind, part) in parts {
            let own = part.child_text("fullName").unwrap_or_default().trim().to_owned();
            self.part(path, kind, name, &own, part);
        }
    }

    /// Reads a file that holds all parts of a kind of an object.
    fn listed(&mut self, path: &Path, kind: &'static Kind, object: &str) {
        let Some((root, member)) = part::listed(kind) else { return };
        let Some(node) = self.read(path, root) else { return };
        for child in node.children {
            if let Some((_, what)) = UNBUILT_BESIDE.iter().find(|(name, _)| root == "Workflow" && *name == child.name) {
                let full = format!("{object}.{}", child.child_text("fullName").unwrap_or_default().trim());
                self.component(path, child.line, &workflow_type(what), &full, format!("{what} {full}"));
                self.skip(path, child.line, format!("{what} {full}"), format!("{what} metadata is not supported"));
                continue;
            }
            if child.name == "fullName" {
                continue;
            }
            if child.name != member {
                self.error(path, child.line, format!("Element {} invalid at this location in type {root}", child.name));
                continue;
            }
            let own = child.child_text("fullName").unwrap_or_default().trim().to_owned();
            self.part(path, kind, object, &own, child);
        }
    }

    fn part(&mut self, path: &Path, kind: &'static Kind, object: &str, name: &str, mut node: MetaNode) {
        let full = if part::is_of_org(kind) { name.to_owned() } else { format!("{object}.{name}") };
        self.component(path, node.line, kind.name, &full, part::qualified(kind, object, name));
        if self.left_out.contains(fold_name(object).as_ref()) {
            return;
        }
        if let Some(why) = unbuilt_kind(object) {
            return self.leave_out_object(path, node.line, object, why);
        }
        // The file's name says what it is called, whatever it says inside.
        node.children.retain(|child| child.name != "fullName");
        match PartDef::from_meta(kind, object, name, &node) {
            Ok(mut def) => {
                let full = def.qualified_name();
                if let Some(standard) = standard::objects().object(object) {
                    for what in def.fit(standard) {
                        let what = format!("{what} in {full}");
                        self.skip(path, node.line, what, "this org does not have it");
                    }
                }
                if let Some((first, _)) = self.origins.get(&full) {
                    let reason = format!("{full} is already defined in {}", first.display());
                    return self.error(path, node.line, reason);
                }
                self.origins.insert(full, (path.to_path_buf(), node.line));
                self.parts.push(def);
            }
            Err(e) if e.unsupported => {
                let what = part::qualified(kind, object, name);
                self.left_out.insert(fold_name(&what).into_owned());
                self.skip(path, e.line, what, e.message);
            }
            Err(e) => self.error(path, e.line, e.message),
        }
    }

    fn define(&mut self, path: &Path, name: &str, mut node: MetaNode) {
        let key = fold_name(name).into_owned();
        if let Some((first, _)) = self.origins.get(name) {
            let reason = format!("{name} is already defined in {}", first.display());
            return self.error(path, node.line, reason);
        }
        self.origins.insert(name.to_owned(), (path.to_path_buf(), node.line));
        loop {
            match ObjectDef::from_meta(name, &node) {
                Ok(def) => {
                    self.objects.insert(key, def);
                    return;
                }
                Err(e) if e.unsupported => {
                    match e.fields.first().filter(|f| !OBJECT_KINDS.contains(&f.as_str()) && node.child(f).is_some()) {
                        Some(member) => {
                            self.skip(path, e.line, format!("{member} of {name}"), e.message.clone());
                            node.children.retain(|c| c.name != *member);
                        }
                        None => return self.leave_out_object(path, e.line, name, &e.message),
                    }
                }
                Err(e) => return self.error(path, e.line, e.message),
            }
        }
    }

    fn field(&mut self, path: &Path, object: &str, name: &str, node: MetaNode) {
        let full = format!("{object}.{name}");
        self.component(path, node.line, "CustomField", &full, full.clone());
        if object != "Activity" {
            return self.field_of(path, object, name, node);
        }
        // Custom fields of activities are defined once and are fields of both tasks and events.
        let both = ["Task", "Event"].map(|object| (object, format!("{object}.{name}")));
        if let Some(component) = self.components.last_mut() {
            component.keys = both.iter().map(|(_, key)| key.clone()).collect();
        }
        for (object, key) in both {
            self.about = Some(key);
            self.field_of(path, object, name, node.clone());
        }
    }

    fn field_of(&mut self, path: &Path, object: &str, name: &str, node: MetaNode) {
        if self.left_out.contains(fold_name(object).as_ref()) {
            return;
        }
        if let Some(why) = unbuilt_kind(object) {
            return self.leave_out_object(path, node.line, object, why);
        }
        let full = format!("{object}.{name}");
        if !is_custom(name) {
            if name.is_empty() {
                return self.error(path, node.line, format!("a field of {object} has no fullName"));
            }
            return self.skip(path, node.line, format!("standard field {full}"), "settings of standard fields are not supported");
        }
        if let Some((first, _)) = self.origins.get(&full) {
            let reason = format!("{full} is already defined in {}", first.display());
            return self.error(path, node.line, reason);
        }
        self.origins.insert(full.clone(), (path.to_path_buf(), node.line));
        let mut node = node;
        loop {
            match FieldDef::from_meta(object, name, &node) {
                Ok(def) => return self.add_field(path, def, &node),
                Err(e) if e.unsupported => match e.fields.first().filter(|f| FIELD_EXTRAS.contains(&f.as_str()) && node.child(f).is_some())
                {
                    Some(member) => {
                        self.skip(path, e.line, format!("{member} of {full}"), e.message.clone());
                        node.children.retain(|c| c.name != *member);
                    }
                    None => {
                        self.left_out.insert(fold_name(&full).into_owned());
                        return self.skip(path, e.line, format!("field {full}"), e.message);
                    }
                },
                Err(e) => return self.error(path, e.line, e.message),
            }
        }
    }

    fn add_field(&mut self, path: &Path, mut def: FieldDef, node: &MetaNode) {
        if let Some(set) = &mut def.value_set
            && let Some(name) = set.value_set_name.clone()
        {
            let line = node.child("valueSet").map_or(node.line, |v| v.line);
            match self.sets.get(fold_name(&name).as_ref()) {
                Some(global) => set.resolve(global),
                // Files that are deployed may use what the org has.
                None if self.files.is_some() => {
                    self.fields.entry(fold_name(&def.object).into_owned()).or_default().push(def);
                    return;
                }
                None => return self.error(path, line, format!("the value set {name} is not in the project")),
            }
            if let Some(value) = set.unknown_setting() {
                let reason = format!("Picklist value: {value} in valueSettings not found");
                return self.error(path, line, reason);
            }
        }
        self.fields.entry(fold_name(&def.object).into_owned()).or_default().push(def);
    }

    /// All that was read, with what is wrong.
    fn reading(mut self, unread: Vec<PathBuf>) -> Reading {
        while self.leave_out_dangling() {}
        let (errors, components) = (std::mem::take(&mut self.errors), std::mem::take(&mut self.components));
        Reading { project: self.project(), errors, components, unread }
    }

    fn finish(mut self) -> Result<Project, Vec<ProjectError>> {
        // Leaving one field out may leave others without what they refer to.
        while self.leave_out_dangling() {}
        if !self.errors.is_empty() {
            self.errors.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
            return Err(self.errors);
        }
        Ok(self.project())
    }

    fn project(mut self) -> Project {
        self.skipped.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        let mut project = Project {
            skipped: self.skipped,
            origins: self.origins,
            value_sets: self.sets.into_values().collect(),
            parts: self.parts,
            apex: self.apex,
            records: self.records,
            ..Project::default()
        };
        for (key, fields) in self.fields {
            match self.objects.get_mut(&key) {
                Some(object) => object.fields = fields,
                None => project.fields.extend(fields),
            }
        }
        project.objects = self.objects.into_values().collect();
        project
    }

    /// Leaves out fields and parts that refer to something left out; whether there were any.
    fn leave_out_dangling(&mut self) -> bool {
        let mut gone = Vec::new();
        let mut unfiltered = Vec::new();
        let left_out = &self.left_out;
        for fields in self.fields.values_mut() {
            fields.retain_mut(|def| {
                let target = def.reference_to.as_deref().filter(|t| left_out.contains(fold_name(t).as_ref()) || unbuilt_kind(t).is_some());
                let controller = def.value_set.as_ref().and_then(|set| set.controlling_field.as_ref());
                let controller = controller.filter(|c| left_out.contains(fold_name(&format!("{}.{c}", def.object)).as_ref()));
                let Some(missing) = target.or(controller.map(String::as_str)) else {
                    let missing = def.filtered_by().into_iter().map(|(o, f)| format!("{o}.{f}"));
                    if let Some(missing) = { missing }.find(|full| left_out.contains(fold_name(full).as_ref())) {
                        def.lookup_filter = None;
                        unfiltered.push((def.qualified_name(), format!("it refers to {missing}, which is not supported by this org.")));
                    }
                    return true;
                };
                gone.push((def.qualified_name(), format!("it refers to {missing}, which is not supported by this org.")));
                false
            });
        }
        let fields: Vec<(&str, &str)> = left_out.iter().filter_map(|name| name.split_once('.')).collect();
        for part in &mut self.parts {
            for (object, field) in &fields {
                if part.forget(object, field) {
                    let (path, line) = self.origins.get(&part.qualified_name()).cloned().unwrap_or_default();
                    let called = if part.kind().name == "ListView" { "column" } else { "picklist" };
                    let what = format!("{called} {field} in {}", part.qualified_name());
                    let (why, about) = (format!("{object}.{field} is not supported by this org."), Some(part.qualified_name()));
                    self.skipped.push(Skipped { path, line, what, why, about });
                }
            }
        }
        self.parts.retain(|part| {
            let field =
                fields.iter().find(|(object, field)| part.refers_to(object, field)).map(|(object, field)| format!("{object}.{field}"));
            let needed = || part.needs().into_iter().find(|name| left_out.contains(fold_name(name).as_ref()));
            let Some(missing) = field.or_else(needed) else { return true };
            gone.push((part.qualified_name(), format!("it refers to {missing}, which is not supported by this org.")));
            false
        });
        for (name, why) in &gone {
            self.left_out.insert(fold_name(name).into_owned());
            if let Some((path, line)) = self.origins.get(name).cloned() {
                let what = if name.contains(' ') { name.clone() } else { format!("field {name}") };
                self.about = Some(name.clone());
                self.skip(&path, line, what, why.clone());
            }
        }
        for (name, why) in unfiltered {
            if let Some((path, line)) = self.origins.get(&name).cloned() {
                self.about = Some(name.clone());
                self.skip(&path, line, format!("lookupFilter of {name}"), why);
            }
        }
        !gone.is_empty()
    }
}
