//! A vendor that keeps the laws passes, and one that breaks a law fails at that law.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and a flaw is expected to"
)]

mod cases;
mod test_vendor;

use std::panic::catch_unwind;

use test_vendor::{API_KEY, Acme, CODE, Flaw};
use token_testkit::EndpointSuite;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/acme");

mod a_vendor_that_keeps_the_laws {
    use super::{API_KEY, Acme, CODE, DATA, Flaw};

    token_testkit::endpoint_conformance!(
        build = |name| Acme::new(name, Flaw::None),
        data = DATA,
        secrets = [API_KEY, CODE],
        redeem = |name, code| Acme::new(name, Flaw::None).redeem(code),
    );
}

mod a_boxed_vendor {
    use super::{API_KEY, Acme, CODE, DATA, Flaw};
    use token_core::TokenEndpoint;

    token_testkit::endpoint_conformance!(
        build = |name| -> Box<dyn TokenEndpoint> { Box::new(Acme::new(name, Flaw::None)) },
        data = DATA,
        secrets = [API_KEY, CODE],
        redeem = |name, code| Acme::new(name, Flaw::None).redeem(code),
    );
}

/// Returns the message with which the law fails for a vendor with this flaw, or `nothing`.
fn verdict(flaw: Flaw, law: fn(&EndpointSuite)) -> String {
    let build = move |name: &str| Acme::new(name, flaw);
    let redeem = move |name: &str, code: &str| Acme::new(name, flaw).redeem(code);
    message_of(move || law(&EndpointSuite::new(build, DATA, &[API_KEY, CODE]).redeeming(redeem)))
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

/// An echo finds nothing in an endpoint that quotes nothing.
#[test]
fn a_forgotten_secret_is_caught_also_if_no_error_quotes_it() {
    let quoted = verdict(
        Flaw::ForgetsTheKey,
        EndpointSuite::an_echoed_secret_is_scrubbed,
    );
    assert_eq!(quoted, "nothing");
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
    a_secret_that_a_request_forgets_is_caught:
        ForgetsTheKey breaks every_secret_of_a_request_is_remembered,
            found by "login: the login does not remember";
    a_token_that_a_request_forgets_is_caught:
        ForgetsTheToken breaks every_secret_of_a_request_is_remembered,
            found by "refresh: the refresh does not remember";
    a_code_that_a_request_forgets_is_caught:
        ForgetsTheCode breaks every_secret_of_a_request_is_remembered,
            found by "redemption: the redemption does not remember";
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
            found by "failed and left something behind";
    half_a_body_that_is_left_behind_is_caught:
        LeavesABodyBehind breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "failed and left something behind";
    a_changed_path_is_caught:
        ChangesThePath breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "changed the method, the URL or the version";
    a_query_that_is_lost_is_caught:
        LosesTheQuery breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "changed a parameter of the program's query";
    a_body_that_is_rewritten_is_caught:
        RewritesTheBody breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "changed the program's body";
    a_token_that_is_added_twice_is_caught:
        TokenTwiceInTheQuery breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "added something twice";
    an_old_token_that_stays_is_caught:
        KeepsTheOldToken breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "left the old token";
    the_length_of_the_old_body_is_caught:
        KeepsTheOldLength breaks authorize_adds_only_its_own_and_nothing_where_it_fails,
            found by "left the length of the old body";
    a_refresh_token_in_a_form_is_caught:
        RefreshTokenInTheForm breaks authorize_carries_the_access_token_and_nothing_else,
            found by "put the refresh token";
    a_panic_of_judge_is_caught:
        JudgeIndexesTheBody breaks judge_never_panics, found by "a panic: index out of bounds";
    a_verdict_that_changes_is_caught:
        CountsVerdicts breaks judging_is_pure, found by "was judged in two ways";
    a_body_that_is_not_asked_for_is_caught:
        JudgesAnUnaskedBody breaks every_case_holds,
            found by "judge_stale_token_with_200: verdict.name";
    a_code_that_is_found_in_the_data_is_caught:
        FindsTheCodeAnywhere breaks a_success_without_the_vendors_code_is_never_a_refusal,
            found by "without the vendor's code: 200 OK";
    a_file_that_is_kept_in_memory_is_caught:
        AsksForWholeFiles breaks judge_asks_for_small_bodies_only,
            found by "a body `application/octet-stream`";
    an_answer_that_is_read_in_two_ways_is_caught:
        CountsAnswers breaks reading_is_pure, found by "was read in two ways";
}
