//! `authorize` adds what is its own and changes nothing else.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::authorizing::authorized;
use super::kept::{is_kept, is_within};
use super::secrets::{self, forms};
use super::suite::{EndpointSuite, report};
use super::trial::Trial;
use crate::exchange::attempt;
use token_core::{Error, Secret, Token};

const FORM: &str = "application/x-www-form-urlencoded";

impl EndpointSuite {
    /// `authorize` adds to the headers, the query or the body, and changes nothing else. Applied to
    /// its own result with another token, it replaces what it added. If it fails, it changes
    /// nothing at all, so that a program that sends the request anyway, or tries again with a newer
    /// token, does not send half a signature.
    // FAULTS.md scenario 5
    pub fn authorize_adds_only_its_own_and_nothing_where_it_fails(&self) {
        let requests = requests();
        let all_of = |trial: &Trial<'_>, token: &Token| {
            let found = requests.iter().filter_map(|api| changed(trial, token, api));
            found.collect::<Vec<_>>()
        };
        let (given, issued) = (self.trials(), self.issuing());
        let given = given.iter().map(|trial| (trial, &trial.token));
        let issued = issued.iter().map(|(trial, _, token)| (trial, token));
        let all = given.chain(issued);
        report(all.flat_map(|(trial, token)| all_of(trial, token)));
    }

    /// `authorize` adds the access token, marks its header as sensitive, and does not add the
    /// refresh token: not to the headers, the query or the body.
    pub fn authorize_carries_the_access_token_and_nothing_else(&self) {
        report(
            self.issuing()
                .iter()
                .flat_map(|(trial, _, token)| carried(trial, token)),
        );
    }
}

fn changed(trial: &Trial<'_>, token: &Token, api: &http::Request<Bytes>) -> Option<String> {
    let attempt = attempt(trial.case.now(), 5);
    let (seen, outcome) = authorized(&*trial.endpoint, token, api, &attempt);
    let found = match outcome {
        Ok(()) => difference(api, &seen).or_else(|| replaced(trial, token, &seen)),
        Err(_) => (!is_same(api, &seen)).then_some("failed and left something behind"),
    };
    let (name, uri) = (&trial.case.name, api.uri());
    found.map(|what| format!("{name}: authorize of {uri} {what}"))
}

fn is_same(api: &http::Request<Bytes>, seen: &http::Request<Bytes>) -> bool {
    let same_head = api.method() == seen.method() && api.uri() == seen.uri();
    same_head && api.headers() == seen.headers() && api.body() == seen.body()
}

/// Returns what changed besides what was added.
fn difference(api: &http::Request<Bytes>, seen: &http::Request<Bytes>) -> Option<&'static str> {
    let same_place = |uri: &http::Uri| {
        let path = uri.path().to_owned();
        (uri.scheme().cloned(), uri.authority().cloned(), path)
    };
    if seen.method() != api.method() || seen.version() != api.version() {
        return Some("changed the method, the URL or the version");
    }
    if same_place(seen.uri()) != same_place(api.uri()) {
        return Some("changed the method, the URL or the version");
    }
    let query = |uri: &http::Uri| uri.query().unwrap_or_default().to_owned();
    if !is_within(&query(api.uri()), &query(seen.uri())) {
        return Some("changed a parameter of the program's query");
    }
    if !is_kept(api, seen) {
        return Some("changed the program's body");
    }
    let has_new_body = api.body() != seen.body();
    if has_new_body && !has_right_length(seen) {
        return Some("left the length of the old body");
    }
    let kept = api.headers().iter().all(|(name, value)| {
        let may_go = has_new_body && name == CONTENT_LENGTH;
        may_go
            || seen
                .headers()
                .get_all(name)
                .iter()
                .any(|seen| seen == value)
    });
    (!kept).then_some("removed a header of the program")
}

fn has_right_length(request: &http::Request<Bytes>) -> bool {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.map(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_none_or(|length| length == Some(request.body().len()))
}

/// Authorizes an authorized request once more, as with a newer token.
fn replaced(trial: &Trial<'_>, token: &Token, seen: &http::Request<Bytes>) -> Option<&'static str> {
    let again = attempt(trial.case.now(), 5);
    let (twice, outcome) = authorized(&*trial.endpoint, token, seen, &again);
    let size = |request: &http::Request<Bytes>| {
        let query = request.uri().query().unwrap_or_default().len();
        (request.headers().len(), query, request.body().len())
    };
    if outcome.is_err() || size(&twice) != size(seen) {
        return Some("added something twice when applied to its own result");
    }
    let newer = newer(token).ok()?;
    let (seen, outcome) = authorized(&*trial.endpoint, &newer, seen, &again);
    if outcome.is_err() {
        return Some("failed on its own result with another token");
    }
    let left = shows(&text_of(&seen), token.access());
    left.then_some("left the old token when applied with another token")
}

/// Returns another access token that travels in the same way.
fn newer(token: &Token) -> Result<Token, Error> {
    let access = Secret::from("conformance-newer-Kq93ZtWb");
    Token::builder(access, token.validity())
        .placement(token.placement().clone())
        .refresh(token.refresh().cloned())
        .build()
}

fn carried(trial: &Trial<'_>, token: &Token) -> Vec<String> {
    let attempt = attempt(trial.case.now(), 3);
    let say = |what: &str| format!("{}: authorize {what}", trial.case.name);
    let mut failure = None;
    for api in suitable_requests() {
        let (seen, outcome) = authorized(&*trial.endpoint, token, &api, &attempt);
        match outcome {
            Ok(()) => {
                let found = leaks(&api, &seen, token);
                return found.into_iter().map(say).collect();
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    vec![say(&format!("failed: {failure:?}"))]
}

fn leaks(
    api: &http::Request<Bytes>,
    seen: &http::Request<Bytes>,
    token: &Token,
) -> Vec<&'static str> {
    let after = text_of(seen);
    let found = [
        (text_of(api) == after, "put nothing on the request"),
        (
            secrets::shown(&format!("{:?}", seen.headers()), [token.access()]),
            "left the token's header not marked as sensitive",
        ),
        (
            refresh_apart(token).is_some_and(|refresh| shows(&after, refresh)),
            "put the refresh token on the request",
        ),
    ];
    let broken = found.into_iter().filter(|(broken, _)| *broken);
    broken.map(|(_, what)| what).collect()
}

/// Returns the refresh token, unless it is equal to the access token or a part of it.
fn refresh_apart(token: &Token) -> Option<&Secret> {
    let access = token.access().expose();
    token
        .refresh()
        .filter(|refresh| !access.contains(refresh.expose()))
}

fn shows(text: &str, secret: &Secret) -> bool {
    let long = secret.expose().len() >= secrets::SHORTEST;
    long && forms(secret.expose())
        .iter()
        .any(|form| text.contains(form))
}

/// Returns all of a request in which a secret can be.
fn text_of(request: &http::Request<Bytes>) -> String {
    let headers = request.headers().iter();
    let lines: String = headers
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = String::from_utf8_lossy(request.body());
    format!("{} {lines}{body}", request.uri())
}

/// Returns requests of which an endpoint can authorize one, wherever its token travels.
fn suitable_requests() -> [http::Request<Bytes>; 2] {
    let url = "https://api.conformance.example/things?b=2&a=1";
    [
        request("POST", url, "application/json", b"{\"a\":1}"),
        request("POST", url, FORM, b"b=2&a=1"),
    ]
}

/// Returns ordinary requests, and some that are hard to sign.
fn requests() -> Vec<http::Request<Bytes>> {
    let things = "https://api.conformance.example/things?b=2&a=1";
    let mut with_length = request("POST", things, FORM, b"b=2&a=1%20&c");
    let length = http::HeaderValue::from_static("12");
    with_length.headers_mut().insert(CONTENT_LENGTH, length);
    let odd = "https://api.conformance.example:8443/a%20b?x=%E9";
    vec![
        request("POST", things, "", b"{\"a\":1}"),
        request(
            "PUT",
            things,
            "application/json",
            b"{\"a\":{\"b\":[1,null]},\"c\":\"\"}",
        ),
        request("GET", "https://api.conformance.example", "", b""),
        request("GET", "/relative?q=%zz&&=&a", "", b""),
        request("POST", odd, FORM, b"a=%zz&&=&b=+"),
        request("DELETE", odd, "", b"\xFF\x00"),
        request("CONNECT", "api.conformance.example:443", "", b""),
        request("OPTIONS", "*", "", b""),
        with_length,
    ]
}

fn request(
    method: &str,
    uri: &'static str,
    content_type: &'static str,
    body: &'static [u8],
) -> http::Request<Bytes> {
    let mut request = http::Request::new(Bytes::from_static(body));
    *request.method_mut() = method.parse().unwrap_or_default();
    *request.uri_mut() = http::Uri::from_static(uri);
    let own = [
        ("accept", "text/plain"),
        ("x-own", "1"),
        ("x-own", "2"),
        ("user-agent", "u"),
    ];
    let headers = request.headers_mut();
    for (name, value) in own {
        headers.append(name, http::HeaderValue::from_static(value));
    }
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    }
    request
}
