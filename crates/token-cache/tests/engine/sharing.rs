//! Several processes and one grant.

use std::time::Duration;

use token_cache::{Event, Origin};
use token_core::Generation;
use tokio::time::Instant;

use crate::acme::{
    Acme, MINUTE, Op, SECOND, Setup, StoreFault, When, advance, assert_events, spawn_token,
};

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn two_owners_of_one_refresh_token_spend_it_once() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_secs(2));
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    let (first, second) = tokio::join!(ours.token(), theirs.token());
    assert!(first.unwrap().same_secrets_as(&second.unwrap()));
    assert_eq!(setup.server.requests().len(), 1);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn a_waiter_that_a_commit_wakes_reads_it_and_asks_for_no_lease() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_millis(200));
    let (ours, (theirs, their_store)) = (setup.cache(), setup.other_process());
    let (first, second) = tokio::join!(ours.token(), theirs.token());
    assert!(first.unwrap().same_secrets_as(&second.unwrap()));
    let log = their_store.log();
    let leases = log.iter().filter(|op| **op == Op::Acquire).count();
    assert_eq!(leases, 1, "{log:?}");
    assert_eq!(log.last(), Some(&Op::Load));
}

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn two_owners_take_turns_for_a_day_and_never_spend_a_token_twice() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_secs(2));
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    for _ in 0..24 * 60 {
        let (first, second) = tokio::join!(ours.token(), theirs.token());
        assert!(
            setup.server.accepts(first.unwrap().access())
                && setup.server.accepts(second.unwrap().access())
        );
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.reused(), 0);
    assert!(
        setup.server.requests().len() <= 36,
        "{}",
        setup.server.requests().len()
    );
}

// FAULTS.md row 7
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_had_in_time_is_a_retryable_error_and_no_exchange() {
    let setup = Setup::new(Acme::single_use());
    setup.store.keep_lease_taken();
    let cache = setup.cache();
    let late = cache.token_within(5 * MINUTE).await.unwrap_err();
    assert!(late.kind().is_retryable());
    assert!(setup.server.requests().is_empty() && !setup.store.log().contains(&Op::WriteIntent));
    setup.store.recover();
    advance(MINUTE).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 7
#[tokio::test(start_paused = true)]
async fn an_owner_of_an_unwritten_token_writes_it_before_it_waits_for_a_busy_lease() {
    let setup = Setup::new(Acme::single_use());
    setup.store.fail([Op::Commit]);
    let cache = setup.fresh_cache().await;
    setup.store.recover();
    setup.store.keep_lease_taken();
    let token = cache.current().unwrap();
    cache.invalidate(&token);
    setup.store.log();
    let began = Instant::now();
    // An API refused it, so it is not handed out while nobody can be asked for another.
    assert!(cache.token().await.is_err());
    assert_eq!(began.elapsed(), MINUTE / 2);
    // The store never had its parent, so it is written twice.
    assert_eq!(
        setup.store.log()[..3],
        [Op::Commit, Op::Commit, Op::Acquire]
    );
    assert!(setup.stored().await.record.is_some());
}

// FAULTS.md row 8
#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_through_a_long_exchange_and_released_by_its_owner_only() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_secs(110));
    let (ours, (theirs, theirs_store)) = (setup.cache(), setup.other_process());
    let (first, second) = tokio::join!(
        ours.token_within(3 * MINUTE),
        theirs.token_within(3 * MINUTE)
    );
    assert!(first.is_ok());
    // The other flight gave up waiting for the lease and spent nothing. Its caller had time for the
    // next one.
    assert_eq!(second.unwrap().generation(), Generation::new(1));
    assert_eq!(setup.server.requests().len(), 1);
    assert!(
        setup
            .store
            .log()
            .iter()
            .filter(|op| **op == Op::Renew)
            .count()
            >= 10
    );
    assert!(!theirs_store.log().contains(&Op::Release));
    advance(MINUTE).await;
    let (found, wanted) = (theirs.token().await.unwrap(), ours.token().await.unwrap());
    assert!(found.same_secrets_as(&wanted));
}

// FAULTS.md rows 8 and 10
#[tokio::test(start_paused = true)]
async fn a_late_commit_counts_after_the_lease_was_lost() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    advance(50 * MINUTE).await;
    // The process is frozen: the server acted, and nobody renews the lease.
    let gate = setup.server.then_hold(When::AfterProcessing);
    setup.store.fail([Op::Renew]);
    ours.token().await.unwrap();
    gate.reached().await;
    advance(MINUTE).await;
    let watching = spawn_token(&theirs);
    advance(Duration::from_secs(10)).await;
    setup.store.recover();
    gate.open();
    watching.await.unwrap().unwrap();
    advance(MINUTE).await;
    assert_eq!(theirs.current().unwrap().generation(), Generation::new(2));
    let (found, wanted) = (ours.current().unwrap(), theirs.current().unwrap());
    assert!(found.same_secrets_as(&wanted));
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md rows 8 and 10
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_known_to_be_lost_does_not_stop_the_exchange() {
    let setup = Setup::new(Acme::single_use());
    let gate = setup.server.then_hold(When::AfterProcessing);
    let cache = setup.cache();
    assert!(cache.token_within(Duration::ZERO).await.is_err());
    gate.reached().await;
    // Asleep for longer than the lease: the next renewal says that it is lost.
    setup.store.fail_with([Op::Renew], &StoreFault::Hangs);
    advance(35 * SECOND).await;
    setup.store.recover();
    advance(15 * SECOND).await;
    gate.open();
    assert!(cache.token().await.is_ok());
    assert_eq!(setup.stored_generation().await, Generation::new(1));
}

// FAULTS.md row 11
#[tokio::test(start_paused = true)]
async fn an_unrelated_write_to_the_record_does_not_make_a_commit_lose() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    cache.token().await.unwrap();
    gate.reached().await;
    // Somebody touches the lease and the intent while the exchange is under way.
    setup.leave_foreign_intent().await;
    gate.open();
    advance(MINUTE).await;
    assert_eq!(setup.stored_generation().await, Generation::new(2));
}

// FAULTS.md row 36
#[tokio::test(start_paused = true)]
async fn a_process_whose_token_was_ended_by_anothers_refresh_reloads_without_an_exchange() {
    let setup = Setup::new(Acme::single_use());
    setup.server.kills_old_access();
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    ours.token().await.unwrap();
    let older = (*theirs.token().await.unwrap()).clone();
    advance(50 * MINUTE).await;
    ours.token().await.unwrap();
    advance(MINUTE).await;
    assert!(!setup.server.accepts(older.access()));
    let mut events = theirs.events();
    theirs.invalidate(&older);
    assert!(setup.server.accepts(theirs.token().await.unwrap().access()));
    assert_eq!(setup.server.requests().len(), 2);
    assert_events!(
        events,
        [Event::Refreshed {
            origin: Origin::Store,
            ..
        }]
    );
}
