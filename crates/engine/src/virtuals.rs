//! The rows of virtual objects, made from the catalog when a query reads them.

use crate::matching;
use crate::metadata::{self, Custom};
use crate::views::{self, Seen};
use crate::{Failure, Identity};
use orglet_base::{Id, OwnedCell, Value};
use orglet_plan::{Plan, VirtualNeed};
use orglet_schema::custom::apex::USAGES;
use orglet_schema::custom::{ApexDef, part};
use orglet_schema::standard::list_views;
use orglet_schema::{Catalog, CellKind, Field, FieldType, Object};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use std::collections::HashSet;
use std::sync::Arc;

/// For each virtual object of a plan, its rows as a JSON array of arrays of cells.
pub(crate) fn rows(identity: &Identity, plan: &Plan) -> Result<Vec<String>, Failure> {
    plan.virtuals.iter().map(|need| of_object(identity, need)).collect()
}

fn of_object(identity: &Identity, need: &VirtualNeed) -> Result<String, Failure> {
    let catalog = identity.org.catalog();
    let columns: Vec<&Field> = need.object.fields().iter().filter(|f| f.has_column()).collect();
    let mut rows: Vec<Json> = Vec::new();
    let mut push = |value: &dyn Fn(&str) -> OwnedCell| rows.push(Json::Array(columns.iter().map(|f| json(value(&f.name))).collect()));
    match need.object.name.as_str() {
        "EntityDefinition" => {
            for object in chosen(&catalog, need) {
                push(&|name| entity(&catalog, &object, name));
            }
        }
        "FieldDefinition" => {
            for object in chosen(&catalog, need) {
                for field in object.fields() {
                    push(&|name| definition(&catalog, &object, field, name));
                }
            }
        }
        "ListView" => list_views(identity, &catalog, need, &mut push)?,
        rules @ ("DuplicateRule" | "MatchingRule" | "MatchingRuleItem") => {
            let about = organization(identity, &catalog)?;
            matching::rows::rows(identity, rules, &about, &mut push)?;
        }
        "CustomObject" => {
            for custom in metadata::all(&identity.org)?.iter().filter(|c| c.kind == metadata::OBJECT) {
                push(&|name| custom_object(custom, name));
            }
        }
        "RecentlyViewed" => {
            for seen in views::recent(identity, None, RECENT)? {
                push(&|name| recently_viewed(&seen, name));
            }
        }
        "CustomField" => {
            let all = metadata::all(&identity.org)?;
            for custom in all.iter().filter(|c| c.kind == metadata::FIELD) {
                push(&|name| custom_field(&all, custom, name));
            }
        }
        kind @ ("ApexClass" | "ApexTrigger") => {
            let wanted = |name: &str| need.filters.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, values)| values);
            let (ids, names) = (wanted("Id"), wanted("Name"));
            let compiled = identity.org.compiled(&catalog);
            let all = metadata::all(&identity.org)?;
            for custom in all.iter().filter(|c| c.kind == kind) {
                let own = custom.id.to_string();
                // Bodies are long: those of others are not put together.
                let is_wanted = ids.is_none_or(|ids| ids.iter().any(|id| own.starts_with(id.as_str())))
                    && names.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&custom.name)));
                if let (Some(def), true) = (custom.apex_def(), is_wanted) {
                    let valid = compiled.as_ref().is_none_or(|compiled| compiled.is_valid(def));
                    push(&|name| apex(&all, custom, def, valid, name));
                }
            }
        }
        kind if part::kind(kind).is_some() => {
            let all = metadata::all(&identity.org)?;
            for custom in all.iter().filter(|c| c.kind == kind) {
                push(&|name| custom_part(&all, custom, name));
            }
        }
        _ => {}
    }
    Ok(Json::Array(rows).to_string())
}

/// The objects that a query's filters leave: those named, by API name or durable id, or all.
fn chosen(catalog: &Catalog, need: &VirtualNeed) -> Vec<Arc<Object>> {
    let named = need.filters.iter().find(|(field, _)| {
        ["EntityDefinitionId", "QualifiedApiName", "DurableId", "EntityDefinition.QualifiedApiName", "DeveloperName"]
            .iter()
            .any(|n| n.eq_ignore_ascii_case(field))
    });
    match named {
        // A field's durable id is its object's, a dot and its own.
        Some((field, values)) if need.object.name == "EntityDefinition" || !field.eq_ignore_ascii_case("QualifiedApiName") => {
            let names = values.iter().map(|v| v.split('.').next().unwrap_or(v).to_owned());
            let mut found: Vec<Arc<Object>> = names.filter_map(|n| by_durable_id(catalog, &n)).collect();
            let mut seen = HashSet::new();
            found.retain(|o| seen.insert(o.name.clone()));
            if field.eq_ignore_ascii_case("DeveloperName") { catalog.objects().into_iter().cloned().collect() } else { found }
        }
        _ => catalog.objects().into_iter().cloned().collect(),
    }
}

/// Takes a row, as the cells of its fields by name.
pub(crate) type Push<'a> = dyn FnMut(&dyn Fn(&str) -> OwnedCell) + 'a;

/// Gives the list views of the objects that a query asks for to `push`. Nobody made them: they are as old as the org.
fn list_views(identity: &Identity, catalog: &Catalog, need: &VirtualNeed, push: &mut Push<'_>) -> Result<(), Failure> {
    let given = |name: &str| need.filters.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, values)| values);
    let unmade = |id: Id| catalog.object_of(Id::new(list_views::listed(id), *b"00", 0)).cloned();
    // Those that metadata defines have ids of their own, which say nothing of the object.
    let defined = |id: Id| metadata::find(&identity.org, id).ok().flatten().and_then(|custom| catalog.object(&custom.object).cloned());
    let mut objects: Vec<Arc<Object>> = match (given("Id"), given("SobjectType")) {
        (Some(ids), _) => {
            let views = ids.iter().filter_map(|id| Id::parse(id).ok()).filter(|id| id.prefix() == list_views::PREFIX);
            views.flat_map(|id| unmade(id).into_iter().chain(defined(id))).collect()
        }
        (None, Some(names)) => names.iter().filter_map(|name| catalog.object(name)).cloned().collect(),
        (None, None) => catalog.objects().into_iter().cloned().collect(),
    };
    let mut seen = HashSet::new();
    objects.retain(|o| identity.access.sees_object(o) && seen.insert(o.name.clone()));
    let about = organization(identity, catalog)?;
    let (made, by) = (about("CreatedDate"), about("CreatedById"));
    for object in &objects {
        for view in list_views::of(object) {
            push(&|name| match name {
                "Id" => text(view.id(object).to_string()),
                "Name" => text(&*view.label),
                "DeveloperName" => text(&*view.developer_name),
                "SobjectType" => text(&*object.name),
                "IsSoqlCompatible" => flag(view.filter.is_some()),
                "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => made.clone(),
                "CreatedById" | "LastModifiedById" => by.clone(),
                _ => OwnedCell::Null,
            });
        }
    }
    Ok(())
}

/// Tells the fields of the organization, which is as old as what nobody made.
fn organization<'a>(identity: &Identity, catalog: &'a Catalog) -> Result<impl Fn(&str) -> OwnedCell + use<'a>, Failure> {
    let organization = identity.org.organization()?;
    Ok(move |name: &str| {
        let cell = || {
            let object = catalog.object("Organization")?;
            let index = object.field_index(name)?;
            organization.as_ref().map(|row| object.fields()[index].cell_kind().to_cell(&row.values[index]))
        };
        cell().unwrap_or(OwnedCell::Null)
    })
}

fn by_durable_id(catalog: &Catalog, name: &str) -> Option<Arc<Object>> {
    catalog.object(name).cloned()
}

fn json(cell: OwnedCell) -> Json {
    match cell {
        OwnedCell::Null | OwnedCell::Blob(_) => Json::Null,
        OwnedCell::Int(n) => Json::from(n),
        OwnedCell::Text(t) => Json::from(t),
    }
}

pub(crate) fn text(t: impl Into<String>) -> OwnedCell {
    OwnedCell::Text(t.into())
}

pub(crate) fn flag(b: bool) -> OwnedCell {
    OwnedCell::Int(i64::from(b))
}

pub(crate) fn optional(t: Option<&str>) -> OwnedCell {
    t.map_or(OwnedCell::Null, text)
}

fn developer_name(name: &str) -> &str {
    name.strip_suffix("__c").or_else(|| name.strip_suffix("__e")).unwrap_or(name)
}

fn entity(catalog: &Catalog, object: &Object, name: &str) -> OwnedCell {
    let flags = &object.flags;
    match name {
        "Id" => text("000000000000000AAA"),
        "DurableId" | "QualifiedApiName" => text(&*object.name),
        "DeveloperName" => text(developer_name(&object.name)),
        "MasterLabel" | "Label" => text(&*object.label),
        "PluralLabel" => text(&*object.label_plural),
        "KeyPrefix" => optional(object.key_prefix.as_ref().map(|p| p.as_str())),
        "PublisherId" => text(if object.custom { "<local>" } else { "System" }),
        "IsCustomizable" => flag(object.custom || flags.layoutable),
        "IsApexTriggerable" | "IsTriggerable" => flag(flags.triggerable),
        "IsWorkflowEnabled" | "IsProcessEnabled" => flag(flags.layoutable && flags.triggerable),
        "IsCompactLayoutable" => flag(flags.compact_layoutable),
        "IsCustomSetting" => flag(flags.custom_setting),
        "IsDeprecatedAndHidden" => flag(flags.deprecated_and_hidden),
        "IsReplicateable" => flag(flags.replicateable),
        "IsRetrieveable" => flag(flags.retrieveable),
        "IsSearchLayoutable" => flag(flags.search_layoutable),
        "IsSearchable" => flag(flags.searchable),
        "IsIdEnabled" => flag(object.field("Id").is_some()),
        "IsEverCreatable" => flag(flags.createable),
        "IsEverUpdatable" => flag(flags.updateable),
        "IsEverDeletable" => flag(flags.deletable),
        "IsFeedEnabled" => flag(flags.feed_enabled),
        "IsQueryable" => flag(flags.queryable),
        "IsMruEnabled" => flag(flags.mru_enabled),
        "IsLayoutable" => flag(flags.layoutable),
        "HasSubtypes" => flag(flags.has_subtypes),
        "IsSubtype" | "IsInterface" | "IsAutoActivityCaptureEnabled" => flag(false),
        "InternalSharingModel" | "ExternalSharingModel" => text("ReadWrite"),
        "DeploymentStatus" if object.custom => text("Deployed"),
        "LastModifiedDate" => CellKind::DateTime.to_cell(&Value::DateTime(catalog.modified())),
        _ => OwnedCell::Null,
    }
}

fn definition(catalog: &Catalog, object: &Object, field: &Field, name: &str) -> OwnedCell {
    match name {
        "Id" => text("000000000000000AAA"),
        "DurableId" => text(format!("{}.{}", object.name, developer_name(&field.name))),
        "QualifiedApiName" => text(&*field.name),
        "EntityDefinitionId" => text(&*object.name),
        "DeveloperName" => text(developer_name(&field.name)),
        "MasterLabel" | "Label" => text(&*field.label),
        "Length" => OwnedCell::Int(i64::from(field.length)),
        "DataType" => text(data_type(catalog, field)),
        "ExtraTypeInfo" => optional(field.extra_type_info.as_deref()),
        "IsCalculated" => flag(field.calculated),
        "IsHtmlFormatted" => flag(field.html_formatted),
        "IsNameField" => flag(field.name_field),
        "IsNillable" => flag(field.nillable),
        "Precision" => OwnedCell::Int(i64::from(field.precision.max(field.digits))),
        "Scale" => OwnedCell::Int(i64::from(field.scale)),
        "IsIndexed" => flag(field.unique || field.external_id || field.id_lookup || field.name_field || field.ty == FieldType::Reference),
        "IsApiFilterable" | "IsListFilterable" | "IsWorkflowFilterable" => flag(field.filterable),
        "IsApiSortable" | "IsListSortable" => flag(field.sortable),
        "IsApiGroupable" => flag(field.groupable),
        "IsListVisible" => flag(true),
        "IsCompound" => flag(field.ty.is_compound()),
        "IsSearchPrefilterable" => flag(field.search_prefilterable),
        "IsPolymorphicForeignKey" => flag(field.polymorphic_foreign_key),
        "IsHighScaleNumber" | "IsFieldHistoryTracked" | "IsCompactLayoutable" | "IsAiPredictionField" | "IsCaseCreationEnabled" => {
            flag(false)
        }
        "RelationshipName" => optional(field.relationship_name.as_deref()),
        "PublisherId" => text(if field.custom { "<local>" } else { "System" }),
        "LastModifiedDate" => CellKind::DateTime.to_cell(&Value::DateTime(catalog.modified())),
        _ => OwnedCell::Null,
    }
}

/// A field's type as Setup words it: `Text(80)`, `Lookup(Account)`, `Currency(16, 2)`.
fn data_type(_catalog: &Catalog, field: &Field) -> String {
    let whole = i32::from(field.precision) - i32::from(field.scale);
    match field.ty {
        FieldType::Id => "Lookup()".into(),
        FieldType::Reference if field.cascade_delete => format!("Master-Detail({})", field.reference_to.join(",")),
        FieldType::Reference => format!("Lookup({})", field.reference_to.join(",")),
        FieldType::String if field.is_auto_number || field.auto_number.is_some() => "Auto Number".into(),
        FieldType::String => format!("Text({})", field.length),
        FieldType::TextArea if field.html_formatted => format!("Rich Text Area({})", field.length),
        FieldType::TextArea if field.length > 255 => format!("Long Text Area({})", field.length),
        FieldType::TextArea => format!("Text Area({})", field.length),
        FieldType::Boolean => "Checkbox".into(),
        FieldType::Int => format!("Number({}, 0)", field.digits),
        FieldType::Long => "Number(18, 0)".into(),
        FieldType::Double => format!("Number({whole}, {})", field.scale),
        FieldType::Currency => format!("Currency({whole}, {})", field.scale),
        FieldType::Percent => format!("Percent({whole}, {})", field.scale),
        FieldType::Date => "Date".into(),
        FieldType::DateTime => "Date/Time".into(),
        FieldType::Time => "Time".into(),
        FieldType::Email => "Email".into(),
        FieldType::Phone => "Phone".into(),
        FieldType::Url => format!("URL({})", field.length),
        FieldType::Picklist => "Picklist".into(),
        FieldType::MultiPicklist => "Picklist (Multi-Select)".into(),
        FieldType::Combobox => "Picklist".into(),
        FieldType::Address => "Address".into(),
        FieldType::Location => "Geolocation".into(),
        FieldType::EncryptedString => format!("Text (Encrypted)({})", field.length),
        FieldType::Base64 => "Base64".into(),
        FieldType::AnyType | FieldType::ComplexValue => "Unknown".into(),
    }
}

/// Fields of RecentlyViewed that are the record's own.
const RECENT: &[&str] =
    &["Name", "LastName", "FirstName", "Alias", "UserRoleId", "IsActive", "ProfileId", "Title", "Email", "Phone", "Language"];

fn recently_viewed(seen: &Seen, name: &str) -> OwnedCell {
    let own = |name: &str| RECENT.iter().position(|n| *n == name).and_then(|i| seen.values.get(i)).cloned().unwrap_or(OwnedCell::Null);
    match name {
        "Id" => text(seen.id.to_string()),
        "Type" => text(&*seen.object.name),
        "LastViewedDate" => seen.viewed.clone(),
        "LastReferencedDate" => seen.referenced.clone(),
        // Of other records it says nothing, and a checkbox is never null.
        "IsActive" if own("IsActive") == OwnedCell::Null => flag(false),
        "NameOrAlias" if own("Alias") != OwnedCell::Null => own("Alias"),
        "NameOrAlias" => own("Name"),
        other => own(other),
    }
}

fn audit(custom: &Custom, name: &str) -> OwnedCell {
    match name {
        "CreatedDate" => text(&*custom.created),
        "LastModifiedDate" => text(&*custom.modified),
        "CreatedById" | "LastModifiedById" => text(&*custom.author),
        "ManageableState" => text("unmanaged"),
        _ => OwnedCell::Null,
    }
}

fn custom_object(custom: &Custom, name: &str) -> OwnedCell {
    match (name, custom.object_def()) {
        ("Id", _) => text(custom.id.to_string()),
        ("DeveloperName", _) => text(developer_name(&custom.name)),
        ("Description", Some(def)) => optional(def.description.as_deref()),
        ("SharingModel", Some(def)) if def.event.is_none() => text(&*def.sharing_model),
        _ => audit(custom, name),
    }
}

fn custom_field(all: &[Custom], custom: &Custom, name: &str) -> OwnedCell {
    let Some(def) = custom.field_def() else { return OwnedCell::Null };
    let number = |n: Option<u32>| n.map_or(OwnedCell::Null, |n| OwnedCell::Int(i64::from(n)));
    match name {
        "Id" => text(custom.id.to_string()),
        "TableEnumOrId" | "EntityDefinitionId" => text(table_of(all, custom)),
        "DeveloperName" => text(developer_name(&custom.name)),
        "Description" => optional(def.description.as_deref()),
        "InlineHelpText" => optional(def.inline_help_text.as_deref()),
        "Length" => number(def.length),
        "Precision" => number(def.precision.map(u32::from)),
        "Scale" => number(def.scale.map(u32::from)),
        "RelationshipLabel" => optional(def.relationship_label.as_deref()),
        "FullName" => text(custom.full_name()),
        _ => audit(custom, name),
    }
}

/// What stands for the object of a definition: standard objects are named, custom ones by the id of their definition.
fn table_of(all: &[Custom], custom: &Custom) -> String {
    let table = all.iter().find(|c| c.kind == metadata::OBJECT && c.name.eq_ignore_ascii_case(&custom.object));
    table.map_or_else(|| custom.object.clone(), |t| t.id.to_string())
}

/// A class or a trigger.
fn apex(all: &[Custom], custom: &Custom, def: &ApexDef, valid: bool, name: &str) -> OwnedCell {
    if let Some((event, ..)) = USAGES.iter().find(|(_, field, _)| *field == name) {
        return flag(def.fires(event));
    }
    let number = |scale: u8, n: Option<Decimal>| CellKind::Decimal(scale).to_cell(&n.map_or(Value::Null, Value::Decimal));
    match name {
        "Id" => text(custom.id.to_string()),
        "Name" | "FullName" => text(&*def.name),
        "TableEnumOrId" => text(table_of(all, custom)),
        "UsageIsBulk" => flag(false),
        "ApiVersion" => number(1, def.api_version.parse().ok()),
        "Status" => text(def.status()),
        "IsValid" => flag(valid),
        "BodyCrc" => number(0, Some(Decimal::from(def.body_crc()))),
        "Body" => text(&*def.body),
        "LengthWithoutComments" => OwnedCell::Int(i64::from(def.length)),
        "SystemModstamp" => text(&*custom.modified),
        other => audit(custom, other),
    }
}

fn custom_part(all: &[Custom], custom: &Custom, name: &str) -> OwnedCell {
    match name {
        "Id" => text(custom.id.to_string()),
        "EntityDefinitionId" => text(table_of(all, custom)),
        "FullName" => text(custom.full_name()),
        "BusinessProcessId" => metadata::process_of(all, custom).map_or(OwnedCell::Null, |id| text(id.to_string())),
        other => match custom.part_def().map_or(Json::Null, |def| def.column(other)) {
            Json::Bool(b) => flag(b),
            Json::Number(n) => n.as_i64().map_or(OwnedCell::Null, OwnedCell::Int),
            Json::String(t) => text(t),
            _ => audit(custom, other),
        },
    }
}
