//! What a query is bound against, and the errors that point into its text.

use crate::compat;
use jiff::tz::TimeZone;
use orglet_base::{ApiError, ApiVersion, DateTime, Dialect, ErrorCode, Id};
use orglet_schema::{AccessSet, Catalog};
use orglet_syntax::ast::Span;

/// What a query is bound against.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    /// The schema.
    pub catalog: &'a Catalog,
    /// What the user may see.
    pub access: &'a AccessSet,
    /// The version of the API by which the query came.
    pub version: ApiVersion,
    /// The instant that date literals count from.
    pub now: DateTime,
    /// The user's time zone: days of date literals begin at its midnight.
    pub time_zone: &'a TimeZone,
    /// Whether weeks begin on Monday where the user lives, rather than on Sunday.
    pub monday_weeks: bool,
    /// The user, for `USING SCOPE mine`.
    pub user: Id,
    /// Deleted rows too (`queryAll`).
    pub all_rows: bool,
    /// Which SQL to write.
    pub dialect: Dialect,
    /// The query's text, which errors quote.
    pub query_text: &'a str,
}

impl BindContext<'_> {
    /// An error that quotes the query around a place and says where it is.
    pub(crate) fn at(&self, code: ErrorCode, span: Span, sentence: impl AsRef<str>) -> ApiError {
        ApiError::new(code, orglet_syntax::context::block(self.query_text, span, sentence.as_ref(), false))
    }

    /// [`BindContext::at`] with `MALFORMED_QUERY`.
    pub(crate) fn malformed(&self, span: Span, sentence: impl AsRef<str>) -> ApiError {
        self.at(ErrorCode::MalformedQuery, span, sentence)
    }

    /// A token out of place that the platform's parser finds, and counts the columns of in its own way.
    pub(crate) fn unexpected(&self, span: Span, token: &str) -> ApiError {
        let text = format!("unexpected token: {token}");
        ApiError::new(ErrorCode::MalformedQuery, orglet_syntax::context::block(self.query_text, span, &text, true))
    }

    /// An operator that a type does not know. Since 61.0 such errors are `MALFORMED_QUERY`.
    pub(crate) fn bad_operator(&self, span: Span, sentence: impl AsRef<str>) -> ApiError {
        let code = if compat::has_new_parser(self.version) { ErrorCode::MalformedQuery } else { ErrorCode::InvalidQueryFilterOperator };
        self.at(code, span, sentence)
    }
}
