//! Loading SFDX projects into an org.

use crate::metadata::{self, Edit, Refusal, value_sets};
use crate::save::{Assign, Incoming, Op, save_one};
use crate::{Failure, Identity, record};
use orglet_base::{ApiVersion, Id, Value};
use orglet_schema::custom::project::{self, Project, ProjectError, ProjectRecord, Skipped};
use orglet_schema::custom::{DefError, FieldDef};
use std::collections::HashMap;
use std::path::PathBuf;

/// Why a project was not loaded. Nothing of it is in the org then.
#[derive(Debug)]
pub enum LoadError {
    /// Files that cannot be understood, or definitions that do not fit together.
    Files(Vec<ProjectError>),
    /// A strict load met something that is known but not built.
    Strict(Vec<Skipped>),
    /// The org refused.
    Failure(Failure),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = match self {
            LoadError::Files(errors) => errors.iter().map(ToString::to_string).collect(),
            LoadError::Strict(skipped) => skipped.iter().map(ToString::to_string).collect(),
            LoadError::Failure(e) => return e.fmt(f),
        };
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for LoadError {}

/// Loads projects: objects, fields and parts of objects that the org lacks are made, those it has take the project's definition. Answers
/// what is known but not built and was left out; with `strict` that refuses the whole.
pub fn load(identity: &Identity, folders: &[PathBuf], strict: bool) -> Result<Vec<Skipped>, LoadError> {
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let mut project = project::load(folders).map_err(LoadError::Files)?;
    let failure = loop {
        if strict && !project.skipped.is_empty() {
            return Err(LoadError::Strict(project.skipped));
        }
        let (edits, mut refused) = edits(identity, &project).map_err(LoadError::Failure)?;
        let done = match refused.is_empty() {
            true => metadata::apply_telling(identity, edits),
            false => Err(Refusal { at: 0, failure: Failure::Definition(Box::new(refused.remove(0))), others: refused }),
        };
        let Refusal { failure, mut others, .. } = match done {
            Ok(_) => {
                save_records(identity, &project.records)?;
                return Ok(project.skipped);
            }
            Err(refusal) => refusal,
        };
        // Whether a filter or a formula looks at what this org has is seen when everything is put together.
        if let Failure::Definition(first) = &failure {
            others.push((**first).clone());
        }
        if !project.leave_out(&others) {
            break failure;
        }
    };
    match failure {
        Failure::Definition(e) => {
            let place = project.locate(&e).unwrap_or_else(|| ProjectError {
                path: folders.first().cloned().unwrap_or_default(),
                line: None,
                reason: e.to_string(),
                about: None,
            });
            Err(LoadError::Files(vec![place]))
        }
        other => Err(LoadError::Failure(other)),
    }
}

/// Saves the records that a project brings: those that the org has take its values.
fn save_records(identity: &Identity, records: &[ProjectRecord]) -> Result<(), LoadError> {
    for record in records {
        save_record(identity, record).map_err(|failure| match failure {
            failure @ (Failure::Api(_) | Failure::Errors(_)) => {
                LoadError::Files(vec![ProjectError { path: record.path.clone(), line: None, reason: failure.to_string(), about: None }])
            }
            other => LoadError::Failure(other),
        })?;
    }
    Ok(())
}

fn save_record(identity: &Identity, record: &ProjectRecord) -> Result<(), Failure> {
    let catalog = identity.org.catalog();
    let (Some(object), name) = (catalog.object(record.object), record.name.as_str()) else { return Ok(()) };
    let Some(key) = object.field(record.key) else { return Ok(()) };
    let id = record::find_by_external_id(identity, object, key, name)?.first().copied();
    let given = std::iter::once((record.key, Value::from(name))).chain(record.values.iter().cloned());
    let fields = given.filter_map(|(field, value)| Some((object.field_index(field)?, Assign::Value(value)))).collect();
    let op = if id.is_some() { Op::Update } else { Op::Insert };
    save_one(identity, object, op, Incoming { id, fields, ..Incoming::default() }, None).map(|_| ())
}

/// The changes that a project comes to, and what can be none.
pub(crate) fn edits(identity: &Identity, project: &Project) -> Result<(Vec<Edit>, Vec<DefError>), Failure> {
    let all = metadata::all(&identity.org)?;
    let key = |kind: &str, object: &str, name: &str| format!("{kind} {object} {name}").to_ascii_lowercase();
    let have: HashMap<String, Id> = all.iter().map(|c| (key(&c.kind, &c.object, &c.name), c.id)).collect();
    let known = |kind: &str, object: &str, name: &str| have.get(&key(kind, object, name)).copied();
    let mut edits = Vec::new();
    let mut fields = Vec::new();
    for object in &project.objects {
        let mut bare = object.clone();
        for mut field in std::mem::take(&mut bare.fields) {
            field.object.clone_from(&object.full_name);
            fields.push(field);
        }
        edits.push(match known(metadata::OBJECT, &object.full_name, &object.full_name) {
            Some(id) => Edit::ChangeObject(id, bare),
            None => Edit::AddObject(bare),
        });
    }
    // Fields come after every object, so that they may refer to any.
    let brought: Vec<FieldDef> = fields.into_iter().chain(project.fields.iter().cloned()).collect();
    // The org's other fields of a set take its values too.
    for set in &project.value_sets {
        edits.extend(value_sets::changes(set, &all, |def| {
            brought.iter().any(|b| b.qualified_name().eq_ignore_ascii_case(&def.qualified_name()))
        }));
    }
    let mut refused = Vec::new();
    for mut field in brought {
        refused.extend(value_sets::resolve(&mut field, &all).err());
        edits.push(match known(metadata::FIELD, &field.object, &field.full_name) {
            Some(id) => Edit::ChangeField(id, field),
            None => Edit::AddField(field),
        });
    }
    for part in &project.parts {
        edits.push(match known(part.kind().name, part.object(), part.name()) {
            Some(id) => Edit::ChangePart(id, part.clone()),
            None => Edit::AddPart(part.clone()),
        });
    }
    // Classes and triggers are compiled with everything else in place.
    for (kind, name, body, meta) in &project.apex {
        match metadata::apex::define(*kind, Some(name), body, meta.clone(), ApiVersion::LATEST) {
            Ok(def) => edits.push(metadata::apex::put(&all, def)),
            Err(e) => refused.push(e),
        }
    }
    Ok((edits, refused))
}
