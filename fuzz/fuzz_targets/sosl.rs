//! Searches: no text may break the parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_syntax::sosl;

fuzz_target!(|text: &str| {
    if let Err(error) = sosl::parse(text) {
        assert!(error.render(text).contains(&error.message));
    }
});
