//! Single records: reading one by id, finding some by a key.

use crate::failure::of_row;
use crate::query::RowSet;
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, Cell, CellKind, Dialect, ErrorCode, Id, OwnedCell, Param, Statement, Value};
use orglet_plan::write::{self, Lock};
use orglet_plan::{Node, record_shape, views};
use orglet_schema::{Field, Object};
use orglet_store::Tx;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes that the digest of most records is made of.
const DIGESTED: usize = 1024;

/// Rows that are read at once by [`some`].
pub(crate) const PIECE: usize = 1000;

/// A record's values, one for each field of its object; [`Value::Null`] where a field has no column.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// By index in `Object::fields()`.
    pub values: Vec<Value>,
}

impl Row {
    /// A row without values.
    pub fn empty(object: &Object) -> Self {
        Self { values: vec![Value::Null; object.fields().len()] }
    }

    /// A field's value; null for a field that the object lacks.
    pub fn get(&self, object: &Object, field: &str) -> &Value {
        object.field_index(field).and_then(|i| self.values.get(i)).unwrap_or(&Value::Null)
    }

    /// Sets a field that the object has; does nothing when it lacks it.
    pub fn set(&mut self, object: &Object, field: &str, value: impl Into<Value>) {
        if let Some(i) = object.field_index(field) {
            self.values[i] = value.into();
        }
    }

    /// Whether the row is in the recycle bin.
    pub fn is_deleted(&self, object: &Object) -> bool {
        *self.get(object, "IsDeleted") == Value::Bool(true)
    }
}

/// Fields that have a column, with their index.
pub(crate) fn columns(object: &Object) -> Vec<(usize, &Field)> {
    object.fields().iter().enumerate().filter(|(_, f)| f.has_column()).collect()
}

/// The statement that inserts a row.
pub(crate) fn insert(object: &Object, row: &Row, dialect: Dialect) -> Statement {
    let columns = columns(object);
    let sql = object.insertion(dialect, || {
        let (fields, nulls) = columns.iter().map(|(_, f)| (*f, OwnedCell::Null)).unzip::<_, _, Vec<_>, Vec<_>>();
        write::insert(object, &fields, nulls, dialect).sql
    });
    let param = |(i, f): &(usize, &Field)| Param::Of(f.cell_kind(), f.cell_kind().to_cell(&row.values[*i]));
    Statement::new(sql, columns.iter().map(param).collect())
}

/// The row with an id, deleted or not.
pub(crate) fn by_id(tx: &mut dyn Tx, org: &Org, object: &Object, id: Id) -> Result<Option<Row>, Failure> {
    by_id_with(tx, org, object, id, Lock::None)
}

/// The row with an id, deleted or not, as it stays until the transaction ends: something follows from it.
pub(crate) fn by_id_to_refer(tx: &mut dyn Tx, org: &Org, object: &Object, id: Id) -> Result<Option<Row>, Failure> {
    by_id_with(tx, org, object, id, Lock::Share)
}

/// The row with an id, deleted or not, kept from others until the transaction ends: it is about to be changed.
pub(crate) fn by_id_to_change(tx: &mut dyn Tx, org: &Org, object: &Object, id: Id) -> Result<Option<Row>, Failure> {
    by_id_with(tx, org, object, id, Lock::Update)
}

fn by_id_with(tx: &mut dyn Tx, org: &Org, object: &Object, id: Id, lock: Lock) -> Result<Option<Row>, Failure> {
    let columns = columns(object);
    let fields: Vec<&Field> = columns.iter().map(|(_, f)| *f).collect();
    let mut found = None;
    let read = tx.query(&write::point_read(object, &fields, &id.to_string(), lock, org.store.dialect()), &mut |row| {
        let mut values = vec![Value::Null; object.fields().len()];
        for (at, (index, field)) in columns.iter().enumerate() {
            values[*index] = match (field.cell_kind(), row.cell(at)) {
                // Bytes are not read with their row: none at all stand for some. What is stored is never empty.
                (CellKind::Blob, cell) if cell != Cell::Null => Value::Blob(Vec::new()),
                (kind, cell) => kind.to_value(cell),
            };
        }
        found = Some(Row { values });
        false
    });
    read.map(|()| found).map_err(|e| of_row(e, id))
}

/// Some fields of the rows with these ids, deleted or not, in the order of their ids. The other fields are null. As many as
/// there may be are read by pieces of [`PIECE`].
pub(crate) fn some(tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id], names: &[&str]) -> Result<Vec<Row>, Failure> {
    some_with(tx, org, object, ids, names, Lock::None)
}

/// As [`some`], kept from being changed or deleted until the transaction ends: they are referred to.
pub(crate) fn some_to_refer(tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id], names: &[&str]) -> Result<Vec<Row>, Failure> {
    some_with(tx, org, object, ids, names, Lock::Share)
}

fn some_with(tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id], names: &[&str], lock: Lock) -> Result<Vec<Row>, Failure> {
    let columns: Vec<(usize, &Field)> = columns(object).into_iter().filter(|(_, f)| names.contains(&f.name.as_str())).collect();
    let fields: Vec<&Field> = columns.iter().map(|(_, f)| *f).collect();
    let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
    let mut rows = Vec::with_capacity(ids.len());
    if ids.is_empty() || fields.is_empty() {
        return Ok(rows);
    }
    tx.query(&write::select_in(object, &fields, &ids, lock, org.store.dialect()), &mut |found| {
        let mut row = Row::empty(object);
        for (at, (index, field)) in columns.iter().enumerate() {
            row.values[*index] = field.cell_kind().to_value(found.cell(at));
        }
        rows.push(row);
        true
    })?;
    Ok(rows)
}

/// Ids of live rows whose field has a value in their order: the first `limit` of them.
pub(crate) fn find(tx: &mut dyn Tx, org: &Org, object: &Object, field: &Field, value: &Value, limit: usize) -> Result<Vec<Id>, Failure> {
    find_all_of(tx, org, object, vec![(field, value)], limit)
}

/// As [`find`], of rows whose fields have these values, by their names. No field of a row is read for it, and an index on any
/// of the fields is enough.
pub(crate) fn find_with(tx: &mut dyn Tx, org: &Org, object: &Object, equal: &[(&str, &Value)], limit: usize) -> Result<Vec<Id>, Failure> {
    let fields: Option<Vec<(&Field, &Value)>> = equal.iter().map(|(name, value)| Some((object.field(name)?, *value))).collect();
    fields.map_or_else(|| Ok(Vec::new()), |fields| find_all_of(tx, org, object, fields, limit))
}

fn find_all_of(tx: &mut dyn Tx, org: &Org, object: &Object, equal: Vec<(&Field, &Value)>, limit: usize) -> Result<Vec<Id>, Failure> {
    let Some(id) = object.field("Id") else { return Ok(Vec::new()) };
    let equal = equal.into_iter().map(|(field, value)| (field, field.cell_kind().to_cell(value))).collect();
    let first = i64::try_from(limit).ok().filter(|_| limit < usize::MAX);
    let statement = write::select_where_eq(object, &[id], equal, true, first, org.store.dialect());
    let mut ids = Vec::new();
    tx.query(&statement, &mut |row| {
        ids.extend(row.cell(0).text().and_then(|t| Id::parse(t).ok()));
        ids.len() < limit
    })?;
    ids.sort_unstable();
    Ok(ids)
}

/// Reads the id slot of a row's URL. Text that is no id is taken as the name of an external ID field (routing-004); an
/// id of another object, or with a bad checksum, is MALFORMED_ID (crud-023).
pub fn parse_target(object: &Object, segment: &str) -> Result<Id, ApiError> {
    match Id::parse(segment) {
        Ok(id) if object.key_prefix == Some(id.prefix()) => Ok(id),
        Err(orglet_base::IdError::Shape) => Err(no_external_id(segment)),
        _ => {
            let label = object.field("Id").map_or("Record ID", |f| f.label.as_str());
            Err(ApiError::new(ErrorCode::MalformedId, format!("{label}: id value of incorrect type: {segment}")).with_fields(["Id"]))
        }
    }
}

/// 404 for a path segment that is no external ID field (routing-004, routing-005).
pub fn no_external_id(name: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("Provided external ID field does not exist or is not accessible: {name}"))
}

/// 404 for a row in the recycle bin (crud-031).
pub fn deleted() -> ApiError {
    ApiError::new(ErrorCode::EntityIsDeleted, "entity is deleted").with_fields(Vec::<String>::new())
}

/// The external ID field that a URL names; `Id` counts as one.
pub fn external_id_field<'a>(object: &'a Object, name: &str) -> Result<&'a Field, ApiError> {
    object.field(name).filter(|f| f.external_id || f.id_lookup).ok_or_else(|| no_external_id(name))
}

/// The one live record whose external ID has a value: none is 404, several are choices (routing-026).
pub fn by_external_id(identity: &Identity, object: &Arc<Object>, field: &Field, raw: &str) -> Result<Id, Failure> {
    let ids = find_by_external_id(identity, object, field, raw)?;
    match ids.as_slice() {
        [] => Err(ApiError::not_found().into()),
        [id] => Ok(*id),
        _ => Err(Failure::Choices(object.name.clone(), ids)),
    }
}

/// The live records whose external ID has a value, at most 200.
pub fn find_by_external_id(identity: &Identity, object: &Arc<Object>, field: &Field, raw: &str) -> Result<Vec<Id>, Failure> {
    let Some(value) = key_value(field, raw)?.filter(|_| object.has_table()) else { return Ok(Vec::new()) };
    identity.org.read(|tx| find(tx, &identity.org, object, field, &value, 200))
}

/// The text of a URL as a key's value; `None` for a value that no record can have.
pub fn key_value(field: &Field, raw: &str) -> Result<Option<Value>, ApiError> {
    let kind = field.ty.kind();
    if field.name == "Id" {
        return Ok(Id::parse(raw).ok().map(Value::Id));
    }
    let Ok(value) = kind.parse(field, orglet_schema::Input::Text(raw)) else { return Ok(None) };
    let value = kind.validate(field, value).unwrap_or(Value::Null);
    Ok((!value.is_null()).then_some(value))
}

/// A record as an answer shows it: its cells, and how they become its parts.
#[derive(Debug)]
pub struct Shown {
    /// One row; column 0 is the Id.
    pub rows: RowSet,
    /// When it was last changed, where the object says.
    pub modified: Option<orglet_base::DateTime>,
    reading: Arc<Reading>,
}

impl Shown {
    /// The parts, in the order of the fields asked for.
    pub fn shape(&self) -> &[Node] {
        &self.reading.shape
    }

    /// Changes with every change of what was read.
    pub fn tag(&self) -> u64 {
        digest(self.reading.by_name.iter().map(|column| self.rows.cell(0, *column)))
    }
}

/// How a record is read: the statement, and what its columns are.
#[derive(Debug)]
pub(crate) struct Reading {
    sql: Arc<str>,
    /// The columns in the order of their fields' names.
    by_name: Vec<usize>,
    shape: Vec<Node>,
    deleted: Option<usize>,
    modified: Option<usize>,
    /// The fields that differ by user, in order: whether each is of a view, rather than of any look at the record.
    personal: Vec<bool>,
}

impl Reading {
    fn new(org: &Org, object: &Arc<Object>, fields: &[&Field]) -> Self {
        let (mut columns, shape) = record_shape(object, fields);
        let mut at = |name: &str| {
            let field = object.field(name)?;
            Some(columns.iter().position(|c| c.name == field.name).unwrap_or_else(|| {
                columns.push(field);
                columns.len() - 1
            }))
        };
        let deleted = at("IsDeleted");
        let modified = at("LastModifiedDate").or_else(|| at("SystemModstamp"));
        let personal: Vec<bool> = columns.iter().filter(|c| c.is_personal()).map(|c| c.name == "LastViewedDate").collect();
        let sql = if personal.is_empty() {
            write::point_read(object, &columns, "", Lock::None, org.store.dialect()).sql
        } else {
            views::point_read(object, &columns, crate::views::are_known(org), org.store.dialect()).sql
        };
        // To look at a record does not change it.
        let mut by_name: Vec<usize> = (0..columns.len()).filter(|column| !columns[*column].is_personal()).collect();
        by_name.sort_unstable_by_key(|column| &columns[*column].name);
        Self { sql, by_name, shape, deleted, modified, personal }
    }
}

/// The readings of whole records, kept for one version of the catalog.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    version: u64,
    whole: HashMap<String, Arc<Reading>>,
}

/// How all fields of an object are read.
fn whole(org: &Org, object: &Arc<Object>) -> Arc<Reading> {
    let version = org.catalog().version();
    {
        let known = org.readings.read();
        if let Some(reading) = known.whole.get(&object.name).filter(|_| known.version == version) {
            return reading.clone();
        }
    }
    let reading = Arc::new(Reading::new(org, object, &object.fields().iter().collect::<Vec<_>>()));
    // An object of an older catalog than the one of now is not worth keeping.
    if org.catalog().object(&object.name).is_some_and(|now| Arc::ptr_eq(now, object)) {
        let mut known = org.readings.write();
        if known.version != version {
            *known = Readings { version, whole: HashMap::new() };
        }
        known.whole.insert(object.name.clone(), reading.clone());
    }
    reading
}

/// Reads fields of a record, all where `fields` is none. A row that is not there is 404, one in the recycle bin too
/// (crud-031).
pub fn show(identity: &Identity, object: &Arc<Object>, id: Id, fields: Option<&[&Field]>) -> Result<Shown, Failure> {
    let org = &identity.org;
    if !object.has_table() {
        return Err(ApiError::not_found().into());
    }
    let reading = match fields {
        None => whole(org, object),
        Some(fields) => Arc::new(Reading::new(org, object, fields)),
    };
    let params = if reading.personal.is_empty() {
        vec![id.to_string().into()]
    } else {
        let look = crate::views::of(org, identity.user.id, id)?;
        let known = reading.personal.iter().map(|view| look.cell(*view));
        let user = (!crate::views::are_known(org)).then(|| identity.user.id.to_string());
        views::point_params(known, user, id.to_string())
    };
    let statement = orglet_base::Statement { sql: reading.sql.clone(), params };
    let rows = RowSet::point(org, &statement)?;
    if rows.is_empty() {
        return Err(ApiError::not_found().into());
    }
    if reading.deleted.is_some_and(|c| rows.cell(0, c).int() == Some(1)) {
        return Err(self::deleted().into());
    }
    let modified = reading.modified.and_then(|c| rows.cell(0, c).text()).and_then(orglet_base::DateTime::parse);
    Ok(Shown { rows, modified, reading })
}

/// The tag of a whole record, equal to [`Shown::tag`] where every field was read.
pub fn tag(object: &Object, row: &Row) -> u64 {
    let mut columns = columns(object);
    columns.retain(|(_, field)| !field.is_personal());
    columns.sort_unstable_by_key(|(_, field)| &field.name);
    let cells: Vec<_> = columns.into_iter().map(|(i, f)| f.cell_kind().to_cell(&row.values[i])).collect();
    digest(cells.iter().map(|cell| cell.as_cell()))
}

/// When a record was last changed, where its object says.
pub fn modified(object: &Object, row: &Row) -> Option<orglet_base::DateTime> {
    ["LastModifiedDate", "SystemModstamp"].into_iter().find_map(|name| match row.get(object, name) {
        Value::DateTime(t) => Some(*t),
        _ => None,
    })
}

/// A digest of cells; each counts with its kind and where it ends.
fn digest<'a>(cells: impl Iterator<Item = Cell<'a>>) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    // In one piece: to hash many small ones costs several times as much.
    let mut bytes = Vec::with_capacity(DIGESTED);
    let int = |bytes: &mut Vec<u8>, n: i64| {
        bytes.push(0xfd);
        bytes.extend_from_slice(&n.to_le_bytes());
    };
    for cell in cells {
        match cell {
            Cell::Null => bytes.push(0xfe),
            Cell::Int(n) => int(&mut bytes, n),
            Cell::Text(t) => {
                bytes.extend_from_slice(t.as_bytes());
                // No text has this byte.
                bytes.push(0xff);
            }
            // Answers hold an address in place of bytes, so that these are not read.
            Cell::Blob(_) => int(&mut bytes, 1),
        }
    }
    let mut hash = DefaultHasher::new();
    hash.write(&bytes);
    hash.finish()
}

/// The bytes of a field.
#[derive(Debug)]
pub struct Blob {
    /// They themselves.
    pub bytes: Vec<u8>,
    /// What the record says that they are, where it says so.
    pub content_type: Option<String>,
}

/// Reads the bytes of a base64 field. A row that is not there, or has no bytes, is 404, one in the recycle bin too
/// (crud-031).
pub fn blob(identity: &Identity, object: &Object, id: Id, field: &Field) -> Result<Blob, Failure> {
    let org = &identity.org;
    let (deleted, kind) = (object.field("IsDeleted"), object.field("ContentType"));
    let beside: Vec<&Field> = deleted.into_iter().chain(kind).collect();
    let at = |wanted: Option<&Field>| wanted.and_then(|w| beside.iter().position(|f| f.name == w.name)).map(|i| i + 1);
    let (deleted, kind) = (at(deleted), at(kind));
    let mut found = None;
    org.point(&write::blob_read(object, field, &beside, &id.to_string(), org.store.dialect()), &mut |row| {
        let bytes = match row.cell(0) {
            Cell::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        };
        let is_deleted = deleted.is_some_and(|i| row.cell(i).int() == Some(1));
        found = Some((bytes, is_deleted, kind.and_then(|i| row.cell(i).text().map(str::to_owned))));
        false
    })?;
    match found {
        Some((_, true, _)) => Err(self::deleted().into()),
        Some((Some(bytes), _, content_type)) => Ok(Blob { bytes, content_type }),
        _ => Err(ApiError::not_found().into()),
    }
}

/// The record that a reference field of another points to; `None` where it is null.
pub fn reference(identity: &Identity, object: &Arc<Object>, id: Id, field: &Field) -> Result<Option<Id>, Failure> {
    let shown = show(identity, object, id, Some(&[field]))?;
    let column = shown.shape().iter().find_map(|n| match n {
        Node::Value { name, column, .. } if **name == *field.name => Some(*column),
        _ => None,
    });
    Ok(column.and_then(|c| shown.rows.cell(0, c).text()).and_then(|t| Id::parse(t).ok()))
}

/// How many live rows objects have, by name; objects without a table are passed over.
pub fn counts(identity: &Identity, objects: &[Arc<Object>]) -> Result<Vec<(String, i64)>, Failure> {
    counts_of(&identity.org, objects)
}

/// [`counts`] of an org.
pub(crate) fn counts_of(org: &Org, objects: &[Arc<Object>]) -> Result<Vec<(String, i64)>, Failure> {
    let mut counts: Vec<(String, i64)> = Vec::new();
    for object in objects.iter().filter(|o| o.has_table() && org.has_rows(o)) {
        if counts.iter().any(|(name, _)| *name == object.name) {
            continue;
        }
        let statement = write::count(object, true, org.store.dialect());
        let n = org.read(|tx| Ok(tx.first(&statement)?.map_or(0, |row| crate::system::int(&row[0]))))?;
        counts.push((object.name.clone(), n));
    }
    Ok(counts)
}
