//! Requests as a server sees them: path, parameters, headers, body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// RFC 3986 section 2.3: unreserved characters are not encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request, read in full.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Names and decoded values of a query or a form, in the order of the request.
pub(crate) struct Params(Vec<(String, String)>);

impl Call {
    /// `target` is the request target of RFC 9112 section 3.2, in origin or absolute form.
    pub(crate) fn new(method: &str, target: &str, headers: HeaderMap, body: Vec<u8>) -> Self {
        let (path, query) = split_target(target);
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            path,
            query,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn query(&self) -> Params {
        Params::read(self.query.as_bytes())
    }

    /// Returns the form in the body; empty unless the content type says that it is a form.
    pub(crate) fn form(&self) -> Params {
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            return Params::read(&self.body);
        }
        Params(Vec::new())
    }

    /// Returns query and form together, as a Java servlet's `getParameter` reads them: the query
    /// first.
    pub(crate) fn parameters(&self) -> Params {
        let mut all = self.query();
        all.0.extend(self.form().0);
        all
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the value after `Basic `, split at the first colon (RFC 7617 section 2).
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let text = self.header("authorization")?.strip_prefix("Basic ")?;
        let bytes = STANDARD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// Returns the token, code or credential in the request, wherever it is; empty if there is
    /// none.
    pub(crate) fn credential(&self) -> String {
        const NAMES: [&str; 7] = [
            "refresh_token",
            "refreshToken",
            "accessToken",
            "code",
            "encryption",
            "password",
            "pwd",
        ];
        let params = self.parameters();
        let json = self.json().unwrap_or_default();
        let named = |name: &&str| {
            let text = json.get(name).and_then(|value| value.as_str());
            params.filled(name).or(text).map(str::to_owned)
        };
        let found = NAMES.iter().find_map(named);
        found
            .or_else(|| self.header("authorization").map(str::to_owned))
            .unwrap_or_default()
    }
}

impl Params {
    /// Decodes a query or a form; `+` is a space in both, as all five vendors' servers read them.
    pub(crate) fn read(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Returns the first value of that name, empty or not.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the first value of that name, or `None` if it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.first(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Returns the URI with the parameters that are not empty added to its query.
pub(crate) fn with_params(uri: &str, params: &[(&str, &str)]) -> String {
    let mut uri = uri.to_owned();
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        let joint = if uri.contains('?') { '&' } else { '?' };
        uri.push(joint);
        uri.push_str(name);
        uri.push('=');
        uri.extend(utf8_percent_encode(value, UNRESERVED));
    }
    uri
}

fn split_target(target: &str) -> (String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match path.split_once("://") {
        Some((_, rest)) => rest
            .find('/')
            .and_then(|start| rest.get(start..))
            .unwrap_or("/"),
        None => path,
    };
    (path.to_owned(), query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_join_those_that_are_there() {
        let full = with_params("https://a/b?c=d", &[("code", "x y"), ("state", "")]);
        assert_eq!(full, "https://a/b?c=d&code=x%20y");
    }

    #[test]
    fn parameters_are_decoded_once() {
        let params = Params::read(b"a=1%252B2&b=x+y&c&d==");
        assert_eq!(params.first("a"), Some("1%2B2"));
        assert_eq!(params.first("b"), Some("x y"));
        assert_eq!(params.first("c"), Some(""));
        assert_eq!(params.filled("c"), None);
        assert_eq!(params.first("d"), Some("="));
        assert_eq!(params.first("e"), None);
    }

    #[test]
    fn an_absolute_target_keeps_its_path() {
        let call = Call::new(
            "GET",
            "http://localhost:1/a/b?c=d",
            HeaderMap::new(),
            Vec::new(),
        );
        assert_eq!(call.path, "/a/b");
        assert_eq!(call.query().first("c"), Some("d"));
    }

    #[test]
    fn a_password_may_hold_a_colon() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Basic YTpiOmM=".parse().unwrap());
        let call = Call::new("GET", "/", headers, Vec::new());
        assert_eq!(call.basic(), Some(("a".to_owned(), "b:c".to_owned())));
    }
}
