//! Issued tokens can be sent in a header.

use bytes::Bytes;

use super::leaves::Body;
use super::secrets;
use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial};
use token_core::{Secret, Token};

/// CR LF followed by a header, LF, CR and NUL, as JSON escapes.
const CONTROLS: [&str; 4] = ["\\r\\nx-injected: 1", "\\n", "\\r", "\\u0000"];

impl EndpointSuite {
    /// CR, LF or NUL in an access token is a typed error, and a refresh token with them is not
    /// accepted. Checks answers that have the token in a JSON string.
    // FAULTS.md row 30
    pub fn a_token_with_control_characters_is_refused(&self) {
        report(self.issuing().iter().flat_map(|(trial, answer, token)| {
            let secrets = [Some(token.access()), token.refresh()];
            let places = secrets
                .into_iter()
                .flatten()
                .map(|secret| places_of(answer, secret));
            places
                .flat_map(|places| with_controls(trial, answer, &places))
                .collect::<Vec<_>>()
        }));
    }

    /// An empty or missing token is a typed error. Checks answers that have the token in a JSON
    /// string.
    // FAULTS.md rows 16 and 21
    pub fn an_empty_token_is_refused(&self) {
        report(self.issuing().iter().flat_map(|(trial, answer, token)| {
            let places = places_of(answer, token.access());
            replaced(
                trial,
                answer,
                &places,
                &["\"\"", "null"],
                "an empty access token",
            )
        }));
    }

    /// Returns a trial for every case whose answer is read as a token.
    pub(super) fn issuing(&self) -> Vec<(Trial<'_>, &http::Response<Bytes>, Token)> {
        let trials = self.trials().into_iter();
        trials
            .filter_map(|trial| {
                let answer = trial.case.answer.as_ref()?;
                let Seen::Issued(token) = trial.read(answer) else {
                    return None;
                };
                Some((trial, answer, token))
            })
            .collect()
    }
}

/// Returns the places of the secret in the JSON, with or without a scheme before it.
fn places_of(answer: &http::Response<Bytes>, secret: &Secret) -> Vec<String> {
    let texts = Body::parse(answer.body())
        .map(|body| body.texts())
        .unwrap_or_default();
    let mut found = texts.clone();
    found.retain(|(_, text)| text == secret.expose());
    if found.is_empty() {
        found = texts;
        found.retain(|(_, text)| text.len() >= secrets::SHORTEST);
        found.retain(|(_, text)| {
            text.contains(secret.expose()) || secret.expose().contains(text.as_str())
        });
    }
    found.into_iter().map(|(at, _)| at).collect()
}

fn with_controls(
    trial: &Trial<'_>,
    answer: &http::Response<Bytes>,
    places: &[String],
) -> Vec<String> {
    let raws: Vec<_> = CONTROLS
        .iter()
        .flat_map(|control| {
            [
                format!("\"begin{control}end\""),
                format!("\"{control}end\""),
                format!("\"begin{control}\""),
            ]
        })
        .collect();
    let raws: Vec<_> = raws.iter().map(String::as_str).collect();
    replaced(
        trial,
        answer,
        places,
        &raws,
        "a control character in a token",
    )
}

fn replaced(
    trial: &Trial<'_>,
    answer: &http::Response<Bytes>,
    places: &[String],
    raws: &[&str],
    what: &str,
) -> Vec<String> {
    let Some(body) = Body::parse(answer.body()).filter(|_| !places.is_empty()) else {
        return Vec::new();
    };
    let read = |raw: &&str| {
        (
            raw.to_string(),
            trial.read_instead(answer, body.with(places, raw)),
        )
    };
    raws.iter()
        .map(read)
        .filter(|(_, seen)| {
            seen.error().is_none() && !is_without_refresh(trial, answer, places, seen)
        })
        .map(|(raw, seen)| format!("{}: {what} ({raw}): {}", trial.case.name, seen.describe()))
        .collect()
}

/// Whether an unusable refresh token was left out of an otherwise usable token.
fn is_without_refresh(
    trial: &Trial<'_>,
    answer: &http::Response<Bytes>,
    places: &[String],
    seen: &Seen,
) -> bool {
    let whole = trial.read(answer);
    let is_about_refresh = whole
        .token()
        .and_then(Token::refresh)
        .is_some_and(|refresh| {
            let found = places_of(answer, refresh);
            places.iter().all(|place| found.contains(place))
        });
    is_about_refresh && seen.token().is_some_and(|token| token.refresh().is_none())
}
