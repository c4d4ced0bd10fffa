//! Who gets an answer.
//!
//! | caller | what keeps it out |
//! |---|---|
//! | another user, by the socket | its mode 0600, and the credentials of the peer |
//! | another user, by a loopback port | the bearer, from a file of mode 0600 |
//! | a web page (CSRF) | the guard header: a browser asks before it sends one, and gets no leave |
//! | a web page (DNS rebinding) | the `Host` that the browser then sends is not loopback |
//! | a program that fetches what others tell it to (SSRF) | the guard header, and the bearer |
//! | clients of a proxy that somebody put in front | `X-Forwarded-For` and `Forwarded` |
//!
//! Status page, metrics and probes contain no secret. A browser and Prometheus cannot send the
//! guard header, so these need only a loopback `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::answer::Refusal;
use super::bearer::Bearer;

/// The header that a web page cannot send.
pub(super) const GUARD_HEADER: &str = "x-vendor-auth";
/// The scheme of the bearer.
const SCHEME: &[u8] = b"Bearer";
/// Headers that proxies add.
const OF_PROXIES: [&str; 4] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
];

/// What a client of an address has to show.
#[derive(Clone)]
pub(super) enum Guard {
    /// Nothing: only this user can connect.
    OfThisUser,
    /// The guard header and the bearer; without a bearer, nobody gets a token.
    OfLoopback(Option<Arc<Bearer>>),
}

/// Refuses requests that are wrong for any route.
pub(super) async fn everywhere(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Refuses requests for tokens that do not show what they have to.
pub(super) async fn for_tokens(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check_token_request(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Guard {
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if leads_upwards(uri.path()) {
            let why = "the path has `..`";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "path", why));
        }
        if let Some(name) = OF_PROXIES.iter().find(|name| headers.contains_key(**name)) {
            let why = format!("`{name}` is refused: tokens are not served through proxies");
            return Err(forbidden("forwarded", why));
        }
        match self {
            Self::OfThisUser => Ok(()),
            Self::OfLoopback(_) => check_host(uri, headers),
        }
    }

    fn check_token_request(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Self::OfLoopback(bearer) = self else {
            return Ok(());
        };
        if headers
            .get(GUARD_HEADER)
            .is_none_or(|value| value != "true")
        {
            return Err(forbidden(
                "guard_header",
                "send the header `X-Vendor-Auth: true`",
            ));
        }
        let sent = headers.get(AUTHORIZATION).and_then(bearer_of);
        let bearer = bearer.as_ref();
        if bearer
            .zip(sent)
            .is_some_and(|(bearer, sent)| bearer.is(sent))
        {
            return Ok(());
        }
        let path = bearer.map(|bearer| bearer.path().display().to_string());
        let why = format!(
            "send `Authorization: Bearer …` with the content of {}",
            path.unwrap_or_default()
        );
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "bearer", why))
    }
}

/// Returns what follows the scheme, whose case does not count (RFC 9110 section 11.1).
fn bearer_of(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, rest) = value.as_bytes().split_at_checked(SCHEME.len())?;
    let credentials = rest.strip_prefix(b" ")?.trim_ascii_start();
    scheme.eq_ignore_ascii_case(SCHEME).then_some(credentials)
}

/// Returns whether a segment of the path is `..`, also in the spellings that others decode later.
fn leads_upwards(path: &str) -> bool {
    let decoded = path
        .to_ascii_lowercase()
        .replace("%25", "%")
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "\\");
    decoded.split(['/', '\\']).any(|segment| segment == "..")
}

/// Refuses what a browser sends for a name that somebody made to mean this machine.
fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut sent = headers.get_all(HOST).iter();
    let host = match (sent.next(), sent.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let is_loopback =
        host.is_some_and(is_loopback) && uri.authority().is_none_or(|it| is_loopback(it.as_str()));
    match is_loopback {
        true => Ok(()),
        false => Err(forbidden(
            "host",
            "the `Host` must be 127.0.0.1, [::1] or localhost",
        )),
    }
}

fn is_loopback(authority: &str) -> bool {
    let Ok(parsed) = authority.parse::<Authority>() else {
        return false;
    };
    let host = parsed.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !authority.contains('@') && (is_address || host.eq_ignore_ascii_case("localhost"))
}

fn forbidden(error: &'static str, why: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, error, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_addresses_of_loopback_are_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:9",
            "127.8.0.1",
            "[::1]",
            "[::1]:80",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        let others = [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "127.1",
            "10.0.0.1",
            "[::]",
            "0.0.0.0",
            "x@localhost",
            "localhost@example.com",
            "a b",
        ];
        for host in others {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_path_that_leads_upwards_is_seen_in_each_spelling() {
        for path in [
            "/..",
            "/token/../x",
            "/%2e%2E/",
            "/.%2e",
            "/a%2f..",
            "/a\\..\\b",
            "/%252e.",
        ] {
            assert!(leads_upwards(path), "{path}");
        }
        for path in ["/", "/token/a..b", "/token/...", "/token/.a"] {
            assert!(!leads_upwards(path), "{path}");
        }
    }
}
