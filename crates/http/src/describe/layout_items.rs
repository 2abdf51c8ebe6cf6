//! The items of page layouts: a field, or the several that make one.

use crate::codec::Doc;
use crate::describe::field::field_doc;
use orglet_schema::standard::layouts::{self, Behavior};
use orglet_schema::{Field, FieldType, Object};

/// Lines of a text area, and of a long one, where nothing else is said.
const LINES: i64 = 3;
const LONG_LINES: i64 = 6;

/// The order in which the tab key goes through a layout.
#[derive(Debug, Default)]
pub(crate) struct Tabs(i64);

impl Tabs {
    pub(crate) fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// An item that only takes up room.
pub(crate) fn blank() -> Doc {
    item_doc(String::new(), Vec::new(), (false, false), true, false, Doc::Null)
}

/// A button that the platform has of itself.
pub(crate) fn button(name: &'static str, label: &'static str) -> Doc {
    Doc::obj([
        ("behavior", Doc::Null),
        ("colors", Doc::Null),
        ("content", Doc::Null),
        ("contentSource", Doc::Null),
        ("custom", false.into()),
        ("encoding", Doc::Null),
        ("height", Doc::Null),
        ("icons", Doc::Null),
        ("label", label.into()),
        ("menubar", false.into()),
        ("name", name.into()),
        ("overridden", false.into()),
        ("resizeable", false.into()),
        ("scrollbars", false.into()),
        ("showsLocation", false.into()),
        ("showsStatus", false.into()),
        ("toolbar", false.into()),
        ("url", Doc::Null),
        ("width", Doc::Null),
        ("windowPosition", Doc::Null),
    ])
}

/// The items that a field of a layout becomes: one where it is shown; where it is edited, one for each part of an address.
pub(crate) fn items_of(object: &Object, field: &Field, behavior: Behavior, edit: bool, tabs: &mut Tabs) -> Vec<Doc> {
    if edit && field.ty == FieldType::Address {
        return address_parts(object, field).map(|part| item(object, part, behavior, edit, tabs)).collect();
    }
    vec![item(object, field, behavior, edit, tabs)]
}

fn item(object: &Object, field: &Field, behavior: Behavior, edit: bool, tabs: &mut Tabs) -> Doc {
    let writable = edit && behavior != Behavior::Readonly;
    let parts: Vec<&Field> = object.parts_of(&field.name).collect();
    let any = |flag: fn(&Field) -> bool| writable && (flag(field) || parts.iter().any(|p| flag(p)));
    let editable = (any(|f| f.createable), any(|f| f.updateable));
    let mut components = vec![component(object, field, tabs)];
    // Who made or changed a record is shown with the time.
    let time = match field.name.as_str() {
        "CreatedById" => object.field("CreatedDate"),
        "LastModifiedById" => object.field("LastModifiedDate"),
        _ => None,
    };
    if let Some(time) = time {
        components.extend([separator(", ", tabs), component(object, time, tabs)]);
    }
    let required = edit && behavior == Behavior::Required;
    item_doc(layouts::label(object, field), components, editable, false, required, behavior.name().into())
}

fn item_doc(label: String, components: Vec<Doc>, editable: (bool, bool), placeholder: bool, required: bool, behavior: Doc) -> Doc {
    Doc::obj([
        ("editableForNew", editable.0.into()),
        ("editableForUpdate", editable.1.into()),
        ("label", label.into()),
        ("layoutComponents", Doc::List(components)),
        ("placeholder", placeholder.into()),
        ("required", required.into()),
        ("uiBehavior", behavior),
    ])
}

/// A field with what it is made of: the lines of an address, the names of a person.
fn component(object: &Object, field: &Field, tabs: &mut Tabs) -> Doc {
    let tab = tabs.next();
    let mut parts: Vec<Doc> = Vec::new();
    if field.ty == FieldType::Address {
        let between = |part: &Field| match part.name.strip_prefix(stem(field)).unwrap_or(&part.name) {
            "City" | "Country" => "\n",
            "State" => ", ",
            _ => " ",
        };
        for part in address_parts(object, field) {
            if !parts.is_empty() {
                parts.push(separator(between(part), tabs));
            }
            parts.push(component(object, part, tabs));
        }
    } else if field.name_field {
        let mut names: Vec<&Field> = object.parts_of(&field.name).collect();
        let rank = |f: &Field| ["Salutation", "FirstName", "MiddleName", "LastName", "Suffix"].iter().position(|n| *n == f.name);
        names.sort_by_key(|f| rank(f));
        for part in names {
            if !parts.is_empty() {
                parts.push(separator(" ", tabs));
            }
            parts.push(component(object, part, tabs));
        }
    }
    let lines = match field.ty {
        FieldType::TextArea if field.length > 255 => LONG_LINES,
        FieldType::TextArea => LINES,
        // The lines of a multi-select list stand in the place of its precision.
        FieldType::MultiPicklist => i64::from(field.precision).max(1),
        _ => 1,
    };
    Doc::obj([
        ("components", Doc::List(parts)),
        ("details", field_doc(field, field.createable)),
        ("displayLines", lines.into()),
        ("tabOrder", tab.into()),
        ("type", "Field".into()),
        ("value", field.name.clone().into()),
    ])
}

fn separator(text: &'static str, tabs: &mut Tabs) -> Doc {
    Doc::obj([
        ("details", Doc::Null),
        ("displayLines", 1.into()),
        ("tabOrder", tabs.next().into()),
        ("type", "Separator".into()),
        ("value", text.into()),
    ])
}

/// The lines of an address, in the order in which they are written; not the point on the map.
fn address_parts<'a>(object: &'a Object, field: &'a Field) -> impl Iterator<Item = &'a Field> {
    ["Street", "City", "State", "PostalCode", "Country"].into_iter().filter_map(|part| object.field(&format!("{}{part}", stem(field))))
}

/// What the names of an address's parts begin with: `Billing` of BillingAddress, nothing of Address.
fn stem(field: &Field) -> &str {
    field.name.strip_suffix("Address").unwrap_or(&field.name)
}
