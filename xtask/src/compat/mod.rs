//! `cargo xtask compat`: writes COMPAT.md from the route table, the contract's cases and hand-kept tables under
//! `docs/`; with `--check` it only says whether the committed file is current.
//!
//! | source | gives |
//! |---|---|
//! | `crates/http/src/router.rs` | resources and verbs of `/services/data/vNN.0` |
//! | `contract/**/*.toml` | how many cases there are for a resource, verb and format |
//! | `docs/compat-built.tsv` | what is built beside the route table, and where a resource falls short |
//! | `docs/compat-missing.tsv` | documented resources that are not built |
//! | `docs/compat-soql.tsv`, `docs/compat-sosl.tsv` | clauses of the query and the search language |
//! | `contract/coverage.tsv` | rows of the error catalogue without a case |

mod cases;
mod routes;
mod tables;
mod text;

use std::fs;
use std::io;
use std::path::Path;

/// Writes COMPAT.md, or with `check` only compares. True when it is, or was, current.
pub fn run(root: &Path, check: bool) -> io::Result<bool> {
    let routes = routes::parse(&fs::read_to_string(root.join("crates/http/src/router.rs"))?)?;
    let cases = cases::read(&root.join("contract"))?;
    let built = tables::read(&root.join("docs/compat-built.tsv"))?;
    let missing = tables::read(&root.join("docs/compat-missing.tsv"))?;
    let soql = tables::read(&root.join("docs/compat-soql.tsv"))?;
    let sosl = tables::read(&root.join("docs/compat-sosl.tsv"))?;
    let coverage = tables::read(&root.join("contract/coverage.tsv"))?;
    let wanted = text::compose(&routes, &cases, &built, &missing, [&soql, &sosl], &coverage)?;
    let path = root.join("COMPAT.md");
    if check {
        return Ok(fs::read_to_string(path).is_ok_and(|now| now == wanted));
    }
    fs::write(path, wanted)?;
    Ok(true)
}
