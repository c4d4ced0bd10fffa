//! A new refresh token is never dropped, and a blank token is refused.

use bytes::Bytes;

use super::leaves::Body;
use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial};
use token_core::Secret;

/// Values that no vendor documents for a field.
const ODD: [&str; 14] = [
    "0",
    "-1",
    "1e400",
    "18446744073709551616",
    "\"\"",
    "\" \"",
    "\"soon\"",
    "\"3600 seconds\"",
    "\"2026-01-01T00:00:00Z\"",
    "null",
    "true",
    "[]",
    "[\"Bearer\"]",
    "{}",
];
/// JSON strings that look empty, or have a scheme and no token.
const BLANK: [&str; 6] = [
    "\" \"",
    "\"\\u00a0\"",
    "\"\\u200b\"",
    "\"Bearer \"",
    "\"QJWT \"",
    "\"\\t\"",
];

impl EndpointSuite {
    /// A success with a new refresh token keeps it, with an access token or alone, whichever other
    /// value is odd. Checks answers that have the refresh token in a JSON string.
    // FAULTS.md row 49
    pub fn an_odd_success_keeps_the_refresh_token(&self) {
        report(
            self.trials()
                .iter()
                .flat_map(|trial| rotation(trial).map(|r| r.lost(trial)).unwrap_or_default()),
        );
    }

    /// A blank access token is not issued, and a blank refresh token is not accepted.
    // FAULTS.md row 59
    pub fn a_blank_token_is_refused(&self) {
        report(self.trials().iter().flat_map(blank_tokens));
    }
}

/// An answer with a new refresh token, and the place of that token.
struct Rotation<'a> {
    answer: &'a http::Response<Bytes>,
    body: Body,
    refresh: Secret,
    places: Vec<String>,
}

fn rotation<'a>(trial: &'a Trial<'_>) -> Option<Rotation<'a>> {
    let answer = trial.case.answer.as_ref()?;
    let refresh = trial.read(answer).token()?.refresh()?.clone();
    let body = Body::parse(answer.body())?;
    let places = exact_places(&body, &refresh);
    let is_new = trial
        .token
        .refresh()
        .is_none_or(|old| !old.same_as(&refresh));
    (is_new && !places.is_empty()).then_some(Rotation {
        answer,
        body,
        refresh,
        places,
    })
}

impl Rotation<'_> {
    fn lost(&self, trial: &Trial<'_>) -> Vec<String> {
        let others = self
            .body
            .all()
            .into_iter()
            .filter(|at| !self.places.contains(at));
        let changed = others.flat_map(|at| ODD.map(|raw| (at.clone(), raw)));
        let replaced = changed.map(|(at, raw)| {
            let body = self.body.with(std::slice::from_ref(&at), raw);
            (format!("{at} = {raw}"), body)
        });
        replaced
            .chain(self.with_a_foreign_byte())
            .filter_map(|(what, body)| {
                let seen = trial.read_instead(self.answer, body);
                let kept = self.is_kept(&seen);
                (!kept).then(|| {
                    format!(
                        "{}: {what}: the refresh token is lost: {}",
                        trial.case.name,
                        seen.describe()
                    )
                })
            })
            .collect()
    }

    /// Adds a field with a byte that is not UTF-8.
    fn with_a_foreign_byte(&self) -> Option<(String, Vec<u8>)> {
        let mut body = self.answer.body().trim_ascii().to_vec();
        (body.pop()? == b'}').then(|| {
            body.extend_from_slice(b",\"zz_conformance\":\"\xE9\"}");
            ("a byte that is not UTF-8".to_owned(), body)
        })
    }

    fn is_kept(&self, seen: &Seen) -> bool {
        match seen {
            Seen::Issued(token) => token
                .refresh()
                .is_some_and(|refresh| refresh.same_as(&self.refresh)),
            Seen::RefreshTokenOnly(refresh, _) => refresh.same_as(&self.refresh),
            _ => false,
        }
    }
}

fn blank_tokens(trial: &Trial<'_>) -> Vec<String> {
    let Some((answer, body)) = trial
        .case
        .answer
        .as_ref()
        .and_then(|a| Some((a, Body::parse(a.body())?)))
    else {
        return Vec::new();
    };
    let whole = trial.read(answer);
    let Some(token) = whole.token() else {
        return Vec::new();
    };
    let access = exact_places(&body, token.access());
    let refresh = token
        .refresh()
        .map(|refresh| exact_places(&body, refresh))
        .unwrap_or_default();
    let mut found = Vec::new();
    for raw in BLANK {
        let seen = |places: &[String]| trial.read_instead(answer, body.with(places, raw));
        let say = |what: &str, seen: &Seen| {
            format!(
                "{}: a blank {what} ({raw}): {}",
                trial.case.name,
                seen.describe()
            )
        };
        if !access.is_empty() && seen(&access).error().is_none() {
            found.push(say("access token", &seen(&access)));
        }
        let is_taken = |seen: &Seen| seen.token().is_some_and(|token| token.refresh().is_some());
        if !refresh.is_empty() && access != refresh && is_taken(&seen(&refresh)) {
            found.push(say("refresh token", &seen(&refresh)));
        }
    }
    found
}

fn exact_places(body: &Body, secret: &Secret) -> Vec<String> {
    let texts = body.texts().into_iter();
    texts
        .filter(|(_, text)| text == secret.expose())
        .map(|(at, _)| at)
        .collect()
}
