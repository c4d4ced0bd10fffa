//! Compares what a case expects with what the endpoint does.

use http::header::HeaderName;

use super::case::{
    Case, Expected, ExpectedError, ExpectedRequest, ExpectedToken, ExpectedVerdict, millis,
};
use super::trial::Seen;
use token_core::{ApiVerdict, Error, ErrorKind, Request, Secret, Token, TokenPlacement};

#[derive(Default)]
pub(super) struct Differences(pub(super) Vec<String>);

impl Differences {
    pub(super) fn say(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    pub(super) fn compare(&mut self, what: &str, expected: &str, seen: &str) {
        if expected != seen {
            self.0.push(format!(
                "{what}:\n      expected {expected}\n      but saw  {seen}"
            ));
        }
    }

    pub(super) fn seen(&mut self, expected: &Expected, seen: &Seen, case: &Case) {
        match (expected, seen) {
            (Expected::Issued(expected), Seen::Issued(token)) => self.token(expected, token, case),
            (
                Expected::RefreshTokenOnly(refresh, expected),
                Seen::RefreshTokenOnly(seen, error),
            ) => {
                self.compare("refresh_token_only.refresh", refresh, seen.expose());
                self.error("refresh_token_only", expected, error);
            }
            (Expected::Error(expected), Seen::Refused(error)) => {
                self.error("error", expected, error);
            }
            (Expected::Retry(expected), Seen::Retry(error)) => self.error("retry", expected, error),
            (Expected::Continue(expected), Seen::Continue(request)) => {
                self.request("continue", expected, request);
            }
            (expected, seen) => self.compare("expect", expected.name(), &seen.describe()),
        }
    }

    pub(super) fn request(&mut self, what: &str, expected: &ExpectedRequest, request: &Request) {
        let sent = request.to_http();
        if let Some(method) = &expected.method {
            self.compare(&format!("{what}.method"), method, sent.method().as_str());
        }
        if let Some(url) = &expected.url {
            self.compare(&format!("{what}.url"), url, &sent.uri().to_string());
        }
        for (name, value) in &expected.headers {
            let values = sent.headers().get_all(name.as_str()).iter();
            let texts: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            self.compare(&format!("{what}.headers.{name}"), value, &texts.join(", "));
        }
        if let Some(body) = &expected.body {
            self.compare(
                &format!("{what}.body"),
                body,
                &String::from_utf8_lossy(sent.body()),
            );
        }
    }

    pub(super) fn verdict(&mut self, expected: &ExpectedVerdict, seen: ApiVerdict) {
        self.compare("verdict.name", &expected.name, verdict_name(seen));
        let ApiVerdict::Throttled { after } = seen else {
            return;
        };
        let shown = |after: Option<i64>| after.map(|after| format!("{after} ms"));
        let (wanted, seen) = (shown(expected.after_millis), shown(after.map(millis)));
        let (wanted, seen) = (quoted(wanted.as_deref()), quoted(seen.as_deref()));
        self.compare("verdict.after_seconds", wanted, seen);
    }

    fn token(&mut self, expected: &ExpectedToken, token: &Token, case: &Case) {
        if let Some(access) = &expected.access {
            self.compare("issued.access", access, token.access().expose());
        }
        if let Some(refresh) = &expected.refresh {
            let seen = token.refresh().map(Secret::expose);
            self.compare("issued.refresh", quoted(refresh.as_deref()), quoted(seen));
        }
        if let Some(wanted) = expected.expires_in_millis {
            let life = token.validity().expires_at().since(case.now());
            let (wanted, seen) = (format!("{wanted} ms"), format!("{} ms", millis(life)));
            self.compare("issued.expires_in_seconds", &wanted, &seen);
        }
        if let Some(carried) = &expected.placement {
            self.compare("issued.placement", carried, &placement(token));
        }
        if let Some(scopes) = &expected.scopes {
            self.compare(
                "issued.scopes",
                &scopes.join(" | "),
                &token.scopes().join(" | "),
            );
        }
        for (name, value) in &expected.extras {
            let seen = token.extra(name).map(Secret::expose);
            self.compare(&format!("issued.extras.{name}"), value, quoted(seen));
        }
    }

    pub(super) fn error(&mut self, what: &str, expected: &ExpectedError, error: &Error) {
        self.compare(
            &format!("{what}.kind"),
            &expected.kind,
            kind_name(error.kind()),
        );
        if let Some(code) = &expected.code {
            self.compare(
                &format!("{what}.code"),
                quoted(code.as_deref()),
                quoted(error.code()),
            );
        }
        if let Some(message) = &expected.message {
            let (wanted, seen) = (quoted(message.as_deref()), quoted(error.message()));
            self.compare(&format!("{what}.message"), wanted, seen);
        }
        if let Some(kills) = expected.kills_live_token {
            let (wanted, seen) = (kills.to_string(), error.kills_live_token().to_string());
            self.compare(&format!("{what}.kills_live_token"), &wanted, &seen);
        }
        if let Some(after) = expected.after_millis {
            let seen = error
                .retry_after()
                .map(|after| format!("{} ms", millis(after)));
            self.compare(
                &format!("{what}.after_seconds"),
                &format!("{after} ms"),
                quoted(seen.as_deref()),
            );
        }
    }
}

impl Expected {
    fn name(&self) -> &'static str {
        match self {
            Self::Issued(_) => "a token to be issued",
            Self::RefreshTokenOnly(..) => "only a refresh token",
            Self::Error(_) => "an error",
            Self::Retry(_) => "a retry, with an error",
            Self::Continue(_) => "a further request",
            Self::Verdict(_) => "a verdict",
        }
    }
}

pub(super) fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Transient { .. } => "Transient",
        ErrorKind::Throttled { .. } => "Throttled",
        ErrorKind::InDoubt => "InDoubt",
        ErrorKind::Rejected => "Rejected",
        ErrorKind::Locked { .. } => "Locked",
        ErrorKind::Config => "Config",
        ErrorKind::Protocol => "Protocol",
        ErrorKind::Store => "Store",
        other => panic!("{other:?} is unknown to this version of the suite"),
    }
}

pub(super) fn verdict_name(verdict: ApiVerdict) -> &'static str {
    match verdict {
        ApiVerdict::Accepted => "Accepted",
        ApiVerdict::TokenRefused => "TokenRefused",
        ApiVerdict::InsufficientScope => "InsufficientScope",
        ApiVerdict::Throttled { .. } => "Throttled",
        ApiVerdict::Other => "Other",
        other => panic!("{other:?} is unknown to this version of the suite"),
    }
}

fn quoted(text: Option<&str>) -> &str {
    text.unwrap_or("(nothing)")
}

/// Returns the header with the token, or the name of its parameter.
fn placement(token: &Token) -> String {
    match token.placement() {
        TokenPlacement::Query(name) => format!("query: {name}"),
        TokenPlacement::Form(name) => format!("form: {name}"),
        _ => token.header().map(line).unwrap_or_default(),
    }
}

fn line((name, value): (&HeaderName, &http::HeaderValue)) -> String {
    format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
}
