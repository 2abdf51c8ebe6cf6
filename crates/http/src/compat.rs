//! What differs by API version or for the sake of clients, in one place.

use crate::Reply;
use orglet_base::ApiVersion;

/// Headers that every answer carries (errors.md 3.2).
pub(crate) fn common_headers(reply: &mut Reply) {
    for (name, value) in [
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "1; mode=block"),
        ("x-robots-tag", "none"),
        ("cache-control", "no-cache,must-revalidate,max-age=0,no-store,private"),
    ] {
        if !reply.headers.iter().any(|(n, _)| *n == name) {
            reply.headers.push((name, value.to_owned()));
        }
    }
}

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
