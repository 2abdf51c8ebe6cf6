//! Who calls, and whether the call is let in.

use super::envelope::Answer;
use super::{Api, Fault, Soap};
use orglet_base::ErrorCode;
use orglet_engine::{Admission, Identity, Place, Setting};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What is told of an org whose edition has no API (soap-005).
pub(super) const API_DISABLED: &str = "API is not enabled for this Organization or Partner";

/// A call that is let in: who makes it, and its answer as far as its header goes.
pub(super) struct Caller {
    pub(super) identity: Identity,
    pub(super) answer: Answer,
    /// Held while the call runs.
    pub(super) _place: Option<Place>,
}

impl Caller {
    /// Finds the session of the header, and counts the call as an API request or refuses it (limits-001). An answer that has
    /// records in it declares their namespace.
    pub(super) fn admitted(cx: &Soap<'_>, records: bool) -> Result<Self, Fault> {
        let identity = caller(cx)?;
        // An org's data is not at the hosts for logging in, and this API has no code for it (auth-014).
        if cx.call.at_login_host() {
            let text = "Destination URL not reset. The URL returned from login must be set in the SforceService";
            return Err(Fault::new(ErrorCode::UnknownException, text));
        }
        if identity.org.settings.is_on(Setting::ApiDisabled) {
            return Err(Fault::new(ErrorCode::ApiDisabledForOrg, API_DISABLED));
        }
        let Admission { used, allowed, refusal, place } = identity.org.admit();
        match refusal {
            Some(e) => Err(Fault::new(e.code(), e.message())),
            // The Metadata API has no such header.
            None => {
                let usage = (cx.api != Api::Metadata).then_some((used, allowed));
                Ok(Self { identity, answer: Answer::new(cx.api, usage, records), _place: place })
            }
        }
    }
}

/// The session of the header (soap-006).
fn caller(cx: &Soap<'_>) -> Result<Identity, Fault> {
    let illegal =
        |more: &str| Fault::new(ErrorCode::InvalidSessionId, format!("Invalid Session ID found in SessionHeader: Illegal Session{more}"));
    let Some(token) = cx.request.header("SessionHeader", "sessionId") else { return Err(illegal("")) };
    match cx.server.engine.authenticate(token) {
        Ok(Some(identity)) => {
            cx.call.by(&identity);
            Ok(identity)
        }
        Ok(None) => {
            // The platform shows a hash by which its support finds the session; the token itself is never shown.
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            let hash = hasher.finish();
            Err(illegal(&format!(
                ". Session not found, missing session hash: {hash:016x}\nThis error usually occurs after a session expires or a user logs out. "
            )))
        }
        Err(failure) => Err(Fault::of(cx.server, failure)),
    }
}
