//! What the headers of a data call ask for.
//!
//! Headers for things that the org has not (mail, assignment rules, duplicate rules, feeds, territories, translations, debug logs,
//! packages) change nothing, as in an org without them; one of a name that the WSDL has not is passed over, as it is there.

use crate::soap::Fault;
use crate::soap::envelope::Request;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::query::{BATCH, SMALLEST_BATCH};

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
        Ok(Self {
            all_or_none: truth(request, "AllOrNoneHeader", "allOrNone")?,
            batch,
            looks: truth(request, "MruHeader", "updateMru")?,
            truncates: truth(request, "AllowFieldTruncationHeader", "allowFieldTruncation")?,
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

/// A header's checkbox; unchecked where it is absent.
fn truth(request: &Request, header: &str, member: &str) -> Result<bool, Fault> {
    match request.header(header, member) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(text) => Err(Fault::client(format!("'{text}' is not a valid value for the type xsd:boolean"))),
    }
}
