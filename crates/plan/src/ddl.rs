//! Tables, columns and indexes of objects. Every statement may be run again after a crash: it does nothing then, except
//! [`add_column`] and [`drop_column`], which the caller runs once.

use crate::emit::{Emit, Sql, quoted, sql};
use crate::shape::key_field;
use crate::write::in_bin;
use orglet_base::sql::HOME;
use orglet_base::{Dialect, Statement};
use orglet_schema::{CellKind, Field, FieldType, Object};

/// References that nobody follows from the parent's side.
const UNFOLLOWED: &[&str] = &["CreatedById", "LastModifiedById", "MasterRecordId"];

fn statement(text: String) -> Statement {
    Statement::new(text, Vec::new())
}

/// A column's type.
fn column_type(kind: CellKind, dialect: Dialect) -> String {
    let fixed = match (dialect, kind) {
        (Dialect::Sqlite, CellKind::Bool | CellKind::Int | CellKind::Decimal(_)) => "INTEGER",
        (Dialect::Sqlite, CellKind::Blob) => "BLOB",
        (Dialect::Sqlite, _) => "TEXT",
        (Dialect::Postgres, CellKind::Bool) => "boolean",
        (Dialect::Postgres, CellKind::Int) => "bigint",
        // Whatever cell there can be fits, so that a field's precision can change without its column.
        (Dialect::Postgres, CellKind::Decimal(scale)) => return format!("numeric(19, {scale})"),
        (Dialect::Postgres, CellKind::Date) => "date",
        (Dialect::Postgres, CellKind::DateTime) => "timestamptz",
        (Dialect::Postgres, CellKind::Time) => "time",
        (Dialect::Postgres, CellKind::Blob) => "bytea",
        // By code points, whatever the database's locale is.
        (Dialect::Postgres, CellKind::Text | CellKind::Id | CellKind::Compound) => "text COLLATE \"C\"",
    };
    fixed.to_owned()
}

fn column(field: &Field, dialect: Dialect) -> String {
    let kind = field.cell_kind();
    let (name, ty) = (quoted(&field.name), column_type(kind, dialect));
    if field.ty == FieldType::Id {
        return format!("{name} {ty} PRIMARY KEY NOT NULL");
    }
    // A checkbox column that is added to a table has false in the rows that are there.
    match (kind, dialect) {
        (CellKind::Bool, Dialect::Sqlite) => format!("{name} {ty} DEFAULT 0"),
        (CellKind::Bool, Dialect::Postgres) => format!("{name} {ty} DEFAULT false"),
        _ => format!("{name} {ty}"),
    }
}

/// How a field is indexed.
#[derive(Clone, Copy, PartialEq)]
enum Index {
    Unique,
    Plain,
    /// Of the rows that have a value, which are few.
    Sparse,
}

/// The longest text, in characters, that PostgreSQL is sure to take as an index key (2,704 bytes).
const LONGEST_KEY: u32 = 660;

fn index_kind(field: &Field, dialect: Dialect) -> Option<Index> {
    if !field.has_column() || field.ty == FieldType::Id || field.cell_kind() == CellKind::Blob {
        return None;
    }
    if dialect == Dialect::Postgres && field.cell_kind() == CellKind::Text && field.length > LONGEST_KEY {
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

/// The longest name that PostgreSQL keeps whole, in bytes.
const LONGEST_NAME: usize = 63;

fn index_name(object: &str, field: &str, dialect: Dialect) -> String {
    let name = format!("ix_{object}_{field}");
    if dialect == Dialect::Sqlite || name.len() <= LONGEST_NAME {
        return quoted(&name);
    }
    // Cut names must stay apart: FNV-1a of the whole stands for what is cut off. API names are ASCII.
    let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    quoted(&format!("{}_{sum:016x}", name.get(..LONGEST_NAME - 17).unwrap_or("ix")))
}

/// The index of a field, if it has one: unique among live rows for unique fields, plain for what rows are looked up by.
pub fn create_index(object: &Object, field: &Field, dialect: Dialect) -> Vec<Statement> {
    let Some(kind) = index_kind(field, dialect) else { return Vec::new() };
    let unique = if kind == Index::Unique { "UNIQUE " } else { "" };
    let column = sql![quoted(&field.name)];
    let folds = !field.compares_exactly();
    let indexed = Emit(dialect).folded(&column, folds);
    let (indexed, there, nulls) = match dialect {
        Dialect::Sqlite => (indexed, column, ""),
        // An expression stands in parentheses. What is looked for implies that the expression, not the column, has a
        // value; and queries want rows without one first.
        Dialect::Postgres => {
            let indexed = if folds { sql!["(", indexed, ")"] } else { indexed };
            (indexed.clone(), indexed, if kind == Index::Plain { " NULLS FIRST" } else { "" })
        }
    };
    // Rows without a value are left out: look-ups by value imply one, and the planner of SQLite would else take the
    // partial index for the cheapest way to read the whole table.
    let rows = match (kind, object.field("IsDeleted")) {
        (Index::Unique, Some(_)) => sql![" WHERE ", in_bin(false, dialect), " AND ", there, " IS NOT NULL"],
        (Index::Sparse, _) => sql![" WHERE ", there, " IS NOT NULL"],
        _ => Sql::default(),
    };
    // With the Id behind the value, rows come out of a plain index in the order in which queries want them.
    let id = match (kind, key_field(object)) {
        (Index::Plain | Index::Sparse, Some(key)) => format!(", {}", quoted(&key.name)),
        _ => String::new(),
    };
    let name = index_name(&object.name, &field.name, dialect);
    let table = Emit(dialect).table(&object.name);
    let all = sql![format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {table} ("), indexed, nulls, id, ")", rows];
    vec![all.finish(dialect)]
}

/// Drops the index of a field, if there is one: before the field goes, or when it stops being unique or looked up by.
pub fn drop_index(object: &Object, field_name: &str, dialect: Dialect) -> Statement {
    let home = if dialect == Dialect::Postgres { HOME } else { "" };
    statement(format!("DROP INDEX IF EXISTS {home}{}", index_name(&object.name, field_name, dialect)))
}

/// The object's table with a column for each field that has one, and its indexes. Nothing for virtual objects.
pub fn create_table(object: &Object, dialect: Dialect) -> Vec<Statement> {
    let fields = || object.fields().iter().filter(|f| f.has_column());
    if !object.has_table() || fields().next().is_none() {
        return Vec::new();
    }
    let columns = fields().map(|f| column(f, dialect)).collect::<Vec<_>>().join(", ");
    let table = statement(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", Emit(dialect).table(&object.name)));
    std::iter::once(table).chain(fields().flat_map(|f| create_index(object, f, dialect))).collect()
}

/// A column for a new field, NULL (false for a checkbox) in the rows that are there, and its index. `object` is the
/// object with the field in it.
pub fn add_column(object: &Object, field: &Field, dialect: Dialect) -> Vec<Statement> {
    if !object.has_table() || !field.has_column() {
        return Vec::new();
    }
    let alter = statement(format!("ALTER TABLE {} ADD COLUMN {}", Emit(dialect).table(&object.name), column(field, dialect)));
    std::iter::once(alter).chain(create_index(object, field, dialect)).collect()
}

/// Takes a field's column and index away, with its values.
pub fn drop_column(object: &Object, field: &Field, dialect: Dialect) -> Vec<Statement> {
    if !object.has_table() || !field.has_column() {
        return Vec::new();
    }
    let alter = statement(format!("ALTER TABLE {} DROP COLUMN {}", Emit(dialect).table(&object.name), quoted(&field.name)));
    vec![drop_index(object, &field.name, dialect), alter]
}

/// Drops an object's table with every row.
pub fn drop_table(object: &Object, dialect: Dialect) -> Vec<Statement> {
    let table = Emit(dialect).table(&object.name);
    if object.has_table() { vec![statement(format!("DROP TABLE IF EXISTS {table}"))] } else { Vec::new() }
}
