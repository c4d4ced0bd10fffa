//! A vendor that keeps the laws passes, and one that breaks a law fails at that law.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and a flaw is expected to"
)]

mod test_vendor;

use std::panic::catch_unwind;

use test_vendor::{API_KEY, Acme, Flaw};
use token_testkit::EndpointSuite;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/acme");

mod a_vendor_that_keeps_the_laws {
    use super::{API_KEY, Acme, DATA, Flaw};

    token_testkit::endpoint_conformance!(
        build = |name| Acme::new(name, Flaw::None),
        data = DATA,
        secrets = [API_KEY],
        redeem = |name, code| Acme::new(name, Flaw::None).redeem(code),
    );
}

mod a_boxed_vendor {
    use super::{API_KEY, Acme, DATA, Flaw};
    use token_core::TokenEndpoint;

    token_testkit::endpoint_conformance!(
        build = |name| -> Box<dyn TokenEndpoint> { Box::new(Acme::new(name, Flaw::None)) },
        data = DATA,
        secrets = [API_KEY],
        redeem = |name, code| Acme::new(name, Flaw::None).redeem(code),
    );
}

/// Returns the message with which the law fails for a vendor with this flaw, or `nothing`.
fn verdict(flaw: Flaw, law: fn(&EndpointSuite)) -> String {
    let build = move |name: &str| Acme::new(name, flaw);
    let redeem = move |name: &str, code: &str| Acme::new(name, flaw).redeem(code);
    message_of(move || law(&EndpointSuite::new(build, DATA, &[API_KEY]).redeeming(redeem)))
}

fn message_of(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let Err(payload) = catch_unwind(run) else {
        return "nothing".into();
    };
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

macro_rules! caught {
    ($($test:ident: $flaw:ident breaks $law:ident, found by $words:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let found = verdict(Flaw::$flaw, EndpointSuite::$law);
                assert!(found.contains($words), "{found}");
                assert_eq!(verdict(Flaw::None, EndpointSuite::$law), "nothing");
            }
        )*
    };
}

caught! {
    a_debug_that_shows_a_secret_is_caught:
        DebugShowsTheKey breaks debug_shows_no_secret, found by "login: a secret is in a Debug";
    a_key_with_a_secret_is_caught:
        KeyHasTheSecret breaks the_key_is_stable_and_has_no_secret, found by "has a secret in it";
    a_key_that_changes_is_caught:
        KeyChanges breaks the_key_is_stable_and_has_no_secret,
            found by "is not the same at every call";
    a_panic_on_garbage_is_caught:
        IndexesTheBody breaks no_body_makes_it_panic_and_garbage_is_no_token,
            found by "a panic: index out of bounds";
    an_accepted_empty_token_is_caught:
        TakesAnEmptyToken breaks an_empty_token_is_refused,
            found by "an empty access token (\"\"): a token was issued";
    stripped_control_characters_are_caught:
        StripsControls breaks a_token_with_control_characters_is_refused,
            found by "\\u0000end\"): a token was issued";
    an_unscrubbed_message_is_caught:
        MessageIsNotScrubbed breaks an_echoed_secret_is_scrubbed,
            found by "refused: a secret that `/message` echoes";
    an_unscrubbed_code_is_caught:
        CodeIsNotScrubbed breaks an_echoed_secret_is_scrubbed,
            found by "a secret that `/error` echoes";
    a_token_in_the_path_that_changes_the_host_is_caught:
        TokenInThePath breaks requests_go_to_one_host_whatever_the_token,
            found by "the token @evil.example/x changes";
    a_token_that_adds_a_parameter_is_caught:
        TokenNotEncoded breaks requests_go_to_one_host_whatever_the_token,
            found by "a&grant_type=password&b=c changes";
    a_refresh_at_a_host_of_the_answer_is_caught:
        RefreshesWhereTheAnswerSays breaks requests_go_to_one_host_whatever_the_token,
            found by "a request goes to eu.example";
    a_page_that_kills_the_grant_is_caught:
        PageIsARefusal breaks a_web_page_with_200_is_retryable, found by "expected Transient";
    a_body_that_is_believed_before_the_status_is_caught:
        JsonBeforeStatus breaks server_failures_are_retryable_and_retry_after_is_obeyed,
            found by "500 with Retry-After ``";
    an_ignored_retry_after_is_caught:
        IgnoresRetryAfter breaks server_failures_are_retryable_and_retry_after_is_obeyed,
            found by "503 with Retry-After `7`";
    a_redirect_that_kills_the_grant_is_caught:
        RedirectIsARefusal breaks a_redirect_is_a_protocol_error_that_names_the_host_only,
            found by "expected Protocol";
    a_redirect_that_is_quoted_is_caught:
        RedirectTellsTheAddress breaks a_redirect_is_a_protocol_error_that_names_the_host_only,
            found by "no more: ";
    a_torn_token_is_caught:
        ReadsWhatIsThere breaks a_success_that_is_cut_short_is_never_a_token,
            found by "a token was issued";
    a_token_that_is_issued_dead_is_caught:
        ExpiryIsNotChecked breaks no_number_makes_it_panic_and_no_renewable_token_is_issued_dead,
            found by "/ttl = -1: a token was issued";
    a_refresh_token_on_an_api_request_is_caught:
        RefreshTokenOnRequests breaks authorize_carries_the_access_token_and_nothing_else,
            found by "put the refresh token";
    an_api_request_without_a_token_is_caught:
        NothingOnRequests breaks authorize_carries_the_access_token_and_nothing_else,
            found by "put nothing on the request";
    a_header_that_clients_would_log_is_caught:
        NotSensitive breaks authorize_carries_the_access_token_and_nothing_else,
            found by "not marked as sensitive";
    a_request_with_a_counter_is_caught:
        CountsRequests breaks building_a_request_is_pure_and_repeatable,
            found by "two different requests";
    a_request_that_can_be_built_once_is_caught:
        AsksOnce breaks building_a_request_is_pure_and_repeatable,
            found by "a second attempt failed";
    an_accepted_blank_token_is_caught:
        TakesABlankToken breaks a_blank_token_is_refused,
            found by "a blank access token (\" \"): a token was issued";
    a_rotation_that_is_thrown_away_is_caught:
        LosesTheRotation breaks an_odd_success_keeps_the_refresh_token,
            found by "/ttl = \"soon\": the refresh token is lost";
    a_code_that_is_sent_again_is_caught:
        ForgivesACode breaks an_unknown_refusal_of_a_one_time_grant_is_not_retryable,
            found by "400 with {} to a one-time grant";
    a_documented_refusal_that_is_not_understood_is_caught:
        UnderstandsNoRefusal breaks every_documented_refusal_has_a_kind_other_than_protocol,
            found by "locked: a documented refusal";
    half_a_signature_that_is_left_behind_is_caught:
        LeavesHalfASignature breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "failed and left headers behind";
    an_answer_that_is_read_in_two_ways_is_caught:
        CountsAnswers breaks reading_is_pure, found by "was read in two ways";
}

const ISSUED: &str = r#"{"source":"s","asks":"answer",
    "answer":{"body":"{\"token\":\"t-12345678\",\"ttl\":9}"},"expect":{"issued":{}}}"#;

/// Returns the report on a case, next to a good one.
fn said_of(name: &str, case: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (case, text) in [("good", ISSUED), ("odd", case)] {
        std::fs::create_dir_all(folder.join(case)).unwrap();
        std::fs::write(folder.join(case).join("case.json"), text).unwrap();
    }
    message_of(|| {
        EndpointSuite::new(|name| Acme::new(name, Flaw::None), folder, &[API_KEY])
            .every_case_holds();
    })
}

#[test]
fn every_failing_case_is_reported_with_what_differs() {
    let found = said_of(
        "differs",
        r#"{"source":"s","asks":"refresh","token":{"access":"old-access","refresh":"old-refresh"},
            "request":{"method":"GET","body":"x=1"},
            "answer":{"status":400,"body":"{\"error\":\"frozen\"}"},"expect":{"error":{"kind":"Rejected","code":"1"}}}"#,
    );
    for part in [
        "4 found:",
        "odd: request.method:\n      expected GET\n      but saw  POST",
        "odd: request.body:\n      expected x=1\n      but saw  refresh_token=old-refresh",
        "odd: error.kind:\n      expected Rejected\n      but saw  Locked",
        "odd: error.code:\n      expected 1\n      but saw  frozen",
    ] {
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn a_malformed_case_is_named_with_what_is_wrong() {
    for (name, case, part) in [
        ("cut", "{", "case odd: is not valid JSON"),
        (
            "unknown",
            r#"{"source":"s","asks":"login","expects":{}}"#,
            "case odd: has an unknown field `expects`",
        ),
        (
            "deep",
            r#"{"source":"s","asks":"answer","answer":{"body":"","stauts":1},"expect":{"issued":{}}}"#,
            "case odd: has an unknown field `answer.stauts`",
        ),
        (
            "source",
            r#"{"asks":"login","request":{}}"#,
            "case odd: `source` must be present",
        ),
        (
            "vain",
            r#"{"source":"s","asks":"login"}"#,
            "case odd: checks nothing",
        ),
        (
            "kind",
            r#"{"source":"s","asks":"login","expect":{"error":{"kind":"Gone"}}}"#,
            "the kind `Gone` is not one of",
        ),
        (
            "twice",
            r#"{"source":"s","source":"t","asks":"login","request":{}}"#,
            "is not valid JSON (NotJson)",
        ),
    ] {
        let found = said_of(name, case);
        assert!(found.contains(part), "{name}: {found}");
    }
}

#[test]
fn a_suite_that_would_look_at_nothing_is_refused() {
    let build = |name: &str| Acme::new(name, Flaw::None);
    let empty = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/acme/login");
    let found = message_of(move || drop(EndpointSuite::new(build, empty, &[])));
    assert!(found.contains("has no case"), "{found}");
    let found = message_of(move || drop(EndpointSuite::new(build, DATA, &["short"])));
    assert!(found.contains("eight characters"), "{found}");
}
