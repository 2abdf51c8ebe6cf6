//! `convertLead`.

use super::write::bounded;
use super::{Data, bad_id};
use crate::codec::Node;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::save::{self, Conversion, Converted, DuplicateOptions};
use orglet_engine::views;

/// Records of the new account, contact and opportunity, which give them values beside the lead's.
const RECORDS: &[&str] = &["accountRecord", "contactRecord", "opportunityRecord", "relatedPersonAccountRecord"];

/// `convertLead(leadConverts…)`: each lead is a transaction of its own.
pub(super) fn convert(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let asked: Vec<&Node<'_>> = data.soap.request.arguments().get_all("leadConverts").collect();
    bounded(asked.len())?;
    let mut conversions = Vec::with_capacity(asked.len());
    for node in asked {
        conversions.push(read(data, node)?);
    }
    for (lead, conversion) in conversions {
        let outcome = conversion.and_then(|conversion| run(data, &conversion));
        let done = outcome.as_ref().ok();
        let text = |id: Option<Id>| id.map(|id| id.to_string());
        answer.begin("result");
        answer.nillable("accountId", text(done.map(|d| d.account)).as_deref());
        answer.nillable("contactId", text(done.map(|d| d.contact)).as_deref());
        if let Err(errors) = &outcome {
            answer.errors(errors);
        }
        answer.nillable("leadId", lead.as_deref());
        answer.nillable("opportunityId", text(done.and_then(|d| d.opportunity)).as_deref());
        answer.bool("success", done.is_some()).end("result");
    }
    Ok(())
}

/// The text of a member; none where it is absent, null or blank.
fn text<'n>(node: &'n Node<'_>, name: &str) -> Option<&'n str> {
    node.get(name).and_then(Node::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn truth(node: &Node<'_>, name: &str) -> Result<bool, Fault> {
    match text(node, name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(text) => Err(Fault::client(format!("'{text}' is not a valid value for the type xsd:boolean"))),
    }
}

/// What is asked, and the lead as it is told again.
type Asked = (Option<String>, Result<Conversion, Vec<ApiError>>);

fn read(data: &Data<'_>, node: &Node<'_>) -> Result<Asked, Fault> {
    let refused =
        |what: &str| Fault::new(ErrorCode::FunctionalityNotEnabled, format!("{what} of LeadConvert is not available on this server."));
    if let Some(name) = RECORDS.iter().find(|name| node.get(name).is_some_and(|record| !record.is_null())) {
        return Err(refused(name));
    }
    if text(node, "relatedPersonAccountId").is_some() {
        return Err(refused("relatedPersonAccountId"));
    }
    // Whether mail is wanted is read, and none goes out.
    truth(node, "sendNotificationEmail")?;
    let (no_opportunity, overwrite_source) = (truth(node, "doNotCreateOpportunity")?, truth(node, "overwriteLeadSource")?);
    let mut duplicates = [data.options.duplicates; 2];
    for (at, name) in ["bypassAccountDedupeCheck", "bypassContactDedupeCheck"].into_iter().enumerate() {
        if truth(node, name)? {
            duplicates[at] = DuplicateOptions { bypass: true, ..duplicates[at] };
        }
    }
    let lead = text(node, "leadId").map(|text| Id::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string()));
    let id = |name: &str| text(node, name).map(|text| Id::parse(text).map_err(|_| vec![bad_id(text)])).transpose();
    let conversion = || {
        let Some(lead) = id("leadId")? else {
            let e = ApiError::new(ErrorCode::MissingArgument, "leadId not specified in a convertLead call");
            return Err(vec![e.with_fields(Vec::<String>::new())]);
        };
        Ok(Conversion {
            lead: Some(lead),
            status: text(node, "convertedStatus").unwrap_or("null").to_owned(),
            account: id("accountId")?,
            contact: id("contactId")?,
            opportunity: id("opportunityId")?,
            no_opportunity,
            opportunity_name: text(node, "opportunityName").map(str::to_owned),
            overwrite_source,
            owner: id("ownerId")?,
            duplicates,
        })
    };
    Ok((lead, conversion()))
}

fn run(data: &Data<'_>, conversion: &Conversion) -> Result<Converted, Vec<ApiError>> {
    match save::convert(&data.identity, conversion) {
        Ok(done) => {
            let seen = [Some(done.account), Some(done.contact), done.opportunity];
            for id in seen.into_iter().flatten().filter(|_| data.options.looks) {
                if let Some(object) = data.catalog.object_of(id) {
                    views::note(&data.identity, object, std::iter::once(id), true);
                }
            }
            Ok(done)
        }
        Err(failure) if failure.errors().is_empty() => Err(vec![data.soap.server.internal(&failure)]),
        Err(failure) => Err(failure.errors().to_vec()),
    }
}
