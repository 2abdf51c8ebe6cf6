//! Quick actions: the global ones that every org begins with, as far as they make records. Those that post to a feed or
//! send mail are not listed.

mod describe;

use super::write::decode_record_beside;
use super::{Rest, appearance, process, recent, typed};
use crate::Reply;
use crate::codec::{Doc, Node, NodeValue, XmlOrder};
use crate::compat;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_engine::Failure;
use orglet_engine::save::{Assign, Op, Saved, save_one};
use orglet_schema::{Field, Object};
use std::sync::Arc;

/// A quick action.
pub(super) struct QuickAction {
    /// Its API name.
    pub(super) name: &'static str,
    /// Its label.
    pub(super) label: &'static str,
    /// `Create` or `LogACall`.
    kind: &'static str,
    /// The object whose records it makes.
    pub(super) target: &'static str,
    /// The fields of its layout.
    fields: &'static [&'static str],
    /// What the form is filled with.
    defaults: &'static [(&'static str, &'static str)],
    /// What the record gets beside the form.
    preset: &'static [(&'static str, &'static str)],
    /// Its icon, and the color behind it.
    icon: (&'static str, &'static str),
}

const fn action(
    name: &'static str,
    label: &'static str,
    target: &'static str,
    icon: (&'static str, &'static str),
    fields: &'static [&'static str],
) -> QuickAction {
    QuickAction { name, label, kind: "Create", target, fields, defaults: &[], preset: &[], icon }
}

/// The global actions.
pub(super) static GLOBAL: &[QuickAction] = &[
    QuickAction {
        kind: "LogACall",
        defaults: &[("Subject", "Call")],
        preset: &[("Status", "Completed"), ("TaskSubtype", "Call")],
        ..action("LogACall", "Log a Call", "Task", ("log_a_call", "06A59A"), &["Subject", "Description", "WhoId", "WhatId"])
    },
    action("NewAccount", "New Account", "Account", ("new_account", "5867E8"), &["Name", "Phone"]),
    action("NewCase", "New Case", "Case", ("new_case", "FF5D2D"), &["ContactId", "Status", "Subject", "Description"]),
    action(
        "NewContact",
        "New Contact",
        "Contact",
        ("new_contact", "9050E9"),
        &["Salutation", "FirstName", "LastName", "Email", "Phone", "AccountId", "Title"],
    ),
    action(
        "NewEvent",
        "New Event",
        "Event",
        ("new_event", "FF538A"),
        &["Subject", "Description", "StartDateTime", "EndDateTime", "IsAllDayEvent", "Location", "WhoId", "WhatId"],
    ),
    action(
        "NewLead",
        "New Lead",
        "Lead",
        ("new_lead", "FF5D2D"),
        &["Salutation", "FirstName", "LastName", "Email", "Phone", "Company", "Title"],
    ),
    action(
        "NewOpportunity",
        "New Opportunity",
        "Opportunity",
        ("new_opportunity", "FF5D2D"),
        &["Name", "AccountId", "CloseDate", "StageName", "Amount"],
    ),
    action("NewTask", "New Task", "Task", ("new_task", "3BA755"), &["Subject", "ActivityDate", "WhoId", "WhatId", "OwnerId", "Status"]),
];

impl QuickAction {
    /// The fields of the layout, in its order.
    pub(super) fn layout<'o>(&self, object: &'o Object) -> impl Iterator<Item = &'o Field> {
        self.fields.iter().filter_map(|name| object.field(name))
    }

    fn default_of(&self, field: &str) -> Option<&'static str> {
        self.defaults.iter().find(|(name, _)| *name == field).map(|(_, value)| *value)
    }
}

/// The global action of a name.
pub(super) fn named(name: &str) -> Result<&'static QuickAction, ApiError> {
    GLOBAL.iter().find(|action| action.name.eq_ignore_ascii_case(name)).ok_or_else(ApiError::not_found)
}

/// `GET /quickActions`, `GET /sobjects/{object}/quickActions`: an object has no actions of its own until they are defined.
pub(super) fn list(cx: &Rest<'_>, object: Option<&str>) -> Result<Reply, Failure> {
    if let Some(name) = object {
        cx.object(name)?;
    }
    let actions = GLOBAL.iter().map(|action| {
        let mut doc = Doc::Obj(Vec::new());
        if compat::has_action_ids(cx.version) {
            // The name stands for an action that has no id.
            doc.push("actionEnumOrId", action.name);
        }
        doc.push("label", action.label);
        doc.push("name", action.name);
        doc.push("type", action.kind);
        doc.push("urls", urls(cx, action));
        doc
    });
    Ok(cx.doc(200, &Doc::Wrapped("QuickAction", actions.collect()), "QuickActions", XmlOrder::Sorted))
}

fn urls(cx: &Rest<'_>, action: &QuickAction) -> Doc {
    let path = format!("{}/quickActions/{}", cx.base, action.name);
    Doc::obj([
        ("defaultValues", format!("{path}/defaultValues").into()),
        ("quickAction", path.clone().into()),
        ("describe", format!("{path}/describe").into()),
        ("defaultValuesTemplate", format!("{path}/defaultValues/{{ID}}").into()),
    ])
}

/// The actions as a layout lists them.
pub(super) fn items(cx: &Rest<'_>) -> Doc {
    Doc::list(GLOBAL.iter().map(|action| {
        let (icon, color) = action.icon;
        Doc::obj([
            ("accessLevelRequired", Doc::Null),
            ("colors", Doc::List(vec![appearance::color(color, "theme4")])),
            ("iconUrl", Doc::Null),
            ("icons", Doc::List(appearance::lightning_icons(cx, "action", icon))),
            ("label", action.label.into()),
            ("miniIconUrl", "".into()),
            ("quickActionName", action.name.into()),
            ("targetSobjectType", action.target.into()),
            ("type", action.kind.into()),
            ("urls", urls(cx, action)),
        ])
    }))
}

/// `/quickActions/{name}`, `/sobjects/{object}/quickActions/{name}`: the describe, and the act itself by POST.
pub(super) fn one(cx: &Rest<'_>, object: Option<&str>, name: &str) -> Result<Reply, Failure> {
    let context = object.map(|name| cx.object(name)).transpose()?;
    let action = named(name)?;
    let target = cx.object(action.target)?;
    if cx.call.method == http::Method::POST {
        return perform(cx, action, &target, context.as_deref());
    }
    Ok(describe::describe(cx, action, &target))
}

/// `…/{name}/describe`.
pub(super) fn described(cx: &Rest<'_>, object: Option<&str>, name: &str) -> Result<Reply, Failure> {
    one(cx, object, name)
}

/// `…/{name}/defaultValues[/{contextId}]`: the form as it opens, for a record where one is named.
pub(super) fn default_values(cx: &Rest<'_>, object: Option<&str>, name: &str, context: Option<&str>) -> Result<Reply, Failure> {
    let of = object.map(|name| cx.object(name)).transpose()?;
    let action = named(name)?;
    let target = cx.object(action.target)?;
    let context = context.map(|text| a_context(cx, of.as_deref(), text)).transpose()?;
    let link = context.and_then(|id| link(cx, action, &target, id).map(|field| (field.name.clone(), id)));
    let mut fields = Vec::new();
    for field in action.layout(&target) {
        let linked = link.as_ref().filter(|(name, _)| *name == field.name).map(|(_, id)| id.to_string());
        let value = linked.or_else(|| action.default_of(&field.name).map(str::to_owned)).or_else(|| picked(field));
        fields.push((field.name.clone().into(), value.map_or_else(|| empty(field), Into::into)));
    }
    let doc = Doc::Record { sobject: target.name.clone().into(), url: None, fields };
    Ok(cx.doc(200, &doc, &target.name, XmlOrder::Kept))
}

/// The value that a picklist opens with.
fn picked(field: &Field) -> Option<String> {
    field.picklist.iter().find(|value| value.default).map(|value| value.value.clone())
}

fn empty(field: &Field) -> Doc {
    if field.ty == orglet_schema::FieldType::Boolean { false.into() } else { Doc::Null }
}

/// The id of the record from which an action is taken; of the object that the path names, where it does.
fn a_context(cx: &Rest<'_>, of: Option<&Object>, text: &str) -> Result<Id, Failure> {
    let malformed = || {
        let text = format!("contextId: id value of incorrect type: {text}");
        ApiError::new(ErrorCode::MalformedId, text).with_fields(["contextId"])
    };
    let id = Id::parse(text).map_err(|_| malformed())?;
    if of.is_some_and(|object| object.key_prefix != Some(id.prefix())) {
        return Err(malformed().into());
    }
    process::exists(cx, id)?;
    Ok(id)
}

/// The field of the layout by which a new record belongs to another.
fn link<'o>(cx: &Rest<'_>, action: &QuickAction, target: &'o Object, context: Id) -> Option<&'o Field> {
    let object = cx.catalog.object_of(context)?;
    let fits = |field: &&Field| field.createable && field.name != "OwnerId" && field.reference_to.contains(&object.name);
    action.layout(target).find(fits).or_else(|| target.field("AccountId").filter(fits))
}

/// Does what an action does.
fn perform(cx: &Rest<'_>, action: &QuickAction, target: &Arc<Object>, of: Option<&Object>) -> Result<Reply, Failure> {
    let body = cx.body()?;
    let body = typed::object(&body, &["contextId", "record"])?;
    let context = typed::text(body, "contextId")?.map(|text| a_context(cx, of, text)).transpose()?;
    let none = Node { value: NodeValue::Object(Vec::new()), line: 1, column: 1, read: Default::default() };
    let saved = create(cx, action, target, context, body.get("record").unwrap_or(&none), &[])?;
    let id = saved.id.to_string();
    let doc = Doc::obj([
        ("contextId", context.map(|id| id.to_string()).into()),
        ("created", true.into()),
        ("errors", Doc::List(Vec::new())),
        ("feedItemIds", Doc::Null),
        ("id", id.clone().into()),
        ("ids", Doc::list([id])),
        ("success", true.into()),
        ("successMessage", Doc::Null),
    ]);
    Ok(cx.doc(201, &doc, "QuickActionResult", XmlOrder::Sorted))
}

/// Makes the record of an action: what is given, the form's defaults for what is not, and the record it belongs to.
pub(super) fn create(
    cx: &Rest<'_>,
    action: &QuickAction,
    target: &Arc<Object>,
    context: Option<Id>,
    record: &Node<'_>,
    beside: &[&str],
) -> Result<Saved, Failure> {
    if let Some(id) = context {
        process::exists(cx, id)?;
    }
    let mut incoming = decode_record_beside(cx, target, record, None, beside)?;
    let mut add = |name: &str, value: Value| {
        let index = target.field_index(name);
        if let Some(index) = index.filter(|index| !incoming.fields.iter().any(|(given, _)| given == index)) {
            incoming.fields.push((index, Assign::Value(value)));
        }
    };
    for (name, value) in action.defaults.iter().chain(action.preset) {
        add(name, Value::Text((*value).to_owned()));
    }
    if let Some((field, id)) = context.and_then(|id| Some((link(cx, action, target, id)?, id))) {
        add(&field.name, Value::Id(id));
    }
    let saved = save_one(&cx.identity, target, Op::Insert, incoming, None)?;
    recent::looked(cx, target, saved.id);
    Ok(saved)
}
