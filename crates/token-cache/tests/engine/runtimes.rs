//! Callers whose runtimes end, and callers without one. Time is real here: only what happens
//! counts, not when.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use token_cache::{Drained, LoggedOut, TokenCache};
use token_core::{ErrorKind, Generation, Rotation};
use tokio::runtime::Runtime;

use crate::acme::{Acme, IMPATIENT, MINUTE, Op, Setup, When};

/// An executor that is not tokio's: it knows no timers and no tasks.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

fn refreshed(cache: &TokenCache) -> Generation {
    let generation = block_on(cache.token()).unwrap().generation();
    block_on(cache.refresh_if(generation)).unwrap().generation()
}

/// A cache on a runtime that the program gave.
fn on(given: &Runtime, setup: &Setup) -> TokenCache {
    let builder = setup.builder(&setup.store).runtime(given.handle().clone());
    builder.initial_token(setup.server.grant()).build().unwrap()
}

// FAULTS.md row 53
#[test]
fn a_callers_runtime_that_ends_in_mid_exchange_loses_no_rotation() {
    for when in [When::BeforeProcessing, When::AfterProcessing] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.cache();
        let gate = setup.server.then_hold(when);
        let first = Runtime::new().unwrap();
        first.block_on(async {
            assert!(cache.token_within(Duration::ZERO).await.is_err());
            gate.reached().await;
        });
        drop(first);
        gate.open();
        let second = Runtime::new().unwrap();
        let token = second.block_on(async { cache.token().await.map(|token| (*token).clone()) });
        assert!(setup.server.accepts(token.unwrap().access()));
        assert_eq!(setup.server.count("/refresh"), 1);
        assert_eq!(setup.server.reused(), 0);
        assert_eq!(second.block_on(cache.drain(MINUTE)), Drained::Settled);
        assert!(block_on(setup.stored()).record.is_some());
    }
}

// FAULTS.md row 53
#[test]
fn a_runtime_for_each_call_loses_no_grant() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_millis(20));
    let cache = setup.cache();
    for _ in 0..50 {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let generation = cache.current().map(|token| token.generation());
            // The call is over long before the exchange is.
            let within = Duration::from_millis(1);
            match generation {
                Some(generation) => {
                    _ = tokio::time::timeout(within, cache.refresh_if(generation)).await;
                }
                None => _ = cache.token_within(within).await,
            }
        });
    }
    block_on(cache.token()).unwrap();
    assert_eq!(block_on(cache.drain(MINUTE)), Drained::Settled);
    assert!(!setup.server.is_revoked());
    assert_eq!(setup.server.reused(), 0);
    let generations = cache.current().unwrap().generation().number();
    assert_eq!(
        u64::try_from(setup.server.count("/refresh")).unwrap(),
        generations
    );
    assert!(generations > 1, "some exchanges outlived their callers");
}

// FAULTS.md rows 53 and 94
#[test]
fn everything_works_without_a_runtime_of_the_callers() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.cache();
    let watching = cache.keep_fresh();
    assert_eq!(refreshed(&cache), Generation::new(2));
    let redeemed = block_on(cache.redeem(setup.acme.redemption()))
        .unwrap()
        .generation();
    assert_eq!(redeemed, Generation::new(3));
    let build = |attempt: &_| token_core::TokenEndpoint::login(&setup.acme, attempt).unwrap();
    let status = block_on(cache.send_request(build, |answer| Ok(answer.status()))).unwrap();
    assert_eq!(status.as_u16(), 200);
    assert_eq!(block_on(cache.drain(MINUTE)), Drained::Settled);
    watching.stop();
    assert!(matches!(
        block_on(cache.logout()).unwrap(),
        LoggedOut::Revoked
    ));
    assert!(block_on(cache.set_token(setup.server.grant())).is_ok());
}

// FAULTS.md row 46
#[test]
fn a_cache_whose_given_runtime_is_gone_in_mid_exchange_works_on_that_of_the_process() {
    let given = Runtime::new().unwrap();
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = on(&given, &setup);
    let gate = setup.server.then_hold(When::BeforeProcessing);
    assert!(block_on(cache.token_within(Duration::ZERO)).is_err());
    block_on(gate.reached());
    drop(given);
    assert!(
        setup
            .server
            .accepts(block_on(cache.token()).unwrap().access())
    );
    assert_eq!(block_on(cache.drain(MINUTE)), Drained::Settled);
}

// FAULTS.md row 51
#[test]
fn an_exchange_that_ended_with_its_given_runtime_leaves_a_doubt() {
    let given = Runtime::new().unwrap();
    let setup = Setup::new(Acme::single_use());
    let cache = on(&given, &setup);
    let gate = setup.server.then_hold(When::AfterProcessing);
    assert!(block_on(cache.token_within(Duration::ZERO)).is_err());
    block_on(gate.reached());
    drop(given);
    let error = block_on(cache.token_within(IMPATIENT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    assert!(error.retry_after().unwrap() > Duration::from_secs(10));
    assert_eq!(setup.server.count("/refresh"), 1);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 46
#[test]
fn a_token_that_waits_to_be_written_when_its_given_runtime_ends_is_written_on_that_of_the_process()
{
    let given = Runtime::new().unwrap();
    let setup = Setup::new(Acme::single_use());
    let cache = on(&given, &setup);
    setup.store.fail([Op::Commit]);
    block_on(cache.token()).unwrap();
    drop(given);
    setup.store.recover();
    assert_eq!(refreshed(&cache), Generation::new(2));
    let kept = || block_on(setup.stored()).record.unwrap().generation;
    assert_eq!(block_on(cache.drain(MINUTE)), Drained::Settled);
    assert_eq!(kept(), Generation::new(2));
    // And what fails now is written again by itself.
    setup.store.fail([Op::Commit]);
    assert_eq!(refreshed(&cache), Generation::new(3));
    assert_eq!(kept(), Generation::new(2));
    setup.store.recover();
    assert_eq!(block_on(cache.drain(MINUTE)), Drained::Settled);
    assert_eq!(kept(), Generation::new(3));
}

// FAULTS.md row 53
#[test]
fn a_caller_that_waits_when_its_given_runtime_shuts_down_gets_an_error_and_no_panic() {
    let given = Runtime::new().unwrap();
    let setup = Setup::new(Acme::single_use());
    let cache = on(&given, &setup);
    let gate = setup.server.then_hold(When::AfterProcessing);
    let waiting = thread::spawn({
        let cache = cache.clone();
        move || block_on(cache.token_within(IMPATIENT)).map(|_| ())
    });
    block_on(gate.reached());
    drop(given);
    assert_eq!(
        waiting.join().unwrap().unwrap_err().kind(),
        ErrorKind::InDoubt
    );
}
