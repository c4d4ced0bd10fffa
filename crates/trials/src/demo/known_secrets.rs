//! Every secret that was used, collected from the requests and answers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use token_core::reexports::http::HeaderMap;

/// Names of secret request parameters, as the vendors call them.
const PARAMETERS: [&str; 11] = [
    "accessToken",
    "client_secret",
    "code",
    "code_verifier",
    "encryption",
    "password",
    "pwd",
    "refreshToken",
    "refresh_token",
    "signature",
    "token",
];

/// Names of secret request headers.
const HEADERS: [&str; 3] = ["authorization", "apim-accesstoken", "apim-signature"];

/// The secrets of one endpoint. Clones share them. It has no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct KnownSecrets(Arc<Mutex<BTreeSet<String>>>);

impl KnownSecrets {
    /// Keeps a secret, and the part after its scheme.
    pub(crate) fn keep(&self, secret: &str) {
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bare = secret.split_once(' ').map(|(_, bare)| bare);
        let parts = [Some(secret), bare].into_iter().flatten();
        secrets.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }

    /// Keeps the secrets in the headers of a request.
    pub(crate) fn keep_headers(&self, headers: &HeaderMap) {
        let values = HEADERS.iter().filter_map(|name| headers.get(*name));
        values
            .filter_map(|value| value.to_str().ok())
            .for_each(|value| self.keep(value));
    }

    /// Keeps the secrets in a query or a form.
    pub(crate) fn keep_parameters(&self, pairs: &str) {
        for (name, value) in pairs.split('&').filter_map(|pair| pair.split_once('=')) {
            if PARAMETERS.contains(&name) {
                self.keep(&percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy());
            }
        }
    }

    /// Keeps the secrets in the JSON of a request or an answer.
    pub(crate) fn keep_json(&self, body: &[u8]) {
        if let Ok(value) = serde_json::from_slice(body) {
            self.keep_fields(&value);
        }
    }

    /// Returns all of them.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().cloned().collect()
    }

    fn keep_fields(&self, value: &Value) {
        let Value::Object(fields) = value else { return };
        for (name, field) in fields {
            match field {
                Value::String(text) if is_secret(name) => self.keep(text),
                nested => self.keep_fields(nested),
            }
        }
    }
}

fn is_secret(name: &str) -> bool {
    let names_a_token = name.to_ascii_lowercase().ends_with("token");
    names_a_token || PARAMETERS.contains(&name) && name != "code"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_answers_and_credentials_in_requests_are_gathered() {
        let known_secrets = KnownSecrets::default();
        known_secrets.keep_json(
            br#"{"code": 200, "data": {"accessToken": {"token": "Bearer A1"}}, "token_type": "jwt"}"#,
        );
        known_secrets.keep_parameters("grant_type=refresh_token&refresh_token=R%2B1&code=C1");
        assert_eq!(known_secrets.secrets(), ["A1", "Bearer A1", "C1", "R+1"]);
    }
}
