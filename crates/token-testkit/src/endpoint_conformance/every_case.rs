//! Runs the cases as they are written.

use token_core::Error;

use super::authorizing;
use super::case::{Asks, Case};
use super::differences::Differences;
use super::judging;
use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial, ask, guarded, token_of};

impl EndpointSuite {
    /// The request of each case is as the case says, and so is the result of reading its answer.
    pub fn every_case_holds(&self) {
        report(self.cases.iter().flat_map(|case| {
            let found = of_case(case, self);
            found
                .into_iter()
                .map(|difference| format!("{}: {difference}", case.name))
        }));
    }
}

/// Returns the differences from the case; none if it holds.
fn of_case(case: &Case, suite: &EndpointSuite) -> Vec<String> {
    match guarded(|| play(case, suite)) {
        Ok(differences) => differences,
        Err(message) => vec![format!("it panicked: {message}")],
    }
}

fn play(case: &Case, suite: &EndpointSuite) -> Vec<String> {
    let endpoint = (suite.build)(&case.endpoint);
    let Some(token) = token_of(case) else {
        return vec!["the token is invalid".into()];
    };
    if let Some(api) = &case.api {
        return authorizing::of_case(case, &*endpoint, &token, api);
    }
    if case.asks == Asks::Judge {
        return judging::of_case(case, &*endpoint);
    }
    if case.asks != Asks::Answer {
        match ask(suite, &*endpoint, case, &token, &case.attempt) {
            None => {
                return vec![
                    "the endpoint has no such request, or the suite has no `redeem`".into(),
                ];
            }
            Some(Err(error)) => return of_no_request(case, error),
            Some(Ok(_)) => {}
        }
    }
    let Some(trial) = Trial::of(case, suite) else {
        return vec!["no request was built, or an answer in `after` did not lead to one".into()];
    };
    let mut found = Differences::default();
    if let Some(expected) = &case.request {
        found.request("request", expected, &trial.request);
    }
    match (&case.answer, &case.expect) {
        (Some(answer), Some(expected)) => found.seen(expected, &trial.read(answer), case),
        (None, Some(_)) => {
            found.say("expect: the request was built, and there is no `answer` to read");
        }
        _ => {}
    }
    found.0
}

/// A case may expect an error from building the request.
fn of_no_request(case: &Case, error: Error) -> Vec<String> {
    let mut found = Differences::default();
    match &case.expect {
        Some(expected) if case.request.is_none() && case.answer.is_none() => {
            found.seen(expected, &Seen::Refused(error), case);
        }
        _ => found.say(&format!("request: it could not be built: {error:?}")),
    }
    found.0
}
