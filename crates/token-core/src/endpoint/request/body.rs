//! The body of a request.

use bytes::Bytes;
use zeroize::Zeroizing;

#[derive(Clone)]
pub(super) enum Body {
    Nothing,
    Form(String),
    Json(ObjectWriter),
    Raw(&'static str, Bytes),
}

impl Body {
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Body::Nothing => None,
            Body::Form(_) => Some("application/x-www-form-urlencoded"),
            Body::Json(_) => Some("application/json"),
            Body::Raw(content_type, _) => Some(content_type),
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Body::Nothing => Bytes::new(),
            Body::Form(pairs) => pairs.into(),
            Body::Json(object) => object.finish().into(),
            Body::Raw(_, bytes) => bytes,
        }
    }
}

/// A writer of a JSON object, wiped on drop.
#[derive(Clone, Default)]
pub(super) struct ObjectWriter(Zeroizing<String>);

impl ObjectWriter {
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &serde_json::Value::from(value).to_string());
    }

    pub(super) fn number(&mut self, name: &str, value: i64) {
        self.raw(name, &value.to_string());
    }

    pub(super) fn finish(&self) -> Vec<u8> {
        format!("{{{}}}", *self.0).into_bytes()
    }

    /// Adds a field whose value is JSON already.
    pub(super) fn raw(&mut self, name: &str, written: &str) {
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
    use super::*;
    use crate::endpoint::json::Document;

    #[test]
    fn an_object_is_written_with_escaped_strings() {
        let mut object = ObjectWriter::default();
        object.text("a\"b", "line\n\"quoted\"");
        object.number("n", -5);
        let document = Document::parse(&object.finish()).unwrap();
        assert_eq!(document.text(&["a\"b"]), Some("line\n\"quoted\""));
        assert_eq!(document.number(&["n"]), Some(Ok(-5)));
    }
}
