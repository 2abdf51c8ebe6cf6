//! Small texts: ids, dates, times, versions and `Accept` headers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_base::{ApiVersion, DateTime, Id, time};
use orglet_http::codec::Format;

fuzz_target!(|text: &str| {
    if let Ok(id) = Id::parse(text) {
        // An id in its long form is read as itself.
        assert_eq!(Id::parse(&id.to_string()).ok(), Some(id));
    }
    if let Some(at) = DateTime::parse(text) {
        assert_eq!(DateTime::parse(&at.to_canonical()), Some(at));
    }
    let _ = time::parse_date(text);
    let _ = time::Time::parse(text);
    let _ = ApiVersion::parse_segment(text);
    let _ = Format::negotiate(Some(text), None);
});
