//! Page layouts and compact layouts, as describes tell them.

use super::field::{field_doc, picklist_under};
use super::layout_items::{Tabs, blank, button, items_of};
use super::{Viewer, record_types};
use crate::codec::Doc;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::lists;
use orglet_schema::standard::layouts::{self, Layout, Section};
use orglet_schema::{Field, FieldType, Object};

/// The layouts of an object, with the record types that have them; these alone where each layout is asked for by itself (`elsewhere`).
pub(crate) fn result(cx: &dyn Viewer, object: &Object, layout: &Layout, elsewhere: bool) -> Doc {
    let types = record_types::of(object);
    let picklists: Vec<&Field> = object
        .fields()
        .iter()
        .filter(|f| matches!(f.ty, FieldType::Picklist | FieldType::MultiPicklist) && cx.identity().access.reads_field(object, f))
        .collect();
    let mappings = types.iter().map(|info| {
        let url = format!("{}describe/layouts/{}", cx.rows_path(object), info.id);
        let of_picklist =
            |f: &&Field| Doc::obj([("picklistName", f.name.clone().into()), ("picklistValues", picklist_under(f, info.record_type))]);
        Doc::obj([
            ("active", info.active.into()),
            ("available", info.available.into()),
            ("defaultRecordTypeMapping", info.default.into()),
            ("developerName", info.developer_name.to_owned().into()),
            ("layoutId", layout.id.to_string().into()),
            ("master", info.master.into()),
            ("name", info.name.to_owned().into()),
            ("picklistsForRecordType", Doc::list(picklists.iter().map(of_picklist))),
            ("recordTypeId", info.id.clone().into()),
            ("urls", Doc::obj([("layout", url.into())])),
        ])
    });
    // Who may give several has to choose.
    let choice = types.iter().filter(|info| info.available && !info.master).count() > 1;
    let layouts = if elsewhere { Doc::Null } else { Doc::List(vec![layout_doc(cx, object, layout)]) };
    Doc::obj([
        ("layouts", layouts),
        ("recordTypeMappings", Doc::list(mappings)),
        ("recordTypeSelectorRequired", Doc::List(vec![choice.into()])),
    ])
}

/// The compact layouts of an object, with the record types that have them.
pub(crate) fn compact_result(cx: &dyn Viewer, object: &Object) -> Doc {
    let url = format!("{}describe/compactLayouts", cx.rows_path(object));
    let mappings = record_types::of(object).into_iter().map(|info| {
        let layout = format!("{url}/{}", info.id);
        Doc::obj([
            ("available", info.available.into()),
            ("compactLayoutId", Doc::Null),
            ("compactLayoutName", "SYSTEM".into()),
            ("recordTypeId", info.id.into()),
            ("recordTypeName", info.name.to_owned().into()),
            ("urls", Doc::obj([("compactLayout", layout.into())])),
        ])
    });
    Doc::obj([
        ("compactLayouts", Doc::List(vec![compact_doc(cx, object)])),
        ("defaultCompactLayoutId", Doc::Null),
        ("recordTypeCompactLayoutMappings", Doc::list(mappings)),
        ("urls", Doc::obj([("primary", format!("{url}/primary").into())])),
    ])
}

/// Rows that a related list shows.
const RELATED_ROWS: i64 = 5;

/// The refusal of an object without layouts.
pub(crate) fn not_layoutable() -> ApiError {
    ApiError::new(ErrorCode::InvalidArgumentType, "Cannot get layout for non-layoutable entity")
}

/// A page layout.
pub(crate) fn layout_doc(cx: &dyn Viewer, object: &Object, layout: &Layout) -> Doc {
    let sections = |edit: bool| {
        let mut tabs = Tabs::default();
        Doc::list(layout.sections.iter().map(|section| section_doc(cx, object, layout, section, edit, &mut tabs)).collect::<Vec<_>>())
    };
    let flags = &object.flags;
    let buttons = [(flags.updateable, "Edit", "Edit"), (flags.deletable, "Delete", "Delete"), (flags.createable, "Clone", "Clone")];
    let buttons = buttons.into_iter().filter(|(on, ..)| *on).map(|(_, name, label)| button(name, label));
    let related = layouts::related_lists(object).into_iter().filter_map(|(name, columns)| related_doc(cx, object, name, &columns));
    Doc::obj([
        ("buttonLayoutSection", Doc::obj([("detailButtons", Doc::list(buttons))])),
        ("detailLayoutSections", sections(false)),
        ("editLayoutSections", sections(true)),
        ("feedView", Doc::Null),
        ("highlightsPanelLayoutSection", Doc::Null),
        ("id", layout.id.to_string().into()),
        ("multirowEditLayoutSections", Doc::List(Vec::new())),
        ("offlineLinks", Doc::List(Vec::new())),
        ("quickActionList", Doc::obj([("quickActionListItems", Doc::List(Vec::new()))])),
        ("relatedContent", Doc::Null),
        ("relatedLists", Doc::list(related)),
        ("saveOptions", Doc::List(Vec::new())),
    ])
}

/// A list of an object's children.
fn related_doc(cx: &dyn Viewer, object: &Object, name: &str, paths: &[&str]) -> Option<Doc> {
    let relationship = object.child(name)?;
    let child = cx.visible(&relationship.child)?;
    let name_field = child.name_field().map_or("", |f| f.name.as_str());
    let columns = lists::columns(cx.identity(), child, paths).into_iter().map(|column| {
        let format = match column.ty {
            FieldType::Date => Some("date"),
            FieldType::DateTime => Some("dateTime"),
            _ => None,
        };
        let lookup = match column.path.split_once('.') {
            Some((relation, _)) => Some(format!("{relation}.Id")),
            None => (column.path == name_field).then(|| "Id".to_owned()),
        };
        Doc::obj([
            ("field", column.field.clone().into()),
            ("fieldApiName", column.field.into()),
            ("format", format.into()),
            ("label", column.label.into()),
            ("lookupId", lookup.into()),
            ("name", column.select.into()),
        ])
    });
    let new = child.flags.createable.then(|| button("New", "New"));
    Some(Doc::obj([
        ("accessLevelRequiredForCreate", Doc::Null),
        ("buttons", Doc::list(new)),
        ("columns", Doc::list(columns)),
        ("custom", child.custom.into()),
        ("field", relationship.field.clone().into()),
        ("label", child.label_plural.clone().into()),
        ("limitRows", RELATED_ROWS.into()),
        ("name", name.to_owned().into()),
        ("sobject", child.name.clone().into()),
        ("sort", Doc::List(Vec::new())),
    ]))
}

/// A section as it is shown, or as it is edited: there, each part of an address is an item of its own.
fn section_doc(cx: &dyn Viewer, object: &Object, layout: &Layout, section: &Section, edit: bool, tabs: &mut Tabs) -> Doc {
    let mut columns: Vec<Vec<Doc>> = Vec::with_capacity(section.columns.len());
    for column in &section.columns {
        let mut docs = Vec::new();
        for item in column {
            if let Some(field) = object.field(&item.field).filter(|f| cx.identity().access.reads_field(object, f)) {
                docs.extend(items_of(object, field, item.behavior, edit, tabs));
            }
        }
        columns.push(docs);
    }
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |_| {
        let items: Vec<Doc> = columns.iter_mut().map(|column| column.next().unwrap_or_else(blank)).collect();
        let count = items.len() as i64;
        Doc::obj([("layoutItems", Doc::List(items)), ("numItems", count.into())])
    };
    let layout_rows: Vec<Doc> = (0..rows).map(row).collect();
    Doc::obj([
        ("collapsed", false.into()),
        ("columns", (section.columns.len() as i64).into()),
        ("heading", section.heading.clone().into()),
        ("layoutRows", Doc::List(layout_rows)),
        ("layoutSectionId", section.id.to_string().into()),
        ("parentLayoutId", layout.id.to_string().into()),
        ("rows", (rows as i64).into()),
        ("tabOrder", if section.top_to_bottom { "TopToBottom" } else { "LeftToRight" }.into()),
        ("useCollapsibleSection", false.into()),
        ("useHeading", (if edit { section.heads_edit } else { section.heads_detail }).into()),
    ])
}

/// The platform's own compact layout of an object.
pub(crate) fn compact_doc(cx: &dyn Viewer, object: &Object) -> Doc {
    let mut tabs = Tabs::default();
    let photo = object.field("PhotoUrl").filter(|f| f.extra_type_info.as_deref() == Some("imageurl"));
    let readable = |f: &&Field| cx.identity().access.reads_field(object, f);
    let images = photo.filter(readable).map(|f| Doc::List(vec![compact_item(object, f, &mut tabs)]));
    let fields: Vec<Doc> =
        layouts::compact_fields(object).into_iter().filter(readable).map(|f| compact_item(object, f, &mut tabs)).collect();
    let actions = [
        ("CallHighlightAction", "Call"),
        ("EmailHighlightAction", "Send Email"),
        ("MapHighlightAction", "Map"),
        ("NewsHighlightAction", "Read News"),
        ("WebsiteHighlightAction", "View Website"),
    ];
    Doc::obj([
        ("actions", Doc::list(actions.into_iter().map(|(name, label)| button(name, label)))),
        ("fieldItems", Doc::List(fields)),
        ("id", Doc::Null),
        ("imageItems", images.into()),
        ("label", "System Default".into()),
        ("name", "SYSTEM".into()),
        ("objectType", object.name.clone().into()),
    ])
}

fn compact_item(object: &Object, field: &Field, tabs: &mut Tabs) -> Doc {
    let component = Doc::obj([
        ("components", Doc::List(Vec::new())),
        ("details", field_doc(field, field.createable)),
        ("displayLines", 1.into()),
        ("tabOrder", tabs.next().into()),
        ("type", "Field".into()),
        ("value", field.name.clone().into()),
    ]);
    Doc::obj([
        ("editableForNew", false.into()),
        ("editableForUpdate", false.into()),
        ("label", layouts::label(object, field).into()),
        ("layoutComponents", Doc::List(vec![component])),
        ("placeholder", false.into()),
        ("required", false.into()),
        ("uiBehavior", Doc::Null),
    ])
}
