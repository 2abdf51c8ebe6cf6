//! Transaction security policies: what an org forbids while it happens, by a condition in Apex.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::{Kind, ObjectRules, Part};
use crate::object::Object;
use orglet_base::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest developer name and label, in characters.
const MAX_NAME: usize = 80;
/// Longest message to who is refused, in characters ("TransactionSecurityPolicy" of the Metadata API Developer Guide).
const MAX_MESSAGE: usize = 1000;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 255;

/// The only event whose policies are carried out.
const API_EVENT: &str = "ApiEvent";
/// The events that policies can watch, as the same guide lists them.
const EVENTS: [&str; 13] = [
    API_EVENT,
    "ApiAnomalyEventStore",
    "BulkApiResultEventStore",
    "CredentialStuffingEventStore",
    "FileEventStore",
    "GuestUserAnomalyEventStore",
    "ListViewEvent",
    "LoginAsEvent",
    "LoginEvent",
    "PermissionSetEventStore",
    "ReportAnomalyEventStore",
    "ReportEvent",
    "SessionHijackingEventStore",
];

/// The definition of a policy. Members are named and meant as in the `TransactionSecurityPolicy` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct TransactionPolicyDef {
    /// None.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    pub active: bool,
    /// The class that says whether an event is one to act upon.
    pub apex_class: String,
    /// Whether what was asked for is refused then. There is no other action.
    pub block: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub event_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_label: Option<String>,
}

impl TransactionPolicyDef {
    /// Whether it can refuse anything.
    pub fn acts(&self) -> bool {
        self.active && self.block
    }
}

impl Part for TransactionPolicyDef {
    const KIND: Kind = Kind {
        name: "TransactionSecurityPolicy",
        label: "Transaction Security Policy",
        what: "transaction security policy",
        prefix: "0NI",
        ending: "transactionSecurityPolicy",
        member: None,
        columns: Vec::new,
    };
    const OF_ORG: bool = true;
    const TOOLING: bool = false;

    fn from_meta(_: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "TransactionSecurityPolicy");
        m.only(&[&[
            "fullName",
            "action",
            "active",
            "apexClass",
            "blockMessage",
            "customEmailContent",
            "description",
            "developerName",
            "eventName",
            "eventType",
            "executionUser",
            "flow",
            "flowId",
            "masterLabel",
            "resourceName",
            "type",
        ]])?;
        if !name::is_name_of(full_name, MAX_NAME) {
            return Err(name::bad_name("Transaction Security Policy Name", full_name));
        }
        if let Some(other) = m.word("developerName")?.filter(|own| !own.eq_ignore_ascii_case(full_name)) {
            let message = format!("The developer name {other} is not the name of the component, {full_name}");
            return Err(m.place("developerName", DefError::integrity(message)));
        }
        let of_apex = m.choice("type", "TxnSecurityPolicyType", |word| match word {
            "CustomApexPolicy" => Some(true),
            "CustomConditionBuilderPolicy" => Some(false),
            _ => None,
        })?;
        if of_apex == Some(false) {
            return Err(m.place("type", DefError::unsupported("Transaction security policies of the Condition Builder are")));
        }
        for (member, what) in [
            ("flow", "Flows of transaction security policies are"),
            ("flowId", "Flows of transaction security policies are"),
            ("customEmailContent", "Mails of transaction security policies are"),
            // The framework that had these was retired in Summer '20.
            ("eventType", "Policies of Legacy Transaction Security are"),
            ("resourceName", "Policies of Legacy Transaction Security are"),
            ("executionUser", "Policies of Legacy Transaction Security are"),
        ] {
            if m.word(member)?.is_some() {
                return Err(m.place(member, DefError::unsupported(what)));
            }
        }
        let event = m.choice("eventName", "TransactionSecurityEventName", |word| EVENTS.into_iter().find(|own| *own == word))?;
        let event = event.ok_or_else(|| m.missing("eventName"))?;
        if event != API_EVENT {
            let what = format!("Transaction security policies of {event} are");
            return Err(m.place("eventName", DefError::unsupported(what)));
        }
        let def = Self {
            object: String::new(),
            full_name: full_name.to_owned(),
            active: m.flag("active")?.ok_or_else(|| m.missing("active"))?,
            apex_class: m.word("apexClass")?.ok_or_else(|| m.missing("apexClass"))?,
            block: blocks(m.one("action")?.ok_or_else(|| m.missing("action"))?)?,
            block_message: m.text("blockMessage")?,
            description: m.text("description")?,
            event_name: event.to_owned(),
            master_label: m.text("masterLabel")?,
        };
        for (member, label, text, most) in [
            ("blockMessage", "Block Message", &def.block_message, MAX_MESSAGE),
            ("description", "Description", &def.description, MAX_DESCRIPTION),
            ("masterLabel", "Master Label", &def.master_label, MAX_NAME),
        ] {
            if let Some(text) = text.as_ref().filter(|text| text.chars().count() > most) {
                let message = format!("{label}: data value too large: {text} (max length={most})");
                return Err(m.place(member, DefError::new(ErrorCode::StringTooLong, message)));
            }
        }
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        let action = json!({"block": self.block, "endSession": false, "freezeUser": false, "notifications": [],
            "twoFactorAuthentication": false});
        json!({"action": action, "active": self.active, "apexClass": self.apex_class, "blockMessage": self.block_message,
            "customEmailContent": null, "description": self.description, "developerName": self.full_name,
            "eventName": self.event_name, "eventType": null, "executionUser": null, "flow": null,
            "masterLabel": self.master_label, "resourceName": null, "type": "CustomApexPolicy"})
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn place(&self, _: &Object, _: &mut ObjectRules) -> Result<(), DefError> {
        Ok(())
    }

    fn refers_to(&self, _: &str, _: &str) -> bool {
        false
    }
}

/// What a `TransactionSecurityAction` does: whether it blocks. All else that it may do is refused.
fn blocks(node: &MetaNode) -> Result<bool, DefError> {
    let m = Members::new(node, "TransactionSecurityAction");
    m.only(&[&["block", "endSession", "freezeUser", "notifications", "twoFactorAuthentication"]])?;
    for member in ["endSession", "freezeUser", "twoFactorAuthentication"] {
        if m.flag(member)? == Some(true) {
            let what = format!("The action {member} of transaction security policies is");
            return Err(m.place(member, DefError::unsupported(what)));
        }
    }
    if let Some(first) = node.all("notifications").find(|n| !n.is_null() && !n.children.is_empty()) {
        return Err(DefError::unsupported("Notifications of transaction security policies are").on("notifications").at(first));
    }
    Ok(m.flag("block")?.unwrap_or(false))
}
