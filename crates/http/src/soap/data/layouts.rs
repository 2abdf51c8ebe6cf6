//! What the user interface looks like: layouts, tabs, themes, menus, searches.

use super::Data;
use super::wsdl::put;
use crate::codec::Doc;
use crate::describe::{Viewer, appearance, layouts, record_types, search};
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::Identity;
use orglet_schema::standard::{layouts as known, themes};
use orglet_schema::{Catalog, Object};
use std::sync::Arc;

/// Objects that one call may ask for.
const MOST: usize = 100;

impl Viewer for Data<'_> {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn origin(&self) -> &str {
        &self.soap.call.origin
    }

    fn rows_path(&self, _object: &Object) -> String {
        String::new()
    }
}

/// The objects that an argument names.
fn objects<'d>(data: &'d Data<'_>, argument: &str) -> Result<Vec<&'d Arc<Object>>, Fault> {
    let names = data.soap.request.list(argument);
    if names.len() > MOST {
        let text = format!("exceeded the maximum of {MOST} types in one call");
        return Err(ApiError::new(ErrorCode::ExceededMaxTypesLimit, text).into());
    }
    Ok(names.into_iter().map(|name| data.object(name.trim())).collect::<Result<_, _>>()?)
}

/// Keeps the record types that the call asks for, where it asks for some.
fn of_record_types(data: &Data<'_>, object: &Object, mut doc: Doc, member: &str) -> Result<Doc, Fault> {
    let asked: Vec<&str> = data.soap.request.list("recordTypeIds").into_iter().map(str::trim).filter(|id| !id.is_empty()).collect();
    if asked.is_empty() {
        return Ok(doc);
    }
    let mut ids = Vec::with_capacity(asked.len());
    for text in asked {
        record_types::find(object, text)?;
        ids.push(Id::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string()));
    }
    let is_asked = |mapping: &Doc| {
        let Doc::Obj(members) = mapping else { return false };
        members.iter().any(|(name, value)| name == "recordTypeId" && ids.iter().any(|id| *value == Doc::from(id.clone())))
    };
    if let Doc::Obj(members) = &mut doc {
        for (_, value) in members.iter_mut().filter(|(name, _)| name == member) {
            if let Doc::List(mappings) = value {
                mappings.retain(is_asked);
            }
        }
    }
    Ok(doc)
}

/// `describeLayout(sObjectType, layoutName, recordTypeIds…)`.
pub(super) fn layout(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let object = data.object(data.soap.request.argument("sObjectType").trim())?;
    let name = data.soap.request.argument("layoutName").trim();
    let layout = match name {
        "" => known::of(object).ok_or_else(layouts::not_layoutable)?,
        name => known::named(object, name).ok_or_else(|| no_layout(object, name))?,
    };
    let doc = of_record_types(data, object, layouts::result(data, object, &layout, false), "recordTypeMappings")?;
    put(answer, "result", &doc, "DescribeLayoutResult");
    Ok(())
}

fn no_layout(object: &Object, name: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgumentType, format!("There is no layout {name} of {}", object.name))
}

fn compact_layoutable(object: &Object) -> Result<(), ApiError> {
    if object.flags.compact_layoutable { Ok(()) } else { Err(layouts::not_layoutable()) }
}

/// `describeCompactLayouts(sObjectType, recordTypeIds…)`.
pub(super) fn compact(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let object = data.object(data.soap.request.argument("sObjectType").trim())?;
    compact_layoutable(object)?;
    let doc = of_record_types(data, object, layouts::compact_result(data, object), "recordTypeCompactLayoutMappings")?;
    put(answer, "result", &doc, "DescribeCompactLayoutsResult");
    Ok(())
}

/// `describePrimaryCompactLayouts(sObjectTypes…)`.
pub(super) fn primary_compact(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    for object in objects(data, "sObjectTypes")? {
        compact_layoutable(object)?;
        put(answer, "result", &layouts::compact_doc(data, object), "DescribeCompactLayout");
    }
    Ok(())
}

/// `describeAllTabs()`.
pub(super) fn all_tabs(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    for tab in themes::tabs().iter().filter_map(|tab| appearance::tab_doc(data, tab)) {
        put(answer, "result", &tab, "DescribeTab");
    }
    Ok(())
}

/// `describeTheme(sobjectType…)`: of all objects where none is named.
pub(super) fn theme(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let asked = objects(data, "sobjectType")?;
    let wanted = |object: &str| asked.is_empty() || asked.iter().any(|o| o.name == object);
    let seen = themes::themes().iter().filter(|theme| wanted(theme.object) && data.visible(theme.object).is_some());
    let items = seen.map(|theme| {
        let (colors, icons) = (appearance::colors(theme), appearance::icons(data, theme));
        Doc::obj([("colors", colors), ("icons", icons), ("name", theme.object.into())])
    });
    put(answer, "result", &Doc::obj([("themeItems", Doc::list(items))]), "DescribeThemeResult");
    Ok(())
}

/// `describeSearchScopeOrder()`.
pub(super) fn scope(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    for object in search::scope(data) {
        let prefix = object.key_prefix.as_ref().map_or("", |prefix| prefix.as_str()).to_owned();
        let doc = Doc::obj([("keyPrefix", prefix.into()), ("name", object.name.clone().into())]);
        put(answer, "result", &doc, "DescribeSearchScopeOrderResult");
    }
    Ok(())
}

/// `describeSearchLayouts(sObjectType…)`.
pub(super) fn search_layouts(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    for object in objects(data, "sObjectType")? {
        put(answer, "result", &search::layout(data, object), "DescribeSearchLayoutResult");
    }
    Ok(())
}

/// `describeAppMenu(appMenuType, networkId)`.
pub(super) fn app_menu(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let items: Vec<Doc> = match data.soap.request.argument("appMenuType").trim() {
        "AppSwitcher" => appearance::APPS.iter().map(|(number, label)| appearance::app(*number, label)).collect(),
        "Salesforce1" => appearance::MOBILE.iter().map(|item| appearance::mobile(data, item)).collect(),
        // There are no sites, hence no menus of theirs.
        "NetworkTabs" => return Err(ApiError::not_found().into()),
        other => return Err(Fault::client(format!("'{other}' is not a valid value for the type tns:AppMenuType"))),
    };
    put(answer, "result", &Doc::obj([("appMenuItems", Doc::List(items))]), "DescribeAppMenuResult");
    Ok(())
}
