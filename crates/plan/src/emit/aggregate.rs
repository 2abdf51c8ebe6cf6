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

impl AggregateSql {
    fn inner(&self) -> Sql {
        let keys = self.keys.iter().enumerate().map(|(i, (key, _))| sql![key, format!(" AS g{i}")]);
        let args = self.args.iter().enumerate().map(|(i, arg)| sql![arg, format!(" AS a{i}")]);
        let mut columns: Vec<Sql> = keys.chain(args).collect();
        if columns.is_empty() {
            columns.push(sql!["1 AS one"]);
        }
        let list = Sql::joined(columns, ", ");
        let tables = list.tables | self.filter.as_ref().map_or(0, |f| f.tables);
        sql!["SELECT ", list, from(&self.joins, tables), filtered(&self.filter)]
    }

    fn grouped(&self) -> Sql {
        if self.keys.is_empty() {
            return Sql::default();
        }
        let keys = self.keys.iter().enumerate().map(|(i, (_, fold))| Emit(self.dialect).folded(&sql![format!("s.g{i}")], *fold));
        sql![" GROUP BY ", Sql::joined(keys, ", ")]
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
            order.extend(self.keys.iter().enumerate().map(|(i, (_, fold))| Emit(self.dialect).folded(&sql![format!("s.g{i}")], *fold)));
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
            order.push(key(sql![format!("MIN(s.g{i})")], *fold));
        }
        let outs = self.outs.iter().enumerate().map(|(i, out)| sql![out, format!(" AS c{i}")]);
        let keys = order.iter().enumerate().map(|(i, key)| sql![key.sql, format!(" AS k{i}")]);
        let list = Sql::joined(outs.chain(keys), ", ");
        let selects = self.sets.iter().map(|set| {
            let keys = set.iter().enumerate().map(|(i, kept)| match kept {
                true => format!("src.g{i} AS g{i}, 0 AS r{i}"),
                false => format!("NULL AS g{i}, 1 AS r{i}"),
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
