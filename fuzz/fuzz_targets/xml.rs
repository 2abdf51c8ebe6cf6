//! XML bodies: no bytes may break the reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_http::codec::xml;

fuzz_target!(|body: &[u8]| {
    if let Err(error) = xml::parse(body) {
        assert!((400..500).contains(&error.status()) && !error.message().is_empty());
    }
});
