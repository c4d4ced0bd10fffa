//! An owner that is frozen after the vendor rotated, and commits what it got when the others no
//! longer wait for it.

use token_cache::TokenCache;
use token_core::{Generation, Rotation};
use tokio::task::JoinHandle;

use crate::acme::{Acme, Gate, MINUTE, Op, SECOND, Setup, When, advance};

/// A cache whose token is over, while another process is frozen after the server rotated. Nobody
/// renews the lease of that one, and it has ended.
async fn with_a_frozen_owner(setup: &Setup) -> (TokenCache, Gate) {
    let (ours, theirs, store) = setup.two_processes().await;
    advance(60 * MINUTE).await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    store.fail([Op::Renew]);
    drop(wait_for_token(&theirs));
    gate.reached().await;
    advance(MINUTE).await;
    (ours, gate)
}

fn wait_for_token(cache: &TokenCache) -> JoinHandle<()> {
    let cache = cache.clone();
    tokio::spawn(async move {
        _ = cache.token_within(MINUTE).await;
    })
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_commit_that_is_read_while_the_doubt_is_waited_out_ends_it_without_an_exchange() {
    let setup = Setup::new(Acme::single_use());
    let (ours, exchange) = with_a_frozen_owner(&setup).await;
    let waiting = wait_for_token(&ours);
    advance(SECOND).await;
    let change = setup.store.hold_answer(Op::WaitForChange);
    exchange.open();
    change.reached().await;
    let read = ours.load().await.unwrap().unwrap();
    assert_eq!(read.generation(), Generation::new(2));
    change.open();
    waiting.await.unwrap();
    advance(SECOND).await;
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_commit_that_is_read_while_the_intent_is_written_is_not_followed_by_an_exchange() {
    let setup = Setup::new(Acme::single_use());
    let (ours, exchange) = with_a_frozen_owner(&setup).await;
    let intent = setup.store.hold_answer(Op::WriteIntent);
    let waiting = wait_for_token(&ours);
    intent.reached().await;
    exchange.open();
    while setup.stored_generation().await == Generation::new(1) {
        tokio::task::yield_now().await;
    }
    let read = ours.load().await.unwrap().unwrap();
    assert_eq!(read.generation(), Generation::new(2));
    intent.open();
    waiting.await.unwrap();
    advance(SECOND).await;
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(setup.server.reused(), 0);
    assert!(setup.stored().await.intent.is_none());
}

// FAULTS.md row 10
#[tokio::test(start_paused = true)]
async fn an_answer_is_read_though_its_time_was_over_while_the_process_was_frozen() {
    for rotation in [Rotation::SingleUse, Rotation::Idempotent] {
        let setup = Setup::new(Acme::with(rotation));
        let cache = setup.fresh_cache().await;
        advance(60 * MINUTE).await;
        let before = setup.server.requests().len();
        let exchange = setup.server.then_hold(When::AfterProcessing);
        let waiting = wait_for_token(&cache);
        exchange.reached().await;
        // In one step: no timer fires on the way.
        tokio::time::advance(10 * MINUTE).await;
        advance(SECOND).await;
        exchange.open();
        waiting.await.unwrap();
        advance(SECOND).await;
        assert!(cache.current().is_some(), "{rotation:?}");
        assert_eq!(setup.server.requests().len(), before + 1, "{rotation:?}");
    }
}
