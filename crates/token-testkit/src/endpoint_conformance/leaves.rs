//! Replaces single values inside a JSON body.

use serde_json::Value;

/// A JSON object or array whose values can be replaced.
pub(super) struct Body(Value);

impl Body {
    /// Returns `None` if the bytes are not a JSON object or array.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let value = serde_json::from_slice::<Value>(body).ok()?;
        (value.is_object() || value.is_array()).then_some(Self(value))
    }

    /// Returns the JSON pointer (RFC 6901) and the value of every string.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(&self.0, "", &mut |at, value| {
            if let Value::String(text) = value {
                found.push((at.to_owned(), text.clone()));
            }
        });
        found
    }

    /// Returns the JSON pointer of every value that is neither an object nor an array.
    pub(super) fn all(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.0, "", &mut |at, _| found.push(at.to_owned()));
        found
    }

    /// Returns the body with the values at these pointers replaced by raw JSON, which may be
    /// invalid.
    pub(super) fn with(&self, pointers: &[String], raw: &str) -> Vec<u8> {
        const PLACE: &str = "\u{1}conformance place\u{1}";
        let mut changed = self.0.clone();
        for pointer in pointers {
            if let Some(value) = changed.pointer_mut(pointer) {
                *value = Value::from(PLACE);
            }
        }
        changed
            .to_string()
            .replace(&Value::from(PLACE).to_string(), raw)
            .into_bytes()
    }
}

fn walk(value: &Value, at: &str, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| walk(value, &format!("{at}/{}", escaped(name)), visit)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| walk(value, &format!("{at}/{index}"), visit)),
        _ => visit(at, value),
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
