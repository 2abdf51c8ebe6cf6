//! Picklist value sets, and the defaults that a field's metadata may give.

use super::reader::Members;
use super::{DefError, FieldKindDef, MetaNode};
use crate::field::{DefaultValue, PicklistValue, bitmap};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Most values of one list.
const MAX_VALUES: usize = 1000;
/// Longest value or label of a list, in characters.
const MAX_VALUE: usize = 255;

/// A value of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueDef {
    /// API name; what records hold.
    pub full_name: String,
    /// What people see.
    pub label: String,
    /// Whether it is the default.
    #[serde(default)]
    pub default: bool,
    /// Whether new records may take it.
    pub is_active: bool,
}

/// Under which controlling values a value may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueSetting {
    /// Values of the controlling field (`true`, `false` for a checkbox).
    pub controlling_field_value: Vec<String>,
    /// The value of this field.
    pub value_name: String,
}

/// The values of a picklist field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueSetDef {
    /// Only values of the list may be stored.
    #[serde(default)]
    pub restricted: bool,
    /// Shown in the order of labels.
    #[serde(default)]
    pub sorted: bool,
    /// The values, in order.
    #[serde(default)]
    pub values: Vec<ValueDef>,
    /// The global value set that the values come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_set_name: Option<String>,
    /// The label of that set, where it differs from its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_set_label: Option<String>,
    /// The field that decides which values may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlling_field: Option<String>,
    /// What it decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub value_settings: Vec<ValueSetting>,
}

/// A value set that several fields share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GlobalValueSet {
    /// Developer name.
    pub full_name: String,
    /// Label.
    pub master_label: String,
    /// Shown in the order of labels.
    #[serde(default)]
    pub sorted: bool,
    /// The values, in order.
    pub values: Vec<ValueDef>,
}

impl GlobalValueSet {
    /// Whether another set says the same, whatever it is called.
    pub fn is_like(&self, other: &Self) -> bool {
        self.master_label == other.master_label && self.sorted == other.sorted && self.values == other.values
    }

    /// The set in the form of the Metadata API.
    pub fn node(&self) -> MetaNode {
        let value = |value: &ValueDef| {
            let mut members = vec![MetaNode::leaf("fullName", &value.full_name), MetaNode::leaf("default", &value.default.to_string())];
            members.extend((!value.is_active).then(|| MetaNode::leaf("isActive", "false")));
            members.push(MetaNode::leaf("label", &value.label));
            MetaNode::list("customValue", members)
        };
        let mut members: Vec<MetaNode> = self.values.iter().map(value).collect();
        members.push(MetaNode::leaf("masterLabel", &self.master_label));
        members.push(MetaNode::leaf("sorted", &self.sorted.to_string()));
        MetaNode::list("GlobalValueSet", members)
    }

    /// Reads the metadata of a global value set.
    pub fn from_meta(full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "GlobalValueSet");
        m.only(&[&["fullName", "masterLabel", "description", "sorted", "customValue", "globalValueSetValue"]])?;
        let values = read_values(node.all("customValue").chain(node.all("globalValueSetValue")))?;
        let label = m.word("masterLabel")?;
        let sorted = m.flag("sorted")?.unwrap_or(false);
        Ok(Self { full_name: full_name.to_owned(), master_label: label.unwrap_or_else(|| full_name.to_owned()), sorted, values })
    }
}

impl ValueSetDef {
    /// Whether it names no values at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.value_set_name.is_none()
    }

    /// Takes the values of the global value set that it names.
    pub fn resolve(&mut self, set: &GlobalValueSet) {
        (self.values, self.sorted) = (set.values.clone(), set.sorted);
        self.value_set_label = Some(&set.master_label).filter(|label| **label != set.full_name).cloned();
        // The platform knows no unrestricted use of a global value set.
        self.restricted = true;
    }

    /// The global value set that it takes its values from, as far as a field knows it; `None` where the values are its own.
    pub fn global(&self) -> Option<GlobalValueSet> {
        let full_name = self.value_set_name.clone().filter(|_| !self.values.is_empty())?;
        let master_label = self.value_set_label.clone().unwrap_or_else(|| full_name.clone());
        Some(GlobalValueSet { full_name, master_label, sorted: self.sorted, values: self.values.clone() })
    }

    /// A value that a setting is about and that is none of the values.
    pub fn unknown_setting(&self) -> Option<&str> {
        let is_unknown = |setting: &&ValueSetting| !self.values.iter().any(|v| v.full_name == setting.value_name);
        self.value_settings.iter().find(is_unknown).map(|setting| setting.value_name.as_str())
    }

    /// The values as a catalog field holds them, in the order shown. `controller` is what the controlling field takes.
    pub(super) fn picklist(&self, controller: Option<&[String]>) -> Vec<PicklistValue> {
        let mut values: Vec<&ValueDef> = self.values.iter().collect();
        if self.sorted {
            values.sort_by(|a, b| orglet_base::fold(&a.label).cmp(&orglet_base::fold(&b.label)));
        }
        let value = |v: &ValueDef| PicklistValue {
            value: v.full_name.clone(),
            label: v.label.clone(),
            active: v.is_active,
            default: v.default,
            valid_for: controller.map(|c| self.valid_for(&v.full_name, c)),
            facts: Vec::new(),
        };
        values.into_iter().map(value).collect()
    }

    /// The bitmap of controlling values under which a value may be chosen.
    fn valid_for(&self, value: &str, controller: &[String]) -> String {
        let settings = self.value_settings.iter().filter(|s| s.value_name == value);
        bitmap(
            settings.flat_map(|s| controller.iter().enumerate().filter(|(_, c)| s.controlling_field_value.contains(c))).map(|(at, _)| at),
        )
    }
}

/// Reads `valueSet`, or the `picklist` of API versions before 38.
pub(super) fn read(m: &Members<'_>) -> Result<Option<ValueSetDef>, DefError> {
    match (m.one("valueSet")?, m.one("picklist")?) {
        (Some(node), _) => value_set(node).map(Some),
        (None, Some(node)) => legacy(node).map(Some),
        (None, None) => Ok(None),
    }
}

fn value_set(node: &MetaNode) -> Result<ValueSetDef, DefError> {
    let m = Members::new(node, "ValueSet");
    m.only(&[&["controllingField", "restricted", "urls", "valueSetDefinition", "valueSetName", "valueSettings"]])?;
    let mut set = ValueSetDef {
        restricted: m.flag("restricted")?.unwrap_or(false),
        value_set_name: m.word("valueSetName")?,
        controlling_field: m.word("controllingField")?,
        ..ValueSetDef::default()
    };
    if let Some(definition) = m.one("valueSetDefinition")? {
        if set.value_set_name.is_some() {
            let message = "A picklist takes its values from either valueSetDefinition or valueSetName";
            return Err(DefError::integrity(message).on("valueSet").at(definition));
        }
        let d = Members::new(definition, "ValueSetValuesDefinition");
        d.only(&[&["sorted", "urls", "value"]])?;
        set.sorted = d.flag("sorted")?.unwrap_or(false);
        set.values = read_values(definition.all("value"))?;
    }
    for setting in node.all("valueSettings") {
        let s = Members::new(setting, "ValueSettings");
        s.only(&[&["controllingFieldValue", "urls", "valueName"]])?;
        let Some(value_name) = s.text("valueName")? else { continue };
        let controlling_field_value = setting.all("controllingFieldValue").filter_map(|c| c.text.clone()).collect();
        set.value_settings.push(ValueSetting { controlling_field_value, value_name });
    }
    check_settings(&set, node)?;
    Ok(set)
}

fn legacy(node: &MetaNode) -> Result<ValueSetDef, DefError> {
    let m = Members::new(node, "Picklist");
    m.only(&[&["controllingField", "picklistValues", "restrictedPicklist", "sorted"]])?;
    let mut set = ValueSetDef {
        restricted: m.flag("restrictedPicklist")?.unwrap_or(false),
        sorted: m.flag("sorted")?.unwrap_or(false),
        values: read_values(node.all("picklistValues"))?,
        controlling_field: m.word("controllingField")?,
        ..ValueSetDef::default()
    };
    for value in node.all("picklistValues") {
        let controlling: Vec<String> = value.all("controllingFieldValues").filter_map(|c| c.text.clone()).collect();
        if let Some(name) = value.child_text("fullName").filter(|_| !controlling.is_empty()) {
            set.value_settings.push(ValueSetting { controlling_field_value: controlling, value_name: name.to_owned() });
        }
    }
    check_settings(&set, node)?;
    Ok(set)
}

fn check_settings(set: &ValueSetDef, node: &MetaNode) -> Result<(), DefError> {
    if set.controlling_field.is_none() && !set.value_settings.is_empty() {
        return Err(DefError::integrity("Must specify 'controllingField' with valueSettings").on("valueSet").at(node));
    }
    if set.value_set_name.is_none()
        && let Some(value) = set.unknown_setting()
    {
        let message = format!("Picklist value: {value} in valueSettings not found");
        return Err(DefError::integrity(message).on("valueSet").at(node));
    }
    Ok(())
}

/// Members of a value that matter; the rest belong to standard value sets or show no effect on data.
const VALUE_MEMBERS: &[&str] = &["fullName", "valueName", "label", "default", "isActive"];
const VALUE_NOTES: &[&str] = &[
    "color",
    "description",
    "urls",
    "controllingFieldValues",
    "allowEmail",
    "closed",
    "converted",
    "cssExposed",
    "forecastCategory",
    "groupingString",
    "highPriority",
    "probability",
    "reverseRole",
    "reviewed",
    "won",
];

fn read_values<'a>(nodes: impl Iterator<Item = &'a MetaNode>) -> Result<Vec<ValueDef>, DefError> {
    let mut values: Vec<ValueDef> = Vec::new();
    let mut names = HashSet::new();
    for node in nodes {
        let m = Members::new(node, "CustomValue");
        m.only(&[VALUE_MEMBERS, VALUE_NOTES])?;
        // Tooling's JSON calls the name `valueName`, the metadata files `fullName`.
        let name = m.text("fullName")?.or(m.text("valueName")?);
        let label = m.text("label")?;
        let Some(full_name) = name.or_else(|| label.clone()) else {
            return Err(DefError::integrity("Must specify a fullName for a picklist value").on("valueSet").at(node));
        };
        let value = ValueDef {
            label: label.unwrap_or_else(|| full_name.clone()),
            default: m.flag("default")?.unwrap_or(false),
            is_active: m.flag("isActive")?.unwrap_or(true),
            full_name,
        };
        if let Some(long) = [&value.full_name, &value.label].into_iter().find(|t| t.chars().count() > MAX_VALUE) {
            let message = format!("Picklist value: data value too large: {long} (max length={MAX_VALUE})");
            return Err(DefError::integrity(message).on("valueSet").at(node));
        }
        if !names.insert(orglet_base::fold(&value.full_name).into_owned()) {
            let message = format!("Duplicate picklist value: {}", value.full_name);
            return Err(DefError::integrity(message).on("valueSet").at(node));
        }
        if values.len() == MAX_VALUES {
            return Err(DefError::integrity(format!("A picklist has at most {MAX_VALUES} values")).on("valueSet").at(node));
        }
        values.push(value);
    }
    Ok(values)
}

/// What a literal of the default-value language is, as its type mismatches name it.
enum Literal {
    Text(String),
    Number(String),
    Bool(bool),
    Today,
    Now,
}

impl Literal {
    fn type_name(&self) -> &'static str {
        match self {
            Literal::Text(_) => "Text",
            Literal::Number(_) => "Number",
            Literal::Bool(_) => "Boolean",
            Literal::Today => "Date",
            Literal::Now => "DateTime",
        }
    }
}

/// Reads a default-value formula: literals, `TODAY()` and `NOW()` are known at once; what other formulas are is seen against
/// the catalog. Checkboxes have literals alone.
pub(super) fn default_value(kind: FieldKindDef, formula: &str) -> Result<DefaultValue, DefError> {
    use FieldKindDef as K;
    let literal = match literal(formula.trim()) {
        Some(literal) => literal,
        None if kind != K::Checkbox => return Ok(DefaultValue::Formula(formula.trim().to_owned())),
        None => return Err(DefError::unsupported("Default values of checkboxes that are formulas are").on("defaultValue")),
    };
    let expected = match kind {
        K::Checkbox => "Boolean",
        K::Currency | K::Number | K::Percent => "Number",
        K::Date => "Date",
        K::DateTime => "DateTime",
        K::Time => "Time",
        _ => "Text",
    };
    Ok(match (expected, literal) {
        ("Boolean", Literal::Bool(b)) => DefaultValue::Bool(b),
        ("Number", Literal::Number(n)) => DefaultValue::Number(n),
        ("Text", Literal::Text(t)) => DefaultValue::Text(t),
        ("Date", Literal::Today) | ("DateTime", Literal::Now) => DefaultValue::Now,
        (expected, found) => {
            let message =
                format!("Formula result is data type ({}), incompatible with expected data type ({expected}).", found.type_name());
            return Err(DefError::integrity(message).on("defaultValue"));
        }
    })
}

fn literal(text: &str) -> Option<Literal> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    match squeezed.as_str() {
        "TRUE" => return Some(Literal::Bool(true)),
        "FALSE" => return Some(Literal::Bool(false)),
        "TODAY()" => return Some(Literal::Today),
        "NOW()" => return Some(Literal::Now),
        _ => {}
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        return quoted(&text[1..], quote).map(Literal::Text);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    plain.then(|| Literal::Number(text.strip_prefix('+').unwrap_or(text).to_owned()))
}

/// The text of a quoted literal whose opening quote is gone; `None` where more than the literal stands there.
fn quoted(text: &str, quote: char) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                c => out.push(c),
            },
            c if c == quote => return chars.as_str().is_empty().then_some(out),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        use FieldKindDef as K;
        let ok = |kind, text| default_value(kind, text).unwrap();
        assert_eq!(ok(K::Text, "\"USA\""), DefaultValue::Text("USA".into()));
        assert_eq!(ok(K::Text, r"'it\'s'"), DefaultValue::Text("it's".into()));
        assert_eq!(ok(K::Number, " -1.50 "), DefaultValue::Number("-1.50".into()));
        assert_eq!(ok(K::Checkbox, "true"), DefaultValue::Bool(true));
        assert_eq!(ok(K::Date, "Today()"), DefaultValue::Now);
        assert_eq!(ok(K::DateTime, "NOW( )"), DefaultValue::Now);
        for formula in ["TODAY() + 7", "\"a\" & \"b\"", "$User.FirstName", "1.2.3", "'open", "1 + 1"] {
            assert_eq!(ok(K::Text, formula), DefaultValue::Formula(formula.into()));
        }
        assert!(default_value(K::Checkbox, "1 = 1").unwrap_err().unsupported);
        let e = default_value(K::Text, "5").unwrap_err();
        assert_eq!(e.message, "Formula result is data type (Number), incompatible with expected data type (Text).");
        assert!(!e.unsupported && default_value(K::Date, "NOW()").is_err());
    }

    #[test]
    fn bitmaps_as_recorded() {
        let countries: Vec<String> = ["USA", "Italy", "Croatia", "Israel", "Slovakia", "Austria"].map(String::from).to_vec();
        let setting = |value: &str, c: &[&str]| ValueSetting {
            controlling_field_value: c.iter().map(|s| (*s).to_owned()).collect(),
            value_name: value.to_owned(),
        };
        let set = ValueSetDef {
            value_settings: vec![setting("Boston", &["USA"]), setting("Rome", &["Italy"]), setting("Vienna", &["USA", "Austria"])],
            ..ValueSetDef::default()
        };
        assert_eq!(set.valid_for("Boston", &countries), "gAAA");
        assert_eq!(set.valid_for("Rome", &countries), "QAAA");
        assert_eq!(set.valid_for("Vienna", &countries), "hAAA");
        assert_eq!(set.valid_for("Nowhere", &countries), "AAAA");
    }
}
