//! Formulas: no text may break the parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_syntax::formula;

fuzz_target!(|text: &str| {
    if let Err(error) = formula::parse(text) {
        assert!(!error.message.is_empty() && error.span.end as usize <= text.len());
    }
});
