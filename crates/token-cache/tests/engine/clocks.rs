//! Clocks that step, sleep and disagree.

use std::time::Duration;

use token_cache::test_util::RuntimeClock;
use token_core::{Clock as _, ErrorKind, Generation, Rotation, Timestamp};
use token_testkit::ManualClock;

use crate::acme::{
    Acme, IMPATIENT, MINUTE, Op, SECOND, Setup, When, advance, spawn_token, token_generation,
};

const HOUR_MILLIS: i64 = 3_600_000;

// FAULTS.md row 18
#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_steps_back_keeps_no_token_alive() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.clock.step_wall(-5 * HOUR_MILLIS);
    assert!(cache.current().is_some());
    advance(59 * MINUTE).await;
    assert!(cache.current().is_some());
    advance(MINUTE).await;
    assert!(cache.current().is_none());
}

// FAULTS.md row 18
#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_steps_forward_costs_one_exchange() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    for step in [5, -5, 24 * 365] {
        setup.clock.step_wall(step * HOUR_MILLIS);
        let before = setup.server.requests().len();
        for _ in 0..10 {
            let token = cache.token().await.unwrap();
            assert!(setup.server.accepts(token.access()));
            advance(MINUTE).await;
        }
        assert!(setup.server.requests().len() <= before + 1);
    }
}

// FAULTS.md row 18
#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_steps_back_amid_an_exchange_makes_no_other_owner_keep_the_token_too_long()
 {
    let setup = Setup::new(Acme::single_use());
    let writer = setup.cache();
    let behind = RuntimeClock::at(setup.clock.now().wall.before(10 * MINUTE));
    let gate = setup.server.then_hold(When::AfterProcessing);
    let stepped = async {
        gate.reached().await;
        setup.clock.step_wall(-5 * HOUR_MILLIS);
        gate.open();
    };
    let (token, ()) = tokio::join!(writer.token(), stepped);
    advance(8 * MINUTE).await;
    let reader = setup
        .builder(&setup.store.for_other_process())
        .clock(behind)
        .build()
        .unwrap();
    let read = reader.token().await.unwrap();
    assert!(read.same_secrets_as(&token.unwrap()));
    advance(52 * MINUTE).await;
    assert!(reader.current().is_none());
}

// FAULTS.md row 18
#[tokio::test(start_paused = true)]
async fn a_wall_clock_at_the_end_of_time_makes_nothing_panic() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    for wall in [
        Timestamp::MIN,
        Timestamp::MAX,
        Timestamp::from_unix_millis(-1),
    ] {
        let clock = ManualClock::at(wall);
        let cache = setup
            .builder(&setup.store.for_other_process())
            .initial_token(setup.server.grant())
            .clock(clock.clone());
        let cache = cache.build().unwrap();
        _ = cache.token().await;
        clock.advance(Duration::MAX);
        _ = cache.token().await;
        clock.step_wall(i64::MIN);
        _ = cache.token().await;
    }
}

// FAULTS.md row 19
#[tokio::test(start_paused = true)]
async fn a_token_that_died_while_the_machine_slept_is_judged_expired_on_waking() {
    let setup = Setup::new(Acme::single_use());
    // Its times jump where tokio's timers do not run, as at a suspend.
    let clock = ManualClock::at(Timestamp::from_unix_seconds(1_700_000_000));
    let cache = setup.cache_with(|builder| builder.clock(clock.clone()));
    cache.token().await.unwrap();
    clock.advance(61 * MINUTE);
    clock.step_wall(-61 * 60_000);
    assert!(cache.current().is_none());
    let gate = setup.server.then_hold(When::BeforeProcessing);
    let late = cache.token_within(MINUTE).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Transient { after: None });
    gate.open();
    assert_eq!(token_generation(&cache).await, Generation::new(2));
}

// FAULTS.md row 120
#[tokio::test(start_paused = true)]
async fn a_process_that_sleeps_before_it_reads_the_stores_answer_knows_how_old_the_token_is() {
    for op in [Op::Load, Op::Acquire, Op::WaitForChange] {
        let setup = Setup::new(Acme::single_use());
        let store = setup.store.for_other_process();
        // By this clock, which is wrong, the token is to live for hours.
        let behind = RuntimeClock::at(setup.clock.now().wall.before(180 * MINUTE));
        let reader = setup.builder(&store).clock(behind).build().unwrap();
        store.freeze_after(op, 20 * MINUTE);
        if op == Op::WaitForChange {
            store.keep_lease_taken();
            let reading = spawn_token(&reader);
            advance(SECOND).await;
            setup.fresh_cache().await;
            drop(reading.await);
        } else {
            setup.fresh_cache().await;
            drop(match op {
                Op::Load => reader.load().await,
                _ => reader.token().await.map(Some),
            });
        }
        advance(39 * MINUTE).await;
        assert!(reader.current().is_some(), "{op:?}");
        advance(MINUTE).await;
        assert!(reader.current().is_none(), "{op:?}");
    }
}

// FAULTS.md row 20
#[tokio::test(start_paused = true)]
async fn a_skewed_clock_is_corrected_by_the_servers_date_with_exactly_one_retry() {
    for skew in [HOUR_MILLIS, -HOUR_MILLIS, 23 * HOUR_MILLIS] {
        let setup = Setup::new(Acme::single_use());
        setup.server.runs_ahead(skew);
        let cache = setup.fresh_cache().await;
        let requests = setup.server.requests();
        assert_eq!(requests.len(), 2);
        let corrected = requests[1].stamp - requests[0].stamp;
        assert!(corrected.abs_diff(skew) < 2_000, "{corrected}");
        // From now on it is known.
        advance(50 * MINUTE).await;
        cache.token().await.unwrap();
        advance(MINUTE).await;
        assert_eq!(setup.server.requests().len(), 3);
    }
}

// FAULTS.md row 20
#[tokio::test(start_paused = true)]
async fn a_server_that_is_further_off_than_a_day_is_not_believed() {
    let setup = Setup::new(Acme::single_use());
    setup.server.runs_ahead(25 * HOUR_MILLIS);
    let cache = setup.cache();
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.code(), Some("stale"));
    let requests = setup.server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].stamp.abs_diff(requests[1].stamp) < 1_000);
}

// FAULTS.md rows 20 and 44
#[tokio::test(start_paused = true)]
async fn timestamps_grow_though_the_wall_clock_stands_or_steps_back() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    for _ in 0..4 {
        setup.server.then_refuse("duplicate");
        cache.token().await.unwrap();
        let token = cache.current().unwrap();
        cache.invalidate(&token);
        setup.clock.step_wall(-1_000);
        advance(Duration::from_millis(10)).await;
    }
    let stamps: Vec<_> = setup
        .server
        .requests()
        .iter()
        .map(|one| one.stamp)
        .collect();
    assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
}
