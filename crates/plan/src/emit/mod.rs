//! SQL text. The binder puts fragments together through [`Emit`] and knows no dialect.

mod aggregate;
mod dates;
mod record;

pub(crate) use aggregate::{AggregateSql, all_sets, rollup_sets};
pub(crate) use dates::DatePart;
pub(crate) use record::{Join, OrderKey, RecordSql, count, source_of};

use orglet_base::{Dialect, OwnedCell, Param, Statement};
use orglet_syntax::ast::CompareOp;
use std::fmt::Write as _;

/// Stands for the next parameter in a fragment's text. No identifier holds it.
const MARK: char = '\u{1}';

/// A fragment: text, its parameters in order, and which tables of its scope it reads (one bit each).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sql {
    pub text: String,
    pub params: Vec<Param>,
    pub tables: u64,
}

/// A piece of a fragment.
pub(crate) trait Piece {
    fn put(&self, to: &mut Sql);
}

impl<T: Piece + ?Sized> Piece for &T {
    fn put(&self, to: &mut Sql) {
        (*self).put(to);
    }
}

impl Piece for str {
    fn put(&self, to: &mut Sql) {
        to.text.push_str(self);
    }
}

impl Piece for String {
    fn put(&self, to: &mut Sql) {
        to.text.push_str(self);
    }
}

impl Piece for Param {
    fn put(&self, to: &mut Sql) {
        to.text.push(MARK);
        to.params.push(self.clone());
    }
}

impl Piece for OwnedCell {
    fn put(&self, to: &mut Sql) {
        Param::Cell(self.clone()).put(to);
    }
}

impl Piece for Sql {
    fn put(&self, to: &mut Sql) {
        to.text.push_str(&self.text);
        to.params.extend(self.params.iter().cloned());
        to.tables |= self.tables;
    }
}

/// Puts pieces together.
macro_rules! sql {
    ($($piece:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut out = $crate::emit::Sql::default();
        $( $crate::emit::Piece::put(&$piece, &mut out); )*
        out
    }};
}
pub(crate) use sql;

/// An identifier in quotes.
pub(crate) fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    out.push('"');
    for (i, part) in name.split('"').enumerate() {
        if i > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
    out
}

impl Sql {
    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: impl Piece) {
        piece.put(self);
    }

    /// Cells with commas between them.
    pub(crate) fn cells(cells: Vec<OwnedCell>) -> Sql {
        let mut text = String::with_capacity(cells.len() * 3);
        for i in 0..cells.len() {
            text.push_str(if i > 0 { ", " } else { "" });
            text.push(MARK);
        }
        Sql { text, params: cells.into_iter().map(Param::Cell).collect(), tables: 0 }
    }

    /// Pieces with a separator between them.
    pub(crate) fn joined<P: Piece>(pieces: impl IntoIterator<Item = P>, separator: &str) -> Sql {
        let mut out = Sql::default();
        for (i, piece) in pieces.into_iter().enumerate() {
            if i > 0 {
                out.push(separator);
            }
            out.push(piece);
        }
        out
    }

    /// Numbers the parameters.
    pub(crate) fn finish(self, dialect: Dialect) -> Statement {
        let mark = match dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        };
        let mut parts = self.text.split(MARK);
        let mut text = String::with_capacity(self.text.len() + self.params.len() * 3);
        text.push_str(parts.next().unwrap_or_default());
        for (n, part) in parts.enumerate() {
            text.push(mark);
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", n + 1);
            text.push_str(part);
        }
        Statement::new(text, self.params)
    }
}

/// Writes expressions and conditions in a dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emit(pub Dialect);

/// The sign of an operator. LIKE has none.
fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "<>",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
        CompareOp::Like => "LIKE",
    }
}

impl Emit {
    /// A value as it is compared, ordered or grouped.
    pub(crate) fn folded(self, value: &Sql, fold: bool) -> Sql {
        if fold { sql![value, " COLLATE FOLD"] } else { value.clone() }
    }

    /// `value op cell`; `Ne` holds for NULL too, the others do not.
    pub(crate) fn compare(self, value: &Sql, fold: bool, op: CompareOp, cell: OwnedCell) -> Sql {
        let value = self.folded(value, fold);
        match op {
            CompareOp::Ne => match self.0 {
                Dialect::Sqlite => sql![value, " IS NOT ", cell],
                Dialect::Postgres => sql![value, " IS DISTINCT FROM ", cell],
            },
            CompareOp::Like => sql!["org_like(", cell, ", ", value, ")"],
            op => sql![value, " ", sign(op), " ", cell],
        }
    }

    /// Two values by a sign.
    pub(crate) fn compare_values(self, left: &Sql, op: CompareOp, right: &Sql) -> Sql {
        sql![left, " ", sign(op), " ", right]
    }

    /// SOQL's LIKE.
    pub(crate) fn like(self, value: &Sql, pattern: &str) -> Sql {
        sql!["org_like(", Param::from(pattern), ", ", value, ")"]
    }

    /// Whether a value is one of these texts.
    pub(crate) fn in_texts(self, value: &Sql, fold: bool, texts: Vec<String>) -> Sql {
        let value = self.folded(value, fold);
        match self.0 {
            Dialect::Sqlite => sql![value, " IN (SELECT value FROM json_each(", Param::Texts(texts), "))"],
            Dialect::Postgres => sql![value, " = ANY(", Param::Texts(texts), ")"],
        }
    }

    /// Whether a value is one of these whole numbers.
    pub(crate) fn in_numbers(self, value: &Sql, numbers: &[i64]) -> Sql {
        let list = format!("[{}]", numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
        match self.0 {
            Dialect::Sqlite => sql![value, " IN (SELECT value FROM json_each(", Param::Json(list), "))"],
            Dialect::Postgres => {
                sql![value, " IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(", Param::Json(list), "::json))"]
            }
        }
    }

    /// Whether a value is NULL, or is not.
    pub(crate) fn is_null(self, value: &Sql, yes: bool) -> Sql {
        sql![value, if yes { " IS NULL" } else { " IS NOT NULL" }]
    }

    /// A condition that always holds, or never does.
    pub(crate) fn constant(self, truth: bool) -> Sql {
        sql![if truth { "1 = 1" } else { "1 = 0" }]
    }

    /// NOT in two-valued logic: what is unknown counts as false, so its negation holds.
    pub(crate) fn negate(self, condition: &Sql) -> Sql {
        sql!["(", condition, ") IS NOT TRUE"]
    }

    /// Several conditions in one. Many are bracketed in groups: databases bound the depth of an expression, and a chain
    /// is as deep as it is long.
    pub(crate) fn all(self, mut conditions: Vec<Sql>, and: bool) -> Sql {
        const WIDTH: usize = 64;
        let chain = |part: &[Sql]| Sql::joined(part.iter().map(|c| sql!["(", c, ")"]), if and { " AND " } else { " OR " });
        while conditions.len() > WIDTH {
            conditions = conditions.chunks(WIDTH).map(chain).collect();
        }
        chain(&conditions)
    }

    /// The place of a value in a list of texts, by which it is ordered; values outside the list come last.
    pub(crate) fn rank(self, value: &Sql, list: Vec<String>) -> Sql {
        let last = list.len().to_string();
        let found = match self.0 {
            Dialect::Sqlite => {
                sql!["(SELECT j.key FROM json_each(", Param::Texts(list), ") AS j WHERE j.value = ", value, " COLLATE FOLD)"]
            }
            Dialect::Postgres => sql!["array_position(", Param::Texts(list), ", ", value, ")"],
        };
        sql!["CASE WHEN ", value, " IS NULL THEN NULL ELSE COALESCE(", found, ", ", last, ") END"]
    }

    /// A text behind its rank, so that the least or greatest of them is that of the list's order.
    pub(crate) fn ranked(self, value: &Sql, list: Vec<String>) -> Sql {
        let rank = self.rank(value, list);
        match self.0 {
            Dialect::Sqlite => sql!["printf('%05d', ", rank, ") || ", value],
            Dialect::Postgres => sql!["to_char(", rank, ", 'FM00000') || ", value],
        }
    }

    /// The text of the least or greatest of ranked texts.
    pub(crate) fn first_ranked(self, aggregate: &str, arg: &str) -> Sql {
        sql!["substr(", aggregate, "(", arg, "), 6)"]
    }

    /// The distance in `unit` between two places, in degrees: a number.
    pub(crate) fn distance(self, from: (&Sql, u8), from2: (&Sql, u8), to: (&str, &str), unit: &str) -> Sql {
        let degrees = |(cell, scale): (&Sql, u8)| sql!["CAST(", cell, " AS REAL) / ", format!("1{}.0", "0".repeat(scale.into()))];
        sql![
            "org_distance(",
            degrees(from),
            ", ",
            degrees(from2),
            ", CAST(",
            Param::from(to.0),
            " AS REAL), CAST(",
            Param::from(to.1),
            " AS REAL), ",
            Param::from(unit),
            ")"
        ]
    }

    /// A number as decimal text.
    pub(crate) fn decimal_text(self, value: &Sql) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql!["CASE WHEN ", value, " IS NOT NULL THEN printf('%.10f', ", value, ") END"],
            Dialect::Postgres => sql!["CAST(ROUND(CAST(", value, " AS numeric), 10) AS text)"],
        }
    }
}
