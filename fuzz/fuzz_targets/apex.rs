//! Apex: no text of a class may break the compiler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orglet_apex::{ObjectInfo, Schema, Source, UnitKind, compile};
use orglet_base::KeyPrefix;
use std::sync::Arc;

/// An org without objects.
struct Nothing;

impl Schema for Nothing {
    fn object(&self, _: &str) -> Option<Arc<ObjectInfo>> {
        None
    }

    fn object_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn object_of_prefix(&self, _: KeyPrefix) -> Option<Arc<ObjectInfo>> {
        None
    }
}

fuzz_target!(|text: &str| {
    let source = Source { kind: UnitKind::Class, name: "Fuzzed".to_owned(), body: text.into() };
    if let Err(errors) = compile(&[source], &Nothing) {
        assert!(errors.iter().all(|error| !error.problem.is_empty()) && !errors.is_empty());
    }
});
