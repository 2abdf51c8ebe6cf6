//! Definitions as trees in the form of the Metadata API.

use super::Custom;
use orglet_schema::custom::{ApexKind, MetaNode, part};

/// A definition as a tree of a name, which says what it is called where it is `named`. Of an object that is what it says of itself.
pub fn node(name: &str, custom: &Custom, named: bool) -> MetaNode {
    let mut children = Vec::new();
    if named {
        children.push(MetaNode::leaf("fullName", &custom.name));
    }
    children.extend(MetaNode::of_metadata(name, &custom.to_metadata()).into_iter().flat_map(|node| node.children));
    MetaNode::list(name, children)
}

/// An object as a tree: what it says of itself where `own`, and the definitions of its fields and parts that are `inside`.
pub fn object_node(have: &[Custom], object: &str, own: bool, inside: impl Fn(&Custom) -> bool) -> MetaNode {
    let of_it = || have.iter().filter(|custom| custom.object.eq_ignore_ascii_case(object));
    let itself = of_it().find(|custom| custom.object_def().is_some() && own);
    let mut children = itself.map(|custom| node("CustomObject", custom, false).children).unwrap_or_default();
    for custom in of_it().filter(|custom| custom.object_def().is_none() && inside(custom)) {
        let member = match (custom.part_def(), custom.field_def()) {
            (Some(part), _) => part.kind().member,
            (None, Some(_)) => Some("fields"),
            (None, None) => None,
        };
        children.extend(member.map(|member| node(member, custom, true)));
    }
    children.sort_by(|a, b| a.name.cmp(&b.name));
    MetaNode::list("CustomObject", children)
}

/// The file of a package that a definition is in.
pub(crate) fn file_of(custom: &Custom) -> String {
    if let Some(def) = custom.apex_def() {
        let folder = match def.kind {
            ApexKind::Class => "classes",
            ApexKind::Trigger => "triggers",
        };
        return format!("{folder}/{}.{}", def.name, def.kind.ending());
    }
    match custom.part_def().map(|part| part.kind()).filter(|kind| kind.member.is_none()) {
        None => format!("objects/{}.object", custom.object),
        Some(kind) => {
            let stem = if part::listed(kind).is_some() { custom.object.clone() } else { custom.full_name() };
            format!("{}/{stem}.{}", part::folder(kind), kind.ending)
        }
    }
}
