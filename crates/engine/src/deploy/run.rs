//! A deployment's work: what its files come to, held against what the org has, and applied.

use super::archive;
use super::package::{self, Package, columns, shown};
use super::{Message, Options, ProblemType, Status};
use crate::metadata::{self, Custom, Edit, Refusal, value_sets};
use crate::project::edits;
use crate::{Failure, Identity};
use orglet_base::{ErrorCode, fold_name};
use orglet_schema::custom::project::{self, Component, ProjectError, Reading, Skipped};
use orglet_schema::custom::{DefError, part};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// How many refusals are found one after the other, as each asks for another look at the whole.
const MOST_REFUSALS: usize = 200;

/// What came of a deployment.
pub(super) struct Outcome {
    pub(super) status: Status,
    pub(super) messages: Vec<Message>,
    pub(super) error: Option<(String, String)>,
}

impl Outcome {
    fn failed(messages: Vec<Message>, error: Option<String>) -> Self {
        let error = error.map(|text| (ErrorCode::UnknownException.as_str().to_owned(), text));
        Self { status: Status::Failed, messages, error }
    }
}

/// A component, and the changes that it comes to.
struct Entry {
    message: Message,
    edits: Vec<Edit>,
}

pub(super) fn run(identity: &Identity, zip: &[u8], options: &Options) -> Result<Outcome, Failure> {
    let wanted = |path: &Path| package::is_one(path) || project::is_read(path);
    let mut files = match archive::read(zip, wanted) {
        Ok(files) => files,
        Err(text) => return Ok(Outcome::failed(Vec::new(), Some(text))),
    };
    let mut about_packages = Vec::new();
    let packages = package::take(&mut files, options.single_package, &mut about_packages);
    // A file outside every package belongs to nothing that is deployed.
    let is_inside = |path: &Path| packages.iter().any(|package| path.starts_with(&package.folder));
    files.read.retain(|path, _| is_inside(path));
    files.others.retain(|path| is_inside(path));
    let have = metadata::all(&identity.org)?;
    let columns = files.read.iter().map(|(path, bytes)| (path.clone(), columns(bytes))).collect();
    let work = Work { identity, options, packages: &packages, have: &have, columns };
    let reading = project::read_files(&files.read);
    if options.runs_tests() && work.has_tests(&reading) {
        return Ok(Outcome::failed(about_packages, Some("Apex tests cannot be run on this server.".to_owned())));
    }
    let mut entries = work.removals(false);
    entries.extend(work.components(&reading)?);
    entries.extend(work.unread(&files, &entries));
    entries.extend(work.removals(true));
    work.refuse_contradictions(&mut entries);
    for package in &packages {
        let missing = work.missing(package, &entries);
        if missing.is_empty() {
            about_packages.push(Package::message(&package.file()));
        }
        about_packages.extend(missing);
    }
    let sound = about_packages.iter().all(|message| message.success);
    let done = apply(identity, options, sound, &mut entries)?;
    let mut messages: Vec<Message> = entries.into_iter().map(|entry| entry.message).collect();
    let failed = !sound || messages.iter().any(|message| !message.success);
    messages.extend(about_packages);
    if let Some(text) = done {
        return Ok(Outcome::failed(messages, Some(text)));
    }
    let some = messages.iter().any(|message| message.success && !message.of_package);
    let status = match (failed, options.rollback_on_error, some) {
        (false, ..) => Status::Succeeded,
        (true, false, true) if sound => Status::SucceededPartial,
        _ => Status::Failed,
    };
    Ok(Outcome { status, messages, error: None })
}

/// Makes the changes of the components that are well, and tells of those that are refused. Answers why nothing could be made
/// where it gave up.
fn apply(identity: &Identity, options: &Options, sound: bool, entries: &mut [Entry]) -> Result<Option<String>, Failure> {
    let mut refusals = 0;
    loop {
        let ready = |entry: &&Entry| entry.message.success;
        let is_whole = sound && entries.iter().all(|entry| ready(&entry));
        let keeps = sound && !options.check_only && (is_whole || !options.rollback_on_error);
        let mut of = Vec::new();
        let mut changes = Vec::new();
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| ready(entry)) {
            of.extend(entry.edits.iter().map(|_| at));
            changes.extend(entry.edits.iter().cloned());
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let done =
            if keeps { metadata::apply_telling(identity, changes) } else { metadata::try_out(identity, changes).map(|()| Vec::new()) };
        let Refusal { at, failure, others } = match done {
            Ok(ids) => {
                for (at, id) in of.into_iter().zip(ids) {
                    entries[at].message.id = Some(id.to_string());
                }
                return Ok(None);
            }
            Err(refusal) => refusal,
        };
        // What a compiler refuses it tells with the place.
        let definition = |e: &DefError| match (e.malformed, e.column) {
            (true, _) => (format!("Error parsing file: {}", e.message), e.line, None),
            (false, None) => (e.message.clone(), None, None),
            (false, column) => (e.message.clone(), e.line, column),
        };
        let (problem, line, column) = match &failure {
            Failure::Definition(e) => definition(e),
            Failure::Api(e) => (e.message().to_owned(), None, None),
            _ => return Err(failure),
        };
        let Some(entry) = of.get(at).and_then(|at| entries.get_mut(*at)) else { return Ok(Some(problem)) };
        entry.refuse(problem, line, column);
        for e in &others {
            let is_it = |entry: &&mut Entry| {
                entry.message.success && entry.edits.iter().any(|edit| same_name(edit.subject().as_deref(), e.subject.as_deref()))
            };
            if let Some(entry) = entries.iter_mut().find(is_it) {
                let (problem, line, column) = definition(e);
                entry.refuse(problem, line, column);
            }
        }
        refusals += 1;
        if refusals == MOST_REFUSALS {
            return Ok(Some(format!("More than {MOST_REFUSALS} components are refused by the org")));
        }
    }
}

impl Entry {
    /// Notes that the org refuses it.
    fn refuse(&mut self, problem: String, line: Option<u32>, column: Option<u32>) {
        self.message.fail(problem, ProblemType::Error);
        self.message.line = line.or(self.message.line);
        self.message.column = column.or(self.message.column);
    }
}

fn same_name(a: Option<&str>, b: Option<&str>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

struct Work<'a> {
    identity: &'a Identity,
    options: &'a Options,
    packages: &'a [Package],
    have: &'a [Custom],
    /// Columns behind the elements of files, by line.
    columns: HashMap<PathBuf, Vec<u32>>,
}

impl Work<'_> {
    fn package(&self, path: &Path) -> Option<&Package> {
        self.packages.iter().find(|package| path.starts_with(&package.folder))
    }

    /// Whether there are tests, in the org or among the files.
    fn has_tests(&self, reading: &Reading) -> bool {
        let is_test = |body: &str| ["@istest", "testmethod"].iter().any(|word| body.to_ascii_lowercase().contains(word));
        let mine = self.have.iter().filter_map(Custom::apex_def).map(|def| def.body.as_str());
        mine.chain(reading.project.apex.iter().map(|(_, _, body, _)| body.as_str())).any(is_test)
    }

    /// Whether a package lists a component, or what it belongs to.
    fn is_listed(package: &Package, component: &Component) -> bool {
        let (ty, name) = (component.type_name.as_str(), component.full_name.as_str());
        let parent = name.split_once('.').map(|(object, _)| object);
        package.manifest.names(ty, name)
            || parent.is_some_and(|object| ["CustomObject", list_of(ty)].iter().any(|of| package.manifest.names(of, object)))
    }

    /// What the files hold.
    fn components(&self, reading: &Reading) -> Result<Vec<Entry>, Failure> {
        let mut changes: HashMap<String, Edit> = HashMap::new();
        let (edits, refused) = edits(self.identity, &reading.project)?;
        for edit in edits {
            if let Some(subject) = edit.subject() {
                changes.insert(fold_name(&subject).into_owned(), edit);
            }
        }
        let mut told = HashSet::new();
        let mut entries = Vec::new();
        for component in &reading.components {
            let Some(package) = self.package(&component.path) else { continue };
            if component.bare && !package.manifest.members("CustomObject").any(|name| name.eq_ignore_ascii_case(&component.full_name)) {
                continue;
            }
            let keys: Vec<String> = component.keys.iter().map(|key| fold_name(key).into_owned()).collect();
            let is_about = |about: &Option<String>| about.as_ref().is_some_and(|about| keys.contains(&fold_name(about).into_owned()));
            let errors: Vec<(usize, &ProjectError)> =
                reading.errors.iter().enumerate().filter(|(_, e)| e.path == component.path && is_about(&e.about)).collect();
            let skipped: Vec<&Skipped> = reading.project.skipped.iter().filter(|s| is_about(&s.about)).collect();
            told.extend(errors.iter().map(|(at, _)| *at));
            let refusal = refused.iter().find(|e| is_about(&e.subject));
            let edits: Vec<Edit> = keys.iter().filter_map(|key| changes.get(key)).cloned().collect();
            let mut entry = Entry { message: self.message(component), edits };
            if !Self::is_listed(package, component) {
                entry.message.fail("Not in package.xml", ProblemType::Error);
            } else if let Some((_, e)) = errors.first() {
                let (problem, line) = parse_problem(e);
                entry.message.fail(problem, ProblemType::Error);
                if let Some(line) = line {
                    (entry.message.line, entry.message.column) = (Some(line), self.column(&component.path, line));
                }
            } else if let Some(e) = refusal {
                entry.message.fail(e.message.clone(), ProblemType::Error);
            } else if component.type_name == "GlobalValueSet" {
                self.judge_set(component, reading, &changes, &mut entry);
            } else {
                self.judge(component, &skipped, reading, &mut entry);
            }
            entries.push(entry);
        }
        for (at, e) in reading.errors.iter().enumerate() {
            if !told.contains(&at) {
                let mut message = of_file(&e.path);
                let (problem, _) = parse_problem(e);
                let problem = if e.about.is_none() && !problem.starts_with("Error parsing") {
                    format!("Error parsing file: {problem}")
                } else {
                    problem
                };
                message.fail(problem, ProblemType::Error);
                (message.line, message.column) = (e.line, e.line.and_then(|line| self.column(&e.path, line)));
                entries.push(Entry { message, edits: Vec::new() });
            }
        }
        Ok(entries)
    }

    /// What a component that is read comes to: created, changed, or as it was; with a warning where a part of it is left out.
    fn judge(&self, component: &Component, skipped: &[&Skipped], reading: &Reading, entry: &mut Entry) {
        let message = &mut entry.message;
        let catalog = self.identity.org.catalog();
        let (object, field) = component.full_name.split_once('.').map_or((component.full_name.as_str(), None), |(o, f)| (o, Some(f)));
        let standard = catalog.object(object).filter(|o| !o.custom);
        let is_standard = match (component.type_name.as_str(), field) {
            ("CustomObject", None) => standard.is_some(),
            ("CustomField", Some(field)) => catalog.object(object).and_then(|o| o.field(field)).is_some_and(|f| !f.custom),
            _ => false,
        };
        let warning = |s: &&Skipped| format!("{}: {}", s.what, s.why);
        message.success = true;
        if entry.edits.len() < component.keys.len() {
            entry.edits.clear();
            if component.bare {
                if catalog.object(object).is_none() {
                    message.fail("Must specify a non-empty label for the CustomObject", ProblemType::Error);
                }
                return;
            }
            let whole = reading.project.skipped.iter().find(|s| s.about.as_deref().is_some_and(|a| a.eq_ignore_ascii_case(object)));
            let (problem, ty) = match skipped.first() {
                Some(s) if is_standard => (warning(s), ProblemType::Warning),
                Some(s) => (warning(s), ProblemType::Error),
                None => match whole {
                    Some(s) => (warning(&s), ProblemType::Error),
                    None => (format!("{} metadata is not supported by this org.", component.type_name), ProblemType::Error),
                },
            };
            return self.warn_or_fail(message, problem, ty);
        }
        let mut ids = entry.edits.iter().map(|edit| self.existing(edit));
        (message.created, message.changed) = (false, false);
        let first = ids.next().flatten();
        message.id = first.map(|custom| custom.id.to_string());
        let same = |edit: &Edit| self.existing(edit).is_some_and(|custom| edit.leaves(custom));
        if first.is_none() {
            (message.created, message.changed) = (true, true);
        } else if !entry.edits.iter().all(same) {
            message.changed = true;
        }
        let edits = std::mem::take(&mut entry.edits);
        entry.edits = edits.into_iter().filter(|edit| !same(edit)).collect();
        if let Some(s) = skipped.first() {
            self.warn_or_fail(&mut entry.message, warning(s), ProblemType::Warning);
        }
    }

    /// What a global value set comes to: changes of the fields that take their values from it.
    fn judge_set(&self, component: &Component, reading: &Reading, changes: &HashMap<String, Edit>, entry: &mut Entry) {
        let name = component.full_name.as_str();
        let message = &mut entry.message;
        let Some(new) = reading.project.value_sets.iter().find(|set| set.full_name.eq_ignore_ascii_case(name)) else {
            return message.fail("The set is not understood", ProblemType::Error);
        };
        let known = value_sets::all(self.have).into_iter().find(|set| set.full_name.eq_ignore_ascii_case(name));
        let is_component = |key: &str| reading.components.iter().any(|c| c.keys.iter().any(|k| k.eq_ignore_ascii_case(key)));
        let uses = |edit: &&Edit| matches!(edit, Edit::AddField(def) | Edit::ChangeField(_, def) if value_sets::uses(def, name));
        let (brought, others): (Vec<&Edit>, Vec<&Edit>) =
            changes.values().filter(uses).partition(|edit| edit.subject().is_some_and(|subject| is_component(&subject)));
        if brought.is_empty() && others.is_empty() {
            let text = "Global value sets are kept in the fields that use them alone, and none does.".to_owned();
            return self.warn_or_fail(message, text, ProblemType::Warning);
        }
        message.success = true;
        message.created = known.is_none();
        message.changed = known.as_ref().is_none_or(|known| !known.is_like(new));
        entry.edits = others.into_iter().filter(|edit| self.existing(edit).is_none_or(|custom| !edit.leaves(custom))).cloned().collect();
    }

    /// A warning fails what it is about unless warnings are ignored (documented).
    fn warn_or_fail(&self, message: &mut Message, problem: String, ty: ProblemType) {
        if ty == ProblemType::Warning && self.options.ignore_warnings {
            (message.problem, message.problem_type) = (Some(problem), Some(ty));
        } else {
            message.fail(problem, ty);
        }
    }

    /// What the org has of what an edit brings.
    fn existing(&self, edit: &Edit) -> Option<&Custom> {
        let subject = edit.subject()?;
        self.have.iter().find(|custom| custom.subject().eq_ignore_ascii_case(&subject))
    }

    fn message(&self, component: &Component) -> Message {
        Message {
            component_type: component.type_name.clone(),
            file_name: shown(&component.path),
            full_name: component.full_name.clone(),
            line: component.line,
            column: component.line.and_then(|line| self.column(&component.path, line)),
            ..Message::default()
        }
    }

    fn column(&self, path: &Path, line: u32) -> Option<u32> {
        self.columns.get(path)?.get(line.checked_sub(1)? as usize).copied()
    }

    /// Files of kinds that are not known here, and files of which nothing was understood.
    fn unread(&self, files: &archive::Files, entries: &[Entry]) -> Vec<Entry> {
        let named: HashSet<&str> = entries.iter().map(|entry| entry.message.file_name.as_str()).collect();
        let has_companion = |path: &Path| {
            let of = path.to_str().and_then(|p| p.strip_suffix("-meta.xml")).map(PathBuf::from);
            of.is_some_and(|of| files.others.contains(&of) || files.read.contains_key(&of))
        };
        let mut unread = Vec::new();
        let is_body = |path: &Path| files.read.contains_key(&PathBuf::from(format!("{}-meta.xml", path.to_string_lossy())));
        for path in files.others.iter().filter(|path| !has_companion(path) && !is_body(path)) {
            let Some(package) = self.package(path) else { continue };
            let mut message = of_file(path);
            // The list says of what type it is, where the folder doesn't.
            let listed =
                package.manifest.types.iter().find(|(ty, members)| *ty == message.component_type || members.contains(&message.full_name));
            match listed {
                Some((ty, _)) => {
                    message.component_type.clone_from(ty);
                    message.fail(format!("{ty} metadata is not supported by this org."), ProblemType::Error);
                }
                None => message.fail("Not in package.xml", ProblemType::Error),
            }
            unread.push(Entry { message, edits: Vec::new() });
        }
        // An object's file without anything in it is there for nothing.
        let of_object = |path: &Path| [".object", ".object-meta.xml"].iter().any(|end| path.to_string_lossy().ends_with(end));
        // A body is told of by itself, with the file beside it.
        let beside = |path: &Path| path.to_str().and_then(|p| p.strip_suffix("-meta.xml")).is_some_and(|body| named.contains(body));
        let empty = files.read.keys().filter(|path| !named.contains(shown(path).as_str()) && !of_object(path) && !beside(path));
        unread.extend(empty.map(|path| {
            let message = of_file(path);
            // A class or a trigger comes with a file beside it.
            let problem = match path.extension().and_then(|end| end.to_str()) {
                Some("cls" | "trigger") => format!("The file {}-meta.xml is missing", shown(path)),
                _ => "The file holds no component that this org supports.".to_owned(),
            };
            Entry { message: message.failed(problem), edits: Vec::new() }
        }));
        unread
    }

    /// What is to go, before what is deployed or behind it.
    fn removals(&self, last: bool) -> Vec<Entry> {
        let mut entries = Vec::new();
        let removals = self.packages.iter().flat_map(|package| package.removals.iter().map(move |r| (package, r)));
        let listed: Vec<_> = removals.filter(|(_, removals)| removals.last == last).collect();
        let goes = |ty: &str, name: &str| listed.iter().any(|(_, r)| r.manifest.members(ty).any(|m| m.eq_ignore_ascii_case(name)));
        for (package, removals) in &listed {
            let named = removals.manifest.types.iter().flat_map(|(ty, members)| members.iter().map(move |m| (ty.as_str(), m.as_str())));
            for (ty, name) in named {
                let mut message = Message {
                    component_type: ty.to_owned(),
                    file_name: shown(&removals.file),
                    full_name: name.to_owned(),
                    success: true,
                    ..Message::default()
                };
                let found = self.named(ty, name);
                let parent = name.split_once('.').map(|(object, _)| object);
                let mut edits = Vec::new();
                if !found.is_empty() {
                    (message.deleted, message.changed) = (true, true);
                    message.id = Some(found[0].id.to_string());
                    message.file_name = shown(&package.folder.join(metadata::file_of(found[0])));
                    // What goes with its object is gone by then.
                    if !parent.is_some_and(|object| goes("CustomObject", object)) {
                        edits = found.iter().map(|custom| Edit::Remove(custom.id)).collect();
                    }
                } else if ty == "GlobalValueSet" && value_sets::all(self.have).iter().any(|set| set.full_name.eq_ignore_ascii_case(name)) {
                    // A set is gone when the last field of it is.
                    let stays = |custom: &&Custom| {
                        custom.field_def().is_some_and(|def| value_sets::uses(def, name))
                            && !goes("CustomField", &custom.full_name())
                            && !goes("CustomObject", &custom.object)
                    };
                    match self.have.iter().find(stays) {
                        Some(custom) => {
                            let text = format!("This global value set is used by the custom field {}", custom.full_name());
                            message.fail(text, ProblemType::Error);
                        }
                        None => (message.deleted, message.changed) = (true, true),
                    }
                } else if self.is_standard(ty, name) {
                    let file = parent.unwrap_or(name);
                    message.file_name = shown(&package.folder.join(format!("objects/{file}.object")));
                    message.fail(format!("The {ty} called '{name}' is standard and cannot be deleted"), ProblemType::Error);
                } else if name == "*" {
                    message.fail("The wildcard * cannot be used for what is to be deleted", ProblemType::Error);
                } else {
                    self.warn_or_fail(&mut message, format!("No {ty} named: {name} found"), ProblemType::Warning);
                }
                entries.push(Entry { message, edits });
            }
        }
        entries
    }

    /// What the org has of a type and a name: two where a field of activities is named.
    fn named(&self, ty: &str, name: &str) -> Vec<&Custom> {
        let names = match name.strip_prefix("Activity.") {
            Some(field) if ty == "CustomField" => vec![format!("Task.{field}"), format!("Event.{field}")],
            _ => vec![name.to_owned()],
        };
        let is_it = |custom: &&Custom| custom.type_name() == ty && names.iter().any(|name| custom.full_name().eq_ignore_ascii_case(name));
        self.have.iter().filter(is_it).collect()
    }

    fn is_standard(&self, ty: &str, name: &str) -> bool {
        let catalog = self.identity.org.catalog();
        match (ty, name.split_once('.')) {
            ("CustomObject", None) => catalog.object(name).is_some_and(|o| !o.custom),
            ("CustomField", Some((object, field))) => catalog.object(object).and_then(|o| o.field(field)).is_some_and(|f| !f.custom),
            _ => false,
        }
    }

    /// Refuses to deploy what the same package takes away: its records would have to lose what they hold in between.
    fn refuse_contradictions(&self, entries: &mut [Entry]) {
        let removed: HashSet<(String, String)> = { entries.iter() }
            .filter(|entry| entry.message.deleted)
            .map(|entry| (entry.message.component_type.clone(), entry.message.full_name.to_lowercase()))
            .collect();
        for entry in entries.iter_mut().filter(|entry| !entry.message.deleted && entry.message.success) {
            let key = (entry.message.component_type.clone(), entry.message.full_name.to_lowercase());
            if removed.contains(&key) {
                entry.message.fail("What is deleted cannot be deployed by the same package on this server", ProblemType::Error);
            }
        }
    }

    /// What a package lists and has not.
    fn missing(&self, package: &Package, entries: &[Entry]) -> Vec<Message> {
        let inside = |entry: &&Entry| Path::new(&entry.message.file_name).starts_with(&package.folder);
        let here: Vec<&Message> = entries.iter().filter(inside).map(|entry| &entry.message).collect();
        let file = package.file();
        let mut missing = Vec::new();
        for (ty, members) in &package.manifest.types {
            if !orglet_schema::custom::types::is_known(ty) {
                missing.push(Package::message(&file).failed(format!("Unknown type name '{ty}' specified in package.xml")));
                continue;
            }
            for member in members.iter().filter(|member| *member != "*") {
                let is_it = |m: &&Message| {
                    let of_list = || m.full_name.split_once('.').is_some_and(|(object, _)| object.eq_ignore_ascii_case(member));
                    (m.component_type == *ty && m.full_name.eq_ignore_ascii_case(member)) || (list_of(&m.component_type) == ty && of_list())
                };
                if self.options.allow_missing_files || here.iter().any(|m| is_it(m) && !m.deleted) {
                    continue;
                }
                let problem = format!("An object '{member}' of type {ty} was named in package.xml, but was not found in zipped directory");
                let mut message = Package::message(&file).failed(problem);
                message.full_name.clone_from(member);
                missing.push(message);
            }
        }
        missing
    }
}

/// The type under which packages list the parts of an object that a file holds together; empty for all others.
fn list_of(ty: &str) -> &'static str {
    match part::kind(ty).and_then(part::listed) {
        Some((root, _)) => root,
        None if ty.starts_with("Workflow") => "Workflow",
        None => "",
    }
}

/// What is wrong with a file's form is said so.
fn parse_problem(e: &ProjectError) -> (String, Option<u32>) {
    let of_form = e.reason.contains(" at this location in type ") || e.reason.contains(" is not a valid value for the ");
    if of_form { (format!("Error parsing file: {}", e.reason), e.line) } else { (e.reason.clone(), None) }
}

/// A message about a file as a whole, of the type that its folder holds.
fn of_file(path: &Path) -> Message {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix("-meta.xml").unwrap_or(&name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    Message {
        component_type: orglet_schema::custom::types::of_folder(&folder).unwrap_or_default().to_owned(),
        file_name: shown(path),
        full_name: stem.to_owned(),
        ..Message::default()
    }
}
