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
//!   "asks": "login, refresh, redemption, authorize, answer or judge",
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
//! * `asks`: with `answer`, the case only reads its answer, as the answer to a refresh. With
//!   `judge`, the answer is that of an API, whose body is judged only if the endpoint asks for it.
//! * `after`: the answers to earlier requests of the same exchange. `request` and `answer` are then
//!   those of the last request.
//! * `api`: the API request for `authorize`. `request` is then what it must become, without headers
//!   that are in neither; its URL and its body stay as they were unless `request` has others.
//! * `expect`: one of
//!   * `issued`,
//!   * `refresh_token_only`, with a `refresh` and the fields of an error,
//!   * `error` or `retry`, with the fields of an error: `{ "kind": "Rejected", "code": "…",
//!     "message": "…", "kills_live_token": false, "after_seconds": 1200 }`,
//!   * `continue`, with a request,
//!   * `verdict`, what `judge` says: `{ "name": "TokenRefused" }`, or with the wait of a throttled
//!     request `{ "name": "Throttled", "after_seconds": 20 }`.
//! * `placement`: of an issued token, the header, or `query: …` or `form: …` with the parameter's
//!   name; of a `token`, `verbatim`, `header: …`, `query: …` or `form: …`. Default: Bearer.
//!
//!   If a case has neither `request` nor `answer`, its `error` is that of building the request.
//! * `documented`: `false` for a refusal whose code the vendor does not document.
#![expect(clippy::panic, reason = "a broken law fails the test")]

mod authorizing;
mod case;
mod differences;
mod every_case;
mod fields;
mod judging;
mod kept;
mod laws_of_answers;
mod laws_of_authorize;
mod laws_of_refusals;
mod laws_of_requests;
mod laws_of_rotations;
mod laws_of_secrets;
mod laws_of_statuses;
mod laws_of_tokens;
mod laws_of_verdicts;
mod leaves;
mod secrets;
mod suite;
mod trial;

#[doc(hidden)] // the demo looks for the same forms
pub use self::secrets::forms as echoed_forms;
pub use self::suite::EndpointSuite;

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
/// * `secrets` are all secrets in the endpoints that `build` returns and in the grants that
///   `redeem` returns, each at least eight characters long; `[]` if there are none.
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
            judge_never_panics,
            judging_is_pure,
            a_success_without_the_vendors_code_is_never_a_refusal,
            judge_asks_for_small_bodies_only,
            every_secret_of_a_request_is_remembered,
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
