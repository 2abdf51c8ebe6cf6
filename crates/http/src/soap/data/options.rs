//! What the headers of a data call ask for.
//!
//! Headers for things that the org has not (mail, assignment rules, feeds, territories, translations, debug logs,
//! packages) change nothing, as in an org without them; one of a name that the WSDL has not is passed over, as it is there.

use crate::codec::Node;
use crate::soap::Fault;
use crate::soap::envelope::Request;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::query::{BATCH, SMALLEST_BATCH};
use orglet_engine::save::DuplicateOptions;

/// Rows of a page when the header asks for no number ("QueryOptions" of the vendor's guide).
const ROWS: usize = 500;

/// The options of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// `AllOrNoneHeader`: one failing record undoes all.
    pub(super) all_or_none: bool,
    /// `QueryOptions`: rows of a page, where it says so; brought into its bounds.
    batch: Option<usize>,
    /// `MruHeader`: the records count as looked at. They don't unless it says so.
    pub(super) looks: bool,
    /// `AllowFieldTruncationHeader`: text that is too long is cut.
    pub(super) truncates: bool,
    /// `DuplicateRuleHeader`: records that a rule alerts of are saved, where it says so.
    pub(super) duplicates: DuplicateOptions,
}

impl Options {
    pub(super) fn read(request: &Request) -> Result<Self, Fault> {
        let batch = match request.header("QueryOptions", "batchSize") {
            None => None,
            Some(text) => {
                let rows: i64 = text.parse().map_err(|_| Fault::client(format!("'{text}' is not a valid value for the type xsd:int")))?;
                Some(usize::try_from(rows).unwrap_or(0).clamp(SMALLEST_BATCH, BATCH))
            }
        };
        // There is no rule that it could name.
        if let Some(rule) = request.header("AssignmentRuleHeader", "assignmentRuleId") {
            return Err(ApiError::new(ErrorCode::InvalidAssignmentRule, format!("invalid assignment rule id: {rule}")).into());
        }
        if matches!(request.operation.as_str(), "update" | "upsert") && moves_with_owner(request)? {
            let text = "The options of OwnerChangeOptions are not available on this server.";
            return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, text));
        }
        let said = |member: &str| match request.header_members("DuplicateRuleHeader").iter().any(|(name, _)| name == member) {
            true => request.truth("DuplicateRuleHeader", member).map(|said| said.unwrap_or(false)),
            false => Ok(false),
        };
        // The results of SOAP tell the error alone, and no records that were found.
        if said("includeRecordDetails")? {
            let text = "includeRecordDetails of DuplicateRuleHeader is not available on this server.";
            return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, text));
        }
        let duplicates = DuplicateOptions { allow_save: said("allowSave")?, ..DuplicateOptions::default() };
        Ok(Self {
            duplicates,
            all_or_none: request.truth("AllOrNoneHeader", "allOrNone")?.unwrap_or(false),
            batch,
            looks: request.truth("MruHeader", "updateMru")?.unwrap_or(false),
            truncates: request.truth("AllowFieldTruncationHeader", "allowFieldTruncation")?.unwrap_or(false),
        })
    }

    /// Rows of the first page.
    pub(super) fn rows(&self) -> usize {
        self.batch.unwrap_or(ROWS)
    }

    /// Rows of a further page, where the call asks for another number than the query's own.
    pub(super) fn further_rows(&self) -> Option<usize> {
        self.batch
    }
}

/// Whether the call asks for something to be done with what the old owner of its records has.
fn moves_with_owner(request: &Request) -> Result<bool, Fault> {
    let mut moves = false;
    for (_, option) in request.header_members("OwnerChangeOptions").iter().filter(|(name, _)| name == "options") {
        moves |= match option.get("execute").and_then(Node::as_str).unwrap_or_default().trim() {
            "false" | "0" => false,
            "true" | "1" => true,
            text => return Err(Fault::client(format!("'{text}' is not a valid value for the type xsd:boolean"))),
        };
    }
    Ok(moves)
}
