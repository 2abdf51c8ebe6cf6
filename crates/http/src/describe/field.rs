//! A field of a describe.

use crate::codec::Doc;
use orglet_schema::custom::part::offered;
use orglet_schema::standard::describe::FIELD_KEYS;
use orglet_schema::{DefaultValue, Field, FieldType, LookupFilter, RecordType};

/// A field as a describe prints it.
pub(crate) fn field_doc(field: &Field, createable: bool) -> Doc {
    let mut doc = Doc::Obj(Vec::with_capacity(FIELD_KEYS.len()));
    for key in FIELD_KEYS {
        doc.push(*key, if *key == "createable" { createable.into() } else { member(field, key) });
    }
    doc
}

fn member(field: &Field, key: &str) -> Doc {
    match key {
        "aggregatable" => field.aggregatable.into(),
        "autoNumber" => (field.is_auto_number || field.auto_number.is_some()).into(),
        "byteLength" => i64::from(field.byte_length).into(),
        "calculated" => field.calculated.into(),
        "cascadeDelete" => field.cascade_delete.into(),
        "caseSensitive" => field.case_sensitive.into(),
        "compoundFieldName" => optional(field.compound.as_deref()),
        "controllerName" => optional(field.controller.as_deref()),
        "custom" => field.custom.into(),
        "defaultValue" => default_value(field),
        "defaultValueFormula" => optional(field.default_formula.as_deref()),
        "defaultedOnCreate" => field.defaulted_on_create.into(),
        "dependentPicklist" => field.controller.is_some().into(),
        "digits" => i64::from(field.digits).into(),
        "displayLocationInDecimal" => field.display_location_in_decimal.into(),
        "encrypted" => (field.ty == FieldType::EncryptedString).into(),
        "externalId" => field.external_id.into(),
        "extraTypeInfo" => optional(field.extra_type_info.as_deref()),
        "filterable" => field.filterable.into(),
        "groupable" => field.groupable.into(),
        "htmlFormatted" => field.html_formatted.into(),
        "idLookup" => field.id_lookup.into(),
        "inlineHelpText" => optional(field.inline_help.as_deref()),
        "label" => field.label.clone().into(),
        "length" => i64::from(field.length).into(),
        "mask" => optional(field.mask.as_deref()),
        "maskType" => optional(field.mask_type.as_deref()),
        "name" => field.name.clone().into(),
        "nameField" => field.name_field.into(),
        "namePointing" => field.name_pointing.into(),
        "nillable" => field.nillable.into(),
        "permissionable" => field.permissionable.into(),
        "picklistValues" => picklist_doc(field),
        "polymorphicForeignKey" => field.polymorphic_foreign_key.into(),
        "precision" => i64::from(field.precision).into(),
        "queryByDistance" => field.ty.is_compound().into(),
        "referenceTo" => Doc::list(field.reference_to.iter().cloned()),
        "relationshipName" => optional(field.relationship_name.as_deref()),
        "relationshipOrder" => field.relationship_order.map_or(Doc::Null, |n| i64::from(n).into()),
        "restrictedDelete" => field.restricted_delete.into(),
        "restrictedPicklist" => field.restricted_picklist.into(),
        "scale" => i64::from(field.scale).into(),
        "searchPrefilterable" => field.search_prefilterable.into(),
        "soapType" => field.ty.kind().soap_type().into(),
        "sortable" => field.sortable.into(),
        "type" => field.ty.name().into(),
        "unique" => field.unique.into(),
        "updateable" => field.updateable.into(),
        "writeRequiresMasterRead" => field.write_requires_master_read.into(),
        "filteredLookupInfo" => field.lookup_filter.as_ref().map_or(Doc::Null, |filter| filter_doc(filter)),
        "calculatedFormula" | "referenceTargetField" => Doc::Null,
        // aiPredictionField, deprecatedAndHidden, formulaTreatNullNumberAsZero, highScaleNumber.
        _ => false.into(),
    }
}

/// What a describe says of a lookup filter: which fields of the record with the lookup decide, and whether it only helps.
pub(crate) fn filter_doc(filter: &LookupFilter) -> Doc {
    let controlling = filter.controlling_fields();
    Doc::obj([
        ("controllingFields", Doc::list(controlling.iter().map(|f| (*f).to_owned()))),
        ("dependent", (!controlling.is_empty()).into()),
        ("optionalFilter", filter.optional.into()),
    ])
}

/// The values that a picklist offers.
pub(crate) fn picklist_doc(field: &Field) -> Doc {
    picklist_under(field, None)
}

/// The values that a picklist offers under a record type.
pub(crate) fn picklist_under(field: &Field, record_type: Option<&RecordType>) -> Doc {
    Doc::list(offered(field, record_type).map(|(v, default)| {
        Doc::obj([
            ("active", true.into()),
            ("defaultValue", default.into()),
            ("label", v.label.clone().into()),
            ("validFor", optional(v.valid_for.as_deref())),
            ("value", v.value.clone().into()),
        ])
    }))
}

/// Only checkboxes and picklists print theirs; what other fields begin with is not said.
fn default_value(field: &Field) -> Doc {
    match (&field.default, field.ty) {
        (Some(DefaultValue::Bool(b)), _) => (*b).into(),
        (None, FieldType::Boolean) => false.into(),
        (Some(DefaultValue::Text(t)), FieldType::Picklist | FieldType::MultiPicklist | FieldType::Combobox) => t.clone().into(),
        _ => Doc::Null,
    }
}

/// Text or null.
pub(crate) fn optional(text: Option<&str>) -> Doc {
    text.map_or(Doc::Null, |t| t.to_owned().into())
}
