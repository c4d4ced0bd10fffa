//! Refusals: what they mean and whether they are retryable.

use super::case::Expected;
use super::suite::{EndpointSuite, report};
use super::trial::{Trial, response};
use token_core::{BaseUrl, ErrorKind, PlainHttp, Request, Step};

/// Refusals that no vendor documents.
const UNKNOWN: [&str; 6] = [
    "{}",
    "<html>no</html>",
    "no",
    r#"{"error":"conformance_unknown","error_description":"no"}"#,
    r#"{"code":987654,"msg":"no","message":"no"}"#,
    r#"{"status":987654,"error":{"code":"conformance_unknown"}}"#,
];

impl EndpointSuite {
    /// A code or a password that was sent may be used up, so an unknown refusal of it is not
    /// retryable.
    // FAULTS.md row 79
    pub fn an_unknown_refusal_of_a_one_time_grant_is_not_retryable(&self) {
        report(self.different_trials().iter().flat_map(|trial| {
            let Some(request) = one_time_request(trial) else {
                return Vec::new();
            };
            let statuses = [200, 400, 401, 403, 404, 409, 422];
            let answers = statuses
                .into_iter()
                .flat_map(|status| UNKNOWN.map(|body| (status, body)));
            answers
                .filter_map(|(status, body)| {
                    let seen = trial.read_to(&request, &response(status, &[], body.as_bytes()));
                    let fine = seen.error().is_some_and(|error| !error.is_retryable());
                    (!fine).then(|| {
                        format!(
                            "{}: {status} with {body} to a one-time grant: {}",
                            trial.case.name,
                            seen.describe()
                        )
                    })
                })
                .collect()
        }));
    }

    /// A refusal with a code of the vendor tells the caller what to do, so its kind is not
    /// [`ErrorKind::Protocol`]. Cases with `"documented": false` are exempt.
    // FAULTS.md rows 77 and 78
    pub fn every_documented_refusal_has_a_kind_other_than_protocol(&self) {
        report(self.trials().iter().filter_map(|trial| {
            let Some(Expected::Error(expected)) = &trial.case.expect else {
                return None;
            };
            let is_documented = trial.case.is_documented && matches!(expected.code, Some(Some(_)));
            let seen = trial.read(trial.case.answer.as_ref().filter(|_| is_documented)?);
            let wrong = expected.kind == "Protocol" || seen.kind() == Some(ErrorKind::Protocol);
            wrong.then(|| {
                format!(
                    "{}: a documented refusal is not understood: {}",
                    trial.case.name,
                    seen.describe()
                )
            })
        }));
    }
}

/// Returns the redemption of the case, or a generic one.
fn one_time_request(trial: &Trial<'_>) -> Option<Request> {
    if trial.request.step() == Step::Redemption {
        return Some(trial.request.clone());
    }
    let base = BaseUrl::parse("https://conformance.invalid", PlainHttp::Refused).ok()?;
    Request::post(&base, "/").build(Step::Redemption).ok()
}
