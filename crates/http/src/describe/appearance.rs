//! What the user interface looks like: tabs, icons and colors, items of menus.

use super::Viewer;
use crate::codec::Doc;
use orglet_base::{Id, KeyPrefix};
use orglet_schema::standard::themes::{self, Tab, Theme};

/// How objects without an icon of their own are shown.
const PLAIN: Theme = Theme { object: "", icon: "default", color: "939393", classic_icon: None, classic_color: None };

const HOME: Theme = Theme { object: "", icon: "home", color: "FF538A", classic_icon: Some("home"), classic_color: None };

/// The apps of the menu of Salesforce Classic, and the number of each in its id.
pub(crate) const APPS: &[(u64, &str)] = &[(1, "Sales"), (2, "Service"), (3, "Marketing")];

/// An item of the menu of the mobile app: type, name, label, path, icon and its color.
pub(crate) type Item = (&'static str, &'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

/// The items that an org without Chatter and dashboards has.
pub(crate) const MOBILE: &[Item] = &[
    ("Standard.Search", "Search", "Smart Search Items", "/search", None),
    ("Standard.MyDay", "MyDay", "Today", "/myDay", Some(("today", "FF538A"))),
    ("Standard.Tasks", "Tasks", "Tasks", "/tasks", Some(("task", "3BA755"))),
];

/// A tab, if the user sees its object.
pub(crate) fn tab_doc(cx: &dyn Viewer, tab: &Tab) -> Option<Doc> {
    let object = match tab.object {
        Some(name) => Some(cx.visible(name)?),
        None => None,
    };
    let theme = match tab.object {
        Some(name) => themes::theme(name).unwrap_or(&PLAIN),
        None => &HOME,
    };
    let label = tab.label.map_or_else(|| object.as_ref().map(|o| o.label_plural.clone()).unwrap_or_default(), str::to_owned);
    let list = || object.as_ref().and_then(|o| o.key_prefix).map(|prefix| format!("/{}/o", prefix.as_str()));
    let page = tab.page.map_or_else(|| list().unwrap_or_default(), str::to_owned);
    let (large, small) = match theme.classic_icon {
        Some(icon) => (classic(cx, icon, 32), classic(cx, icon, 16)),
        None => (lightning(cx, "standard", theme.icon, "_120.png"), lightning(cx, "standard", theme.icon, "_60.png")),
    };
    Some(Doc::obj([
        ("colors", colors(theme)),
        ("custom", false.into()),
        ("iconUrl", large.into()),
        ("icons", icons(cx, theme)),
        ("label", label.into()),
        ("miniIconUrl", small.into()),
        ("name", format!("standard-{}", tab.name).into()),
        ("sobjectName", tab.object.into()),
        ("url", format!("{}{page}", cx.origin()).into()),
    ]))
}

pub(crate) fn app(number: u64, label: &'static str) -> Doc {
    let id = Id::new(KeyPrefix(*b"02u"), *b"5g", number);
    item_doc("Tabset", id.as_15().to_owned(), label, format!("/home/home.jsp?tsid={}", id.as_15()), (Doc::Null, Doc::Null))
}

pub(crate) fn mobile(cx: &dyn Viewer, (kind, name, label, path, icon): &Item) -> Doc {
    let shown = icon.map_or((Doc::Null, Doc::Null), |(icon, shade)| {
        (Doc::List(vec![color(shade, "theme4")]), Doc::List(lightning_icons(cx, "standard", icon)))
    });
    item_doc(kind, (*name).to_owned(), label, (*path).to_owned(), shown)
}

fn item_doc(kind: &'static str, name: String, label: &'static str, url: String, (colors, icons): (Doc, Doc)) -> Doc {
    Doc::obj([
        ("colors", colors),
        ("content", Doc::Null),
        ("icons", icons),
        ("label", label.into()),
        ("name", name.into()),
        ("type", kind.into()),
        ("url", url.into()),
    ])
}

pub(crate) fn colors(theme: &Theme) -> Doc {
    let classic = theme.classic_color.map(|shade| color(shade, "theme3"));
    Doc::list(std::iter::once(color(theme.color, "theme4")).chain(classic))
}

/// A color of a theme: theme3 is Salesforce Classic, theme4 Lightning Experience.
pub(crate) fn color(shade: &'static str, theme: &'static str) -> Doc {
    Doc::obj([("color", shade.into()), ("context", "primary".into()), ("theme", theme.into())])
}

pub(crate) fn icons(cx: &dyn Viewer, theme: &Theme) -> Doc {
    let classic =
        theme.classic_icon.into_iter().flat_map(|name| [32, 16].map(|size| icon("image/png", size, "theme3", classic(cx, name, size))));
    Doc::list(classic.chain(lightning_icons(cx, "standard", theme.icon)))
}

/// The forms of an icon of Lightning Experience, which stands in one of several sets.
pub(crate) fn lightning_icons(cx: &dyn Viewer, set: &str, name: &str) -> Vec<Doc> {
    let png = |size: i64| icon("image/png", size, "theme4", lightning(cx, set, name, &format!("_{size}.png")));
    vec![icon("image/svg+xml", 0, "theme4", lightning(cx, set, name, ".svg")), png(60), png(120)]
}

fn icon(kind: &'static str, size: i64, theme: &'static str, url: String) -> Doc {
    Doc::obj([("contentType", kind.into()), ("height", size.into()), ("theme", theme.into()), ("url", url.into()), ("width", size.into())])
}

fn classic(cx: &dyn Viewer, name: &str, size: i64) -> String {
    format!("{}/img/icon/{name}{size}.png", cx.origin())
}

fn lightning(cx: &dyn Viewer, set: &str, name: &str, end: &str) -> String {
    format!("{}/img/icon/t4v35/{set}/{name}{end}", cx.origin())
}
