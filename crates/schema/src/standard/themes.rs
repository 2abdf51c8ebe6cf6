//! Icons, colors and tabs of the standard objects, from `data/themes.tsv` and `data/tabs.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

const THEMES: &str = include_str!("../../data/themes.tsv");
const TABS: &str = include_str!("../../data/tabs.tsv");

/// How an object is shown. Colors are six hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The object.
    pub object: &'static str,
    /// Its icon in Lightning Experience, among the standard ones.
    pub icon: &'static str,
    /// The color behind that icon.
    pub color: &'static str,
    /// Its icon in Salesforce Classic, which has no icon for newer objects.
    pub classic_icon: Option<&'static str>,
    /// Its color in Salesforce Classic, as far as it is known.
    pub classic_color: Option<&'static str>,
}

/// A tab that an org has without anyone making it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Its name, without the `standard-` before it.
    pub name: &'static str,
    /// The object that it shows, if any.
    pub object: Option<&'static str>,
    /// Its label where that is not the object's plural one.
    pub label: Option<&'static str>,
    /// The path of its page where that is not the object's list.
    pub page: Option<&'static str>,
}

/// The objects with icons and colors of their own, in the order of their names.
pub fn themes() -> &'static [Theme] {
    static ALL: OnceLock<Vec<Theme>> = OnceLock::new();
    ALL.get_or_init(|| lines(THEMES).map(|[object, icon, color, a, b]| read(object, icon, color, a, b)).collect())
}

/// The icons and colors of an object, if it has its own.
pub fn theme(object: &str) -> Option<&'static Theme> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Theme>> = OnceLock::new();
    BY_NAME.get_or_init(|| themes().iter().map(|theme| (theme.object, theme)).collect()).get(object).copied()
}

/// The tabs, in the order of their labels.
pub fn tabs() -> &'static [Tab] {
    static ALL: OnceLock<Vec<Tab>> = OnceLock::new();
    ALL.get_or_init(|| {
        lines(TABS).map(|[name, object, label, page]| Tab { name, object: some(object), label: some(label), page: some(page) }).collect()
    })
}

fn read(object: &'static str, icon: &'static str, color: &'static str, classic: &'static str, classic_color: &'static str) -> Theme {
    Theme { object, icon, color, classic_icon: some(classic), classic_color: some(classic_color) }
}

fn lines<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut cells = line.split('\t');
        std::array::from_fn(|_| cells.next().unwrap_or(""))
    })
}

fn some(cell: &'static str) -> Option<&'static str> {
    Some(cell).filter(|cell| !cell.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard;

    #[test]
    fn every_line_can_be_read() {
        let objects = standard::objects();
        let color = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        for theme in themes() {
            assert!(objects.object(theme.object).is_some(), "{theme:?}");
            assert!(!theme.icon.is_empty() && color(theme.color) && theme.classic_color.is_none_or(color), "{theme:?}");
        }
        assert!(themes().is_sorted_by_key(|theme| theme.object));
        for tab in tabs() {
            assert!(tab.object.is_some() || (tab.label.is_some() && tab.page.is_some()), "{tab:?}");
            let object = tab.object.map(|name| objects.object(name).unwrap_or_else(|| panic!("{tab:?}")));
            assert!(object.is_none_or(|o| o.key_prefix.is_some()), "{tab:?}");
        }
        let label = |tab: &Tab| {
            let plural = || tab.object.and_then(|name| objects.object(name)).map(|o| o.label_plural.to_lowercase());
            tab.label.map(str::to_lowercase).or_else(plural)
        };
        assert!(tabs().is_sorted_by_key(label), "by label");
    }
}
