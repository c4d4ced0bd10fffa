//! Stores that list what is due in a wrong way.

use token_testkit::StoreSuite;

use super::test_store::{Flaw, Place};
use super::verdict;

caught! {
    a_store_that_no_longer_lists_is_caught:
        DueIsNoLongerSupported breaks due_keys_are_in_order, found by "lists nothing";
    a_store_that_lists_although_its_place_says_not_is_caught:
        DueIsSupportedAfterAll breaks due_keys_are_in_order, found by "its place says not";
    keys_in_no_order_are_caught:
        DueIsUnordered breaks due_keys_are_in_order, found by "in another order";
    keys_ordered_by_time_only_are_caught:
        DueOrdersByTimeOnly breaks due_keys_are_in_order, found by "in another order";
    a_key_that_is_due_at_the_instant_is_caught:
        DueIncludesTheInstant breaks due_keys_are_in_order, found by "in another order";
    a_forgotten_end_of_the_grant_is_caught:
        DueForgetsTheEndOfTheGrant breaks due_keys_are_in_order, found by "has other times";
    a_record_that_is_due_without_a_time_is_caught:
        DueWithoutATimeIsDue breaks due_keys_are_in_order, found by "in another order";
    keys_in_lower_case_are_caught:
        DueLowersKeys breaks keys_of_any_characters_are_due, found by "in pages of 100";
    a_page_over_its_limit_is_caught:
        DueIgnoresTheLimit breaks a_page_has_at_most_the_limit, found by "a page of at most 0";
    a_single_page_is_caught:
        DueEndsAfterAPage breaks a_page_has_at_most_the_limit, found by "in pages of 1";
    a_cursor_that_counts_is_caught:
        DueCountsWhatIsLeft breaks pages_have_no_gaps_and_no_repeats, found by "gaps or repeats";
    a_page_that_repeats_the_last_key_is_caught:
        DueRepeatsTheCursor breaks keys_of_any_characters_are_due, found by "in pages of 2";
    a_refreshed_key_that_stays_is_caught:
        DueKeepsTheFirstTime breaks a_refreshed_key_is_due_at_its_new_time,
            found by "before its new time";
    a_tombstoned_key_that_is_due_is_caught:
        DueListsTheTombstoned breaks a_tombstoned_key_is_not_due,
            found by "a tombstoned key is due";
}

mod a_store_without_due {
    use super::super::block_on;
    use super::{Flaw, Place};

    token_testkit::store_conformance!(
        block_on = block_on,
        place = Place::with(Flaw::DueIsUnsupported)
    );
}
