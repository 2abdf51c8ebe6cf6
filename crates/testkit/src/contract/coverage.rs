//! Which rows of the error catalogue the contract covers: `contract/coverage.tsv`.

use super::load::Contract;
use super::run::Report;
use std::path::Path;

/// One row of the table.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// The row's id in the error catalogue, e.g. `crud-018`.
    pub id: String,
    /// Whether the row counts for the catalogue's goal: its text is known, with evidence.
    pub counts: bool,
    /// Names of the cases that bring the error about.
    pub cases: Vec<String>,
    /// Why there is none, where there is none.
    pub reason: String,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Its rows, by id.
    pub rows: Vec<CoverageRow>,
}

/// Reads `coverage.tsv`: id, `yes` or `no` (counts), cases (blank separated) and reason.
pub fn read_coverage(file: &Path) -> Result<Coverage, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut coverage = Coverage::default();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, l)| !l.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[id, counts, cases, reason] = cells.as_slice() else {
            return Err(format!("{}: line {} has {} cells", file.display(), number + 1, cells.len()));
        };
        coverage.rows.push(CoverageRow {
            id: id.into(),
            counts: counts == "yes",
            cases: cases.split_whitespace().map(str::to_owned).collect(),
            reason: reason.into(),
        });
    }
    Ok(coverage)
}

impl Coverage {
    /// The rows that count and whose cases all passed in a run of the whole contract.
    pub fn passing(&self, report: &Report) -> Vec<&CoverageRow> {
        let passes = |row: &&CoverageRow| row.counts && !row.cases.is_empty() && row.cases.iter().all(|c| report.passing.contains(c));
        self.rows.iter().filter(passes).collect()
    }

    /// What does not hold together: a row with neither case nor reason, a case that does not exist or does not name
    /// the row as its source, a case that names a row which does not list it.
    pub fn problems(&self, contract: &Contract) -> Vec<String> {
        let mut out = Vec::new();
        for row in &self.rows {
            if row.cases.is_empty() == row.reason.is_empty() {
                out.push(format!("{}: either cases or a reason", row.id));
            }
            for name in &row.cases {
                match contract.cases.iter().find(|c| &c.name == name) {
                    Some(case) if case.source.contains(&row.id) => {}
                    Some(_) => out.push(format!("{}: {name} does not name it as a source", row.id)),
                    None => out.push(format!("{}: no case {name}", row.id)),
                }
            }
        }
        for case in &contract.cases {
            for source in &case.source {
                if let Some(row) = self.rows.iter().find(|r| &r.id == source)
                    && !row.cases.contains(&case.name)
                {
                    out.push(format!("{source}: {} is not listed", case.name));
                }
            }
        }
        out
    }
}
