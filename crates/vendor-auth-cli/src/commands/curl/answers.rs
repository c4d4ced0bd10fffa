//! The answers' heads, as curl dumps them.

use vendor_auth::TokenEndpoint;
use vendor_auth::types::reexports::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use vendor_auth::types::{ApiResponse, ApiVerdict};

/// Returns whether one of the answers refuses the token. What follows a redirect may be of another
/// host, which did not get the token.
pub(super) fn refuse(endpoint: &dyn TokenEndpoint, dumped: &str, follows: bool) -> bool {
    for head in heads(dumped) {
        let Some((status, headers)) = head else {
            return false;
        };
        if follows && status.is_redirection() {
            return false;
        }
        let response = ApiResponse::new(status, &headers, None);
        if endpoint.judge(&response) == ApiVerdict::TokenRefused {
            return true;
        }
    }
    false
}

/// Returns the heads; `None` in the place of what is not one.
fn heads(dumped: &str) -> impl Iterator<Item = Option<(StatusCode, HeaderMap)>> + '_ {
    let heads = dumped.split("\r\n\r\n").map(str::trim_start);
    heads.filter(|head| !head.is_empty()).map(head)
}

fn head(text: &str) -> Option<(StatusCode, HeaderMap)> {
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    words
        .next()
        .filter(|version| version.starts_with("HTTP/"))?;
    let status = StatusCode::from_bytes(words.next()?.as_bytes()).ok()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    let mut map = HeaderMap::new();
    headers.for_each(|(name, value)| {
        map.append(name, value);
    });
    Some((status, map))
}
