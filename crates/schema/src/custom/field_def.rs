//! The definition of a custom field, as an org stores it.

use super::lookup_filter::{self, LookupFilterDef};
use super::reader::Members;
use super::values::{self, ValueSetDef};
use super::{DefError, MetaNode, name, validate};
use crate::field::FieldType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The metadata type of a field (`<type>`), of those that are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the platform's own")]
pub enum FieldKindDef {
    AutoNumber,
    Checkbox,
    Currency,
    Date,
    DateTime,
    Email,
    EncryptedText,
    Html,
    Location,
    LongTextArea,
    Lookup,
    MasterDetail,
    MultiselectPicklist,
    Number,
    Percent,
    Phone,
    Picklist,
    Text,
    TextArea,
    Time,
    Url,
}

/// Every built kind with its metadata name and describe type.
const KINDS: &[(FieldKindDef, &str, FieldType)] = {
    use FieldKindDef as K;
    &[
        (K::AutoNumber, "AutoNumber", FieldType::String),
        (K::Checkbox, "Checkbox", FieldType::Boolean),
        (K::Currency, "Currency", FieldType::Currency),
        (K::Date, "Date", FieldType::Date),
        (K::DateTime, "DateTime", FieldType::DateTime),
        (K::Email, "Email", FieldType::Email),
        (K::EncryptedText, "EncryptedText", FieldType::EncryptedString),
        (K::Html, "Html", FieldType::TextArea),
        (K::Location, "Location", FieldType::Location),
        (K::LongTextArea, "LongTextArea", FieldType::TextArea),
        (K::Lookup, "Lookup", FieldType::Reference),
        (K::MasterDetail, "MasterDetail", FieldType::Reference),
        (K::MultiselectPicklist, "MultiselectPicklist", FieldType::MultiPicklist),
        (K::Number, "Number", FieldType::Double),
        (K::Percent, "Percent", FieldType::Percent),
        (K::Phone, "Phone", FieldType::Phone),
        (K::Picklist, "Picklist", FieldType::Picklist),
        (K::Text, "Text", FieldType::String),
        (K::TextArea, "TextArea", FieldType::TextArea),
        (K::Time, "Time", FieldType::Time),
        (K::Url, "Url", FieldType::Url),
    ]
};

/// Metadata types of the platform that are not built.
const UNBUILT: &[&str] = &["Address", "Array", "ExternalLookup", "File", "Hierarchy", "IndirectLookup", "MetadataRelationship", "Summary"];

impl FieldKindDef {
    /// Reads a metadata name (`Text`, `MasterDetail` …).
    pub fn parse(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }

    /// The metadata name.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// The type that a describe shows.
    pub fn field_type(self) -> FieldType {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or(FieldType::String, |(.., ty)| *ty)
    }

    /// Whether the field points to records.
    pub fn is_reference(self) -> bool {
        matches!(self, Self::Lookup | Self::MasterDetail)
    }

    /// Whether the field takes values of a list.
    pub fn is_picklist(self) -> bool {
        matches!(self, Self::Picklist | Self::MultiselectPicklist)
    }
}

/// What becomes of children when the record that a lookup points to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteConstraint {
    /// The lookup is cleared.
    SetNull,
    /// The parent may not be deleted.
    Restrict,
    /// The children are deleted too.
    Cascade,
}

impl DeleteConstraint {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SetNull" => Self::SetNull,
            "Restrict" => Self::Restrict,
            "Cascade" => Self::Cascade,
            _ => return None,
        })
    }
}

/// The definition of a custom field. Members are named and meant as in the `CustomField` metadata type; what is absent
/// there is `None` or false here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct FieldDef {
    /// API name of the object (`X__c`, `Account`).
    pub object: String,
    /// API name of the field (`F__c`).
    pub full_name: String,
    pub label: String,
    /// The metadata type.
    #[serde(rename = "type")]
    pub kind: FieldKindDef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub case_sensitive: bool,
    #[serde(default)]
    pub external_id: bool,
    /// The default as written: a formula text, of which literals, `TODAY()` and `NOW()` are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_set: Option<ValueSetDef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_to: Option<String>,
    /// Name of the child relationship, without `__r`; a lookup without one cannot be reached from its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship_label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_constraint: Option<DeleteConstraint>,
    /// 0 for the first master, 1 for the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship_order: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_filter: Option<Box<LookupFilterDef>>,
    #[serde(default)]
    pub reparentable_master_detail: bool,
    #[serde(default)]
    pub write_requires_master_read: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_number: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_lines: Option<u8>,
    #[serde(default)]
    pub display_location_in_decimal: bool,
    /// `asterisk` or `X`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_char: Option<String>,
    /// `all`, `creditCard`, `lastFour`, `nino`, `sin` or `ssn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_help_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub track_history: bool,
    #[serde(default)]
    pub track_feed_history: bool,
    #[serde(default)]
    pub track_trending: bool,
    /// Members without an effect on data (`securityClassification`, `complianceGroup` …), as written, to be read back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

/// Members of every type that are typed in [`FieldDef`]; those of some types are [`validate::TYPE_MEMBERS`].
const TYPED: &[&str] = &["fullName", "label", "type", "inlineHelpText", "description", "trackHistory", "trackFeedHistory", "trackTrending"];
/// Members without an effect on data; kept as written.
const NOTES: &[&str] = &[
    "businessOwnerGroup",
    "businessOwnerUser",
    "businessStatus",
    "complianceGroup",
    "securityClassification",
    "externalDeveloperName",
    "fieldManageability",
    "isConvertLeadDisabled",
    "populateExistingRows",
    "restrictedAdminField",
    "translateData",
    "trueValueIndexed",
];
/// Members that ask for what is not built. False, null and `None` ask for nothing.
const DEMANDS: &[&str] = &[
    "customDataType",
    "deprecated",
    "elementType",
    "encrypted",
    "encryptionScheme",
    "escapeMarkup",
    "formula",
    "formulaTreatBlanksAs",
    "isAIPredictionField",
    "isFilteringDisabled",
    "isNameField",
    "isSortingDisabled",
    "metadataRelationshipControllingField",
    "mktDataLakeFieldAttributes",
    "mktDataModelFieldAttributes",
    "readOnlyProxy",
    "referenceTargetField",
    "stripMarkup",
    "summarizedField",
    "summaryFilterItems",
    "summaryForeignKey",
    "summaryOperation",
    "urls",
];

impl FieldDef {
    /// The name by which messages and maps know the field: `X__c.F__c`.
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.object, self.full_name)
    }

    /// The fields that its lookup filter looks at, as object and field, as far as the names alone tell.
    pub fn filtered_by(&self) -> Vec<(String, String)> {
        lookup_filter::mentions(self)
    }

    /// Reads and checks the metadata of a field. `full_name` is the field's own name (`F__c`); a `fullName` inside the
    /// metadata must agree with it.
    pub fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<FieldDef, DefError> {
        let subject = format!("{object}.{full_name}");
        Self::read(object, full_name, node).map_err(|e| e.at(node).about(subject))
    }

    fn read(object: &str, full_name: &str, node: &MetaNode) -> Result<FieldDef, DefError> {
        let m = Members::new(node, "CustomField");
        m.only(&[TYPED, validate::TYPE_MEMBERS, NOTES, DEMANDS])?;
        if let Some(own) = m.word("fullName")? {
            let own = own.rsplit_once('.').map_or(own.as_str(), |(_, field)| field);
            if own != full_name {
                return Err(m.place("fullName", DefError::integrity(format!("fullName '{own}' does not match '{full_name}'"))));
            }
        }
        name::check(full_name, name::CUSTOM, "Field Name", node.is_file(), "fullName must end with: __c")?;
        let kind = kind(&m)?;
        refuse_unbuilt(&m)?;
        let mut notes = BTreeMap::new();
        for member in NOTES {
            if let Some(text) = m.text(member)? {
                notes.insert((*member).to_owned(), text);
            }
        }
        let mut value_set = values::read(&m)?;
        if value_set.as_ref().is_some_and(ValueSetDef::is_empty) && !kind.is_picklist() {
            // Tooling prints an empty value set for fields of every type.
            value_set = None;
        }
        let def = FieldDef {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            label: m.word("label")?.unwrap_or_default(),
            kind,
            length: m.int("length")?,
            precision: m.int("precision")?,
            scale: m.int("scale")?,
            required: m.flag("required")?.unwrap_or(false),
            unique: m.flag("unique")?.unwrap_or(false),
            case_sensitive: m.flag("caseSensitive")?.unwrap_or(false),
            external_id: m.flag("externalId")?.unwrap_or(false),
            default_value: m.word("defaultValue")?,
            value_set,
            reference_to: m.word("referenceTo")?,
            relationship_name: m.word("relationshipName")?,
            relationship_label: m.word("relationshipLabel")?,
            delete_constraint: m.choice("deleteConstraint", "DeleteConstraint", DeleteConstraint::parse)?,
            relationship_order: m.int("relationshipOrder")?,
            lookup_filter: lookup_filter::read(&m)?.map(Box::new),
            reparentable_master_detail: m.flag("reparentableMasterDetail")?.unwrap_or(false),
            write_requires_master_read: m.flag("writeRequiresMasterRead")?.unwrap_or(false),
            display_format: m.text("displayFormat")?,
            starting_number: m.int("startingNumber")?,
            visible_lines: m.int("visibleLines")?,
            display_location_in_decimal: m.flag("displayLocationInDecimal")?.unwrap_or(false),
            mask_char: m.choice("maskChar", "EncryptedFieldMaskChar", one_of(&["asterisk", "X"]))?,
            mask_type: m.choice("maskType", "EncryptedFieldMaskType", one_of(&["all", "creditCard", "lastFour", "nino", "sin", "ssn"]))?,
            inline_help_text: m.text("inlineHelpText")?,
            description: m.text("description")?,
            track_history: m.flag("trackHistory")?.unwrap_or(false),
            track_feed_history: m.flag("trackFeedHistory")?.unwrap_or(false),
            track_trending: m.flag("trackTrending")?.unwrap_or(false),
            notes,
        };
        validate::field(&def, &m)?;
        if name::is_event(object) {
            validate::event_field(&def, &m)?;
        }
        Ok(def)
    }
}

fn one_of(names: &'static [&'static str]) -> impl Fn(&str) -> Option<String> {
    move |word| names.contains(&word).then(|| word.to_owned())
}

/// The field's type; formula fields and the types that are not built are refused as unsupported.
fn kind(m: &Members<'_>) -> Result<FieldKindDef, DefError> {
    let Some(word) = m.word("type")? else {
        return Err(m.place("type", DefError::integrity("Must specify 'type' for a CustomField")));
    };
    if m.node.child("formula").is_some() {
        return Err(m.place("formula", DefError::unsupported("Formula fields are")));
    }
    match FieldKindDef::parse(&word) {
        Some(kind) => Ok(kind),
        None if word == "Summary" => Err(m.place("type", DefError::unsupported("Roll-up summary fields are"))),
        None if UNBUILT.contains(&word.as_str()) => Err(m.place("type", DefError::unsupported(format_args!("Fields of type {word} are")))),
        None => m.choice("type", "FieldType", |_| None).map(|kind| kind.unwrap_or(FieldKindDef::Text)),
    }
}

/// Refuses members that ask for what is not built.
fn refuse_unbuilt(m: &Members<'_>) -> Result<(), DefError> {
    for child in &m.node.children {
        let asks = !child.is_null()
            && (!child.children.is_empty() || !matches!(child.text.as_deref().map(str::trim), None | Some("" | "false" | "None" | "none")));
        // How a formula treats blanks says nothing where there is no formula.
        if asks && DEMANDS.contains(&child.name.as_str()) && child.name != "formulaTreatBlanksAs" {
            let e = DefError::unsupported(format_args!("{} on a CustomField is", child.name));
            return Err(e.on(&child.name).at(child));
        }
    }
    Ok(())
}
