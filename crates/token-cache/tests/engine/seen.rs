//! What the store knows is used: by a process that starts, and by one with a refused grant.

use std::sync::Arc;
use std::time::Duration;

use token_cache::{Event, GrantState, TokenCache};
use token_core::{ErrorKind, Generation, Rotation, TokenStore};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, MINUTE, Op, SECOND, Setup, advance, received};

// FAULTS.md row 68
#[tokio::test(start_paused = true)]
async fn a_process_that_starts_is_served_the_live_token_of_a_store_that_cannot_be_written() {
    for rotation in [Rotation::SingleUse, Rotation::Idempotent] {
        for ops in [
            &Op::WRITES[..],
            &[Op::Acquire],
            &[Op::Acquire, Op::WriteIntent, Op::Commit],
        ] {
            let setup = Setup::new(Acme::with(rotation));
            setup.cache().token().await.unwrap();
            let store = setup.store.for_other_process();
            store.fail(ops.iter().copied());
            let next = setup.builder(&store).build().unwrap();
            let token = next.token().await.unwrap();
            assert_eq!(token.generation(), Generation::new(1));
            assert_eq!(setup.server.requests().len(), 1, "{rotation:?} {ops:?}");
        }
    }
}

// FAULTS.md row 68
#[tokio::test(start_paused = true)]
async fn a_due_token_of_a_store_that_cannot_be_written_is_served_to_its_end_and_not_spent() {
    let setup = Setup::new(Acme::single_use());
    setup.due_cache().await;
    let store = setup.store.for_other_process();
    store.fail(Op::WRITES);
    let next = setup.builder(&store).build().unwrap();
    for _ in 0..9 {
        assert_eq!(next.token().await.unwrap().generation(), Generation::new(1));
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 1);
}

// FAULTS.md row 98
#[tokio::test(start_paused = true)]
async fn a_login_in_another_process_is_found_within_a_second_in_spite_of_a_refusal() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    cache.token().await.unwrap();
    advance(11 * MINUTE).await;
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let requests = setup.server.requests().len();
    let newcomer = setup.empty_cache();
    newcomer.redeem(setup.acme.redemption()).await.unwrap();
    advance(SECOND).await;
    let began = Instant::now();
    let token = cache.token().await.unwrap();
    assert!(token.same_secrets_as(&newcomer.current().unwrap()));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(
        setup.server.requests().len(),
        requests + 1,
        "the redemption alone"
    );
}

// FAULTS.md row 98
#[tokio::test(start_paused = true)]
async fn callers_of_a_refused_grant_look_at_the_store_once_a_second_at_most() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    cache.token().await.unwrap();
    advance(11 * MINUTE).await;
    setup.store.log();
    for _ in 0..1_000 {
        assert!(cache.token().await.is_err());
        advance(SECOND / 100).await;
    }
    let looks = setup.store.log().len();
    assert!((5..=12).contains(&looks), "{looks} looks in ten seconds");
}

// FAULTS.md row 113
#[tokio::test(start_paused = true)]
async fn the_state_of_the_grant_is_told_without_a_request() {
    let setup = Setup::new(Acme::single_use());
    let state = async |cache: &TokenCache| cache.grant_state().await.unwrap();
    assert_eq!(state(&setup.empty_cache()).await, GrantState::LoginRequired);
    assert_eq!(
        state(&setup.cache()).await,
        GrantState::Restorable,
        "a refresh token is there"
    );
    let owner = setup.fresh_cache().await;
    let requests = setup.server.requests().len();
    let next = setup.empty_cache();
    assert_eq!(state(&next).await, GrantState::Active);
    assert!(next.current().is_none(), "nothing was adopted");
    advance(61 * MINUTE).await;
    assert_eq!(state(&next).await, GrantState::Restorable);
    assert_eq!(setup.server.requests().len(), requests);
    setup.server.revoke_grant();
    assert!(owner.token().await.is_err());
    assert_eq!(state(&owner).await, GrantState::LoginRequired);
    _ = owner.logout().await.unwrap();
    assert_eq!(state(&next).await, GrantState::LoginRequired);
    let with_login = Setup::new(Acme::single_use().and_login());
    assert_eq!(
        state(&with_login.empty_cache()).await,
        GrantState::Restorable
    );
}

// FAULTS.md row 113
#[tokio::test(start_paused = true)]
async fn a_grant_whose_refresh_token_has_ended_is_told_as_expired() {
    let setup = Setup::new(Acme::single_use());
    let body = r#"{"token":"A1","refresh":"R1","ttl":600,"grant_ttl":3600}"#;
    setup.server.then([Fault::ok(body)]);
    setup.cache().token().await.unwrap();
    let next = setup.empty_cache();
    advance(20 * MINUTE).await;
    assert_eq!(next.grant_state().await.unwrap(), GrantState::Restorable);
    advance(41 * MINUTE).await;
    assert_eq!(next.grant_state().await.unwrap(), GrantState::Expired);
}

// FAULTS.md row 88
#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_place_of_a_store_is_told_once() {
    let setup = Setup::new(Acme::single_use());
    setup
        .store
        .add_warning("all users may write to the parent directory");
    let cache = setup.due_cache().await;
    let next = setup.cache();
    let mut events = next.events();
    for _ in 0..3 {
        next.token().await.unwrap();
        advance(50 * MINUTE).await;
    }
    drop(cache);
    let received = received(&mut events).await;
    let is_told =
        |event: &&Event| matches!(event, Event::StoreWarning { what } if what.contains("parent"));
    assert_eq!(received.iter().filter(is_told).count(), 1, "{received:?}");
}

#[tokio::test]
async fn what_is_wrong_with_the_place_of_a_store_comes_through_an_arc() {
    let store = Setup::new(Acme::single_use()).store;
    store.add_warning("all users may write to the parent directory");
    let shared: Arc<dyn TokenStore> = Arc::new(store);
    assert_eq!(TokenStore::warnings(&shared).await.len(), 1);
}

// FAULTS.md row 90
#[tokio::test(start_paused = true)]
async fn an_endless_lease_is_refused_when_the_cache_is_built() {
    let setup = Setup::new(Acme::single_use());
    for lease in [Duration::MAX, 25 * 60 * MINUTE] {
        let error = setup
            .builder(&setup.store)
            .lease_ttl(lease)
            .build()
            .unwrap_err();
        assert_eq!(error.field(), "lease_ttl");
    }
    let cache = setup
        .builder(&setup.store)
        .lease_timeout(Duration::MAX)
        .wait_timeout(Duration::MAX)
        .exchange_deadline(Duration::MAX)
        .initial_token(setup.server.grant())
        .build()
        .unwrap();
    assert!(cache.token().await.is_ok());
    assert!(cache.token_within(Duration::MAX).await.is_ok());
}
