//! Several processes and one grant.

use std::time::Duration;

use token_cache::{Event, Origin};
use token_core::{ErrorKind, Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, Ailment, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn two_holders_of_one_refresh_token_spend_it_once() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_secs(2));
    let (ours, (theirs, _)) = (world.owner(), world.other());
    let (first, second) = tokio::join!(ours.token(), theirs.token());
    assert!(first.unwrap().same_secrets_as(&second.unwrap()));
    assert_eq!(
        (world.server.arrived().len(), world.server.reused()),
        (1, 0)
    );
}

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn who_is_woken_by_the_commit_reads_it_and_asks_for_no_lease() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_millis(200));
    let (ours, (theirs, their_store)) = (world.owner(), world.other());
    let (first, second) = tokio::join!(ours.token(), theirs.token());
    assert!(first.unwrap().same_secrets_as(&second.unwrap()));
    let log = their_store.log();
    let leases = log.iter().filter(|op| **op == Op::Acquire).count();
    assert_eq!(leases, 1, "{log:?}");
    assert_eq!(log.last(), Some(&Op::Load));
}

// FAULTS.md row 1
#[tokio::test(start_paused = true)]
async fn two_holders_take_turns_for_a_day_and_never_spend_a_token_twice() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_secs(2));
    let (ours, (theirs, _)) = (world.owner(), world.other());
    for _ in 0..24 * 60 {
        let (first, second) = tokio::join!(ours.token(), theirs.token());
        assert!(
            world.server.accepts(first.unwrap().access())
                && world.server.accepts(second.unwrap().access())
        );
        pass(MINUTE).await;
    }
    assert_eq!(world.server.reused(), 0);
    assert!(
        world.server.arrived().len() <= 36,
        "{}",
        world.server.arrived().len()
    );
}

// FAULTS.md row 7
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_had_in_time_is_a_retryable_error_and_no_exchange() {
    let world = World::of(Acme::single_use());
    world.store.ails([Op::Acquire], &Ailment::Busy);
    let cache = world.owner();
    let late = cache.token_within(5 * MINUTE).await.unwrap_err();
    assert!(late.kind().is_retryable());
    assert!(world.server.arrived().is_empty() && !world.store.log().contains(&Op::Intend));
    world.store.heals();
    pass(MINUTE).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 7
#[tokio::test(start_paused = true)]
async fn a_holder_of_an_unwritten_token_writes_it_before_it_waits_for_a_busy_lease() {
    let world = World::of(Acme::single_use());
    world.store.ails([Op::Commit], &Ailment::Dead);
    let cache = world.owner();
    cache.token().await.unwrap();
    world.store.heals();
    world.store.ails([Op::Acquire], &Ailment::Busy);
    let token = cache.current().unwrap();
    cache.invalidate(&token);
    world.store.log();
    let began = Instant::now();
    // An API refused it, so it is not handed out while nobody can be asked for another.
    assert!(cache.token().await.is_err());
    assert_eq!(began.elapsed(), MINUTE / 2);
    // The store never had its parent, so it is written twice.
    assert_eq!(
        world.store.log()[..3],
        [Op::Commit, Op::Commit, Op::Acquire]
    );
    assert!(world.kept().await.record.is_some());
}

// FAULTS.md row 8
#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_through_a_long_exchange_and_released_by_its_owner_only() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_secs(110));
    let (ours, (theirs, theirs_store)) = (world.owner(), world.other());
    let (first, second) = tokio::join!(
        ours.token_within(3 * MINUTE),
        theirs.token_within(3 * MINUTE)
    );
    assert!(first.is_ok());
    // The other flight gave up waiting for the lease and spent nothing. Its caller had time for the
    // next one.
    assert_eq!(second.unwrap().generation(), Generation::new(1));
    assert_eq!(world.server.arrived().len(), 1);
    assert!(
        world
            .store
            .log()
            .iter()
            .filter(|op| **op == Op::Renew)
            .count()
            >= 10
    );
    assert!(!theirs_store.log().contains(&Op::Release));
    pass(MINUTE).await;
    assert!(
        theirs
            .token()
            .await
            .unwrap()
            .same_secrets_as(&ours.token().await.unwrap())
    );
}

// FAULTS.md rows 8 and 10
#[tokio::test(start_paused = true)]
async fn a_late_commit_counts_by_lineage_after_the_lease_was_lost() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    pass(50 * MINUTE).await;
    // The process is frozen: the server acted, and nobody renews the lease.
    let gate = world.server.then_hold(Stage::AfterActing);
    world.store.ails([Op::Renew], &Ailment::Dead);
    ours.token().await.unwrap();
    gate.reached().await;
    pass(MINUTE).await;
    let watching = tokio::spawn({
        let theirs = theirs.clone();
        async move { theirs.token().await.map(drop) }
    });
    pass(Duration::from_secs(10)).await;
    world.store.heals();
    gate.open();
    watching.await.unwrap().unwrap();
    pass(MINUTE).await;
    assert_eq!(theirs.current().unwrap().generation(), Generation::new(2));
    assert!(
        ours.current()
            .unwrap()
            .same_secrets_as(&theirs.current().unwrap())
    );
    assert_eq!(
        (world.server.arrived().len(), world.server.reused()),
        (2, 0)
    );
}

// FAULTS.md rows 8 and 10
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_known_to_be_lost_does_not_stop_the_exchange() {
    let world = World::of(Acme::single_use());
    let gate = world.server.then_hold(Stage::AfterActing);
    let cache = world.owner();
    assert!(cache.token_within(Duration::ZERO).await.is_err());
    gate.reached().await;
    // Asleep for longer than the lease: the next renewal says that it is lost.
    world.store.ails([Op::Renew], &Ailment::Hangs);
    pass(35 * MINUTE / 60).await;
    world.store.heals();
    pass(15 * MINUTE / 60).await;
    gate.open();
    assert!(cache.token().await.is_ok());
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(1)
    );
}

// FAULTS.md row 11
#[tokio::test(start_paused = true)]
async fn an_unrelated_write_to_the_record_does_not_make_a_commit_lose() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let gate = world.server.then_hold(Stage::AfterActing);
    cache.token().await.unwrap();
    gate.reached().await;
    // Somebody touches the lease and the intent while the exchange is under way.
    world.leave_doubt().await;
    gate.open();
    pass(MINUTE).await;
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
}

// FAULTS.md row 36
#[tokio::test(start_paused = true)]
async fn a_follower_whose_token_was_killed_by_anothers_refresh_reloads_without_an_exchange() {
    let world = World::of(Acme::single_use());
    world.server.kills_old_access();
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    let follower = (*theirs.token().await.unwrap()).clone();
    pass(50 * MINUTE).await;
    ours.token().await.unwrap();
    pass(MINUTE).await;
    assert!(!world.server.accepts(follower.access()));
    let mut events = theirs.events();
    theirs.invalidate(&follower);
    assert!(world.server.accepts(theirs.token().await.unwrap().access()));
    assert_eq!(world.server.arrived().len(), 2);
    let told = told(&mut events).await;
    assert!(
        matches!(
            told[..],
            [Event::Refreshed {
                origin: Origin::Store,
                ..
            }]
        ),
        "{told:?}"
    );
}

// FAULTS.md row 42
#[tokio::test(start_paused = true)]
async fn a_thousand_processes_that_start_together_cost_one_login() {
    let world = World::of(Acme::with(Rotation::Idempotent).and_login());
    world.server.latency(Duration::from_secs(1));
    let starting: Vec<_> = (0..1000)
        .map(|_| world.process(&world.store.sibling()).build().unwrap())
        .map(start)
        .collect();
    for started in starting {
        started.await.unwrap();
    }
    assert_eq!(world.server.arrived().len(), 1);
}

fn start(cache: token_cache::TokenCache) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { drop(cache.token().await.unwrap()) })
}

// FAULTS.md row 42
#[tokio::test(start_paused = true)]
async fn the_first_refreshes_of_many_grants_are_spread() {
    let mut refreshed_at = Vec::new();
    for _ in 0..50 {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        let began = Instant::now();
        cache.token().await.unwrap();
        drop(cache.keep_fresh());
        pass(50 * MINUTE).await;
        refreshed_at.push((world.server.arrived()[1].at - began).as_secs());
    }
    let (first, last) = (
        refreshed_at.iter().min().unwrap(),
        refreshed_at.iter().max().unwrap(),
    );
    assert!(last - first > 90, "between {first} s and {last} s");
    assert!(
        (2450..=2720).contains(first) && *last <= 2720,
        "between {first} s and {last} s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_verdict_falls_when_another_process_commits_a_newer_token() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    world.server.kill_grant();
    assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    theirs.redeem(world.acme.redemption()).await.unwrap();
    pass(5 * MINUTE).await;
    assert!(world.server.accepts(ours.token().await.unwrap().access()));
    assert_eq!(world.server.arrived().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_grant_begun_anew_elsewhere_in_an_emptied_store_is_found() {
    let world = World::of(Acme::single_use());
    let ours = world.owner();
    for _ in 0..3 {
        ours.token().await.unwrap();
        pass(50 * MINUTE).await;
    }
    world.store.loses_everything();
    let newcomer = world.process(&world.store.sibling()).build().unwrap();
    newcomer.redeem(world.acme.redemption()).await.unwrap();
    // The store counts from one again: it takes a refusal to see that this is no ancestor.
    ours.token().await.unwrap();
    pass(MINUTE).await;
    let (found, begun) = (ours.current().unwrap(), newcomer.current().unwrap());
    assert!(found.same_secrets_as(&begun), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_another_holder_committed_is_no_verdict_though_that_token_is_due() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    // 80 seconds of doubt are left, and less than the exchange's 120.
    pass(60 * MINUTE - Duration::from_secs(80)).await;
    let mut events = ours.events();
    // Ours is frozen before the server acted; theirs brings a token that is short-lived, and due
    // when ours is refused.
    world.store.ails([Op::Renew], &Ailment::Dead);
    let gate = world.server.then_hold(Stage::BeforeActing);
    ours.token().await.unwrap();
    gate.reached().await;
    world.server.life(Duration::from_secs(40));
    theirs.token().await.unwrap();
    pass(Duration::from_secs(114)).await;
    assert_eq!(theirs.current().unwrap().generation(), Generation::new(2));
    world.store.heals();
    gate.open();
    pass(MINUTE / 60).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(2));
    let told = told(&mut events).await;
    assert!(
        !told
            .iter()
            .any(|event| matches!(event, Event::Rejected { .. })),
        "{told:?}"
    );
}
