//! List views: those that an org has without anyone making them (of the standard objects, from `data/list_views.tsv`, and one
//! for each custom object), and those that its metadata defines, which take the place of one of the same name.

use super::sections::Sections;
use crate::lookup_filter::Logic;
use crate::object::Object;
use orglet_base::{Id, KeyPrefix};
use std::borrow::Cow;
use std::sync::OnceLock;

const LIST_VIEWS: &str = include_str!("../../data/list_views.tsv");
/// Key prefix of list views.
pub const PREFIX: KeyPrefix = KeyPrefix(*b"00B");
/// Numbers that an object's list views may have.
const NUMBERS: u64 = 64;
/// The number of a list of rows viewed last that the data does not number itself.
const RECENT: u64 = NUMBERS - 1;

/// A list view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListView {
    /// The id that an org gave it, of one that its metadata defines.
    pub own: Option<Id>,
    /// The number of another one among those of its object; never given twice.
    pub number: u64,
    /// Its name for programs, unique within its object.
    pub developer_name: String,
    /// Its name for people.
    pub label: String,
    /// The scope that its query uses: `everything`, `mine`, `mru` …
    pub scope: &'static str,
    /// What its rows are like; `None` where no query can say it.
    pub filter: Option<Vec<Condition>>,
    /// How the conditions hang together.
    pub logic: Logic,
    /// The fields shown, as paths from its object.
    pub columns: Vec<String>,
}

/// A condition of a list view: a field, an operator, and the literals of which one must fit, or, of one that says what must not
/// be, all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// A field, as a path from the object.
    pub field: Cow<'static, str>,
    /// `equals`, `lessThan` …
    pub operator: &'static str,
    /// Literals, as a query writes them.
    pub values: Vec<Cow<'static, str>>,
}

impl Condition {
    /// Whether it says what must not be.
    pub fn is_negative(&self) -> bool {
        matches!(self.operator, "notEquals" | "notLike")
    }
}

impl ListView {
    /// Its id: of one that nobody made the same in every org. `object` is the one that it lists.
    pub fn id(&self, object: &Object) -> Id {
        if let Some(own) = self.own {
            return own;
        }
        let place = object.key_prefix.map_or(0, KeyPrefix::number);
        Id::new(PREFIX, *b"5g", place * NUMBERS + self.number)
    }
}

/// The key prefix of the object that a list view's id would be of.
pub fn listed(id: Id) -> KeyPrefix {
    KeyPrefix::from_number(id.counter() / NUMBERS)
}

/// The list views of an object, those first that nobody made, in the order of their ids; none for objects that have none.
pub fn of(object: &Object) -> Vec<ListView> {
    let mut views = unmade(object);
    if let Some(rules) = object.rules.as_ref().filter(|rules| !rules.list_views.is_empty()) {
        let defined = &rules.list_views;
        views.retain(|view| !defined.iter().any(|own| own.developer_name.eq_ignore_ascii_case(&view.developer_name)));
        views.extend(defined.iter().cloned());
    }
    views
}

/// The list views of an object that nobody made.
fn unmade(object: &Object) -> Vec<ListView> {
    if object.custom {
        let offered = object.flags.layoutable && object.key_prefix.is_some();
        return if offered { vec![all(object, "All".to_owned(), "All".to_owned())] } else { Vec::new() };
    }
    let Some(entry) = super::entry(&object.name) else { return Vec::new() };
    let mut views = Vec::new();
    let mut columns = None;
    for line in sections().get(&object.name).unwrap_or_default().lines() {
        match line.strip_prefix(": ") {
            Some(list) => columns = Some(list),
            None => views.extend(read(object, line, columns)),
        }
    }
    let offered = entry.urls.contains('v');
    if offered && views.is_empty() {
        let plural = &object.label_plural;
        views.push(all(object, format!("All{}", squeezed(plural)), format!("All {plural}")));
    }
    let counts_views = object.flags.mru_enabled && object.field("LastViewedDate").is_some();
    if offered && counts_views && !views.iter().any(|v| v.scope == "mru") {
        let plural = &object.label_plural;
        let label = format!("Recently Viewed {plural}");
        views.push(ListView { number: RECENT, scope: "mru", ..all(object, format!("RecentlyViewed{}", squeezed(plural)), label) });
        if let (Some(columns), Some(view)) = (columns, views.last_mut()) {
            view.columns = paths(object, columns);
        }
    }
    views
}

/// The data, by object.
fn sections() -> &'static Sections {
    static SECTIONS: OnceLock<Sections> = OnceLock::new();
    SECTIONS.get_or_init(|| Sections::read(LIST_VIEWS))
}

fn squeezed(label: &str) -> String {
    label.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Every row of an object.
fn all(object: &Object, developer_name: String, label: String) -> ListView {
    let logic = Logic::all_of(0);
    ListView { own: None, number: 1, developer_name, label, scope: "everything", filter: Some(Vec::new()), logic, columns: plain(object) }
}

/// Columns where none are known or chosen: the name, and whose a row of a standard object is.
pub(crate) fn plain(object: &Object) -> Vec<String> {
    let name = object.name_field().map_or_else(|| "Id".to_owned(), |f| f.name.clone());
    let owner = (!object.custom).then(|| owner(object)).flatten();
    std::iter::once(name).chain(owner).collect()
}

/// The column that names the owner. Where queues may own rows too, it has another field.
pub(crate) fn owner(object: &Object) -> Option<String> {
    let field = object.field("OwnerId")?;
    // Activities show the user's alias, though recent releases let queues own tasks.
    let queues = field.reference_to.iter().any(|to| to == "Group") && !matches!(object.name.as_str(), "Task" | "Event");
    Some(if queues { "Owner.NameOrAlias" } else { "Owner.Alias" }.to_owned())
}

fn paths(object: &Object, list: &str) -> Vec<String> {
    list.split(',').filter_map(|path| if path == "@owner" { owner(object) } else { Some(path.to_owned()) }).collect()
}

fn read(object: &Object, line: &'static str, columns: Option<&'static str>) -> Option<ListView> {
    let mut cells = line.split('\t');
    let mut next = || cells.next().unwrap_or("");
    let (number, developer_name, label, scope, filter, own) = (next(), next(), next(), next(), next(), next());
    let own = Some(own).filter(|list| !list.is_empty()).or(columns);
    let filter = conditions(filter);
    Some(ListView {
        own: None,
        number: number.parse().ok()?,
        developer_name: developer_name.to_owned(),
        label: label.to_owned(),
        scope,
        logic: Logic::all_of(filter.as_ref().map_or(0, Vec::len)),
        filter,
        columns: own.map_or_else(|| plain(object), |list| paths(object, list)),
    })
}

/// Conditions are apart by `; `, the literals of one by `|`; `!` stands for what no query can say.
fn conditions(text: &'static str) -> Option<Vec<Condition>> {
    if text == "!" {
        return None;
    }
    let read = |part: &'static str| {
        let (field, rest) = part.split_once(' ')?;
        let (operator, values) = rest.split_once(' ')?;
        Some(Condition { field: Cow::Borrowed(field), operator, values: values.split('|').map(Cow::Borrowed).collect() })
    };
    text.split("; ").filter(|part| !part.is_empty()).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard;
    use std::collections::HashSet;

    fn has(object: &Object, path: &str) -> bool {
        match path.split_once('.') {
            None => object.field(path).is_some_and(crate::Field::has_column),
            Some((relation, field)) => object.parent_field(relation).is_some_and(|f| {
                let targets = f.reference_to.iter().filter_map(|to| standard::objects().object(to).cloned());
                field == "NameOrAlias" || targets.into_iter().any(|to| to.field(field).is_some())
            }),
        }
    }

    #[test]
    fn every_line_can_be_read() {
        let objects = standard::objects();
        for name in sections().names() {
            let object = objects.object(name).unwrap_or_else(|| panic!("{name}"));
            let lines = sections().get(name).unwrap().lines().filter(|l| !l.starts_with(": ")).count();
            let views = of(object);
            assert!(views.len() >= lines, "{name}");
            let mut numbers = HashSet::new();
            let mut names = HashSet::new();
            for view in &views {
                assert!((1..NUMBERS).contains(&view.number) && numbers.insert(view.number), "{name} {view:?}");
                assert!(names.insert(view.developer_name.to_lowercase()), "{name} {view:?}");
                for path in view.columns.iter().map(String::as_str).chain(view.filter.iter().flatten().map(|c| &*c.field)) {
                    assert!(has(object, path), "{name} {} {path}", view.developer_name);
                }
            }
        }
    }

    #[test]
    fn ids_are_recorded_orders() {
        let account = standard::objects().object("Account").unwrap().clone();
        let views = of(&account);
        let names: Vec<_> = views.iter().map(|v| v.developer_name.as_str()).collect();
        assert_eq!(
            names,
            ["NewThisWeek", "NewLastWeek", "PlatinumandGoldSLACustomers", "RecentlyViewedAccounts", "AllAccounts", "MyAccounts"]
        );
        assert!(views.iter().all(|v| Some(listed(v.id(&account))) == account.key_prefix));
        assert!(views.windows(2).all(|w| w[0].id(&account) < w[1].id(&account)));
    }
}
