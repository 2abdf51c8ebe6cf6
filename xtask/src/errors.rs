//! `cargo xtask errors`: writes docs/errors.md from the error catalogue and the contract. The page shows bodies as the
//! server makes them, so that a test of `testkit` makes it; with `--check`, or as one of the tests, it only says whether the
//! committed file is current.

use std::io;
use std::path::Path;

use crate::process::{cargo, passes};

/// Writes the page, or with `check` only compares.
pub fn run(root: &Path, check: bool) -> io::Result<bool> {
    let mut command = cargo();
    command.args(["test", "--quiet", "--workspace", "--test", "catalogue", "--", "--exact", "the_page_is_current"]).current_dir(root);
    if !check {
        command.env("ORGLET_ERRORS", "write");
    }
    passes(&mut command)
}
