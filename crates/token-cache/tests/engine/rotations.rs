//! A rotation is never thrown away, and a refresh token that may have been spent is not sent again
//! too early.

use std::time::Duration;

use token_cache::{Drained, Event, TokenCache};
use token_core::reexports::http::StatusCode;
use token_core::{ErrorKind, Generation, Rotation, SendFailure};
use tokio::time::Instant;

use crate::acme::{Acme, Ailment, Fault, IMPATIENT, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn answers(body: &str) -> Fault {
    Fault::Answer(200, &[], body.to_owned())
}

fn presented(world: &World) -> Vec<String> {
    let refreshes = world.server.arrived().into_iter();
    refreshes
        .filter(|arrived| arrived.path == "/refresh")
        .map(|arrived| arrived.presented)
        .collect()
}

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_comes_alone_is_kept_beside_the_live_access_token_and_spent_next() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let first = (*cache.current().unwrap()).clone();
    let mut events = cache.events();
    world.server.then([answers(r#"{"refresh":"alone-2"}"#)]);
    cache.token().await.unwrap();
    pass(SECOND / 4).await;
    let kept = cache.current().unwrap();
    assert!(
        kept.access().same_as(first.access()),
        "the old access token is served"
    );
    assert_eq!(kept.validity().expires_at(), first.validity().expires_at());
    assert_eq!(kept.refresh().unwrap().expose(), "alone-2");
    assert_eq!(kept.generation(), Generation::new(2));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    assert!(world.kept().await.intent.is_none(), "nothing is in doubt");
    let told = told(&mut events).await;
    assert!(
        told.iter()
            .any(|event| matches!(event, Event::Failed { .. })),
        "{told:?}"
    );

    world
        .server
        .then([answers(r#"{"token":"A3","refresh":"R3","ttl":3600}"#)]);
    pass(2 * SECOND).await;
    cache.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(cache.current().unwrap().access().expose(), "A3");
    assert_eq!(
        presented(&world)[1..],
        ["acme-refresh-1", "alone-2"],
        "the old one is never sent again"
    );
}

// FAULTS.md rows 49 and 71
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_comes_alone_is_kept_beside_no_access_token_where_the_old_one_is_gone()
{
    let over = async || {
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        pass(11 * MINUTE).await;
        (world, cache)
    };
    let ended = async || {
        let world = World::of(Acme::single_use().and_ends_old_token());
        let cache = world.due_owner().await;
        (world, cache)
    };
    for (world, cache) in [over().await, ended().await] {
        world.server.then([
            answers(r#"{"refresh":"alone-2"}"#),
            answers(r#"{"token":"A3","refresh":"R3","ttl":3600}"#),
        ]);
        assert!(cache.token_within(IMPATIENT).await.is_err());
        assert!(cache.current().is_none());
        assert_eq!(
            world.kept().await.record.unwrap().generation,
            Generation::new(2)
        );
        let (next, _) = world.other();
        assert_eq!(next.token().await.unwrap().access().expose(), "A3");
        assert_eq!(presented(&world)[1..], ["acme-refresh-1", "alone-2"]);
    }
}

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_redemption_that_brings_a_refresh_token_alone_begins_the_grant() {
    let world = World::of(Acme::single_use());
    let cache = world.stranger();
    world.server.then([
        answers(r#"{"refresh":"alone-1"}"#),
        answers(r#"{"token":"A2","refresh":"R2","ttl":3600}"#),
    ]);
    assert!(cache.redeem(world.acme.redemption()).await.is_err());
    assert_eq!(cache.token().await.unwrap().access().expose(), "A2");
    assert_eq!(world.server.count("/redeem"), 1);
    assert_eq!(presented(&world), ["alone-1"]);
}

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn what_is_odd_in_an_accepted_answer_is_told() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let mut events = cache.events();
    world.server.then([answers(
        r#"{"token":"A1","refresh":"R1","ttl":3600,"surprise":true}"#,
    )]);
    cache.token().await.unwrap();
    let told = told(&mut events).await;
    let is_odd = |event: &Event| match event {
        Event::OddAnswer { generation, what } => {
            *generation == Generation::new(1) && what.len() == 1
        }
        _ => false,
    };
    assert_eq!(
        told.iter().filter(|event| is_odd(event)).count(),
        1,
        "{told:?}"
    );
}

/// What leaves a single-use refresh in doubt.
fn unreadable() -> Vec<Fault> {
    let page = "<html>captive portal</html>";
    [
        (200, page),
        (200, ""),
        (200, r#"{"token":"A2"}{"#),
        (200, r#"{"token":1,"token":2}"#),
    ]
    .into_iter()
    .chain([(408, "{}"), (502, page), (504, "")])
    .map(|(status, body)| Fault::Answer(status, &[], body.to_owned()))
    .collect()
}

// FAULTS.md row 50
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_leaves_the_intent_and_no_other_host_spends_the_token() {
    for fault in unreadable() {
        let world = World::of(Acme::single_use());
        let (ours, (theirs, _)) = (world.owner(), world.other());
        ours.token().await.unwrap();
        theirs.token().await.unwrap();
        pass(50 * MINUTE).await;
        world.server.then([fault.clone()]);
        ours.token().await.unwrap();
        pass(SECOND / 4).await;
        assert!(world.kept().await.intent.is_some(), "{fault:?}");
        theirs.token().await.unwrap();
        pass(4 * MINUTE).await;
        assert_eq!(world.server.count("/refresh"), 2, "{fault:?}");
    }
}

// FAULTS.md row 50
#[tokio::test(start_paused = true)]
async fn a_server_that_is_closed_or_busy_refuses_and_leaves_no_doubt() {
    for status in [503, 429, 500] {
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        world.server.then([Fault::Answer(status, &[], "{}".into())]);
        cache.token().await.unwrap();
        pass(SECOND / 4).await;
        assert!(world.kept().await.intent.is_none(), "{status}");
        pass(2 * SECOND).await;
        cache.token().await.unwrap();
        pass(SECOND).await;
        assert_eq!(
            cache.current().unwrap().generation(),
            Generation::new(2),
            "{status}"
        );
    }
}

/// When the second attempt came after the first, of a token that lived for `left` then.
async fn second_attempt_after(rotation: Rotation, left: Duration, fault: Fault) -> Duration {
    let world = World::of(Acme::with(rotation));
    let cache = world.due_owner().await;
    pass(10 * MINUTE - left).await;
    let before = world.server.arrived().len();
    world.server.then([fault]);
    let until = Instant::now() + 8 * MINUTE;
    while Instant::now() < until && world.server.arrived().len() < before + 2 {
        _ = cache.token_within(IMPATIENT).await;
        pass(SECOND).await;
    }
    let attempts = &world.server.arrived()[before..];
    attempts[1].at - attempts[0].at
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_token_of_ours_that_may_have_been_spent_rests_while_the_access_token_lives() {
    let lost = || Fault::Lost(Stage::BeforeActing);
    let rested = second_attempt_after(Rotation::SingleUse, 10 * MINUTE, lost()).await;
    assert!((300..=303).contains(&rested.as_secs()), "{rested:?}");
    let until_its_end = second_attempt_after(Rotation::SingleUse, 2 * MINUTE, lost()).await;
    assert!(
        (119..=123).contains(&until_its_end.as_secs()),
        "{until_its_end:?}"
    );
    let without = second_attempt_after(Rotation::SingleUse, Duration::ZERO, lost()).await;
    assert!((15..=18).contains(&without.as_secs()), "{without:?}");
    for fault in [Fault::Cut, Fault::Answer(502, &[], "<html>".into())] {
        let rested = second_attempt_after(Rotation::SingleUse, 10 * MINUTE, fault).await;
        assert!((300..=303).contains(&rested.as_secs()), "{rested:?}");
    }
    let grace = Rotation::Grace(2 * MINUTE);
    let in_its_window =
        second_attempt_after(grace, 10 * MINUTE, Fault::Answer(502, &[], "<html>".into()));
    assert!(in_its_window.await.as_secs() <= 3);
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_refused_access_token_shortens_the_rest() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.then([Fault::Lost(Stage::BeforeActing)]);
    let sent = Instant::now();
    let token = (*cache.token().await.unwrap()).clone();
    pass(2 * SECOND).await;
    cache.invalidate(&token);
    let next = cache.token().await.unwrap();
    assert_eq!(next.generation(), Generation::new(2));
    assert_eq!(sent.elapsed(), 15 * SECOND);
}

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_refresh_of_two_steps_counts_as_sent_once_the_first_was() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.then([
        answers(r#"{"next":"ticket-0123456789"}"#),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(2 * MINUTE).await;
    assert_eq!(world.server.count("/refresh"), 2, "it was not sent again");
    assert!(world.kept().await.intent.is_some());
    let told = told(&mut events).await;
    let is_doubt = |event: &Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::InDoubt);
    assert!(told.iter().any(is_doubt), "{told:?}");
}

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_second_step_that_only_the_vendors_own_refusal_makes_certain() {
    let unclear = [(503, "{}"), (200, "<html>"), (404, "not here")];
    let refused = [(400, r#"{"error":"busy","message":"no"}"#)];
    for ((status, body), is_doubt) in unclear
        .map(|one| (one, true))
        .into_iter()
        .chain(refused.map(|one| (one, false)))
    {
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        world.server.then([
            answers(r#"{"next":"ticket-0123456789"}"#),
            Fault::Answer(status, &[], body.into()),
        ]);
        cache.token().await.unwrap();
        pass(SECOND / 4).await;
        assert_eq!(world.kept().await.intent.is_some(), is_doubt, "{status}");
    }
}

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_redemption_of_two_steps_counts_as_sent_once_the_first_was() {
    let world = World::of(Acme::single_use());
    let cache = world.stranger();
    world.server.then([
        answers(r#"{"next":"ticket-0123456789"}"#),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let error = cache.redeem(world.acme.redemption()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    assert_eq!(world.server.arrived().len(), 1);
}

// FAULTS.md row 80
#[tokio::test(start_paused = true)]
async fn a_later_step_that_echoes_a_secret_of_an_earlier_one_is_scrubbed() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.due_owner().await;
    let (refresh, ticket) = (world.server.living_refresh(), "ticket-0123456789");
    let held = cache.current().unwrap().access().expose().to_owned();
    let echo = format!(r#"{{"error":"busy","message":"no {refresh} {ticket} {held}"}}"#);
    world.server.then([
        answers(&format!(r#"{{"next":"{ticket}"}}"#)),
        Fault::Answer(400, &[], echo),
    ]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(SECOND / 4).await;
    let shown = format!("{:?}", told(&mut events).await);
    assert!(shown.contains("busy"), "{shown}");
    for secret in [&refresh, &ticket.to_owned(), &held] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}

// FAULTS.md row 80
#[tokio::test(start_paused = true)]
async fn a_login_after_a_refused_refresh_that_echoes_the_token_in_hand_is_scrubbed() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.due_owner().await;
    let (refresh, held) = (
        world.server.living_refresh(),
        cache.current().unwrap().access().expose().to_owned(),
    );
    world.server.then_refuse("invalid_grant");
    let echo = format!(r#"{{"error":"busy","message":"no {refresh} {held}"}}"#);
    world.server.then([Fault::Answer(400, &[], echo)]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(SECOND / 4).await;
    let shown = format!("{:?}", told(&mut events).await);
    assert!(shown.contains("busy"), "{shown}");
    assert!(
        !shown.contains(&refresh) && !shown.contains(&held),
        "{shown}"
    );
}

// FAULTS.md row 55
#[tokio::test(start_paused = true)]
async fn an_unwritten_token_is_not_taken_for_its_parent_where_the_refresh_token_stays() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    let cache = world.due_owner().await;
    // Generation 2 is being written again when generation 3 comes: they have one refresh token.
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(SECOND).await;
    let gate = crate::acme::Gate::closed();
    world.store.ails([Op::Commit], &Ailment::Late(gate.clone()));
    let draining = tokio::spawn({
        let cache = cache.clone();
        async move { cache.drain(10 * MINUTE).await }
    });
    gate.reached().await;
    world.store.ails([Op::Commit, Op::Acquire], &Ailment::Dead);
    another(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(3));
    world.store.heals();
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained::Settled);
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(3)
    );
}

/// An exchange although the store is away.
async fn another(cache: &TokenCache) {
    let generation = cache.current().unwrap().generation();
    while cache.current().unwrap().generation() == generation {
        _ = cache.refresh_if(generation).await;
        pass(SECOND).await;
    }
}

// FAULTS.md row 56
#[tokio::test(start_paused = true)]
async fn a_commit_with_a_kept_refresh_token_leaves_no_intent_and_no_process_waits_for_a_doubt() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.then([Fault::NoRefresh]);
    cache.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    assert!(world.kept().await.intent.is_none());
    // The token is over: a new process refreshes at once.
    pass(70 * MINUTE).await;
    let (next, _) = world.other();
    let began = Instant::now();
    next.token().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn an_older_expired_token_of_a_store_that_was_set_back_does_not_replace_a_live_one() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    let backup = world.kept().await.record.unwrap();
    pass(50 * MINUTE).await;
    cache.token().await.unwrap();
    pass(50 * MINUTE).await;
    // The verdict: the grant is dead, while the access token lives.
    world.server.kill_grant();
    cache.token().await.unwrap();
    pass(SECOND).await;
    let live = (*cache.current().unwrap()).clone();
    let overwrite = token_core::store::CommitCondition::Overwrite;
    let (memory, key) = (
        world.store.memory(),
        token_core::TokenEndpoint::key(&world.acme),
    );
    token_core::TokenStore::commit(&memory, &key, &overwrite, &backup)
        .await
        .unwrap();
    let requests = world.server.arrived().len();
    for _ in 0..9 {
        assert!(cache.token().await.unwrap().same_secrets_as(&live));
        pass(MINUTE).await;
    }
    assert_eq!(world.server.arrived().len(), requests, "the verdict stands");
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_verdict_though_the_store_offers_an_older_token_that_is_over() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    let backup = world.kept().await.record.unwrap();
    pass(50 * MINUTE).await;
    cache.token().await.unwrap();
    pass(50 * MINUTE).await;
    let overwrite = token_core::store::CommitCondition::Overwrite;
    let (memory, key) = (
        world.store.memory(),
        token_core::TokenEndpoint::key(&world.acme),
    );
    token_core::TokenStore::commit(&memory, &key, &overwrite, &backup)
        .await
        .unwrap();
    world.server.kill_grant();
    let requests = world.server.arrived().len();
    for _ in 0..60 {
        cache.token().await.unwrap();
        pass(SECOND).await;
    }
    assert_eq!(world.server.arrived().len(), requests + 1);
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn a_newer_token_that_is_over_gives_its_refresh_token_and_leaves_the_live_access_token() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    pass(46 * MINUTE).await;
    world.server.life(MINUTE);
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    pass(2 * MINUTE).await;
    world.server.life(60 * MINUTE);
    // Theirs is over, ours lives for a few minutes; its refresh token was spent.
    world.store.ails([Op::Intend], &Ailment::Dead);
    assert!(world.server.accepts(ours.token().await.unwrap().access()));
    pass(SECOND).await;
    assert!(world.server.accepts(ours.token().await.unwrap().access()));
    world.store.heals();
    pass(MINUTE).await;
    ours.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(3));
    assert_eq!(world.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_in_the_error_of_an_answer() {
    let world = World::of(Acme::single_use());
    world.server.then([Fault::Answer(503, &[], "{}".into())]);
    let error = world.owner().token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert!(
        error.key().is_some() && error.path() == Some("/v1/refresh"),
        "{error}"
    );
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_forgotten_where_the_repetition_is_answered_by_a_busy_server() {
    let world = World::of(Acme::with(Rotation::Grace(SECOND * 30)));
    let cache = world.due_owner().await;
    let mut events = cache.events();
    world.server.then([
        Fault::Lost(Stage::BeforeActing),
        Fault::Answer(503, &[], "{}".into()),
    ]);
    cache.token().await.unwrap();
    pass(SECOND / 4).await;
    assert!(world.kept().await.intent.is_some());
    let told = told(&mut events).await;
    let is_doubt = |event: &Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::InDoubt);
    assert!(told.iter().any(is_doubt), "{told:?}");
}

// FAULTS.md row 56
#[tokio::test(start_paused = true)]
async fn a_repeated_pair_of_tokens_leaves_no_intent() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.then([Fault::Same]);
    cache.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(1));
    assert!(world.kept().await.intent.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_with_its_callers_time_and_leaves_no_task() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(SECOND).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    for _ in 0..10 {
        assert_eq!(cache.drain(SECOND).await, Drained::Unsettled);
    }
    pass(SECOND).await;
    assert!(tasks() <= before, "{} tasks, {before} before", tasks());
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_grace_counts_from_the_first_send_and_not_from_the_timeout() {
    let world = World::of(Acme::with(Rotation::Grace(SECOND * 30)));
    let cache = world.due_owner().await;
    // The first answer never comes: 20 seconds of the window are over when the exchange is given
    // up.
    let gate = world.server.then_hold(Stage::AfterActing);
    world
        .server
        .outage(Fault::Answer(502, &[], "<html>".into()));
    let sent = Instant::now();
    while sent.elapsed() < 4 * MINUTE {
        cache.token().await.unwrap();
        pass(SECOND).await;
    }
    let late = world.server.arrived().into_iter().filter(|one| {
        let after = one.at.saturating_duration_since(sent);
        one.path == "/refresh" && after > SECOND * 31
    });
    assert_eq!(late.count(), 0, "outside of its window it rests");
    drop(gate);
}
