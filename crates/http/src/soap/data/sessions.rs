//! Ending sessions by their ids.

use super::Data;
use super::write::bounded;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode};

/// `invalidateSessions(sessionIds…)`: ends those that are of the caller's org. Everybody may end everybody's.
pub(super) fn invalidate(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let tokens = data.soap.request.list("sessionIds");
    bounded(tokens.len())?;
    let engine = &data.soap.server.engine;
    for token in tokens {
        let token = token.trim();
        let own = engine.authenticate(token).map_err(|e| data.fault(e))?.is_some_and(|session| session.org.id == data.identity.org.id);
        let ended = own && engine.revoke(token).map_err(|e| data.fault(e))?;
        answer.begin("result");
        if !ended {
            let e = ApiError::new(ErrorCode::InvalidSessionId, "Invalid session id").with_fields(Vec::<String>::new());
            answer.errors(&[e]);
        }
        answer.bool("success", ended).end("result");
    }
    Ok(())
}
