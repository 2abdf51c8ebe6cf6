//! Users and campaign members.

use super::{Candidate, no_loop, refuse};
use crate::Failure;
use crate::failure::Gathered;
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_schema::standard::seed;
use orglet_store::Tx;

/// Login names look like addresses and are unique, so are nicknames; nobody locks themselves out. Codes are the
/// platform's; where the words are not recorded they are ours.
pub(super) fn user(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    if it.set("Username") {
        wrong.note(username(tx, it))?;
    }
    if it.set("CommunityNickname") && !it.others(tx, "CommunityNickname", 2)?.is_empty() {
        let text = "Duplicate Nickname.<br>Another user has already selected this nickname.<br>Please select another.";
        wrong.note(Err(refuse(ErrorCode::DuplicateCommNickname, text, &["CommunityNickname"])))?;
    }
    if it.set("IsActive") && *it.get("IsActive") == Value::Bool(false) && it.id() == Some(it.identity.user.id) {
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, "You cannot deactivate yourself: Active", &["IsActive"])))?;
    }
    if it.set("ContactId") && !it.get("ContactId").is_null() {
        let text = "only portal users can be associated to a contact";
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, text, &["ContactId"])))?;
    }
    if it.set("ManagerId") {
        wrong.note(no_loop(tx, it, "ManagerId"))?;
    }
    wrong.end()
}

fn username(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let name = it.get("Username").as_text().unwrap_or_default();
    let shaped = name.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.ends_with('.'));
    if !shaped {
        let text = "Username must be in the form of an email address (for example, john@acme.com): Username";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["Username"]));
    }
    let elsewhere = it.org.usernames.as_ref().map_or(Ok(false), |names| names.is_taken(it.org.id, name))?;
    if elsewhere || !it.others(tx, "Username", 2)?.is_empty() {
        let text = "Duplicate Username.<br>The username already exists in this or another Salesforce organization. Usernames must be unique \
                    across all Salesforce organizations. To resolve, use a different username (it doesn't need to match the user's email address). ";
        return Err(refuse(ErrorCode::DuplicateUsername, text, &["Username"]));
    }
    Ok(())
}

/// A profile's name is its own (crud-052), and those that every org has keep theirs.
pub(super) fn profile(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if !it.set("Name") {
        return Ok(());
    }
    if it.was("Name").as_text().is_some_and(|name| seed::has_named("Profile", name)) {
        let text = "The name of a standard profile can't be changed: Name";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["Name"]));
    }
    if !it.others(tx, "Name", 2)?.is_empty() {
        return Err(refuse(ErrorCode::FieldIntegrityException, "The profile name is already in use: Name", &["Name"]));
    }
    Ok(())
}

/// A member is a contact or a lead, and of a campaign once (crud-045).
pub(super) fn campaign_member(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if it.get("ContactId").is_null() && it.get("LeadId").is_null() {
        return Err(ApiError::missing_fields(&["LeadId", "ContactId"]).into());
    }
    if !it.is_new() {
        return Ok(());
    }
    for person in ["ContactId", "LeadId"] {
        if !it.get(person).is_null() && !it.with_same(tx, &[person, "CampaignId"])?.is_empty() {
            return Err(refuse(ErrorCode::DuplicateValue, "Already a campaign member.", &[]));
        }
    }
    Ok(())
}

/// Users make regular groups and queues; the other types are the platform's.
pub(super) fn group(it: &Candidate<'_>) -> Result<(), Failure> {
    match it.get("Type").as_text() {
        None | Some("Regular" | "Queue") => Ok(()),
        Some(other) => {
            let text = format!("Groups of the type {other} are made by the platform");
            Err(refuse(ErrorCode::FieldIntegrityException, text, &["Type"]))
        }
    }
}
