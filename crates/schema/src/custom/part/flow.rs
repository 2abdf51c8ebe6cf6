//! Flows: what happens when records are saved or deleted, or when somebody asks for it.

use super::super::flow::{Flow, RecordTrigger, Trigger};
use super::super::{DefError, MetaNode, name};
use super::{Kind, ObjectRules, Part};
use crate::object::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Longest developer name and label, in characters.
const MAX_NAME: usize = 80;

/// The definition of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowDef {
    /// None: a flow says itself which object starts it, and may say another later.
    pub object: String,
    /// Its API name.
    pub full_name: String,
    /// What it does.
    #[serde(with = "shared")]
    pub flow: Arc<Flow>,
}

/// A flow is shared by what the catalog knows of it, and stored by value.
mod shared {
    use super::{Arc, Flow};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(flow: &Arc<Flow>, serializer: S) -> Result<S::Ok, S::Error> {
        (**flow).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Flow>, D::Error> {
        Flow::deserialize(deserializer).map(Arc::new)
    }
}

impl FlowDef {
    /// The object whose records start it, while it is active.
    pub fn starts_on(&self) -> Option<&str> {
        self.flow.trigger().map(|(object, ..)| object).filter(|_| self.flow.is_active())
    }
}

impl Part for FlowDef {
    const KIND: Kind = Kind { name: "Flow", label: "Flow", what: "flow", prefix: "301", ending: "flow", member: None, columns: Vec::new };
    const OF_ORG: bool = true;
    const TOOLING: bool = false;

    fn from_meta(_: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        if let Some(kind) = node.child_text("processType").filter(|kind| *kind != "AutoLaunchedFlow") {
            return Err(DefError::unsupported(format_args!("Flows of the process type {kind} are")));
        }
        // Calls name it inside, files by their own name.
        let mut bare = node.clone();
        bare.children.retain(|child| child.name != "fullName");
        let flow = Flow::from_meta(&bare)?;
        let sound = full_name.len() <= MAX_NAME && full_name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let ends = full_name.ends_with('_') || full_name.contains("__") || !full_name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !sound || ends {
            return Err(name::bad_name("Flow API Name", full_name));
        }
        if flow.label.is_empty() {
            return Err(super::super::reader::Members::new(node, "Flow").missing("label"));
        }
        if flow.process_type.is_none() {
            return Err(super::super::reader::Members::new(node, "Flow").missing("processType"));
        }
        if let Some(start) = &flow.start
            && (start.object.is_some() || start.trigger_type.is_some() || start.record_trigger_type.is_some())
        {
            let Some((_, saves, when)) = flow.trigger() else {
                return Err(DefError::unsupported("Flows that are started by anything but records are"));
            };
            if (saves == RecordTrigger::Delete) != (when == Trigger::RecordBeforeDelete) {
                let message = "The start element's recordTriggerType doesn't go with its triggerType.";
                return Err(DefError::integrity(message).on("start"));
            }
        }
        Ok(Self { object: String::new(), full_name: full_name.to_owned(), flow: Arc::new(flow) })
    }

    fn to_metadata(&self) -> Value {
        serde_json::to_value(&*self.flow).unwrap_or_default()
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn place(&self, _: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        rules.flows.push(self.clone());
        Ok(())
    }

    /// By the names that it says, wherever it says them.
    fn refers_to(&self, object: &str, field: &str) -> bool {
        let is = |name: &Option<String>| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(object));
        let flow = &self.flow;
        let touches = self.flow.trigger().is_some_and(|(name, ..)| name.eq_ignore_ascii_case(object))
            || flow.record_lookups.iter().any(|node| node.object.eq_ignore_ascii_case(object))
            || flow.record_creates.iter().any(|node| is(&node.object))
            || flow.record_updates.iter().any(|node| is(&node.object))
            || flow.record_deletes.iter().any(|node| is(&node.object))
            || flow.variables.iter().any(|node| is(&node.object_type));
        let is_named = |text: &str| {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| word.eq_ignore_ascii_case(field))
        };
        touches && flow.is_active() && is_named(&self.to_metadata().to_string())
    }
}
