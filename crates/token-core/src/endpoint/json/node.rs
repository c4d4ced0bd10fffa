//! The tree behind a [`Document`](super::Document): like `serde_json::Value`, but duplicate keys
//! are an error and the strings are elsewhere.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::texts::{Span, Texts};

pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Span),
    List(Vec<Node>),
    Object(Vec<(Span, Node)>),
}

/// How long the names are that lead to a node below this one, as bits. Endpoints look for many names
/// that an answer does not have, most of which are as long as none of its own.
#[derive(Clone, Copy)]
pub(super) struct Lengths(u64);

impl Lengths {
    const ALL: Self = Self(u64::MAX);

    pub(super) fn contains(self, length: usize) -> bool {
        self.0 & Self::bit(length) != 0
    }

    fn bit(length: usize) -> u64 {
        1 << length.min(63)
    }
}

/// The error for a field that does not contain a number. It does not quote the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Node {
    /// Returns the node at a dotted path; `None` if it is missing or null.
    pub(super) fn at(&self, path: &str, texts: &str) -> Option<&Node> {
        let node = match self.field(path, texts) {
            Some(node) => node,
            // Most answers are flat: what is not there is not searched for a second time.
            None if !self.has_parts() => return None,
            None => {
                let (name, rest) = path.split_once('.')?;
                self.field(name, texts)?.at(rest, texts)?
            }
        };
        (!matches!(node, Node::Null)).then_some(node)
    }

    pub(super) fn name_lengths(&self) -> Lengths {
        match self {
            Node::Object(fields) if !self.has_parts() => {
                let bits = fields.iter().map(|(name, _)| Lengths::bit(name.len()));
                Lengths(bits.fold(0, |bits, bit| bits | bit))
            }
            _ => Lengths::ALL,
        }
    }

    /// Returns whether a path can lead below a field.
    fn has_parts(&self) -> bool {
        let is_part = |node: &Node| matches!(node, Node::Object(_) | Node::List(_));
        match self {
            Node::Object(fields) => fields.iter().any(|(_, node)| is_part(node)),
            Node::List(nodes) => nodes.iter().any(is_part),
            _ => false,
        }
    }

    pub(super) fn as_text<'t>(&self, texts: &'t str) -> Option<&'t str> {
        match self {
            Node::Text(span) => Some(span.of(texts)),
            _ => None,
        }
    }

    pub(super) fn whole_number(&self, texts: &str) -> Result<i64, NotANumber> {
        match self {
            Node::Number(number) => number.as_i64().map_or_else(|| cut(number.as_f64()), Ok),
            Node::Text(span) => number_in(span.of(texts).trim()),
            _ => Err(NotANumber),
        }
    }

    /// Returns the field of this name, which has no dot, or the list item of this number.
    fn field(&self, name: &str, texts: &str) -> Option<&Node> {
        let is_named =
            |key: &Span| key.len() == name.len() && key.of(texts) == name && !name.contains('.');
        match self {
            Node::Object(fields) => fields
                .iter()
                .find(|(key, _)| is_named(key))
                .map(|(_, node)| node),
            Node::List(nodes) => nodes.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Collects every string, with the name of its field.
    pub(super) fn named_texts<'t>(
        &self,
        name: &'t str,
        texts: &'t str,
        found: &mut Vec<(&'t str, &'t str)>,
    ) {
        match self {
            Node::Text(span) => found.push((name, span.of(texts))),
            Node::List(nodes) => nodes
                .iter()
                .for_each(|node| node.named_texts(name, texts, found)),
            Node::Object(fields) => fields
                .iter()
                .for_each(|(name, node)| node.named_texts(name.of(texts), texts, found)),
            _ => {}
        }
    }

    /// Returns a field or list item by value.
    pub(super) fn into_field(self, name: &str, texts: &str) -> Option<Node> {
        match self {
            Node::Object(fields) => fields
                .into_iter()
                .find(|(key, _)| key.of(texts) == name)
                .map(|(_, node)| node),
            Node::List(nodes) => nodes.into_iter().nth(name.parse::<usize>().ok()?),
            _ => None,
        }
    }
}

/// Parses digits with a sign, a fraction or an exponent: Rust would also accept `inf` and `NaN`.
fn number_in(text: &str) -> Result<i64, NotANumber> {
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match is_number {
        true => text.parse().or_else(|_| cut(text.parse().ok())),
        false => Err(NotANumber),
    }
}

/// Truncates a float; beyond `i64`, returns its nearest bound.
fn cut(number: Option<f64>) -> Result<i64, NotANumber> {
    let number = number.filter(|number| !number.is_nan()).ok_or(NotANumber)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and the fraction is to be truncated"
    )]
    Ok(number as i64)
}

/// Reads a node, and adds its strings to the texts.
pub(super) struct NodeInto<'t>(pub(super) &'t mut Texts);

impl<'de> DeserializeSeed<'de> for NodeInto<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeInto<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Number::from_f64(value)
            .map(Node::Number)
            .ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        KeyInto(self.0).visit_str(text).map(Node::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(NodeInto(self.0))? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields: Vec<(Span, Node)> = Vec::new();
        while let Some(key) = map.next_key_seed(KeyInto(self.0))? {
            if fields.iter().any(|(seen, _)| self.0.are_same(*seen, key)) {
                return Err(A::Error::custom("duplicate key"));
            }
            fields.push((key, map.next_value_seed(NodeInto(self.0))?));
        }
        Ok(Node::Object(fields))
    }
}

/// Adds a key, or any other string, to the texts.
struct KeyInto<'t>(&'t mut Texts);

impl<'de> DeserializeSeed<'de> for KeyInto<'_> {
    type Value = Span;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyInto<'_> {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        self.0.push(text).ok_or_else(|| E::custom("too long"))
    }
}
