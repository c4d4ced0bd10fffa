//! Tokens that are over on arrival, grants that end, and lifetimes that change.

use std::time::Duration;

use token_cache::{Event, Events};
use token_core::{Clock, ErrorKind, Generation, Rotation, Secret, Token, Validity};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, MINUTE, SECOND, Setup, advance, ask, received, spawn_token};

const OVER: &str = r#"{"token":"acme-access-over","ttl":0}"#;

// FAULTS.md rows 14 and 111
#[tokio::test(start_paused = true)]
async fn a_token_that_is_over_on_arrival_is_asked_for_again_three_times_per_wait() {
    let setup = Setup::new(Acme::by_login_alone());
    setup.server.outage(Fault::ok(OVER));
    let cache = setup.empty_cache();
    let error = cache.token().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Transient { .. }),
        "{error}"
    );
    let requests = setup.server.requests();
    let gaps: Vec<_> = requests
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    for (gap, step) in gaps.iter().zip([1, 2, 4]) {
        let step = step * SECOND;
        assert!((step / 2..=step + SECOND / 100).contains(gap), "{gaps:?}");
    }
}

// FAULTS.md rows 14 and 111
#[tokio::test(start_paused = true)]
async fn every_waiter_gets_the_token_that_follows_one_that_was_over() {
    for over in 1..=3 {
        let setup = Setup::new(Acme::by_login_alone());
        setup.server.then(vec![Fault::ok(OVER); over]);
        let cache = setup.empty_cache();
        let waiters: Vec<_> = (0..100)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.token().await.map(|token| token.access().clone()) })
            })
            .collect();
        for waiter in waiters {
            assert!(
                setup.server.accepts(&waiter.await.unwrap().unwrap()),
                "{over}"
            );
        }
        assert_eq!(setup.server.requests().len(), over + 1);
    }
}

// FAULTS.md row 111
#[tokio::test(start_paused = true)]
async fn a_newer_token_of_the_store_that_is_over_does_not_fail_the_waiters() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    let refused = (*ours.token().await.unwrap()).clone();
    theirs.token().await.unwrap();
    setup.server.life(SECOND);
    theirs.refresh_if(refused.generation()).await.unwrap();
    advance(2 * SECOND).await;
    setup.server.life(60 * MINUTE);
    ours.invalidate(&refused);
    let waiters: Vec<_> = (0..10).map(|_| spawn_token(&ours)).collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().unwrap(), Generation::new(3));
    }
    assert_eq!(setup.server.requests().len(), 3);
    assert_eq!(setup.server.reused(), 0);
}

async fn ends(events: &mut Events) -> Vec<token_core::Timestamp> {
    let end = |event| match event {
        Event::GrantEnds { at } => Some(at),
        _ => None,
    };
    received(events).await.into_iter().filter_map(end).collect()
}

// FAULTS.md row 70
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_ends_before_the_access_token_is_refreshed_well_before_its_end() {
    for without_traffic in [false, true] {
        let setup = Setup::new(Acme::single_use());
        setup.server.life(16 * SECOND);
        setup.server.grant_slides(5 * SECOND);
        let cache = setup.fresh_cache().await;
        let mut events = cache.events();
        if without_traffic {
            drop(cache.keep_fresh());
            advance(5 * MINUTE).await;
        }
        for _ in 0..300 {
            assert!(setup.server.accepts(cache.token().await.unwrap().access()));
            advance(SECOND).await;
            assert!(ends(&mut events).await.is_empty(), "its end moves on");
        }
        assert!(!setup.server.is_revoked());
    }
}

// FAULTS.md row 70
#[tokio::test(start_paused = true)]
async fn the_end_of_a_grant_is_told_once_and_well_before() {
    let setup = Setup::new(Acme::single_use());
    setup.server.grant_ends_in(8 * 60 * MINUTE);
    let end = setup.clock.now().wall.after(8 * 60 * MINUTE);
    let cache = setup.cache();
    let mut events = cache.events();
    let mut received = Vec::new();
    while cache.token().await.is_ok() {
        received.extend(
            ends(&mut events)
                .await
                .into_iter()
                .map(|at| (at, setup.clock.now().wall)),
        );
        advance(MINUTE / 2).await;
    }
    let [(at, when)] = received[..] else {
        panic!("{received:?}");
    };
    assert!(
        at.since(end).max(end.since(at)) <= 2 * SECOND,
        "{at:?} is not {end:?}"
    );
    assert!(end.since(when) > 6 * 60 * MINUTE, "hours before");
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
}

// FAULTS.md scenario 7
#[tokio::test(start_paused = true)]
async fn a_refresh_that_brings_another_lifetime_draws_the_window_from_it() {
    let setup = Setup::new(Acme::single_use());
    setup.server.life(6 * 60 * MINUTE);
    let cache = setup.fresh_cache().await;
    advance(5 * 60 * MINUTE + 30 * MINUTE).await;
    setup.server.life(10 * MINUTE);
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    let began = Instant::now();
    while began.elapsed() < 60 * MINUTE {
        assert!(setup.server.accepts(cache.token().await.unwrap().access()));
        advance(SECOND).await;
    }
    let refreshed = setup.server.requests()[2..].to_vec();
    let gaps: Vec<_> = refreshed
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    let in_window = |gap: &Duration| (6 * MINUTE..10 * MINUTE).contains(gap);
    assert!(gaps.len() >= 5 && gaps.iter().all(in_window), "{gaps:?}");
}

/// A token that was issued this many seconds ago, or will be.
fn dated(setup: &Setup, issued_ago: i64, life: Duration) -> Token {
    let issued = setup.clock.now().wall.shifted(-1000 * issued_ago);
    Token::builder(
        Secret::from("acme-access-old"),
        Validity::new(issued, issued.after(life)),
    )
    .refresh(Some(Secret::from(setup.server.current_refresh_token())))
    .build()
    .unwrap()
}

// FAULTS.md scenario 12
#[tokio::test(start_paused = true)]
async fn a_token_that_is_adopted_old_or_dated_ahead_ends_at_its_own_end() {
    for (issued_ago, left) in [(40, 20), (0, 60), (-1, 61)] {
        let setup = Setup::new(Acme::with(Rotation::Idempotent));
        setup.server.outage(Fault::status(503));
        let ours = setup.empty_cache();
        ours.set_token(dated(&setup, issued_ago, MINUTE))
            .await
            .unwrap();
        // Another process takes it from the store, ten seconds later. What is dated ahead may also
        // mean that the writer's clock was set back meanwhile, so there it ends a little earlier.
        advance(10 * SECOND).await;
        let (theirs, _) = setup.other_process();
        assert!(theirs.token().await.unwrap().access().expose() == "acme-access-old");
        let ahead = if issued_ago < 0 {
            SECOND
        } else {
            Duration::ZERO
        };
        advance(left * SECOND - 10 * SECOND - ahead - SECOND / 100).await;
        assert!(theirs.current().is_some(), "issued {issued_ago} s ago");
        advance(ahead).await;
        assert!(ours.current().is_some(), "issued {issued_ago} s ago");
        advance(SECOND / 100).await;
        assert!(ours.current().is_none(), "issued {issued_ago} s ago");
        assert!(theirs.current().is_none(), "issued {issued_ago} s ago");
    }
}

// FAULTS.md rows 18 and 49
#[tokio::test(start_paused = true)]
async fn an_access_token_that_is_kept_beside_a_new_refresh_token_lives_no_longer_after_the_clock_stepped_back()
 {
    const ALONE: &str = r#"{"refresh":"acme-refresh-alone"}"#;
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let access = cache.current().unwrap().access().clone();
    setup.clock.step_wall(-5 * 3_600_000);
    setup.server.then([Fault::ok(ALONE)]);
    setup.server.outage(Fault::status(503));
    ask(&cache).await;
    let (theirs, _) = setup.other_process();
    assert!(theirs.token().await.unwrap().access().same_as(&access));
    advance(9 * MINUTE).await;
    let kept = cache.current().unwrap();
    assert_eq!(kept.refresh().unwrap().expose(), "acme-refresh-alone");
    assert!(kept.access().same_as(&access));
    advance(MINUTE).await;
    assert!(cache.current().is_none());
    assert!(theirs.current().is_none(), "nor in another process");
}
