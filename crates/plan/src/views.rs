//! What each user last saw: a table of the engine's own, `_views`, with a row for a user and a record.

use crate::emit::{Emit, Sql, quoted, sql};
use crate::shape::key_field;
use crate::write::names;
use orglet_base::{CellKind, Dialect, OwnedCell, Param, Statement};
use orglet_schema::{Field, Object};

/// The table, in quotes.
pub(crate) const TABLE: &str = "\"_views\"";

/// The column for a field that differs by user.
pub(crate) fn column(field: &Field) -> &'static str {
    if field.name == "LastViewedDate" { "viewed" } else { "referenced" }
}

/// As [`crate::write::point_read`] for a reader: fields that differ by user are those of the user, or what is known better
/// than the table knows. Where all is known (`all_known`), the table is not looked into. The parameters of the statement stand
/// for nothing; [`point_params`] gives those to run it with.
pub fn point_read(object: &Object, fields: &[&Field], all_known: bool, dialect: Dialect) -> Statement {
    let key = quoted(key_field(object).map_or("Id", |f| f.name.as_str()));
    let columns = fields.iter().map(|field| {
        if !field.is_personal() {
            return sql!["t.", quoted(&field.name)];
        }
        let known = Param::Of(CellKind::DateTime, OwnedCell::Null);
        if all_known {
            return sql![known];
        }
        sql!["COALESCE(", known, ", ", Emit(dialect).instant(&sql!["v.", column(field)]), ")"]
    });
    let columns = Sql::joined(columns, ", ");
    let (table, user, id) = (Emit(dialect).table(&object.name), OwnedCell::Null, OwnedCell::Null);
    let looks =
        if all_known { Sql::default() } else { sql![" LEFT JOIN ", TABLE, " AS v ON v.\"user\" = ", user, " AND v.id = t.", key.clone()] };
    sql!["SELECT ", columns, " FROM ", table, " AS t", looks, " WHERE t.", key, " = ", id].finish(dialect)
}

/// The parameters of [`point_read`]: of each field that differs by user what is known of it, the user where not all is known,
/// and the record.
pub fn point_params(known: impl Iterator<Item = OwnedCell>, user: Option<String>, id: String) -> Vec<Param> {
    let known = known.map(|cell| Param::Of(CellKind::DateTime, cell));
    known.chain(user.map(Param::from)).chain([id.into()]).collect()
}

/// Reads columns of the live rows that have one of these Ids, in no order.
pub fn select_live(object: &Object, fields: &[&Field], ids: Vec<String>, dialect: Dialect) -> Statement {
    let key = sql![quoted(key_field(object).map_or("Id", |f| f.name.as_str()))];
    let chosen = Emit(dialect).in_texts(&key, false, ids);
    let live = match object.field("IsDeleted") {
        Some(_) => sql![" AND ", crate::write::in_bin(false, dialect)],
        None => Sql::default(),
    };
    sql!["SELECT ", names(fields), " FROM ", Emit(dialect).table(&object.name), " WHERE ", chosen, live].finish(dialect)
}
