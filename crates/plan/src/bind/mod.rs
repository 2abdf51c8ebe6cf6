//! Names, types and rules.

use crate::{BindContext, Plan};
use orglet_base::{ApiError, ErrorCode};
use orglet_syntax::ast;

/// Checks a query and makes its plan.
pub fn plan(_query: &ast::Query, _cx: &BindContext<'_>) -> Result<Plan, ApiError> {
    Err(ApiError::new(ErrorCode::UnknownException, "queries are not planned yet"))
}
