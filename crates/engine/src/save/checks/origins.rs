//! Origins whose scripts may read answers.

use super::{Candidate, is_developer_name, misnamed, refuse};
use crate::Failure;
use crate::failure::Gathered;
use orglet_base::{ErrorCode, Origins};
use orglet_store::Tx;

/// A pattern is one of origins, and a name is one that nothing else has. What patterns look like is documented
/// (<https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_corswhitelistorigin.htm>), the words are ours.
pub(super) fn entry(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    let text = |field: &str| it.get(field).as_text().unwrap_or_default().to_owned();
    if it.set("UrlPattern")
        && let Err(why) = text("UrlPattern").parse::<Origins>()
    {
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, format!("Origin URL Pattern: {why}"), &["UrlPattern"])))?;
    }
    if it.set("DeveloperName") {
        let name = text("DeveloperName");
        if !is_developer_name(&name) {
            wrong.note(Err(misnamed("Name", "DeveloperName")))?;
        } else if !it.others(tx, "DeveloperName", 2)?.is_empty() {
            let text = format!("There is already an allowed origin named {name}.");
            wrong.note(Err(refuse(ErrorCode::DuplicateDeveloperName, text, &["DeveloperName"])))?;
        }
    }
    wrong.end()
}
