//! What curl may be asked for while it has a token.

use vendor_auth::Token;
use vendor_auth::types::reexports::http::header::AUTHORIZATION;
use vendor_auth::types::reexports::http::{Method, Uri};
use vendor_auth::types::{ApiOrigin, TokenPlacement};

use super::operation::Operation;
use crate::failure::Failure;

/// Options with which the token could get elsewhere, and why.
const FORBIDDEN: [(&str, &str); 8] = [
    (
        "location-trusted",
        "sends the token to every host that a redirect names",
    ),
    (
        "config",
        "has options that are not seen here; write them as arguments",
    ),
    (
        "insecure",
        "sends the token to whoever answers; write --cacert FILE",
    ),
    ("libcurl", "writes the token into a file"),
    ("trace", "writes the token into a file; write --verbose"),
    (
        "trace-ascii",
        "writes the token into a file; write --verbose",
    ),
    ("help", "is not for a request; run curl itself"),
    (
        "proto-default",
        "is not needed; write URLs with their scheme",
    ),
];

/// Options that reach another server under the same name, which only TLS finds out.
const REROUTES: [&str; 13] = [
    "abstract-unix-socket",
    "connect-to",
    "dns-servers",
    "doh-url",
    "preproxy",
    "proxy",
    "proxy1.0",
    "resolve",
    "socks4",
    "socks4a",
    "socks5",
    "socks5-hostname",
    "unix-socket",
];

/// Options that change the body or the query.
const BODIES: [&str; 12] = [
    "data",
    "data-ascii",
    "data-binary",
    "data-raw",
    "data-urlencode",
    "json",
    "form",
    "form-string",
    "upload-file",
    "get",
    "url-query",
    "request-target",
];

/// The first curl that sends `Authorization` to no other host, port or scheme after a redirect.
const SAFE_REDIRECTS: (u32, u32) = (7, 83);

/// Where the token may be sent, and by which curl.
pub(super) struct Allowed<'a> {
    pub(super) origins: &'a [ApiOrigin],
    pub(super) signs: bool,
    pub(super) version: (u32, u32),
}

impl Allowed<'_> {
    /// Returns the URLs of an operation, which may all get a token.
    pub(super) fn check(&self, it: &Operation) -> Result<Vec<Uri>, Failure> {
        for (name, why) in FORBIDDEN {
            if it.has(name) {
                return Err(refused(&format!("--{name} {why}")));
            }
        }
        if let Some(name) = it.find(|name| name.starts_with("expand-")) {
            return Err(refused(&format!(
                "--{name} has a value that is not seen here"
            )));
        }
        self.check_signed(it)?;
        let uris: Result<Vec<Uri>, _> = it.urls.iter().map(|url| self.check_url(url)).collect();
        let uris = uris?;
        if uris.is_empty() {
            return Err(Failure::usage("curl: there is no URL; write it after `--`"));
        }
        let is_plain = uris.iter().any(|uri| uri.scheme_str() == Some("http"));
        match it.find(|name| is_plain && REROUTES.contains(&name)) {
            Some(name) => Err(refused(&format!(
                "--{name} needs https, which shows who answers"
            ))),
            None => Ok(uris),
        }
    }

    /// Refuses an operation that this token is not for.
    pub(super) fn check_token(&self, token: &Token, it: &Operation) -> Result<(), Failure> {
        self.check_headers(token, it)?;
        self.check_redirects(token, it)
    }

    fn check_headers(&self, token: &Token, it: &Operation) -> Result<(), Failure> {
        let headers = token.headers();
        for header in it.values("header") {
            let name = header.split([':', ';']).next().unwrap_or_default().trim();
            if headers
                .keys()
                .any(|own| own.as_str().eq_ignore_ascii_case(name))
            {
                let why = format!("--header {name} is what the token is sent in; run curl itself");
                return Err(refused(&why));
            }
        }
        match token.placement() {
            TokenPlacement::Query(_) | TokenPlacement::Form(_) => {
                Err(refused("the vendor takes the token in no header"))
            }
            _ => Ok(()),
        }
    }

    fn check_redirects(&self, token: &Token, it: &Operation) -> Result<(), Failure> {
        if !it.follows_redirects() {
            return Ok(());
        }
        let is_authorization = token.headers().keys().all(|name| *name == AUTHORIZATION);
        if self.signs || !is_authorization {
            return Err(refused(
                "redirects are not followed: the vendor's header would go to every host that one \
                 names; leave --location out",
            ));
        }
        match self.version >= SAFE_REDIRECTS {
            true => Ok(()),
            false => Err(refused(
                "--location needs curl 7.83 or later, which sends the token to no other host",
            )),
        }
    }

    fn check_signed(&self, it: &Operation) -> Result<(), Failure> {
        if !self.signs {
            return Ok(());
        }
        if let Some(name) = it.find(|name| BODIES.contains(&name)) {
            let why =
                "the vendor's signature covers the body and the query, which curl makes later";
            return Err(refused(&format!(
                "--{name}: {why}; write the query into the URL"
            )));
        }
        let has_glob = it.urls.iter().any(|url| url.contains(['{', '}', '[', ']']));
        match it.urls.len() > 1 || (has_glob && !it.has("globoff")) {
            true => Err(refused(
                "the vendor signs each request; write --next between URLs",
            )),
            false => Ok(()),
        }
    }

    /// Returns the URL if it is of an origin of the profile. The host is written so plainly that
    /// curl cannot read it as another.
    fn check_url(&self, url: &str) -> Result<Uri, Failure> {
        let not_whole = || {
            refused(&format!(
                "{url} must be a whole URL, such as {}/",
                self.first()
            ))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(not_whole)?;
        let is_http = ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str());
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        if !is_http || !is_plain(authority) {
            return Err(not_whole());
        }
        let origin: Uri = format!("{scheme}://{authority}/")
            .parse()
            .map_err(|_| not_whole())?;
        if !self.origins.iter().any(|it| it.is_of(&origin)) {
            return Err(Failure::usage(format!(
                "curl: {scheme}://{authority} is not of this profile, so it gets no token; add it \
                 to `api_urls` if it is to get one"
            )));
        }
        match self.signs {
            true => url.parse().map_err(|_| not_whole()),
            false => Ok(origin),
        }
    }

    fn first(&self) -> String {
        let first = self.origins.first().map(ToString::to_string);
        first.unwrap_or_else(|| "https://api.example.com".to_owned())
    }
}

/// Returns whether there is only one way to read a host and a port.
fn is_plain(authority: &str) -> bool {
    let in_brackets = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let is_port = |port: &str| port.chars().all(|it| it.is_ascii_digit());
    match in_brackets {
        Some((host, rest)) => {
            let is_host = host
                .chars()
                .all(|it| it.is_ascii_hexdigit() || ":.".contains(it));
            is_host && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
            let is_name = |it: char| it.is_ascii_alphanumeric() || ".-_".contains(it);
            !host.is_empty() && host.chars().all(is_name) && is_port(port)
        }
    }
}

/// Returns the method that curl uses for an operation without a body.
pub(super) fn method(it: &Operation) -> Result<Method, Failure> {
    let written = it.values("request").last();
    match written {
        Some(name) => Method::from_bytes(name.as_bytes())
            .map_err(|_| Failure::usage(format!("curl: {name} is not a method"))),
        None if it.has("head") => Ok(Method::HEAD),
        None => Ok(Method::GET),
    }
}

fn refused(why: &str) -> Failure {
    Failure::usage(format!("curl: {why}"))
}
