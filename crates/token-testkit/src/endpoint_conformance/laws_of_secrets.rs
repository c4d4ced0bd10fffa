//! No secret is shown.

use std::collections::BTreeSet;

use super::case::Case;
use super::differences::kind_name;
use super::leaves::Body;
use super::secrets::{self, carried, forms, leaked, not_remembered, shown};
use super::suite::{EndpointSuite, report};
use super::trial::Trial;
use token_core::{Error, Secret, TokenKey};

impl EndpointSuite {
    /// Every secret in the URL, the headers or the body of a request is remembered with it, so that
    /// no error shows it, whatever the endpoint quotes of an answer.
    // FAULTS.md row 26
    pub fn every_secret_of_a_request_is_remembered(&self) {
        let mut seen = BTreeSet::new();
        report(self.trials().iter().flat_map(|trial| {
            let known = [self.secrets.clone(), secrets::of_token(&trial.token)].concat();
            let requests = trial.earlier.iter().chain([&trial.request]);
            let forgotten = requests.map(|request| (request, not_remembered(request, &known)));
            let found = forgotten
                .filter(|(_, secrets)| !secrets.is_empty())
                .map(|(request, _)| {
                    format!(
                        "{}: the {} does not remember a secret in it",
                        trial.case.name,
                        request.step()
                    )
                })
                .filter(|found| seen.insert(found.clone()));
            found.collect::<Vec<_>>()
        }));
    }

    /// If a refusal quotes a secret of the request (raw, percent-encoded or in base64) in any
    /// string of its body, no part of the quote is in the error's `Display`, `Debug`, code or
    /// message.
    // FAULTS.md row 26
    pub fn an_echoed_secret_is_scrubbed(&self) {
        let mut looked_at = BTreeSet::new();
        report(self.trials().iter().flat_map(|trial| {
            let known = [self.secrets.clone(), secrets::of_token(&trial.token)].concat();
            let echoed = carried(&trial.request, &known);
            let mut refusals = refusals(trial);
            refusals.retain(|refusal| looked_at.insert(refusal.shape(trial)));
            let found = refusals.iter().flat_map(|refusal| {
                let echoes = |secret: &String| echoes(trial, refusal, secret);
                echoed.iter().filter_map(echoes).collect::<Vec<_>>()
            });
            found.collect::<Vec<_>>()
        }));
    }

    /// No secret is in the `Debug` output of endpoint, request, token and outcome, plain or pretty.
    pub fn debug_shows_no_secret(&self) {
        report(self.trials().iter().filter_map(|trial| {
            let seen = trial.case.answer.as_ref().map(|answer| trial.read(answer));
            let issued = seen.as_ref().and_then(|seen| seen.token());
            let all = [
                self.secrets.clone(),
                secrets::of_token(&trial.token),
                issued.map(secrets::of_token).unwrap_or_default(),
            ];
            let (endpoint, request, token) = (&trial.endpoint, &trial.request, &trial.token);
            let plain = format!("{endpoint:?} {request:?} {token:?} {seen:?}");
            let pretty = format!("{endpoint:#?} {request:#?} {token:#?} {seen:#?}");
            shown(&format!("{plain} {pretty}"), &all.concat())
                .then(|| format!("{}: a secret is in a Debug: {plain}", trial.case.name))
        }));
    }

    /// The key is the same for every call and for endpoints built alike. It consists of 1 to 512
    /// printable characters and contains no secret.
    pub fn the_key_is_stable_and_has_no_secret(&self) {
        report(self.cases.iter().flat_map(|case| self.key_faults(case)));
    }

    fn key_faults(&self, case: &Case) -> Vec<String> {
        let (endpoint, twin) = ((self.build)(&case.endpoint), (self.build)(&case.endpoint));
        let key = endpoint.key();
        let token = case
            .token
            .as_ref()
            .map(secrets::of_token)
            .unwrap_or_default();
        let faults = [
            (
                key != endpoint.key() || key != twin.key(),
                "is not the same at every call",
            ),
            (
                TokenKey::parse(key.as_str()).is_err(),
                "is not 1 to 512 printable characters",
            ),
            (
                shown(key.as_str(), self.secrets.iter().chain(&token)),
                "has a secret in it",
            ),
        ];
        let found = faults.into_iter().filter(|(broken, _)| *broken);
        found
            .map(|(_, what)| format!("{}: the key {what}", case.name))
            .collect()
    }
}

/// A refusal, and the places of the strings in its body.
struct Refusal {
    answer: http::Response<bytes::Bytes>,
    body: Body,
    places: Vec<(String, String)>,
}

impl Refusal {
    /// What refusals have in common if the endpoint reads them in the same way.
    fn shape(&self, trial: &Trial<'_>) -> String {
        let (case, seen) = (trial.case, trial.read(&self.answer));
        let kind = seen.kind().map(kind_name);
        let places: Vec<_> = self.places.iter().map(|(at, _)| at).collect();
        format!("{} {} {kind:?} {places:?}", case.endpoint, case.asks as u8)
    }
}

/// Returns the case's own refusal, and one with every field name that vendors use for a message.
fn refusals(trial: &Trial<'_>) -> Vec<Refusal> {
    let any = br#"{"error":"refused","error_description":"no","error_code":"no",
        "error_msg":"no","msg":"no","message":"no"}"#;
    let own = trial
        .case
        .answer
        .clone()
        .filter(|answer| trial.read(answer).error().is_some());
    [own, Some(super::trial::response(400, &[], any))]
        .into_iter()
        .flatten()
        .filter_map(|answer| {
            let body = Body::parse(answer.body())?;
            let places = body.texts();
            Some(Refusal {
                answer,
                body,
                places,
            })
        })
        .collect()
}

fn echoes(trial: &Trial<'_>, refusal: &Refusal, secret: &str) -> Option<String> {
    refusal.places.iter().find_map(|(at, text)| {
        let told = |quote: &str| {
            let raw = serde_json::Value::from(format!("{text} {quote} .")).to_string();
            let body = refusal.body.with(std::slice::from_ref(at), &raw);
            let seen = trial.read_instead(&refusal.answer, body);
            seen.error().map(told_by).unwrap_or_default()
        };
        let before = told("-");
        let broken = forms(secret)
            .iter()
            .any(|form| leaked(&told(form), &before, form))
            || shown(&before, [&Secret::from(secret)]);
        broken.then(|| {
            format!(
                "{}: a secret that `{at}` echoes is not scrubbed",
                trial.case.name
            )
        })
    })
}

fn told_by(error: &Error) -> String {
    format!(
        "{error}\n{error:?}\n{error:#?}\n{:?}\n{:?}",
        error.code(),
        error.message()
    )
}
