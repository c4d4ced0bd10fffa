//! Conformance suite for token endpoints: laws that hold for every endpoint, and cases from data
//! files. See [`endpoint_conformance!`](crate::endpoint_conformance!).
//!
//! # Format of a case
//!
//! A case is a folder with a file `case.json`, `<data>/<case>/case.json`:
//!
//! ```json
//! {
//!   "source": "the document that this comes from",
//!   "endpoint": "the argument of `build`; default: empty",
//!   "asks": "login, refresh, redemption, authorize or answer",
//!   "redeems": "the name of the one-time grant, an argument of `redeem`",
//!   "now_unix_ms": 1700000000000,
//!   "nonce_hex": "000102030405060708090a0b0c0d0e0f",
//!   "token": {
//!     "access": "A1",
//!     "refresh": "R1",
//!     "expires_in_seconds": 3600,
//!     "extras": { "api_host": "…" }
//!   },
//!   "after": [{ "status": 200, "body": "an answer that leads to a further request" }],
//!   "api": { "method": "GET", "url": "https://…", "headers": { "accept": "…" }, "body": "…" },
//!   "request": {
//!     "method": "POST",
//!     "url": "https://…",
//!     "headers": { "authorization": "…" },
//!     "body": "…"
//!   },
//!   "answer": { "status": 200, "headers": { "date": "…" }, "body": "…" },
//!   "expect": {
//!     "issued": {
//!       "access": "A2",
//!       "refresh": null,
//!       "expires_in_seconds": 7200,
//!       "placement": "authorization: Bearer A2",
//!       "scopes": ["a"],
//!       "extras": { "id_token": "…" }
//!     }
//!   }
//! }
//! ```
//!
//! `source` and `asks` are required, and an unknown field is an error. Fields that are not given
//! are not checked; `null` means that there must be nothing. Seconds can have up to three decimals.
//!
//! * `asks`: with `answer`, the case only reads its answer, as the answer to a refresh.
//! * `after`: the answers to earlier requests of the same exchange. `request` and `answer` are then
//!   those of the last request.
//! * `api`: the API request for `authorize`. `request` is then what it must become, without headers
//!   that are in neither.
//! * `expect`: one of
//!   * `issued`,
//!   * `refresh_token_only`, with a `refresh` and the fields of an error,
//!   * `error` or `retry`, with the fields of an error: `{ "kind": "Rejected", "code": "…",
//!     "message": "…", "kills_live_token": false, "after_seconds": 1200 }`,
//!   * `continue`, with a request.
//!
//!   If a case has neither `request` nor `answer`, its `error` is that of building the request.
//! * `documented`: `false` for a refusal whose code the vendor does not document.
#![expect(clippy::panic, reason = "a broken law fails the test")]

use std::path::Path;

use case::{Case, Expected};
use trial::Trial;

use token_core::{OneTimeGrant, Secret, TokenEndpoint};

mod authorizing;
mod case;
mod differences;
mod fields;
mod laws_of_answers;
mod laws_of_refusals;
mod laws_of_requests;
mod laws_of_rotations;
mod laws_of_secrets;
mod laws_of_tokens;
mod leaves;
mod secrets;
mod trial;

/// Runs the conformance suite on an endpoint, in a test file of the endpoint's crate:
///
/// ```
/// token_testkit::endpoint_conformance!(
///     build = |_name| acme_auth::Acme::builder().api_key("conformance-key-1").build().unwrap(),
///     data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
///     secrets = ["conformance-key-1"],
/// );
/// ```
///
/// * `build` returns the endpoint, or a `Box<dyn TokenEndpoint>` if the cases use several. Its
///   argument is the case's `endpoint`.
/// * `data` is the folder of the [cases](mod@crate::endpoint_conformance).
/// * `redeem` (optional) returns a one-time grant. Its arguments are the case's `endpoint` and
///   `redeems`.
/// * `secrets` are all secrets in the endpoints that `build` returns, each at least eight
///   characters long; `[]` if there are none.
///
/// It expands to one `#[test]` per law. If a file has two suites, put each into its own module.
#[macro_export]
macro_rules! endpoint_conformance {
    (build = $build:expr, data = $data:expr, secrets = $secrets:expr $(, redeem = $redeem:expr)? $(,)?) => {
        $crate::endpoint_conformance!(@tests
            $crate::EndpointSuite::new($build, $data, &$secrets)$(.redeeming($redeem))?;
            every_case_holds,
            a_success_that_is_cut_short_is_never_a_token,
            no_body_makes_it_panic_and_garbage_is_no_token,
            no_number_makes_it_panic_and_no_renewable_token_is_issued_dead,
            a_web_page_with_200_is_retryable,
            server_failures_are_retryable_and_retry_after_is_obeyed,
            a_redirect_is_a_protocol_error_that_names_the_host_only,
            reading_is_pure,
            a_token_with_control_characters_is_refused,
            an_empty_token_is_refused,
            a_blank_token_is_refused,
            an_odd_success_keeps_the_refresh_token,
            an_unknown_refusal_of_a_one_time_grant_is_not_retryable,
            every_documented_refusal_has_a_kind_other_than_protocol,
            authorize_carries_the_access_token_and_nothing_else,
            authorize_adds_only_its_own_and_nothing_where_it_fails,
            an_echoed_secret_is_scrubbed,
            debug_shows_no_secret,
            the_key_is_stable_and_has_no_secret,
            building_a_request_is_pure_and_repeatable,
            requests_go_to_one_host_whatever_the_token,
        );
    };
    (@tests $suite:expr; $($law:ident),* $(,)?) => {
        $(
            #[test]
            fn $law() {
                $suite.$law();
            }
        )*
    };
}

/// An endpoint with its cases, and a method for each law.
/// [`endpoint_conformance!`](crate::endpoint_conformance!) calls them all.
///
/// A method panics if its law is broken, and lists all violations.
pub struct EndpointSuite {
    #[expect(clippy::type_complexity, reason = "an alias would hide the signature")]
    build: Box<dyn Fn(&str) -> Box<dyn TokenEndpoint>>,
    #[expect(clippy::type_complexity, reason = "an alias would hide the signature")]
    redeem: Option<Box<dyn Fn(&str, &str) -> OneTimeGrant>>,
    cases: Vec<Case>,
    secrets: Vec<Secret>,
}

impl std::fmt::Debug for EndpointSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EndpointSuite({} cases)", self.cases.len())
    }
}

/// An endpoint, boxed or not. `Form` is [`Plain`] or [`Boxed`], so that the two implementations do
/// not overlap.
pub trait IntoEndpoint<Form> {
    /// Boxes the endpoint, unless it is boxed already.
    fn into_endpoint(self) -> Box<dyn TokenEndpoint>;
}

/// Marks an endpoint that is not boxed.
#[derive(Debug)]
pub enum Plain {}

/// Marks a boxed endpoint.
#[derive(Debug)]
pub enum Boxed {}

impl<E: TokenEndpoint> IntoEndpoint<Plain> for E {
    fn into_endpoint(self) -> Box<dyn TokenEndpoint> {
        Box::new(self)
    }
}

impl IntoEndpoint<Boxed> for Box<dyn TokenEndpoint> {
    fn into_endpoint(self) -> Box<dyn TokenEndpoint> {
        self
    }
}

impl EndpointSuite {
    /// Returns a suite. The argument of `build` is the `endpoint` of a case, `data` is the folder
    /// of the cases, and `secrets` are all secrets that `build` uses.
    ///
    /// # Panics
    ///
    /// If a case is malformed, if no case issues a token, or if a secret is shorter than eight
    /// characters.
    pub fn new<E: IntoEndpoint<Form>, Form>(
        build: impl Fn(&str) -> E + 'static,
        data: impl AsRef<Path>,
        secrets: &[&str],
    ) -> Self {
        let cases = Case::load_all(data.as_ref()).unwrap_or_else(|why| panic!("{why}"));
        if !cases
            .iter()
            .any(|case| matches!(case.expect, Some(Expected::Issued(_))))
        {
            panic!("no case expects an issued token, so half of the laws would check nothing");
        }
        if secrets
            .iter()
            .any(|secret| secret.len() < secrets::SHORTEST)
        {
            panic!("use secrets of at least eight characters, since shorter ones occur by chance");
        }
        Self {
            build: Box::new(move |name| build(name).into_endpoint()),
            redeem: None,
            cases,
            secrets: secrets.iter().copied().map(Secret::from).collect(),
        }
    }

    /// Sets the function that returns the one-time grants of the cases. Its arguments are the
    /// `endpoint` and `redeems` of a case.
    #[must_use]
    pub fn redeeming(mut self, redeem: impl Fn(&str, &str) -> OneTimeGrant + 'static) -> Self {
        self.redeem = Some(Box::new(redeem));
        self
    }

    fn redemption(&self, case: &Case) -> Option<OneTimeGrant> {
        let redeem = self.redeem.as_ref()?;
        Some(redeem(&case.endpoint, &case.redeems))
    }

    /// The request of each case is as the case says, and so is the result of reading its answer.
    pub fn every_case_holds(&self) {
        report(self.cases.iter().flat_map(|case| {
            let found = differences::of_case(case, self);
            found
                .into_iter()
                .map(|difference| format!("{}: {difference}", case.name))
        }));
    }

    /// Returns a trial for every case for which the endpoint builds a request.
    fn trials(&self) -> Vec<Trial<'_>> {
        self.cases
            .iter()
            .filter_map(|case| Trial::of(case, self))
            .collect()
    }

    /// Returns one trial per endpoint and kind of request.
    fn different_trials(&self) -> Vec<Trial<'_>> {
        let mut trials = self.trials();
        trials.sort_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials.dedup_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials
    }
}

/// Fails with a list of what was found.
fn report(found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    if !found.is_empty() {
        let list: String = found.iter().map(|line| format!("\n  - {line}")).collect();
        panic!("{} found:{list}\n", found.len());
    }
}
