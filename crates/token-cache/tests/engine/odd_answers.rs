//! Answers that are accepted though something in them is odd: the rotation is never thrown away.

use token_cache::Event;
use token_core::Generation;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, SECOND, Setup, advance, ask, received};

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_comes_alone_is_kept_beside_the_live_access_token_and_spent_next() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let first = (*cache.current().unwrap()).clone();
    let mut events = cache.events();
    setup.server.then([Fault::ok(r#"{"refresh":"alone-2"}"#)]);
    cache.token().await.unwrap();
    advance(SECOND / 4).await;
    let kept = cache.current().unwrap();
    assert!(
        kept.access().same_as(first.access()),
        "the old access token is served"
    );
    assert_eq!(kept.validity().expires_at(), first.validity().expires_at());
    assert_eq!(kept.refresh().unwrap().expose(), "alone-2");
    assert_eq!(kept.generation(), Generation::new(2));
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    assert!(setup.stored().await.intent.is_none(), "nothing is in doubt");
    let received = received(&mut events).await;
    assert!(
        received
            .iter()
            .any(|event| matches!(event, Event::Failed { .. })),
        "{received:?}"
    );

    setup
        .server
        .then([Fault::ok(r#"{"token":"A3","refresh":"R3","ttl":3600}"#)]);
    advance(2 * SECOND).await;
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().access().expose(), "A3");
    assert_eq!(
        setup.server.presented("/refresh")[1..],
        ["acme-refresh-1", "alone-2"],
        "the old one is never sent again"
    );
}

// FAULTS.md rows 49 and 71
#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_comes_alone_is_kept_beside_no_access_token_where_the_old_one_is_gone()
{
    let over = async || {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        advance(11 * MINUTE).await;
        (setup, cache)
    };
    let ended = async || {
        let setup = Setup::new(Acme::single_use().and_ends_old_token());
        let cache = setup.due_cache().await;
        (setup, cache)
    };
    for (setup, cache) in [over().await, ended().await] {
        setup.server.then([
            Fault::ok(r#"{"refresh":"alone-2"}"#),
            Fault::ok(r#"{"token":"A3","refresh":"R3","ttl":3600}"#),
        ]);
        assert!(cache.token_within(IMPATIENT).await.is_err());
        assert!(cache.current().is_none());
        assert_eq!(setup.stored_generation().await, Generation::new(2));
        let (next, _) = setup.other_process();
        assert_eq!(next.token().await.unwrap().access().expose(), "A3");
        assert_eq!(
            setup.server.presented("/refresh")[1..],
            ["acme-refresh-1", "alone-2"]
        );
    }
}

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_redemption_that_brings_a_refresh_token_alone_begins_the_grant() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    setup.server.then([
        Fault::ok(r#"{"refresh":"alone-1"}"#),
        Fault::ok(r#"{"token":"A2","refresh":"R2","ttl":3600}"#),
    ]);
    assert!(cache.redeem(setup.acme.redemption()).await.is_err());
    assert_eq!(cache.token().await.unwrap().access().expose(), "A2");
    assert_eq!(setup.server.count("/redeem"), 1);
    assert_eq!(setup.server.presented("/refresh"), ["alone-1"]);
}

// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn what_is_odd_in_an_accepted_answer_is_told() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut events = cache.events();
    setup.server.then([Fault::ok(
        r#"{"token":"A1","refresh":"R1","ttl":3600,"surprise":true}"#,
    )]);
    cache.token().await.unwrap();
    let received = received(&mut events).await;
    let is_odd = |event: &Event| match event {
        Event::OddAnswer { generation, what } => {
            *generation == Generation::new(1) && what.len() == 1
        }
        _ => false,
    };
    assert_eq!(
        received.iter().filter(|event| is_odd(event)).count(),
        1,
        "{received:?}"
    );
}
