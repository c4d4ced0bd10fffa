//! Conformance suite for token stores: laws that hold for every store. See
//! [`store_conformance!`](crate::store_conformance!).
#![expect(clippy::panic, reason = "a broken law fails the test")]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use token_core::TokenKey;
use token_core::store::{Record, StoreError, TokenStore};

use crate::records::{child_of, fingerprint, intent, key, owner, record};

mod concurrently;
mod laws_of_changes;
mod laws_of_commits;
mod laws_of_due;
mod laws_of_fields;
mod laws_of_intents;
mod laws_of_leases;
mod laws_of_logouts;
mod laws_of_places;
mod laws_of_records;
mod laws_of_refusals;
mod laws_of_the_rule;
mod laws_of_tombstones;
mod rows;

/// Runs the conformance suite on a store, in a test file of the store's crate. It expands to one
/// test per law.
///
/// ```
/// token_testkit::store_conformance!(
///     test = tokio::test,
///     place = acme_store::TestPlace::empty().await,
/// );
/// token_testkit::store_conformance!(
///     block_on = futures::executor::block_on,
///     place = acme_store::TestPlace::empty().await,
/// );
/// ```
///
/// * `test` is the attribute of an asynchronous test, with its arguments if it has any
///   (`tokio::test(flavor = "multi_thread")`). Alternatively, `block_on` is a function that runs a
///   future.
/// * `place` returns a new, empty [`StorePlace`] for each test. It can use `.await`.
///
/// If a file has two suites, put each into its own module.
#[macro_export]
macro_rules! store_conformance {
    (test = $test:meta, place = $place:expr $(,)?) => {
        $crate::store_conformance!(@laws { async $test } { $place });
    };
    (block_on = $block_on:path, place = $place:expr $(,)?) => {
        $crate::store_conformance!(@laws { block $block_on } { $place });
    };
    (@laws $how:tt $place:tt) => {
        $crate::store_conformance!(@tests $how $place
            an_unknown_key_is_empty
            a_committed_record_is_loaded_as_it_was
            a_body_survives_to_the_byte
            a_child_is_committed_over_its_parent_only
            a_child_with_its_parents_refresh_token_is_committed
            a_second_child_of_one_parent_is_lost
            a_repeated_commit_is_stored
            a_late_repeat_does_not_undo_a_grandchild
            a_child_in_an_empty_store_is_missing
            a_login_replaces_what_is_there
            a_commit_needs_no_lease_and_takes_none
            one_of_many_concurrent_children_is_stored
            children_are_judged_by_the_rule
            overwrites_are_judged_by_the_rule
            repairs_are_judged_by_the_rule
            logins_are_judged_by_the_rule
            commits_follow_the_rows_written_by_hand
            the_newest_of_many_concurrent_children_stays
            the_plain_fields_come_back_as_they_were
            every_generation_comes_back
            a_tombstoned_grant_is_gone_and_stays_gone
            a_new_login_clears_a_tombstone
            a_tombstone_keeps_the_generation
            burying_leaves_other_keys_alone
            a_tombstone_returns_what_it_removed_once
            one_of_many_concurrent_logouts_removes_the_record
            a_tombstone_clears_intents
            a_logout_between_intent_and_commit_wins
            a_second_logout_bars_the_login_after_the_first
            a_tombstone_keeps_the_initial_fingerprint
            a_lease_has_one_owner
            busy_tells_what_is_left
            acquiring_again_renews
            acquiring_tells_what_is_kept
            a_lease_is_released_by_its_owner_only
            a_lease_ends_by_the_stores_clock
            renewing_gives_a_whole_life
            a_lost_lease_is_not_renewed
            one_of_many_concurrent_owners_holds_the_lease
            an_intent_is_loaded_with_its_owner
            an_intent_needs_the_lease
            an_intent_outlives_the_lease
            an_intent_ages_by_the_stores_clock
            an_intent_is_withdrawn_by_its_owner_only
            a_commit_clears_the_intent_that_led_to_it
            a_commit_leaves_an_intent_of_another_lineage
            a_commit_with_a_kept_refresh_token_clears_its_intent
            a_record_ages_by_the_stores_clock
            keys_do_not_mix
            handles_see_each_others_writes
            debug_shows_no_body
            changed_returns_soon_after_a_commit
            a_wait_ends_soon_after_the_lease_owners_commit
            a_wait_ends_soon_after_the_lease_is_released
            changed_returns_when_it_is_late_already
            changed_returns_after_at_most
            due_keys_are_in_order
            keys_of_any_characters_are_due
            a_page_has_at_most_the_limit
            pages_have_no_gaps_and_no_repeats
            a_refreshed_key_is_due_at_its_new_time
            a_tombstoned_key_is_not_due
            a_mark_replaces_the_record_that_it_is_about
            a_late_mark_changes_nothing
            refused_keys_are_listed_apart
        );
    };
    (@tests $how:tt $place:tt $($law:ident)*) => {
        $( $crate::store_conformance!(@test $how $place $law); )*
    };
    (@test { async $test:meta } { $place:expr } $law:ident) => {
        #[$test]
        async fn $law() {
            $crate::StoreSuite::new($place).$law().await;
        }
    };
    (@test { block $block_on:path } { $place:expr } $law:ident) => {
        #[test]
        fn $law() {
            $block_on(async { $crate::StoreSuite::new($place).$law().await });
        }
    };
}

/// The place where a store under test keeps its records: a directory, a database, a process. It
/// must be empty at first.
#[async_trait]
pub trait StorePlace: Send + Sync {
    /// Opens the store as another process would.
    async fn open(&self) -> Arc<dyn TokenStore>;

    /// Lets `span` pass by the store's clock. Default: waits that long. A store with a manual clock
    /// advances it instead.
    async fn pass(&self, span: Duration) {
        concurrently::Timer::start(span).await;
    }

    /// Whether handles share one store. Default: [`Handles::Shared`].
    fn handles(&self) -> Handles {
        Handles::Shared
    }

    /// Whether [`due`](TokenStore::due) lists the keys that are due. Default: true. If not, the laws
    /// of `due` are skipped, and the tests say so.
    fn lists_due(&self) -> bool {
        true
    }

    /// The shortest lease that the store times accurately. Default: 500 ms.
    fn short_life(&self) -> Duration {
        Duration::from_millis(500)
    }

    /// How long the suite waits, by the machine's clock, for something that should happen soon.
    /// Default: 10 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// Whether handles that are opened one after another see the same records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handles {
    /// They share one store.
    Shared,
    /// Each is a separate store, for this reason. Checks that need two handles are skipped, and the
    /// test says so.
    Apart(&'static str),
}

/// A store, and a method for each law. [`store_conformance!`](crate::store_conformance!) calls them
/// all.
///
/// A method panics if its law is broken or if the store fails.
pub struct StoreSuite<P> {
    place: P,
}

impl<P> fmt::Debug for StoreSuite<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreSuite")
    }
}

const LONG: Duration = Duration::from_secs(60);
/// The smallest integer that an `f64` cannot represent.
const BIG: u64 = (1 << 53) + 1;

impl<P: StorePlace> StoreSuite<P> {
    /// Returns a suite on an empty place. Each law needs its own place.
    pub fn new(place: P) -> Self {
        Self { place }
    }

    async fn open(&self) -> Arc<dyn TokenStore> {
        self.place.open().await
    }

    /// Opens up to `count` handles on one store.
    async fn open_several(&self, count: usize) -> Vec<Arc<dyn TokenStore>> {
        let mut stores = vec![self.open().await];
        while self.place.handles() == Handles::Shared && stores.len() < count {
            stores.push(self.open().await);
        }
        stores
    }

    fn short(&self) -> Duration {
        self.place.short_life()
    }

    /// Waits until a short lease has expired.
    async fn outlive_short(&self) {
        self.place.pass(self.short() * 2).await;
    }
}

/// Returns the result of the store; an error fails the test.
fn sure<T>(answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

/// Fails unless this record is stored.
async fn expect_stored(store: &dyn TokenStore, key: &TokenKey, wanted: &Record) {
    expect_record(sure(store.load(key).await).record.as_ref(), wanted);
}

/// Fails unless the records are equal.
fn expect_record(found: Option<&Record>, wanted: &Record) {
    if let Some(difference) = differs(found, Some(wanted)) {
        panic!("{difference}; expected {wanted:?}");
    }
}

/// Returns the first difference between two records.
fn differs(found: Option<&Record>, wanted: Option<&Record>) -> Option<&'static str> {
    let (found, wanted) = match (found, wanted) {
        (None, None) => return None,
        (None, Some(_)) => return Some("no record is stored"),
        (Some(_), None) => return Some("a record is stored, and none is expected"),
        (Some(found), Some(wanted)) => (found, wanted),
    };
    let fields = [
        (
            found.fingerprint == wanted.fingerprint,
            "another fingerprint is stored",
        ),
        (
            found.generation == wanted.generation,
            "another generation is stored",
        ),
        (
            found.body.expose() == wanted.body.expose(),
            "the body changed",
        ),
        (found.due_at == wanted.due_at, "the due time changed"),
        (
            found.grant_ends_at == wanted.grant_ends_at,
            "the end of the grant changed",
        ),
        (
            found.initial == wanted.initial,
            "the initial token's fingerprint changed",
        ),
    ];
    let mut changed = fields.into_iter().filter(|(same, _)| !same);
    changed.next().map(|(_, words)| words)
}
