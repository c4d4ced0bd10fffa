//! Very many processes that start together, and grants that begin again elsewhere.

use std::time::Duration;

use token_cache::Event;
use token_core::{ErrorKind, Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, MINUTE, Op, SECOND, Setup, When, advance, received};

// FAULTS.md row 42
#[tokio::test(start_paused = true)]
async fn a_thousand_processes_that_start_together_cost_one_login() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    setup.server.latency(SECOND);
    let starting: Vec<_> = (0..1000).map(|_| setup.newcomer()).map(start).collect();
    for started in starting {
        started.await.unwrap();
    }
    assert_eq!(setup.server.requests().len(), 1);
}

fn start(cache: token_cache::TokenCache) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { drop(cache.token().await.unwrap()) })
}

// FAULTS.md row 42
#[tokio::test(start_paused = true)]
async fn the_first_refreshes_of_many_grants_are_spread() {
    let mut refreshed_at = Vec::new();
    for number in 0..50 {
        let tenant = format!("https://tenant{number}.example.com");
        let setup = Setup::new(Acme::single_use().at(&tenant));
        let cache = setup.cache();
        let began = Instant::now();
        cache.token().await.unwrap();
        drop(cache.keep_fresh());
        advance(50 * MINUTE).await;
        refreshed_at.push((setup.server.requests()[1].at - began).as_secs());
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
async fn a_refusal_is_forgotten_when_another_process_commits_a_newer_token() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    setup.server.revoke_grant();
    assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    theirs.redeem(setup.acme.redemption()).await.unwrap();
    advance(5 * MINUTE).await;
    assert!(setup.server.accepts(ours.token().await.unwrap().access()));
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_grant_begun_anew_elsewhere_in_an_emptied_store_is_found() {
    let setup = Setup::new(Acme::single_use());
    let ours = setup.cache();
    for _ in 0..3 {
        ours.token().await.unwrap();
        advance(50 * MINUTE).await;
    }
    setup.store.clear();
    let newcomer = setup.newcomer();
    newcomer.redeem(setup.acme.redemption()).await.unwrap();
    // The store counts from one again: it takes a refusal to see that this is no ancestor.
    ours.token().await.unwrap();
    advance(MINUTE).await;
    let (found, begun) = (ours.current().unwrap(), newcomer.current().unwrap());
    assert!(found.same_secrets_as(&begun), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_another_owner_committed_does_not_stand_though_that_token_is_due() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    // 80 seconds of doubt are left, and less than the exchange's 120.
    advance(60 * MINUTE - Duration::from_secs(80)).await;
    let mut events = ours.events();
    // Ours is frozen before the server acted; theirs brings a token that is short-lived, and due
    // when ours is refused.
    setup.store.fail([Op::Renew]);
    let gate = setup.server.then_hold(When::BeforeProcessing);
    ours.token().await.unwrap();
    gate.reached().await;
    setup.server.life(Duration::from_secs(40));
    theirs.token().await.unwrap();
    advance(Duration::from_secs(114)).await;
    assert_eq!(theirs.current().unwrap().generation(), Generation::new(2));
    setup.store.recover();
    gate.open();
    advance(SECOND).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(2));
    let received = received(&mut events).await;
    assert!(
        !received
            .iter()
            .any(|event| matches!(event, Event::Rejected { .. })),
        "{received:?}"
    );
}
