//! Assets.

use super::{Candidate, no_loop, refuse};
use crate::Failure;
use crate::failure::Gathered;
use orglet_base::ErrorCode;
use orglet_store::Tx;

/// An asset is somebody's, and not above itself.
pub(super) fn asset(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    if it.get("AccountId").is_null() && it.get("ContactId").is_null() {
        let text = "Every asset needs an account, a contact, or both.: Account ID, Contact ID";
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, text, &["AccountId", "ContactId"])))?;
    }
    if it.set("ParentId") {
        wrong.note(no_loop(tx, it, "ParentId"))?;
    }
    wrong.end()
}
