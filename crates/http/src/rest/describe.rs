//! Describe global, basic information, describe.

use super::describe_field::{field_doc, optional};
use super::{Rest, conditional, recent};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use orglet_base::ApiVersion;
use orglet_engine::Failure;
use orglet_schema::Object;
use orglet_schema::standard::{describe as facts, layouts};

/// `GET /sobjects`.
pub(super) fn global(cx: &Rest<'_>) -> Reply {
    if let Some(reply) = conditional::describe_not_modified(cx) {
        return reply;
    }
    let list = cx.catalog.objects();
    let list = list.iter().filter(|o| cx.identity.access.sees_object(o)).map(|o| summary(cx, o));
    let doc = Doc::obj([("encoding", "UTF-8".into()), ("maxBatchSize", 200.into()), ("sobjects", Doc::list(list))]);
    conditional::describe_headers(cx, cx.doc(200, &doc, "DescribeGlobal", XmlOrder::Sorted))
}

/// `GET /sobjects/X`.
pub(super) fn basic(cx: &Rest<'_>, object: &Object) -> Result<Reply, Failure> {
    let doc = Doc::obj([("objectDescribe", summary(cx, object)), ("recentItems", Doc::List(recent::of_object(cx, object)?))]);
    Ok(cx.doc(200, &doc, &object.name, XmlOrder::Sorted))
}

/// `GET /sobjects/X/describe`.
pub(super) fn describe(cx: &Rest<'_>, object: &Object) -> Result<Reply, Failure> {
    if let Some(reply) = conditional::describe_not_modified(cx) {
        return Ok(reply);
    }
    let reply = cx.doc(200, &full(cx, object), &object.name, XmlOrder::Sorted);
    Ok(conditional::describe_headers(cx, reply))
}

/// The describe of an object.
pub(crate) fn full(cx: &Rest<'_>, object: &Object) -> Doc {
    let fields = object.fields().iter().filter(|f| cx.identity.access.reads_field(object, f));
    let fields: Vec<Doc> = fields.map(|f| field_doc(f, cx.identity.access.creates_field(object, f))).collect();
    let children = object.children().iter().filter(|c| cx.catalog.object(&c.child).is_some()).map(|c| {
        Doc::obj([
            ("cascadeDelete", c.cascade_delete.into()),
            ("childSObject", c.child.clone().into()),
            ("deprecatedAndHidden", c.deprecated_and_hidden.into()),
            ("field", c.field.clone().into()),
            ("junctionIdListNames", Doc::List(Vec::new())),
            ("junctionReferenceTo", Doc::List(Vec::new())),
            ("relationshipName", optional(c.name.as_deref())),
            ("restrictedDelete", c.restricted_delete.into()),
        ])
    });
    let children = Doc::list(children);
    let scopes =
        facts::supported_scopes(object).into_iter().map(|(name, label)| Doc::obj([("label", label.into()), ("name", name.into())]));
    let scopes = Doc::list(scopes);
    let mut doc = Doc::Obj(Vec::with_capacity(facts::OBJECT_KEYS.len()));
    for key in keys(facts::OBJECT_KEYS, cx.version) {
        let value = match key {
            "actionOverrides" => Doc::List(Vec::new()),
            "childRelationships" => children.clone(),
            "compactLayoutable" => object.flags.compact_layoutable.into(),
            "fields" => Doc::List(fields.clone()),
            "listviewable"
            | "lookupLayoutable"
            | "networkScopeFieldName"
            | "defaultImplementation"
            | "extendedBy"
            | "extendsInterfaces"
            | "implementedBy"
            | "implementsInterfaces" => Doc::Null,
            "namedLayoutInfos" => named_layouts(cx, object),
            "recordTypeInfos" => Doc::List(vec![master_record_type(cx, object)]),
            "searchLayoutable" => object.flags.search_layoutable.into(),
            "sobjectDescribeOption" => "FULL".into(),
            "supportedScopes" => scopes.clone(),
            "urls" => urls(cx, object, true),
            other => common(object, other),
        };
        doc.push(key, value);
    }
    doc
}

/// An object's entry in a describe global and in its basic information.
pub(crate) fn summary(cx: &Rest<'_>, object: &Object) -> Doc {
    let mut doc = Doc::Obj(Vec::with_capacity(facts::GLOBAL_KEYS.len()));
    for key in keys(facts::GLOBAL_KEYS, cx.version) {
        doc.push(key, if key == "urls" { urls(cx, object, false) } else { common(object, key) });
    }
    doc
}

fn keys(all: &'static [&'static str], version: ApiVersion) -> impl Iterator<Item = &'static str> {
    all.iter().copied().filter(move |k| facts::key_since(k) <= u32::from(version.0))
}

/// A member that both forms have.
fn common(object: &Object, key: &str) -> Doc {
    let flags = &object.flags;
    match key {
        "activateable" => flags.activateable.into(),
        "associateEntityType" => optional(object.associate_type.as_deref()),
        "associateParentEntity" => optional(object.associate_parent.as_deref()),
        "createable" => flags.createable.into(),
        "custom" => object.custom.into(),
        "customSetting" => flags.custom_setting.into(),
        "deepCloneable" => facts::deep_cloneable(object).into(),
        "deletable" => flags.deletable.into(),
        "deprecatedAndHidden" => flags.deprecated_and_hidden.into(),
        "feedEnabled" => flags.feed_enabled.into(),
        "hasSubtypes" => flags.has_subtypes.into(),
        "keyPrefix" => optional(object.key_prefix.as_ref().map(|p| p.as_str())),
        "label" => object.label.clone().into(),
        "labelPlural" => object.label_plural.clone().into(),
        "layoutable" => flags.layoutable.into(),
        "mergeable" => flags.mergeable.into(),
        "mruEnabled" => flags.mru_enabled.into(),
        "name" => object.name.clone().into(),
        "queryable" => flags.queryable.into(),
        "replicateable" => flags.replicateable.into(),
        "retrieveable" => flags.retrieveable.into(),
        "searchable" => flags.searchable.into(),
        "triggerable" => flags.triggerable.into(),
        "undeletable" => flags.undeletable.into(),
        "updateable" => flags.updateable.into(),
        // isInterface, isSubtype.
        _ => false.into(),
    }
}

fn urls(cx: &Rest<'_>, object: &Object, full: bool) -> Doc {
    let mut doc = Doc::Obj(Vec::new());
    let prefix = object.key_prefix.as_ref().map_or("", |p| p.as_str());
    for url in facts::urls(object, full, u32::from(cx.version.0)) {
        let value = if url.page {
            format!("{}{}", cx.call.origin, url.path.replace("{PREFIX}", prefix))
        } else {
            format!("{}/sobjects/{}{}", cx.base, object.name, url.path)
        };
        doc.push(url.key, value);
    }
    doc
}

fn named_layouts(cx: &Rest<'_>, object: &Object) -> Doc {
    let path = format!("{}describe/namedLayouts/", cx.rows_of(object));
    Doc::list(layouts::names(object).iter().map(|name| {
        let urls = Doc::obj([("layout", format!("{path}{name}").into())]);
        Doc::obj([("name", (*name).into()), ("urls", urls)])
    }))
}

fn master_record_type(cx: &Rest<'_>, object: &Object) -> Doc {
    let id = "012000000000000AAA";
    let layout = format!("{}/sobjects/{}/describe/layouts/{id}", cx.base, object.name);
    Doc::obj([
        ("active", true.into()),
        ("available", true.into()),
        ("defaultRecordTypeMapping", true.into()),
        ("developerName", "Master".into()),
        ("master", true.into()),
        ("name", "Master".into()),
        ("recordTypeId", id.into()),
        ("urls", Doc::obj([("layout", layout.into())])),
    ])
}
