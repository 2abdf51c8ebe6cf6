//! What differs by API version or for the sake of clients, in one place.

use http::header::{self, HeaderName, HeaderValue};
use orglet_base::ApiVersion;

/// Headers that every answer carries unless it has its own (errors.md 3.2).
pub(crate) static COMMON_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("none")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache,must-revalidate,max-age=0,no-store,private")),
];

/// Whether an upsert that updates answers 200 with a body (from v46.0), rather than 204.
pub fn upsert_answers_body(version: ApiVersion) -> bool {
    version.0 >= 46
}

/// Whether the path `/…/describe/…` style relationship traversal is there (from v36.0).
pub fn has_relationship_paths(version: ApiVersion) -> bool {
    version.0 >= 36
}

/// Whether the limits say how many permission sets there may be (from v41.0).
pub fn limits_permission_sets(version: ApiVersion) -> bool {
    version.0 >= 41
}

/// Whether the record count resource is there (from v40.0).
pub fn has_record_count(version: ApiVersion) -> bool {
    version.0 >= 40
}

/// Whether SOAP login() is served: not from v65.0 on.
pub fn has_soap_login(version: ApiVersion) -> bool {
    version.0 <= 64
}

/// Whether `POST /sobjects/X/Id` creates (from v37.0).
pub fn creates_at_id(version: ApiVersion) -> bool {
    version.0 >= 37
}
