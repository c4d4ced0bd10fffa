//! Authorizes API requests, and checks what else changes.

use bytes::Bytes;
use http::request::Parts;

use super::case::{Case, Expected};
use super::differences::Differences;
use super::suite::{EndpointSuite, report};
use super::trial::Trial;
use crate::exchange::attempt;
use token_core::{ApiBody, Attempt, Error, Token, TokenEndpoint};

/// Returns the differences from a case of `authorize`.
pub(super) fn of_case(
    case: &Case,
    endpoint: &dyn TokenEndpoint,
    token: &Token,
    api: &http::Request<Bytes>,
) -> Vec<String> {
    let mut found = Differences::default();
    let (parts, outcome) = authorized(endpoint, token, api, &case.attempt);
    match (&case.expect, outcome) {
        (Some(Expected::Error(expected)), Err(error)) => found.error("error", expected, &error),
        (None, Err(error)) => found.say(&format!("authorize failed: {error:?}")),
        (Some(_), _) => {
            found.say("`expect` must be an `error`, and `authorize` must fail with it");
        }
        (None, Ok(())) => compare(&mut found, case, api, &parts),
    }
    found.0
}

/// Compares the headers: those that were there and those that are expected, and no others.
fn compare(found: &mut Differences, case: &Case, api: &http::Request<Bytes>, parts: &Parts) {
    let Some(expected) = &case.request else {
        return;
    };
    if let Some(method) = &expected.method {
        found.compare("request.method", method, parts.method.as_str());
    }
    let url = expected
        .url
        .clone()
        .unwrap_or_else(|| api.uri().to_string());
    found.compare("request.url", &url, &parts.uri.to_string());
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
    let mut seen: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    wanted.sort();
    seen.sort();
    found.compare("request.headers", &wanted.join(" | "), &seen.join(" | "));
}

fn authorized(
    endpoint: &dyn TokenEndpoint,
    token: &Token,
    api: &http::Request<Bytes>,
    attempt: &Attempt,
) -> (Parts, Result<(), Error>) {
    let (mut parts, body) = api.clone().into_parts();
    let outcome = endpoint.authorize(token, &mut parts, &mut ApiBody::of(&body), attempt);
    (parts, outcome)
}

impl EndpointSuite {
    /// `authorize` adds headers and changes nothing else. If it fails, it changes nothing at all,
    /// so that a program that sends the request anyway, or tries again with a newer token, does not
    /// send half a signature.
    // FAULTS.md scenario 5
    pub fn authorize_adds_only_its_own_and_nothing_where_it_fails(&self) {
        report(self.trials().iter().flat_map(|trial| {
            let requests = requests();
            let found = requests.iter().filter_map(|api| changed(trial, api));
            found.collect::<Vec<_>>()
        }));
    }
}

fn changed(trial: &Trial<'_>, api: &http::Request<Bytes>) -> Option<String> {
    let attempt = attempt(trial.case.now(), 5);
    let (parts, outcome) = authorized(&*trial.endpoint, &trial.token, api, &attempt);
    let say = |what: &str| {
        Some(format!(
            "{}: authorize of {} {what}",
            trial.case.name,
            api.uri()
        ))
    };
    if parts.method != *api.method() || parts.uri != *api.uri() || parts.version != api.version() {
        return say("changed the method, the URL or the version");
    }
    if outcome.is_err() && parts.headers != *api.headers() {
        return say("failed and left headers behind");
    }
    let kept = api
        .headers()
        .iter()
        .all(|(name, value)| parts.headers.get_all(name).iter().any(|seen| seen == value));
    if !kept {
        return say("removed a header of the program");
    }
    // Once more on its own result, as with a newer token.
    let again = http::Request::from_parts(parts.clone(), api.body().clone());
    let (twice, second) = authorized(&*trial.endpoint, &trial.token, &again, &attempt);
    let same = outcome.is_err() || (second.is_ok() && twice.headers.len() == parts.headers.len());
    (!same).then(|| say("added a header twice when applied to its own result"))?
}

/// Returns ordinary requests, and some that are hard to sign.
fn requests() -> Vec<http::Request<Bytes>> {
    let mut requests = Vec::new();
    for (method, uri, body) in [
        (
            "POST",
            "https://api.conformance.example/things?b=2&a=1",
            &b"{\"a\":1}"[..],
        ),
        ("GET", "https://api.conformance.example", b""),
        ("GET", "/relative?q=%zz&&=&a", b""),
        (
            "DELETE",
            "https://api.conformance.example:8443/a%20b?x=%E9",
            b"\xFF\x00",
        ),
        ("CONNECT", "api.conformance.example:443", b""),
        ("OPTIONS", "*", b""),
    ] {
        let mut request = http::Request::new(Bytes::from_static(body));
        *request.method_mut() = method.parse().unwrap_or_default();
        *request.uri_mut() = http::Uri::from_static(uri);
        for (name, value) in [
            ("accept", "text/plain"),
            ("x-own", "1"),
            ("x-own", "2"),
            ("user-agent", "u"),
        ] {
            request
                .headers_mut()
                .append(name, http::HeaderValue::from_static(value));
        }
        requests.push(request);
    }
    requests
}
