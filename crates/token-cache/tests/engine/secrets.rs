//! No secret in anything that can be printed.

use metrics_exporter_prometheus::PrometheusBuilder;
use token_core::{Secret, Token, Validity};
use tracing::Level;

use crate::acme::{API_KEY, Acme, CODE, Fault, IMPATIENT, MINUTE, Op, Setup, advance, received};
use crate::program_log::Log;

fn assert_silent(setup: &Setup, shown: &str) {
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
    assert!(!shown.contains(&setup.server.current_refresh_token()));
}

fn shown(thing: &impl std::fmt::Debug) -> String {
    format!("{thing:?} {thing:#?}")
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_printed_holds_a_secret() {
    let setup = Setup::new(Acme::single_use().and_login());
    let first = Token::builder(Secret::from("a-first-secret"), Validity::expired())
        .refresh(Secret::from("a-first-refresh"))
        .extra("id_token", Secret::from("acme-access-in-an-extra"))
        .build()
        .unwrap();
    let builder = setup.builder(&setup.store).initial_token(first);
    assert_silent(&setup, &shown(&builder));
    let cache = builder.build().unwrap();
    let mut events = cache.events();
    assert_silent(&setup, &shown(&events));
    let token = cache.token().await.unwrap();
    assert_silent(
        &setup,
        &(shown(&token) + &shown(&token.headers()) + &shown(&cache)),
    );
    assert_silent(
        &setup,
        &(shown(&setup.acme) + &shown(&setup.acme.redemption())),
    );
    assert_silent(&setup, &shown(&setup.stored().await));
    assert_silent(&setup, &shown(&setup.store.memory()));
    assert_silent(&setup, &shown(&cache.keep_fresh()));
    assert_silent(&setup, &shown(&received(&mut events).await));
}

// FAULTS.md row 26
#[tokio::test(start_paused = true)]
async fn an_error_text_that_echoes_what_was_sent_or_is_held_is_scrubbed() {
    for code in ["busy", "wrong_client", "E17", "disabled", "invalid_grant"] {
        let echo = |secret: &str| {
            Fault::answer(
                400,
                format!(r#"{{"error":"{code}","message":"no {secret}!"}}"#),
            )
        };
        for secret in ["acme-refresh-1", "acme-access-2"] {
            let setup = Setup::new(Acme::single_use());
            let cache = setup.fresh_cache().await;
            let mut events = cache.events();
            advance(60 * MINUTE).await;
            setup.server.then([echo(secret)]);
            let error = cache.token_within(IMPATIENT).await.unwrap_err();
            assert_silent(&setup, &shown(&error));
            assert_silent(&setup, &shown(&received(&mut events).await));
        }
        let setup = Setup::new(Acme::single_use());
        let cache = setup.empty_cache();
        let mut events = cache.events();
        setup.server.then([echo(CODE)]);
        assert_silent(
            &setup,
            &shown(&cache.redeem(setup.acme.redemption()).await.unwrap_err()),
        );
        assert_silent(&setup, &shown(&received(&mut events).await));

        let setup = Setup::new(Acme::single_use().and_login());
        setup.server.then([echo(API_KEY)]);
        let error = setup
            .empty_cache()
            .token_within(IMPATIENT)
            .await
            .unwrap_err();
        assert_silent(&setup, &(shown(&error) + &error.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stores_errors_hold_no_secret() {
    for op in Op::ALL {
        let setup = Setup::new(Acme::single_use());
        setup.store.fail([op]);
        let cache = setup.cache();
        let mut events = cache.events();
        let outcome = cache.token().await.map(drop);
        assert_silent(&setup, &(shown(&outcome) + &shown(&cache.logout().await)));
        assert_silent(&setup, &shown(&received(&mut events).await));
    }
}

/// Everything that can be seen from outside of a life with refusals, outages and a logout.
#[tokio::test(start_paused = true)]
async fn no_secret_is_logged_measured_or_told_as_health() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let (log, _logging) = Log::begin(Level::TRACE);
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.due_cache().await;
    let mut events = cache.events();
    let mut told = shown(&cache.health()) + &cache.health().to_string();
    let echo = |code: &str, secret: &str| {
        let body = format!(r#"{{"error":"{code}","message":"no {secret}!"}}"#);
        Fault::answer(400, body)
    };
    for secret in ["acme-refresh-1", "acme-access-2"] {
        for code in ["busy", "wrong_client", "E17", "invalid_grant"] {
            setup.server.outage_of("/login", echo(code, API_KEY));
            setup.server.outage_of("/refresh", echo(code, secret));
            drop(cache.token_within(IMPATIENT).await);
            advance(5 * MINUTE).await;
            told += &(shown(&cache.health()) + &cache.health().to_string());
        }
    }
    setup.server.outage_of("/login", None);
    setup.server.outage_of("/refresh", None);
    drop(cache.token().await.unwrap());
    setup.server.revoke_access_tokens();
    setup.store.fail([Op::Commit]);
    let refused = cache
        .with_token(async |_| Err::<(), ()>(()), Result::is_err)
        .await;
    told += &shown(&refused.map(drop));
    advance(MINUTE).await;
    setup.store.recover();
    advance(MINUTE).await;
    drop(cache.redeem(setup.acme.redemption()).await);
    _ = cache.logout().await.unwrap();
    told += &(shown(&cache.health()) + &shown(&events) + &shown(&received(&mut events).await));
    let logged = log.lines().join("\n");
    for part in [
        "ERROR",
        "WARN",
        "INFO",
        "DEBUG",
        "step=login",
        "step=refresh",
        "scrubbed",
    ] {
        assert!(logged.contains(part), "{part} in {logged}");
    }
    let measured = recorder.handle().render();
    assert!(measured.contains("vendor_auth_exchanges_total"));
    for seen in [&told, &logged, &measured] {
        assert_silent(&setup, seen);
    }
}
