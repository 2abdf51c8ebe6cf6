//! Loading SFDX projects into an org.

use crate::metadata::{self, Edit};
use crate::{Failure, Identity};
use orglet_schema::custom::DefError;
use orglet_schema::custom::project::{self, Project, ProjectError, Skipped};
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
    let applied = loop {
        if strict && !project.skipped.is_empty() {
            return Err(LoadError::Strict(project.skipped));
        }
        let edits = edits(identity, &project).map_err(LoadError::Failure)?;
        match metadata::apply(identity, edits) {
            // Whether a filter or a formula looks at what this org has is seen when everything is put together.
            Err(Failure::Definition(e)) if leave_out(&mut project, &e) || project.leave_out_filter(&e) => {}
            applied => break applied,
        }
    };
    match applied {
        Ok(_) => Ok(project.skipped),
        Err(Failure::Definition(e)) => {
            let place = project.locate(&e).unwrap_or_else(|| ProjectError {
                path: folders.first().cloned().unwrap_or_default(),
                line: None,
                reason: e.to_string(),
                about: None,
            });
            Err(LoadError::Files(vec![place]))
        }
        Err(other) => Err(LoadError::Failure(other)),
    }
}

/// Leaves out the part or the default that a refusal is about, where it needs something that is not built: the formula itself, or a field
/// that was left out.
fn leave_out(project: &mut Project, e: &DefError) -> bool {
    let missing = e.message.strip_prefix("Field ").and_then(|rest| rest.split(' ').next()).and_then(|path| path.rsplit('.').next());
    let was_left_out = |name: &str| {
        let behind = format!(".{}", name.to_lowercase());
        project.skipped.iter().any(|s| s.what.starts_with("field ") && s.what.to_lowercase().ends_with(&behind))
    };
    if !e.unsupported && !missing.is_some_and(was_left_out) {
        return false;
    }
    if project.leave_out_default(e) {
        return true;
    }
    let Some(at) = project.parts.iter().position(|part| e.subject.as_deref() == Some(part.qualified_name().as_str())) else { return false };
    let part = project.parts.remove(at);
    let what = part.qualified_name();
    let (path, line) = project.origins.get(&what).cloned().unwrap_or_default();
    let about = Some(what.clone());
    project.skipped.push(Skipped { path, line, what, why: e.message.clone(), about });
    true
}

/// The changes that a project comes to.
pub(crate) fn edits(identity: &Identity, project: &Project) -> Result<Vec<Edit>, Failure> {
    let have = metadata::all(&identity.org)?;
    let known = |kind: &str, object: &str, name: &str| {
        have.iter().find(|c| c.kind == kind && c.object.eq_ignore_ascii_case(object) && c.name.eq_ignore_ascii_case(name)).map(|c| c.id)
    };
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
    for field in fields.into_iter().chain(project.fields.iter().cloned()) {
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
    Ok(edits)
}
