//! What the user interface looks like: tabs, icons and colors, menus of apps.

use super::{Rest, conditional};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::describe::appearance::{APPS, MOBILE, app, colors, icons, mobile, tab_doc};
pub(super) use crate::describe::appearance::{color, lightning_icons};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_schema::standard::themes;

/// `GET /tabs`.
pub(super) fn tabs(cx: &Rest<'_>) -> Reply {
    let tabs = themes::tabs().iter().filter_map(|tab| tab_doc(cx, tab));
    cx.doc(200, &Doc::Wrapped("Tab", tabs.collect()), "Tabs", XmlOrder::Sorted)
}

/// `GET /theme`, by conditions too: it changes with the metadata.
pub(super) fn theme(cx: &Rest<'_>) -> Reply {
    if let Some(reply) = conditional::describe_not_modified(cx) {
        return reply;
    }
    let seen = themes::themes().iter().filter(|theme| cx.object(theme.object).is_ok());
    let items = seen.map(|theme| Doc::obj([("colors", colors(theme)), ("icons", icons(cx, theme)), ("name", theme.object.into())]));
    let doc = Doc::obj([("themeItems", Doc::list(items))]);
    conditional::describe_headers(cx, cx.doc(200, &doc, "DescribeThemeResult", XmlOrder::Sorted))
}

/// `GET /appMenu`.
pub(super) fn menus(cx: &Rest<'_>) -> Reply {
    let url = |name: &str| Doc::from(format!("{}/appMenu/{name}", cx.base));
    let doc = Doc::obj([("AppSwitcher", url("AppSwitcher")), ("Salesforce1", url("Salesforce1")), ("NetworkTabs", url("NetworkTabs"))]);
    cx.doc(200, &doc, "AppMenu", XmlOrder::Kept)
}

/// `GET /appMenu/{menu}`.
pub(super) fn menu(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let items: Vec<Doc> = match name.to_ascii_lowercase().as_str() {
        "appswitcher" => APPS.iter().map(|(number, label)| app(*number, label)).collect(),
        "salesforce1" => MOBILE.iter().map(|item| mobile(cx, item)).collect(),
        "networktabs" if cx.call.param("networkId").is_none() => {
            return Err(ApiError::new(ErrorCode::MissingArgument, "Missing required parameter: networkId").into());
        }
        // There are no sites, hence none of an id.
        _ => return Err(ApiError::not_found().into()),
    };
    let doc = Doc::obj([("appMenuItems", Doc::List(items))]);
    Ok(cx.doc(200, &doc, "DescribeAppMenuResult", XmlOrder::Sorted))
}
