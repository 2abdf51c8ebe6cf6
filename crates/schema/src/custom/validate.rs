//! The rules that the Metadata API holds a field to: which members a type takes, which it needs, and their ranges.

use super::reader::Members;
use super::{DefError, DeleteConstraint, FieldDef, FieldKindDef, name, values};
use std::ops::RangeInclusive;

/// Members that belong to some types only. A type refuses those it does not list; `false` says nothing and passes, as
/// retrieved files and Tooling's answers carry it for every type.
pub(super) const TYPE_MEMBERS: &[&str] = &[
    "length",
    "precision",
    "scale",
    "required",
    "unique",
    "caseSensitive",
    "externalId",
    "defaultValue",
    "valueSet",
    "picklist",
    "referenceTo",
    "relationshipName",
    "relationshipLabel",
    "deleteConstraint",
    "relationshipOrder",
    "lookupFilter",
    "reparentableMasterDetail",
    "writeRequiresMasterRead",
    "displayFormat",
    "startingNumber",
    "visibleLines",
    "displayLocationInDecimal",
    "maskChar",
    "maskType",
];

/// What a type takes of [`TYPE_MEMBERS`], and what of that it cannot be without.
fn members_of(kind: FieldKindDef) -> (&'static [&'static str], &'static [&'static str]) {
    use FieldKindDef as K;
    match kind {
        K::AutoNumber => (&["displayFormat", "startingNumber", "externalId"], &[]),
        K::Checkbox => (&["defaultValue"], &["defaultValue"]),
        K::Number => (&["precision", "scale", "required", "unique", "externalId", "defaultValue"], &["precision", "scale"]),
        K::Currency | K::Percent => (&["precision", "scale", "required", "defaultValue"], &["precision", "scale"]),
        K::Date | K::DateTime | K::Time | K::Phone | K::Url | K::TextArea => (&["required", "defaultValue"], &[]),
        K::Email => (&["required", "unique", "caseSensitive", "externalId", "defaultValue"], &[]),
        K::EncryptedText => (&["length", "maskChar", "maskType", "required"], &["length", "maskChar", "maskType"]),
        K::Html => (&["length", "visibleLines", "defaultValue"], &["length", "visibleLines"]),
        K::LongTextArea => (&["length", "visibleLines", "defaultValue"], &["length", "visibleLines"]),
        K::Location => (&["scale", "displayLocationInDecimal", "required"], &["scale"]),
        K::Lookup => {
            (&["referenceTo", "relationshipName", "relationshipLabel", "deleteConstraint", "required", "lookupFilter"], &["referenceTo"])
        }
        K::MasterDetail => (
            &[
                "referenceTo",
                "relationshipName",
                "relationshipLabel",
                "relationshipOrder",
                "lookupFilter",
                "reparentableMasterDetail",
                "writeRequiresMasterRead",
            ],
            &["referenceTo", "relationshipName"],
        ),
        K::Picklist => (&["valueSet", "picklist", "required", "defaultValue"], &[]),
        K::MultiselectPicklist => (&["valueSet", "picklist", "required", "visibleLines", "defaultValue"], &["visibleLines"]),
        K::Text => (&["length", "required", "unique", "caseSensitive", "externalId", "defaultValue"], &["length"]),
    }
}

/// Whether a type takes a member of [`TYPE_MEMBERS`].
pub(super) fn takes(kind: FieldKindDef, member: &str) -> bool {
    members_of(kind).0.contains(&member)
}

/// Checks a field against the rules of its type.
pub(super) fn field(def: &FieldDef, m: &Members<'_>) -> Result<(), DefError> {
    let kind = def.kind;
    let type_name = kind.name();
    if def.label.is_empty() {
        return Err(m.place("label", DefError::integrity("Must specify a non-empty label for the CustomField")));
    }
    bounded(m, "label", &def.label, 40)?;
    let (taken, needed) = members_of(kind);
    for member in TYPE_MEMBERS.iter().filter(|member| !taken.contains(member)) {
        if given(m, def, member) {
            let message = match (kind, *member) {
                (FieldKindDef::MasterDetail, "required") => "Master-Detail Relationship Fields Cannot be Optional or Required".to_owned(),
                (_, "lookupFilter") => "Lookup filters are only supported on Lookup Relationship Fields".to_owned(),
                _ => format!("Can not specify '{member}' for a CustomField of type {type_name}"),
            };
            return Err(m.place(member, DefError::integrity(message)));
        }
    }
    for member in needed {
        if m.node.child(member).is_none() {
            return Err(must(m, member, type_name));
        }
    }
    if kind.is_picklist() && def.value_set.as_ref().is_none_or(|set| set.is_empty()) {
        return Err(must(m, "valueSet", type_name));
    }
    lengths(def, m)?;
    numbers(def, m)?;
    references(def, m)?;
    if def.case_sensitive && !def.unique {
        return Err(m.place("caseSensitive", DefError::integrity("Can not specify 'caseSensitive' for a field that is not unique")));
    }
    if let Some(format) = &def.display_format {
        display_format(format).map_err(|e| m.place("displayFormat", e))?;
    }
    if let Some(text) = &def.inline_help_text {
        bounded(m, "inlineHelpText", text, 510)?;
    }
    if let Some(text) = &def.description {
        bounded(m, "description", text, 1000)?;
    }
    if let Some(formula) = &def.default_value {
        values::default_value(kind, formula).map_err(|e| DefError { fields: Vec::new(), ..e }).map_err(|e| m.place("defaultValue", e))?;
    }
    if kind == FieldKindDef::Picklist && def.value_set.as_ref().is_some_and(|set| set.values.iter().filter(|v| v.default).count() > 1) {
        return Err(m.place("valueSet", DefError::integrity("Only one picklist value can be the default")));
    }
    Ok(())
}

/// Checks a field of a platform event, which takes few types and is no key
/// (<https://developer.salesforce.com/docs/platform/platform-events/guide/platform-events-define-ui.html>).
pub(super) fn event_field(def: &FieldDef, m: &Members<'_>) -> Result<(), DefError> {
    use FieldKindDef as K;
    if !matches!(def.kind, K::Checkbox | K::Date | K::DateTime | K::LongTextArea | K::Number | K::Text) {
        let message = format!("Can not specify a CustomField of type {} for a platform event", def.kind.name());
        return Err(m.place("type", DefError::integrity(message)));
    }
    for (member, asked) in [("externalId", def.external_id), ("unique", def.unique)] {
        if asked {
            let message = format!("Can not specify '{member}' for a CustomField of a platform event");
            return Err(m.place(member, DefError::integrity(message)));
        }
    }
    Ok(())
}

fn must(m: &Members<'_>, member: &str, type_name: &str) -> DefError {
    m.place(member, DefError::integrity(format!("Must specify '{member}' for a CustomField of type {type_name}")))
}

/// Whether a member says something.
fn given(m: &Members<'_>, def: &FieldDef, member: &str) -> bool {
    match member {
        "valueSet" | "picklist" => def.value_set.is_some(),
        _ => m.node.child(member).is_some_and(|c| !matches!(c.text.as_deref().map(str::trim), Some("" | "false"))),
    }
}

fn bounded(m: &Members<'_>, member: &str, text: &str, most: usize) -> Result<(), DefError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    let shown: String = text.chars().take(255).collect();
    let message = format!("{member}: data value too large: {shown} (max length={most})");
    Err(m.place(member, DefError::new(orglet_base::ErrorCode::StringTooLong, message)))
}

fn range(m: &Members<'_>, member: &str, value: Option<u32>, range: RangeInclusive<u32>) -> Result<(), DefError> {
    let message = match value {
        Some(v) if v < *range.start() => format!("Invalid {member}, minimum is: {}", range.start()),
        Some(v) if v > *range.end() => format!("Invalid {member}, maximum is: {}", range.end()),
        _ => return Ok(()),
    };
    Err(m.place(member, DefError::integrity(message)))
}

fn lengths(def: &FieldDef, m: &Members<'_>) -> Result<(), DefError> {
    use FieldKindDef as K;
    match def.kind {
        K::Text => range(m, "length", def.length, 1..=255)?,
        K::EncryptedText => range(m, "length", def.length, 1..=175)?,
        K::LongTextArea | K::Html => range(m, "length", def.length, 256..=131_072)?,
        _ => {}
    }
    let lines = def.visible_lines.map(u32::from);
    match def.kind {
        K::LongTextArea => range(m, "visibleLines", lines, 2..=50),
        K::Html => range(m, "visibleLines", lines, 10..=50),
        K::MultiselectPicklist => range(m, "visibleLines", lines, 3..=10),
        _ => Ok(()),
    }
}

fn numbers(def: &FieldDef, m: &Members<'_>) -> Result<(), DefError> {
    use FieldKindDef as K;
    let scale = def.scale.map(u32::from);
    match def.kind {
        K::Number | K::Currency | K::Percent => {
            range(m, "precision", def.precision.map(u32::from), 1..=18)?;
            range(m, "scale", scale, 0..=def.precision.map_or(18, u32::from))
        }
        K::Location => range(m, "scale", scale, 0..=15),
        _ => Ok(()),
    }
}

fn references(def: &FieldDef, m: &Members<'_>) -> Result<(), DefError> {
    if let Some(relationship) = &def.relationship_name
        && !name::is_developer_name(relationship)
    {
        let bad = DefError { fields: Vec::new(), ..name::bad_name("Child Relationship Name", relationship) };
        return Err(m.place("relationshipName", bad));
    }
    match def.kind {
        FieldKindDef::Lookup
            if def.required && !matches!(def.delete_constraint, Some(DeleteConstraint::Restrict | DeleteConstraint::Cascade)) =>
        {
            let message = "field integrity exception: unknown (must specify either cascade delete or restrict delete for required lookup foreign key)";
            Err(m.place("deleteConstraint", DefError::integrity(message)))
        }
        FieldKindDef::MasterDetail => range(m, "relationshipOrder", def.relationship_order.map(u32::from), 0..=1),
        _ => Ok(()),
    }
}

/// Checks an auto-number's display format: one `{0…}`, and `{YYYY}`, `{YY}`, `{MM}`, `{DD}` around it; at most 30
/// characters.
pub(super) fn display_format(format: &str) -> Result<(), DefError> {
    let bad = || DefError::integrity(format!("Invalid display format: {format}"));
    if format.chars().count() > 30 {
        return Err(bad());
    }
    let mut numbers = 0;
    let mut rest = format;
    while let Some(open) = rest.find('{') {
        let inner = &rest[open + 1..];
        let close = inner.find('}').ok_or_else(bad)?;
        match &inner[..close] {
            "YYYY" | "YY" | "MM" | "DD" => {}
            zeros if !zeros.is_empty() && zeros.len() <= 10 && zeros.bytes().all(|b| b == b'0') => numbers += 1,
            _ => return Err(bad()),
        }
        rest = &inner[close + 1..];
    }
    if numbers == 1 && !rest.contains('}') { Ok(()) } else { Err(bad()) }
}
