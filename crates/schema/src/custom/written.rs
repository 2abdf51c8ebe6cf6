//! Definitions written down: as trees in the form of the Metadata API, and these as files.

use super::{MetaNode, MetaSource};
use serde_json::{Map, Value};

/// The namespace of metadata files.
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";
/// The member that stands before all others.
const FULL_NAME: &str = "fullName";

impl MetaNode {
    /// A node of a text.
    pub fn leaf(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), source: MetaSource::File, line: None, text: Some(text.to_owned()), children: Vec::new() }
    }

    /// A node of others.
    pub fn list(name: &str, children: Vec<MetaNode>) -> Self {
        Self { name: name.to_owned(), source: MetaSource::File, line: None, text: None, children }
    }

    /// A member of a definition in the names of the Tooling API as the Metadata API has it: the name first, then every member that
    /// says something, in the order of the alphabet. A list is a node for each of its items.
    pub fn of_metadata(name: &str, value: &Value) -> Vec<MetaNode> {
        match value {
            Value::Null => Vec::new(),
            Value::Bool(b) => vec![Self::leaf(name, &b.to_string())],
            Value::Number(n) => vec![Self::leaf(name, &n.to_string())],
            Value::String(text) => vec![Self::leaf(name, text)],
            Value::Array(items) => items.iter().flat_map(|item| Self::of_metadata(name, item)).collect(),
            Value::Object(members) => vec![Self::list(name, of_members(name, members))],
        }
    }

    /// The tree as a file of which it is the root.
    pub fn to_xml(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        out.push_str(&"    ".repeat(depth));
        out.push('<');
        out.push_str(&self.name);
        if depth == 0 {
            out.push_str(&format!(" xmlns=\"{NAMESPACE}\""));
        }
        match &self.text {
            _ if !self.children.is_empty() => {
                out.push_str(">\n");
                self.children.iter().for_each(|child| child.write(out, depth + 1));
                out.push_str(&"    ".repeat(depth));
            }
            Some(text) if !text.is_empty() => {
                out.push('>');
                text.chars().for_each(|c| escape(out, c));
            }
            _ => return out.push_str("/>\n"),
        }
        out.push_str(&format!("</{}>\n", self.name));
    }
}

fn of_members(name: &str, members: &Map<String, Value>) -> Vec<MetaNode> {
    // The Tooling API calls the name of a picklist's value `valueName`.
    let own = if matches!(name, "value" | "values") { "valueName" } else { FULL_NAME };
    let mut nodes = members.get(own).map(|own| MetaNode::of_metadata(FULL_NAME, own)).unwrap_or_default();
    let mut rest: Vec<(&String, &Value)> = members.iter().filter(|(member, _)| *member != own).collect();
    rest.sort_by_key(|(member, _)| *member);
    nodes.extend(rest.into_iter().flat_map(|(member, value)| MetaNode::of_metadata(member, value)));
    nodes
}

/// As files of the platform write characters. What XML has no form for is left out.
fn escape(out: &mut String, c: char) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&apos;"),
        '\r' => out.push_str("&#13;"),
        '\t' | '\n' => out.push(c),
        c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let value = serde_json::json!({"label": "A <&> \"B\"\r\n'C'", "n": null, "valueSet": {"value": [{"valueName": "x", "label": "X", "default": false}, {"valueName": "y"}]}});
        let node = MetaNode::list("CustomField", MetaNode::of_metadata("CustomField", &value).remove(0).children);
        let text = node.to_xml();
        assert!(
            text.contains("    <valueSet>\n        <value>\n            <fullName>x</fullName>\n            <default>false</default>\n"),
            "{text}"
        );
        let read = MetaNode::from_xml(text.as_bytes()).unwrap();
        assert_eq!(read.child_text("label"), Some("A <&> \"B\"\r\n'C'"));
        assert_eq!(read.child("valueSet").unwrap().all("value").count(), 2);
    }
}
