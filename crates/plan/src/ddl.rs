//! Tables, columns and indexes of objects. Every statement may be run again after a crash: it does nothing then, except
//! [`add_column`] and [`drop_column`], which the caller runs once.

use crate::emit::quoted;
use crate::shape::key_field;
use orglet_base::{Dialect, Statement};
use orglet_schema::{CellKind, Field, FieldType, Object};

/// References that nobody follows from the parent's side.
const UNFOLLOWED: &[&str] = &["CreatedById", "LastModifiedById", "MasterRecordId"];

fn statement(text: String) -> Statement {
    Statement::new(text, Vec::new())
}

fn column(field: &Field, dialect: Dialect) -> String {
    let kind = field.cell_kind();
    let ty = match dialect {
        Dialect::Sqlite => kind.sqlite_type(),
        Dialect::Postgres => match kind {
            CellKind::Bool | CellKind::Int | CellKind::Decimal(_) => "bigint",
            CellKind::Blob => "bytea",
            _ => "text",
        },
    };
    let name = quoted(&field.name);
    if field.ty == FieldType::Id {
        return format!("{name} {ty} PRIMARY KEY NOT NULL");
    }
    // A checkbox column that is added to a table has false in the rows that are there.
    if kind == CellKind::Bool { format!("{name} {ty} DEFAULT 0") } else { format!("{name} {ty}") }
}

/// How a field is indexed.
#[derive(Clone, Copy, PartialEq)]
enum Index {
    Unique,
    Plain,
    /// Of the rows that have a value, which are few.
    Sparse,
}

fn index_kind(field: &Field) -> Option<Index> {
    if !field.has_column() || field.ty == FieldType::Id || field.cell_kind() == CellKind::Blob {
        return None;
    }
    if field.unique {
        return Some(Index::Unique);
    }
    if field.name == "LastViewedDate" {
        return Some(Index::Sparse);
    }
    if field.external_id || field.id_lookup || field.name_field || field.name == "SystemModstamp" {
        return Some(Index::Plain);
    }
    let followed = field.ty == FieldType::Reference && !UNFOLLOWED.contains(&field.name.as_str());
    // Most lookups of most rows are empty, and nobody looks a row up by that.
    followed.then_some(if field.nillable { Index::Sparse } else { Index::Plain })
}

fn index_name(object: &str, field: &str) -> String {
    quoted(&format!("ix_{object}_{field}"))
}

/// The index of a field, if it has one: unique among live rows for unique fields, plain for what rows are looked up by.
pub fn create_index(object: &Object, field: &Field, _dialect: Dialect) -> Vec<Statement> {
    let Some(kind) = index_kind(field) else { return Vec::new() };
    let unique = if kind == Index::Unique { "UNIQUE " } else { "" };
    let collate = if field.compares_exactly() { "" } else { " COLLATE FOLD" };
    // Rows without a value are left out: look-ups by value imply one, and the planner of SQLite would else take the
    // partial index for the cheapest way to read the whole table.
    let rows = match (kind, object.field("IsDeleted")) {
        (Index::Unique, Some(_)) => format!(" WHERE \"IsDeleted\" = 0 AND {} IS NOT NULL", quoted(&field.name)),
        (Index::Sparse, _) => format!(" WHERE {} IS NOT NULL", quoted(&field.name)),
        _ => String::new(),
    };
    // With the Id behind the value, rows come out of a plain index in the order in which queries want them.
    let id = match (kind, key_field(object)) {
        (Index::Plain | Index::Sparse, Some(key)) => format!(", {}", quoted(&key.name)),
        _ => String::new(),
    };
    vec![statement(format!(
        "CREATE {unique}INDEX IF NOT EXISTS {} ON {} ({}{collate}{id}){rows}",
        index_name(&object.name, &field.name),
        quoted(&object.name),
        quoted(&field.name),
    ))]
}

/// Drops the index of a field, if there is one: before the field goes, or when it stops being unique or looked up by.
pub fn drop_index(object: &Object, field_name: &str, _dialect: Dialect) -> Statement {
    statement(format!("DROP INDEX IF EXISTS {}", index_name(&object.name, field_name)))
}

/// The object's table with a column for each field that has one, and its indexes. Nothing for virtual objects.
pub fn create_table(object: &Object, dialect: Dialect) -> Vec<Statement> {
    let fields = || object.fields().iter().filter(|f| f.has_column());
    if !object.has_table() || fields().next().is_none() {
        return Vec::new();
    }
    let columns = fields().map(|f| column(f, dialect)).collect::<Vec<_>>().join(", ");
    let table = statement(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", quoted(&object.name)));
    std::iter::once(table).chain(fields().flat_map(|f| create_index(object, f, dialect))).collect()
}

/// A column for a new field, NULL (false for a checkbox) in the rows that are there, and its index. `object` is the
/// object with the field in it.
pub fn add_column(object: &Object, field: &Field, dialect: Dialect) -> Vec<Statement> {
    if !object.has_table() || !field.has_column() {
        return Vec::new();
    }
    let alter = statement(format!("ALTER TABLE {} ADD COLUMN {}", quoted(&object.name), column(field, dialect)));
    std::iter::once(alter).chain(create_index(object, field, dialect)).collect()
}

/// Takes a field's column and index away, with its values.
pub fn drop_column(object: &Object, field: &Field, dialect: Dialect) -> Vec<Statement> {
    if !object.has_table() || !field.has_column() {
        return Vec::new();
    }
    let alter = statement(format!("ALTER TABLE {} DROP COLUMN {}", quoted(&object.name), quoted(&field.name)));
    vec![drop_index(object, &field.name, dialect), alter]
}

/// Drops an object's table with every row.
pub fn drop_table(object: &Object, _dialect: Dialect) -> Vec<Statement> {
    if object.has_table() { vec![statement(format!("DROP TABLE IF EXISTS {}", quoted(&object.name)))] } else { Vec::new() }
}
