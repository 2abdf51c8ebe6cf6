//! Which objects can be searched, and in which of their fields.

use super::matcher::TextKind;
use orglet_schema::{AccessSet, Field, FieldType, Object};
use orglet_syntax::sosl::ast::Group;

/// Fields that count as names beside the one that names a record (SOSL reference, IN SearchGroup).
const MORE_NAMES: &[(&str, &[&str])] = &[
    ("Account", &["Website", "Site", "NameLocal"]),
    ("Asset", &["SerialNumber"]),
    ("Case", &["SuppliedName", "SuppliedCompany", "Subject"]),
    ("Contact", &["AssistantName", "FirstNameLocal", "LastNameLocal"]),
    ("Event", &["Subject"]),
    ("Lead", &["Company", "CompanyLocal", "FirstNameLocal", "LastNameLocal"]),
    ("Note", &["Title"]),
    ("Task", &["Subject"]),
    ("User", &["CommunityNickname"]),
];

/// Objects of which all fields are searched whatever the group is, and which are searched only where they are named.
const APART: &[&str] = &["ContentDocument", "ContentVersion", "Document", "FeedComment", "FeedItem", "Product2", "Solution"];

/// Objects for which words without an operator between them are alternatives.
const OR_BY_DEFAULT: &[&str] = &["Document", "Solution"];

/// Objects of which WITH HIGHLIGHT marks the words found; beside them custom objects.
const HIGHLIGHTED: &[&str] = &["Account", "Campaign", "Contact", "Lead", "Opportunity", "Quote", "User"];

/// Whether an object can be searched.
pub fn is_searchable(object: &Object) -> bool {
    object.flags.searchable && object.flags.queryable && object.has_table()
}

/// Whether a search that names no objects covers this one.
pub fn is_in_every_search(object: &Object) -> bool {
    is_searchable(object) && !APART.contains(&object.name.as_str())
}

pub(super) fn or_by_default(object: &Object) -> bool {
    OR_BY_DEFAULT.contains(&object.name.as_str())
}

pub(super) fn is_highlighted(object: &Object) -> bool {
    object.custom || HIGHLIGHTED.contains(&object.name.as_str())
}

/// The field that names an object's records in suggestions.
pub fn naming_field(object: &Object) -> Option<&Field> {
    let title = || object.field("Title").filter(|f| f.ty == FieldType::String);
    object.name_field().or_else(title)
}

/// The fields of a group, and the kind of text in each.
pub(super) fn fields<'a>(object: &'a Object, group: Group, access: &AccessSet) -> Vec<(&'a Field, TextKind)> {
    let group = if APART.contains(&object.name.as_str()) && group != Group::NameField { Group::All } else { group };
    let readable = object.fields().iter().filter(|f| access.reads_field(object, f));
    readable.filter(|f| is_in(object, f, group)).filter_map(|f| Some((f, text_kind(f)?))).collect()
}

fn is_in(object: &Object, field: &Field, group: Group) -> bool {
    let names = || {
        let more = MORE_NAMES.iter().find(|(name, _)| *name == object.name).map_or(&[][..], |(_, more)| more);
        field.name_field || more.contains(&field.name.as_str())
    };
    match group {
        Group::All => true,
        Group::NameField => naming_field(object).is_some_and(|f| f.name == field.name),
        Group::Name => names(),
        Group::Email => field.ty == FieldType::Email,
        Group::Phone => field.ty == FieldType::Phone,
        // What the sidebar searched is not listed anywhere: names and how to reach them.
        Group::Sidebar => names() || matches!(field.ty, FieldType::Email | FieldType::Phone),
    }
}

/// The kind of a field's text; none for fields that are not searched: numbers, dates, picklists, encrypted text, and
/// text that neither people nor a counter write.
fn text_kind(field: &Field) -> Option<TextKind> {
    use FieldType::*;
    let written = field.createable || field.updateable || field.name_field || field.is_auto_number || field.auto_number.is_some();
    if !written || !field.has_column() {
        return None;
    }
    match field.ty {
        Phone => Some(TextKind::Phone),
        TextArea if field.extra_type_info.as_deref() == Some("richtextarea") => Some(TextKind::Rich),
        String | TextArea | Email | Url | Combobox => Some(TextKind::Plain),
        _ => None,
    }
}

/// Whether WITH HIGHLIGHT marks words in a field: those that are text and no phone number, address or rich text.
pub(super) fn is_marked(field: &Field) -> bool {
    use FieldType::*;
    matches!(field.ty, String | TextArea | Email) && text_kind(field) == Some(TextKind::Plain) && !field.calculated
}
