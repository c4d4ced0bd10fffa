//! The token that a program is configured with, against what the store knows.

use token_cache::{Event, Origin, TokenCache};
use token_core::{Clock, ErrorKind, Generation, Rotation, Secret, Token, Validity};

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, SECOND, Setup, advance, ask, received};

/// An initial token that lives for an hour and has this refresh token.
fn live(setup: &Setup, refresh: &str) -> Token {
    let now = setup.clock.now().wall;
    Token::builder(
        Secret::from("acme-initial-access"),
        Validity::new(now, now.after(60 * MINUTE)),
    )
    .refresh(Secret::from(refresh))
    .build()
    .unwrap()
}

// FAULTS.md row 116
#[tokio::test(start_paused = true)]
async fn a_live_initial_token_is_stored_in_the_first_flight_into_an_empty_place() {
    let setup = Setup::new(Acme::single_use());
    let initial = live(&setup, "acme-refresh-0");
    let cache = setup.cache_with(|builder| builder.initial_token(initial.clone()));
    let mut events = cache.events();
    assert!(cache.token().await.unwrap().same_secrets_as(&initial));
    assert!(setup.server.requests().is_empty());
    assert!(setup.stored().await.record.is_some());
    let received = received(&mut events).await;
    let is_initial = |event: &Event| {
        matches!(
            event,
            Event::Refreshed {
                origin: Origin::Initial,
                ..
            }
        )
    };
    assert!(received.iter().any(is_initial), "{received:?}");
    // Another process finds it, one with another initial token too.
    assert!(
        setup
            .empty_cache()
            .token()
            .await
            .unwrap()
            .same_secrets_as(&initial)
    );
    let other = setup.cache_with(|builder| builder.initial_token(live(&setup, "another")));
    assert!(other.token().await.unwrap().same_secrets_as(&initial));
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn a_new_initial_token_is_tried_when_the_stored_grant_is_refused() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    advance(11 * MINUTE).await;
    setup.server.revoke_grant();
    assert!(cache.token_within(IMPATIENT).await.is_err());
    // A person logged in again, and the program was given the new refresh token.
    setup
        .empty_cache()
        .redeem(setup.acme.redemption())
        .await
        .unwrap();
    let fresh = setup.server.grant();
    let dead = setup.store.for_other_process();
    dead.clear();
    let first = setup
        .builder(&dead)
        .initial_token(Token::from_refresh_token(Secret::from("dead")).unwrap());
    assert!(
        first
            .build()
            .unwrap()
            .token_within(IMPATIENT)
            .await
            .is_err()
    );
    let next = setup.newcomer_with(fresh);
    assert!(setup.server.accepts(next.token().await.unwrap().access()));
}

/// A store whose grant the vendor has ended, which began with the initial token `acme-refresh-0`.
async fn with_revoked_grant() -> Setup {
    let setup = Setup::new(Acme::single_use());
    setup.cache().token().await.unwrap();
    advance(61 * MINUTE).await;
    setup.server.revoke_grant();
    setup
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn the_initial_token_that_the_revoked_grant_began_with_is_not_tried_again() {
    let setup = with_revoked_grant().await;
    let store = setup.store.for_other_process();
    let again = Token::from_refresh_token(Secret::from("acme-refresh-0")).unwrap();
    let cache = setup.builder(&store).initial_token(again).build().unwrap();
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let presented: Vec<_> = setup
        .server
        .requests()
        .iter()
        .map(|one| one.presented.clone())
        .collect();
    assert_eq!(presented, ["acme-refresh-0", "acme-refresh-1"]);
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_unseen_initial_token_takes_the_place_of_a_revoked_grant_once() {
    let setup = with_revoked_grant().await;
    let store = setup.store.for_other_process();
    let unseen = live(&setup, "acme-refresh-unseen");
    let cache = setup
        .builder(&store)
        .initial_token(unseen.clone())
        .build()
        .unwrap();
    let token = cache.token().await.unwrap();
    assert!(token.same_secrets_as(&unseen));
    assert_eq!(token.generation(), Generation::new(2));
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    // It is refused in its turn, and not tried a second time.
    advance(61 * MINUTE).await;
    assert!(cache.token().await.is_err());
    let tried = setup
        .server
        .requests()
        .into_iter()
        .filter(|one| one.presented == "acme-refresh-unseen");
    assert_eq!(tried.count(), 1);
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_unseen_initial_token_begins_anew_after_a_logout_and_the_same_one_does_not() {
    for (refresh, begins) in [("acme-refresh-0", false), ("acme-refresh-unseen", true)] {
        let setup = Setup::new(Acme::single_use());
        let owner = setup.fresh_cache().await;
        _ = owner.logout().await.unwrap();
        let cache = setup.newcomer_with(live(&setup, refresh));
        let token = cache.token().await;
        assert_eq!(token.is_ok(), begins, "{refresh}");
        assert_eq!(setup.stored().await.tombstoned, !begins, "{refresh}");
    }
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_unseen_initial_token_is_sent_after_the_logout_of_a_grant_that_was_in_use() {
    let setup = Setup::new(Acme::single_use());
    let owner = setup.fresh_cache().await;
    let unseen = Token::from_refresh_token(Secret::from("acme-refresh-unseen")).unwrap();
    let cache = setup.newcomer_with(unseen);
    cache.token().await.unwrap();
    _ = owner.logout().await.unwrap();
    advance(61 * MINUTE).await;
    _ = cache.token().await;
    let sent = setup.server.requests();
    assert_eq!(sent.last().unwrap().presented, "acme-refresh-unseen");
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_initial_token_is_not_used_up_by_a_failure_that_passes() {
    for logged_out in [true, false] {
        let setup = with_revoked_grant().await;
        if logged_out {
            _ = setup.empty_cache().logout().await.unwrap();
        }
        setup
            .empty_cache()
            .redeem(setup.acme.redemption())
            .await
            .unwrap();
        let fresh = setup.server.grant();
        let store = setup.store.for_other_process();
        store.clear();
        let dead = Token::from_refresh_token(Secret::from("dead")).unwrap();
        let old = setup.builder(&store).initial_token(dead).build().unwrap();
        match logged_out {
            true => _ = old.logout().await.unwrap(),
            false => drop(
                old.set_token(Token::from_refresh_token(Secret::from("dead-too")).unwrap())
                    .await,
            ),
        }
        let cache = setup.builder(&store).initial_token(fresh).build().unwrap();
        if !logged_out {
            // The stored grant is refused first.
            setup.server.then_refuse("invalid_grant");
        }
        setup.server.then([Fault::status(503)]);
        assert!(cache.token_within(IMPATIENT).await.is_err());
        advance(2 * SECOND).await;
        if !logged_out {
            setup.server.then_refuse("invalid_grant");
        }
        let token = cache.token().await.unwrap();
        assert!(setup.server.accepts(token.access()), "{logged_out}");
    }
}

// FAULTS.md row 76
#[tokio::test(start_paused = true)]
async fn a_rotating_initial_token_in_memory_alone_is_told_once() {
    let warned = async |acme: Acme| {
        let setup = Setup::new(acme.clone());
        let cache = TokenCache::builder(acme)
            .http_client(setup.server.clone())
            .clock(setup.clock.clone())
            .runtime(tokio::runtime::Handle::current())
            .initial_token(setup.server.grant())
            .build()
            .unwrap();
        let mut events = cache.events();
        cache.token().await.unwrap();
        advance(50 * MINUTE).await;
        ask(&cache).await;
        let received = received(&mut events).await;
        received
            .iter()
            .filter(|event| matches!(event, Event::NotDurable))
            .count()
    };
    assert_eq!(warned(Acme::single_use()).await, 1);
    assert_eq!(warned(Acme::with(Rotation::Idempotent)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_alone_begins_the_grant_and_a_blank_one_is_refused() {
    let setup = Setup::new(Acme::single_use());
    let refresh = setup.server.grant().refresh().unwrap().clone();
    let cache = setup
        .builder(&setup.store)
        .refresh_token(refresh)
        .build()
        .unwrap();
    assert!(setup.server.accepts(cache.token().await.unwrap().access()));
    let blank = setup.builder(&setup.store).refresh_token(Secret::from(" "));
    assert_eq!(blank.build().unwrap_err().field(), "refresh_token");
}
