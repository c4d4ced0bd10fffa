//! Judges the answers of APIs, as an adapter does.

use bytes::Bytes;

use super::case::{Case, Expected};
use super::differences::Differences;
use crate::exchange::judge;
use token_core::{ApiResponse, TokenEndpoint};

/// Returns the differences from a case of `judge`.
pub(super) fn of_case(case: &Case, endpoint: &dyn TokenEndpoint) -> Vec<String> {
    let mut found = Differences::default();
    if let (Some(answer), Some(Expected::Verdict(expected))) = (&case.answer, &case.expect) {
        found.verdict(expected, judge(endpoint, answer));
    }
    found.0
}

/// Returns how many bytes of the body the endpoint asks for.
pub(super) fn needs_body(
    endpoint: &dyn TokenEndpoint,
    answer: &http::Response<Bytes>,
) -> Option<usize> {
    endpoint.judge_needs_body(&response(answer, false))
}

/// Returns the answer with its body, or without.
pub(super) fn response(answer: &http::Response<Bytes>, with_body: bool) -> ApiResponse<'_> {
    let body = with_body.then(|| answer.body().as_ref());
    ApiResponse::new(answer.status(), answer.headers(), body)
}
