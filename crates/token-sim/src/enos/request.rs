//! What a request must contain: its fields, the codes that refuse them, and the signature.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::Params;
use crate::crypto::sha256_hex_bytes;
use crate::vendor::Refusal;

pub(super) const DUPLICATED: Refusal =
    Refusal(1001, "Repeated requests with duplicated encryption");
pub(super) const NO_APP: Refusal = Refusal(1002, "appKey does not exist");
pub(super) const BAD_HASH: Refusal = Refusal(1003, "encryption is not valid");
pub(super) const INVALID: Refusal = Refusal(1004, "invalid parameter");
pub(super) const EMPTY: Refusal = Refusal(1202, "parameter is empty");
pub(super) const EXPIRED: Refusal = Refusal(1203, "access token has expired");
pub(super) const NOT_REFRESHED: Refusal = Refusal(1204, "failed to refresh access token");

pub(super) const UNAUTHENTICATED: Refusal = Refusal(401, "Unauthenticated");
pub(super) const EXHAUSTED: Refusal = Refusal(429, "Resource Exhausted");
pub(super) const BAD_SIGNATURE: Refusal = Refusal(497, "App Timestamp/Signature Checked Fail");
pub(super) const NO_PERMISSION: Refusal = Refusal(498, "App Api Permission Denied");

pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Err(EMPTY),
        Some(Value::String(text)) if text.is_empty() => Err(EMPTY),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(INVALID),
    }
}

/// Returns the timestamp's digits, which a client may send as a number or as text.
pub(super) fn digits(body: &Value) -> Result<String, Refusal> {
    let digits = match body.get("timestamp") {
        None | Some(Value::Null) => return Err(EMPTY),
        Some(Value::String(text)) if text.is_empty() => return Err(EMPTY),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(INVALID),
    };
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
    if numeric { Ok(digits) } else { Err(INVALID) }
}

/// Returns what is signed: decoded query parameters in ASCII order of their names, of a repeated
/// name the first value, then the body as it was sent.
pub(super) struct Signed<'a> {
    pub(super) token: &'a str,
    pub(super) query: &'a Params,
    pub(super) body: &'a [u8],
    pub(super) timestamp: &'a str,
    pub(super) secret: &'a str,
}

impl Signed<'_> {
    pub(super) fn signature(&self) -> String {
        let mut text = self.token.as_bytes().to_vec();
        for (name, value) in sorted(self.query) {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(value.as_bytes());
        }
        text.extend_from_slice(self.body);
        text.extend_from_slice(self.timestamp.as_bytes());
        text.extend_from_slice(self.secret.as_bytes());
        sha256_hex_bytes(&text)
    }
}

fn sorted(query: &Params) -> BTreeMap<&str, &str> {
    let mut sorted = BTreeMap::new();
    for (name, value) in query.iter() {
        sorted.entry(name).or_insert(value);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_signature_is_reproduced() {
        let case = include_str!("../../tests/data/enos-request-signature/vector.json");
        let case: Value = serde_json::from_str(case).unwrap();
        let text = |name: &str| case[name].as_str().unwrap();
        let signed = Signed {
            token: text("access_token"),
            query: &Params::read(text("query").as_bytes()),
            body: text("body").as_bytes(),
            timestamp: &case["timestamp_ms"].to_string(),
            secret: text("app_secret"),
        };
        assert_eq!(signed.signature(), text("signature"));
    }

    #[test]
    fn of_a_repeated_name_the_first_value_is_signed() {
        let query = Params::read(b"b=2&a=1&b=3");
        assert!(sorted(&query).into_iter().eq([("a", "1"), ("b", "2")]));
    }
}
