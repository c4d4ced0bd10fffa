//! What a logout revokes, and what it says of it.

use token_cache::{Event, Events, LoggedOut, MemoryStore};
use token_core::{ErrorKind, SendFailure, TokenEndpoint, TokenStore};

use crate::acme::{Acme, Fault, MINUTE, Op, SECOND, Setup, When, advance, ask, received};

// FAULTS.md row 60
#[tokio::test(start_paused = true)]
async fn a_redeemed_token_whose_commit_failed_is_not_written_over_the_tombstone() {
    for ours in [true, false] {
        let setup = Setup::new(Acme::single_use());
        let (cache, (other, _)) = (setup.empty_cache(), setup.other_process());
        setup.store.fail([Op::Commit]);
        cache.redeem(setup.acme.redemption()).await.unwrap();
        setup.store.fail([Op::Commit]);
        let logged_out = match ours {
            true => cache.logout().await,
            false => other.logout().await,
        };
        logged_out.map(drop).unwrap();
        setup.store.recover();
        advance(10 * MINUTE).await;
        let kept = setup.stored().await;
        assert!(
            kept.tombstoned && kept.record.is_none(),
            "logged out by {ours}"
        );
        assert!(cache.current().is_none());
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
}

// FAULTS.md row 60
#[tokio::test(start_paused = true)]
async fn a_logout_empties_the_fallback_store() {
    let (setup, fallback) = (Setup::new(Acme::single_use()), MemoryStore::new());
    let build = |store| {
        setup
            .builder(&store)
            .initial_token(setup.server.grant())
            .fallback_store(fallback.clone())
            .build()
            .unwrap()
    };
    let cache = build(setup.store.clone());
    setup.store.fail([Op::Commit]);
    let token = (*cache.token().await.unwrap()).clone();
    let entry = fallback.load(&setup.acme.key()).await.unwrap();
    assert!(entry.record.is_some());
    _ = cache.logout().await.unwrap();
    assert_eq!(
        setup.server.presented("/revoke"),
        [token.refresh().unwrap().expose()]
    );
    let next = build(setup.store.for_other_process());
    advance(MINUTE).await;
    assert_eq!(next.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert!(setup.stored().await.record.is_none());
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_new_process_that_logs_out_revokes_what_the_store_has() {
    let setup = Setup::new(Acme::single_use());
    setup.cache().token().await.unwrap();
    let newest = setup.server.current_refresh_token();
    assert!(matches!(
        setup.empty_cache().logout().await.unwrap(),
        LoggedOut::Revoked
    ));
    assert_eq!(setup.server.presented("/revoke"), [newest]);
    assert!(setup.server.is_revoked());
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_logout_revokes_the_token_that_another_process_has_refreshed_since() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    advance(50 * MINUTE).await;
    ask(&theirs).await;
    _ = ours.logout().await.unwrap();
    assert_eq!(
        setup.server.presented("/revoke"),
        [setup.server.current_refresh_token()]
    );
    assert!(setup.server.is_revoked());
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_logout_before_the_first_flight_ends_the_initial_token_too() {
    let setup = Setup::new(Acme::single_use());
    let (cache, (other, _)) = (setup.cache(), setup.other_process());
    _ = cache.logout().await.unwrap();
    assert_eq!(setup.server.presented("/revoke"), ["acme-refresh-0"]);
    for cache in [cache, other] {
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
    assert_eq!(setup.server.count("/refresh"), 0);
}

// FAULTS.md row 99 and scenario 14
#[tokio::test(start_paused = true)]
async fn a_failing_revocation_is_told_and_ends_the_grant_all_the_same() {
    for (fault, status) in [
        (Fault::status(404), Some(404)),
        (Fault::status(500), Some(500)),
        (Fault::Unsent(SendFailure::Connect), None),
        (Fault::Lost(When::BeforeProcessing), None),
    ] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.fresh_cache().await;
        let mut events = cache.events();
        let before = setup.server.requests().len();
        setup.server.then([fault.clone()]);
        let LoggedOut::NotRevoked { error } = cache.logout().await.unwrap() else {
            panic!("{fault:?} is told as revoked");
        };
        assert_eq!(error.status().map(|status| status.as_u16()), status);
        assert!(setup.server.requests().len() <= before + 1, "asked once");
        assert!(cache.token().await.is_err() && setup.stored().await.tombstoned);
        let received = received(&mut events).await;
        let is_told = |event: &&Event| matches!(event, Event::NotRevoked { .. });
        assert_eq!(received.iter().filter(is_told).count(), 1, "{received:?}");
    }
}

// FAULTS.md row 99
#[tokio::test(start_paused = true)]
async fn a_logout_says_what_there_was_to_revoke() {
    let setup = Setup::new(Acme::single_use());
    let empty = setup.empty_cache();
    assert!(matches!(
        empty.logout().await.unwrap(),
        LoggedOut::NothingToRevoke
    ));
}

// FAULTS.md row 99
#[tokio::test(start_paused = true)]
async fn a_late_token_that_is_not_revoked_is_told() {
    let fault = Fault::status(500);
    // Another process logs out while the refresh is on its way.
    let setup = Setup::new(Acme::single_use());
    let (cache, (other, _)) = (setup.due_cache().await, setup.other_process());
    let mut events = cache.events();
    let gate = setup.server.then_hold(When::AfterProcessing);
    cache.token().await.unwrap();
    gate.reached().await;
    _ = other.logout().await.unwrap();
    setup.server.then([fault.clone()]);
    gate.open();
    advance(SECOND).await;
    assert_eq!(told(&mut events).await, [500], "at the commit");

    // Another process logs out before the pending commit is written.
    let setup = Setup::new(Acme::single_use());
    let (cache, (other, _)) = (setup.cache(), setup.other_process());
    let mut events = cache.events();
    setup.store.fail([Op::Commit]);
    cache.token().await.unwrap();
    _ = other.logout().await.unwrap();
    setup.server.then([fault]);
    setup.store.recover();
    advance(MINUTE).await;
    assert_eq!(told(&mut events).await, [500], "at a later write");
}

/// Returns the status of each revocation that was told as failed.
async fn told(events: &mut Events) -> Vec<u16> {
    let status = |event| match event {
        Event::NotRevoked { error } => Some(error.status().unwrap().as_u16()),
        _ => None,
    };
    received(events)
        .await
        .into_iter()
        .filter_map(status)
        .collect()
}
