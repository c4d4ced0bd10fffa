//! Reads a vendor's JSON strictly where it must be one thing, and leniently where its meaning is clear.

use std::fmt;

use zeroize::Zeroizing;

mod node;

use node::Node;

/// A JSON document: a BOM is tolerated; trailing bytes, duplicate keys and bottomless nesting are not.
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
/// Fields are named by paths with dots; the first of several names that is there and not null counts.
pub struct Document(Node);

/// Why bytes are no document. It quotes nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// There are no bytes.
    Empty,
    /// It is a web page: a captive portal, a login page, a proxy's error page.
    Html,
    /// It begins like JSON and ends too early.
    CutShort,
    /// It is no JSON, or has a number that no number type holds, duplicate keys, or over 100 levels.
    NotJson,
}

/// A field holds something that is no whole number in the range of `i64`. It does not quote the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Document {
    /// Reads a whole body.
    ///
    /// # Errors
    ///
    /// [`Malformed`] says which kind of thing it is instead.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
        match body.first() {
            None => return Err(Malformed::Empty),
            Some(b'<') => return Err(Malformed::Html),
            Some(_) => {}
        }
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|error| match error.is_eof() {
                true => Malformed::CutShort,
                false => Malformed::NotJson,
            })
    }

    /// The text of the first of these fields that is there; `None` where it is not text.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        match self.find(names)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number in the first of these fields that is there: `3600`, `3600.0` and `"3600"` alike; a fraction is cut off.
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
        matches!(self.0, Node::Object(_))
    }

    fn find(&self, names: &[&str]) -> Option<&Node> {
        names.iter().find_map(|name| self.0.at(name))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(…)")
    }
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Result<i64, NotANumber> {
        Document::parse(format!("{{\"n\":{text}}}").as_bytes())
            .unwrap()
            .number(&["n"])
            .unwrap()
    }

    // FAULTS.md row 15
    #[test]
    fn numbers_are_lenient_where_clear_and_refused_where_not() {
        for clear in [
            "3600",
            "3600.0",
            "\"3600\"",
            "\" 3600 \"",
            "\"3600.0\"",
            "3.6e3",
            "3600.9",
        ] {
            assert_eq!(number(clear), Ok(3600), "{clear}");
        }
        for unclear in [
            "18446744073709551616",
            "1e300",
            "\"1e400\"",
            "\"NaN\"",
            "\"inf\"",
            "\"\"",
            "true",
            "[]",
            "\"soon\"",
        ] {
            assert_eq!(number(unclear), Err(NotANumber), "{unclear}");
        }
    }

    // FAULTS.md row 23
    #[test]
    fn a_bom_is_tolerated_and_trailing_bytes_duplicate_keys_and_deep_nesting_are_refused() {
        assert!(Document::parse(b"\xEF\xBB\xBF{\"a\":1}\r\n").is_ok());
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for bad in [
            "{\"a\":1}{",
            "{\"a\":1,\"a\":2}",
            "{\"x\":{\"a\":1,\"a\":1}}",
            "{\"a\":1e400}",
            deep.as_str(),
        ] {
            assert_eq!(Document::parse(bad.as_bytes()).err(), Some(Malformed::NotJson));
        }
        assert_eq!(Document::parse(b"{\"a\":").err(), Some(Malformed::CutShort));
        assert_eq!(Document::parse(b"  <html>").err(), Some(Malformed::Html));
        assert_eq!(Document::parse(b" \n").err(), Some(Malformed::Empty));
    }

    #[test]
    fn the_first_name_that_is_there_and_not_null_counts() {
        let document = Document::parse(br#"{"a":null,"b":{"c":"x"},"d":"y"}"#).unwrap();
        assert_eq!(document.text(&["a", "b.c", "d"]), Some("x"));
        assert_eq!(document.text(&["b.missing", "b"]), None);
    }

    #[test]
    fn an_object_is_written_with_its_texts_escaped() {
        let mut object = ObjectWriter::default();
        object.text("a\"b", "line\n\"quoted\"");
        object.number("n", -5);
        let document = Document::parse(&object.finish()).unwrap();
        assert_eq!(document.text(&["a\"b"]), Some("line\n\"quoted\""));
        assert_eq!(document.number(&["n"]), Some(Ok(-5)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::parse(&body).map(|document| document.number(&["a", "a.b"]));
        }
    }
}
