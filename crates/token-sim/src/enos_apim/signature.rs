//! The signature of API requests.

use std::collections::BTreeMap;

use crate::call::Params;
use crate::crypto::sha256_hex_bytes;

/// What is signed: decoded query parameters by name in ASCII order, of a repeated name the first
/// value, then the body as it was sent.
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
        let case: serde_json::Value = serde_json::from_str(case).unwrap();
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
