//! A logout is final, and a failed redemption ends nothing.

use std::time::Duration;

use token_cache::{Event, LoggedOut, MemoryStore, TokenCache};
use token_core::{ErrorKind, Generation, Rotation, SendFailure, TokenEndpoint, TokenStore};

use crate::acme::{Acme, Ailment, FREEZE, Fault, Gate, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn revoked(world: &World) -> Vec<String> {
    let revocations = world.server.arrived().into_iter();
    revocations
        .filter(|arrived| arrived.path == "/revoke")
        .map(|arrived| arrived.presented)
        .collect()
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_failed_redemption_leaves_the_healthy_grant_alone() {
    for code in ["invalid_grant", "frozen", "wrong_client", "busy", "E17"] {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        cache.token().await.unwrap();
        let mut events = cache.events();
        world.server.then_refuse(code);
        let error = cache.redeem(world.acme.redemption()).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        pass(50 * MINUTE).await;
        cache.token().await.unwrap();
        pass(SECOND).await;
        assert_eq!(
            cache.current().unwrap().generation(),
            Generation::new(2),
            "{code}"
        );
        assert!(world.kept().await.intent.is_none(), "{code}");
        let told = told(&mut events).await;
        let is_verdict =
            |event: &Event| matches!(event, Event::Rejected { .. } | Event::Failed { .. });
        assert!(!told.iter().any(is_verdict), "{code} {told:?}");
    }
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_locked_redemption_does_not_hold_off_a_login_of_the_grant_in_hand() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.stranger();
    world.server.then_refuse("frozen");
    let error = cache.redeem(world.acme.redemption()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked { after: FREEZE });
    assert!(cache.token().await.is_ok());
}

// FAULTS.md rows 2 and 57
#[tokio::test(start_paused = true)]
async fn a_failed_redemption_leaves_the_doubt_of_another_holder_as_it_was() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    pass(46 * MINUTE).await;
    world.leave_doubt().await;
    world.server.then_refuse("invalid_grant");
    assert!(ours.redeem(world.acme.redemption()).await.is_err());
    for cache in [&ours, &theirs] {
        cache.token().await.unwrap();
    }
    pass(4 * MINUTE).await;
    for cache in [&ours, &theirs] {
        cache.token().await.unwrap();
    }
    assert_eq!(
        world.server.count("/refresh"),
        1,
        "the other may still bring its token"
    );
    pass(2 * MINUTE).await;
    assert_eq!(world.server.count("/refresh"), 2);
}

// FAULTS.md row 60
#[tokio::test(start_paused = true)]
async fn a_redeemed_token_whose_commit_failed_is_not_written_over_the_tombstone() {
    for ours in [true, false] {
        let world = World::of(Acme::single_use());
        let (cache, (other, _)) = (world.stranger(), world.other());
        world.store.ails([Op::Commit], &Ailment::Dead);
        cache.redeem(world.acme.redemption()).await.unwrap();
        world.store.ails([Op::Commit], &Ailment::Dead);
        let logged_out = match ours {
            true => cache.logout().await,
            false => other.logout().await,
        };
        logged_out.map(drop).unwrap();
        world.store.heals();
        pass(10 * MINUTE).await;
        let kept = world.kept().await;
        assert!(
            kept.tombstoned && kept.record.is_none(),
            "logged out by {ours}"
        );
        assert!(cache.current().is_none());
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
}

// FAULTS.md row 60
#[tokio::test(start_paused = true)]
async fn a_logout_empties_the_fallback_store() {
    let (world, fallback) = (World::of(Acme::single_use()), MemoryStore::new());
    let build = |store| {
        world
            .process(&store)
            .initial_token(world.server.grant())
            .fallback_store(fallback.clone())
            .build()
            .unwrap()
    };
    let cache = build(world.store.clone());
    world.store.ails([Op::Commit], &Ailment::Dead);
    let token = (*cache.token().await.unwrap()).clone();
    let entry = fallback.load(&world.acme.key()).await.unwrap();
    assert!(entry.record.is_some());
    _ = cache.logout().await.unwrap();
    assert_eq!(revoked(&world), [token.refresh().unwrap().expose()]);
    let next = build(world.store.sibling());
    pass(MINUTE).await;
    assert_eq!(next.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert!(world.kept().await.record.is_none());
}

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn a_logout_between_a_commit_and_its_acknowledgement_publishes_nothing() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let gate = Gate::closed();
    world.store.ails([Op::Commit], &Ailment::Late(gate.clone()));
    cache.token().await.unwrap();
    gate.reached().await;
    world.store.heals();
    let newest = world.server.living_refresh();
    _ = cache.logout().await.unwrap();
    gate.open();
    for _ in 0..50 {
        assert!(cache.current().is_none());
        assert!(cache.token().await.is_err());
        pass(MINUTE).await;
    }
    assert!(
        revoked(&world).contains(&newest),
        "the committed one, which the store gave back"
    );
}

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn a_logout_while_a_load_is_on_its_way_publishes_nothing() {
    for op in [Op::Load, Op::Acquire] {
        let world = World::of(Acme::single_use());
        let owner = world.owner();
        owner.token().await.unwrap();
        let next = world.stranger();
        let gate = Gate::closed();
        world.store.ails([op], &Ailment::Late(gate.clone()));
        let asking = tokio::spawn({
            let next = next.clone();
            async move { next.token().await.map(drop) }
        });
        if op == Op::Load {
            // The lease cannot be had, so the store is only read.
            world.store.ails([Op::Acquire], &Ailment::Dead);
        }
        gate.reached().await;
        _ = next.logout().await.unwrap();
        world.store.heals();
        gate.open();
        assert!(asking.await.unwrap().is_err(), "{op:?}");
        assert!(next.current().is_none(), "{op:?}");
    }
}

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn what_a_failing_logout_withheld_is_published_when_it_has_failed_and_nothing_is_spent_meanwhile()
 {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let gate = world.server.then_hold(Stage::AfterActing);
    cache.token().await.unwrap();
    gate.reached().await;
    world.store.ails([Op::Bury], &Ailment::Hangs);
    let logging_out = tokio::spawn({
        let cache = cache.clone();
        async move { cache.logout().await.map(drop) }
    });
    pass(SECOND).await;
    gate.open();
    pass(SECOND).await;
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    // Still the first: nothing is published once a logout has begun. Its refresh token was spent.
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(1)
    );
    pass(SECOND).await;
    assert_eq!(
        logging_out.await.unwrap().unwrap_err().kind(),
        ErrorKind::Store
    );
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    assert_eq!(
        (world.server.count("/refresh"), world.server.reused()),
        (2, 0)
    );
}

// FAULTS.md row 63
#[test]
fn a_logout_that_breaks_off_with_its_runtime_withholds_nothing_for_ever() {
    let given = tokio::runtime::Runtime::new().unwrap();
    let world = World::of(Acme::single_use());
    let cache = world
        .process(&world.store)
        .runtime(given.handle().clone())
        .initial_token(world.server.grant())
        .build()
        .unwrap();
    let own = tokio::runtime::Runtime::new().unwrap();
    own.block_on(async { cache.token().await.map(drop) })
        .unwrap();
    let gate = Gate::closed();
    world.store.ails([Op::Bury], &Ailment::Hangs);
    world.store.ails([Op::Commit], &Ailment::Late(gate.clone()));
    let logging_out = own.spawn({
        let cache = cache.clone();
        async move { cache.logout().await.map(drop) }
    });
    // The logout has begun when it asks for the tombstone.
    while !world.store.log().contains(&Op::Bury) {
        std::thread::yield_now();
    }
    drop(given);
    assert!(own.block_on(logging_out).unwrap().is_err());
    world.store.heals();
    gate.open();
    let generation = cache.current().unwrap().generation();
    let next = own.block_on(async {
        cache
            .refresh_if(generation)
            .await
            .map(|token| token.generation())
    });
    assert_eq!(next.unwrap(), generation.next());
}

// FAULTS.md rows 61 and 68
#[tokio::test(start_paused = true)]
async fn a_tombstone_that_can_be_read_ends_the_serving_though_the_store_cannot_be_written() {
    for acme in [Acme::single_use(), Acme::single_use().and_login()] {
        let world = World::of(acme);
        world.owner().token().await.unwrap();
        let store = world.store.sibling();
        let cache = world.process(&store).build().unwrap();
        cache.token().await.unwrap();
        pass(50 * MINUTE).await;
        _ = world.owner().logout().await.unwrap();
        store.ails([Op::Acquire, Op::Intend, Op::Commit], &Ailment::Dead);
        cache.token().await.unwrap();
        pass(SECOND / 4).await;
        assert!(cache.current().is_none());
    }
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn a_login_whose_lease_came_before_the_tombstone_does_not_replace_it() {
    let world = World::of(Acme::with(Rotation::Idempotent).and_login());
    let cache = world.stranger();
    let gate = Gate::closed();
    world
        .store
        .ails([Op::Acquire], &Ailment::Late(gate.clone()));
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token_within(SECOND).await.map(drop) }
    });
    gate.reached().await;
    let other = world.process(&world.store.sibling()).build().unwrap();
    _ = other.logout().await.unwrap();
    assert!(asking.await.unwrap().is_err());
    world.store.heals();
    gate.open();
    pass(SECOND / 4).await;
    assert!(world.kept().await.tombstoned);
}

// FAULTS.md row 9
#[tokio::test(start_paused = true)]
async fn a_tombstone_that_is_gone_again_gives_the_grant_back() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let record = world.kept().await.record.unwrap();
    let (memory, key) = (world.store.memory(), world.acme.key());
    memory.tombstone(&key).await.unwrap();
    cache.token().await.unwrap();
    pass(SECOND).await;
    assert!(cache.token().await.is_err());
    // No replica had it, so the store took it back.
    let overwrite = token_core::store::CommitCondition::Overwrite;
    memory.commit(&key, &overwrite, &record).await.unwrap();
    pass(2 * SECOND).await;
    let token = cache.token().await.unwrap();
    assert!(world.server.accepts(token.access()));
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_new_process_that_logs_out_revokes_what_the_store_has() {
    let world = World::of(Acme::single_use());
    world.owner().token().await.unwrap();
    let newest = world.server.living_refresh();
    assert!(matches!(
        world.stranger().logout().await.unwrap(),
        LoggedOut::Revoked
    ));
    assert_eq!(revoked(&world), [newest]);
    assert!(world.server.is_dead());
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_logout_revokes_the_token_that_another_process_has_refreshed_since() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    pass(50 * MINUTE).await;
    theirs.token().await.unwrap();
    pass(SECOND).await;
    _ = ours.logout().await.unwrap();
    assert_eq!(revoked(&world), [world.server.living_refresh()]);
    assert!(world.server.is_dead());
}

// FAULTS.md row 62
#[tokio::test(start_paused = true)]
async fn a_logout_before_the_first_flight_ends_the_initial_token_too() {
    let world = World::of(Acme::single_use());
    let (cache, (other, _)) = (world.owner(), world.other());
    _ = cache.logout().await.unwrap();
    assert_eq!(revoked(&world), ["acme-refresh-0"]);
    for cache in [cache, other] {
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
    assert_eq!(world.server.count("/refresh"), 0);
}

// FAULTS.md row 63
#[tokio::test(start_paused = true)]
async fn a_logout_whose_caller_goes_away_is_finished_all_the_same() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    let gate = Gate::closed();
    world.store.ails([Op::Bury], &Ailment::Late(gate.clone()));
    let logging_out = tokio::spawn({
        let cache = cache.clone();
        async move { cache.logout().await.map(drop) }
    });
    gate.reached().await;
    logging_out.abort();
    gate.open();
    pass(SECOND).await;
    assert!(cache.current().is_none());
    assert!(world.server.is_dead(), "it was revoked");
}

// FAULTS.md row 99 and scenario 14
#[tokio::test(start_paused = true)]
async fn a_failing_revocation_is_told_and_ends_the_grant_all_the_same() {
    for (fault, status) in [
        (Fault::Answer(404, &[], "{}".into()), Some(404)),
        (Fault::Answer(500, &[], "{}".into()), Some(500)),
        (Fault::Unsent(SendFailure::Connect), None),
        (Fault::Lost(Stage::BeforeActing), None),
    ] {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        cache.token().await.unwrap();
        let mut events = cache.events();
        let before = world.server.arrived().len();
        world.server.then([fault.clone()]);
        let LoggedOut::NotRevoked { error } = cache.logout().await.unwrap() else {
            panic!("{fault:?} is told as revoked");
        };
        assert_eq!(error.status().map(|status| status.as_u16()), status);
        assert!(world.server.arrived().len() <= before + 1, "asked once");
        assert!(cache.token().await.is_err() && world.kept().await.tombstoned);
        let told = told(&mut events).await;
        let is_told = |event: &&Event| matches!(event, Event::NotRevoked { .. });
        assert_eq!(told.iter().filter(is_told).count(), 1, "{told:?}");
    }
}

// FAULTS.md row 99
#[tokio::test(start_paused = true)]
async fn a_logout_says_what_there_was_to_revoke() {
    let world = World::of(Acme::single_use());
    let stranger = world.stranger();
    assert!(matches!(
        stranger.logout().await.unwrap(),
        LoggedOut::NothingToRevoke
    ));
}

/// A cache of an endpoint with a repeatable login that has logged out.
async fn logged_out(world: &World) -> TokenCache {
    let cache = world.stranger();
    cache.token().await.unwrap();
    _ = cache.logout().await.unwrap();
    cache
}

// FAULTS.md row 106 and scenario 1
#[tokio::test(start_paused = true)]
async fn after_a_logout_the_next_call_a_later_one_and_a_new_process_log_in_again() {
    for later in [Duration::ZERO, 10 * MINUTE] {
        for same_process in [true, false] {
            let world = World::of(Acme::single_use().and_login());
            let cache = logged_out(&world).await;
            pass(later).await;
            assert!(cache.current().is_none());
            let cache = if same_process {
                cache
            } else {
                world.stranger()
            };
            let token = cache.token().await.unwrap();
            assert!(world.server.accepts(token.access()));
            assert_eq!(token.generation(), Generation::new(2));
            let kept = world.kept().await;
            assert!(!kept.tombstoned && kept.record.is_some());
        }
    }
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn after_a_logout_a_process_with_a_live_token_of_before_logs_in_when_it_meets_the_tombstone()
{
    let world = World::of(Acme::single_use().and_login());
    let (ours, theirs) = (
        world.stranger(),
        world.process(&world.store.sibling()).build().unwrap(),
    );
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    _ = ours.logout().await.unwrap();
    pass(50 * MINUTE).await;
    theirs.token().await.unwrap();
    pass(SECOND).await;
    assert!(world.server.accepts(theirs.token().await.unwrap().access()));
    assert_eq!(world.server.reused(), 0);
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn keep_fresh_never_logs_in_over_a_tombstone_and_finds_a_new_grant() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.stranger();
    cache.token().await.unwrap();
    let _watching = cache.keep_fresh();
    _ = cache.logout().await.unwrap();
    world.store.log();
    pass(30 * MINUTE).await;
    assert_eq!(world.server.count("/login"), 1);
    let looks = world.store.log().len();
    assert!((60..=240).contains(&looks), "{looks} looks in half an hour");
    let newcomer = world.process(&world.store.sibling()).build().unwrap();
    newcomer.token().await.unwrap();
    pass(MINUTE).await;
    assert!(
        cache
            .current()
            .unwrap()
            .same_secrets_as(&newcomer.current().unwrap())
    );
}

// FAULTS.md row 106
#[tokio::test(start_paused = true)]
async fn a_late_login_stays_barred_by_a_tombstone_that_came_after_its_intent() {
    let world = World::of(Acme::with(Rotation::Idempotent).and_login());
    let cache = world.stranger();
    let gate = world.server.then_hold(Stage::AfterActing);
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token_within(SECOND).await.map(drop) }
    });
    gate.reached().await;
    let other = world.process(&world.store.sibling()).build().unwrap();
    _ = other.logout().await.unwrap();
    assert!(asking.await.unwrap().is_err());
    gate.open();
    pass(SECOND / 4).await;
    assert!(world.kept().await.tombstoned, "the late login is barred");
}

// FAULTS.md rows 61 and 106
#[tokio::test(start_paused = true)]
async fn a_flight_that_began_before_the_logout_starts_no_new_grant() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.stranger();
    cache.token().await.unwrap();
    pass(61 * MINUTE).await;
    let gate = Gate::closed();
    world
        .store
        .ails([Op::Acquire], &Ailment::Late(gate.clone()));
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token_within(Duration::from_millis(1)).await.map(drop) }
    });
    gate.reached().await;
    world.store.heals();
    assert!(asking.await.unwrap().is_err());
    _ = cache.logout().await.unwrap();
    let logins = world.server.count("/login");
    gate.open();
    pass(SECOND).await;
    assert_eq!(world.server.count("/login"), logins);
    assert!(world.kept().await.tombstoned);
    assert!(
        cache.token().await.is_ok(),
        "who asks after it gets a new grant"
    );
}
