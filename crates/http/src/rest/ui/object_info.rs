//! Metadata of an object.

use super::{is_typed, tagged, taken, type_doc};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::describe::field::optional;
use crate::rest::Rest;
use orglet_engine::Failure;
use orglet_schema::custom::part::MASTER;
use orglet_schema::standard::themes;
use orglet_schema::{Field, FieldType, Object, RecordType};
use std::collections::BTreeMap;

/// Most controlling fields above one another that are followed.
const HIGHEST: usize = 16;

/// `GET /ui-api/object-info/X`.
pub(super) fn info(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let object = taken(cx, name)?;
    let flags = &object.flags;
    let children = object.children().iter().filter(|c| cx.object(&c.child).is_ok()).map(|c| {
        Doc::obj([
            ("childObjectApiName", c.child.clone().into()),
            ("fieldName", c.field.clone().into()),
            ("junctionIdListNames", Doc::List(Vec::new())),
            ("junctionReferenceTo", Doc::List(Vec::new())),
            ("relationshipName", optional(c.name.as_deref())),
        ])
    });
    let children = Doc::list(children.collect::<Vec<_>>());
    let fields: BTreeMap<&str, &Field> =
        object.fields().iter().filter(|f| cx.identity.access.reads_field(&object, f)).map(|f| (f.name.as_str(), f)).collect();
    let dependent = dependents(&fields);
    let fields = Doc::Obj(fields.into_values().map(|f| (f.name.clone().into(), field_doc(cx, &object, f))).collect());
    let typed = is_typed(&object);
    let doc = tagged(vec![
        ("apiName", object.name.clone().into()),
        ("associateEntityType", optional(object.associate_type.as_deref())),
        ("associateParentEntity", optional(object.associate_parent.as_deref())),
        ("childRelationships", children),
        ("compactLayoutable", flags.compact_layoutable.into()),
        ("createable", flags.createable.into()),
        ("custom", object.custom.into()),
        ("defaultRecordTypeId", if typed { MASTER.into() } else { Doc::Null }),
        ("deletable", flags.deletable.into()),
        ("dependentFields", dependent),
        ("feedEnabled", flags.feed_enabled.into()),
        ("fields", fields),
        ("keyPrefix", optional(object.key_prefix.as_ref().map(|p| p.as_str()))),
        ("label", object.label.clone().into()),
        ("labelPlural", object.label_plural.clone().into()),
        ("layoutable", flags.layoutable.into()),
        ("mruEnabled", flags.mru_enabled.into()),
        ("nameFields", Doc::list(name_fields(&object).into_iter().map(str::to_owned))),
        ("queryable", flags.queryable.into()),
        ("recordTypeInfos", if typed { types(&object) } else { Doc::Obj(Vec::new()) }),
        ("searchLayoutable", flags.search_layoutable.into()),
        ("searchable", flags.searchable.into()),
        ("themeInfo", theme(cx, &object)),
        ("updateable", flags.updateable.into()),
    ]);
    Ok(cx.doc(200, &doc, "", XmlOrder::Kept))
}

/// The record types by id, the master's first.
fn types(object: &Object) -> Doc {
    let mut own: Vec<&RecordType> = object.record_types().iter().collect();
    own.sort_by_key(|t| t.id);
    let own = own.into_iter().map(|t| (t.id.to_string().into(), type_doc(Some(t))));
    Doc::Obj([(MASTER.into(), type_doc(None))].into_iter().chain(own).collect())
}

/// The fields that make up a record's name.
pub(super) fn name_fields(object: &Object) -> Vec<&str> {
    let Some(name) = object.name_field() else { return Vec::new() };
    let parts = object.parts_of(&name.name).map(|f| f.name.as_str()).filter(|part| matches!(*part, "FirstName" | "LastName"));
    let mut names: Vec<&str> = parts.chain([name.name.as_str()]).collect();
    names.sort_unstable();
    names
}

fn theme(cx: &Rest<'_>, object: &Object) -> Doc {
    match themes::theme(&object.name) {
        Some(theme) => Doc::obj([
            ("color", theme.color.into()),
            ("iconUrl", format!("{}/img/icon/t4v35/standard/{}_120.png", cx.call.origin, theme.icon).into()),
        ]),
        None => Doc::Null,
    }
}

/// The trees of picklists that control others: a field with those that it controls, and so on.
fn dependents(fields: &BTreeMap<&str, &Field>) -> Doc {
    fn below(fields: &BTreeMap<&str, &Field>, of: &str, depth: usize) -> Doc {
        let own = fields.values().filter(|f| depth < HIGHEST && f.controller.as_deref() == Some(of));
        Doc::Obj(own.map(|f| (f.name.clone().into(), below(fields, &f.name, depth + 1))).collect())
    }
    let controls = |name: &str| fields.values().any(|f| f.controller.as_deref() == Some(name));
    let roots = fields.values().filter(|f| f.controller.is_none() && controls(&f.name));
    Doc::Obj(roots.map(|f| (f.name.clone().into(), below(fields, &f.name, 0))).collect())
}

fn field_doc(cx: &Rest<'_>, object: &Object, field: &Field) -> Doc {
    let mut controlling = Vec::new();
    let mut above = field.controller.as_deref();
    while let Some(name) = above.filter(|_| controlling.len() < HIGHEST) {
        controlling.push(name.to_owned());
        above = object.field(name).and_then(|f| f.controller.as_deref());
    }
    let filtered = field.lookup_filter.as_ref().map_or(Doc::Null, |filter| crate::describe::field::filter_doc(filter));
    let targets = field.reference_to.iter().map(|name| {
        let names = cx.catalog.object(name).map(|o| name_fields(o).into_iter().map(str::to_owned).collect::<Vec<_>>());
        Doc::obj([("apiName", name.clone().into()), ("nameFields", Doc::list(names.unwrap_or_default()))])
    });
    let access = &cx.identity.access;
    Doc::obj([
        ("apiName", field.name.clone().into()),
        ("calculated", field.calculated.into()),
        ("compound", is_compound(object, field).into()),
        ("compoundComponentName", component(field).into()),
        ("compoundFieldName", optional(field.compound.as_deref())),
        ("controllerName", optional(field.controller.as_deref())),
        ("controllingFields", Doc::list(controlling)),
        ("createable", access.creates_field(object, field).into()),
        ("custom", field.custom.into()),
        ("dataType", data_type(field.ty).into()),
        ("extraTypeInfo", field.extra_type_info.as_deref().map(extra).into()),
        ("filterable", field.filterable.into()),
        ("filteredLookupInfo", filtered),
        ("highScaleNumber", false.into()),
        ("htmlFormatted", field.html_formatted.into()),
        ("inlineHelpText", optional(field.inline_help.as_deref())),
        ("label", field.label.clone().into()),
        ("length", i64::from(field.length).into()),
        ("nameField", field.name_field.into()),
        ("polymorphicForeignKey", field.polymorphic_foreign_key.into()),
        ("precision", i64::from(field.precision).into()),
        ("reference", (field.ty == FieldType::Reference).into()),
        ("referenceTargetField", Doc::Null),
        ("referenceToInfos", Doc::list(targets)),
        ("relationshipName", optional(field.relationship_name.as_deref())),
        ("required", (!field.nillable).into()),
        ("scale", i64::from(field.scale).into()),
        ("searchPrefilterable", field.search_prefilterable.into()),
        ("sortable", field.sortable.into()),
        ("unique", field.unique.into()),
        ("updateable", (field.updateable && access.writes_field(object, field)).into()),
    ])
}

fn is_compound(object: &Object, field: &Field) -> bool {
    field.ty.is_compound() || object.parts_of(&field.name).next().is_some()
}

/// What a part of a compound field is called there: `Street` of BillingStreet.
fn component(field: &Field) -> Option<String> {
    let whole = field.compound.as_deref().filter(|whole| *whole != field.name)?;
    if let Some((_, axis)) = field.name.strip_suffix("__s").and_then(|name| name.rsplit_once("__")) {
        return Some(axis.to_owned());
    }
    let stem = whole.strip_suffix("Address").unwrap_or("");
    Some(field.name.strip_prefix(stem).unwrap_or(&field.name).to_owned())
}

/// The name that the API has for a type.
fn data_type(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Id | FieldType::String => "String",
        FieldType::TextArea => "TextArea",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Int",
        FieldType::Long => "Long",
        FieldType::Double => "Double",
        FieldType::Currency => "Currency",
        FieldType::Percent => "Percent",
        FieldType::Date => "Date",
        FieldType::DateTime => "DateTime",
        FieldType::Time => "Time",
        FieldType::Email => "Email",
        FieldType::Phone => "Phone",
        FieldType::Url => "Url",
        FieldType::Picklist => "Picklist",
        FieldType::MultiPicklist => "MultiPicklist",
        FieldType::Combobox => "ComboBox",
        FieldType::Reference => "Reference",
        FieldType::Address => "Address",
        FieldType::Location => "Location",
        FieldType::EncryptedString => "EncryptedString",
        FieldType::Base64 => "Base64",
        FieldType::AnyType => "AnyType",
        FieldType::ComplexValue => "ComplexValue",
    }
}

/// The name that the API has for what a describe says of a type beside it.
fn extra(info: &str) -> String {
    match info {
        "imageurl" => "ImageUrl".to_owned(),
        "personname" => "PersonName".to_owned(),
        "plaintextarea" => "PlainTextArea".to_owned(),
        "richtextarea" => "RichTextArea".to_owned(),
        other => other.to_owned(),
    }
}
