//! Classes and triggers as records of the Tooling API: what a create or an update of one says.

use super::Rest;
use super::rows::json;
use crate::codec::{Node, NodeValue};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, metadata};
use orglet_schema::custom::{ApexDef, ApexKind, ApexMeta, MetaNode};
use orglet_schema::{Object, ParseFailure};

/// What a body says.
#[derive(Default)]
struct Given {
    name: Option<String>,
    body: Option<String>,
    table: Option<String>,
    api_version: Option<String>,
    active: Option<bool>,
    metadata: Option<ApexMeta>,
}

impl Given {
    fn read(cx: &Rest<'_>, object: &Object, kind: ApexKind) -> Result<Self, ApiError> {
        let body = cx.body()?;
        if !body.is_object() {
            let at = body.position();
            let text =
                format!("Can not deserialize SObject out of {} token at [line:{}, column:{}]", body.as_input().token(), at.line, at.column);
            return Err(ApiError::new(ErrorCode::JsonParserError, text));
        }
        let mut given = Self::default();
        let mut refused = Vec::new();
        for (member, node) in body.members() {
            if member == "attributes" {
                continue;
            }
            let Some(field) = object.field(member) else {
                let text = format!("No such column '{member}' on sobject of type {}", object.name);
                return Err(ApiError::new(ErrorCode::InvalidField, text));
            };
            match field.name.as_str() {
                "Metadata" => given.metadata = metadata_of(node, kind)?,
                "Body" => given.body = text(node, "string")?,
                "Name" | "FullName" => given.name = text(node, "string")?.or(given.name),
                "TableEnumOrId" => given.table = text(node, "string")?,
                "ApiVersion" => given.api_version = version(node)?,
                "Status" => {
                    given.active = match text(node, "string")?.as_deref() {
                        None => None,
                        Some("Active") => Some(true),
                        Some("Inactive") => Some(false),
                        Some(other) => {
                            let text = format!("Status: bad value for restricted picklist field: {other}");
                            return Err(ApiError::new(ErrorCode::InvalidOrNullForRestrictedPicklist, text).with_fields(["Status"]));
                        }
                    }
                }
                _ => refused.push(field.name.clone()),
            }
        }
        if refused.is_empty() {
            return Ok(given);
        }
        let text = format!(
            "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
            refused.join(", ")
        );
        Err(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(refused))
    }

    /// What stands beside the body: the fields of the record count before its metadata.
    fn meta(&self, was: Option<&ApexDef>) -> ApexMeta {
        let metadata = self.metadata.as_ref();
        let version = self.api_version.clone().or_else(|| metadata.and_then(|m| m.api_version.clone()));
        ApexMeta {
            api_version: version.or_else(|| was.map(|def| def.api_version.clone())),
            active: self.active.or_else(|| metadata.map(|m| m.active)).unwrap_or_else(|| was.is_none_or(|def| def.active)),
        }
    }
}

fn text(node: &Node<'_>, of: &'static str) -> Result<Option<String>, ApiError> {
    match &node.value {
        NodeValue::Null => Ok(None),
        NodeValue::Text(text) => Ok(Some(text.to_string()).filter(|t| !t.is_empty())),
        NodeValue::Number(text) => Ok(Some(text.to_string())),
        NodeValue::Bool(b) => Ok(Some(b.to_string())),
        _ => Err(ParseFailure::new(of, node.as_input()).at(node.line, node.column)),
    }
}

fn version(node: &Node<'_>) -> Result<Option<String>, ApiError> {
    let Some(text) = text(node, "double")? else { return Ok(None) };
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    if whole.parse::<u16>().is_err() {
        return Err(ParseFailure::new("double", node.as_input()).at(node.line, node.column));
    }
    Ok(Some(whole.to_owned()))
}

fn metadata_of(node: &Node<'_>, kind: ApexKind) -> Result<Option<ApexMeta>, ApiError> {
    match &node.value {
        NodeValue::Null => Ok(None),
        NodeValue::Object(_) => Ok(Some(ApexMeta::from_meta(kind, &MetaNode::from_json(&json(node)))?)),
        _ => Err(ParseFailure::new("complexvalue", node.as_input()).at(node.line, node.column)),
    }
}

/// The class or trigger of a create.
pub(super) fn new(cx: &Rest<'_>, object: &Object, kind: ApexKind) -> Result<ApexDef, Failure> {
    let given = Given::read(cx, object, kind)?;
    let mut missing = Vec::new();
    if kind == ApexKind::Trigger && given.name.is_none() {
        missing.push("Name");
    }
    if kind == ApexKind::Trigger && given.table.is_none() {
        missing.push("TableEnumOrId");
    }
    let Some(body) = given.body.as_deref().filter(|_| missing.is_empty()) else {
        missing.extend(given.body.is_none().then_some("Body"));
        return Err(ApiError::missing_fields(&missing).into());
    };
    let mut def = metadata::apex::define(kind, given.name.as_deref(), body, given.meta(None), cx.version).map_err(ApiError::from)?;
    if let Some(table) = &given.table {
        def.object = Some(table_of(cx, table)?);
    }
    Ok(def)
}

/// The class or trigger as an update makes it.
pub(super) fn changed(cx: &Rest<'_>, object: &Object, was: &ApexDef) -> Result<ApexDef, Failure> {
    let given = Given::read(cx, object, was.kind)?;
    let body = given.body.as_deref().unwrap_or(&was.body);
    let mut def =
        metadata::apex::define(was.kind, given.name.as_deref(), body, given.meta(Some(was)), cx.version).map_err(ApiError::from)?;
    def.object = match &given.table {
        Some(table) => Some(table_of(cx, table)?),
        None => was.object.clone(),
    };
    Ok(def)
}

/// The object that a trigger's record names, by its API name or by the id of its definition.
fn table_of(cx: &Rest<'_>, table: &str) -> Result<String, Failure> {
    if let Some(object) = cx.catalog.object(table) {
        return Ok(object.name.clone());
    }
    let custom = orglet_base::Id::parse(table).ok().map(|id| metadata::find(&cx.identity.org, id)).transpose()?.flatten();
    match custom.filter(|c| c.object_def().is_some()) {
        Some(custom) => Ok(custom.name),
        None => {
            let text = format!("Invalid object or access for {table} on field [TableEnumOrId]");
            Err(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(["TableEnumOrId"]).into())
        }
    }
}
