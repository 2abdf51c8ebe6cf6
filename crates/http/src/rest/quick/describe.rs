//! The describe of a quick action, with its layout.

use super::QuickAction;
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::compat;
use crate::describe::field::{field_doc, optional};
use crate::rest::{Rest, appearance};
use orglet_schema::{Field, Object};

/// Members that say nothing of actions of these kinds.
const NOTHING: &[&str] = &[
    "accessLevelRequired",
    "canvasApplicationId",
    "canvasApplicationName",
    "contextSobjectType",
    "flowDevName",
    "flowRecordIdVar",
    "height",
    "iconName",
    "iconUrl",
    "lightningComponentBundleId",
    "lightningComponentBundleName",
    "lightningComponentQualifiedName",
    "miniIconUrl",
    "mobileExtensionDisplayMode",
    "mobileExtensionId",
    "targetParentField",
    "targetRecordTypeId",
    "visualforcePageName",
    "visualforcePageUrl",
    "width",
];

pub(super) fn describe(cx: &Rest<'_>, action: &QuickAction, target: &Object) -> Reply {
    let defaults = action.defaults.iter().map(|(field, value)| Doc::obj([("defaultValue", (*value).into()), ("field", (*field).into())]));
    let mut members: Vec<(&'static str, Doc)> = NOTHING.iter().map(|name| (*name, Doc::Null)).collect();
    if compat::has_action_ids(cx.version) {
        members.push(("actionEnumOrId", action.name.into()));
    }
    members.extend([
        ("colors", Doc::List(vec![appearance::color(action.icon.1, "theme4")])),
        ("defaultValues", Doc::list(defaults)),
        ("icons", Doc::List(appearance::lightning_icons(cx, "action", action.icon.0))),
        ("label", action.label.into()),
        ("layout", section(action, target)),
        ("name", action.name.into()),
        ("showQuickActionLcHeader", false.into()),
        ("showQuickActionVfHeader", false.into()),
        ("targetSobjectType", action.target.into()),
        ("type", action.kind.into()),
    ]);
    members.sort_by_key(|(name, _)| *name);
    let mut doc = Doc::Obj(Vec::with_capacity(members.len()));
    members.into_iter().for_each(|(name, value)| doc.push(name, value));
    cx.doc(200, &doc, "DescribeQuickActionResult", XmlOrder::Sorted)
}

/// The fields of the form, one in a row.
fn section(action: &QuickAction, target: &Object) -> Doc {
    let rows: Vec<Doc> = action.layout(target).enumerate().map(|(i, field)| row(field, i as i64 + 1)).collect();
    Doc::obj([
        ("collapsed", false.into()),
        ("columns", Doc::Int(1)),
        ("heading", optional(None)),
        ("layoutSectionId", Doc::Null),
        ("parentLayoutId", Doc::Null),
        ("rows", Doc::Int(rows.len() as i64)),
        ("layoutRows", Doc::List(rows)),
        ("tabOrder", "TopToBottom".into()),
        ("useCollapsibleSection", false.into()),
        ("useHeading", false.into()),
    ])
}

fn row(field: &Field, order: i64) -> Doc {
    let component = Doc::obj([
        ("details", field_doc(field, field.createable)),
        ("displayLines", Doc::Int(1)),
        ("tabOrder", Doc::Int(order)),
        ("type", "Field".into()),
        ("value", field.name.clone().into()),
    ]);
    let item = Doc::obj([
        ("editableForNew", field.createable.into()),
        ("editableForUpdate", field.updateable.into()),
        ("label", field.label.clone().into()),
        ("layoutComponents", Doc::List(vec![component])),
        ("placeholder", false.into()),
        ("required", field.required_on_create().into()),
    ]);
    Doc::obj([("layoutItems", Doc::List(vec![item])), ("numItems", Doc::Int(1))])
}
