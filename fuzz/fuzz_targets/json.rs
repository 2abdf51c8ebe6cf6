//! JSON bodies: what is read is bounded, and what is refused has a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_http::codec::json;

fuzz_target!(|body: &[u8]| {
    match json::parse(body) {
        // Whatever is taken is JSON for others, too, but for what Jackson takes beyond the standard.
        Ok(document) => drop(document),
        Err(error) => assert!((400..500).contains(&error.status()) && !error.message().is_empty()),
    }
});
