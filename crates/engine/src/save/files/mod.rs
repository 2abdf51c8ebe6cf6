//! Files. What is uploaded is a version; the platform makes the document that versions belong to, and links the document
//! to its owner and to where it was published first.

mod kinds;

use super::derived::{self, Context};
use super::write::update_row;
use crate::record::{self, Row};
use crate::{Failure, Org};
use md5::{Digest, Md5};
use orglet_base::{ApiError, Cell, DateTime, ErrorCode, Id, KeyPrefix, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// What a document shows of its latest version, and passes on to it.
const SHARED: [&str; 5] = ["Title", "Description", "SharingOption", "SharingPrivacy", "OwnerId"];

/// Where a record of one of these objects is being saved.
pub(super) struct Files<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) object: &'a Object,
    pub(super) now: DateTime,
}

fn refuse(code: ErrorCode, text: &str, fields: &[&str]) -> Failure {
    ApiError::new(code, text).with_fields(fields.iter().copied()).into()
}

/// An attachment, a static resource or a document of the old kind before it is written: its length, and a document's name for developers.
pub(super) fn body(tx: &mut dyn Tx, cx: &Files<'_>, row: &mut Row, set: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let object = cx.object;
    if set("Body") {
        let length = match row.get(object, "Body") {
            Value::Blob(bytes) => i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            _ => 0,
        };
        row.set(object, "BodyLength", Value::Int(length));
    }
    if let Some(field) = object.field("DeveloperName").filter(|_| row.get(object, "DeveloperName").is_null()) {
        let stem = developer_name(row.get(object, "Name").as_text().unwrap_or_default());
        // With the end of its id where another document is named so.
        let taken = !record::find(tx, cx.org, object, field, &Value::from(stem.as_str()), 1)?.is_empty();
        let id = row.get(object, "Id").display();
        let name = if taken { format!("{stem}_{}", id.get(8..15).unwrap_or("")) } else { stem };
        row.set(object, "DeveloperName", name);
    }
    Ok(())
}

/// A name as developers' names are: letters, digits and single underscores, beginning with a letter.
fn developer_name(name: &str) -> String {
    const LONGEST: usize = 70;
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("_");
    let joined = if joined.starts_with(|c: char| c.is_ascii_alphabetic()) { joined } else { format!("X{joined}") };
    joined[..joined.len().min(LONGEST)].trim_end_matches('_').to_owned()
}

/// A version before it is written.
pub(super) fn version(
    tx: &mut dyn Tx,
    cx: &Files<'_>,
    old: Option<&Row>,
    row: &mut Row,
    set: &dyn Fn(&str) -> bool,
) -> Result<(), Failure> {
    match old {
        None => new_version(tx, cx, row, set),
        Some(old) => changed_version(tx, cx, old, row, set),
    }
}

fn new_version(tx: &mut dyn Tx, cx: &Files<'_>, row: &mut Row, set: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let object = cx.object;
    let has = |row: &Row, field: &str| !row.get(object, field).is_null();
    if row.get(object, "ContentLocation").as_text() != Some("S") || has(row, "ExternalDataSourceId") {
        let text = "Files outside of Salesforce need an external data source, and this org has none";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["ContentLocation"]));
    }
    if has(row, "VersionData") && has(row, "ContentBodyId") {
        let text = "Specify only one of these fields: VersionData or ContentBodyId.: Version Data";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["VersionData"]));
    }
    if !set("IsMajorVersion") {
        row.set(object, "IsMajorVersion", true);
    }
    if has(row, "ContentUrl") {
        new_link(object, row)?;
    } else {
        let body = has(row, "VersionData") || has(row, "ContentBodyId");
        let lacking: Vec<&str> = [("PathOnClient", has(row, "PathOnClient")), ("VersionData", body)]
            .iter()
            .filter(|(_, there)| !there)
            .map(|(f, _)| *f)
            .collect();
        if !lacking.is_empty() {
            return Err(ApiError::missing_fields(&lacking).into());
        }
        named_by_path(object, row)?;
        if has(row, "ContentBodyId") {
            share_body(tx, cx, row)?;
        } else {
            new_body(tx, cx, row)?;
        }
    }
    let created_by = row.get(object, "CreatedById").clone();
    row.set(object, "ContentModifiedById", created_by);
    if !has(row, "ContentModifiedDate") {
        row.set(object, "ContentModifiedDate", Value::DateTime(cx.now));
    }
    row.set(object, "IsLatest", true);
    place(tx, cx, row)
}

/// A link is a version without bytes.
fn new_link(object: &Object, row: &mut Row) -> Result<(), Failure> {
    for field in ["VersionData", "ContentBodyId", "PathOnClient"] {
        if !row.get(object, field).is_null() {
            let text = format!("Specify only one of these fields: ContentUrl or {field}.");
            return Err(refuse(ErrorCode::FieldIntegrityException, &text, &[field]));
        }
    }
    if row.get(object, "Title").is_null() {
        return Err(ApiError::missing_fields(&["Title"]).into());
    }
    row.set(object, "FileType", "LINK");
    row.set(object, "ContentSize", Value::Int(0));
    Ok(())
}

/// Title, extension and type, as far as the path tells them.
fn named_by_path(object: &Object, row: &mut Row) -> Result<(), Failure> {
    let path = row.get(object, "PathOnClient").as_text().unwrap_or_default().to_owned();
    if row.get(object, "Title").is_null()
        && let Some(field) = object.field("Title")
    {
        let title = field.ty.kind().validate(field, Value::from(kinds::title(&path)))?;
        row.set(object, "Title", title);
    }
    let extension = kinds::extension(&path);
    row.set(object, "FileType", kinds::file_type(extension));
    if let Some(field) = object.field("FileExtension") {
        // An ending too long for one is none.
        let fits = extension.filter(|ext| ext.chars().count() <= field.length as usize);
        row.set(object, "FileExtension", fits.unwrap_or_default());
    }
    Ok(())
}

/// Size, checksum and a body id of bytes that are new.
fn new_body(tx: &mut dyn Tx, cx: &Files<'_>, row: &mut Row) -> Result<(), Failure> {
    measure(cx.object, row);
    let id = cx.org.new_id_within(tx, KeyPrefix(*b"05T"))?;
    row.set(cx.object, "ContentBodyId", id);
    Ok(())
}

fn measure(object: &Object, row: &mut Row) {
    let Value::Blob(bytes) = row.get(object, "VersionData") else { return };
    let (size, checksum) = (i64::try_from(bytes.len()).unwrap_or(i64::MAX), hex(&Md5::digest(bytes)));
    row.set(object, "ContentSize", Value::Int(size));
    row.set(object, "Checksum", checksum);
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes of the version that has this body already.
fn share_body(tx: &mut dyn Tx, cx: &Files<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = cx.object;
    let (Some(key), Some(data)) = (object.field("ContentBodyId"), object.field("VersionData")) else { return Ok(()) };
    let body = row.get(object, "ContentBodyId").clone();
    let found = record::find(tx, cx.org, object, key, &body, 1)?;
    let mut bytes = None;
    if let Some(id) = found.first() {
        tx.query(&sql::blob_read(object, data, &[], &id.to_string(), cx.org.store.dialect()), &mut |found| {
            if let Cell::Blob(there) = found.cell(0) {
                bytes = Some(there.to_vec());
            }
            false
        })?;
    }
    let Some(bytes) = bytes else {
        return Err(refuse(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id", &[]));
    };
    row.set(object, "VersionData", Value::Blob(bytes));
    measure(object, row);
    Ok(())
}

/// The document of a new version and its number there; a document that is yet to be made gets its id.
fn place(tx: &mut dyn Tx, cx: &Files<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = cx.object;
    let published = row.get(object, "FirstPublishLocationId").clone();
    let Some(document) = row.get(object, "ContentDocumentId").as_id() else {
        let id = cx.org.new_id_within(tx, KeyPrefix(*b"069"))?;
        row.set(object, "ContentDocumentId", id);
        row.set(object, "VersionNumber", "1");
        // Without a place it is in its owner's library, where nobody else sees it.
        row.set(object, "PublishStatus", if published.is_null() { "R" } else { "P" });
        if published.is_null() {
            let owner = row.get(object, "OwnerId").clone();
            row.set(object, "FirstPublishLocationId", owner);
        }
        return Ok(());
    };
    if !published.is_null() {
        let text = "FirstPublishLocationId can be set for the first version of a document alone";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["FirstPublishLocationId"]));
    }
    let gone = || ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").with_fields(Vec::<String>::new());
    let documents = cx.catalog.object("ContentDocument").ok_or_else(gone)?;
    // Kept from others: of two new versions at once, one follows the other.
    let parent = record::by_id_to_change(tx, cx.org, documents, document)?.ok_or_else(gone)?;
    let latest = parent.get(documents, "LatestPublishedVersionId").as_id().ok_or_else(gone)?;
    let latest = record::by_id(tx, cx.org, object, latest)?.ok_or_else(gone)?;
    if (latest.get(object, "FileType").as_text() == Some("LINK")) != (row.get(object, "FileType").as_text() == Some("LINK")) {
        let text = "A file can't become a link, nor a link a file, by a new version";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["ContentUrl"]));
    }
    let number = latest.get(object, "VersionNumber").as_text().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    row.set(object, "VersionNumber", (number + 1).to_string());
    for field in ["FirstPublishLocationId", "PublishStatus"] {
        let value = latest.get(object, field).clone();
        row.set(object, field, value);
    }
    Ok(())
}

fn changed_version(tx: &mut dyn Tx, cx: &Files<'_>, old: &Row, row: &mut Row, set: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let object = cx.object;
    let is_link = row.get(object, "FileType").as_text() == Some("LINK");
    if set("ContentUrl") && (!is_link || row.get(object, "ContentUrl").is_null()) {
        let text = "A file can't become a link, nor a link a file";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["ContentUrl"]));
    }
    if set("VersionData") {
        // The words are known in Chinese alone, from an org at v67.0.
        if *old.get(object, "IsMajorVersion") == Value::Bool(true) || is_link {
            let text = "You can't set VersionData when IsMajorVersion is true.";
            return Err(refuse(ErrorCode::InvalidStatus, text, &["VersionData"]));
        }
        if row.get(object, "VersionData").is_null() {
            return Err(ApiError::missing_fields(&["VersionData"]).into());
        }
        new_body(tx, cx, row)?;
    }
    Ok(())
}

/// A document before it is written. To archive one would take it out of every query but those of all rows.
pub(super) fn document(object: &Object, row: &Row) -> Result<(), Failure> {
    if *row.get(object, "IsArchived") == Value::Bool(true) {
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.").into());
    }
    Ok(())
}

/// A link before it is written: a document is linked to a record once.
pub(super) fn link(tx: &mut dyn Tx, cx: &Files<'_>, old: Option<&Row>, row: &mut Row) -> Result<(), Failure> {
    let object = cx.object;
    for (field, usual) in [("ShareType", "V"), ("Visibility", "AllUsers")] {
        if row.get(object, field).is_null() {
            row.set(object, field, usual);
        }
    }
    if old.is_some() {
        return Ok(());
    }
    let (Some(document), Some(entity)) = (row.get(object, "ContentDocumentId").as_id(), row.get(object, "LinkedEntityId").as_id()) else {
        return Ok(());
    };
    if let Some(documents) = cx.catalog.object("ContentDocument") {
        // Of two links at once, one sees the other.
        record::by_id_to_change(tx, cx.org, documents, document)?;
    }
    if find_link(tx, cx.org, object, document, entity)?.is_some() {
        // https://github.com/UnofficialSF/LightningFlowComponents/issues/1647
        let text = format!("Document with ID: {} is already linked with the entity with ID: {}", document.as_15(), entity.as_15());
        return Err(refuse(ErrorCode::DuplicateValue, &text, &["LinkedEntityId"]));
    }
    Ok(())
}

/// The link of a document to a record.
fn find_link(tx: &mut dyn Tx, org: &Org, object: &Object, document: Id, entity: Id) -> Result<Option<Row>, Failure> {
    let both = [("LinkedEntityId", &Value::Id(entity)), ("ContentDocumentId", &Value::Id(document))];
    match record::find_with(tx, org, object, &both, 1)?.first() {
        Some(link) => record::by_id(tx, org, object, *link),
        None => Ok(None),
    }
}

/// Whether a link is the one by which its owner has a document.
pub(super) fn is_owners(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<bool, Failure> {
    let (Some(documents), Some(document)) = (catalog.object("ContentDocument"), row.get(object, "ContentDocumentId").as_id()) else {
        return Ok(false);
    };
    let parent = record::by_id(tx, org, documents, document)?;
    Ok(parent.is_some_and(|parent| parent.get(documents, "OwnerId") == row.get(object, "LinkedEntityId")))
}

/// What follows from a version: its document, made or brought up to date.
pub(super) fn follow_version(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
    let get = |field: &str| row.get(object, field).clone();
    let (Some(documents), Some(document)) = (cx.catalog.object("ContentDocument"), get("ContentDocumentId").as_id()) else {
        return Ok(());
    };
    let mut shown: Vec<(&str, Value)> = SHARED.iter().map(|f| (*f, get(f))).collect();
    for field in ["PublishStatus", "ContentSize", "FileType", "FileExtension", "ContentModifiedDate"] {
        shown.push((field, get(field)));
    }
    shown.push(("LatestPublishedVersionId", get("Id")));
    let parent = record::by_id_to_change(tx, cx.org, documents, document)?;
    match (old, parent) {
        (None, None) => {
            derived::insert_as(tx, cx, "ContentDocument", document, &shown)?;
            share(tx, cx, document, get("OwnerId").as_id(), "I")?;
            let published = get("FirstPublishLocationId").as_id().filter(|id| Some(*id) != get("OwnerId").as_id());
            share(tx, cx, document, published, "V")
        }
        (None, Some(parent)) => {
            if let Some(before) = parent.get(documents, "LatestPublishedVersionId").as_id()
                && let Some(latest) = record::by_id_to_change(tx, cx.org, object, before)?
            {
                write(tx, cx, object, &latest, &[("IsLatest", false.into())])?;
            }
            new_owner(tx, cx, documents, &parent, get("OwnerId").as_id())?;
            write(tx, cx, documents, &parent, &shown)
        }
        (Some(_), Some(parent)) if get("IsLatest") == Value::Bool(true) => {
            new_owner(tx, cx, documents, &parent, get("OwnerId").as_id())?;
            write(tx, cx, documents, &parent, &shown)
        }
        _ => Ok(()),
    }
}

/// What follows from a document: its latest version says the same.
pub(super) fn follow_document(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: &Row, row: &Row) -> Result<(), Failure> {
    new_owner(tx, cx, object, old, row.get(object, "OwnerId").as_id())?;
    let (Some(versions), Some(latest)) = (cx.catalog.object("ContentVersion"), row.get(object, "LatestPublishedVersionId").as_id()) else {
        return Ok(());
    };
    let Some(latest) = record::by_id_to_change(tx, cx.org, versions, latest)? else { return Ok(()) };
    let shared: Vec<(&str, Value)> = SHARED.iter().map(|f| (*f, row.get(object, f).clone())).collect();
    write(tx, cx, versions, &latest, &shared)
}

/// Gives a document another owner: the one before may go on to edit it.
fn new_owner(tx: &mut dyn Tx, cx: &Context<'_>, documents: &Object, old: &Row, owner: Option<Id>) -> Result<(), Failure> {
    let (Some(document), before) = (old.get(documents, "Id").as_id(), old.get(documents, "OwnerId").as_id()) else { return Ok(()) };
    if before == owner {
        return Ok(());
    }
    share(tx, cx, document, before, "C")?;
    share(tx, cx, document, owner, "I")
}

/// Links a document to a record, or changes how it is linked.
fn share(tx: &mut dyn Tx, cx: &Context<'_>, document: Id, entity: Option<Id>, kind: &str) -> Result<(), Failure> {
    let (Some(links), Some(entity)) = (cx.catalog.object("ContentDocumentLink"), entity) else { return Ok(()) };
    match find_link(tx, cx.org, links, document, entity)? {
        Some(link) => write(tx, cx, links, &link, &[("ShareType", kind.into())]),
        None => {
            let values: [(&str, Value); 4] = [
                ("ContentDocumentId", document.into()),
                ("LinkedEntityId", entity.into()),
                ("ShareType", kind.into()),
                ("Visibility", "AllUsers".into()),
            ];
            derived::insert(tx, cx, "ContentDocumentLink", &values)
        }
    }
}

/// Writes fields of a row of the platform's own, where they differ.
fn write(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: &Row, values: &[(&str, Value)]) -> Result<(), Failure> {
    let mut row = old.clone();
    for (field, value) in values {
        row.set(object, field, value.clone());
    }
    if row == *old {
        return Ok(());
    }
    row.set(object, "LastModifiedDate", Value::DateTime(cx.now));
    row.set(object, "LastModifiedById", cx.identity.user.id);
    row.set(object, "SystemModstamp", Value::DateTime(cx.now));
    update_row(tx, cx.org, object, old, &row)
}
