//! Runs a case on its endpoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use super::case::{Asks, Case};
use super::suite::EndpointSuite;
use crate::exchange::offset;
use token_core::{
    Answer, Attempt, BaseUrl, Error, ErrorKind, Outcome, PlainHttp, Request, Secret, Step, Token,
    TokenEndpoint, Validity,
};

/// A case with a fresh endpoint, and the request to which the case's answer belongs.
pub(super) struct Trial<'a> {
    suite: &'a EndpointSuite,
    pub(super) case: &'a Case,
    pub(super) endpoint: Box<dyn TokenEndpoint>,
    pub(super) token: Token,
    pub(super) request: Request,
    /// The requests before it, of the same exchange.
    pub(super) earlier: Vec<Request>,
}

/// The result of building a request or reading an answer.
#[derive(Debug)]
pub(super) enum Seen {
    Issued(Token),
    RefreshTokenOnly(Secret, Error),
    Continue(Request),
    Retry(Error),
    Refused(Error),
    Panicked(String),
}

impl<'a> Trial<'a> {
    /// Returns `None` if the endpoint builds no request for the case, as a case may expect.
    pub(super) fn of(case: &'a Case, suite: &'a EndpointSuite) -> Option<Self> {
        let endpoint = (suite.build)(&case.endpoint);
        let token = token_of(case)?;
        let request = match case.asks {
            Asks::Answer => Some(answered_request(&*endpoint, &token, &case.attempt)?),
            _ => ask(suite, &*endpoint, case, &token, &case.attempt)?.ok(),
        };
        let (mut request, mut earlier) = (request?, Vec::new());
        for answer in &case.after {
            let Seen::Continue(next) = read(&*endpoint, &request, answer, case) else {
                return None;
            };
            earlier.push(std::mem::replace(&mut request, next));
        }
        Some(Self {
            suite,
            case,
            endpoint,
            token,
            request,
            earlier,
        })
    }

    /// Builds the request again with another attempt; the first one, if the case has several.
    pub(super) fn ask_again(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        ask(self.suite, &*self.endpoint, self.case, &self.token, attempt)
    }

    pub(super) fn read(&self, response: &http::Response<Bytes>) -> Seen {
        read(&*self.endpoint, &self.request, response, self.case)
    }

    pub(super) fn read_body(
        &self,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Seen {
        self.read(&response(status, headers, body))
    }

    /// Reads a response as if it belonged to another request.
    pub(super) fn read_to(&self, request: &Request, response: &http::Response<Bytes>) -> Seen {
        read(&*self.endpoint, request, response, self.case)
    }

    /// Reads the case's own answer with another body.
    pub(super) fn read_instead(&self, answer: &http::Response<Bytes>, body: Vec<u8>) -> Seen {
        let mut changed = answer.clone();
        *changed.body_mut() = body.into();
        self.read(&changed)
    }
}

impl EndpointSuite {
    /// Returns a trial for every case for which the endpoint builds a request.
    pub(super) fn trials(&self) -> Vec<Trial<'_>> {
        self.cases
            .iter()
            .filter_map(|case| Trial::of(case, self))
            .collect()
    }

    /// Returns one trial per endpoint and kind of request.
    pub(super) fn different_trials(&self) -> Vec<Trial<'_>> {
        let mut trials = self.trials();
        trials.sort_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials.dedup_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials
    }
}

impl Trial<'_> {
    /// Returns the kind of an answer that leaves the outcome unknown: in doubt if the request may
    /// have spent something, otherwise `kind`.
    pub(super) fn in_doubt_or(&self, kind: ErrorKind) -> ErrorKind {
        match self.request.step() {
            Step::Refresh | Step::Redemption => ErrorKind::InDoubt,
            _ => kind,
        }
    }
}

impl Seen {
    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Seen::Retry(error) | Seen::Refused(error) | Seen::RefreshTokenOnly(_, error) => {
                Some(error)
            }
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> Option<ErrorKind> {
        self.error().map(Error::kind)
    }

    pub(super) fn token(&self) -> Option<&Token> {
        match self {
            Seen::Issued(token) => Some(token),
            _ => None,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Seen::Issued(_) => "a token was issued".into(),
            Seen::RefreshTokenOnly(_, error) => format!("only a refresh token, and {error:?}"),
            Seen::Continue(request) => format!("a further request: {request:?}"),
            Seen::Retry(error) => format!("a retry after {error:?}"),
            Seen::Refused(error) => format!("{error:?}"),
            Seen::Panicked(message) => format!("a panic: {message}"),
        }
    }
}

/// Builds the request of a case; `None` if the endpoint has no such request.
pub(super) fn ask(
    suite: &EndpointSuite,
    endpoint: &dyn TokenEndpoint,
    case: &Case,
    token: &Token,
    attempt: &Attempt,
) -> Option<Result<Request, Error>> {
    match case.asks {
        Asks::Login => endpoint.login(attempt),
        Asks::Refresh | Asks::Answer => Some(endpoint.refresh(token, attempt)),
        Asks::Redemption => Some(suite.redemption(case)?.into_request(attempt)),
        Asks::Authorize | Asks::Judge => None,
    }
}

/// Returns the case's token, or a generic one.
pub(super) fn token_of(case: &Case) -> Option<Token> {
    case.token.clone().or_else(|| {
        let validity = Validity::new(case.now(), case.now().shifted(3_600_000));
        let access = Secret::from("conformance-access-Zx81QpLm");
        let refresh = Secret::from("conformance-refresh-Vt47RkWd");
        Token::builder(access, validity)
            .refresh(refresh)
            .build()
            .ok()
    })
}

pub(super) fn read(
    endpoint: &dyn TokenEndpoint,
    request: &Request,
    response: &http::Response<Bytes>,
    case: &Case,
) -> Seen {
    let answer = Answer::new(
        request,
        response,
        case.now(),
        offset(request, response, case.now()),
    );
    match guarded(|| endpoint.read(&answer, &case.attempt)) {
        Ok(Ok(Outcome::Issued(token))) => Seen::Issued(token),
        Ok(Ok(Outcome::RefreshTokenOnly { refresh, error, .. })) => {
            Seen::RefreshTokenOnly(refresh, error)
        }
        Ok(Ok(Outcome::Continue(request))) => Seen::Continue(request),
        Ok(Ok(Outcome::Retry(error))) => Seen::Retry(error),
        Ok(Ok(other)) => panic!("{other:?} is unknown to this version of the suite"),
        Ok(Err(error)) => Seen::Refused(error),
        Err(message) => Seen::Panicked(message),
    }
}

pub(super) fn response(
    status: u16,
    headers: &[(&'static str, &str)],
    body: &[u8],
) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Catches a panic, so that the other cases are still checked.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default()
    })
}

/// Returns the refresh request, the login if the endpoint cannot refresh the token, or a generic
/// request.
fn answered_request(
    endpoint: &dyn TokenEndpoint,
    token: &Token,
    attempt: &Attempt,
) -> Option<Request> {
    let refresh = endpoint.refresh(token, attempt).ok();
    refresh
        .or_else(|| endpoint.login(attempt)?.ok())
        .or_else(|| {
            let base = BaseUrl::parse("https://conformance.invalid", PlainHttp::Refused).ok()?;
            Request::post(&base, "/").build(Step::Refresh).ok()
        })
}
