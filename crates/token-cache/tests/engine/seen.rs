//! What the store knows is used: by a process that starts, by one that has a verdict, and for an
//! initial token.

use std::time::Duration;

use token_cache::{Event, GrantState, Origin, TokenCache};
use token_core::{Clock, ErrorKind, Generation, Rotation, Secret, Token, Validity};
use tokio::time::Instant;

use crate::acme::{Acme, Ailment, Fault, IMPATIENT, Op, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

// FAULTS.md row 68
#[tokio::test(start_paused = true)]
async fn a_process_that_starts_is_served_the_live_token_of_a_store_that_cannot_be_written() {
    for rotation in [Rotation::SingleUse, Rotation::Idempotent] {
        for ops in [
            &Op::WRITES[..],
            &[Op::Acquire],
            &[Op::Acquire, Op::Intend, Op::Commit],
        ] {
            let world = World::of(Acme::with(rotation));
            world.owner().token().await.unwrap();
            let store = world.store.sibling();
            store.ails(ops.iter().copied(), &Ailment::Dead);
            let next = world.process(&store).build().unwrap();
            let token = next.token().await.unwrap();
            assert_eq!(token.generation(), Generation::new(1));
            assert_eq!(world.server.arrived().len(), 1, "{rotation:?} {ops:?}");
        }
    }
}

// FAULTS.md row 68
#[tokio::test(start_paused = true)]
async fn a_due_token_of_a_store_that_cannot_be_written_is_served_to_its_end_and_not_spent() {
    let world = World::of(Acme::single_use());
    world.due_owner().await;
    let store = world.store.sibling();
    store.ails(Op::WRITES, &Ailment::Dead);
    let next = world.process(&store).build().unwrap();
    for _ in 0..9 {
        assert_eq!(next.token().await.unwrap().generation(), Generation::new(1));
        pass(MINUTE).await;
    }
    assert_eq!(world.server.arrived().len(), 1);
}

// FAULTS.md row 98
#[tokio::test(start_paused = true)]
async fn a_login_in_another_process_is_found_within_a_second_in_spite_of_a_verdict() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.kill_grant();
    cache.token().await.unwrap();
    pass(11 * MINUTE).await;
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let requests = world.server.arrived().len();
    let newcomer = world.stranger();
    newcomer.redeem(world.acme.redemption()).await.unwrap();
    pass(SECOND).await;
    let began = Instant::now();
    let token = cache.token().await.unwrap();
    assert!(token.same_secrets_as(&newcomer.current().unwrap()));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(
        world.server.arrived().len(),
        requests + 1,
        "the redemption alone"
    );
}

// FAULTS.md row 98
#[tokio::test(start_paused = true)]
async fn callers_with_a_verdict_look_at_the_store_once_a_second_at_most() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.kill_grant();
    cache.token().await.unwrap();
    pass(11 * MINUTE).await;
    world.store.log();
    for _ in 0..1_000 {
        assert!(cache.token().await.is_err());
        pass(SECOND / 100).await;
    }
    let looks = world.store.log().len();
    assert!((5..=12).contains(&looks), "{looks} looks in ten seconds");
}

// FAULTS.md row 113
#[tokio::test(start_paused = true)]
async fn the_state_of_the_grant_is_told_without_a_request() {
    let world = World::of(Acme::single_use());
    let state = async |cache: &TokenCache| cache.grant_state().await.unwrap();
    assert_eq!(state(&world.stranger()).await, GrantState::LoginRequired);
    assert_eq!(
        state(&world.owner()).await,
        GrantState::Restorable,
        "a refresh token is there"
    );
    let owner = world.owner();
    owner.token().await.unwrap();
    let requests = world.server.arrived().len();
    let next = world.stranger();
    assert_eq!(state(&next).await, GrantState::Active);
    assert!(next.current().is_none(), "nothing was adopted");
    pass(61 * MINUTE).await;
    assert_eq!(state(&next).await, GrantState::Restorable);
    assert_eq!(world.server.arrived().len(), requests);
    world.server.kill_grant();
    assert!(owner.token().await.is_err());
    assert_eq!(state(&owner).await, GrantState::LoginRequired);
    _ = owner.logout().await.unwrap();
    assert_eq!(state(&next).await, GrantState::LoginRequired);
    let with_login = World::of(Acme::single_use().and_login());
    assert_eq!(state(&with_login.stranger()).await, GrantState::Restorable);
}

// FAULTS.md row 113
#[tokio::test(start_paused = true)]
async fn a_grant_whose_refresh_token_has_ended_is_told_as_expired() {
    let world = World::of(Acme::single_use());
    let body = r#"{"token":"A1","refresh":"R1","ttl":600,"grant_ttl":3600}"#;
    world.server.then([Fault::Answer(200, &[], body.into())]);
    world.owner().token().await.unwrap();
    let next = world.stranger();
    pass(20 * MINUTE).await;
    assert_eq!(next.grant_state().await.unwrap(), GrantState::Restorable);
    pass(41 * MINUTE).await;
    assert_eq!(next.grant_state().await.unwrap(), GrantState::Expired);
}

/// An initial token that lives for an hour and has this refresh token.
fn live(world: &World, refresh: &str) -> Token {
    let now = world.clock.now().wall;
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
    let world = World::of(Acme::single_use());
    let initial = live(&world, "acme-refresh-0");
    let cache = world
        .process(&world.store)
        .initial_token(initial.clone())
        .build()
        .unwrap();
    let mut events = cache.events();
    assert!(cache.token().await.unwrap().same_secrets_as(&initial));
    assert!(world.server.arrived().is_empty());
    assert!(world.kept().await.record.is_some());
    let told = told(&mut events).await;
    let is_initial = |event: &Event| {
        matches!(
            event,
            Event::Refreshed {
                origin: Origin::Initial,
                ..
            }
        )
    };
    assert!(told.iter().any(is_initial), "{told:?}");
    // Another process finds it, one with another initial token too.
    assert!(
        world
            .stranger()
            .token()
            .await
            .unwrap()
            .same_secrets_as(&initial)
    );
    let other = world
        .process(&world.store)
        .initial_token(live(&world, "another"))
        .build()
        .unwrap();
    assert!(other.token().await.unwrap().same_secrets_as(&initial));
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn a_new_initial_token_is_tried_when_the_stored_grant_is_refused() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    pass(11 * MINUTE).await;
    world.server.kill_grant();
    assert!(cache.token_within(IMPATIENT).await.is_err());
    // A person logged in again, and the program was given the new refresh token.
    world
        .stranger()
        .redeem(world.acme.redemption())
        .await
        .unwrap();
    let fresh = world.server.grant();
    let dead = world.store.sibling();
    dead.loses_everything();
    let first = world
        .process(&dead)
        .initial_token(Token::from_refresh_token(Secret::from("dead")).unwrap());
    assert!(
        first
            .build()
            .unwrap()
            .token_within(IMPATIENT)
            .await
            .is_err()
    );
    let store = world.store.sibling();
    let next = world.process(&store).initial_token(fresh).build().unwrap();
    assert!(world.server.accepts(next.token().await.unwrap().access()));
}

/// A store whose grant the vendor has ended, which began with the initial token `acme-refresh-0`.
async fn with_dead_grant() -> World {
    let world = World::of(Acme::single_use());
    world.owner().token().await.unwrap();
    pass(61 * MINUTE).await;
    world.server.kill_grant();
    world
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn the_initial_token_that_the_dead_grant_began_with_is_not_tried_again() {
    let world = with_dead_grant().await;
    let store = world.store.sibling();
    let again = Token::from_refresh_token(Secret::from("acme-refresh-0")).unwrap();
    let cache = world.process(&store).initial_token(again).build().unwrap();
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let presented: Vec<_> = world
        .server
        .arrived()
        .iter()
        .map(|one| one.presented.clone())
        .collect();
    assert_eq!(presented, ["acme-refresh-0", "acme-refresh-1"]);
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_unseen_initial_token_takes_the_place_of_a_dead_grant_once() {
    let world = with_dead_grant().await;
    let store = world.store.sibling();
    let unseen = live(&world, "acme-refresh-unseen");
    let cache = world
        .process(&store)
        .initial_token(unseen.clone())
        .build()
        .unwrap();
    let token = cache.token().await.unwrap();
    assert!(token.same_secrets_as(&unseen));
    assert_eq!(token.generation(), Generation::new(2));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    // It is refused in its turn, and not tried a second time.
    pass(61 * MINUTE).await;
    assert!(cache.token().await.is_err());
    let tried = world
        .server
        .arrived()
        .into_iter()
        .filter(|one| one.presented == "acme-refresh-unseen");
    assert_eq!(tried.count(), 1);
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_unseen_initial_token_begins_anew_after_a_logout_and_the_same_one_does_not() {
    for (refresh, begins) in [("acme-refresh-0", false), ("acme-refresh-unseen", true)] {
        let world = World::of(Acme::single_use());
        let owner = world.owner();
        owner.token().await.unwrap();
        _ = owner.logout().await.unwrap();
        let store = world.store.sibling();
        let cache = world
            .process(&store)
            .initial_token(live(&world, refresh))
            .build()
            .unwrap();
        let token = cache.token().await;
        assert_eq!(token.is_ok(), begins, "{refresh}");
        assert_eq!(world.kept().await.tombstoned, !begins, "{refresh}");
    }
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn an_initial_token_is_not_used_up_by_a_failure_that_passes() {
    for logged_out in [true, false] {
        let world = with_dead_grant().await;
        if logged_out {
            _ = world.stranger().logout().await.unwrap();
        }
        world
            .stranger()
            .redeem(world.acme.redemption())
            .await
            .unwrap();
        let fresh = world.server.grant();
        let store = world.store.sibling();
        store.loses_everything();
        let dead = Token::from_refresh_token(Secret::from("dead")).unwrap();
        let old = world.process(&store).initial_token(dead).build().unwrap();
        match logged_out {
            true => _ = old.logout().await.unwrap(),
            false => drop(
                old.set_token(Token::from_refresh_token(Secret::from("dead-too")).unwrap())
                    .await,
            ),
        }
        let cache = world.process(&store).initial_token(fresh).build().unwrap();
        if !logged_out {
            // The stored grant is refused first.
            world.server.then_refuse("invalid_grant");
        }
        world.server.then([Fault::Answer(503, &[], "{}".into())]);
        assert!(cache.token_within(IMPATIENT).await.is_err());
        pass(2 * SECOND).await;
        if !logged_out {
            world.server.then_refuse("invalid_grant");
        }
        let token = cache.token().await.unwrap();
        assert!(world.server.accepts(token.access()), "{logged_out}");
    }
}

// FAULTS.md row 76
#[tokio::test(start_paused = true)]
async fn a_rotating_initial_token_in_memory_alone_is_told_once() {
    let warned = async |acme: Acme| {
        let world = World::of(acme.clone());
        let cache = TokenCache::builder(acme)
            .http_client(world.server.clone())
            .clock(world.clock.clone())
            .runtime(tokio::runtime::Handle::current())
            .initial_token(world.server.grant())
            .build()
            .unwrap();
        let mut events = cache.events();
        cache.token().await.unwrap();
        pass(50 * MINUTE).await;
        cache.token().await.unwrap();
        pass(SECOND).await;
        let told = told(&mut events).await;
        told.iter()
            .filter(|event| matches!(event, Event::NotDurable))
            .count()
    };
    assert_eq!(warned(Acme::single_use()).await, 1);
    assert_eq!(warned(Acme::with(Rotation::Idempotent)).await, 0);
}

// FAULTS.md row 88
#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_place_of_a_store_is_told_once() {
    let world = World::of(Acme::single_use());
    world
        .store
        .warns("all users may write to the parent directory");
    let cache = world.due_owner().await;
    let next = world.owner();
    let mut events = next.events();
    for _ in 0..3 {
        next.token().await.unwrap();
        pass(50 * MINUTE).await;
    }
    drop(cache);
    let told = told(&mut events).await;
    let is_told =
        |event: &&Event| matches!(event, Event::StoreWarning { what } if what.contains("parent"));
    assert_eq!(told.iter().filter(is_told).count(), 1, "{told:?}");
}

// FAULTS.md row 90
#[tokio::test(start_paused = true)]
async fn an_endless_lease_is_refused_when_the_cache_is_built() {
    let world = World::of(Acme::single_use());
    for lease in [Duration::MAX, 25 * 60 * MINUTE] {
        let error = world
            .process(&world.store)
            .lease_ttl(lease)
            .build()
            .unwrap_err();
        assert_eq!(error.field(), "lease_ttl");
    }
    let cache = world
        .process(&world.store)
        .lease_timeout(Duration::MAX)
        .wait_timeout(Duration::MAX)
        .exchange_deadline(Duration::MAX)
        .initial_token(world.server.grant())
        .build()
        .unwrap();
    assert!(cache.token().await.is_ok());
    assert!(cache.token_within(Duration::MAX).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_alone_begins_the_grant_and_a_blank_one_is_refused() {
    let world = World::of(Acme::single_use());
    let refresh = world.server.grant().refresh().unwrap().clone();
    let cache = world
        .process(&world.store)
        .refresh_token(refresh)
        .build()
        .unwrap();
    assert!(world.server.accepts(cache.token().await.unwrap().access()));
    let blank = world.process(&world.store).refresh_token(Secret::from(" "));
    assert_eq!(blank.build().unwrap_err().field(), "refresh_token");
}
