//! Preparations that tests written in Rust share. Those of the contract are data: `contract/fixtures.toml`.

use crate::target::Target;
use bytes::Bytes;
use serde_json::{Value, json};

/// The version that fixtures talk to the org with.
pub const VERSION: &str = "v68.0";

/// Sends JSON as the administrator and answers the status and the JSON body (null where there is none).
pub fn send_json(target: &dyn Target, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/services/data/{VERSION}/{path}") };
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "orglet.example")
        .header("authorization", format!("Bearer {}", target.facts().access_token));
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let bytes = body.map_or_else(Bytes::new, |b| Bytes::from(b.to_string()));
    match request.body(bytes) {
        Ok(request) => {
            let response = target.send(request);
            (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
        }
        Err(e) => (0, Value::String(e.to_string())),
    }
}

/// Creates a record and answers its id, or the status and body of the refusal.
pub fn create(target: &dyn Target, object: &str, fields: &Value) -> Result<String, String> {
    let (status, body) = send_json(target, "POST", &format!("sobjects/{object}"), Some(fields));
    match body.get("id").and_then(Value::as_str) {
        Some(id) if status == 201 => Ok(id.to_owned()),
        _ => Err(format!("creating {object}: {status} {body}")),
    }
}

/// Creates a custom field (`Account.Ext__c`) from its metadata and answers its id.
pub fn custom_field(target: &dyn Target, full_name: &str, metadata: &Value) -> Result<String, String> {
    create_tooling(target, "CustomField", &json!({"FullName": full_name, "Metadata": metadata}))
}

/// Creates a custom object (`Thing__c`) with a text name field and answers its id.
pub fn custom_object(target: &dyn Target, full_name: &str) -> Result<String, String> {
    let label = full_name.trim_end_matches("__c").replace('_', " ");
    let metadata = json!({
        "label": label, "pluralLabel": format!("{label}s"), "deploymentStatus": "Deployed", "sharingModel": "ReadWrite",
        "nameField": {"type": "Text", "label": format!("{label} Name")}
    });
    create_tooling(target, "CustomObject", &json!({"FullName": full_name, "Metadata": metadata}))
}

/// Creates an Apex class from its text and answers its id.
pub fn apex_class(target: &dyn Target, body: &str) -> Result<String, String> {
    create_tooling(target, "ApexClass", &json!({ "Body": body }))
}

/// A text field that is an external id, not unique: two rows may hold the same value.
pub fn external_id_field(target: &dyn Target, full_name: &str) -> Result<String, String> {
    custom_field(target, full_name, &json!({"type": "Text", "label": "Ext", "length": 40, "externalId": true}))
}

fn create_tooling(target: &dyn Target, object: &str, body: &Value) -> Result<String, String> {
    let (status, answer) = send_json(target, "POST", &format!("tooling/sobjects/{object}"), Some(body));
    match answer.get("id").and_then(Value::as_str) {
        Some(id) if status == 201 => Ok(id.to_owned()),
        _ => Err(format!("creating {object}: {status} {answer}")),
    }
}

/// Text as the value of a parameter.
pub fn form(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
