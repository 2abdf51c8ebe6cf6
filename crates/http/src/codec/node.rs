//! The tree that both request parsers make.

use orglet_schema::types::Input;
use std::borrow::Cow;

/// A place in a request body, counted from 1; columns count UTF-16 units, as the platform's parser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One value of a request body.
///
/// `line` and `column` are what the platform reports for a value of the wrong kind. For JSON that is where its parser
/// began to look for the token, and the parser takes the comma, the member's name and the start of the value as one
/// token: so it is the comma for every member or item but the first, the opening quote of the name for a first member,
/// and the value itself for a first item or the root. A recorded pair shows it: in
/// `{"FirstName":"Doug","LastName":"Proctor (testing)","s360__Contact_Code__c":["…"]}` the array is reported at column
/// 51, the second comma (salesforce.stackexchange.com/questions/54882); crud-006 has the root at column 1. For XML it
/// is the element's `<`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// The value.
    pub value: NodeValue<'a>,
    /// The line at which a wrong value is reported, from 1.
    pub line: u32,
    /// The column at which a wrong value is reported, from 1.
    pub column: u32,
    /// How far the parser has read when it meets this member's name; an unknown member is reported here (crud-016). For
    /// text that is just behind the value's opening quote, for other scalars behind the value.
    pub read: Position,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue<'a> {
    /// `null`, or `xsi:nil="true"`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's own text, in JSON's grammar.
    Number(Cow<'a, str>),
    /// A string, or an element's text.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// Members in their order; a name may occur more than once.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The value as a field type reads it.
    pub fn as_input(&self) -> Input<'_> {
        match &self.value {
            NodeValue::Null => Input::Null,
            NodeValue::Bool(b) => Input::Bool(*b),
            NodeValue::Number(n) => Input::Number(n),
            NodeValue::Text(t) => Input::Text(t),
            NodeValue::Array(_) => Input::Array,
            NodeValue::Object(_) => Input::Object,
        }
    }

    /// The last member of that name, letter case included.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members().iter().rev().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The last member of that name in any ASCII letter case.
    pub fn get_ignore_case(&self, name: &str) -> Option<&Node<'a>> {
        self.members().iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// Every member of that name, in order: how XML writes a list.
    pub fn get_all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Node<'a>> {
        self.members().iter().filter(move |(n, _)| n == name).map(|(_, v)| v)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        match &self.value {
            NodeValue::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            NodeValue::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A member's list: the items of a JSON array, or every XML element of that name. Empty where the member is absent;
    /// a single value that is no array is a list of one, because XML can't tell the two apart.
    pub fn list<'s>(&'s self, name: &'s str) -> Vec<&'s Node<'a>> {
        let mut out = Vec::new();
        for node in self.get_all(name) {
            match &node.value {
                NodeValue::Array(items) => out.extend(items),
                _ => out.push(node),
            }
        }
        out
    }

    /// Text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(t) => Some(t),
            _ => None,
        }
    }

    /// A Boolean; the texts `true` and `false` count, since XML has no other form.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            NodeValue::Bool(b) => Some(*b),
            NodeValue::Text(t) if t.eq_ignore_ascii_case("true") => Some(true),
            NodeValue::Text(t) if t.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A whole number; text of digits counts, since XML has no other form.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            NodeValue::Number(t) | NodeValue::Text(t) => t.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.value, NodeValue::Object(_))
    }

    /// Where a wrong value is reported.
    pub fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Node<'static> {
        let value = match self.value {
            NodeValue::Null => NodeValue::Null,
            NodeValue::Bool(b) => NodeValue::Bool(b),
            NodeValue::Number(t) => NodeValue::Number(Cow::Owned(t.into_owned())),
            NodeValue::Text(t) => NodeValue::Text(Cow::Owned(t.into_owned())),
            NodeValue::Array(items) => NodeValue::Array(items.into_iter().map(Node::into_owned).collect()),
            NodeValue::Object(members) => {
                NodeValue::Object(members.into_iter().map(|(n, v)| (Cow::Owned(n.into_owned()), v.into_owned())).collect())
            }
        };
        Node { value, line: self.line, column: self.column, read: self.read }
    }
}
