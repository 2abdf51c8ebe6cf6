//! Which cases may be run against an org that others use.
//!
//! Records that a case makes are deleted when it ends, by whoever runs it. What can't be taken back is not run: metadata,
//! users, passwords, sessions. Neither is what expects an org with nothing else in it.

use super::case::{Case, Step};
use super::load::Contract;

/// Objects whose records can be deleted again, with all that follows from them.
const PASSING: &[&str] = &[
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "Case",
    "Task",
    "Event",
    "Campaign",
    "CampaignMember",
    "Product2",
    "PricebookEntry",
    "OpportunityLineItem",
    "Asset",
    "Contract",
    "Note",
    "Attachment",
    "CaseComment",
    "Solution",
    "Order",
    "OpportunityContactRole",
    "AccountContactRole",
    "Document",
    "Idea",
];
/// Objects whose rows every org has alike.
const DEFINITIONS: &[&str] = &["EntityDefinition", "FieldDefinition", "Organization"];
/// How deep fixtures may name others.
const DEEPEST: usize = 6;

/// Fails with the reason why a case is not run against an org that others use.
pub(crate) fn allowed(contract: &Contract, case: &Case) -> Result<(), String> {
    match case.safe {
        Some(true) => return Ok(()),
        Some(false) => return Err("it says so".to_owned()),
        None => {}
    }
    if case.pending.is_some() {
        return Err("it is pending".to_owned());
    }
    if case.now.is_some() {
        return Err("it needs a clock that stands still".to_owned());
    }
    if !case.settings.is_empty() {
        return Err("it needs settings of its own".to_owned());
    }
    if !case.project.is_empty() {
        return Err("it needs a project of its own".to_owned());
    }
    prepares(contract, &case.setup, 0)?;
    case.steps.iter().try_for_each(step)
}

fn prepares(contract: &Contract, lines: &[String], depth: usize) -> Result<(), String> {
    for line in lines.iter().flat_map(|l| l.lines()).map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix("use ") {
            let lines = contract.fixtures.get(name.trim()).map(Vec::as_slice).unwrap_or_default();
            if depth < DEEPEST {
                prepares(contract, lines, depth + 1)?;
            }
            continue;
        }
        let call = line.split_once(" = ").filter(|(name, _)| !name.contains(' ')).map_or(line, |(_, call)| call);
        request(call.split(' ').next().unwrap_or_default(), call.split(' ').nth(1).unwrap_or_default())?;
    }
    Ok(())
}

fn step(step: &Step) -> Result<(), String> {
    let asked = step.query.as_deref().or(step.request.as_deref()).unwrap_or_default();
    let queries = step.query.is_some() || ["query?", "queryAll?", "search?", "parameterizedSearch"].iter().any(|q| asked.contains(q));
    // What names a record of the case's own, or a definition, finds the same wherever it is asked.
    let restricted = asked.contains('{') || DEFINITIONS.iter().any(|name| asked.contains(name));
    if step.error.is_none() && (queries && !restricted || counts_rows(asked)) {
        return Err("it counts on an org with no other rows".to_owned());
    }
    let Some(text) = &step.request else { return Ok(()) };
    let line = text.trim_start().lines().next().unwrap_or_default();
    let mut words = line.split_whitespace();
    request(words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// Whether a resource lists or counts the rows of an object, or what the user saw last, whatever is named in its path.
fn counts_rows(asked: &str) -> bool {
    let path = asked.split_whitespace().nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    parts.any(|part| ["results", "recent", "relevantItems", "recordCount", "suggestions", "deleted", "updated"].contains(&part))
}

/// Whether a request leaves nothing that can't be taken back.
fn request(method: &str, target: &str) -> Result<(), String> {
    let path = target.split('?').next().unwrap_or_default();
    let below = match path.strip_prefix("/services/data") {
        Some(rest) => rest.trim_start_matches('/').split_once('/').map_or("", |(_, below)| below),
        None if path.starts_with('/') => return Err("it is of another API, or logs in or out".to_owned()),
        None => path,
    };
    if below.starts_with("tooling/executeAnonymous") {
        return Err("it runs a program, which may do anything".to_owned());
    }
    let overridden = target.split(['?', '&']).find_map(|part| part.strip_prefix("_HttpMethod="));
    if matches!(method, "GET" | "HEAD" | "OPTIONS") && overridden.is_none() {
        return Ok(());
    }
    let method = overridden.unwrap_or(method);
    let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["tooling", ..] => Err("it changes metadata".to_owned()),
        [_, object, rest @ ..] if parts[0] == "sobjects" && PASSING.iter().any(|known| known.eq_ignore_ascii_case(object)) => {
            // What is changed or deleted by id has to be its own.
            match rest.first() {
                // An action makes a record of another object, and what else a POST does is not known.
                Some(_) if method == "POST" && rest != ["Id"] => Err("it may leave a record that can't be deleted".to_owned()),
                Some(id) if method != "POST" && id.len() == 18 && !id.contains('{') && !id.contains("0000000") => {
                    Err("it changes a record that is not its own".to_owned())
                }
                _ => Ok(()),
            }
        }
        ["sobjects", ..] => Err("it may leave a record that can't be deleted".to_owned()),
        // Refused whatever is asked: no resource there takes a write that is kept.
        ["query" | "queryAll" | "limits", ..] => Ok(()),
        _ => Err("it may change what can't be changed back".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{counts_rows, request};

    #[test]
    fn a_post_makes_what_can_be_deleted_or_is_not_sent() {
        for target in ["sobjects/Account", "sobjects/account/Id", "/services/data/v62.0/sobjects/Account/"] {
            assert_eq!(request("POST", target), Ok(()), "{target}");
        }
        for target in ["sobjects/Account/quickActions/NewContact", "sobjects/Account/{account}", "quickActions/NewTask", "sobjects/User"] {
            assert!(request("POST", target).is_err(), "{target}");
        }
        assert_eq!(request("POST", "sobjects/Account/{account}?x=y&_HttpMethod=PATCH"), Ok(()));
        assert!(request("POST", "sobjects/Account/0015g00000AbCdEAAV?_HttpMethod=DELETE").is_err());
        assert!(request("GET", "sobjects/User?_HttpMethod=POST").is_err());
        assert!(request("GET", "tooling/executeAnonymous/?anonymousBody=insert%20new%20Account()%3B").is_err());
    }

    #[test]
    fn what_lists_rows_is_known_by_its_path() {
        let rows = ["GET sobjects/Account/listviews/All/results?limit=2", "GET recent", "GET sobjects/relevantItems?mode=MRU"];
        assert!(rows.iter().all(|asked| counts_rows(asked)));
        let others = ["GET sobjects/Account/listviews/All", "GET sobjects/Account/{account}?fields=Name", "SELECT Id FROM Account"];
        assert!(!others.iter().any(|asked| counts_rows(asked)));
    }
}
