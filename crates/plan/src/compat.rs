//! What differs by API version in SOQL, in one place.

use orglet_base::ApiVersion;

/// The parser of v61.0 (Summer '24), which words errors in its own way and answers `MALFORMED_QUERY` for bad operators.
pub(crate) fn has_new_parser(version: ApiVersion) -> bool {
    version >= ApiVersion(61)
}

/// Whether FIELDS() is there.
pub(crate) fn has_fields_function(version: ApiVersion) -> bool {
    version >= ApiVersion(51)
}

/// Whether TYPEOF is there.
pub(crate) fn has_typeof(version: ApiVersion) -> bool {
    version >= ApiVersion(46)
}

/// Levels of a query with its child sub-queries, counting the root.
pub(crate) fn child_levels(version: ApiVersion) -> usize {
    if version >= ApiVersion(58) { 5 } else { 2 }
}

/// Whether a WITH clause of a search, or its USING ListView, is there.
pub(crate) fn has_search_clause(name: &str, version: ApiVersion) -> bool {
    let since = match name.to_ascii_uppercase().as_str() {
        "SNIPPET" => 32,
        "METADATA" => 37,
        "HIGHLIGHT" => 39,
        "SPELL_CORRECTION" => 40,
        "LISTVIEW" => 41,
        _ => 0,
    };
    version >= ApiVersion(since)
}
