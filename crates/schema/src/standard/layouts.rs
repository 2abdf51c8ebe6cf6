//! Page layouts and compact layouts: those of the standard objects, from `data/layouts.tsv` and
//! `data/compact_layouts.tsv`, and those that the platform makes for objects that nobody laid out.

use super::sections::Sections;
use crate::field::{Field, FieldType};
use crate::object::Object;
use orglet_base::{Id, KeyPrefix};
use std::sync::OnceLock;

const LAYOUTS: &str = include_str!("../../data/layouts.tsv");
const COMPACT: &str = include_str!("../../data/compact_layouts.tsv");
const LABELS: &str = include_str!("../../data/layout_labels.tsv");
const RELATED: &str = include_str!("../../data/related_lists.tsv");
const SEARCH: &str = include_str!("../../data/search_layouts.tsv");
const NAMED: &str = include_str!("../../data/named_layouts.tsv");
/// Sections that a layout may have.
const SECTIONS: u64 = 64;
/// Where the ids of layouts that have names begin, behind those of one layout for each key prefix.
const NAMED_FROM: u64 = 62 * 62 * 62;
/// Where the id of the global layout is, behind those that have names.
const GLOBAL_AT: u64 = 2 * NAMED_FROM;

/// A page layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its id, the same in every org.
    pub id: Id,
    /// From top to bottom.
    pub sections: Vec<Section>,
}

/// A section of a page layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub id: Id,
    /// Its title.
    pub heading: String,
    /// Whether the tab key goes down the columns rather than along the rows.
    pub top_to_bottom: bool,
    /// Whether the title is shown where a record is shown.
    pub heads_detail: bool,
    /// Whether the title is shown where a record is edited.
    pub heads_edit: bool,
    /// The items of each column.
    pub columns: Vec<Vec<Item>>,
}

/// A field of a page layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The field; a compound one for addresses and names of people.
    pub field: String,
    /// What the layout lets users do with it.
    pub behavior: Behavior,
}

/// What a layout lets users do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the metadata names them")]
pub enum Behavior {
    Edit,
    Required,
    Readonly,
}

impl Behavior {
    /// As describes write it.
    pub fn name(self) -> &'static str {
        match self {
            Behavior::Edit => "Edit",
            Behavior::Required => "Required",
            Behavior::Readonly => "Readonly",
        }
    }
}

/// The page layout of an object, `None` where it has none.
pub fn of(object: &Object) -> Option<Layout> {
    let prefix = object.key_prefix.filter(|_| object.flags.layoutable)?;
    let sections: Vec<Section> = match sections(&LAYOUT_SECTIONS, LAYOUTS).get(&object.name).filter(|_| !object.custom) {
        Some(lines) => lines.lines().map(|line| read(object, line)).collect(),
        None => made(object),
    };
    Some(numbered(prefix.number(), sections))
}

/// The names under which an object has other page layouts: `UserAlt` is that of the profile page of users.
pub fn names(object: &Object) -> &'static [&'static str] {
    if object.name == "User" { &["UserAlt"] } else { &[] }
}

/// The page layout that an object has under a name, in any case.
pub fn named(object: &Object, name: &str) -> Option<Layout> {
    let prefix = object.key_prefix.filter(|_| object.flags.layoutable)?;
    let name = names(object).iter().find(|known| known.eq_ignore_ascii_case(name))?;
    let lines = sections(&NAMED_SECTIONS, NAMED).get(&format!("{}.{name}", object.name))?;
    Some(numbered(NAMED_FROM + prefix.number(), lines.lines().map(|line| read(object, line)).collect()))
}

/// The id of the layout of the global actions.
pub fn global_id() -> Id {
    Id::new(KeyPrefix(*b"00h"), *b"5g", GLOBAL_AT)
}

/// A layout of a number, with the sections that have anything in them.
fn numbered(number: u64, mut sections: Vec<Section>) -> Layout {
    sections.retain(|s| s.columns.iter().any(|c| !c.is_empty()));
    for (at, section) in sections.iter_mut().enumerate() {
        section.id = Id::new(KeyPrefix(*b"01B"), *b"5g", number * SECTIONS + at as u64 + 1);
    }
    Layout { id: Id::new(KeyPrefix(*b"00h"), *b"5g", number), sections }
}

/// The fields of an object's compact layout in the order of the platform's own.
pub fn compact_fields(object: &Object) -> Vec<&Field> {
    let list = sections(&COMPACT_SECTIONS, COMPACT).get(&object.name).filter(|_| !object.custom).unwrap_or_default();
    let known: Vec<&Field> = list.split_whitespace().filter_map(|name| object.field(name)).collect();
    if known.is_empty() { object.name_field().or_else(|| object.field("Id")).into_iter().collect() } else { known }
}

/// The related lists on an object's page layout: the relationship's name, and the columns as paths from the child.
pub fn related_lists(object: &Object) -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = sections(&RELATED_SECTIONS, RELATED).get(&object.name).filter(|_| !object.custom).unwrap_or_default();
    lines.lines().filter_map(|line| line.split_once('\t')).map(|(name, columns)| (name, columns.split(',').collect())).collect()
}

/// The columns of an object's search results, as paths from it; none where they are not known.
pub fn search_columns(object: &Object) -> Vec<&'static str> {
    let line = sections(&SEARCH_SECTIONS, SEARCH).get(&object.name).filter(|_| !object.custom).unwrap_or_default();
    line.trim().split(',').filter(|path| !path.is_empty()).collect()
}

/// A field's label on pages, which is not always that of its describe: references are called by what they lead to, and
/// some standard fields have a name of their own there.
pub fn label(object: &Object, field: &Field) -> String {
    let own = sections(&LABEL_SECTIONS, LABELS).get(&object.name).unwrap_or_default();
    if let Some(label) = own.lines().filter_map(|l| l.split_once('\t')).find(|(name, _)| *name == field.name).map(|(_, label)| label) {
        return label.to_owned();
    }
    match (field.ty, field.name.as_str()) {
        _ if field.custom => field.label.clone(),
        (FieldType::Reference, "OwnerId") => format!("{} Owner", object.label),
        (FieldType::Reference, "AccountId") => "Account Name".to_owned(),
        (FieldType::Reference, "ContactId") => "Contact Name".to_owned(),
        (FieldType::Reference, _) => field.label.strip_suffix(" ID").unwrap_or(&field.label).to_owned(),
        _ => field.label.clone(),
    }
}

static LAYOUT_SECTIONS: OnceLock<Sections> = OnceLock::new();
static COMPACT_SECTIONS: OnceLock<Sections> = OnceLock::new();
static LABEL_SECTIONS: OnceLock<Sections> = OnceLock::new();
static RELATED_SECTIONS: OnceLock<Sections> = OnceLock::new();
static SEARCH_SECTIONS: OnceLock<Sections> = OnceLock::new();
static NAMED_SECTIONS: OnceLock<Sections> = OnceLock::new();

fn sections(cell: &'static OnceLock<Sections>, text: &'static str) -> &'static Sections {
    cell.get_or_init(|| Sections::read(text))
}

/// A line: title, style, and the fields of each column, with `!` behind those that are required and `-` behind those
/// that are read only.
fn read(object: &Object, line: &str) -> Section {
    let mut cells = line.split('\t');
    let (heading, style) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
    let item = |text: &str| {
        let (name, behavior) = match (text.strip_suffix('!'), text.strip_suffix('-')) {
            (Some(name), _) => (name, Behavior::Required),
            (_, Some(name)) => (name, Behavior::Readonly),
            _ => (text, Behavior::Edit),
        };
        Some(Item { field: object.field(name)?.name.clone(), behavior })
    };
    let count = if style.starts_with('1') { 1 } else { 2 };
    let mut columns: Vec<Vec<Item>> = cells.map(|column| column.split_whitespace().filter_map(item).collect()).collect();
    columns.resize(count, Vec::new());
    Section {
        id: Id::EMPTY,
        heading: heading.to_owned(),
        top_to_bottom: !style.contains('L'),
        heads_detail: style.contains('d'),
        heads_edit: style.contains('e'),
        columns,
    }
}

/// What the platform makes: a custom object gets its name, its owner and what a record must have; of a standard object
/// whose layout is not known, all that users write is laid out, in two columns.
fn made(object: &Object) -> Vec<Section> {
    let item = |field: &Field, behavior: Behavior| Item { field: field.name.clone(), behavior };
    let behavior = |field: &Field| match (field.createable || field.updateable, field.nillable || field.ty == FieldType::Boolean) {
        (false, _) => Behavior::Readonly,
        (true, false) => Behavior::Required,
        (true, true) => Behavior::Edit,
    };
    let name = object.name_field();
    let owner = object.field("OwnerId");
    let mut left: Vec<Item> = name.map(|f| item(f, behavior(f))).into_iter().collect();
    let mut right: Vec<Item> = owner.map(|f| item(f, Behavior::Edit)).into_iter().collect();
    let part_of_other = |f: &Field| f.compound.as_deref().is_some_and(|c| c != f.name && object.field(c).is_some());
    let writable = |f: &&Field| f.createable || f.updateable || f.ty.is_compound();
    let rest = object.fields().iter().filter(|f| !f.name_field && f.name != "OwnerId" && f.ty != FieldType::Id && !part_of_other(f));
    for field in rest.filter(writable) {
        if object.custom {
            if field.custom && !field.nillable && field.ty != FieldType::Boolean {
                left.push(item(field, Behavior::Required));
            }
        } else if !field.custom {
            let column = if left.len() <= right.len() { &mut left } else { &mut right };
            column.push(item(field, if field.ty.is_compound() { Behavior::Edit } else { behavior(field) }));
        }
    }
    let system = |name: &str| object.field(name).map(|f| item(f, Behavior::Readonly)).into_iter().collect();
    let section = |heading: &str, columns: Vec<Vec<Item>>| Section {
        id: Id::EMPTY,
        heading: heading.to_owned(),
        top_to_bottom: true,
        heads_detail: false,
        heads_edit: true,
        columns,
    };
    vec![section("Information", vec![left, right]), section("System Information", vec![system("CreatedById"), system("LastModifiedById")])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard;

    #[test]
    fn every_line_can_be_read() {
        let objects = standard::objects();
        for (cell, text) in [(&LAYOUT_SECTIONS, LAYOUTS), (&COMPACT_SECTIONS, COMPACT), (&LABEL_SECTIONS, LABELS)] {
            for name in sections(cell, text).names() {
                assert!(objects.object(name).is_some(), "{name}");
            }
        }
        for name in sections(&LAYOUT_SECTIONS, LAYOUTS).names() {
            let object = objects.object(name).unwrap();
            for word in sections(&LAYOUT_SECTIONS, LAYOUTS)
                .get(name)
                .unwrap()
                .lines()
                .flat_map(|l| l.split('\t').skip(2))
                .flat_map(str::split_whitespace)
            {
                assert!(object.field(word.trim_end_matches(['!', '-'])).is_some(), "{name}.{word}");
            }
            assert!(object.flags.layoutable, "{name}");
        }
        for name in sections(&COMPACT_SECTIONS, COMPACT).names() {
            let object = objects.object(name).unwrap();
            let wanted = sections(&COMPACT_SECTIONS, COMPACT).get(name).unwrap().split_whitespace().count();
            assert_eq!(compact_fields(object).len(), wanted, "{name}");
        }
        for name in sections(&RELATED_SECTIONS, RELATED).names() {
            let object = objects.object(name).unwrap();
            for (relationship, columns) in related_lists(object) {
                let child = object.child(relationship).unwrap_or_else(|| panic!("{name}.{relationship}"));
                let child = objects.object(&child.child).unwrap();
                for path in columns {
                    let known = match path.split_once('.') {
                        Some((relation, _)) => child.parent_field(relation).is_some(),
                        None => child.field(path).is_some(),
                    };
                    assert!(known, "{name}.{relationship}.{path}");
                }
            }
        }
        for name in sections(&SEARCH_SECTIONS, SEARCH).names() {
            let object = objects.object(name).unwrap();
            assert!(object.flags.search_layoutable || name == "Task", "{name}");
            for path in search_columns(object) {
                let known = match path.split_once('.') {
                    Some((relation, _)) => object.parent_field(relation).is_some(),
                    None => object.field(path).is_some(),
                };
                // A plain org's contracts have no name.
                assert!(known || (name, path) == ("Contract", "Name"), "{name}.{path}");
            }
        }
        for name in sections(&LABEL_SECTIONS, LABELS).names() {
            let object = objects.object(name).unwrap();
            for (field, _) in sections(&LABEL_SECTIONS, LABELS).get(name).unwrap().lines().filter_map(|l| l.split_once('\t')) {
                assert!(object.field(field).is_some(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn named_layouts_are_there() {
        let objects = standard::objects();
        let all: Vec<String> = objects.iter().flat_map(|o| names(o).iter().map(|name| format!("{}.{name}", o.name))).collect();
        let mut data: Vec<&str> = sections(&NAMED_SECTIONS, NAMED).names().collect();
        data.sort_unstable();
        assert_eq!(data, all);
        let user = objects.object("User").unwrap();
        let (own, alt) = (of(user).unwrap(), named(user, "useralt").unwrap());
        assert_eq!(alt.sections.len(), 2);
        assert!(own.id != alt.id && alt.sections.iter().all(|s| own.sections.iter().all(|o| o.id != s.id)) && alt.id != global_id());
        assert!(named(user, "Nope").is_none() && named(objects.object("Account").unwrap(), "UserAlt").is_none());
    }

    #[test]
    fn layoutable_objects_have_a_layout() {
        for object in standard::objects().iter().filter(|o| o.flags.layoutable) {
            let layout = of(object).unwrap_or_else(|| panic!("{}", object.name));
            assert!(!layout.sections.is_empty() && layout.sections.len() < SECTIONS as usize, "{}", object.name);
        }
    }
}
