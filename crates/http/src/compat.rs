//! What differs by API version or for the sake of clients, in one place.

use http::header::{self, HeaderName, HeaderValue};
use orglet_base::{ApiVersion, DateTime};

/// Headers that every answer carries unless it has its own.
pub(crate) static COMMON_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("none")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache,must-revalidate,max-age=0,no-store,private")),
];

/// The newest version that is deprecated with the release of Summer '27, and the first day of June of that year, in milliseconds.
const DEPRECATED: (u16, i64) = (40, 1_811_808_000_000);

/// What the answers of a deprecated version carry as `Warning`: v31.0 to v40.0 are deprecated from Summer '27 on and go with Summer '28
/// (<https://help.salesforce.com/s/articleView?id=005321531&type=1>). The form is documented, for versions that are gone.
pub fn deprecation(version: ApiVersion, now: DateTime) -> Option<&'static str> {
    let (newest, since) = DEPRECATED;
    (version.0 <= newest && now.0 >= since).then_some(
        "299 - \"This API is deprecated and will be removed by Summer '28. Please see \
         https://help.salesforce.com/s/articleView?id=005321531 for details.\"",
    )
}

/// Whether an upsert that updates answers 200 with a body (from v46.0), rather than 204.
pub fn upsert_answers_body(version: ApiVersion) -> bool {
    version.0 >= 46
}

/// Whether the path `/…/describe/…` style relationship traversal is there (from v36.0).
pub fn has_relationship_paths(version: ApiVersion) -> bool {
    version.0 >= 36
}

/// Whether sites can be made and published, and their templates listed (from v46.0).
pub fn makes_sites(version: ApiVersion) -> bool {
    version.0 >= 46
}

/// Whether a site is shown with a member (as the guide says for each).
pub fn shows_of_site(version: ApiVersion, member: &str) -> bool {
    let since = match member {
        "contentSpaceId" => 62,
        "guestMemberVisibilityEnabled" => 47,
        "memberVisibilityEnabled" => 45,
        "templateName" => 44,
        "loginUrl" | "siteAsContainerEnabled" => 36,
        "nicknameDisplayEnabled" => 32,
        _ => 0,
    };
    version.0 >= since
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

/// Whether calls of the Metadata API save what they can, unless they say otherwise (from v34.0).
pub fn saves_some_metadata(version: ApiVersion) -> bool {
    version.0 >= 34
}

/// Whether `POST /sobjects/X/Id` creates (from v37.0).
pub fn creates_at_id(version: ApiVersion) -> bool {
    version.0 >= 37
}

/// Whether query explain answers notes (from v33.0).
pub fn explain_has_notes(version: ApiVersion) -> bool {
    version.0 >= 33
}

/// Whether list views are served (from v32.0).
pub fn has_list_views(version: ApiVersion) -> bool {
    version.0 >= 32
}

/// Whether the Sforce-Duplicate-Rule-Header is read (from v52.0).
pub fn has_duplicate_rule_header(version: ApiVersion) -> bool {
    version.0 >= 52
}

/// Whether the Sforce-Mru header is read (from v60.0).
pub fn has_mru_header(version: ApiVersion) -> bool {
    version.0 >= 60
}

/// Whether the User Interface API is there (from v41.0; earlier forms of it are not known).
pub fn has_ui_api(version: ApiVersion) -> bool {
    version.0 >= 41
}

/// Whether the relevant items are there (from v35.0).
pub fn has_relevant_items(version: ApiVersion) -> bool {
    version.0 >= 35
}

/// Whether invocable actions are there (from v32.0).
pub fn has_invocable_actions(version: ApiVersion) -> bool {
    version.0 >= 32
}

/// Whether results of invocable actions say which invocation and version they are of; the release that brought it is not
/// documented.
pub fn actions_tell_versions(version: ApiVersion) -> bool {
    version.0 >= 52
}

/// Whether quick actions are listed with an id or a name for it (from v35.0).
pub fn has_action_ids(version: ApiVersion) -> bool {
    version.0 >= 35
}

/// Whether platform events have schemas to ask for (from v40.0).
pub fn has_event_schemas(version: ApiVersion) -> bool {
    version.0 >= 40
}

/// Whether the format of an event's schema can be chosen (from v43.0).
pub fn has_payload_formats(version: ApiVersion) -> bool {
    version.0 >= 43
}

/// Whether queries are read by the parser that came with v61.0, which words its errors in another way.
pub fn has_newer_parser(version: ApiVersion) -> bool {
    version.0 >= 61
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

/// Whether a value where a structure is due is told of in few words (to v33.0, as recorded with it: crud-007).
pub fn tells_structures_briefly(version: ApiVersion) -> bool {
    version.0 <= 33
}

/// Whether tests are run by POST alone (from v37.0).
pub fn runs_tests_by_post(version: ApiVersion) -> bool {
    version.0 >= 37
}

/// Whether tests can be listed (from v65.0).
pub fn lists_tests(version: ApiVersion) -> bool {
    version.0 >= 65
}

/// Whether consents can be asked for (from v44.0).
pub fn has_consent(version: ApiVersion) -> bool {
    version.0 >= 44
}

/// Whether consents to several actions can be asked for (from v45.0).
pub fn has_consents(version: ApiVersion) -> bool {
    version.0 >= 45
}

/// Whether consent can be asked to be explicit (from v49.0).
pub fn has_consent_policies(version: ApiVersion) -> bool {
    version.0 >= 49
}
