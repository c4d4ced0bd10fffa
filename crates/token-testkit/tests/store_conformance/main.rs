//! A store that keeps the laws passes, and one that breaks a law fails at that law.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod test_store;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use test_store::{Flaw, Place};
use token_testkit::StoreSuite;

mod on_no_runtime {
    use super::{Flaw, Place, block_on};

    token_testkit::store_conformance!(block_on = block_on, place = Place::with(Flaw::None));
}

mod on_tokio {
    use super::{Flaw, Place};

    token_testkit::store_conformance!(test = tokio::test, place = Place::with(Flaw::None));
}

mod on_tokio_with_arguments_and_handles_apart {
    use super::{Flaw, Place};

    token_testkit::store_conformance!(
        test = tokio::test(flavor = "current_thread"),
        place = Place::with(Flaw::HandlesAreApart).apart("each handle is a store of its own"),
    );
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Returns the message with which the law fails, or `nothing`.
fn verdict(law: impl Future<Output = ()>) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(|| block_on(law))) else {
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
                let found = verdict(StoreSuite::new(Place::with(Flaw::$flaw)).$law());
                assert!(found.contains($words), "{found}");
                assert_eq!(verdict(StoreSuite::new(Place::with(Flaw::None)).$law()), "nothing");
            }
        )*
    };
}

caught! {
    a_tombstone_from_nowhere_is_caught:
        InventsARecord breaks an_unknown_key_is_empty, found by "an unknown key is tombstoned";
    a_generation_that_went_through_a_float_is_caught:
        RoundsTheGeneration breaks a_committed_record_is_loaded_as_it_was,
            found by "another generation is stored";
    a_trimmed_body_is_caught:
        TrimsTheBody breaks a_body_survives_to_the_byte, found by "the body changed";
    a_last_write_that_wins_is_caught:
        LastWriteWins breaks a_child_is_committed_over_its_parent_only,
            found by "a token that is not stored";
    a_second_child_that_wins_is_caught:
        LastWriteWins breaks a_second_child_of_one_parent_is_lost,
            found by "a second child of one parent";
    a_refused_child_with_its_parents_lineage_is_caught:
        WantsANewLineage breaks a_child_with_its_parents_refresh_token_is_committed,
            found by "left: Lost";
    a_refused_repeat_is_caught:
        RepeatsAreLost breaks a_repeated_commit_is_stored,
            found by "the second time that one commit is sent";
    a_repeat_that_undoes_a_grandchild_is_caught:
        RepeatsBringBack breaks a_late_repeat_does_not_undo_a_grandchild,
            found by "a repeat after the grandchild";
    a_child_that_is_stored_over_nothing_is_caught:
        MissingIsStored breaks a_child_in_an_empty_store_is_missing,
            found by "a child in an empty store";
    a_refused_login_is_caught:
        RefusesAnotherGrant breaks a_login_replaces_what_is_there, found by "UnlessTombstoned";
    a_commit_that_wants_the_lease_is_caught:
        CommitNeedsTheLease breaks a_commit_needs_no_lease_and_takes_none,
            found by "while another has the lease";
    a_commit_in_two_steps_is_caught:
        CommitsInTwoSteps breaks one_of_many_concurrent_children_is_stored,
            found by "16 of sixteen";
    a_forgotten_tombstone_is_caught:
        ForgetsTombstones breaks a_tombstoned_grant_is_gone_and_stays_gone,
            found by "after a logout";
    a_tombstone_that_stays_is_caught:
        KeepsTombstones breaks a_new_login_clears_a_tombstone,
            found by "a new login after a logout";
    a_tombstone_without_a_generation_is_caught:
        ForgetsWhatItRemoved breaks a_tombstone_keeps_the_generation,
            found by "after the first logout";
    a_second_logout_that_forgets_is_caught:
        RemovesNothingTwice breaks a_tombstone_keeps_the_generation,
            found by "after the second logout";
    a_generation_that_outlives_its_tombstone_is_caught:
        KeepsWhatItRemoved breaks a_tombstone_keeps_the_generation,
            found by "a new login was removed";
    a_lease_without_the_tombstoned_generation_is_caught:
        ForgetsWhatItRemoved breaks acquiring_tells_what_is_kept, found by "without its generation";
    a_logout_of_everybody_is_caught:
        BuriesEverything breaks burying_leaves_other_keys_alone,
            found by "another key is tombstoned too";
    a_lease_for_everybody_is_caught:
        LeasesToEverybody breaks a_lease_has_one_owner, found by "given to a second owner";
    a_busy_that_tells_nothing_is_caught:
        AlwaysAWholeLifeLeft breaks busy_tells_what_is_left,
            found by "60s are left, after 60s were";
    a_lease_that_is_not_prolonged_is_caught:
        OldLifeOnReacquire breaks acquiring_again_renews, found by "acquired again had its old TTL";
    a_lease_that_comes_without_the_entry_is_caught:
        TellsTheHolderNothing breaks acquiring_tells_what_is_kept, found by "no record is stored";
    a_busy_that_comes_without_the_entry_is_caught:
        TellsWhoWaitsNothing breaks acquiring_tells_what_is_kept, found by "no record is stored";
    a_release_by_anybody_is_caught:
        AnybodyReleases breaks a_lease_is_released_by_its_owner_only,
            found by "released by another than its owner";
    a_lease_without_an_end_is_caught:
        LeasesNeverEnd breaks a_lease_ends_by_the_stores_clock,
            found by "an expired lease is refused to others";
    a_renewal_that_does_nothing_is_caught:
        OldLifeOnRenew breaks renewing_gives_a_whole_life,
            found by "a renewed lease had its old TTL";
    a_renewal_of_what_ran_out_is_caught:
        RenewsWhatRanOut breaks a_lost_lease_is_not_renewed, found by "an expired lease";
    a_lease_that_is_taken_in_two_steps_is_caught:
        AcquiresInTwoSteps breaks one_of_many_concurrent_owners_holds_the_lease,
            found by "64 of 64";
    an_intent_of_nobody_is_caught:
        NamesTheIntentAnew breaks an_intent_is_loaded_with_its_owner,
            found by "another intent is stored";
    an_intent_without_the_lease_is_caught:
        IntendsWithoutLease breaks an_intent_needs_the_lease, found by "an intent with no lease";
    an_intent_that_dies_with_the_lease_is_caught:
        IntentDiesWithTheLease breaks an_intent_outlives_the_lease,
            found by "the intent changed when the lease expired";
    an_intent_without_an_age_is_caught:
        IntentsDoNotAge breaks an_intent_ages_by_the_stores_clock,
            found by "0ns when 1s had passed";
    a_record_without_an_age_is_caught:
        RecordsDoNotAge breaks a_record_ages_by_the_stores_clock, found by "0ns when 1s had passed";
    a_repetition_that_makes_a_record_younger_is_caught:
        RepetitionsRejuvenate breaks a_record_ages_by_the_stores_clock,
            found by "made the record younger";
    an_intent_that_anybody_takes_back_is_caught:
        AnybodyWithdraws breaks an_intent_is_withdrawn_by_its_owner_only,
            found by "another owner cleared it";
    an_intent_that_stays_is_caught:
        KeepsIntents breaks a_commit_clears_the_intent_that_led_to_it,
            found by "leaves the intent that led to it";
    an_intent_that_another_commit_clears_is_caught:
        ClearsEveryIntent breaks a_commit_leaves_an_intent_of_another_lineage,
            found by "changed the intent";
    keys_in_one_case_are_caught:
        KeysAreLowerCase breaks keys_do_not_mix, found by "is that of another key";
    handles_that_are_apart_are_caught:
        HandlesAreApart breaks handles_see_each_others_writes, found by "no record is stored";
    a_debug_that_shows_a_body_is_caught:
        DebugShowsBodies breaks debug_shows_no_body, found by "a body is in a Debug";
    a_commit_that_wakes_nobody_is_caught:
        WakesNobody breaks changed_returns_soon_after_a_commit, found by "does not end the wait";
    a_commit_that_wakes_no_wait_under_way_is_caught:
        WakesNobody breaks a_wait_ends_soon_after_the_lease_owners_commit, found by "does not end a wait";
    a_release_that_wakes_nobody_is_caught:
        ReleasesWakeNobody breaks a_wait_ends_soon_after_the_lease_is_released,
            found by "a release does not end a wait";
    a_wait_for_the_next_change_is_caught:
        WaitsForTheNext breaks changed_returns_when_it_is_late_already,
            found by "had changed already";
    a_wait_for_ever_is_caught:
        WaitsForEver breaks changed_returns_after_at_most, found by "longer than at_most";
    a_wait_that_tells_what_was_before_is_caught:
        TellsAnOldEntry breaks changed_returns_when_it_is_late_already,
            found by "no record is stored";
    a_fingerprint_that_is_compared_alone_is_caught:
        ComparesFingerprintsAlone breaks children_are_judged_by_the_rule, found by "the answer to";
    a_fingerprint_that_is_compared_alone_is_caught_by_hand:
        ComparesFingerprintsAlone breaks commits_follow_the_rows_written_by_hand,
            found by "left: Stored";
    an_older_child_that_is_committed_last_and_wins_is_caught:
        ComparesFingerprintsAlone breaks the_newest_of_many_concurrent_children_stays,
            found by "another generation";
    a_generation_with_a_sign_is_caught:
        ComparesNumbersWithASign breaks children_are_judged_by_the_rule, found by "the answer to";
    a_generation_with_a_sign_is_caught_by_hand:
        ComparesNumbersWithASign breaks commits_follow_the_rows_written_by_hand,
            found by "the answer to";
    an_overwrite_that_looks_is_caught:
        OverwritesWhatIsOlder breaks overwrites_are_judged_by_the_rule, found by "left: Lost";
    a_repair_that_is_older_than_what_it_repairs_is_caught:
        RepairsReplaceWhatIsNewer breaks repairs_are_judged_by_the_rule, found by "left: Stored";
    a_login_that_ignores_its_intent_is_caught:
        LoginsIgnoreTheirIntent breaks logins_are_judged_by_the_rule, found by "the answer to";
    a_login_that_needs_no_intent_is_caught:
        LoginsNeedNoIntent breaks logins_are_judged_by_the_rule, found by "left: Stored";
    a_login_that_undoes_a_logout_is_caught:
        LoginsNeedNoIntent breaks a_logout_between_intent_and_commit_wins,
            found by "begun before a logout";
    a_login_that_undoes_a_second_logout_is_caught:
        LoginsNeedNoIntent breaks a_second_logout_bars_the_login_after_the_first,
            found by "before the second logout";
    an_intent_that_is_cleared_by_its_fingerprint_is_caught:
        ClearsIntentsByFingerprint breaks a_commit_with_a_kept_refresh_token_clears_its_intent,
            found by "generation 1";
    an_intent_that_is_cleared_by_its_fingerprint_is_caught_by_the_rule:
        ClearsIntentsByFingerprint breaks children_are_judged_by_the_rule,
            found by "the intent after";
    an_intent_that_an_overwrite_clears_is_caught:
        ClearsEveryIntent breaks overwrites_are_judged_by_the_rule, found by "the intent after";
    a_repetition_that_makes_a_record_younger_is_caught_by_the_rule:
        RepetitionsRejuvenate breaks repairs_are_judged_by_the_rule,
            found by "made the record younger";
    a_tombstone_that_is_still_told_of_is_caught_by_the_rule:
        KeepsWhatItRemoved breaks overwrites_are_judged_by_the_rule, found by "is still returned";
    plain_fields_that_are_forgotten_are_caught:
        ForgetsPlainFields breaks the_plain_fields_come_back_as_they_were,
            found by "the due time changed";
    plain_fields_that_are_forgotten_are_caught_by_the_rule:
        ForgetsPlainFields breaks children_are_judged_by_the_rule, found by "the due time changed";
    an_intent_without_its_generation_is_caught:
        ForgetsTheIntentsGeneration breaks every_generation_comes_back,
            found by "another intent is stored";
    a_removed_generation_that_is_forgotten_is_caught:
        ForgetsWhatItRemoved breaks every_generation_comes_back,
            found by "another generation was removed";
    a_logout_that_does_not_tell_what_it_removed_is_caught:
        RemovesWithoutTelling breaks a_tombstone_returns_what_it_removed_once,
            found by "no record is stored";
    a_logout_that_tells_what_another_removed_is_caught:
        TellsWhatWasRemovedTwice breaks a_tombstone_returns_what_it_removed_once,
            found by "removed already";
    a_logout_in_two_steps_is_caught:
        LogsOutInTwoSteps breaks one_of_many_concurrent_logouts_removes_the_record,
            found by "16 of sixteen";
    an_intent_that_outlives_a_logout_is_caught:
        TombstonesLeaveIntents breaks a_tombstone_clears_intents,
            found by "a logout leaves an intent";
    a_login_whose_intent_outlived_a_logout_is_caught:
        TombstonesLeaveIntents breaks a_logout_between_intent_and_commit_wins,
            found by "LoginIntentOf";
    an_initial_token_that_is_forgotten_is_caught:
        ForgetsTheInitialToken breaks a_tombstone_keeps_the_initial_fingerprint,
            found by "after the first logout";
}

mod due;

#[test]
fn a_release_that_wakes_nobody_breaks_no_other_law_of_changes() {
    let suite = || StoreSuite::new(Place::with(Flaw::ReleasesWakeNobody));
    let verdicts = [
        verdict(suite().changed_returns_soon_after_a_commit()),
        verdict(suite().a_wait_ends_soon_after_the_lease_owners_commit()),
        verdict(suite().changed_returns_when_it_is_late_already()),
        verdict(suite().changed_returns_after_at_most()),
        verdict(suite().a_lease_is_released_by_its_owner_only()),
    ];
    assert_eq!(verdicts, ["nothing"; 5]);
}
