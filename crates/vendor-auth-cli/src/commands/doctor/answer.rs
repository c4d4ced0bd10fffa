//! TLS, HTTP and the clock: a request without a credential.

use vendor_auth::types::reexports::Bytes;
use vendor_auth::types::reexports::http::header::DATE;
use vendor_auth::types::reexports::http::{HeaderMap, Method, Request, StatusCode};
use vendor_auth::types::{HttpClient as _, SendError, SendFailure, Timestamp};

use super::Checks;
use super::certificate;
use super::finding::Report;
use super::target::{Next, Target};
use crate::commands::status::span;
use crate::failure::{self, CONFIG};
use crate::grant;
use crate::http;

/// A larger difference of clocks than this many seconds is told.
const NOISE: u64 = 30;
/// The library corrects no larger difference.
const LONGEST: u64 = 86_400;

/// Asks for the server's root, which needs no credential.
pub(super) async fn check(checks: &Checks<'_>, target: &Target, next: &Next, report: &Report) {
    let Ok(client) = http::client(checks.config) else {
        let why = "`[http]` is wrong";
        return report.skip(&["tls", "http", "clock"], why);
    };
    let Some(uri) = target.root() else {
        return report.skip(&["tls", "http", "clock"], "the host is not a valid one");
    };
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::HEAD;
    *request.uri_mut() = uri;
    let asked_at = grant::now();
    match client.send(request, checks.within).await {
        Ok(response) => {
            judge_tls(target, report);
            judge_status(response.status(), report);
            judge_clock(target, response.headers(), asked_at, report);
        }
        Err(error) if error.failure() == SendFailure::Tls => {
            let seen = match next.is_proxy {
                true => None,
                false => certificate::look(target, checks.within).await,
            };
            untrusted(&error, seen.as_deref(), report);
            report.skip(&["http", "clock"], "the connection is not secure");
        }
        Err(error) => {
            report.skip(&["tls"], "the server was not asked to the end");
            let code = failure::code(error.to_error().kind());
            let advice = "the server or the proxy fails: ask whoever runs it";
            let found = failure::of_the_command(error.to_string());
            report.fail("http", code, found, advice);
            report.skip(&["clock"], "there is no answer");
        }
    }
}

fn judge_tls(target: &Target, report: &Report) {
    match target.is_tls {
        true => report.ok("tls", "the certificate is trusted"),
        false => report.skip(&["tls"], "the URL is http://"),
    }
}

fn judge_status(status: StatusCode, report: &Report) {
    let found = format!("the server answers with status {}", status.as_u16());
    match status.as_u16() {
        407 | 502..=504 => report.warn(
            "http",
            found,
            "a proxy or a gateway does not reach the server, or the server is down",
        ),
        _ => report.ok("http", found),
    }
}

/// The transport's texts are "what: why; what to do".
fn untrusted(error: &SendError, seen: Option<&str>, report: &Report) {
    let text = failure::of_the_command(error.to_string());
    let (why, advice) = text.split_once("; ").unwrap_or((&text, ""));
    let is_self_signed = seen.is_some_and(|seen| seen.contains(certificate::SELF_SIGNED));
    let advice = match advice {
        "" if why.contains("no TLS version or cipher suite in common") => {
            "the server must take TLS 1.2 or 1.3 without a client certificate: have it updated, or \
             use a proxy that does it"
        }
        "" if why.contains("does not speak TLS") => {
            "write the port on which the server has TLS; only if it has none, write http://"
        }
        "" if why.contains("clock is wrong") => {
            "have the server's certificate renewed, or correct this machine's clock"
        }
        "the server needs another" if is_self_signed => {
            "have an authority issue one, or write `ca_file = \"PATH\"` under `[http]` with it"
        }
        "" => "ask whoever runs the server",
        other => other,
    };
    let seen = seen.map(|seen| format!("; {seen}")).unwrap_or_default();
    let code = failure::code(error.to_error().kind());
    report.fail("tls", code, format!("{why}{seen}"), advice);
}

fn judge_clock(target: &Target, headers: &HeaderMap, asked_at: Timestamp, report: &Report) {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
    let Some(server) = date.map(Timestamp::from) else {
        return report.skip(&["clock"], "the server does not tell the time");
    };
    let now = grant::now();
    let (apart, how) = match server > now {
        true => (server.since(now), "behind"),
        false => (asked_at.since(server), "ahead of"),
    };
    if apart.as_secs() <= NOISE {
        return report.ok("clock", "it agrees with the server's");
    }
    let found = format!("this machine's clock is {} {how} the server's", span(apart));
    let advice = "set this machine's clock by NTP; if it is right, the server's is wrong";
    match target.is_tls && apart.as_secs() <= LONGEST {
        true => report.warn(
            "clock",
            format!("{found}; token requests correct it"),
            advice,
        ),
        false => report.fail("clock", CONFIG, found, advice),
    }
}
