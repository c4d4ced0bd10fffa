//! The tree behind a [`Document`](super::Document): like `serde_json::Value`, but duplicate keys
//! are an error and strings are wiped.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use zeroize::Zeroizing;

pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// The error for a field that does not contain a number. It does not quote the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Node {
    /// Returns the node at a dotted path; `None` if it is missing or null.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        path.split('.')
            .try_fold(self, Node::field)
            .filter(|node| !matches!(node, Node::Null))
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn whole_number(&self) -> Result<i64, NotANumber> {
        match self {
            Node::Number(number) => number.as_i64().map_or_else(|| cut(number.as_f64()), Ok),
            Node::Text(text) => number_in(text.trim()),
            _ => Err(NotANumber),
        }
    }

    fn field(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Object(fields) => fields
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, node)| node),
            Node::List(nodes) => nodes.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Collects every string, with the name of its field.
    pub(super) fn named_texts<'n>(&'n self, name: &'n str, found: &mut Vec<(&'n str, &'n str)>) {
        match self {
            Node::Text(text) => found.push((name, text)),
            Node::List(nodes) => nodes.iter().for_each(|node| node.named_texts(name, found)),
            Node::Object(fields) => fields
                .iter()
                .for_each(|(name, node)| node.named_texts(name, found)),
            _ => {}
        }
    }

    /// Returns a field or list item by value.
    pub(super) fn into_field(self, name: &str) -> Option<Node> {
        match self {
            Node::Object(fields) => fields
                .into_iter()
                .find(|(key, _)| key == name)
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

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
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
        Ok(Node::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields: Vec<(String, Node)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.iter().any(|(seen, _)| *seen == key) {
                return Err(A::Error::custom("duplicate key"));
            }
            fields.push((key, map.next_value()?));
        }
        Ok(Node::Object(fields))
    }
}
