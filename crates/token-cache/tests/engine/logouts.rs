//! The end of a grant, and what was under way then.

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation};

use crate::acme::{Acme, MINUTE, Op, Setup, StoreFault, When, advance, assert_events};

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_logout_that_races_an_exchange_wins_and_the_late_token_is_offered_for_revocation() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    cache.token().await.unwrap();
    gate.reached().await;
    _ = cache.logout().await.unwrap();
    assert!(cache.current().is_none());
    let late = setup.server.current_refresh_token();
    gate.open();
    advance(MINUTE).await;
    let kept = setup.stored().await;
    assert!(kept.tombstoned && kept.record.is_none());
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert!(
        setup
            .server
            .requests()
            .iter()
            .any(|one| one.path == "/revoke" && one.presented == late)
    );
    assert!(setup.server.is_revoked());
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_token_whose_writing_meets_a_tombstone_is_offered_for_revocation_and_served_no_more() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    setup.store.fail([Op::Commit]);
    ours.token().await.unwrap();
    _ = theirs.logout().await.unwrap();
    setup.store.recover();
    advance(MINUTE).await;
    assert!(ours.current().is_none());
    assert!(setup.server.is_revoked(), "it was revoked");
    assert!(setup.stored().await.tombstoned);
}

// FAULTS.md rows 37 and 41
#[tokio::test(start_paused = true)]
async fn a_lost_record_is_not_restored_over_a_tombstone() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    ours.token().await.unwrap();
    advance(50 * MINUTE).await;
    setup.store.clear();
    let gate = setup.store.hold_answer(Op::Commit);
    ours.token().await.unwrap();
    gate.reached().await;
    // Between the answer that nothing is stored and the second write.
    _ = theirs.logout().await.unwrap();
    gate.open();
    advance(MINUTE).await;
    assert!(setup.stored().await.tombstoned && ours.current().is_none());
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn an_owner_that_met_a_tombstone_finds_the_grant_that_was_begun_anew_elsewhere() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    for _ in 0..3 {
        ours.token().await.unwrap();
        advance(50 * MINUTE).await;
    }
    _ = theirs.logout().await.unwrap();
    ours.token().await.unwrap();
    advance(MINUTE).await;
    assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let newcomer = setup.empty_cache();
    newcomer.redeem(setup.acme.redemption()).await.unwrap();
    advance(6 * MINUTE).await;
    let (found, wanted) = (ours.token().await.unwrap(), newcomer.token().await.unwrap());
    assert!(found.same_secrets_as(&wanted));
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.store.fail([Op::Tombstone]);
    assert_eq!(cache.logout().await.unwrap_err().kind(), ErrorKind::Store);
    assert!(cache.token().await.is_ok() && setup.server.count("/revoke") == 0);
}

// FAULTS.md row 9
#[tokio::test(start_paused = true)]
async fn a_logout_that_cannot_be_written_leaves_the_initial_token_to_the_next_caller() {
    for fault in [StoreFault::Unreachable, StoreFault::Hangs] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.cache();
        setup.store.fail_with([Op::Commit, Op::Tombstone], &fault);
        assert_eq!(cache.logout().await.unwrap_err().kind(), ErrorKind::Store);
        setup.store.recover();
        let token = cache.token().await.unwrap();
        assert!(setup.server.accepts(token.access()), "{fault:?}");
    }
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn an_owner_that_missed_a_logout_and_the_new_login_adopts_it_and_spends_nothing() {
    for logouts in [1, 2] {
        let setup = Setup::new(Acme::single_use());
        let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
        refreshed_three_times(&ours).await;
        for _ in 0..logouts {
            _ = theirs.logout().await.unwrap();
        }
        let newcomer = newcomer(&setup).await;
        ours.token().await.unwrap();
        advance(MINUTE).await;
        let (found, begun) = (ours.current().unwrap(), newcomer.current().unwrap());
        assert_eq!(
            setup.server.count("/refresh"),
            3,
            "the old grant's token was spent"
        );
        assert!(
            found.same_secrets_as(&begun),
            "{found:?} after {logouts} logouts"
        );
        assert_eq!(begun.generation(), Generation::new(4));
    }
}

/// The vendor took the old grant's token before the logout, and its answer comes after the new
/// login.
// FAULTS.md rows 10 and 37
#[tokio::test(start_paused = true)]
async fn a_late_commit_of_the_old_grant_is_a_spare_and_does_not_replace_the_new_login() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    refreshed_three_times(&ours).await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    setup.store.fail([Op::Renew]);
    ours.token().await.unwrap();
    gate.reached().await;
    _ = theirs.logout().await.unwrap();
    // By then the lease of the hanging process has ended.
    advance(MINUTE).await;
    let newcomer = newcomer(&setup).await;
    let mut events = ours.events();
    setup.store.recover();
    gate.open();
    advance(MINUTE).await;
    let begun = newcomer.current().unwrap();
    let kept = setup.empty_cache().token().await.unwrap();
    assert!(kept.same_secrets_as(&begun), "the store has {kept:?}");
    assert!(ours.current().unwrap().same_secrets_as(&begun));
    assert_events!(
        events,
        [Event::Superseded { generation: lost }, Event::Refreshed { .. }] if lost.number() == 4
    );
}

/// The owner was refreshed to generation 3, and is due again.
async fn refreshed_three_times(cache: &TokenCache) {
    for _ in 0..3 {
        cache.token().await.unwrap();
        advance(50 * MINUTE).await;
    }
}

/// A new process that logs in.
async fn newcomer(setup: &Setup) -> TokenCache {
    let newcomer = setup.newcomer();
    newcomer.redeem(setup.acme.redemption()).await.unwrap();
    newcomer
}
