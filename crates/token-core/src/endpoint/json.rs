//! Reads a vendor's JSON strictly where it must be one thing, and leniently where its meaning is
//! clear.

mod node;
mod repair;

use std::fmt;

use zeroize::Zeroizing;

use self::node::Node;
use crate::endpoint::query::decode_pair;
use crate::token::secret::Secret;

pub use self::node::NotANumber;

/// A JSON document, or a form read as one. A BOM, bytes that are not UTF-8 and numbers that no type
/// holds are tolerated; trailing bytes, duplicate keys and bottomless nesting are not.
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
/// Fields are named by paths with dots, list items by their number; the first of several names that
/// is there and not null counts.
pub struct Document {
    root: Node,
    is_repaired: bool,
}

/// Why bytes are no document. It quotes nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// There are no bytes.
    Empty,
    /// It is a web page: a captive portal, a login page, a proxy's error page.
    Html,
    /// It begins like JSON and ends too early.
    CutShort,
    /// It is no JSON, or has duplicate keys, or over 100 levels.
    NotJson,
}

impl Document {
    /// Reads a whole body.
    ///
    /// # Errors
    ///
    /// [`Malformed`] says which kind of thing it is instead.
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
            Ok(root) => Ok(Self {
                root,
                is_repaired: false,
            }),
            // Without UTF-8, a byte that only looks like a backslash may hide the end of a text.
            Err(malformed @ Malformed::CutShort) if std::str::from_utf8(body).is_ok() => {
                Err(malformed)
            }
            Err(malformed) => Self::repaired(body, malformed),
        }
    }

    /// Reads a body of the content type `application/x-www-form-urlencoded`, as some OAuth2 servers
    /// answer: an object of texts.
    ///
    /// ```
    /// use token_core::json::Document;
    ///
    /// let document = Document::parse_form(b"access_token=A1&scope=repo%2Cuser&token_type=bearer")?;
    /// assert_eq!(document.text(&["scope"]), Some("repo,user"));
    /// # Ok::<(), token_core::json::Malformed>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`] where it is empty, a web page, JSON after all that cannot be read, or has a
    /// name twice.
    pub fn parse_form(body: &[u8]) -> Result<Self, Malformed> {
        let body = body.trim_ascii();
        if matches!(body.first(), None | Some(b'<' | b'{' | b'[')) {
            return Self::parse(body);
        }
        let mut fields: Vec<(String, Node)> = Vec::new();
        for pair in body
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = decode_pair(pair).ok_or(Malformed::NotJson)?;
            if fields.iter().any(|(seen, _)| *seen == name) {
                return Err(Malformed::NotJson);
            }
            fields.push((name, Node::Text(value)));
        }
        Ok(Self {
            root: Node::Object(fields),
            is_repaired: false,
        })
    }

    /// What was odd about a body that was read all the same.
    pub fn oddity(&self) -> Option<&'static str> {
        self.is_repaired.then_some(
            "the answer has bytes that are not UTF-8, or a number that no number type holds",
        )
    }

    /// The part of it at this path, such as `data` or `0`, where that is an object; else the whole.
    #[must_use]
    pub fn within(self, path: &str) -> Self {
        if !matches!(self.root.at(path), Some(Node::Object(_))) {
            return self;
        }
        let root = path.split('.').try_fold(self.root, Node::into_field);
        Self {
            root: root.unwrap_or(Node::Null),
            is_repaired: self.is_repaired,
        }
    }

    fn repaired(body: &[u8], malformed: Malformed) -> Result<Self, Malformed> {
        repair::attempts(body)
            .find_map(|attempt| from_json(&attempt).ok())
            .ok_or(malformed)
            .map(|root| Self {
                root,
                is_repaired: true,
            })
    }

    /// Every text in it, with the name of the field that holds it.
    pub(crate) fn named_texts(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        self.root.named_texts("", &mut found);
        found
    }

    /// The text of the first of these fields that is there; `None` where it is not text.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        match self.find(names)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A secret in the first of these fields that is there; `None` where it is not text, is
    /// [blank](Secret::is_blank), or has a control character or one that was not UTF-8.
    pub fn secret(&self, names: &[&str]) -> Option<Secret> {
        self.text(names)
            .map(Secret::from)
            .filter(Secret::is_storable)
    }

    /// The whole number in the first of these fields that is there: `3600`, `3600.0` and `"3600"`
    /// alike. A fraction is cut off, and what is beyond `i64` is its nearest end.
    pub fn number(&self, names: &[&str]) -> Option<Result<i64, NotANumber>> {
        self.find(names).map(Node::whole_number)
    }

    /// A code, as a vendor may write it as a number or as text: `200` and `"200"` alike.
    pub fn code(&self, names: &[&str]) -> Option<String> {
        match self.find(names)? {
            Node::Text(text) => Some(text.to_string()),
            Node::Number(number) => Some(number.to_string()),
            Node::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// `true` or `false`, where the field is one of them.
    pub fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.find(names)? {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The texts of a list, or the words of a text with spaces between them, as a scope is written.
    pub fn words(&self, names: &[&str]) -> Vec<String> {
        match self.find(names) {
            Some(Node::Text(text)) => text.split_whitespace().map(str::to_owned).collect(),
            Some(Node::List(nodes)) => nodes
                .iter()
                .filter_map(Node::as_text)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether one of these fields is there and not null.
    pub fn has(&self, names: &[&str]) -> bool {
        self.find(names).is_some()
    }

    /// Whether the document is an object, as every token answer is.
    pub fn is_object(&self) -> bool {
        matches!(self.root, Node::Object(_))
    }

    fn find(&self, names: &[&str]) -> Option<&Node> {
        names.iter().find_map(|name| self.root.at(name))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(…)")
    }
}

fn from_json(body: &[u8]) -> Result<Node, Malformed> {
    serde_json::from_slice(body).map_err(|error| match error.is_eof() {
        true => Malformed::CutShort,
        false => Malformed::NotJson,
    })
}

/// One flat JSON object, written field by field, wiped on drop.
#[derive(Clone, Default)]
pub(crate) struct ObjectWriter(Zeroizing<String>);

impl ObjectWriter {
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.field(name, &serde_json::Value::from(value).to_string());
    }

    pub(crate) fn number(&mut self, name: &str, value: i64) {
        self.field(name, &value.to_string());
    }

    pub(crate) fn finish(&self) -> Vec<u8> {
        format!("{{{}}}", *self.0).into_bytes()
    }

    fn field(&mut self, name: &str, written: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&serde_json::Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(written);
    }
}

#[cfg(test)]
mod tests;
