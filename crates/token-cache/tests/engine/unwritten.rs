//! A token that the store did not take at once: its writer, and the flights beside it.

use token_cache::{Drained, Event, TokenCache};
use token_core::Rotation;

use crate::acme::{Acme, Gate, MINUTE, Op, SECOND, Setup, StoreFault, advance, received};

/// A process whose second token the store did not take.
async fn with_unwritten_token(setup: &Setup) -> TokenCache {
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    cache.token().await.unwrap();
    advance(SECOND / 10).await;
    cache
}

/// Two tries at once: the writer's and that of a drain. Another login has taken the place
/// meanwhile.
// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn an_unwritten_token_that_lost_is_told_once_and_is_one_spare() {
    let setup = Setup::new(Acme::single_use());
    let cache = with_unwritten_token(&setup).await;
    let spare = cache
        .current()
        .unwrap()
        .refresh()
        .unwrap()
        .expose()
        .to_owned();
    advance(MINUTE).await; // Its lease is over.
    let newcomer = setup.newcomer();
    newcomer.redeem(setup.acme.redemption()).await.unwrap();
    let mut events = cache.events();
    let gate = setup.store.hold_answer(Op::Commit);
    gate.reached().await;
    let draining = tokio::spawn({
        let cache = cache.clone();
        async move { cache.drain(MINUTE).await }
    });
    advance(SECOND / 10).await;
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained::Settled);
    let received = received(&mut events).await;
    let lost = received
        .iter()
        .filter(|event| matches!(event, Event::Superseded { .. }));
    assert_eq!(lost.count(), 1, "{received:?}");
    advance(50 * MINUTE).await;
    setup.server.then_refuse("invalid_grant");
    cache.token().await.unwrap();
    advance(MINUTE).await;
    let requests = setup.server.requests();
    let tried = requests.iter().filter(|request| request.presented == spare);
    assert_eq!(tried.count(), 1, "{requests:?}");
}

/// The writer gives its lease back while the next flight begins.
// FAULTS.md row 8
#[tokio::test(start_paused = true)]
async fn the_lease_that_an_unwritten_token_left_is_given_back_before_the_next_flight_takes_it() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = with_unwritten_token(&setup).await;
    let (other, _) = setup.other_process();
    let gate = Gate::closed();
    setup.store.recover();
    setup
        .store
        .fail_with([Op::Release], &StoreFault::Delayed(gate.clone()));
    gate.reached().await;
    let written = cache.current().unwrap().generation();
    assert_eq!(other.token().await.unwrap().generation(), written);
    setup.server.latency(2 * SECOND);
    let refreshing = |cache: TokenCache| {
        tokio::spawn(async move {
            cache
                .refresh_if(written)
                .await
                .map(|token| token.generation())
        })
    };
    let ours = refreshing(cache);
    advance(SECOND).await;
    gate.open();
    advance(SECOND / 2).await;
    let theirs = refreshing(other);
    assert_eq!(ours.await.unwrap().unwrap(), written.next());
    assert_eq!(theirs.await.unwrap().unwrap(), written.next());
    assert_eq!(
        setup.server.count("/refresh"),
        3,
        "one exchange for two processes"
    );
}
