//! What a describe says beyond the [`Object`] itself: its keys, addresses and scopes, as recorded from real orgs.

use crate::object::Object;

/// The keys of an object in a describe global, in order.
pub const GLOBAL_KEYS: &[&str] = &[
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isInterface",
    "isSubtype",
    "keyPrefix",
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
    "urls",
];

/// The keys of an object's describe, in order.
pub const OBJECT_KEYS: &[&str] = &[
    "actionOverrides",
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "childRelationships",
    "compactLayoutable",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "defaultImplementation",
    "deletable",
    "deprecatedAndHidden",
    "extendedBy",
    "extendsInterfaces",
    "feedEnabled",
    "fields",
    "hasSubtypes",
    "implementedBy",
    "implementsInterfaces",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "listviewable",
    "lookupLayoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "namedLayoutInfos",
    "networkScopeFieldName",
    "queryable",
    "recordTypeInfos",
    "replicateable",
    "retrieveable",
    "searchLayoutable",
    "searchable",
    "sobjectDescribeOption",
    "supportedScopes",
    "triggerable",
    "undeletable",
    "updateable",
    "urls",
];

/// The keys of a field in a describe, in order.
pub const FIELD_KEYS: &[&str] = &[
    "aggregatable",
    "aiPredictionField",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultValueFormula",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "digits",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "filteredLookupInfo",
    "formulaTreatNullNumberAsZero",
    "groupable",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "mask",
    "maskType",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "queryByDistance",
    "referenceTargetField",
    "referenceTo",
    "relationshipName",
    "relationshipOrder",
    "restrictedDelete",
    "restrictedPicklist",
    "scale",
    "searchPrefilterable",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
];

/// The keys of a child relationship in a describe, in order.
pub const CHILD_KEYS: &[&str] = &[
    "cascadeDelete",
    "childSObject",
    "deprecatedAndHidden",
    "field",
    "junctionIdListNames",
    "junctionReferenceTo",
    "relationshipName",
    "restrictedDelete",
];

/// The first API version whose describes carry a key; 0 for those that were always there.
pub fn key_since(key: &str) -> u32 {
    match key {
        "deepCloneable" => 48,
        "associateEntityType" | "associateParentEntity" => 50,
        "sobjectDescribeOption" => 51,
        _ => 0,
    }
}

/// An entry of `urls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlKey {
    /// The key.
    pub key: &'static str,
    /// What follows `/services/data/vNN.0/sobjects/<Name>`; for a page of the user interface, what follows the org's
    /// own address, with `{PREFIX}` for the key prefix.
    pub path: &'static str,
    /// A page of the user interface: the address is absolute.
    pub page: bool,
}

/// The entries of `urls` in the order recorded. `full` is an object's own describe, otherwise its entry in a describe
/// global or the basic information. `version` is the API version's number, such as 62.
pub fn urls(object: &Object, full: bool, version: u32) -> Vec<UrlKey> {
    let letters = match super::entry(&object.name) {
        Some(entry) => entry.urls,
        // A custom object with a tab has every page; one without lacks list views and quick actions.
        None if object.flags.layoutable && object.flags.mru_enabled => "lkavq",
        None if object.flags.layoutable => "lkaq",
        None => "",
    };
    let has = |letter: char| letters.contains(letter);
    let mut all = Vec::with_capacity(12);
    let mut add = |on: bool, key: &'static str, path: &'static str, page: bool| {
        if on {
            all.push(UrlKey { key, path, page });
        }
    };
    let user = object.name == "User";
    add(has('k'), "compactLayouts", "/describe/compactLayouts", false);
    add(true, "rowTemplate", "/{ID}", false);
    // Recorded of UriEventStream.
    add(object.is_event() && version >= 40, "eventSchema", "/eventSchema", false);
    add(user, "namedLayouts", "/describe/namedLayouts/{LayoutName}", false);
    add(user, "passwordUtilities", "/{ID}/password", false);
    add(has('a'), "approvalLayouts", "/describe/approvalLayouts", false);
    match object.name.as_str() {
        "Case" => {
            add(true, "caseArticleSuggestions", "/suggestedArticles", false);
            add(true, "caseRowArticleSuggestions", "/{ID}/suggestedArticles", false);
        }
        "WorkOrder" => {
            add(true, "workOrderRowArticleSuggestions", "/{ID}/suggestedArticles", false);
            add(true, "workOrderArticleSuggestions", "/suggestedArticles", false);
        }
        "WorkOrderLineItem" => {
            add(true, "workOrderLineItemRowArticleSuggestions", "/{ID}/suggestedArticles", false);
            add(true, "workOrderLineItemArticleSuggestions", "/suggestedArticles", false);
        }
        _ => {}
    }
    add(full, "uiDetailTemplate", "/{ID}", true);
    add(full, "uiEditTemplate", "/{ID}/e", true);
    // Recorded at 48.0, gone by 52.0.
    add(full && has('l') && (40..52).contains(&version), "defaultValues", "/defaultValues?recordTypeId&fields", false);
    add(has('v'), "listviews", "/listviews", false);
    add(true, "describe", "/describe", false);
    add(full, "uiNewRecord", "/{PREFIX}/e", true);
    add(has('q'), "quickActions", "/quickActions", false);
    add(has('l'), "layouts", "/describe/layouts", false);
    add(true, "sobject", "", false);
    all
}

/// Whether a record and its children can be cloned together (`deepCloneable`).
pub fn deep_cloneable(object: &Object) -> bool {
    object.name == "Opportunity"
}

/// The `supportedScopes` of an object: name and label, sorted by name.
pub fn supported_scopes(object: &Object) -> Vec<(&'static str, String)> {
    let plural = object.label_plural.to_lowercase();
    let all = || ("everything", format!("All {plural}"));
    let mine = || ("mine", format!("My {plural}"));
    let filter = || ("scopingRule", "Filter by scope".to_owned());
    let team = || ("team", format!("My team's {plural}"));
    let queue = || ("queue_owned", format!("Queue owned {plural}"));
    let users = || ("user_owned", format!("User owned {plural}"));
    let Some(owner) = object.field("OwnerId") else { return vec![all()] };
    match object.name.as_str() {
        "Case" => vec![
            all(),
            ("genericteam", format!("My case teams {plural}")),
            mine(),
            queue(),
            ("team_by_role", format!("My role-based team's {plural}")),
            users(),
        ],
        "Event" => vec![("delegated", format!("My delegated {plural}")), all(), mine(), filter(), team()],
        _ if owner.reference_to.iter().any(|to| to == "Group") => vec![all(), mine(), queue(), filter(), team(), users()],
        _ => vec![all(), mine(), filter(), team()],
    }
}
