//! Requests depend only on the token and the attempt, and go to one host.

use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial, guarded};
use crate::exchange::attempt;
use token_core::{Error, Request, Secret, Token};

/// Strings that change a URL or a form if they are not encoded.
const HOSTILE: [&str; 6] = [
    "@evil.example/x",
    "//evil.example/x",
    "https://evil.example/?a=b",
    "../../x?y=z#f",
    "a&grant_type=password&b=c",
    "a\"b%00 c+d",
];

impl EndpointSuite {
    /// The same attempt gives the same request, and a later attempt gives a request too.
    // FAULTS.md row 44
    pub fn building_a_request_is_pure_and_repeatable(&self) {
        report(self.trials().iter().filter_map(|trial| {
            let say = |what: String| Some(format!("{}: {what}", trial.case.name));
            let wire = |request: Option<Result<Request, Error>>| {
                request.and_then(Result::ok).map(|r| wire_text(&r))
            };
            let later = attempt(trial.case.now().shifted(1), 99);
            let first = wire(trial.ask_again(&trial.case.attempt));
            if first != wire(trial.ask_again(&trial.case.attempt)) {
                return say("the same attempt gave two different requests".into());
            }
            match trial.ask_again(&later) {
                Some(Err(error)) if first.is_some() => {
                    say(format!("a second attempt failed: {error:?}"))
                }
                None if first.is_some() => say("a second attempt had no request".into()),
                _ => None,
            }
        }));
    }

    /// Every request of an endpoint goes to one host, over one scheme, with one set of parameters,
    /// whatever is in the token.
    pub fn requests_go_to_one_host_whatever_the_token(&self) {
        report(self.trials().iter().flat_map(|trial| {
            let issued = trial.case.answer.as_ref().map(|answer| trial.read(answer));
            let home = [trial.ask_again(&trial.case.attempt).and_then(Result::ok)];
            let home = home.iter().flatten().next();
            let found = home.map(|home| [strays(trial, home, issued), injections(trial)].concat());
            found.unwrap_or_default()
        }));
    }
}

/// The further step of a login and the refresh of an issued token go to the same host.
fn strays(trial: &Trial<'_>, home: &Request, seen: Option<Seen>) -> Vec<String> {
    let next = match seen {
        Some(Seen::Continue(request)) => Some(request),
        Some(Seen::Issued(token)) => trial.endpoint.refresh(&token, &trial.case.attempt).ok(),
        _ => None,
    };
    let stray = next.filter(|request| place(request) != place(home));
    let say =
        |request: Request| format!("{}: a request goes to {}", trial.case.name, request.host());
    stray.map(say).into_iter().collect()
}

/// A hostile token gives the same request as a harmless one, apart from the token, or no request.
fn injections(trial: &Trial<'_>) -> Vec<String> {
    let refreshed = |text: &str| {
        let token = rewritten(&trial.token, text)?;
        trial.endpoint.refresh(&token, &trial.case.attempt).ok()
    };
    let Some(harmless) = refreshed("harmless-token-text") else {
        return Vec::new();
    };
    HOSTILE
        .iter()
        .filter_map(|text| {
            let request = match guarded(|| refreshed(text)) {
                Ok(request) => request?,
                Err(message) => {
                    return Some(format!(
                        "{}: the token {text} made it panic: {message}",
                        trial.case.name
                    ));
                }
            };
            let same = place(&request) == place(&harmless) && shape(&request) == shape(&harmless);
            (!same).then(|| {
                format!(
                    "{}: the token {text} changes the request around it",
                    trial.case.name
                )
            })
        })
        .collect()
}

fn rewritten(token: &Token, text: &str) -> Option<Token> {
    let refresh = token.refresh().map(|_| Secret::from(text));
    let access = Secret::from(format!("access{text}"));
    let builder = Token::builder(access, token.validity()).refresh(refresh);
    let extras = token
        .extras()
        .map(|(name, value)| (name.to_owned(), value.clone()));
    extras
        .fold(builder, |builder, (name, value)| builder.extra(name, value))
        .build()
        .ok()
}

fn place(request: &Request) -> (Option<String>, Option<String>) {
    let sent = request.to_http();
    let scheme = sent.uri().scheme_str().map(str::to_owned);
    (scheme, sent.uri().authority().map(ToString::to_string))
}

/// Counts the path segments, query parameters and form fields.
fn shape(request: &Request) -> [usize; 5] {
    let sent = request.to_http();
    let count = |text: &str, what: char| text.chars().filter(|c| *c == what).count();
    let query = sent.uri().query().unwrap_or_default();
    let body = String::from_utf8_lossy(sent.body()).into_owned();
    let json = super::leaves::Body::parse(sent.body()).map(|body| body.all().len());
    let pairs = if json.is_some() { 0 } else { count(&body, '&') };
    [
        count(sent.uri().path(), '/'),
        count(query, '&'),
        count(query, '='),
        pairs,
        json.unwrap_or(0),
    ]
}

fn wire_text(request: &Request) -> String {
    let sent = request.to_http();
    let headers: Vec<_> = sent
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    format!(
        "{} {} {headers:?} {:?}",
        sent.method(),
        sent.uri(),
        sent.body()
    )
}
