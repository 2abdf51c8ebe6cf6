//! Schemas of platform events. None can be defined here, so that no object and no id has one.

use super::Rest;
use crate::compat;
use orglet_base::{ApiError, ErrorCode};

/// `/sobjects/{object}/eventSchema`, `/event/eventSchema/{id}`: what is wrong with the request, else that there is no such
/// schema.
pub(super) fn schema(cx: &Rest<'_>, object: Option<&str>) -> ApiError {
    if let Some(Err(e)) = object.map(|name| cx.object(name)) {
        return e;
    }
    match cx.call.param("payloadFormat") {
        Some(_) if !compat::has_payload_formats(cx.version) => {
            ApiError::routing(ErrorCode::IllegalQueryParameterValue, "payloadFormat is available from API version 43.0 on")
        }
        Some(format) if !["EXPANDED", "COMPACT"].contains(&format) => {
            ApiError::routing(ErrorCode::IllegalQueryParameterValue, format!("The value of payloadFormat is not valid: {format}"))
        }
        _ => ApiError::not_found(),
    }
}
