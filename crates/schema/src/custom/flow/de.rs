//! Reading metadata into types by their own description: members by name, lists as runs of one name, words as values.

use super::super::{DefError, MetaNode};
use orglet_base::ErrorCode;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// Why a node is not of a type.
#[derive(Debug)]
pub(super) struct Misfit(DefError);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(DefError::integrity(message.to_string()).malformed())
    }

    /// The type grows with each release of the platform: what it does not have here may be sound there.
    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self(DefError::unsupported(format_args!("{field} in flows is")).on(field))
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        Self(DefError::unsupported(format_args!("{variant} in flows is")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(DefError::new(ErrorCode::RequiredFieldMissing, format!("Required field is missing: {field}")).on(field))
    }
}

/// Reads a node as a type.
pub(super) fn read<T: de::DeserializeOwned>(node: &MetaNode) -> Result<T, DefError> {
    T::deserialize(Nodes { name: &node.name, nodes: vec![node] }).map_err(|Misfit(e)| e.at(node))
}

/// All children of one name.
struct Nodes<'a> {
    name: &'a str,
    nodes: Vec<&'a MetaNode>,
}

impl<'a> Nodes<'a> {
    fn one(&self) -> Result<&'a MetaNode, Misfit> {
        match self.nodes.as_slice() {
            [one] => Ok(one),
            [_, second, ..] => {
                let message = format!("Element {} is duplicated at this location in type Flow", self.name);
                Err(Misfit(DefError::new(ErrorCode::InvalidField, message).malformed().on(self.name).at(second)))
            }
            [] => Err(de::Error::custom(format_args!("{} is missing", self.name))),
        }
    }

    fn text(&self) -> Result<&'a str, Misfit> {
        let node = self.one()?;
        match &node.text {
            Some(text) => Ok(text),
            None if node.children.is_empty() => Ok(""),
            None => Err(Misfit(DefError::integrity(format!("{} must be a text", self.name)).malformed().on(self.name).at(node))),
        }
    }

    fn misfit(&self, of: &str) -> Misfit {
        let word = self.text().unwrap_or_default();
        let e = DefError::new(ErrorCode::InvalidField, format!("'{word}' is not a valid value for the type xsd:{of}"));
        let e = e.malformed().on(self.name);
        Misfit(self.nodes.first().map_or(e.clone(), |node| e.at(node)))
    }
}

impl<'de> de::Deserializer<'de> for Nodes<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text()?.trim() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(self.misfit("boolean")),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let word = self.text()?.trim();
        // Tooling answers whole numbers as 255 or 255.0, depending on the client that sends them back.
        let number = word.strip_suffix(".0").unwrap_or(word).parse().map_err(|_| self.misfit("int"))?;
        visitor.visit_i32(number)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(Items { name: self.name, nodes: self.nodes.into_iter() })
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        let node = self.one()?;
        if node.text.as_deref().is_some_and(|text| !text.trim().is_empty()) {
            return Err(Misfit(DefError::integrity(format!("{} must have members", self.name)).malformed().on(self.name).at(node)));
        }
        let mut groups: Vec<Nodes<'_>> = Vec::new();
        for child in node.children.iter().filter(|child| !child.is_null()) {
            match groups.iter_mut().find(|group| group.name == child.name) {
                Some(group) => group.nodes.push(child),
                None => groups.push(Nodes { name: &child.name, nodes: vec![child] }),
            }
        }
        let made = visitor.visit_map(Groups { rest: groups.into_iter(), next: None });
        made.map_err(|Misfit(e)| Misfit(e.at(node)))
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        let word = self.text()?.trim();
        let node = self.one()?;
        visitor.visit_enum(word.into_deserializer()).map_err(|Misfit(e)| Misfit(e.at(node)))
    }

    forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map identifier ignored_any
    }
}

struct Groups<'a> {
    rest: std::vec::IntoIter<Nodes<'a>>,
    next: Option<Nodes<'a>>,
}

impl<'de> MapAccess<'de> for Groups<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        self.next = self.rest.next();
        let Some(group) = &self.next else { return Ok(None) };
        let key = seed.deserialize(group.name.into_deserializer());
        let first = group.nodes.first().copied();
        key.map(Some).map_err(|Misfit(e)| Misfit(first.map_or(e.clone(), |node| e.at(node))))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        match self.next.take() {
            Some(group) => seed.deserialize(group),
            None => Err(de::Error::custom("a member without a value")),
        }
    }
}

struct Items<'a> {
    name: &'a str,
    nodes: std::vec::IntoIter<&'a MetaNode>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        match self.nodes.next() {
            Some(node) => seed.deserialize(Nodes { name: self.name, nodes: vec![node] }).map(Some),
            None => Ok(None),
        }
    }
}
