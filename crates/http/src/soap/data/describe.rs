//! Describes, in the members and the order of the WSDL.

use super::Data;
use crate::codec::Doc;
use crate::describe::field::field_doc;
use crate::describe::{children, member, record_types, scopes};
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode};
use orglet_schema::standard::describe::{key_since, urls};
use orglet_schema::standard::layouts;
use orglet_schema::{Field, Object};

/// Objects of one `describeSObjects`.
const MOST: usize = 100;

/// The members of an object in a describe global; `?` marks those that are null rather than absent.
const GLOBAL: &[&str] = &[
    "activateable",
    "associateEntityType?",
    "associateParentEntity?",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "idEnabled",
    "isInterface",
    "isSubtype",
    "keyPrefix?",
    "label",
    "labelPlural",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "triggerable",
    "undeletable",
    "updateable",
];

/// The members of a whole describe.
const FULL: &[&str] = &[
    "activateable",
    "associateEntityType?",
    "associateParentEntity?",
    "childRelationships",
    "compactLayoutable",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "defaultImplementation?",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "fields",
    "hasSubtypes",
    "idEnabled",
    "implementedBy?",
    "implementsInterfaces?",
    "isInterface",
    "isSubtype",
    "keyPrefix?",
    "label",
    "labelPlural",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "namedLayoutInfos",
    "networkScopeFieldName?",
    "queryable",
    "recordTypeInfos",
    "replicateable",
    "retrieveable",
    "searchLayoutable",
    "searchable",
    "supportedScopes",
    "triggerable",
    "undeletable",
    "updateable",
    "urlDetail?",
    "urlEdit?",
    "urlNew?",
];

/// `describeGlobal()`.
pub(super) fn global(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    answer.begin("result").text("encoding", "UTF-8").text("maxBatchSize", "200");
    for object in data.catalog.objects().into_iter().filter(|o| data.identity.access.sees_object(o)) {
        answer.begin("sobjects");
        members(data, answer, object, GLOBAL);
        answer.end("sobjects");
    }
    answer.end("result");
    Ok(())
}

/// `describeSObject(sObjectType)`.
pub(super) fn one(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    result(data, answer, data.soap.request.argument("sObjectType").trim())
}

/// `describeSObjects(sObjectType…)`.
pub(super) fn several(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let names = data.soap.request.list("sObjectType");
    if names.len() > MOST {
        let text = format!("exceeded the maximum of {MOST} types in one call");
        return Err(ApiError::new(ErrorCode::ExceededMaxTypesLimit, text).into());
    }
    names.into_iter().try_for_each(|name| result(data, answer, name.trim()))
}

fn result(data: &Data<'_>, answer: &mut Answer, name: &str) -> Result<(), Fault> {
    let object = data.object(name)?;
    answer.begin("result");
    members(data, answer, object, FULL);
    answer.end("result");
    Ok(())
}

fn members(data: &Data<'_>, answer: &mut Answer, object: &Object, list: &[&str]) {
    for marked in list {
        let (key, nillable) = marked.strip_suffix('?').map_or((*marked, false), |key| (key, true));
        if key_since(key) > u32::from(data.soap.version.0) {
            continue;
        }
        let value = match key {
            "childRelationships" => children(&data.catalog, object),
            "fields" => {
                object.fields().iter().filter(|f| data.identity.access.reads_field(object, f)).for_each(|f| field(data, answer, object, f));
                continue;
            }
            "namedLayoutInfos" => Doc::list(layouts::names(object).iter().map(|name| Doc::obj([("name", (*name).into())]))),
            "recordTypeInfos" => record_types::described(object, |_| None),
            "supportedScopes" => scopes(object),
            "idEnabled" => object.field("Id").is_some().into(),
            "defaultImplementation" | "implementedBy" | "implementsInterfaces" | "networkScopeFieldName" => Doc::Null,
            "urlDetail" => page(data, object, "uiDetailTemplate"),
            "urlEdit" => page(data, object, "uiEditTemplate"),
            "urlNew" => page(data, object, "uiNewRecord"),
            key => member(object, key),
        };
        if nillable && value == Doc::Null {
            answer.nil(key);
        } else {
            put(answer, key, &value);
        }
    }
}

fn field(data: &Data<'_>, answer: &mut Answer, object: &Object, field: &Field) {
    let Doc::Obj(members) = field_doc(field, data.identity.access.creates_field(object, field)) else { return };
    answer.begin("fields");
    for (key, value) in &members {
        match (key.as_ref(), value) {
            // Of any type, so that the element says which.
            ("defaultValue", Doc::Bool(value)) => {
                answer.typed_text(key, "xsd:boolean", if *value { "true" } else { "false" });
            }
            ("defaultValue", Doc::Str(text)) => {
                answer.typed_text(key, "xsd:string", text);
            }
            _ => put(answer, key, value),
        }
    }
    answer.end("fields");
}

/// A value in as many elements as it has; null has none.
fn put(answer: &mut Answer, name: &str, value: &Doc) {
    match value {
        Doc::Null => {}
        Doc::Bool(value) => {
            answer.bool(name, *value);
        }
        Doc::Int(n) => {
            answer.text(name, &n.to_string());
        }
        Doc::Number(text) => {
            answer.text(name, text);
        }
        Doc::Str(text) => {
            answer.text(name, text);
        }
        Doc::DateTime(at) => {
            answer.text(name, &at.to_canonical());
        }
        Doc::List(items) | Doc::Wrapped(_, items) => items.iter().for_each(|item| put(answer, name, item)),
        Doc::Obj(members) | Doc::Record { fields: members, .. } => {
            answer.begin(name);
            members.iter().for_each(|(key, value)| put(answer, key, value));
            answer.end(name);
        }
    }
}

/// The address of a page of the user interface.
fn page(data: &Data<'_>, object: &Object, key: &str) -> Doc {
    let prefix = object.key_prefix.as_ref().map_or("", |p| p.as_str());
    let found = urls(object, true, u32::from(data.soap.version.0)).into_iter().find(|url| url.key == key);
    found.map_or(Doc::Null, |url| format!("{}{}", data.soap.call.origin, url.path.replace("{PREFIX}", prefix)).into())
}
