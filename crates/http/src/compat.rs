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

/// The name of an allocation: that of Bulk batches was another before v49.0.
pub fn limit_name(name: &'static str, version: ApiVersion) -> &'static str {
    if name == "DailyBulkApiBatches" && version.0 < 49 { "DailyBulkApiRequests" } else { name }
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

/// Whether a search answers a bare list, without an object around it (to v36.0).
pub fn searches_answer_a_list(version: ApiVersion) -> bool {
    version.0 <= 36
}

/// Whether searches by parameters are there (from v36.0).
pub fn has_parameterized_search(version: ApiVersion) -> bool {
    version.0 >= 36
}

/// Whether suggestions are there (from v32.0).
pub fn has_suggestions(version: ApiVersion) -> bool {
    version.0 >= 32
}

/// Whether suggestions can be filtered with `where` (from v38.0).
pub fn suggestions_filter(version: ApiVersion) -> bool {
    version.0 >= 38
}

/// Whether suggestions can be asked of the user's search scope (from v40.0).
pub fn suggestions_have_scope(version: ApiVersion) -> bool {
    version.0 >= 40
}

/// Whether suggestions say which second fields they have (from v48.0).
pub fn suggestions_have_second_fields(version: ApiVersion) -> bool {
    version.0 >= 48
}
