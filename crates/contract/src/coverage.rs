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
    /// Names of the cases that bring the error about. Where none can, because the answer is not made by what the
    /// contract is run against, a test that does: `elsewhere:crates/x/tests/y.rs::name`.
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

/// What an entry begins with that names a test outside the contract.
const ELSEWHERE: &str = "elsewhere:";

/// Whether a file has a test function: `crates/x/tests/y.rs::name`.
fn has_test(root: &Path, test: &str) -> bool {
    let Some((file, name)) = test.split_once("::") else { return false };
    let Ok(text) = std::fs::read_to_string(root.join(file)) else { return false };
    let mut lines = text.lines().map(str::trim);
    let begin = [format!("fn {name}("), format!("async fn {name}(")];
    // The line before says that it is a test; other attributes may stand between.
    let mut marked = false;
    lines.any(|line| {
        if line.starts_with("#[") {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            return false;
        }
        std::mem::take(&mut marked) && begin.iter().any(|b| line.starts_with(b.as_str()))
    })
}

impl Coverage {
    /// The rows that count and whose cases all passed in a run of the whole contract. Tests elsewhere are held to pass.
    pub fn passing(&self, report: &Report) -> Vec<&CoverageRow> {
        let passed = |case: &String| case.starts_with(ELSEWHERE) || report.passing.contains(case);
        let passes = |row: &&CoverageRow| row.counts && !row.cases.is_empty() && row.cases.iter().all(passed);
        self.rows.iter().filter(passes).collect()
    }

    /// What does not hold together: a row with neither case nor reason, a case that does not exist or does not name
    /// the row as its source, a case that names a row which does not list it, a test elsewhere that is not in its file.
    /// `root` is the folder that files of such tests are named from.
    pub fn problems(&self, contract: &Contract, root: &Path) -> Vec<String> {
        let mut out = Vec::new();
        for row in &self.rows {
            if row.cases.is_empty() == row.reason.is_empty() {
                out.push(format!("{}: either cases or a reason", row.id));
            }
            for name in &row.cases {
                if let Some(test) = name.strip_prefix(ELSEWHERE) {
                    if !has_test(root, test) {
                        out.push(format!("{}: no test {test}", row.id));
                    }
                    continue;
                }
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
