//! Passwords of users.

use super::Data;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::ApiError;
use orglet_engine::auth::User;
use orglet_engine::record;
use std::sync::Arc;

/// `setPassword(userId, password)`.
pub(super) fn set(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let user = user(data)?;
    let (engine, org) = (&data.soap.server.engine, &data.identity.org);
    engine.change_password(org, &user, data.soap.request.argument("password")).map_err(|e| data.fault(e))?;
    answer.empty("result");
    Ok(())
}

/// `resetPassword(userId)`: the answer has the password that was made up.
pub(super) fn reset(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let user = user(data)?;
    let (engine, org) = (&data.soap.server.engine, &data.identity.org);
    let password = engine.reset_password(org, &user).map_err(|e| data.fault(e))?;
    answer.begin("result").text("password", &password).end("result");
    Ok(())
}

/// The user of the request.
fn user(data: &Data<'_>) -> Result<Arc<User>, Fault> {
    let object = data.object("User")?;
    let id = record::parse_target(object, data.soap.request.argument("userId").trim())
        .map_err(|_| super::bad_id(data.soap.request.argument("userId")))?;
    let found = data.identity.org.user(id).map_err(|e| data.fault(e))?;
    found.ok_or_else(|| ApiError::new(orglet_base::ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").into())
}
