//! The made-up CRM of `--sample-data`.

use crate::{Failure, Identity};

/// Fills an org with sample records.
pub(super) fn fill(_identity: &Identity) -> Result<(), Failure> {
    Ok(())
}
