//! The end of a grant, and what was under way then.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation};

use crate::acme::{Acme, Ailment, Gate, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_logout_that_races_an_exchange_wins_and_the_late_token_is_offered_for_revocation() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let gate = world.server.then_hold(Stage::AfterActing);
    cache.token().await.unwrap();
    gate.reached().await;
    _ = cache.logout().await.unwrap();
    assert!(cache.current().is_none());
    let late = world.server.living_refresh();
    gate.open();
    pass(MINUTE).await;
    let kept = world.kept().await;
    assert!(kept.tombstoned && kept.record.is_none());
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert!(
        world
            .server
            .arrived()
            .iter()
            .any(|one| one.path == "/revoke" && one.presented == late)
    );
    assert!(world.server.is_dead());
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_token_whose_writing_meets_a_tombstone_is_offered_for_revocation_and_served_no_more() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    world.store.ails([Op::Commit], &Ailment::Dead);
    ours.token().await.unwrap();
    _ = theirs.logout().await.unwrap();
    world.store.heals();
    pass(MINUTE).await;
    assert!(ours.current().is_none());
    assert!(world.server.is_dead(), "it was revoked");
    assert!(world.kept().await.tombstoned);
}

// FAULTS.md rows 37 and 41
#[tokio::test(start_paused = true)]
async fn a_lost_record_is_not_restored_over_a_tombstone() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    pass(50 * MINUTE).await;
    world.store.loses_everything();
    let gate = Gate::closed();
    world.store.ails([Op::Commit], &Ailment::Late(gate.clone()));
    ours.token().await.unwrap();
    gate.reached().await;
    // Between the answer that nothing is there and the second write.
    _ = theirs.logout().await.unwrap();
    gate.open();
    pass(MINUTE).await;
    assert!(world.kept().await.tombstoned && ours.current().is_none());
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_holder_that_met_a_tombstone_finds_the_grant_that_was_begun_anew_elsewhere() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    for _ in 0..3 {
        ours.token().await.unwrap();
        pass(50 * MINUTE).await;
    }
    _ = theirs.logout().await.unwrap();
    ours.token().await.unwrap();
    pass(MINUTE).await;
    assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let newcomer = world.stranger();
    newcomer.redeem(world.acme.redemption()).await.unwrap();
    pass(6 * MINUTE).await;
    assert!(
        ours.token()
            .await
            .unwrap()
            .same_secrets_as(&newcomer.token().await.unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    world.store.ails([Op::Bury], &Ailment::Dead);
    assert_eq!(cache.logout().await.unwrap_err().kind(), ErrorKind::Store);
    assert!(cache.token().await.is_ok() && world.server.count("/revoke") == 0);
}

// FAULTS.md row 9
#[tokio::test(start_paused = true)]
async fn a_logout_that_cannot_be_written_leaves_the_initial_token_to_the_next_caller() {
    for ailment in [Ailment::Dead, Ailment::Hangs] {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        world.store.ails([Op::Commit, Op::Bury], &ailment);
        assert_eq!(cache.logout().await.unwrap_err().kind(), ErrorKind::Store);
        world.store.heals();
        let token = cache.token().await.unwrap();
        assert!(world.server.accepts(token.access()), "{ailment:?}");
    }
}

// FAULTS.md row 37
#[tokio::test(start_paused = true)]
async fn a_holder_that_missed_a_logout_and_the_new_login_adopts_it_and_spends_nothing() {
    for logouts in [1, 2] {
        let world = World::of(Acme::single_use());
        let (ours, (theirs, _)) = (world.owner(), world.other());
        refreshed_three_times(&ours).await;
        for _ in 0..logouts {
            _ = theirs.logout().await.unwrap();
        }
        let newcomer = newcomer(&world).await;
        ours.token().await.unwrap();
        pass(MINUTE).await;
        let (found, begun) = (ours.current().unwrap(), newcomer.current().unwrap());
        assert_eq!(
            world.server.count("/refresh"),
            3,
            "the old grant's token was spent"
        );
        assert!(
            found.same_secrets_as(&begun),
            "{found:?} after {logouts} logouts"
        );
        assert_eq!(begun.generation(), Generation::new(4));
    }
}

/// The vendor took the old grant's token before the logout, and its answer comes after the new
/// login.
// FAULTS.md rows 10 and 37
#[tokio::test(start_paused = true)]
async fn a_late_commit_of_the_old_grant_is_a_spare_and_does_not_replace_the_new_login() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    refreshed_three_times(&ours).await;
    let gate = world.server.then_hold(Stage::AfterActing);
    world.store.ails([Op::Renew], &Ailment::Dead);
    ours.token().await.unwrap();
    gate.reached().await;
    _ = theirs.logout().await.unwrap();
    // The lease of who hangs in the exchange is over by then.
    pass(MINUTE).await;
    let newcomer = newcomer(&world).await;
    let mut events = ours.events();
    world.store.heals();
    gate.open();
    pass(MINUTE).await;
    let begun = newcomer.current().unwrap();
    let kept = world.stranger().token().await.unwrap();
    assert!(kept.same_secrets_as(&begun), "the store has {kept:?}");
    assert!(ours.current().unwrap().same_secrets_as(&begun));
    let told = told(&mut events).await;
    assert!(
        matches!(told[..], [Event::Superseded { generation }, Event::Refreshed { .. }] if generation == Generation::new(4)),
        "{told:?}"
    );
}

/// The holder was refreshed to generation 3, and is due again.
async fn refreshed_three_times(cache: &TokenCache) {
    for _ in 0..3 {
        cache.token().await.unwrap();
        pass(50 * MINUTE).await;
    }
}

/// A process that knows nothing of what was, and logs in anew.
async fn newcomer(world: &World) -> TokenCache {
    let newcomer = world.process(&world.store.sibling()).build().unwrap();
    newcomer.redeem(world.acme.redemption()).await.unwrap();
    newcomer
}
