//! Statements that answer aggregates.
//!
//! The inner query gives each row's group keys (`g0` …) and aggregate arguments (`a0` …); the outer one groups. So what
//! is selected, ordered and tested never repeats an expression with parameters, and several grouping sets (ROLLUP,
//! CUBE) are a UNION over the same rows in which the keys left out are NULL and `r0` … say so.

use super::record::{Join, OrderKey, filtered, from, order_key, window};
use super::{Emit, Sql, sql};
use orglet_base::{Dialect, Statement};

/// The parts of an aggregate query. `outs`, `having` and `order` speak of `s.gN`, `s.aN` and `s.rN`.
#[derive(Clone, Debug)]
pub(crate) struct AggregateSql {
    pub dialect: Dialect,
    pub joins: Vec<Join>,
    pub filter: Option<Sql>,
    /// Group keys, and whether they are folded.
    pub keys: Vec<(Sql, bool)>,
    /// Arguments of aggregates.
    pub args: Vec<Sql>,
    pub outs: Vec<Sql>,
    pub having: Option<Sql>,
    pub order: Vec<OrderKey>,
    /// The grouping sets: which keys each groups by. Empty: one set of all keys.
    pub sets: Vec<Vec<bool>>,
}

/// The sets of ROLLUP over `n` keys.
pub(crate) fn rollup_sets(n: usize) -> Vec<Vec<bool>> {
    (0..=n).rev().map(|kept| (0..n).map(|i| i < kept).collect()).collect()
}

/// The sets of CUBE over `n` keys.
pub(crate) fn all_sets(n: usize) -> Vec<Vec<bool>> {
    (0..1usize << n).map(|mask| (0..n).map(|i| mask & (1 << (n - 1 - i)) == 0).collect()).collect()
}

impl Emit {
    /// A group's key in what is said of the group: on PostgreSQL, where texts are grouped by their folded form, that.
    pub(crate) fn group_key(self, key: usize, fold: bool) -> Sql {
        let column = if fold && self.0 == Dialect::Postgres { 'f' } else { 'g' };
        sql![format!("s.{column}{key}")]
    }
}

impl AggregateSql {
    fn inner(&self) -> Sql {
        let keys = self.keys.iter().enumerate().flat_map(|(i, (key, _))| {
            let folded = self.has_folded(i).then(|| sql![Emit(self.dialect).folded(key, true), format!(" AS f{i}")]);
            std::iter::once(sql![key, format!(" AS g{i}")]).chain(folded)
        });
        let args = self.args.iter().enumerate().map(|(i, arg)| sql![arg, format!(" AS a{i}")]);
        let mut columns: Vec<Sql> = keys.chain(args).collect();
        if columns.is_empty() {
            columns.push(sql!["1 AS one"]);
        }
        let list = Sql::joined(columns, ", ");
        let tables = list.tables | self.filter.as_ref().map_or(0, |f| f.tables);
        sql!["SELECT ", list, from(&self.joins, tables), filtered(&self.filter)]
    }

    /// Whether a key has a column of its folded text: PostgreSQL groups by that, and what is said of a group must be
    /// said in terms of what it is grouped by.
    fn has_folded(&self, key: usize) -> bool {
        self.dialect == Dialect::Postgres && self.keys[key].1
    }

    /// What a key is grouped by.
    fn key(&self, key: usize) -> Sql {
        let (emit, fold) = (Emit(self.dialect), self.keys[key].1);
        emit.folded(&emit.group_key(key, fold), fold && !self.has_folded(key))
    }

    fn grouped(&self) -> Sql {
        if self.keys.is_empty() {
            return Sql::default();
        }
        sql![" GROUP BY ", Sql::joined((0..self.keys.len()).map(|i| self.key(i)), ", ")]
    }

    fn having(&self) -> Sql {
        self.having.as_ref().map_or_else(Sql::default, |h| sql![" HAVING ", h])
    }

    /// The rows, with LIMIT and OFFSET.
    pub(crate) fn statement(&self, limit: u64, offset: u64) -> Statement {
        let window = window(Some(limit), offset, self.dialect);
        if self.sets.is_empty() {
            let mut order: Vec<Sql> = self.order.iter().map(|key| order_key(key, &key.sql, self.dialect)).collect();
            // Groups are told apart by their keys: these last make the order a total one.
            let plain = OrderKey { sql: Sql::default(), fold: false, descending: false, nulls_first: None };
            order.extend((0..self.keys.len()).map(|i| order_key(&plain, &self.key(i), self.dialect)));
            let mut all = sql!["SELECT ", Sql::joined(&self.outs, ", "), " FROM (", self.inner(), ") AS s", self.grouped(), self.having()];
            if !order.is_empty() {
                all.push(sql![" ORDER BY ", Sql::joined(order, ", ")]);
            }
            all.push(window);
            return all.finish(self.dialect);
        }
        let mut order = self.order.clone();
        for (i, (_, fold)) in self.keys.iter().enumerate() {
            let key = |sql, fold| OrderKey { sql, fold, descending: false, nulls_first: None };
            order.push(key(sql![format!("MIN(s.r{i})")], false));
            match self.dialect {
                Dialect::Sqlite => order.push(key(sql![format!("MIN(s.g{i})")], *fold)),
                Dialect::Postgres => order.push(key(self.key(i), false)),
            }
        }
        let outs = self.outs.iter().enumerate().map(|(i, out)| sql![out, format!(" AS c{i}")]);
        let keys = order.iter().enumerate().map(|(i, key)| sql![key.sql, format!(" AS k{i}")]);
        let list = Sql::joined(outs.chain(keys), ", ");
        let selects = self.sets.iter().map(|set| {
            let keys = set.iter().enumerate().map(|(i, kept)| {
                let folded = if self.has_folded(i) { &["g", "f"][..] } else { &["g"] };
                let columns = folded.iter().map(|c| match (kept, self.dialect) {
                    (true, _) => format!("src.{c}{i} AS {c}{i}, "),
                    (false, Dialect::Sqlite) => format!("NULL AS {c}{i}, "),
                    // A NULL of the key's type.
                    (false, Dialect::Postgres) => format!("NULLIF(src.{c}{i}, src.{c}{i}) AS {c}{i}, "),
                });
                format!("{}{} AS r{i}", columns.collect::<String>(), u8::from(!kept))
            });
            let args = (0..self.args.len()).map(|i| format!("src.a{i} AS a{i}"));
            let columns = keys.chain(args).collect::<Vec<_>>().join(", ");
            sql!["SELECT ", list, " FROM (SELECT ", columns, " FROM src) AS s", self.grouped(), self.having()]
        });
        let union = Sql::joined(selects, " UNION ALL ");
        let names = (0..self.outs.len()).map(|i| format!("u.c{i}")).collect::<Vec<_>>().join(", ");
        let order = order.iter().enumerate().map(|(i, key)| order_key(key, &sql![format!("u.k{i}")], self.dialect));
        let order = Sql::joined(order, ", ");
        sql!["WITH src AS (", self.inner(), ") SELECT ", names, " FROM (", union, ") AS u ORDER BY ", order, window].finish(self.dialect)
    }
}
