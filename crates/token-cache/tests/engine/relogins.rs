//! After a logout: who begins a new grant, and who does not.

use std::time::Duration;

use token_cache::TokenCache;
use token_core::{Generation, Rotation, TokenEndpoint, TokenStore};

use crate::acme::{Acme, MINUTE, Op, SECOND, Setup, When, advance, ask, spawn_token_within};

/// A cache of an endpoint with a repeatable login that has logged out.
async fn logged_out(setup: &Setup) -> TokenCache {
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    _ = cache.logout().await.unwrap();
    cache
}

// FAULTS.md row 106 and scenario 1
#[tokio::test(start_paused = true)]
async fn after_a_logout_the_next_call_a_later_one_and_a_new_process_log_in_again() {
    for later in [Duration::ZERO, 10 * MINUTE] {
        for same_process in [true, false] {
            let setup = Setup::new(Acme::single_use().and_login());
            let cache = logged_out(&setup).await;
            advance(later).await;
            assert!(cache.current().is_none());
            let cache = if same_process {
                cache
            } else {
                setup.empty_cache()
            };
            let token = cache.token().await.unwrap();
            assert!(setup.server.accepts(token.access()));
            assert_eq!(token.generation(), Generation::new(2));
            let kept = setup.stored().await;
            assert!(!kept.tombstoned && kept.record.is_some());
        }
    }
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn after_a_logout_a_process_with_a_live_token_of_before_logs_in_when_it_meets_the_tombstone()
{
    let setup = Setup::new(Acme::single_use().and_login());
    let (ours, theirs) = (setup.empty_cache(), setup.newcomer());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    _ = ours.logout().await.unwrap();
    advance(50 * MINUTE).await;
    ask(&theirs).await;
    assert!(setup.server.accepts(theirs.token().await.unwrap().access()));
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn keep_fresh_never_logs_in_over_a_tombstone_and_finds_a_new_grant() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    let _watching = cache.keep_fresh();
    _ = cache.logout().await.unwrap();
    setup.store.log();
    advance(30 * MINUTE).await;
    assert_eq!(setup.server.count("/login"), 1);
    let looks = setup.store.log().len();
    assert!((60..=240).contains(&looks), "{looks} looks in half an hour");
    let newcomer = setup.newcomer();
    newcomer.token().await.unwrap();
    advance(MINUTE).await;
    let (found, wanted) = (cache.current().unwrap(), newcomer.current().unwrap());
    assert!(found.same_secrets_as(&wanted));
}

// A program that only looks must know of the logout: it would log in again else.
#[tokio::test(start_paused = true)]
async fn a_look_at_the_store_notices_a_logout_elsewhere_and_logs_nobody_in() {
    let setup = Setup::new(Acme::single_use().and_login());
    let (ours, theirs) = (setup.empty_cache(), setup.newcomer());
    ours.token().await.unwrap();
    _ = theirs.logout().await.unwrap();
    assert!(ours.reload().await.unwrap().is_none());
    assert!(ours.current().is_none() && ours.health().logged_out);
    let newcomer = setup.newcomer();
    assert!(newcomer.load().await.unwrap().is_none());
    assert!(newcomer.health().logged_out);
    assert_eq!(setup.server.count("/login"), 1);

    ours.token().await.unwrap();
    assert!(!ours.health().logged_out && newcomer.reload().await.unwrap().is_some());
    assert!(!newcomer.health().logged_out);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_still_sees_the_tombstone_leaves_the_login_after_it_alone() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = logged_out(&setup).await;
    setup.store.fail([Op::Commit]);
    let token = cache.token().await.unwrap();
    assert!(setup.stored().await.tombstoned);
    assert!(
        cache
            .reload()
            .await
            .unwrap()
            .unwrap()
            .same_secrets_as(&token)
    );
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn a_late_login_stays_barred_by_a_tombstone_that_came_after_its_intent() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let cache = setup.empty_cache();
    let gate = setup.server.then_hold(When::AfterProcessing);
    let asking = spawn_token_within(&cache, SECOND);
    gate.reached().await;
    let other = setup.newcomer();
    _ = other.logout().await.unwrap();
    assert!(asking.await.unwrap().is_err());
    gate.open();
    advance(SECOND / 4).await;
    assert!(setup.stored().await.tombstoned, "the late login is barred");
}

// FAULTS.md rows 61 and 106
#[tokio::test(start_paused = true)]
async fn a_flight_that_began_before_the_logout_starts_no_new_grant() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    advance(61 * MINUTE).await;
    let gate = setup.store.hold_answer(Op::Acquire);
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token_within(Duration::from_millis(1)).await.map(drop) }
    });
    gate.reached().await;
    setup.store.recover();
    assert!(asking.await.unwrap().is_err());
    _ = cache.logout().await.unwrap();
    let logins = setup.server.count("/login");
    gate.open();
    advance(SECOND).await;
    assert_eq!(setup.server.count("/login"), logins);
    assert!(setup.stored().await.tombstoned);
    cache.token().await.unwrap();
    let next = setup.server.count("/login");
    assert_eq!(next, logins + 1, "the next caller begins a new grant");
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn a_login_whose_lease_came_before_the_tombstone_does_not_replace_it() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let cache = setup.empty_cache();
    let gate = setup.store.hold_answer(Op::Acquire);
    let asking = spawn_token_within(&cache, SECOND);
    gate.reached().await;
    let other = setup.newcomer();
    _ = other.logout().await.unwrap();
    assert!(asking.await.unwrap().is_err());
    setup.store.recover();
    gate.open();
    advance(SECOND / 4).await;
    assert!(setup.stored().await.tombstoned);
}

// FAULTS.md row 9
#[tokio::test(start_paused = true)]
async fn a_tombstone_that_is_gone_again_gives_the_grant_back() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let record = setup.stored().await.record.unwrap();
    let (memory, key) = (setup.store.memory(), setup.acme.key());
    memory.tombstone(&key).await.unwrap();
    ask(&cache).await;
    assert!(cache.token().await.is_err());
    // No replica had it, so the store took it back.
    let overwrite = token_core::store::CommitCondition::Overwrite;
    memory.commit(&key, &overwrite, &record).await.unwrap();
    advance(2 * SECOND).await;
    let token = cache.token().await.unwrap();
    assert!(setup.server.accepts(token.access()));
}
