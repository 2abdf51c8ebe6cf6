//! Query explain: the plans among which the platform's optimizer would choose, with their costs.
//!
//! Which fields are indexed, and how much of an object an index may lead to, is documented; the rest of the formula is
//! read off recordings, all of which it gives to the last digit. The platform estimates by statistics that it gathers, here
//! rows are counted.

use super::Request;
use crate::{Failure, Identity};
use orglet_base::{ApiError, ErrorCode, Statement};
use orglet_plan::Explain;

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Rows that the leading operation gives.
    pub cardinality: u64,
    /// The field whose index is used.
    pub field: Option<String>,
    /// How the rows are come by.
    pub operation: Operation,
    /// The cost; above 1 a filter is not selective.
    pub cost: f64,
}

/// The operation that a plan begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An index is read.
    Index,
    /// LIMIT decides.
    Other,
    /// All rows are read.
    TableScan,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The object.
    pub object: String,
    /// Its rows.
    pub total: u64,
    /// The plans, the cheapest first.
    pub candidates: Vec<Candidate>,
    /// The filters that no index helps with.
    pub unindexed: Vec<String>,
}

/// Explains a query without running it.
pub fn explain(identity: &Identity, request: &Request<'_>) -> Result<Explained, Failure> {
    identity.org.on_current(|_| {
        let catalog = if request.tooling { identity.org.tooling_catalog() } else { identity.org.catalog() };
        let seen =
            super::with_context(identity, request, &catalog, orglet_syntax::soql::MAX_CHARS, |ast, cx| Ok(orglet_plan::explain(ast, cx)?))?;
        if !seen.object.has_table() {
            let text = format!("Query explain is not enabled for {}.", seen.object.name);
            return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, text).into());
        }
        let statements = [Some(&seen.total), seen.matching.as_ref()].into_iter().flatten().chain(seen.indexes.iter().map(|i| &i.rows));
        let counts = identity.org.read(|tx| {
            let count = |statement: &Statement| Ok(tx.first(statement)?.map_or(0, |row| crate::system::int(&row[0]).unsigned_abs()));
            statements.clone().map(count).collect::<Result<Vec<u64>, Failure>>()
        })?;
        Ok(weigh(&seen, &counts))
    })
}

fn weigh(seen: &Explain, counts: &[u64]) -> Explained {
    let (total, rest) = counts.split_first().map_or((0, counts), |(total, rest)| (*total, rest));
    let (matching, rows) = match (&seen.matching, rest.split_first()) {
        (Some(_), Some((matching, rows))) => (*matching, rows),
        _ => (total, rest),
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    for (index, rows) in seen.indexes.iter().zip(rows) {
        let cost = share(*rows, if index.custom { custom_threshold(total) } else { threshold(total) });
        candidates.push(Candidate { cardinality: *rows, field: Some(index.field.clone()), operation: Operation::Index, cost });
    }
    if let Some(limit) = seen.limit.filter(|l| *l < total) {
        candidates.push(Candidate { cardinality: limit, field: None, operation: Operation::Other, cost: share(limit, threshold(total)) });
        let half = total.div_ceil(2);
        candidates.push(scan(half, total, threshold(total) * 2 / 3));
    } else {
        candidates.push(scan(matching, total, threshold(total)));
    }
    candidates.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    Explained { object: seen.object.name.clone(), total, candidates, unindexed: seen.unindexed.clone() }
}

/// Reading all rows costs more the more of them are wanted, and something in any case.
fn scan(cardinality: u64, total: u64, base: u64) -> Candidate {
    let cost = (0.65 * cardinality as f64 + base as f64) / threshold(total).max(1) as f64;
    Candidate { cardinality, field: None, operation: Operation::TableScan, cost }
}

fn share(rows: u64, threshold: u64) -> f64 {
    if threshold == 0 { 0.0 } else { rows as f64 / threshold as f64 }
}

const MILLION: u64 = 1_000_000;

/// Rows up to which a standard index is selective: 30 % of the first million and 15 % of the others, a million at most.
fn threshold(total: u64) -> u64 {
    (total.min(MILLION) * 30 / 100 + total.saturating_sub(MILLION) * 15 / 100).min(MILLION)
}

/// Rows up to which a custom index is: 10 % and 5 %, a third of a million at most.
fn custom_threshold(total: u64) -> u64 {
    (total.min(MILLION) / 10 + total.saturating_sub(MILLION) / 20).min(333_333)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Costs as real orgs gave them.
    #[test]
    fn costs_as_recorded() {
        for (cardinality, total, cost) in
            [(13, 13, "3.816666666666667"), (1, 3, "0.65"), (2, 2, "1.3"), (198_750, 1_500_000, "1.3445"), (277_500, 1_500_000, "1.481")]
        {
            assert_eq!(format!("{:?}", scan(cardinality, total, threshold(total)).cost), cost);
        }
        // With LIMIT 10.
        assert_eq!(format!("{:?}", scan(501, 1001, threshold(1001) * 2 / 3).cost), "1.7521666666666669");
        assert_eq!(format!("{:?}", share(10, threshold(1001))), "0.03333333333333333");
        assert_eq!(format!("{:?}", share(198_750, custom_threshold(1_500_000))), "1.59");
        assert_eq!(format!("{:?}", share(277_500, custom_threshold(1_500_000))), "2.22");
        assert_eq!(format!("{:?}", share(1, threshold(3))), "0.0");
        assert_eq!((threshold(9_000_000), custom_threshold(9_000_000)), (MILLION, 333_333));
    }
}
