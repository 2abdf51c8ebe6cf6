//! A small owned tree for answers that are put together member by member: limits, describes, versions, resources.

use super::out::{RecordUrl, Writer};
use super::{Format, NodeValue};
use orglet_base::DateTime;
use std::borrow::Cow;

/// How XML orders the members of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlOrder {
    /// By name: beans (describe, limits, errors …). Records inside keep their order.
    Sorted,
    /// As in JSON: resources, identity.
    Kept,
}

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    /// Null.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number's own text, in JSON's grammar.
    Number(String),
    /// Text.
    Str(Cow<'static, str>),
    /// An instant; its text differs by format.
    DateTime(DateTime),
    /// A list; in XML its items repeat the member's name.
    List(Vec<Doc>),
    /// A list that is an XML element of its own, with items of that name.
    Wrapped(&'static str, Vec<Doc>),
    /// An object.
    Obj(Vec<(Cow<'static, str>, Doc)>),
    /// A record; its fields are never sorted.
    Record {
        /// The sObject's name.
        sobject: Cow<'static, str>,
        /// The path of the row; none for rows of aggregates.
        url: Option<String>,
        /// The fields.
        fields: Vec<(Cow<'static, str>, Doc)>,
    },
}

impl Doc {
    /// An object of static names.
    pub fn obj<const N: usize>(members: [(&'static str, Doc); N]) -> Doc {
        Doc::Obj(members.into_iter().map(|(n, v)| (Cow::Borrowed(n), v)).collect())
    }

    /// A list.
    pub fn list<T: Into<Doc>>(items: impl IntoIterator<Item = T>) -> Doc {
        Doc::List(items.into_iter().map(Into::into).collect())
    }

    /// Adds a member to an object or a field to a record; nothing else takes one.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Doc>) {
        if let Doc::Obj(members) | Doc::Record { fields: members, .. } = self {
            members.push((name.into(), value.into()));
        }
    }

    /// Writes the tree as the member, item or root of that name.
    pub fn write(&self, w: &mut Writer, name: &str, order: XmlOrder) {
        match self {
            Doc::Null => w.null(name),
            Doc::Bool(b) => w.bool(name, *b),
            Doc::Int(n) => w.int(name, *n),
            Doc::Number(n) => w.raw_number(name, n),
            Doc::Str(t) => w.text(name, t),
            Doc::DateTime(t) => w.datetime(name, *t),
            Doc::List(items) => {
                w.begin_list(name);
                items.iter().for_each(|i| i.write(w, "", order));
                w.end_list();
            }
            Doc::Wrapped(item, items) => {
                w.begin_wrapped_list(name, item);
                items.iter().for_each(|i| i.write(w, "", order));
                w.end_list();
            }
            Doc::Obj(members) => {
                w.begin_object(name);
                if order == XmlOrder::Sorted && w.is_xml() {
                    let mut sorted: Vec<_> = members.iter().collect();
                    sorted.sort_by(|a, b| a.0.cmp(&b.0));
                    sorted.into_iter().for_each(|(n, v)| v.write(w, n, order));
                } else {
                    members.iter().for_each(|(n, v)| v.write(w, n, order));
                }
                w.end_object();
            }
            Doc::Record { sobject, url, fields } => {
                w.begin_record(name, sobject, url.as_deref().map_or(RecordUrl::None, RecordUrl::Path));
                fields.iter().for_each(|(n, v)| v.write(w, n, order));
                w.end_object();
            }
        }
    }

    /// The whole answer, with `root` as the name of its XML root.
    pub fn render(&self, format: Format, pretty: bool, root: &str, order: XmlOrder) -> Vec<u8> {
        let mut w = Writer::new(format, pretty);
        self.write(&mut w, root, order);
        w.finish()
    }
}

impl From<&super::Node<'_>> for Doc {
    fn from(node: &super::Node<'_>) -> Self {
        match &node.value {
            NodeValue::Null => Doc::Null,
            NodeValue::Bool(b) => Doc::Bool(*b),
            NodeValue::Number(n) => Doc::Number(n.clone().into_owned()),
            NodeValue::Text(t) => Doc::Str(Cow::Owned(t.clone().into_owned())),
            NodeValue::Array(items) => Doc::List(items.iter().map(Doc::from).collect()),
            NodeValue::Object(members) => {
                Doc::Obj(members.iter().map(|(n, v)| (Cow::Owned(n.clone().into_owned()), Doc::from(v))).collect())
            }
        }
    }
}

impl From<bool> for Doc {
    fn from(b: bool) -> Self {
        Doc::Bool(b)
    }
}

impl From<i64> for Doc {
    fn from(n: i64) -> Self {
        Doc::Int(n)
    }
}

impl From<&'static str> for Doc {
    fn from(t: &'static str) -> Self {
        Doc::Str(Cow::Borrowed(t))
    }
}

impl From<String> for Doc {
    fn from(t: String) -> Self {
        Doc::Str(Cow::Owned(t))
    }
}

impl From<DateTime> for Doc {
    fn from(t: DateTime) -> Self {
        Doc::DateTime(t)
    }
}

impl<T: Into<Doc>> From<Option<T>> for Doc {
    fn from(v: Option<T>) -> Self {
        v.map_or(Doc::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::json;

    #[test]
    fn beans_are_sorted_in_xml_only() {
        let doc = Doc::obj([
            ("name", "Contact".into()),
            ("keyPrefix", Doc::Null),
            (
                "recentItems",
                Doc::List(vec![Doc::Record {
                    sobject: "Contact".into(),
                    url: Some("/x".into()),
                    fields: vec![("Name".into(), "A & B".into()), ("Id".into(), "003".into())],
                }]),
            ),
        ]);
        assert_eq!(
            String::from_utf8(doc.render(Format::Json, false, "Contact", XmlOrder::Sorted)).unwrap(),
            r#"{"name":"Contact","keyPrefix":null,"recentItems":[{"attributes":{"type":"Contact","url":"/x"},"Name":"A & B","Id":"003"}]}"#
        );
        assert_eq!(
            String::from_utf8(doc.render(Format::Xml, false, "Contact", XmlOrder::Sorted)).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Contact xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><keyPrefix xsi:nil=\"true\"/><name>Contact</name><recentItems type=\"Contact\" url=\"/x\"><Name>A &amp; B</Name><Id>003</Id></recentItems></Contact>"
        );
        let kept = String::from_utf8(doc.render(Format::Xml, false, "Contact", XmlOrder::Kept)).unwrap();
        assert!(kept.contains("<name>Contact</name><keyPrefix"));
    }

    #[test]
    fn json_round_trip() {
        let text = "{\"a\":[1,-2.50,true,null,{\"b\":\"x\\\"\\n\\u0001é\"}],\"c\":{},\"d\":[]}";
        let doc = Doc::from(&json::parse(text.as_bytes()).unwrap().root);
        assert_eq!(String::from_utf8(doc.render(Format::Json, false, "", XmlOrder::Kept)).unwrap(), text);
        let pretty = doc.render(Format::Json, true, "", XmlOrder::Kept);
        assert_eq!(Doc::from(&json::parse(&pretty).unwrap().root), doc);
    }
}
