//! What an endpoint says about the answers of APIs.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::case::{Asks, Case, Expected};
use super::differences::verdict_name;
use super::judging::{needs_body, response};
use super::laws_of_answers::{garbage_bodies, mutated};
use super::leaves::Body;
use super::suite::{EndpointSuite, report};
use super::trial::guarded;
use crate::exchange::judge;
use crate::random::Random;
use token_core::{ApiVerdict, TokenEndpoint};

/// The longest body that an adapter has to keep in memory.
const LONGEST: usize = 65_536;

/// Successes and refusals that no vendor documents.
const UNKNOWN: [&str; 8] = [
    "{}",
    "[]",
    "no",
    "<html>no</html>",
    r#"{"code":"conformance_unknown","error":"conformance_unknown"}"#,
    r#"{"code":987654,"status":987654,"error_code":987654,"errcode":987654}"#,
    r#"{"error":{"code":"conformance_unknown","type":"conformance_unknown"}}"#,
    r#"{"code":[401],"status":{"a":401},"error":null}"#,
];

const SUCCESSES: [u16; 5] = [200, 201, 202, 204, 206];

impl EndpointSuite {
    /// Mutated and meaningless answers of an API are judged without a panic.
    pub fn judge_never_panics(&self) {
        report(self.judges().iter().flat_map(Judge::panics));
    }

    /// The same answer gets the same verdict, each time and from an endpoint built alike.
    pub fn judging_is_pure(&self) {
        report(self.judges().iter().flat_map(Judge::differences));
    }

    /// A 2xx refuses the token only with the vendor's own code in the place of the vendor: not
    /// without its body, not with other codes, and not if the API's data merely quotes a refusal.
    /// The request was carried out, and would be sent twice.
    // FAULTS.md row 118
    pub fn a_success_without_the_vendors_code_is_never_a_refusal(&self) {
        report(self.judges().iter().flat_map(Judge::wrong_refusals));
    }

    /// `judge_needs_body` asks for at most 64 KiB, and for nothing of a stream of events, of a
    /// file, or of a body that is declared longer.
    pub fn judge_asks_for_small_bodies_only(&self) {
        report(self.judges().iter().flat_map(Judge::long_bodies));
    }

    /// Returns one judge for each endpoint of the cases.
    fn judges(&self) -> Vec<Judge<'_>> {
        let names: BTreeSet<_> = self.cases.iter().map(|case| &case.endpoint).collect();
        let of_endpoint = |name: &'_ String| {
            let cases = self.cases.iter().filter(|case| case.endpoint == *name);
            cases.filter(|case| case.asks == Asks::Judge).collect()
        };
        names
            .into_iter()
            .map(|name| Judge {
                name,
                endpoint: (self.build)(name),
                twin: (self.build)(name),
                cases: of_endpoint(name),
            })
            .collect()
    }
}

/// An endpoint with its cases of `judge`.
struct Judge<'a> {
    name: &'a str,
    endpoint: Box<dyn TokenEndpoint>,
    twin: Box<dyn TokenEndpoint>,
    cases: Vec<&'a Case>,
}

impl Judge<'_> {
    fn panics(&self) -> Vec<String> {
        let mutations = self.answers().flat_map(|(what, answer)| {
            let mut random = Random::seeded(answer.body().len() as u64);
            let changed = (0..96).map(|_| with_body(answer, mutated(answer.body(), &mut random)));
            changed.map(|changed| (what, changed)).collect::<Vec<_>>()
        });
        let garbage = garbage_bodies().into_iter().flat_map(|body| {
            [200, 204, 302, 400, 401, 403, 429, 500]
                .map(|status| ("garbage", answer(status, &body)))
        });
        mutations
            .chain(garbage)
            .filter_map(|(what, answer)| {
                let judge = || self.endpoint.judge(&response(&answer, true));
                let message = guarded(judge).err()?;
                Some(self.says(what, &answer, &format!("a panic: {message}")))
            })
            .collect()
    }

    fn differences(&self) -> Vec<String> {
        let answers = self.answers().map(|(what, answer)| (what, answer.clone()));
        let unknown = UNKNOWN.iter().flat_map(|body| {
            [200, 401].map(|status| ("an unknown answer", answer(status, body.as_bytes())))
        });
        answers
            .chain(unknown)
            .filter_map(|(what, answer)| {
                let broken = self.difference(&answer)?;
                Some(self.says(what, &answer, broken))
            })
            .collect()
    }

    fn difference(&self, answer: &http::Response<Bytes>) -> Option<&'static str> {
        let (own, twin) = (&*self.endpoint, &*self.twin);
        let needs = needs_body(own, answer);
        if needs != needs_body(own, answer) || needs != needs_body(twin, answer) {
            return Some("`judge_needs_body` answered in two ways");
        }
        let verdict = judge(own, answer);
        let is_pure = verdict == judge(own, answer) && verdict == judge(twin, answer);
        (!is_pure).then_some("was judged in two ways")
    }

    fn wrong_refusals(&self) -> Vec<String> {
        let quoted = self.refusals().flat_map(|body| quoted(&body));
        let known = UNKNOWN
            .iter()
            .map(|body| Bytes::from_static(body.as_bytes()));
        let bodies: Vec<_> = known.chain(quoted).collect();
        SUCCESSES
            .into_iter()
            .flat_map(|status| bodies.iter().map(move |body| answer(status, body)))
            .filter_map(|answer| {
                let refused = [true, false].into_iter().any(|with_body| {
                    let seen = self.endpoint.judge(&response(&answer, with_body));
                    seen == ApiVerdict::TokenRefused
                });
                let what = "without the vendor's code";
                refused.then(|| self.says(what, &answer, "refuses the token"))
            })
            .collect()
    }

    fn long_bodies(&self) -> Vec<String> {
        let statuses = [200, 206, 400, 401, 403, 429, 500];
        let kinds = [
            ("application/json", "65536", LONGEST),
            ("application/json", "65537", 0),
            ("application/json", "18446744073709551615", 0),
            ("text/event-stream", "", 0),
            ("application/octet-stream", "", 0),
            ("", "", LONGEST),
        ];
        let heads = statuses
            .into_iter()
            .flat_map(|status| kinds.map(|(kind, length, limit)| (status, kind, length, limit)));
        heads
            .filter_map(|(status, kind, length, limit)| {
                let mut answer = answer(status, b"");
                for (name, value) in [("content-type", kind), ("content-length", length)] {
                    if !value.is_empty() {
                        let value = http::HeaderValue::from_static(value);
                        answer.headers_mut().insert(name, value);
                    }
                }
                let asked = needs_body(&*self.endpoint, &answer)?;
                let what = format!("a body `{kind}` of length `{length}`");
                let found = format!("asks for {asked} bytes, at most {limit} are allowed");
                (asked > limit).then(|| self.says(&what, &answer, &found))
            })
            .collect()
    }

    fn answers(&self) -> impl Iterator<Item = (&str, &http::Response<Bytes>)> {
        let cases = self.cases.iter();
        cases.filter_map(|case| Some((case.name.as_str(), case.answer.as_ref()?)))
    }

    /// Returns the bodies of the vendor's refusals of a token.
    fn refusals(&self) -> impl Iterator<Item = Bytes> {
        let refused = self.cases.iter().filter(|case| {
            let refused = verdict_name(ApiVerdict::TokenRefused);
            matches!(&case.expect, Some(Expected::Verdict(verdict)) if verdict.name == refused)
        });
        refused.filter_map(|case| Some(case.answer.as_ref()?.body().clone()))
    }

    fn says(&self, what: &str, answer: &http::Response<Bytes>, found: &str) -> String {
        let (name, status) = (self.name, answer.status());
        let shown: String = String::from_utf8_lossy(answer.body())
            .chars()
            .take(60)
            .collect();
        format!("endpoint `{name}`: {what}: {status} with {shown:?}: {found}")
    }
}

/// Returns a refusal with other codes, inside the data of an API, and as a text of that data.
fn quoted(refusal: &Bytes) -> Vec<Bytes> {
    let Some(body) = Body::parse(refusal) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(refusal).into_owned();
    let quote = serde_json::Value::from(text.as_str());
    let unknown = ["987654", "\"conformance_unknown\""].map(|raw| body.with(&body.all(), raw));
    let inside = format!("{{\"conformance\":{text}}}").into_bytes();
    let listed = format!("[{text}]").into_bytes();
    let as_text = format!("{{\"conformance\":{quote}}}").into_bytes();
    let all = unknown.into_iter().chain([inside, listed, as_text]);
    all.map(Bytes::from).collect()
}

fn answer(status: u16, body: &[u8]) -> http::Response<Bytes> {
    super::trial::response(status, &[], body)
}

fn with_body(answer: &http::Response<Bytes>, body: Bytes) -> http::Response<Bytes> {
    let mut changed = answer.clone();
    *changed.body_mut() = body;
    changed
}
