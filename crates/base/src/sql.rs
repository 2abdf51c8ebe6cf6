//! A statement on its way from the planner to a store: text and parameters. Values never stand in the text.

use crate::{CellKind, OwnedCell};
use std::sync::Arc;

/// Which SQL a statement is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite, with the functions and the collation that `orglet-store` registers.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Stands before the name of a table or function in statements for PostgreSQL: the store puts the org's schema there. It is
/// an identifier in quotes, so that nothing else in a statement looks like it.
pub const HOME: &str = "\"@\".";

/// SQL text with its parameters in order (`?1`, `?2` … on SQLite, `$1` … on PostgreSQL).
///
/// Statements on the engine's own tables are written once for both, with `?1` and names like `"_meta"`: the store for
/// PostgreSQL takes `?n` for `$n`, and an identifier in quotes that begins with an underscore for a table of the org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text. Shared: plans are kept and run again with other parameters.
    pub sql: Arc<str>,
    /// The parameters.
    pub params: Vec<Param>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// One cell of no column: text, a whole number or bytes, as it is.
    Cell(OwnedCell),
    /// A cell of a column of this kind, or one to be compared with such cells. On PostgreSQL it takes the column's type.
    Of(CellKind, OwnedCell),
    /// A list of texts: a JSON array on SQLite (read with `json_each`), `text[]` on PostgreSQL.
    Texts(Vec<String>),
    /// A list of cells of one kind that is not text: a JSON array on SQLite, an array of the kind's type on PostgreSQL.
    List(CellKind, Vec<OwnedCell>),
    /// Rows of a virtual object, as a JSON array of arrays.
    Json(String),
    /// The rows of the virtual object with this number in the plan, still to be made.
    Virtual(usize),
}

impl Statement {
    /// A statement of fixed text.
    pub fn new(sql: impl Into<Arc<str>>, params: Vec<Param>) -> Self {
        Self { sql: sql.into(), params }
    }
}

impl From<OwnedCell> for Param {
    fn from(cell: OwnedCell) -> Self {
        Param::Cell(cell)
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Param::Cell(OwnedCell::Text(text.to_owned()))
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Param::Cell(OwnedCell::Text(text))
    }
}

impl From<i64> for Param {
    fn from(n: i64) -> Self {
        Param::Cell(OwnedCell::Int(n))
    }
}
