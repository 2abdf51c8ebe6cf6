//! Definitions in the form in which the Tooling API shows them: the `Metadata` member of CustomField and CustomObject
//! rows, every member of the type in the order of the alphabet, null where there is nothing to say.

use super::lookup_filter;
use super::validate::takes;
use super::{DeleteConstraint, FieldDef, NameFieldDef, NameFieldKind, ObjectDef, ValueSetDef};
use serde_json::{Map, Value, json};

/// Members of a field's metadata, as recorded of Tooling's CustomField rows.
const FIELD_MEMBERS: &[&str] = &[
    "businessOwnerGroup",
    "businessOwnerUser",
    "businessStatus",
    "caseSensitive",
    "complianceGroup",
    "customDataType",
    "defaultValue",
    "deleteConstraint",
    "deprecated",
    "description",
    "displayFormat",
    "displayLocationInDecimal",
    "encryptionScheme",
    "escapeMarkup",
    "externalDeveloperName",
    "externalId",
    "formula",
    "formulaTreatBlanksAs",
    "inlineHelpText",
    "isAIPredictionField",
    "isConvertLeadDisabled",
    "isFilteringDisabled",
    "isNameField",
    "isSortingDisabled",
    "label",
    "length",
    "lookupFilter",
    "maskChar",
    "maskType",
    "metadataRelationshipControllingField",
    "mktDataLakeFieldAttributes",
    "mktDataModelFieldAttributes",
    "populateExistingRows",
    "precision",
    "readOnlyProxy",
    "referenceTargetField",
    "referenceTo",
    "relationshipLabel",
    "relationshipName",
    "relationshipOrder",
    "reparentableMasterDetail",
    "required",
    "restrictedAdminField",
    "scale",
    "securityClassification",
    "startingNumber",
    "stripMarkup",
    "summarizedField",
    "summaryFilterItems",
    "summaryForeignKey",
    "summaryOperation",
    "trackFeedHistory",
    "trackHistory",
    "trackTrending",
    "translateData",
    "trueValueIndexed",
    "type",
    "unique",
    "urls",
    "valueSet",
    "visibleLines",
    "writeRequiresMasterRead",
];

/// Members of an object's metadata.
const OBJECT_MEMBERS: &[&str] = &[
    "actionOverrides",
    "allowInChatterGroups",
    "compactLayoutAssignment",
    "customHelp",
    "customHelpPage",
    "customSettingsType",
    "dataStewardGroup",
    "dataStewardUser",
    "deploymentStatus",
    "deprecated",
    "description",
    "enableActivities",
    "enableBulkApi",
    "enableEnhancedLookup",
    "enableFeeds",
    "enableHistory",
    "enableLicensing",
    "enableReports",
    "enableSearch",
    "enableSharing",
    "enableStreamingApi",
    "eventType",
    "externalDataSource",
    "externalName",
    "externalSharingModel",
    "gender",
    "historyRetentionPolicy",
    "household",
    "label",
    "nameField",
    "pluralLabel",
    "profileSearchLayouts",
    "protected",
    "publishBehavior",
    "recordTypeTrackFeedHistory",
    "recordTypeTrackHistory",
    "searchLayouts",
    "sharingModel",
    "startsWith",
    "urls",
    "visibility",
];

/// A note as JSON: booleans as such, all else as text.
fn note(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::from(text),
    }
}

impl FieldDef {
    /// The metadata as Tooling shows it. Reading it back with [`FieldDef::from_meta`] gives the same definition.
    pub fn to_metadata(&self) -> Value {
        let constraint = self.delete_constraint.map(|c| match c {
            DeleteConstraint::SetNull => "SetNull",
            DeleteConstraint::Restrict => "Restrict",
            DeleteConstraint::Cascade => "Cascade",
        });
        let flag = |member: &str, value: bool| if takes(self.kind, member) { Value::Bool(value) } else { Value::Null };
        let value = |member: &str| match member {
            "caseSensitive" if self.unique => flag(member, self.case_sensitive),
            "defaultValue" => json!(self.default_value),
            "deleteConstraint" => json!(constraint),
            "description" => json!(self.description),
            "displayFormat" => json!(self.display_format),
            "displayLocationInDecimal" => flag(member, self.display_location_in_decimal),
            "externalId" => Value::Bool(self.external_id),
            "inlineHelpText" => json!(self.inline_help_text),
            "label" => json!(self.label),
            "length" => json!(self.length),
            "lookupFilter" => self.lookup_filter.as_ref().map_or(Value::Null, |f| lookup_filter::to_metadata(f)),
            "maskChar" => json!(self.mask_char),
            "maskType" => json!(self.mask_type),
            "precision" => json!(self.precision),
            "referenceTo" => json!(self.reference_to),
            "relationshipLabel" => json!(self.relationship_label),
            "relationshipName" => json!(self.relationship_name),
            "relationshipOrder" => json!(self.relationship_order),
            "reparentableMasterDetail" => flag(member, self.reparentable_master_detail),
            "required" => flag(member, self.required),
            "scale" => json!(self.scale),
            "startingNumber" => json!(self.starting_number),
            "trackFeedHistory" => Value::Bool(self.track_feed_history),
            "trackHistory" => Value::Bool(self.track_history),
            "trackTrending" => Value::Bool(self.track_trending),
            "type" => json!(self.kind.name()),
            "unique" => flag(member, self.unique),
            "valueSet" => self.value_set.as_ref().map_or(Value::Null, value_set),
            "visibleLines" => json!(self.visible_lines),
            "writeRequiresMasterRead" => flag(member, self.write_requires_master_read),
            other => self.notes.get(other).map_or(Value::Null, |text| note(text)),
        };
        Value::Object(FIELD_MEMBERS.iter().map(|m| ((*m).to_owned(), value(m))).collect())
    }
}

fn value_set(set: &ValueSetDef) -> Value {
    let values: Vec<Value> = set
        .values
        .iter()
        .map(|v| {
            json!({"color": null, "default": v.default, "description": null, "isActive": (!v.is_active).then_some(false),
                "label": v.label, "urls": null, "valueName": v.full_name})
        })
        .collect();
    let settings: Vec<Value> = set
        .value_settings
        .iter()
        .map(|s| json!({"controllingFieldValue": s.controlling_field_value, "urls": null, "valueName": s.value_name}))
        .collect();
    let definition = match set.value_set_name {
        Some(_) => Value::Null,
        None => json!({"sorted": set.sorted, "value": values}),
    };
    json!({"controllingField": set.controlling_field, "restricted": set.restricted, "valueSetDefinition": definition,
        "valueSetName": set.value_set_name, "valueSettings": settings})
}

fn name_field(def: &NameFieldDef) -> Value {
    let mut name = Map::new();
    name.insert("label".to_owned(), json!(def.label));
    match &def.kind {
        NameFieldKind::Text => name.insert("type".to_owned(), json!("Text")),
        NameFieldKind::AutoNumber { display_format, starting_number } => {
            name.insert("displayFormat".to_owned(), json!(display_format));
            name.insert("startingNumber".to_owned(), json!(starting_number));
            name.insert("type".to_owned(), json!("AutoNumber"))
        }
    };
    name.insert("trackHistory".to_owned(), json!(def.track_history));
    Value::Object(name)
}

impl ObjectDef {
    /// The metadata as Tooling shows it, without the fields, which are rows of their own.
    pub fn to_metadata(&self) -> Value {
        let event = self.event.as_ref();
        let value = |member: &str| match member {
            "actionOverrides" | "profileSearchLayouts" => json!([]),
            "deploymentStatus" => json!(self.deployment_status),
            "description" => json!(self.description),
            "enableActivities" => json!(self.enable_activities),
            "enableBulkApi" => json!(self.enable_bulk_api),
            "enableFeeds" => json!(self.enable_feeds),
            "enableHistory" => json!(self.enable_history),
            "enableReports" => json!(self.enable_reports),
            "enableSearch" => json!(self.enable_search),
            "enableSharing" => json!(self.enable_sharing),
            "enableStreamingApi" => json!(self.enable_streaming_api),
            "externalSharingModel" => json!(self.external_sharing_model),
            "eventType" => json!(event.map(|e| &e.event_type)),
            "gender" => json!(self.gender),
            "label" => json!(self.label),
            "nameField" => self.name_field.as_ref().map_or(Value::Null, name_field),
            "pluralLabel" => json!(self.plural_label),
            "publishBehavior" => json!(event.map(|e| &e.publish_behavior)),
            "sharingModel" if event.is_some() => Value::Null,
            "sharingModel" => json!(self.sharing_model),
            "startsWith" => json!(self.starts_with),
            other => self.notes.get(other).map_or(Value::Null, |text| note(text)),
        };
        Value::Object(OBJECT_MEMBERS.iter().map(|m| ((*m).to_owned(), value(m))).collect())
    }
}
