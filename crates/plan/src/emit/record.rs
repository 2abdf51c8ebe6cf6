//! Statements that answer records.

use super::{Emit, Sql, quoted, sql};
use orglet_base::{CellKind, Dialect, Param, Statement};
use orglet_schema::Object;

/// A table of a scope: the scan of an object, and how it is joined. The first of a scope is its root.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    /// What is read: a table, or the rows of a virtual object.
    pub source: Sql,
    /// Its alias.
    pub alias: String,
    /// The join's condition; its `tables` are those that it hangs on. `None` for the root.
    pub on: Option<Sql>,
}

/// A key of ORDER BY.
#[derive(Clone, Debug)]
pub(crate) struct OrderKey {
    pub sql: Sql,
    pub fold: bool,
    pub descending: bool,
    pub nulls_first: Option<bool>,
}

/// The parts of a query of records.
#[derive(Clone, Debug)]
pub(crate) struct RecordSql {
    pub dialect: Dialect,
    pub joins: Vec<Join>,
    /// The root's key column, qualified.
    pub key: Sql,
    /// What is selected; the first is the key.
    pub columns: Vec<Sql>,
    pub filter: Option<Sql>,
    pub order: Vec<OrderKey>,
}

/// The rows of an object: its table, or a parameter that holds them.
pub(crate) fn source_of(object: &Object, virtual_number: Option<usize>, dialect: Dialect) -> Sql {
    let Some(number) = virtual_number else { return sql![Emit(dialect).table(&object.name)] };
    let fields = object.fields().iter().filter(|f| f.has_column());
    let columns = fields.enumerate().map(|(i, f)| match dialect {
        Dialect::Sqlite => format!("json_extract(value, '$[{i}]') AS {}", quoted(&f.name)),
        Dialect::Postgres => format!("{} AS {}", json_cell(i, f.cell_kind()), quoted(&f.name)),
    });
    let list = Sql::joined(columns, ", ");
    let each = match dialect {
        Dialect::Sqlite => sql!["json_each(", Param::Virtual(number), ")"],
        Dialect::Postgres => sql!["json_array_elements(", Param::Virtual(number), "::json)"],
    };
    sql!["(SELECT ", list, " FROM ", each, ")"]
}

/// A cell of a row that is a JSON array, in its kind's type on PostgreSQL.
fn json_cell(index: usize, kind: CellKind) -> String {
    let text = format!("(value ->> {index})");
    match kind {
        CellKind::Bool => format!("{text} = '1'"),
        CellKind::Int => format!("CAST({text} AS bigint)"),
        CellKind::Decimal(scale) => format!("CAST(CAST({text} AS numeric) / 1{} AS numeric(19, {scale}))", "0".repeat(scale.into())),
        CellKind::Date => format!("CAST({text} AS date)"),
        CellKind::DateTime => format!("CAST({text} AS timestamptz)"),
        CellKind::Time => format!("CAST({text} AS time)"),
        CellKind::Text | CellKind::Id | CellKind::Blob | CellKind::Compound => format!("{text} COLLATE \"C\""),
    }
}

/// FROM with the joins that `tables` need.
pub(super) fn from(joins: &[Join], tables: u64) -> Sql {
    let mut needed = tables | 1;
    for (i, join) in joins.iter().enumerate().rev() {
        if needed & (1 << i) != 0 {
            needed |= join.on.as_ref().map_or(0, |on| on.tables);
        }
    }
    let mut out = sql![" FROM "];
    for (i, join) in joins.iter().enumerate() {
        if needed & (1 << i) == 0 {
            continue;
        }
        match &join.on {
            None => out.push(sql![join.source, " AS ", join.alias]),
            Some(on) => out.push(sql![" LEFT JOIN ", join.source, " AS ", join.alias, " ON ", on]),
        }
    }
    out
}

/// WHERE, if there is a condition.
pub(super) fn filtered(filter: &Option<Sql>) -> Sql {
    filter.as_ref().map_or_else(Sql::default, |f| sql![" WHERE ", f])
}

/// One key of ORDER BY. SQLite takes NULL for the lowest value, as the platform does.
pub(super) fn order_key(key: &OrderKey, value: &Sql, dialect: Dialect) -> Sql {
    let mut out = Emit(dialect).folded(value, key.fold);
    if key.descending {
        out.push(" DESC");
    }
    let nulls_first = match dialect {
        Dialect::Sqlite => key.nulls_first,
        Dialect::Postgres => Some(key.nulls_first.unwrap_or(!key.descending)),
    };
    match nulls_first {
        Some(true) => out.push(" NULLS FIRST"),
        Some(false) => out.push(" NULLS LAST"),
        None => {}
    }
    out
}

/// LIMIT and OFFSET; no limit is written where there is none and nothing is skipped.
pub(super) fn window(limit: Option<u64>, offset: u64, dialect: Dialect) -> Sql {
    let number = |n: u64| Param::from(i64::try_from(n).unwrap_or(i64::MAX));
    let mut out = Sql::default();
    match (limit, dialect) {
        (Some(n), _) => out.push(sql![" LIMIT ", number(n)]),
        (None, Dialect::Sqlite) if offset > 0 => out.push(" LIMIT -1"),
        (None, _) => {}
    }
    if offset > 0 {
        out.push(sql![" OFFSET ", number(offset)]);
    }
    out
}

/// `SELECT COUNT()`.
pub(crate) fn count(joins: &[Join], filter: &Option<Sql>, limit: Option<u64>, offset: u64, dialect: Dialect) -> Statement {
    let body = sql![from(joins, filter.as_ref().map_or(0, |f| f.tables)), filtered(filter)];
    let all = if limit.is_none() && offset == 0 {
        sql!["SELECT COUNT(*)", body]
    } else {
        sql!["SELECT COUNT(*) FROM (SELECT 1", body, window(limit, offset, dialect), ") AS n"]
    };
    all.finish(dialect)
}

impl RecordSql {
    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    fn list(&self) -> Sql {
        Sql::joined(&self.columns, ", ")
    }

    fn order(&self) -> Sql {
        let mut keys: Vec<Sql> = self.order.iter().map(|key| order_key(key, &key.sql, self.dialect)).collect();
        // The key makes the order a total one. It runs as the last key does, so that one index gives both.
        if !self.order.iter().any(|key| key.sql == self.key) {
            let descending = self.order.last().is_some_and(|key| key.descending);
            keys.push(if descending { sql![self.key, " DESC"] } else { self.key.clone() });
        }
        Sql::joined(keys, ", ")
    }

    fn body(&self, list: &Sql) -> Sql {
        let order = self.order();
        let tables = list.tables | order.tables | self.filter.as_ref().map_or(0, |f| f.tables);
        sql!["SELECT ", list, from(&self.joins, tables), filtered(&self.filter), " ORDER BY ", order]
    }

    /// The rows in no order, as a part of another statement.
    pub(crate) fn unordered(&self) -> Sql {
        let list = self.list();
        let tables = list.tables | self.filter.as_ref().map_or(0, |f| f.tables);
        sql!["SELECT ", list, from(&self.joins, tables), filtered(&self.filter)]
    }

    /// The first rows.
    pub(crate) fn page(&self, rows: u64, offset: u64) -> Statement {
        sql![self.body(&self.list()), window(Some(rows), offset, self.dialect)].finish(self.dialect)
    }

    /// The keys of all rows.
    pub(crate) fn ids(&self, limit: Option<u64>, offset: u64) -> Statement {
        sql![self.body(&self.key), window(limit, offset, self.dialect)].finish(self.dialect)
    }

    /// The same rows with other columns, and one more condition.
    pub(crate) fn searched(&self, columns: impl IntoIterator<Item = Sql>, beforehand: Option<Sql>) -> Self {
        let columns = std::iter::once(self.key.clone()).chain(columns).collect();
        let all: Vec<Sql> = self.filter.iter().cloned().chain(beforehand).collect();
        let filter = (!all.is_empty()).then(|| Emit(self.dialect).all(all, true));
        Self { columns, filter, ..self.clone() }
    }

    /// The rows with these keys.
    pub(crate) fn by_ids(&self, ids: Vec<String>) -> Statement {
        let list = self.list();
        let chosen = Emit(self.dialect).in_texts(&self.key, false, Vec::new());
        let mut statement = sql!["SELECT ", list, from(&self.joins, list.tables), " WHERE ", chosen].finish(self.dialect);
        // Put in at the end: a piece of SQL is copied with its parameters whenever it becomes part of another.
        if let Some(Param::Texts(empty)) = statement.params.last_mut() {
            *empty = ids;
        }
        statement
    }

    /// The children of these parents.
    pub(crate) fn for_parents(&self, parents: &[String], field: &str, limit: Option<u64>, offset: u64) -> Statement {
        let parent = sql![self.joins[0].alias, ".", quoted(field)];
        let chosen = Emit(self.dialect).in_texts(&parent, false, parents.to_vec());
        let filter = Some(match &self.filter {
            Some(f) => sql![chosen, " AND (", f, ")"],
            None => chosen,
        });
        let order = self.order();
        let tables = self.list().tables | order.tables | filter.as_ref().map_or(0, |f| f.tables);
        let body = sql![from(&self.joins, tables), filtered(&filter)];
        if limit.is_none() && offset == 0 {
            return sql!["SELECT ", self.list(), ", ", parent, body, " ORDER BY ", order].finish(self.dialect);
        }
        // Names for the columns, so that the outer query can leave out the row number.
        let named = Sql::joined(self.columns.iter().enumerate().map(|(i, c)| sql![c, format!(" AS c{i}")]), ", ");
        let outer = (0..self.columns.len()).map(|i| format!("n.c{i}")).collect::<Vec<_>>().join(", ");
        let number = |n: u64| Param::from(i64::try_from(n).unwrap_or(i64::MAX));
        let mut out = sql![
            "SELECT ",
            outer,
            ", n.p FROM (SELECT ",
            named,
            ", ",
            parent,
            " AS p, ROW_NUMBER() OVER (PARTITION BY ",
            parent,
            " ORDER BY ",
            order,
            ") AS r",
            body,
            ") AS n WHERE n.r > ",
            number(offset)
        ];
        if let Some(limit) = limit {
            out.push(sql![" AND n.r <= ", number(offset.saturating_add(limit))]);
        }
        out.push(" ORDER BY n.p, n.r");
        out.finish(self.dialect)
    }
}
