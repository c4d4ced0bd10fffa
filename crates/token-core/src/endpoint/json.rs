//! Reads a vendor's JSON: strictly if it is ambiguous, leniently if its meaning is clear.

mod node;
mod repair;
mod texts;

use std::fmt;

use serde_core::de::DeserializeSeed;

use self::node::{Lengths, Node, NodeInto};
use self::texts::Texts;
use crate::endpoint::query::decode_pair;
use crate::token::secret::Secret;

pub use self::node::NotANumber;

/// A JSON document, or a form read as one. A BOM, bytes that are not UTF-8 and numbers out of range
/// are tolerated; trailing bytes, duplicate keys and excessive nesting are not.
///
/// ```
/// use token_core::json::Document;
///
/// let document = Document::parse(br#"{"data": {"accessToken": "T", "expire": "7200"}}"#)?;
/// assert_eq!(document.text(&["data.accessToken"]), Some("T"));
/// assert_eq!(document.number(&["expires_in", "data.expire"]), Some(Ok(7200)));
/// # Ok::<(), token_core::json::Malformed>(())
/// ```
///
/// Fields are named by dotted paths, list items by their index. Of several names, the first that is
/// present and not null is used.
pub struct Document {
    root: Node,
    lengths: Lengths,
    /// The strings of its nodes, and the names of its fields.
    texts: Secret,
    is_repaired: bool,
}

/// Why a body could not be parsed. It quotes nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The body is empty.
    Empty,
    /// The body is a web page: a captive portal, a login page, a proxy's error page.
    Html,
    /// The body is truncated JSON.
    CutShort,
    /// The body is not JSON, has duplicate keys, or is nested too deeply.
    NotJson,
}

impl Document {
    /// Parses a complete body.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the body is not a JSON document.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let body = body
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(body)
            .trim_ascii();
        match body.first() {
            None => return Err(Malformed::Empty),
            Some(b'<') => return Err(Malformed::Html),
            Some(_) => {}
        }
        match from_json(body) {
            Ok(document) => Ok(document),
            // In another encoding, a byte that looks like a backslash may hide the end of a string.
            Err(malformed @ Malformed::CutShort) if std::str::from_utf8(body).is_ok() => {
                Err(malformed)
            }
            Err(malformed) => Self::repaired(body, malformed),
        }
    }

    /// Parses a body of the content type `application/x-www-form-urlencoded`, as some OAuth 2.0
    /// servers return, into an object of strings. A body that begins like JSON is parsed as JSON.
    ///
    /// ```
    /// use token_core::json::Document;
    ///
    /// let body = b"access_token=A1&scope=repo%2Cuser&token_type=bearer";
    /// let document = Document::parse_form(body)?;
    /// assert_eq!(document.text(&["scope"]), Some("repo,user"));
    /// # Ok::<(), token_core::json::Malformed>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the body is empty, a web page or malformed JSON, or has a duplicate name.
    pub fn parse_form(body: &[u8]) -> Result<Self, Malformed> {
        let body = body.trim_ascii();
        if matches!(body.first(), None | Some(b'<' | b'{' | b'[')) {
            return Self::parse(body);
        }
        from_form(body).ok_or(Malformed::NotJson)
    }

    /// Returns what was wrong with a body that was parsed nevertheless.
    pub fn oddity(&self) -> Option<&'static str> {
        self.is_repaired
            .then_some("the answer contains bytes that are not UTF-8, or a number out of range")
    }

    /// Returns the part at this path, such as `data` or `0`, if that is an object; otherwise the
    /// whole document.
    #[must_use]
    pub fn within(self, path: &str) -> Self {
        if !matches!(self.at(path), Some(Node::Object(_))) {
            return self;
        }
        let texts = self.texts.expose();
        let field = |node: Node, name| node.into_field(name, texts);
        let root = path.split('.').try_fold(self.root, field);
        let root = root.unwrap_or(Node::Null);
        Self {
            lengths: root.name_lengths(),
            root,
            ..self
        }
    }

    fn of(root: Node, texts: Texts) -> Self {
        Self {
            lengths: root.name_lengths(),
            root,
            texts: texts.into_secret(),
            is_repaired: false,
        }
    }

    fn repaired(body: &[u8], malformed: Malformed) -> Result<Self, Malformed> {
        repair::attempts(body)
            .find_map(|attempt| from_json(&attempt).ok())
            .ok_or(malformed)
            .map(|document| Self {
                is_repaired: true,
                ..document
            })
    }

    /// Returns every string, with the name of its field.
    pub(crate) fn named_texts(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        self.root.named_texts("", self.texts.expose(), &mut found);
        found
    }

    /// Returns the string in the first of these fields that is present; `None` if it is not a
    /// string.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        self.find(names)?.as_text(self.texts.expose())
    }

    /// Returns the secret in the first of these fields that is present; `None` if it is not a
    /// string, is [blank](Secret::is_blank), or contains a control character or bytes that were not
    /// UTF-8.
    pub fn secret(&self, names: &[&str]) -> Option<Secret> {
        match self.find(names)? {
            Node::Text(span) => Some(self.texts.part(span.start, span.end)),
            _ => None,
        }
        .filter(Secret::is_storable)
    }

    /// Returns the integer in the first of these fields that is present: `3600`, `3600.0` and
    /// `"3600"` are the same. Fractions are truncated, and numbers beyond `i64` become its nearest
    /// bound.
    pub fn number(&self, names: &[&str]) -> Option<Result<i64, NotANumber>> {
        let node = self.find(names)?;
        Some(node.whole_number(self.texts.expose()))
    }

    /// Returns the code in the first of these fields that is present, which may be a number, a
    /// string or a boolean: `200` and `"200"` are the same.
    pub fn code(&self, names: &[&str]) -> Option<String> {
        match self.find(names)? {
            Node::Text(span) => Some(span.of(self.texts.expose()).to_owned()),
            Node::Number(number) => Some(number.to_string()),
            Node::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Returns the boolean in the first of these fields that is present; `None` if it is not a
    /// boolean.
    pub fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.find(names)? {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the strings of a list, or the words of a space-delimited string such as `scope` (RFC
    /// 6749 section 3.3), in the first of these fields that is present; otherwise nothing.
    pub fn words(&self, names: &[&str]) -> Vec<String> {
        let texts = self.texts.expose();
        match self.find(names) {
            Some(Node::Text(span)) => {
                let words = span.of(texts).split_whitespace();
                words.map(str::to_owned).collect()
            }
            Some(Node::List(nodes)) => {
                let items = nodes.iter().filter_map(|node| node.as_text(texts));
                items.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns whether one of these fields is present and not null.
    pub fn has(&self, names: &[&str]) -> bool {
        self.find(names).is_some()
    }

    /// Returns whether the document is an object, as every token answer is.
    pub fn is_object(&self) -> bool {
        matches!(self.root, Node::Object(_))
    }

    fn find(&self, names: &[&str]) -> Option<&Node> {
        names.iter().find_map(|name| self.at(name))
    }

    fn at(&self, path: &str) -> Option<&Node> {
        if !self.lengths.contains(path.len()) {
            return None;
        }
        self.root.at(path, self.texts.expose())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(…)")
    }
}

fn from_json(body: &[u8]) -> Result<Document, Malformed> {
    // No string is longer than its escaped form.
    let mut texts = Texts::with_capacity(body.len());
    let mut json = serde_json::Deserializer::from_slice(body);
    let root = NodeInto(&mut texts).deserialize(&mut json);
    let root = root.and_then(|root| json.end().map(|()| root));
    let root = root.map_err(|error| match error.is_eof() {
        true => Malformed::CutShort,
        false => Malformed::NotJson,
    })?;
    Ok(Document::of(root, texts))
}

fn from_form(body: &[u8]) -> Option<Document> {
    // A byte that is not UTF-8 becomes a character of as many bytes.
    const LONGEST: usize = char::REPLACEMENT_CHARACTER.len_utf8();
    let mut texts = Texts::with_capacity(body.len().checked_mul(LONGEST)?);
    let mut fields = Vec::new();
    for pair in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = decode_pair(pair)?;
        let name = texts.push(&name)?;
        if fields.iter().any(|(seen, _)| texts.are_same(*seen, name)) {
            return None;
        }
        fields.push((name, Node::Text(texts.push(&value)?)));
    }
    Some(Document::of(Node::Object(fields), texts))
}

#[cfg(test)]
mod tests;
