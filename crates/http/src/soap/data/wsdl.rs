//! Values of describes as elements: which members a type has, and in what order, as the WSDL says.

use crate::codec::Doc;
use crate::soap::envelope::Answer;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A member of a type.
struct Member {
    name: &'static str,
    /// Whether null is told.
    nillable: bool,
    /// Whether it may be absent.
    optional: bool,
    /// Whether it may come more than once, or not at all.
    many: bool,
    /// The type of its own members, where it has some.
    of: &'static str,
}

static TYPES: LazyLock<HashMap<&'static str, Vec<Member>>> = LazyLock::new(|| {
    let mut types: HashMap<&'static str, Vec<Member>> = HashMap::new();
    let mut current = "";
    for line in include_str!("wsdl.tsv").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("= ") {
            current = name;
            continue;
        }
        let (marked, of) = line.split_once('\t').unwrap_or((line, ""));
        let name = marked.trim_end_matches(['?', '*', '+']);
        let has = |mark: char| marked[name.len()..].contains(mark);
        let member = Member { name, nillable: has('?'), optional: has('*'), many: has('+'), of };
        types.entry(current).or_default().push(member);
    }
    types
});

/// Writes a value as elements of a name: one for each of a list.
pub(super) fn put(answer: &mut Answer, name: &str, value: &Doc, ty: &str) {
    match value {
        Doc::Null => {}
        Doc::Bool(value) => _ = answer.bool(name, *value),
        Doc::Int(n) => _ = answer.text(name, &n.to_string()),
        Doc::Number(text) => _ = answer.text(name, text),
        Doc::Str(text) => _ = answer.text(name, text),
        Doc::DateTime(at) => _ = answer.text(name, &at.to_canonical()),
        Doc::List(items) | Doc::Wrapped(_, items) => items.iter().for_each(|item| put(answer, name, item, ty)),
        Doc::Obj(members) | Doc::Record { fields: members, .. } => {
            answer.begin(name);
            for member in TYPES.get(ty).map(Vec::as_slice).unwrap_or_default() {
                match members.iter().find(|(key, _)| key == member.name).map(|(_, value)| value) {
                    Some(value) if *value != Doc::Null => put(answer, member.name, value, member.of),
                    // Null, and what is not told here.
                    _ if member.many || (member.optional && !member.nillable) => {}
                    _ => _ = answer.nil(member.name),
                }
            }
            answer.end(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_there() {
        for member in TYPES.values().flatten().filter(|member| !member.of.is_empty()) {
            assert!(TYPES.contains_key(member.of), "{} of {}", member.name, member.of);
        }
    }
}
