//! The field types: one file each, all implementing [`FieldKind`].

mod address;
mod anytype;
mod autonumber;
mod base64;
mod boolean;
mod combobox;
mod complexvalue;
mod currency;
mod date;
mod datetime;
mod double;
mod email;
mod encryptedstring;
mod id;
mod int;
mod location;
mod long;
mod multipicklist;
mod name;
mod number;
mod percent;
mod phone;
mod picklist;
mod reference;
mod string;
mod textarea;
mod time;
mod url;

pub use autonumber::render as render_auto_number;
pub use encryptedstring::masked;
pub use name::person_name;

use crate::custom::RecordType;
use crate::field::{Field, FieldType};
pub use orglet_base::CellKind;
use orglet_base::{ApiError, ErrorCode, Value};

/// A scalar of a request, before it has a type. Numbers keep their own text, so that none loses a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// `null`, or `xsi:nil`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A JSON number, as written.
    Number(&'a str),
    /// A JSON string, or the text of an XML element.
    Text(&'a str),
    /// The start of an array.
    Array,
    /// The start of an object.
    Object,
}

impl Input<'_> {
    /// The parser's name of the token, as messages print it.
    pub fn token(&self) -> &'static str {
        match self {
            Input::Null => "VALUE_NULL",
            Input::Bool(true) => "VALUE_TRUE",
            Input::Bool(false) => "VALUE_FALSE",
            Input::Number(n) if n.contains(['.', 'e', 'E']) => "VALUE_NUMBER_FLOAT",
            Input::Number(_) => "VALUE_NUMBER_INT",
            Input::Text(_) => "VALUE_STRING",
            Input::Array => "START_ARRAY",
            Input::Object => "START_OBJECT",
        }
    }
}

/// A value of the wrong kind for its field. The decoder adds the position: together they are a `JSON_PARSER_ERROR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFailure {
    /// The type's name in the message (`double`, `datetime` …).
    pub word: &'static str,
    /// The token found.
    pub token: &'static str,
    /// Its text; empty for arrays and objects.
    pub value: String,
}

impl ParseFailure {
    /// A failure of a type on an input.
    pub fn new(word: &'static str, input: Input<'_>) -> Self {
        let value = match input {
            Input::Text(t) | Input::Number(t) => t.to_owned(),
            Input::Bool(b) => b.to_string(),
            Input::Object => "{".to_owned(),
            _ => String::new(),
        };
        Self { word, token: input.token(), value }
    }

    /// The error, at a position counted from 1 (catalogue rows crud-009, 011, 012, 013).
    pub fn at(&self, line: u32, column: u32) -> ApiError {
        // An object prints its brace and takes the long form (SalesforceMobileSDK-ReactNative issue 194).
        let text = if self.token == "START_ARRAY" {
            format!("Cannot deserialize instance of {} from {} value [line:{line}, column:{column}]", self.word, self.token)
        } else {
            format!(
                "Cannot deserialize instance of {} from {} value {} or request may be missing a required field at [line:{line}, column:{column}]",
                self.word, self.token, self.value
            )
        };
        ApiError::new(ErrorCode::JsonParserError, text)
    }

    /// The error in its older words (crud-007).
    pub fn briefly_at(&self, line: u32, column: u32) -> ApiError {
        let Self { word, token, value } = self;
        let text = format!("Cannot deserialize instance of {word} from {token} value {value} at [line:{line}, column:{column}]");
        ApiError::new(ErrorCode::JsonParserError, text)
    }
}

/// What a field type does.
pub trait FieldKind: Sync {
    /// The name in a describe.
    fn name(&self) -> &'static str;

    /// The `soapType` of a describe.
    fn soap_type(&self) -> &'static str {
        "xsd:string"
    }

    /// How stored cells look.
    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Text
    }

    /// Reads a scalar of a request.
    fn parse(&self, field: &Field, input: Input<'_>) -> Result<Value, ParseFailure>;

    /// Checks a value against the field's limits and brings it into stored form (trimmed, rounded, canonical spelling).
    fn validate(&self, _field: &Field, value: Value) -> Result<Value, ApiError> {
        Ok(value)
    }
}

/// Every type with its behaviour.
pub static ALL: &[(FieldType, &dyn FieldKind)] = &[
    (FieldType::Id, &id::Kind),
    (FieldType::String, &string::Kind),
    (FieldType::TextArea, &textarea::Kind),
    (FieldType::Boolean, &boolean::Kind),
    (FieldType::Int, &int::Kind),
    (FieldType::Long, &long::Kind),
    (FieldType::Double, &double::Kind),
    (FieldType::Currency, &currency::Kind),
    (FieldType::Percent, &percent::Kind),
    (FieldType::Date, &date::Kind),
    (FieldType::DateTime, &datetime::Kind),
    (FieldType::Time, &time::Kind),
    (FieldType::Email, &email::Kind),
    (FieldType::Phone, &phone::Kind),
    (FieldType::Url, &url::Kind),
    (FieldType::Picklist, &picklist::Kind),
    (FieldType::MultiPicklist, &multipicklist::Kind),
    (FieldType::Combobox, &combobox::Kind),
    (FieldType::Reference, &reference::Kind),
    (FieldType::Address, &address::Kind),
    (FieldType::Location, &location::Kind),
    (FieldType::EncryptedString, &encryptedstring::Kind),
    (FieldType::Base64, &base64::Kind),
    (FieldType::AnyType, &anytype::Kind),
    (FieldType::ComplexValue, &complexvalue::Kind),
];

/// The behaviour of a type.
pub fn kind(ty: FieldType) -> &'static dyn FieldKind {
    // ALL stands in the order of the enum; the test below holds it to that.
    ALL[ty as usize].1
}

/// INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST for what a picklist's value is under its controlling field (crud-038): the values of
/// a restricted one that is dependent are the valid ones alone.
pub fn dependent(field: &Field, value: &Value, controller: &Field, controlling: &Value) -> Result<(), ApiError> {
    let Value::Text(text) = value else { return Ok(()) };
    if !field.restricted_picklist || field.place.is_some() {
        return Ok(());
    }
    match parts(field, text).find(|part| !field.allows_under(part, controller, controlling)) {
        Some(wrong) => Err(picklist::bad_value(field, wrong)),
        None => Ok(()),
    }
}

/// INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST for what a restricted picklist's value is under a record type that leaves some of them
/// alone. Others take any text through the API.
pub fn of_record_type(field: &Field, value: &Value, record_type: &RecordType) -> Result<(), ApiError> {
    let Value::Text(text) = value else { return Ok(()) };
    if !field.restricted_picklist {
        return Ok(());
    }
    match parts(field, text).find(|part| !record_type.offers(&field.name, part)) {
        Some(wrong) => Err(picklist::bad_value(field, wrong)),
        None => Ok(()),
    }
}

/// The values that a picklist's text is made of.
fn parts<'a>(field: &Field, text: &'a str) -> impl Iterator<Item = &'a str> {
    let several = field.ty == FieldType::MultiPicklist;
    text.split(';').filter(move |_| several).chain((!several).then_some(text))
}

/// Reads text: strings as they are; anything else is the wrong kind.
fn parse_text(word: &'static str, input: Input<'_>) -> Result<Value, ParseFailure> {
    match input {
        Input::Null => Ok(Value::Null),
        Input::Text(t) => Ok(Value::from(t)),
        _ => Err(ParseFailure::new(word, input)),
    }
}

/// Trims single-line text, as the platform does on save, and checks its length (crud-034).
fn validate_line(field: &Field, value: Value) -> Result<Value, ApiError> {
    match value {
        Value::Text(t) => {
            let trimmed = t.trim();
            let t = if trimmed.len() == t.len() { t } else { trimmed.to_owned() };
            validate_length(field, Value::from(t))
        }
        other => Ok(other),
    }
}

/// Checks the length of text in characters (crud-034).
fn validate_length(field: &Field, value: Value) -> Result<Value, ApiError> {
    if let Value::Text(t) = &value
        && field.length > 0
        && t.len() > field.length as usize
        && t.chars().count() > field.length as usize
    {
        let text = format!("{}: data value too large: {t} (max length={})", field.label, field.length);
        return Err(ApiError::new(ErrorCode::StringTooLong, text).with_fields([&field.name]));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use orglet_base::OwnedCell;

    #[test]
    fn the_table_stands_in_enum_order() {
        for (i, (ty, kind)) in ALL.iter().enumerate() {
            assert_eq!(*ty as usize, i, "{}", kind.name());
            assert_eq!(FieldType::parse(kind.name()), Some(*ty));
        }
    }

    #[test]
    fn text_is_trimmed_and_bounded() {
        let mut field = Field::new("Name", "Account Name", FieldType::String);
        field.length = 5;
        let kind = field.ty.kind();
        assert_eq!(kind.validate(&field, Value::from(" abc ")), Ok(Value::from("abc")));
        assert_eq!(kind.validate(&field, Value::from("äöüßé")), Ok(Value::from("äöüßé")));
        let e = kind.validate(&field, Value::from("abcdef")).unwrap_err();
        assert_eq!(e.message(), "Account Name: data value too large: abcdef (max length=5)");
        assert_eq!(e.fields().unwrap(), ["Name"]);
    }

    #[test]
    fn numbers_are_exact_and_rounded_half_up() {
        let mut field = Field::new("Amount", "Amount", FieldType::Currency);
        (field.precision, field.scale) = (18, 2);
        let kind = field.ty.kind();
        let v = kind.validate(&field, kind.parse(&field, Input::Number("0.125")).unwrap()).unwrap();
        assert_eq!(field.cell_kind().to_cell(&v), OwnedCell::Int(13));
        let v = kind.parse(&field, Input::Number("1e3")).unwrap();
        assert_eq!(field.cell_kind().to_cell(&v), OwnedCell::Int(100_000));
        let e = kind.validate(&field, kind.parse(&field, Input::Number("12345678901234567")).unwrap()).unwrap_err();
        assert_eq!(e.message(), "Amount: value outside of valid range on numeric field: 12345678901234567");
        let e = kind.parse(&field, Input::Text("abc")).unwrap_err().at(1, 9);
        assert_eq!(
            e.message(),
            "Cannot deserialize instance of currency from VALUE_STRING value abc or request may be missing a required field at [line:1, column:9]"
        );
    }

    #[test]
    fn picklists() {
        let mut field = Field::new("Rating__c", "Rating", FieldType::Picklist);
        field.restricted_picklist = true;
        field.picklist = ["Good", "Bad"]
            .map(|v| crate::PicklistValue {
                value: v.into(),
                label: v.into(),
                active: true,
                default: false,
                valid_for: None,
                facts: vec![],
            })
            .to_vec();
        let kind = field.ty.kind();
        assert_eq!(kind.validate(&field, Value::from("good")), Ok(Value::from("Good")));
        let e = kind.validate(&field, Value::from("Amazing")).unwrap_err();
        assert_eq!(e.message(), "Rating: bad value for restricted picklist field: Amazing");
        field.ty = FieldType::MultiPicklist;
        let kind = field.ty.kind();
        assert_eq!(kind.validate(&field, Value::from("Bad; Good;Bad")), Ok(Value::from("Good;Bad")));
    }
}
