//! Statements of the save pipeline: writes, and reads by Id or by key.

use crate::emit::{Emit, Sql, quoted, sql};
use crate::shape::key_field;
use orglet_base::{CellKind, Dialect, OwnedCell, Param, Statement};
use orglet_schema::{Field, Object};
use orglet_syntax::ast::CompareOp;

pub(crate) fn names(fields: &[&Field]) -> String {
    let mut out = String::with_capacity(fields.len() * 20);
    for (i, field) in fields.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        out.push_str(&quoted(&field.name));
    }
    out
}

fn key(object: &Object) -> Sql {
    sql![quoted(key_field(object).map_or("Id", |f| f.name.as_str()))]
}

fn live(object: &Object, live_only: bool, dialect: Dialect) -> Sql {
    if live_only && object.field("IsDeleted").is_some() { sql![" AND ", in_bin(false, dialect)] } else { Sql::default() }
}

/// Whether a row is in the recycle bin.
pub(crate) fn in_bin(yes: bool, dialect: Dialect) -> Sql {
    Emit(dialect).flag("\"IsDeleted\"", yes)
}

/// What a point read does to the row that it finds. SQLite has one writer, so that nothing needs to be locked there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nothing.
    None,
    /// Keeps it from being changed before the transaction ends: it is referred to.
    Share,
    /// Keeps it from being changed or referred to: it will be changed.
    Update,
}

fn lock(lock: Lock, dialect: Dialect) -> &'static str {
    match (dialect, lock) {
        (Dialect::Sqlite, _) | (_, Lock::None) => "",
        (Dialect::Postgres, Lock::Share) => " FOR SHARE",
        (Dialect::Postgres, Lock::Update) => " FOR UPDATE",
    }
}

/// The name of an object's table in a statement that is not written here.
pub fn table(object: &str, dialect: Dialect) -> String {
    Emit(dialect).table(object)
}

/// Inserts a row with a cell for every column.
pub fn insert(object: &Object, columns: &[&Field], row: Vec<OwnedCell>, dialect: Dialect) -> Statement {
    let row = Sql::params(columns.iter().zip(row).map(|(f, cell)| Param::Of(f.cell_kind(), cell)).collect());
    sql!["INSERT INTO ", Emit(dialect).table(&object.name), " (", names(columns), ") VALUES (", row, ")"].finish(dialect)
}

/// Inserts many rows, each with a cell for every column: a statement for each on SQLite, where one costs next to nothing, and
/// one for all of them on PostgreSQL.
pub fn insert_all(object: &Object, columns: &[&Field], rows: Vec<Vec<OwnedCell>>, dialect: Dialect) -> Vec<Statement> {
    if dialect == Dialect::Sqlite {
        let mut rows = rows.into_iter();
        let Some(first) = rows.next().map(|row| insert(object, columns, row, dialect)) else { return Vec::new() };
        let sql = first.sql.clone();
        let params = |row: Vec<OwnedCell>| columns.iter().zip(row).map(|(f, cell)| Param::Of(f.cell_kind(), cell)).collect();
        return std::iter::once(first).chain(rows.map(|row| Statement::new(sql.clone(), params(row)))).collect();
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lists: Vec<Vec<OwnedCell>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        lists.iter_mut().zip(row).for_each(|(list, cell)| list.push(cell));
    }
    let lists = Sql::params(columns.iter().zip(lists).map(|(f, list)| Param::List(f.cell_kind(), list)).collect());
    vec![
        sql!["INSERT INTO ", Emit(dialect).table(&object.name), " (", names(columns), ") SELECT * FROM unnest(", lists, ")"]
            .finish(dialect),
    ]
}

/// Sets columns of one row. `cells` stand in the order of `columns`.
pub fn update(object: &Object, columns: &[&Field], cells: Vec<OwnedCell>, id: &str, dialect: Dialect) -> Statement {
    let sets = columns.iter().zip(cells).map(|(f, cell)| sql![quoted(&f.name), " = ", Param::Of(f.cell_kind(), cell)]);
    let id = OwnedCell::Text(id.to_owned());
    sql!["UPDATE ", Emit(dialect).table(&object.name), " SET ", Sql::joined(sets, ", "), " WHERE ", key(object), " = ", id].finish(dialect)
}

/// Sets columns of several rows to the same cells.
pub fn update_all(object: &Object, columns: &[&Field], cells: Vec<OwnedCell>, ids: &[String], dialect: Dialect) -> Statement {
    let sets = columns.iter().zip(cells).map(|(f, cell)| sql![quoted(&f.name), " = ", Param::Of(f.cell_kind(), cell)]);
    let chosen = Emit(dialect).in_texts(&key(object), false, ids.to_vec());
    sql!["UPDATE ", Emit(dialect).table(&object.name), " SET ", Sql::joined(sets, ", "), " WHERE ", chosen].finish(dialect)
}

/// The key and some columns of rows that have a value in one of `any`, deleted rows included: `most` of those whose key comes after
/// another, in the order of the key.
pub fn page_with_any(object: &Object, columns: &[&Field], any: &[&Field], after: &str, most: usize, dialect: Dialect) -> Statement {
    let there = Sql::joined(any.iter().map(|f| sql![quoted(&f.name), " IS NOT NULL"]), " OR ");
    let (table, after) = (Emit(dialect).table(&object.name), OwnedCell::Text(after.to_owned()));
    let chosen = sql![" WHERE ", key(object), " > ", after, " AND (", there, ") ORDER BY ", key(object), " LIMIT ", many(most)];
    sql!["SELECT ", key(object), ", ", names(columns), " FROM ", table, chosen].finish(dialect)
}

fn many(rows: usize) -> OwnedCell {
    OwnedCell::Int(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Takes rows away for good (emptying the recycle bin; the save's own delete sets `IsDeleted`).
pub fn purge(object: &Object, ids: &[String], dialect: Dialect) -> Statement {
    let chosen = Emit(dialect).in_texts(&key(object), false, ids.to_vec());
    sql!["DELETE FROM ", Emit(dialect).table(&object.name), " WHERE ", chosen].finish(dialect)
}

/// As [`purge`], of those that are deleted still, and by a stamp before some time.
pub fn purge_deleted(object: &Object, ids: &[String], (stamp, before): (&Field, OwnedCell), dialect: Dialect) -> Statement {
    let chosen = Emit(dialect).in_texts(&key(object), false, ids.to_vec());
    let earlier = sql![quoted(&stamp.name), " < ", Param::Of(stamp.cell_kind(), before)];
    let table = Emit(dialect).table(&object.name);
    sql!["DELETE FROM ", table, " WHERE ", chosen, " AND ", in_bin(true, dialect), " AND ", earlier].finish(dialect)
}

/// Reads columns of the row with an Id, deleted or not. Bytes are not read: their cell is 1 where there are any.
pub fn point_read(object: &Object, fields: &[&Field], id: &str, locking: Lock, dialect: Dialect) -> Statement {
    let columns = match fields.iter().any(|f| f.cell_kind() == CellKind::Blob) {
        true => Sql::joined(fields.iter().map(|f| shown(f)), ", "),
        false => sql![names(fields)],
    };
    let id = OwnedCell::Text(id.to_owned());
    sql!["SELECT ", columns, " FROM ", Emit(dialect).table(&object.name), " WHERE ", key(object), " = ", id, lock(locking, dialect)]
        .finish(dialect)
}

/// Reads the bytes of one field of the row with an Id, and columns of it behind them.
pub fn blob_read(object: &Object, blob: &Field, fields: &[&Field], id: &str, dialect: Dialect) -> Statement {
    let columns: Vec<&Field> = std::iter::once(blob).chain(fields.iter().copied()).collect();
    let id = OwnedCell::Text(id.to_owned());
    sql!["SELECT ", names(&columns), " FROM ", Emit(dialect).table(&object.name), " WHERE ", key(object), " = ", id].finish(dialect)
}

/// A column as a read of a row selects it.
fn shown(field: &Field) -> Sql {
    let column = quoted(&field.name);
    match field.cell_kind() {
        CellKind::Blob => sql!["CASE WHEN ", column, " IS NOT NULL THEN 1 END"],
        _ => sql![column],
    }
}

/// Reads columns of the rows with these Ids, deleted or not, in the order of their Ids.
pub fn select_in(object: &Object, fields: &[&Field], ids: &[String], locking: Lock, dialect: Dialect) -> Statement {
    let chosen = Emit(dialect).in_texts(&key(object), false, ids.to_vec());
    let rest = sql![" WHERE ", chosen, " ORDER BY ", key(object), lock(locking, dialect)];
    sql!["SELECT ", names(fields), " FROM ", Emit(dialect).table(&object.name), rest].finish(dialect)
}

/// Reads columns of the rows whose Id comes after another, live ones or all, in the order of their Ids, at most `limit`.
pub fn page_by_id(object: &Object, fields: &[&Field], after: &str, limit: i64, live_only: bool, dialect: Dialect) -> Statement {
    let after = OwnedCell::Text(after.to_owned());
    let rest = sql![" > ", after, live(object, live_only, dialect), " ORDER BY ", key(object), " LIMIT ", OwnedCell::Int(limit)];
    sql!["SELECT ", names(fields), " FROM ", Emit(dialect).table(&object.name), " WHERE ", key(object), rest].finish(dialect)
}

/// Reads columns of the rows in which each of `equal` has its cell, compared as the field compares (folded or exactly). Used
/// for external IDs, lookups and uniqueness. A NULL cell finds nothing. With a limit these are the first by Id, whatever the
/// store.
pub fn select_where_eq(
    object: &Object,
    fields: &[&Field],
    equal: Vec<(&Field, OwnedCell)>,
    live_only: bool,
    limit: Option<i64>,
    dialect: Dialect,
) -> Statement {
    let equal = equal.into_iter().map(|(field, cell)| {
        Emit(dialect).compare(&sql![quoted(&field.name)], !field.compares_exactly(), field.cell_kind(), CompareOp::Eq, cell)
    });
    let found = Sql::joined(equal, " AND ");
    let first = limit.map_or_else(Sql::default, |n| sql![" ORDER BY ", key(object), " LIMIT ", OwnedCell::Int(n)]);
    let rest = sql![live(object, live_only, dialect), first];
    sql!["SELECT ", names(fields), " FROM ", Emit(dialect).table(&object.name), " WHERE ", found, rest].finish(dialect)
}

/// The Ids of live rows that refer to one of these, with what each refers to: children of parents that are deleted.
pub fn select_ids_in(object: &Object, reference: &Field, ids: &[String], locking: Lock, dialect: Dialect) -> Statement {
    let column = sql![quoted(&reference.name)];
    let found = Emit(dialect).in_texts(&column, false, ids.to_vec());
    sql![
        "SELECT ",
        key(object),
        ", ",
        column,
        " FROM ",
        Emit(dialect).table(&object.name),
        " WHERE ",
        found,
        live(object, true, dialect),
        lock(locking, dialect)
    ]
    .finish(dialect)
}

/// Id and stamp of the rows whose stamp lies in `[from, to)`, in order of the stamp; only those that are deleted, or
/// only those that are not, where said; no more than `most`, where said. For replication.
pub fn select_in_window(
    object: &Object,
    stamp: &Field,
    (from, to): (OwnedCell, OwnedCell),
    deleted: Option<bool>,
    most: Option<usize>,
    dialect: Dialect,
) -> Statement {
    let column = sql![quoted(&stamp.name)];
    let only = match deleted {
        Some(yes) => sql![" AND ", in_bin(yes, dialect)],
        None => Sql::default(),
    };
    let table = Emit(dialect).table(&object.name);
    let kind = stamp.cell_kind();
    sql![
        "SELECT ",
        key(object),
        ", ",
        column.clone(),
        " FROM ",
        table,
        " WHERE ",
        column.clone(),
        " >= ",
        Param::Of(kind, from),
        " AND ",
        column.clone(),
        " < ",
        Param::Of(kind, to),
        only,
        " ORDER BY ",
        column,
        ", ",
        key(object),
        most.map_or_else(Sql::default, |most| sql![" LIMIT ", many(most)])
    ]
    .finish(dialect)
}

/// How many rows an object has, live ones or all.
pub fn count(object: &Object, live_only: bool, dialect: Dialect) -> Statement {
    let only = if live_only && object.field("IsDeleted").is_some() { sql![" WHERE ", in_bin(false, dialect)] } else { Sql::default() };
    sql!["SELECT count(*) FROM ", Emit(dialect).table(&object.name), only].finish(dialect)
}

/// The sum over a column of whole numbers of the live rows of an object, of all or of those with these Ids; 0 where there
/// are none.
pub fn sum(object: &Object, column: &Field, ids: Option<Vec<String>>, dialect: Dialect) -> Statement {
    let sum = sql!["SELECT COALESCE(CAST(SUM(", quoted(&column.name), ") AS BIGINT), 0) FROM ", Emit(dialect).table(&object.name)];
    let chosen = match ids {
        Some(ids) => Emit(dialect).in_texts(&key(object), false, ids),
        None => sql![key(object), " IS NOT NULL"],
    };
    sql![sum, " WHERE ", chosen, live(object, true, dialect)].finish(dialect)
}

/// What to look for in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// A value.
    Some,
    /// No value.
    None,
    /// Text of more characters.
    Longer(u32),
    /// A number at least so far from zero, as stored.
    Beyond(i64),
}

/// The first rows, at most one, whose column holds such a thing, deleted rows included: what a change of the field must
/// look at.
pub fn any_row(object: &Object, field: &Field, find: Find, dialect: Dialect) -> Statement {
    let column = sql![quoted(&field.name)];
    let found = match find {
        Find::Some => sql![column, " IS NOT NULL"],
        Find::None => sql![column, " IS NULL"],
        Find::Longer(n) => sql!["length(", column, ") > ", Param::Of(CellKind::Int, OwnedCell::Int(i64::from(n)))],
        Find::Beyond(n) => sql!["abs(", column, ") >= ", Param::Of(field.cell_kind(), OwnedCell::Int(n))],
    };
    sql!["SELECT ", key(object), " FROM ", Emit(dialect).table(&object.name), " WHERE ", found, " LIMIT 1"].finish(dialect)
}
