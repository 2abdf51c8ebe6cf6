//! A field of an sObject, with everything that a describe says of it.

use crate::lookup_filter::LookupFilter;
use crate::types::{self, CellKind, FieldKind};
use base64::Engine as _;
use orglet_base::Value;
use std::sync::Arc;

/// The describe type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the platform's own")]
pub enum FieldType {
    Id,
    String,
    TextArea,
    Boolean,
    Int,
    Long,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Time,
    Email,
    Phone,
    Url,
    Picklist,
    MultiPicklist,
    Combobox,
    Reference,
    Address,
    Location,
    EncryptedString,
    Base64,
    AnyType,
    ComplexValue,
}

impl FieldType {
    /// Reads a describe type name (`string`, `datetime`, `multipicklist`, …).
    pub fn parse(name: &str) -> Option<Self> {
        types::ALL.iter().find(|(_, kind)| kind.name() == name).map(|(ty, _)| *ty)
    }

    /// The behaviour of the type.
    pub fn kind(self) -> &'static dyn FieldKind {
        types::kind(self)
    }

    /// The name that a describe prints.
    pub fn name(self) -> &'static str {
        self.kind().name()
    }

    /// Whether the type is made of other fields and has no column of its own.
    pub fn is_compound(self) -> bool {
        matches!(self, FieldType::Address | FieldType::Location)
    }

    /// Whether values are text compared by folded characters (ids and references are not).
    pub fn is_text(self) -> bool {
        use FieldType::*;
        matches!(self, String | TextArea | Email | Phone | Url | Picklist | MultiPicklist | Combobox | EncryptedString | AnyType)
    }

    /// Whether values are exact numbers with a scale.
    pub fn is_decimal(self) -> bool {
        matches!(self, FieldType::Double | FieldType::Currency | FieldType::Percent)
    }
}

/// A value of a picklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicklistValue {
    /// API name; what is stored.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Whether new records may take it.
    pub active: bool,
    /// Whether it is the default.
    pub default: bool,
    /// For a dependent picklist: base64 bitmap of the controlling values under which it is valid.
    pub valid_for: Option<String>,
    /// What else the platform knows of a value of a standard value set (`closed`, `won`, `probability` …).
    pub facts: Vec<(String, String)>,
}

/// A bitmap for `validFor`: bit 0 is the highest of the first byte; base64, of as many groups of three bytes as reach to the last
/// bit that is set, one at least (`gAAA` for the first alone; so recorded).
pub(crate) fn bitmap(places: impl IntoIterator<Item = usize>) -> String {
    let mut bits = vec![0_u8; 3];
    for at in places {
        bits.resize(bits.len().max((at / 24 + 1) * 3), 0);
        bits[at / 8] |= 0x80 >> (at % 8);
    }
    base64::engine::general_purpose::STANDARD.encode(bits)
}

/// The value that a field takes on create when none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// A checkbox.
    Bool(bool),
    /// Literal text or a picklist value.
    Text(String),
    /// A number, as written.
    Number(String),
    /// The current date or date-time.
    Now,
    /// The running user (owners).
    User,
    /// What a formula comes to when a record is made.
    Formula(String),
}

/// How an auto-number field counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoNumber {
    /// Display format such as `A-{0000}`; `{YYYY}`, `{MM}`, `{DD}` stand for the date.
    pub format: String,
    /// First number given.
    pub start: u64,
}

/// What a code of an address stands for (State and Country/Territory Picklists).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A country.
    Country,
    /// A state of the country that the address is in.
    State,
}

/// A field. Flags are named as in a describe.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "flags are named and meant as in a describe")]
pub struct Field {
    /// API name; also the column's name.
    pub name: String,
    pub label: String,
    pub ty: FieldType,
    /// Characters; 0 for types without a length.
    pub length: u32,
    pub byte_length: u32,
    pub precision: u8,
    pub scale: u8,
    pub digits: u8,
    pub nillable: bool,
    pub defaulted_on_create: bool,
    pub createable: bool,
    pub updateable: bool,
    pub filterable: bool,
    pub sortable: bool,
    pub groupable: bool,
    pub aggregatable: bool,
    pub unique: bool,
    pub external_id: bool,
    pub id_lookup: bool,
    pub name_field: bool,
    pub name_pointing: bool,
    pub auto_number: Option<AutoNumber>,
    /// `autoNumber` of the describe, where no format is known (standard fields such as CaseNumber have one too).
    pub is_auto_number: bool,
    pub calculated: bool,
    pub case_sensitive: bool,
    pub html_formatted: bool,
    pub restricted_picklist: bool,
    pub custom: bool,
    pub permissionable: bool,
    pub search_prefilterable: bool,
    pub polymorphic_foreign_key: bool,
    /// Field-level `cascadeDelete`: a master-detail field.
    pub cascade_delete: bool,
    pub restricted_delete: bool,
    pub write_requires_master_read: bool,
    pub display_location_in_decimal: bool,
    /// 0 or 1 for master-detail fields.
    pub relationship_order: Option<u8>,
    /// The compound field (`Name`, `MailingAddress`, a location) that this one is part of.
    pub compound: Option<String>,
    /// Name of the relationship to the parent (`Account`, `Parent__r`).
    pub relationship_name: Option<String>,
    /// Objects that a reference may point to.
    pub reference_to: Vec<String>,
    /// What the records that a custom lookup names must meet.
    pub lookup_filter: Option<Arc<LookupFilter>>,
    /// The code of a country or a state. What it takes the save says, who sees the whole address: codes of states repeat from
    /// country to country.
    pub place: Option<Place>,
    /// `plaintextarea`, `richtextarea`, `personname`, `imageurl`.
    pub extra_type_info: Option<String>,
    pub controller: Option<String>,
    pub inline_help: Option<String>,
    pub mask: Option<String>,
    pub mask_type: Option<String>,
    pub picklist: Vec<PicklistValue>,
    pub default: Option<DefaultValue>,
    /// The default as written in the metadata, for `defaultValueFormula`.
    pub default_formula: Option<String>,
}

impl Field {
    /// A field of a type with the flags that hold for an ordinary one: nillable, writable, filterable, sortable;
    /// lengths and the like as the type has them.
    pub fn new(name: impl Into<String>, label: impl Into<String>, ty: FieldType) -> Self {
        use FieldType::*;
        let length = match ty {
            Id | Reference => 18,
            String | Picklist | Combobox | TextArea | Url => 255,
            Email => 80,
            Phone => 40,
            MultiPicklist => 4099,
            EncryptedString => 175,
            _ => 0,
        };
        let plain = !matches!(ty, TextArea | Base64 | EncryptedString | Address | Location | MultiPicklist | AnyType | ComplexValue);
        Self {
            name: name.into(),
            label: label.into(),
            ty,
            length,
            byte_length: if matches!(ty, Id | Reference) { 18 } else { length * 3 },
            precision: if ty.is_decimal() { 18 } else { 0 },
            scale: 0,
            digits: if ty == Int { 9 } else { 0 },
            nillable: !matches!(ty, Boolean | Id),
            defaulted_on_create: matches!(ty, Boolean | Id),
            createable: true,
            updateable: true,
            filterable: !matches!(ty, Base64 | EncryptedString | ComplexValue),
            sortable: plain || ty == TextArea,
            groupable: (plain || ty == TextArea) && !matches!(ty, DateTime | Double | Currency | Percent | Combobox | Time),
            aggregatable: (plain || ty == TextArea) && ty != Boolean && ty != Time,
            unique: false,
            external_id: false,
            id_lookup: ty == Id,
            name_field: false,
            name_pointing: false,
            auto_number: None,
            is_auto_number: false,
            calculated: false,
            case_sensitive: false,
            html_formatted: false,
            restricted_picklist: false,
            custom: false,
            permissionable: true,
            search_prefilterable: false,
            polymorphic_foreign_key: false,
            cascade_delete: false,
            restricted_delete: false,
            write_requires_master_read: false,
            display_location_in_decimal: false,
            relationship_order: None,
            compound: None,
            relationship_name: None,
            reference_to: Vec::new(),
            lookup_filter: None,
            place: None,
            extra_type_info: (ty == TextArea).then(|| "plaintextarea".to_owned()),
            controller: None,
            inline_help: None,
            mask: None,
            mask_type: None,
            picklist: Vec::new(),
            default: (ty == Boolean).then_some(DefaultValue::Bool(false)),
            default_formula: None,
        }
    }

    /// Whether a create must give a value: not nillable, writable, no default.
    pub fn required_on_create(&self) -> bool {
        !self.nillable && self.createable && !self.defaulted_on_create && self.default.is_none()
    }

    /// Whether a value of a dependent picklist may be chosen under a value of its controlling field. What nothing is said of
    /// may be chosen under all.
    pub fn allows_under(&self, value: &str, controller: &Field, controlling: &Value) -> bool {
        let Some(bits) = self.picklist.iter().find(|v| v.value == value).and_then(|v| v.valid_for.as_deref()) else { return true };
        let at = match controlling {
            Value::Bool(b) => Some(usize::from(*b)),
            Value::Text(t) => controller.picklist.iter().position(|v| v.value == *t),
            _ => None,
        };
        let bits = base64::engine::general_purpose::STANDARD.decode(bits).unwrap_or_default();
        at.is_some_and(|at| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0))
    }

    /// Whether the field has a column of its own in its object's table.
    pub fn has_column(&self) -> bool {
        !self.ty.is_compound() && self.ty != FieldType::ComplexValue
    }

    /// Whether the field says something else to each user: when that user last saw the record.
    pub fn is_personal(&self) -> bool {
        !self.custom && matches!(self.name.as_str(), "LastViewedDate" | "LastReferencedDate")
    }

    /// How a stored cell of the field is read and written on the wire.
    pub fn cell_kind(&self) -> CellKind {
        self.ty.kind().cell_kind(self)
    }

    /// Whether equality on the field minds letter case: ids, references, and unique fields declared so.
    pub fn compares_exactly(&self) -> bool {
        !self.ty.is_text() || self.case_sensitive
    }
}
