//! Changes to the vendor's answer.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::answer::Answer;

/// How long ago the expired JWT expired.
const PAST_BY_MS: i64 = 3_600_000;

/// A change to the vendor's answer. An answer that is not JSON stays as it is.
#[derive(Clone, Debug)]
pub(crate) enum Alteration {
    SetField { pointer: String, value: Value },
    RemoveField { pointer: String },
    PastJwt,
    InField(String),
    InList,
    Form,
    Gzip,
    StrayByte,
    TrailingBytes,
    RepeatedKey,
    Utf16,
}

impl Alteration {
    pub(super) fn set(name: &str, value: Value) -> Self {
        let pointer = format!("/{name}");
        Self::SetField { pointer, value }
    }

    pub(super) fn remove(name: &str) -> Self {
        let pointer = format!("/{name}");
        Self::RemoveField { pointer }
    }

    /// Returns whether a lenient client finds the tokens in the answer.
    pub(crate) fn is_readable(&self) -> bool {
        !matches!(self, Self::TrailingBytes | Self::RepeatedKey | Self::Utf16)
    }

    /// Returns the changed answer. `now` is in Unix milliseconds.
    pub(crate) fn apply(&self, answer: &Answer, now: i64) -> Answer {
        if matches!(self, Self::Gzip) {
            let answer = answer.clone().body(gzipped(answer.content()));
            return answer.header("content-encoding", "gzip");
        }
        match serde_json::from_slice(answer.content()) {
            Ok(json) => self.apply_to(answer, json, now),
            Err(_) => answer.clone(),
        }
    }

    fn apply_to(&self, answer: &Answer, mut json: Value, now: i64) -> Answer {
        match self {
            Self::SetField { pointer, value } => {
                if let Some((fields, name)) = fields_around(&mut json, pointer) {
                    fields.insert(name, value.clone());
                }
            }
            Self::RemoveField { pointer } => {
                if let Some((fields, name)) = fields_around(&mut json, pointer) {
                    fields.remove(&name);
                }
            }
            Self::PastJwt => {
                if let Some(fields) = json.as_object_mut() {
                    fields.insert("access_token".to_owned(), Value::from(past_jwt(now)));
                }
            }
            Self::InField(name) => json = json!({ name: json }),
            Self::InList => json = json!([json]),
            _ => {
                return answer
                    .clone()
                    .body(self.rewritten(&json))
                    .retyped(self.content_type());
            }
        }
        answer.clone().body(json.to_string())
    }

    /// Encodes the answer in other bytes than the vendor's.
    fn rewritten(&self, json: &Value) -> Vec<u8> {
        let text = json.to_string();
        let inner = text.strip_suffix('}').unwrap_or(&text);
        match self {
            Self::Form => form(json).into_bytes(),
            Self::StrayByte => [inner.as_bytes(), b",\"note\":\"caf\xe9\"}"].concat(),
            Self::TrailingBytes => [text.as_bytes(), b"\n<!-- served by node 7 -->"].concat(),
            Self::RepeatedKey => format!("{inner},\"refresh_token\":\"another\"}}").into_bytes(),
            Self::Utf16 => utf16(&text),
            _ => text.into_bytes(),
        }
    }

    fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Form => Some("application/x-www-form-urlencoded"),
            Self::Utf16 => Some("application/json;charset=UTF-16"),
            _ => None,
        }
    }
}

/// Returns the object that contains the field, and the field's name.
fn fields_around<'a>(
    json: &'a mut Value,
    pointer: &str,
) -> Option<(&'a mut Map<String, Value>, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let fields = json.pointer_mut(parent)?.as_object_mut()?;
    Some((fields, name.to_owned()))
}

/// Returns an unsigned token of RFC 7519 that expired an hour ago.
fn past_jwt(now: i64) -> String {
    let claims = json!({ "sub": "user", "exp": now.saturating_sub(PAST_BY_MS) / 1000 });
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = json!({ "alg": "RS256", "typ": "JWT" });
    format!("{}.{}.c2lnbmF0dXJl", encoded(&header), encoded(&claims))
}

fn form(json: &Value) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pair = |(name, value): (&String, &Value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={}", encoded(name), encoded(&text))
    };
    let pairs = json.as_object().into_iter().flatten().map(pair);
    pairs.collect::<Vec<_>>().join("&")
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}
