//! Tokens that are over on arrival, grants that end, and lifetimes that change.

use std::time::Duration;

use token_cache::{Event, Events};
use token_core::{Clock, ErrorKind, Generation, Rotation, Secret, Token, Validity};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, World, pass, told};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const OVER: &str = r#"{"token":"acme-access-over","ttl":0}"#;

// FAULTS.md rows 14 and 111
#[tokio::test(start_paused = true)]
async fn a_token_that_is_over_on_arrival_is_asked_for_again_three_times_per_wait() {
    let world = World::of(Acme::by_login_alone());
    world.server.outage(Fault::Answer(200, &[], OVER.into()));
    let cache = world.stranger();
    let error = cache.token().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Transient { .. }),
        "{error}"
    );
    let arrived = world.server.arrived();
    let gaps: Vec<_> = arrived
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
        let world = World::of(Acme::by_login_alone());
        world
            .server
            .then(vec![Fault::Answer(200, &[], OVER.into()); over]);
        let cache = world.stranger();
        let waiters: Vec<_> = (0..100)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.token().await.map(|token| token.access().clone()) })
            })
            .collect();
        for waiter in waiters {
            assert!(
                world.server.accepts(&waiter.await.unwrap().unwrap()),
                "{over}"
            );
        }
        assert_eq!(world.server.arrived().len(), over + 1);
    }
}

// FAULTS.md row 111
#[tokio::test(start_paused = true)]
async fn a_newer_token_of_the_store_that_is_over_does_not_fail_the_waiters() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    let refused = (*ours.token().await.unwrap()).clone();
    theirs.token().await.unwrap();
    world.server.life(SECOND);
    theirs.refresh_if(refused.generation()).await.unwrap();
    pass(2 * SECOND).await;
    world.server.life(60 * MINUTE);
    ours.invalidate(&refused);
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let ours = ours.clone();
            tokio::spawn(async move { ours.token().await.map(|token| token.generation()) })
        })
        .collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().unwrap(), Generation::new(3));
    }
    assert_eq!(
        (world.server.arrived().len(), world.server.reused()),
        (3, 0)
    );
}

async fn ends(events: &mut Events) -> Vec<token_core::Timestamp> {
    let end = |event| match event {
        Event::GrantEnds { at } => Some(at),
        _ => None,
    };
    told(events).await.into_iter().filter_map(end).collect()
}

// FAULTS.md row 70
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_ends_before_the_access_token_is_refreshed_well_before_its_end() {
    for without_traffic in [false, true] {
        let world = World::of(Acme::single_use());
        world.server.life(16 * SECOND);
        world.server.grant_slides(5 * SECOND);
        let cache = world.owner();
        cache.token().await.unwrap();
        let mut events = cache.events();
        if without_traffic {
            drop(cache.keep_fresh());
            pass(5 * MINUTE).await;
        }
        for _ in 0..300 {
            assert!(world.server.accepts(cache.token().await.unwrap().access()));
            pass(SECOND).await;
            assert!(ends(&mut events).await.is_empty(), "its end moves on");
        }
        assert!(!world.server.is_dead());
    }
}

// FAULTS.md row 70
#[tokio::test(start_paused = true)]
async fn the_end_of_a_grant_is_told_once_and_well_before() {
    let world = World::of(Acme::single_use());
    world.server.grant_ends_in(8 * 60 * MINUTE);
    let end = world.clock.now().wall.after(8 * 60 * MINUTE);
    let cache = world.owner();
    let mut events = cache.events();
    let mut told = Vec::new();
    while cache.token().await.is_ok() {
        told.extend(
            ends(&mut events)
                .await
                .into_iter()
                .map(|at| (at, world.clock.now().wall)),
        );
        pass(MINUTE / 2).await;
    }
    let [(at, when)] = told[..] else {
        panic!("{told:?}");
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
    let world = World::of(Acme::single_use());
    world.server.life(6 * 60 * MINUTE);
    let cache = world.owner();
    cache.token().await.unwrap();
    pass(5 * 60 * MINUTE + 30 * MINUTE).await;
    world.server.life(10 * MINUTE);
    cache.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    let began = Instant::now();
    while began.elapsed() < 60 * MINUTE {
        assert!(world.server.accepts(cache.token().await.unwrap().access()));
        pass(SECOND).await;
    }
    let refreshed = world.server.arrived()[2..].to_vec();
    let gaps: Vec<_> = refreshed
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    let in_window = |gap: &Duration| (6 * MINUTE..10 * MINUTE).contains(gap);
    assert!(gaps.len() >= 5 && gaps.iter().all(in_window), "{gaps:?}");
}

/// A token that was issued so many seconds ago, or will be.
fn dated(world: &World, issued_ago: i64, life: Duration) -> Token {
    let issued = world.clock.now().wall.shifted(-1000 * issued_ago);
    Token::builder(
        Secret::from("acme-access-old"),
        Validity::new(issued, issued.after(life)),
    )
    .refresh(Some(Secret::from(world.server.living_refresh())))
    .build()
    .unwrap()
}

// FAULTS.md scenario 12
#[tokio::test(start_paused = true)]
async fn a_token_that_is_adopted_old_or_dated_ahead_ends_at_its_own_end() {
    for (issued_ago, left) in [(40, 20), (0, 60), (-1, 61)] {
        let world = World::of(Acme::with(Rotation::Idempotent));
        world.server.outage(Fault::Answer(503, &[], "{}".into()));
        let ours = world.stranger();
        ours.set_token(dated(&world, issued_ago, MINUTE))
            .await
            .unwrap();
        // Another process takes it from the store, ten seconds later. What is dated ahead may also
        // mean that the writer's clock was set back meanwhile, so there it ends a little earlier.
        pass(10 * SECOND).await;
        let (theirs, _) = world.other();
        assert!(theirs.token().await.unwrap().access().expose() == "acme-access-old");
        let ahead = if issued_ago < 0 {
            SECOND
        } else {
            Duration::ZERO
        };
        pass(left * SECOND - 10 * SECOND - ahead - SECOND / 100).await;
        assert!(theirs.current().is_some(), "issued {issued_ago} s ago");
        pass(ahead).await;
        assert!(ours.current().is_some(), "issued {issued_ago} s ago");
        pass(SECOND / 100).await;
        assert!(ours.current().is_none(), "issued {issued_ago} s ago");
        assert!(theirs.current().is_none(), "issued {issued_ago} s ago");
    }
}

// FAULTS.md rows 18 and 49
#[tokio::test(start_paused = true)]
async fn an_access_token_that_is_kept_beside_a_new_refresh_token_lives_no_longer_after_the_clock_stepped_back()
 {
    const ALONE: &str = r#"{"refresh":"acme-refresh-alone"}"#;
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let access = cache.current().unwrap().access().clone();
    world.clock.step_wall(-5 * 3_600_000);
    world.server.then([Fault::Answer(200, &[], ALONE.into())]);
    world.server.outage(Fault::Answer(503, &[], "{}".into()));
    cache.token().await.unwrap();
    pass(SECOND).await;
    let (theirs, _) = world.other();
    assert!(theirs.token().await.unwrap().access().same_as(&access));
    pass(9 * MINUTE).await;
    let kept = cache.current().unwrap();
    assert_eq!(kept.refresh().unwrap().expose(), "acme-refresh-alone");
    assert!(kept.access().same_as(&access));
    pass(MINUTE).await;
    assert!(cache.current().is_none());
    assert!(theirs.current().is_none(), "nor in another process");
}
