//! Child relationships: those of `relationships.tsv`, and for User the audit fields of every object.

use super::{Entry, everywhere, index};
use crate::object::ChildRelationship;

/// The child relationships of an object, sorted by child object and field as a describe lists them.
pub(super) fn children(parent: &str) -> Vec<ChildRelationship> {
    let index = index();
    let mut children: Vec<_> = index.relationships.get(parent).unwrap_or("").lines().map(read).collect();
    if parent == "User" {
        for entry in everywhere().filter(|e| e.storage != "v") {
            children.extend(["CreatedById", "LastModifiedById"].into_iter().filter(|f| has_field(entry, f)).map(|f| audit(entry, f)));
        }
        children.sort_by(|a, b| (&a.child, &a.field).cmp(&(&b.child, &b.field)));
    }
    children
}

fn read(line: &str) -> ChildRelationship {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or("");
    let (child, field, name, flags) = (next(), next(), next(), next());
    ChildRelationship {
        child: child.to_owned(),
        field: field.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        cascade_delete: flags.contains('c'),
        restricted_delete: flags.contains('r'),
        deprecated_and_hidden: flags.contains('d'),
    }
}

/// Looks at the text alone: reading every object's fields to list the children of User would undo their laziness.
fn has_field(entry: &Entry, field: &str) -> bool {
    if !entry.history_of.is_empty() {
        return field == "CreatedById";
    }
    let text = index().fields.get(entry.name).unwrap_or("");
    text.lines().any(|line| line.split('\t').next() == Some(field))
}

fn audit(entry: &Entry, field: &str) -> ChildRelationship {
    ChildRelationship {
        child: entry.name.to_owned(),
        field: field.to_owned(),
        name: None,
        cascade_delete: false,
        restricted_delete: false,
        deprecated_and_hidden: false,
    }
}
