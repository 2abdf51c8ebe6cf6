//! Queries: no text may break the parser, in the wording of either age.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_syntax::{Quirks, soql};

fuzz_target!(|text: &str| {
    for new_parser in [false, true] {
        if let Err(error) = soql::parse(text, Quirks { new_parser, set_options: new_parser }) {
            assert!(error.render(text).contains(&error.message));
        }
    }
});
