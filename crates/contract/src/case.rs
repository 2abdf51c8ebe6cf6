//! The parts of a case, as its file states them.

use orglet_engine::SettingChange;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The representation that a run of a case asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `Accept` is left to the request; the platform answers JSON.
    Json,
    /// Steps are sent with `Accept: application/xml`, but for those that read JSON alone.
    Xml,
}

impl Format {
    /// The name, as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Xml => "xml",
        }
    }
}

/// One case of the contract.
#[derive(Clone, Debug)]
pub struct Case {
    /// Topic (folder), e.g. `rows`.
    pub topic: String,
    /// File, relative to the contract's folder.
    pub file: String,
    /// Name, unique in the whole contract.
    pub name: String,
    /// Where the expectation comes from: row ids of the error catalogue, addresses of documentation, recordings, or
    /// `inferred`.
    pub source: Vec<String>,
    /// The resource, as the compatibility table names it.
    pub resource: String,
    /// The verb, as the compatibility table names it; taken from the first request unless stated.
    pub verb: String,
    /// API versions to run with, e.g. `62.0`.
    pub versions: Vec<String>,
    /// Representations to run with.
    pub formats: Vec<Format>,
    /// The org's clock, fixed, in RFC 3339; `None` runs with the real one.
    pub now: Option<String>,
    /// What is set in the org.
    pub settings: Vec<SettingChange>,
    /// Files of an SFDX project that is loaded into the org, by their paths.
    pub project: Vec<(String, String)>,
    /// Whether the case may be run against an org that others use. Where it doesn't say, its requests tell.
    pub safe: Option<bool>,
    /// Why the case is not expected to pass yet. Such cases run, but count neither as passed nor as failed.
    pub pending: Option<String>,
    /// Requests and fixtures that prepare the org.
    pub setup: Vec<String>,
    /// The requests whose answers are compared.
    pub steps: Vec<Step>,
}

/// One request and the answer that is due.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// An HTTP message without its version: request line, headers, blank line, body. A target without a leading slash
    /// is relative to `/services/data/v{v}/`.
    pub request: Option<String>,
    /// A SOQL query, instead of `request`.
    pub query: Option<String>,
    /// The resource that takes `query`: `query` unless stated (`queryAll`, `tooling/query`).
    pub via: Option<String>,
    /// Request headers; `false` leaves out one that is sent by itself.
    pub with: BTreeMap<String, toml::Value>,
    /// Files, by their paths, of a zip archive that the request has as `{zip}` in base64, or as `{zip-bytes}` in its body as it is.
    pub zip: BTreeMap<String, String>,
    /// Send no `Authorization`.
    pub anonymous: bool,
    /// How the body goes over the wire, with a byte-order mark: `utf-16le` or `utf-16be`; UTF-8 without one unless stated.
    pub encode: Option<String>,
    /// The status that is due; 200 unless stated, 400 where `error` is given with `query`.
    pub status: Option<u16>,
    /// The error that is due, in the platform's form; gives both the JSON and the XML body.
    pub error: Option<ErrorBody>,
    /// The whole JSON body; the order of keys counts.
    pub json: Option<String>,
    /// Part of the JSON body: keys may be missing here, and list items are looked for in order.
    pub includes: Option<String>,
    /// JSON pointers, each with the exact list of keys (in order, blank separated) of the object there.
    pub keys: BTreeMap<String, String>,
    /// JSON pointers that must lead nowhere.
    pub lacks: Vec<String>,
    /// The whole XML body.
    pub xml: Option<String>,
    /// Pieces of the XML body.
    pub xml_includes: Vec<String>,
    /// The whole body, byte for byte, whatever the format.
    pub text: Option<String>,
    /// Pieces of the body, whatever the format.
    pub text_includes: Vec<String>,
    /// The body must be empty.
    pub empty: bool,
    /// The records of a query result, one string each, values joined by ` | `; a set unless the query orders.
    pub rows: Option<Vec<String>>,
    /// The `totalSize` of a query result.
    pub total: Option<u64>,
    /// Response headers: a pattern, or `false` for one that must be absent.
    pub headers: BTreeMap<String, toml::Value>,
    /// Variables to take from the answer: a JSON pointer, `header:Name` or `xml:element`.
    pub capture: BTreeMap<String, String>,
    /// What the step is for, for readers.
    pub note: Option<String>,
}

/// An error of the platform, once for all formats.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    /// `errorCode`.
    pub code: String,
    /// `message`; placeholders are allowed.
    pub message: String,
    /// `fields`; absent when the answer has no such member.
    pub fields: Option<Vec<String>>,
    /// Whether `errorCode` stands before `message` in JSON.
    #[serde(default)]
    pub code_first: bool,
    /// No source tells which member stands first in JSON: either order will do.
    #[serde(default)]
    pub any_order: bool,
}

impl Step {
    /// Whether the step says anything about an XML answer.
    pub fn has_xml(&self) -> bool {
        self.error.is_some() || self.xml.is_some() || !self.xml_includes.is_empty()
    }

    /// Whether the step is sent for an XML answer when its case runs in XML: all but those that read JSON alone. What has
    /// no body can be asked for in both.
    pub fn asks_xml(&self) -> bool {
        self.has_xml() || !self.has_json() && self.lacks.is_empty() && self.capture.is_empty()
    }

    /// Whether the step says anything about a JSON answer.
    pub fn has_json(&self) -> bool {
        self.error.is_some()
            || self.json.is_some()
            || self.includes.is_some()
            || self.rows.is_some()
            || self.total.is_some()
            || !self.keys.is_empty()
    }

    /// The status that is due.
    pub fn expected_status(&self) -> u16 {
        self.status.unwrap_or(if self.error.is_some() { 400 } else { 200 })
    }
}
