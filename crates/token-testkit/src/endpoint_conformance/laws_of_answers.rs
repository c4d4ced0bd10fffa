//! Any answer is read as an outcome or a typed error.

use bytes::Bytes;

use super::leaves::Body;
use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial};
use crate::random::Random;
use token_core::Step;

impl EndpointSuite {
    /// A truncated success is in doubt, and never a token. Checks JSON bodies only, since
    /// truncation of others cannot be detected.
    // FAULTS.md row 25
    pub fn a_success_that_is_cut_short_is_never_a_token(&self) {
        report(self.trials().iter().filter_map(cut_short));
    }

    /// Mutated answers are read without a panic, and meaningless bodies are not a token.
    // FAULTS.md row 23
    pub fn no_body_makes_it_panic_and_garbage_is_no_token(&self) {
        let mutated = self.trials();
        let plain = self.different_trials();
        report(
            mutated
                .iter()
                .flat_map(mutations)
                .chain(plain.iter().flat_map(garbage)),
        );
    }

    /// With any value of an answer replaced by zero, negative, huge and unreadable numbers, nothing
    /// panics, and no token that can be refreshed is issued as expired.
    // FAULTS.md rows 14, 15 and 17
    pub fn no_number_makes_it_panic_and_no_renewable_token_is_issued_dead(&self) {
        report(self.trials().iter().flat_map(extreme_numbers));
    }

    /// Reading an answer again gives the same result.
    pub fn reading_is_pure(&self) {
        report(self.trials().iter().filter_map(|trial| {
            let answer = trial.case.answer.as_ref()?;
            let (first, second) = (trial.read(answer), trial.read(answer));
            let same = match (&first, &second) {
                (Seen::Issued(a), Seen::Issued(b)) => {
                    a.same_secrets_as(b) && a.validity() == b.validity()
                }
                _ => first.describe() == second.describe(),
            };
            (!same).then(|| format!("{}: the same answer was read in two ways", trial.case.name))
        }));
    }
}

fn cut_short(trial: &Trial<'_>) -> Option<String> {
    let answer = trial.case.answer.as_ref()?;
    trial.read(answer).token()?;
    let body = answer.body().trim_ascii();
    Body::parse(body)?;
    (0..body.len())
        .step_by(body.len() / 256 + 1)
        .find_map(|length| {
            let seen = trial.read_instead(answer, body.get(..length)?.to_vec());
            let fine = seen.error().is_some();
            (!fine).then(|| {
                format!(
                    "{}: cut to {length} bytes: {}",
                    trial.case.name,
                    seen.describe()
                )
            })
        })
}

fn mutations(trial: &Trial<'_>) -> Option<String> {
    let answer = trial.case.answer.as_ref()?;
    let mut random = Random::seeded(answer.body().len() as u64);
    (0..96).find_map(|round| {
        let mut changed = answer.clone();
        *changed.body_mut() = mutated(answer.body(), &mut random);
        if round % 3 == 0 {
            *changed.status_mut() = http::StatusCode::BAD_REQUEST;
        }
        panicked(trial, "a mutated body", &trial.read(&changed))
    })
}

pub(super) fn mutated(body: &[u8], random: &mut Random) -> Bytes {
    let mut bytes = body.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1).min(bytes.len());
        let end = (at + random.below(16)).min(bytes.len());
        let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
        let instead = match random.below(4) {
            0 => Vec::new(),
            1 => [piece.clone(), piece].concat(),
            2 => vec![random.byte(); piece.len()],
            _ => piece
                .iter()
                .map(|byte| byte ^ (1 << random.below(8)))
                .collect(),
        };
        bytes.splice(at..end, instead);
    }
    bytes.into()
}

fn garbage(trial: &Trial<'_>) -> Vec<String> {
    let bodies = garbage_bodies();
    let bodies = bodies.iter().map(Vec::as_slice);
    bodies
        .flat_map(|body| [200, 201, 400, 401, 403, 404].map(|status| (status, body)))
        .filter_map(|(status, body)| {
            let seen = trial.read_body(status, &[], body);
            let shown = String::from_utf8_lossy(body.get(..24.min(body.len()))?).into_owned();
            let fine = !matches!(seen, Seen::Issued(_) | Seen::Panicked(_));
            (!fine).then(|| {
                format!(
                    "{}: {status} with {shown:?}…: {}",
                    trial.case.name,
                    seen.describe()
                )
            })
        })
        .collect()
}

/// Returns bodies that mean nothing to any vendor.
pub(super) fn garbage_bodies() -> Vec<Vec<u8>> {
    let mut random = Random::seeded(7);
    let noise: Vec<u8> = (0..4096).map(|_| random.byte()).collect();
    let (lists, objects) = ("[".repeat(10_000), "{\"data\":".repeat(10_000));
    let long = format!("{{\"data\":\"{}\"}}", "a".repeat(65_000));
    let texts = [
        "",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[{}]",
        "\u{feff}",
        "{}{}",
        "{\"a\":1,\"a\":1}",
    ];
    let long = [lists, objects, long].map(String::into_bytes);
    let texts = texts.iter().map(|text| text.as_bytes().to_vec());
    texts.chain(long).chain([noise]).collect()
}

fn extreme_numbers(trial: &Trial<'_>) -> Vec<String> {
    const NUMBERS: [&str; 12] = [
        "0",
        "-1",
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551616",
        "1e300",
        "1e400",
        "0.5",
        "\"NaN\"",
        "\"\"",
        "true",
        "null",
    ];
    let Some((answer, body)) = trial
        .case
        .answer
        .as_ref()
        .and_then(|a| Some((a, Body::parse(a.body())?)))
    else {
        return Vec::new();
    };
    let changes = body
        .all()
        .into_iter()
        .flat_map(|at| NUMBERS.map(|number| (at.clone(), number)));
    changes
        .filter_map(|(at, number)| {
            let seen = trial.read_instead(answer, body.with(std::slice::from_ref(&at), number));
            let dead = |token: &token_core::Token| {
                let is_renewable =
                    token.refresh().is_some() || trial.request.step() == Step::Refresh;
                is_renewable && token.validity().expires_at() <= trial.case.now()
            };
            let fine = !matches!(seen, Seen::Panicked(_)) && !seen.token().is_some_and(dead);
            (!fine).then(|| format!("{}: {at} = {number}: {}", trial.case.name, seen.describe()))
        })
        .collect()
}

fn panicked(trial: &Trial<'_>, what: &str, seen: &Seen) -> Option<String> {
    let panicked = matches!(seen, Seen::Panicked(_));
    panicked.then(|| format!("{}: {what}: {}", trial.case.name, seen.describe()))
}
