//! SQL text. The binder puts fragments together through [`Emit`] and knows no dialect.

mod aggregate;
mod dates;
mod places;
mod record;

pub(crate) use aggregate::{AggregateSql, all_sets, rollup_sets};
pub(crate) use dates::DatePart;
pub(crate) use record::{Join, OrderKey, RecordSql, count, source_of};

use orglet_base::sql::HOME;
use orglet_base::{CellKind, Dialect, OwnedCell, Param, Statement, fold};
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
    // As all names of the catalog are.
    if !name.contains('"') {
        return ["\"", name, "\""].concat();
    }
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}

impl Sql {
    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: impl Piece) {
        piece.put(self);
    }

    /// Parameters with commas between them.
    pub(crate) fn params(params: Vec<Param>) -> Sql {
        let mut text = String::with_capacity(params.len() * 3);
        for i in 0..params.len() {
            text.push_str(if i > 0 { ", " } else { "" });
            text.push(MARK);
        }
        Sql { text, params, tables: 0 }
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
    /// The table of an object.
    pub(crate) fn table(self, object: &str) -> String {
        match self.0 {
            Dialect::Sqlite => quoted(object),
            Dialect::Postgres => format!("{HOME}{}", quoted(object)),
        }
    }

    /// A value as it is compared, ordered or grouped. On SQLite a collation folds what it compares; on PostgreSQL the
    /// value is folded, and so must be what it is compared with.
    pub(crate) fn folded(self, value: &Sql, fold: bool) -> Sql {
        match self.0 {
            _ if !fold => value.clone(),
            Dialect::Sqlite => sql![value, " COLLATE FOLD"],
            Dialect::Postgres => sql![HOME, "fold(", value, " COLLATE \"C\")"],
        }
    }

    /// A cell to be compared with values of a kind, folded as they are.
    fn cell(self, kind: CellKind, fold: bool, cell: OwnedCell) -> Param {
        match (self.0, cell) {
            (Dialect::Postgres, OwnedCell::Text(text)) if fold => Param::from(fold::fold(&text).into_owned()),
            (_, cell) => Param::Of(kind, cell),
        }
    }

    /// `value op cell`; `Ne` holds for NULL too, the others do not. The cell is one of the value's kind.
    pub(crate) fn compare(self, value: &Sql, fold: bool, kind: CellKind, op: CompareOp, cell: OwnedCell) -> Sql {
        let cell = self.cell(kind, fold, cell);
        let value = self.folded(value, fold);
        match op {
            CompareOp::Ne => match self.0 {
                Dialect::Sqlite => sql![value, " IS NOT ", cell],
                Dialect::Postgres => sql![value, " IS DISTINCT FROM ", cell],
            },
            op => sql![value, " ", sign(op), " ", cell],
        }
    }

    /// Whether a checkbox that is never NULL is set, or is not.
    pub(crate) fn flag(self, value: impl Piece, set: bool) -> Sql {
        let truth = match (self.0, set) {
            (Dialect::Sqlite, true) => "1",
            (Dialect::Sqlite, false) => "0",
            (Dialect::Postgres, true) => "true",
            (Dialect::Postgres, false) => "false",
        };
        sql![value, " = ", truth]
    }

    /// Two values by a sign.
    pub(crate) fn compare_values(self, left: &Sql, op: CompareOp, right: &Sql) -> Sql {
        sql![left, " ", sign(op), " ", right]
    }

    /// SOQL's LIKE.
    pub(crate) fn like(self, value: &Sql, pattern: &str) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql!["org_like(", Param::from(pattern), ", ", value, ")"],
            Dialect::Postgres => {
                let mut pattern = fold::fold(pattern).into_owned();
                // A lone backslash at the end stands for itself; PostgreSQL would refuse it.
                if (pattern.len() - pattern.trim_end_matches('\\').len()) % 2 == 1 {
                    pattern.push('\\');
                }
                sql![self.folded(value, true), " LIKE ", Param::from(pattern)]
            }
        }
    }

    /// Whether a value is one of these texts.
    pub(crate) fn in_texts(self, value: &Sql, fold: bool, texts: Vec<String>) -> Sql {
        let value = self.folded(value, fold);
        match self.0 {
            Dialect::Sqlite => sql![value, " IN (SELECT value FROM json_each(", Param::Texts(texts), "))"],
            Dialect::Postgres => {
                let texts = if fold { texts.iter().map(|t| fold::fold(t).into_owned()).collect() } else { texts };
                sql![value, " = ANY(", Param::Texts(texts), ")"]
            }
        }
    }

    /// Whether a value is one of these cells of its kind, none of which is text that folds.
    pub(crate) fn in_cells(self, value: &Sql, kind: CellKind, cells: Vec<OwnedCell>) -> Sql {
        let list = Param::List(kind, cells);
        match self.0 {
            Dialect::Sqlite => sql![value, " IN (SELECT value FROM json_each(", list, "))"],
            Dialect::Postgres => sql![value, " = ANY(", list, ")"],
        }
    }

    /// Whether a value is NULL, or is not.
    pub(crate) fn is_null(self, value: &Sql, yes: bool) -> Sql {
        sql![value, if yes { " IS NULL" } else { " IS NOT NULL" }]
    }

    /// An instant that one of the engine's own tables has as text, as a column of instants has it.
    pub(crate) fn instant(self, text: &Sql) -> Sql {
        match self.0 {
            Dialect::Sqlite => text.clone(),
            Dialect::Postgres => sql!["CAST(", text, " AS timestamptz)"],
        }
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
            Dialect::Postgres => {
                let list = list.iter().map(|t| fold::fold(t).into_owned()).collect();
                sql!["array_position(", Param::Texts(list), ", ", self.folded(value, true), ") - 1"]
            }
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

    /// The least or greatest of a group's values.
    pub(crate) fn extreme(self, aggregate: &str, arg: &str, fold: bool) -> Sql {
        match self.0 {
            Dialect::Postgres if fold => {
                // The text goes behind its folded form, which has as many characters.
                let folded = self.folded(&sql![arg], true);
                let found = sql![aggregate, "(", folded, " || chr(1) || ", arg, ")"];
                sql!["right(", found, ", (length(", found, ") - 1) / 2)"]
            }
            _ => sql![aggregate, "(", self.folded(&sql![arg], fold), ")"],
        }
    }

    /// The exact sum of a group's numbers of a scale, as decimal text.
    pub(crate) fn sum_text(self, arg: &str, scale: u8) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql![format!("org_sum({arg}, {scale})")],
            Dialect::Postgres => sql![format!("CAST(SUM({arg}) AS text)")],
        }
    }

    /// The average of a group's numbers of a scale, as decimal text.
    pub(crate) fn average_text(self, arg: &str, scale: u8) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql![format!("org_avg({arg}, {scale})")],
            Dialect::Postgres => sql![HOME, format!("average(SUM({arg}), COUNT({arg}))")],
        }
    }

    /// A sum over a count, by which groups are ordered: equal averages are equal.
    pub(crate) fn average_order(self, sum: &Sql, count: &Sql) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql!["CAST(", sum, " AS REAL) / ", count],
            Dialect::Postgres => sql!["ROUND(", sum, " / ", count, ", 15)"],
        }
    }

    /// A sum, and a number in units of 10^-(scale + digits) times a count, as two values to compare: `AVG(x) op v` is
    /// `SUM(x) op v * COUNT(x)`.
    pub(crate) fn average_sides(self, sum: &Sql, scale: u8, digits: u8, number: i64, count: &Sql) -> (Sql, Sql) {
        let right = |cell: Param| sql![cell, " * ", count];
        match self.0 {
            Dialect::Sqlite if digits == 0 => (sum.clone(), right(Param::from(number))),
            Dialect::Sqlite => (sql![sum, " * ", 10i64.pow(digits.into()).to_string()], right(Param::from(number))),
            Dialect::Postgres => (sum.clone(), right(Param::Of(CellKind::Decimal(scale + digits), OwnedCell::Int(number)))),
        }
    }
}
