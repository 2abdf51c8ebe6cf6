//! Definitions as the Metadata API writes them.

use super::super::envelope::Answer;
use orglet_engine::metadata::{self, Custom};
use orglet_schema::custom::MetaNode;

/// A record of `readMetadata`. An object has its fields and parts in it.
pub(super) fn record(answer: &mut Answer, have: &[Custom], custom: &Custom) {
    let node = match custom.object_def() {
        Some(def) => metadata::object_node(have, &def.full_name, true, |_| true),
        None => metadata::node(custom.type_name(), custom, false),
    };
    answer.begin_typed("records", custom.type_name());
    answer.text("fullName", &custom.full_name());
    node.children.iter().for_each(|child| write(answer, child));
    answer.end("records");
}

fn write(answer: &mut Answer, node: &MetaNode) {
    match &node.text {
        Some(text) => {
            answer.text(&node.name, text);
        }
        None => {
            answer.begin(&node.name);
            node.children.iter().for_each(|child| write(answer, child));
            answer.end(&node.name);
        }
    }
}
