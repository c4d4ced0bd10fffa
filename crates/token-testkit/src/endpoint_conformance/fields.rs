//! Reads the fields of a case's JSON by name, and rejects unknown names.

use serde_json::{Map, Value};

use token_core::json::Document;

/// The fields of an object that have not been read yet.
pub(super) struct Fields {
    place: String,
    left: Map<String, Value>,
}

impl Fields {
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        // Refuses duplicate keys, which a map would drop silently.
        Document::parse(text).map_err(|malformed| format!("is not valid JSON ({malformed:?})"))?;
        let value =
            serde_json::from_slice(text).map_err(|error| format!("is not valid JSON: {error}"))?;
        Self::of(String::new(), value)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "text")),
        }
    }

    pub(super) fn required_text(&mut self, name: &str) -> Result<String, String> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.wrong(name, "present and not empty"))
    }

    /// The outer `None` means that the field is absent, the inner one that it is null.
    pub(super) fn text_or_null(&mut self, name: &str) -> Result<Option<Option<String>>, String> {
        if self.left.get(name).is_some_and(Value::is_null) {
            self.left.remove(name);
            return Ok(Some(None));
        }
        Ok(self.text(name)?.map(Some))
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, String> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    pub(super) fn whole(&mut self, name: &str) -> Result<Option<i64>, String> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| self.wrong(name, "a whole number")),
        }
    }

    /// Reads seconds, with up to three decimals, as milliseconds.
    pub(super) fn seconds(&mut self, name: &str) -> Result<Option<i64>, String> {
        let Some(value) = self.left.remove(name) else {
            return Ok(None);
        };
        let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1.0e12);
        let seconds = seconds.ok_or_else(|| self.wrong(name, "a number of seconds"))?;
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        Ok(Some((seconds * 1000.0).round() as i64))
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, String> {
        let Some(value) = self.left.remove(name) else {
            return Ok(None);
        };
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong(name, "a list of strings"))?;
        let texts = list
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect();
        Option::map(texts, Some).ok_or_else(|| self.wrong(name, "a list of strings"))
    }

    /// Reads an object with any names and string values.
    pub(super) fn named_texts(&mut self, name: &str) -> Result<Vec<(String, String)>, String> {
        let Some(fields) = self.object(name)? else {
            return Ok(Vec::new());
        };
        let pairs = fields.left.into_iter();
        let texts = pairs
            .map(|(key, value)| Some((key, value.as_str()?.to_owned())))
            .collect();
        Option::ok_or_else(texts, || self.wrong(name, "an object of strings"))
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Fields>, String> {
        let place = format!("{}{name}.", self.place);
        self.left
            .remove(name)
            .map(|value| Self::of(place, value))
            .transpose()
    }

    /// Reads a list of objects; empty if the field is absent.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Fields>, String> {
        let place = format!("{}{name}.", self.place);
        match self.left.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| Self::of(place.clone(), item))
                .collect(),
            Some(_) => Err(self.wrong(name, "a list of objects")),
        }
    }

    /// Fails if an unknown field is left.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("has an unknown field `{}{name}`", self.place)),
        }
    }

    fn of(place: String, value: Value) -> Result<Self, String> {
        match value {
            Value::Object(left) => Ok(Self { place, left }),
            _ => Err(format!(
                "`{}` must be an object",
                place.trim_end_matches('.')
            )),
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("`{}{name}` must be {wanted}", self.place)
    }
}
