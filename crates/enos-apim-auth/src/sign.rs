//! The digests of token requests and of API requests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use token_core::{Secret, Timestamp};

/// Returns the `encryption` of a token request: SHA-256, in lower-case hex, of app key, timestamp
/// in milliseconds and app secret.
///
/// ```
/// use token_core::{Secret, Timestamp};
///
/// let timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
/// let secret = Secret::from("app-secret-1");
/// let encryption = enos_apim_auth::encryption("app-key-1", timestamp, &secret);
/// assert!(encryption.expose().starts_with("6fa3bdf6529fca96d2a1c835cca1f03c"));
/// ```
///
/// Get and refresh use the same rule; the access token is not part of it ("Get Access Token",
/// Encryption Generation Rule).
pub fn encryption(app_key: &str, timestamp: Timestamp, app_secret: &Secret) -> Secret {
    let digest = Sha256::new()
        .chain_update(app_key)
        .chain_update(timestamp.unix_millis().to_string())
        .chain_update(app_secret.expose());
    Secret::from(hex(digest))
}

/// Returns the `apim-signature` of an API request: SHA-256, in lower-case hex, of access token,
/// query parameters, body, timestamp in milliseconds and app secret.
///
/// ```
/// use enos_apim_auth::request_signature;
/// use token_core::{Secret, Timestamp};
///
/// let token = Secret::from("xxxxaaaxxxx");
/// let secret = Secret::from("xxxappSecretxxx");
/// let body = "{\n  \"count\": 20,\n  \"page\": 1,\n  \"desc\": \"描述\"\n}";
/// let timestamp = Timestamp::from_unix_millis(1_572_574_909_697);
/// let query = "k3=v3&k1=v1&k2=v2";
/// let signature = request_signature(&token, query, body.as_bytes(), timestamp, &secret);
/// assert_eq!(signature, "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981");
/// ```
///
/// * `query` is the part of the URL after the `?`, as sent, or empty. Its parameters are decoded
///   (`+` is a space) and sorted by name in ASCII order.
/// * If a name occurs more than once, only its first value counts, as in the vendor's sample code;
///   the documents do not say.
/// * `body` is the JSON body exactly as sent, or empty.
///
/// Vendor page: "Invoking API with Access Token".
pub fn request_signature(
    access_token: &Secret,
    query: &str,
    body: &[u8],
    timestamp: Timestamp,
    app_secret: &Secret,
) -> String {
    let mut digest = Sha256::new().chain_update(access_token.expose());
    for (name, value) in parameters(query) {
        digest.update(name.as_bytes());
        digest.update(value.as_bytes());
    }
    let digest = digest
        .chain_update(body)
        .chain_update(timestamp.unix_millis().to_string())
        .chain_update(app_secret.expose());
    hex(digest)
}

/// Decodes and sorts the parameters; a repeated name keeps its first value.
fn parameters(query: &str) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters.entry(name).or_insert(value);
    }
    parameters
}

fn hex(digest: Sha256) -> String {
    base16ct::lower::encode_string(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(query: &str) -> String {
        let token = Secret::from("T");
        let timestamp = Timestamp::from_unix_millis(1);
        request_signature(&token, query, b"", timestamp, &Secret::from("S"))
    }

    #[test]
    fn parameters_count_decoded_and_in_the_order_of_their_names() {
        assert_eq!(signature("b=2&a=1"), signature("a=1&b=2"));
        assert_eq!(signature("a=x%20y"), signature("a=x+y"));
        assert_eq!(signature("%61=%e6%8f%8f"), signature("a=描"));
        assert_ne!(signature("a=%2B"), signature("a=+"));
        assert_ne!(signature("a=1"), signature("a=2"));
    }

    #[test]
    fn upper_case_names_come_before_lower_case_ones() {
        let names: Vec<_> = parameters("a=1&B=2&_=3").into_keys().collect();
        assert_eq!(names, ["B", "_", "a"]);
    }

    #[test]
    fn of_a_repeated_parameter_the_first_value_counts() {
        assert_eq!(signature("a=1&a=2"), signature("a=1"));
    }

    #[test]
    fn a_broken_query_is_signed_without_a_panic() {
        for query in ["&&", "=", "a", "a=%", "a=%zz", "%ff=%ff", "a=b=c"] {
            assert_eq!(signature(query).len(), 64, "{query}");
        }
        assert_eq!(signature("a&&"), signature("a="));
    }
}
