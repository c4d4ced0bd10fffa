//! Authorizes API requests.

use bytes::Bytes;

use super::case::{Case, Expected};
use super::differences::Differences;
use token_core::{ApiBody, Attempt, Error, Token, TokenEndpoint};

/// Returns the differences from a case of `authorize`.
pub(super) fn of_case(
    case: &Case,
    endpoint: &dyn TokenEndpoint,
    token: &Token,
    api: &http::Request<Bytes>,
) -> Vec<String> {
    let mut found = Differences::default();
    let (seen, outcome) = authorized(endpoint, token, api, &case.attempt);
    match (&case.expect, outcome) {
        (Some(Expected::Error(expected)), Err(error)) => found.error("error", expected, &error),
        (None, Err(error)) => found.say(&format!("authorize failed: {error:?}")),
        (Some(_), _) => {
            found.say("`expect` must be an `error`, and `authorize` must fail with it");
        }
        (None, Ok(())) => compare(&mut found, case, api, &seen),
    }
    found.0
}

/// Compares the headers: those that were there and those that are expected, and no others. What the
/// case does not mention stays as it was.
fn compare(
    found: &mut Differences,
    case: &Case,
    api: &http::Request<Bytes>,
    seen: &http::Request<Bytes>,
) {
    let Some(expected) = &case.request else {
        return;
    };
    if let Some(method) = &expected.method {
        found.compare("request.method", method, seen.method().as_str());
    }
    let url = expected
        .url
        .clone()
        .unwrap_or_else(|| api.uri().to_string());
    found.compare("request.url", &url, &seen.uri().to_string());
    let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
    let body = expected.body.clone().unwrap_or_else(|| text(api.body()));
    found.compare("request.body", &body, &text(seen.body()));
    let was_there = api.headers().iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let mut wanted: Vec<_> = was_there
        .filter(|(name, _)| {
            expected
                .headers
                .iter()
                .all(|(own, _)| !own.eq_ignore_ascii_case(name))
        })
        .chain(
            expected
                .headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
        )
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let mut seen: Vec<_> = seen
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    wanted.sort();
    seen.sort();
    found.compare("request.headers", &wanted.join(" | "), &seen.join(" | "));
}

/// Returns the request after `authorize`, with its replaced body.
pub(super) fn authorized(
    endpoint: &dyn TokenEndpoint,
    token: &Token,
    api: &http::Request<Bytes>,
    attempt: &Attempt,
) -> (http::Request<Bytes>, Result<(), Error>) {
    let (mut parts, given) = api.clone().into_parts();
    let mut body = ApiBody::of(&given);
    let outcome = endpoint.authorize(token, &mut parts, &mut body, attempt);
    let replaced = body.into_replaced();
    let body = replaced.unwrap_or(given);
    (http::Request::from_parts(parts, body), outcome)
}
