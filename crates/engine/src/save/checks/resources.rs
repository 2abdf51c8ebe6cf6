//! Static resources, and folders of what is kept in folders.

use super::{Candidate, is_developer_name, misnamed, refuse};
use crate::Failure;
use crate::failure::Gathered;
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_store::Tx;

/// Bytes that a static resource may have: 5 MB, as deployments are told (<https://github.com/forcedotcom/cli/issues/1098>).
const LARGEST: usize = 5 << 20;

/// A static resource has bytes, not too many, and a name for developers that no other has.
pub(super) fn resource(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    if it.set("Name") {
        wrong.note(developer_name(tx, it, "Name", "Name"))?;
    }
    match it.get("Body") {
        Value::Blob(bytes) if bytes.len() > LARGEST => {
            wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, "static resource cannot exceed 5MB", &["Body"])))?;
        }
        Value::Null if it.is_new() || it.set("Body") => wrong.note(Err(ApiError::missing_fields(&["Body"]).into()))?,
        _ => {}
    }
    wrong.end()
}

/// A folder's name for developers is its own, and folders lie within others of their type.
pub(super) fn folder(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    if it.set("DeveloperName") && !it.get("DeveloperName").is_null() {
        wrong.note(developer_name(tx, it, "DeveloperName", "Folder Unique Name"))?;
    }
    if it.set("ParentId")
        && let Some((folders, parent)) = it.parent(tx, "ParentId")?
        && parent.get(folders, "Type") != it.get("Type")
    {
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, "Folder ID: a folder of this type is needed", &["ParentId"])))?;
    }
    wrong.end()
}

/// A document lies in a folder of documents, or with a user.
pub(super) fn document(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    match it.parent(tx, "FolderId")? {
        Some((folders, folder)) if folders.name == "Folder" && folder.get(folders, "Type").as_text() != Some("Document") => {
            Err(refuse(ErrorCode::FieldIntegrityException, "Folder ID: a folder of documents is needed", &["FolderId"]))
        }
        _ => Ok(()),
    }
}

/// The names of a kind are for developers, and unique.
fn developer_name(tx: &mut dyn Tx, it: &Candidate<'_>, field: &str, label: &str) -> Result<(), Failure> {
    if !is_developer_name(it.get(field).as_text().unwrap_or_default()) {
        return Err(misnamed(label, field));
    }
    if it.others(tx, field, 2)?.is_empty() {
        return Ok(());
    }
    let text = format!("This {label} already exists or has been previously used. Please choose a different name.");
    Err(refuse(ErrorCode::DuplicateDeveloperName, text, &[field]))
}
