//! No secret in anything that can be printed.

use std::time::Duration;

use token_core::{Secret, Token, Validity};

use crate::acme::{API_KEY, Acme, Ailment, CODE, Fault, IMPATIENT, Op, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

fn assert_silent(world: &World, shown: &str) {
    assert!(!shown.is_empty());
    for secret in [
        API_KEY,
        CODE,
        "acme-access-",
        "acme-refresh-",
        "a-first-secret",
        "a-first-refresh",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(!shown.contains(&world.server.living_refresh()));
}

fn shown(thing: &impl std::fmt::Debug) -> String {
    format!("{thing:?} {thing:#?}")
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_printed_holds_a_secret() {
    let world = World::of(Acme::single_use().and_login());
    let first = Token::builder(Secret::from("a-first-secret"), Validity::expired())
        .refresh(Secret::from("a-first-refresh"))
        .extra("id_token", Secret::from("acme-access-in-an-extra"))
        .build()
        .unwrap();
    let builder = world.process(&world.store).initial_token(first);
    assert_silent(&world, &shown(&builder));
    let cache = builder.build().unwrap();
    let mut events = cache.events();
    assert_silent(&world, &shown(&events));
    let token = cache.token().await.unwrap();
    assert_silent(
        &world,
        &(shown(&token) + &shown(&token.headers()) + &shown(&cache)),
    );
    assert_silent(
        &world,
        &(shown(&world.acme) + &shown(&world.acme.redemption())),
    );
    assert_silent(&world, &shown(&world.kept().await));
    assert_silent(&world, &shown(&world.store.memory()));
    assert_silent(&world, &shown(&cache.keep_fresh()));
    assert_silent(&world, &shown(&told(&mut events).await));
}

// FAULTS.md row 26
#[tokio::test(start_paused = true)]
async fn an_error_text_that_echoes_what_was_sent_or_is_held_is_scrubbed() {
    for code in ["busy", "wrong_client", "E17", "disabled", "invalid_grant"] {
        let echo = |secret: &str| {
            Fault::Answer(
                400,
                &[],
                format!(r#"{{"error":"{code}","message":"no {secret}!"}}"#),
            )
        };
        for secret in ["acme-refresh-1", "acme-access-2"] {
            let world = World::of(Acme::single_use());
            let cache = world.owner();
            cache.token().await.unwrap();
            let mut events = cache.events();
            pass(60 * MINUTE).await;
            world.server.then([echo(secret)]);
            let error = cache.token_within(IMPATIENT).await.unwrap_err();
            assert_silent(&world, &shown(&error));
            assert_silent(&world, &shown(&told(&mut events).await));
        }
        let world = World::of(Acme::single_use());
        let cache = world.stranger();
        let mut events = cache.events();
        world.server.then([echo(CODE)]);
        assert_silent(
            &world,
            &shown(&cache.redeem(world.acme.redemption()).await.unwrap_err()),
        );
        assert_silent(&world, &shown(&told(&mut events).await));

        let world = World::of(Acme::single_use().and_login());
        world.server.then([echo(API_KEY)]);
        let error = world.stranger().token_within(IMPATIENT).await.unwrap_err();
        assert_silent(&world, &(shown(&error) + &error.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stores_errors_hold_no_secret() {
    for op in Op::ALL {
        let world = World::of(Acme::single_use());
        world.store.ails([op], &Ailment::Dead);
        let cache = world.owner();
        let mut events = cache.events();
        let outcome = cache.token().await.map(drop);
        assert_silent(&world, &(shown(&outcome) + &shown(&cache.logout().await)));
        assert_silent(&world, &shown(&told(&mut events).await));
    }
}
