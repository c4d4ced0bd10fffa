//! Laws that every endpoint keeps, and cases that are data: see
//! [`endpoint_conformance!`](crate::endpoint_conformance!).
//!
//! # A case
//!
//! One folder a case, `<data>/<case>/case.json`. An unknown field is a failure. Fields that are not
//! given are not checked.
//!
//! ```json
//! { "source": "the document that this comes from",
//!   "endpoint": "the name that `build` is given; an empty name where there is none",
//!   "asks": "login, refresh, redemption, authorize, or answer: then only the answer is read, as if to a refresh",
//!   "redeems": "the name of the one-time grant that `redeem` is given",
//!   "now_unix_ms": 1700000000000,
//!   "nonce_hex": "000102030405060708090a0b0c0d0e0f",
//!   "token": { "access": "A1", "refresh": "R1", "expires_in_seconds": 3600, "extras": { "api_host": "…" } },
//!   "after": [{ "status": 200, "body": "an answer that leads to a further request" }],
//!   "api": { "method": "GET", "url": "https://…", "headers": { "accept": "…" }, "body": "what is to be authorized" },
//!   "request": { "method": "POST", "url": "https://…", "headers": { "authorization": "…" }, "body": "…" },
//!   "answer": { "status": 200, "headers": { "date": "…" }, "body": "…" },
//!   "expect": { "issued": { "access": "A2", "refresh": null, "expires_in_seconds": 7200,
//!                           "placement": "authorization: Bearer A2", "scopes": ["a"], "extras": { "id_token": "…" } } } }
//! ```
//!
//! `expect` is one of `issued`; `refresh_token_only`, with a `refresh` and the fields of an error;
//! `error` and `again`, each
//! `{ "kind": "Rejected", "code": "…", "message": "…", "kills_live_token": false, "after_seconds": 1200 }`;
//! and `next`, a request. A `null` says that nothing must be there. Seconds may have three
//! decimals. With `after`, `request` and `answer` are those of the further request. `authorize`
//! compares `request` with what became of `api`, and wants no header that is in neither.
//! `"documented": false` is for a code that the vendor does not document. Where a case has neither
//! `request` nor `answer`, its `error` is that of building the request.
#![expect(
    clippy::panic,
    reason = "a law that is broken fails the test that asked for it"
)]

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

/// Runs the conformance suite on an endpoint, with one line in a test file of its crate:
///
/// ```
/// token_testkit::endpoint_conformance!(
///     build = |_name| acme_auth::Acme::builder("https://api.acme.example").api_key("conformance-key-1").build().unwrap(),
///     data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
///     secrets = ["conformance-key-1"],
/// );
/// ```
///
/// * `build` makes the endpoint, or a `Box<dyn TokenEndpoint>` where the cases name several; it is
///   given the case's `endpoint`.
/// * `data` is the folder of the [cases](mod@crate::endpoint_conformance).
/// * `redeem`, if the vendor has one-time grants, makes one: it is given the case's `endpoint` and
///   its `redeems`.
/// * `secrets` are all secrets that `build` puts into its endpoints, of eight characters at least;
///   `[]` where there are none.
///
/// It expands to one `#[test]` a law. Where a file has two suites, put each into a module of its
/// own.
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

/// One endpoint, its cases, and a method for each law;
/// [`endpoint_conformance!`](crate::endpoint_conformance!) calls them all.
///
/// Every method panics with all that it found where its law is broken.
pub struct EndpointSuite {
    #[expect(clippy::type_complexity, reason = "an alias would hide what builds")]
    build: Box<dyn Fn(&str) -> Box<dyn TokenEndpoint>>,
    #[expect(clippy::type_complexity, reason = "an alias would hide what redeems")]
    redeem: Option<Box<dyn Fn(&str, &str) -> OneTimeGrant>>,
    cases: Vec<Case>,
    secrets: Vec<Secret>,
}

impl std::fmt::Debug for EndpointSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EndpointSuite({} cases)", self.cases.len())
    }
}

/// An endpoint, boxed or not. `Form` is [`Plain`] or [`Boxed`]: the two implementations must not
/// overlap.
pub trait IntoEndpoint<Form> {
    /// Returns the endpoint in a box.
    fn into_endpoint(self) -> Box<dyn TokenEndpoint>;
}

/// The form of an endpoint that is not in a box.
#[derive(Debug)]
pub enum Plain {}

/// The form of an endpoint that is in a box.
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
    /// A suite from what builds the endpoint by a case's name for it, the folder of cases, and
    /// every secret that `build` uses.
    ///
    /// # Panics
    ///
    /// Where the folder has no case or none that issues a token, a case is malformed, or a secret
    /// is shorter than eight characters.
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
            panic!(
                "no case expects a token to be issued, so half of the laws would look at nothing"
            );
        }
        if secrets
            .iter()
            .any(|secret| secret.len() < secrets::SHORTEST)
        {
            panic!(
                "a secret of fewer than eight characters turns up by chance: build with a longer one"
            );
        }
        Self {
            build: Box::new(move |name| build(name).into_endpoint()),
            redeem: None,
            cases,
            secrets: secrets.iter().copied().map(Secret::from).collect(),
        }
    }

    /// The same suite, with what makes the one-time grants of its cases: it is given a case's
    /// `endpoint` and its `redeems`.
    #[must_use]
    pub fn redeeming(mut self, redeem: impl Fn(&str, &str) -> OneTimeGrant + 'static) -> Self {
        self.redeem = Some(Box::new(redeem));
        self
    }

    fn redemption(&self, case: &Case) -> Option<OneTimeGrant> {
        let redeem = self.redeem.as_ref()?;
        Some(redeem(&case.endpoint, &case.redeems))
    }

    /// Each case asks what it says, and the endpoint reads its answer as it says.
    pub fn every_case_holds(&self) {
        report(self.cases.iter().flat_map(|case| {
            let found = differences::of_case(case, self);
            found
                .into_iter()
                .map(|difference| format!("{}: {difference}", case.name))
        }));
    }

    /// Every case for which the endpoint makes a request.
    fn trials(&self) -> Vec<Trial<'_>> {
        self.cases
            .iter()
            .filter_map(|case| Trial::of(case, self))
            .collect()
    }

    /// One trial for each endpoint and each thing to ask.
    fn different_trials(&self) -> Vec<Trial<'_>> {
        let mut trials = self.trials();
        trials.sort_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials.dedup_by_key(|trial| (&trial.case.endpoint, trial.case.asks as u8));
        trials
    }
}

/// Fails with all that was found.
fn report(found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    if !found.is_empty() {
        let list: String = found.iter().map(|line| format!("\n  - {line}")).collect();
        panic!("{} found:{list}\n", found.len());
    }
}
