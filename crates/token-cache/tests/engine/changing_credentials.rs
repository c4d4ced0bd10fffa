//! An endpoint that is built before each exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token_cache::{Event, TokenCache, TokenCacheBuilder};
use token_core::{Error, ErrorKind, Rotation};
use tokio::runtime::Handle;

use crate::acme::{Acme, Setup, advance, ask, received};

const MINUTE: Duration = Duration::from_secs(60);

fn in_setup(builder: TokenCacheBuilder, setup: &Setup) -> TokenCache {
    builder
        .http_client(setup.server.clone())
        .store(setup.store.clone())
        .clock(setup.clock.clone())
        .runtime(Handle::current())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_is_made_before_each_exchange_and_not_for_a_live_token() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let (acme, made) = (setup.acme.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = made.clone();
    let make = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let acme = acme.clone();
        async move { Ok::<_, Error>(acme) }
    };
    let cache = in_setup(TokenCache::builder_from(make).await.unwrap(), &setup);
    let made = || made.load(Ordering::Relaxed);
    assert_eq!(made(), 1);
    for exchanges in 1..=3 {
        for _ in 0..10 {
            cache.token().await.unwrap();
        }
        assert_eq!(
            (made(), setup.server.requests().len()),
            (1 + exchanges, exchanges)
        );
        advance(61 * MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_credentials_and_another_key_send_nothing() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let missing = Error::new(ErrorKind::Config, "the secret cannot be read");
    for (later, kind) in [
        (Err(missing), ErrorKind::Config),
        (
            Ok(setup.acme.clone().for_account("other")),
            ErrorKind::Config,
        ),
    ] {
        let (first, made) = (setup.acme.clone(), AtomicUsize::new(0));
        let make = move || {
            let is_first = made.fetch_add(1, Ordering::Relaxed) == 0;
            let endpoint = if is_first {
                Ok(first.clone())
            } else {
                later.clone()
            };
            async move { endpoint }
        };
        let cache = in_setup(TokenCache::builder_from(make).await.unwrap(), &setup);
        assert_eq!(cache.token().await.unwrap_err().kind(), kind);
    }
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_never_come_end_the_exchange_in_time() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let (acme, made) = (setup.acme.clone(), Arc::new(AtomicUsize::new(0)));
    let make = move || {
        let is_first = made.fetch_add(1, Ordering::Relaxed) == 0;
        let acme = acme.clone();
        async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Error>(acme)
        }
    };
    let cache = in_setup(TokenCache::builder_from(make).await.unwrap(), &setup);
    let error = cache.token_within(MINUTE).await.unwrap_err();
    assert!(error.to_string().contains("credentials"), "{error}");
}

/// Returns a cache with a token that is due, whose credentials then fail once in this way.
async fn due_cache_whose_credentials_fail_once(
    setup: &Setup,
    fail: impl Fn() -> Error + Clone + Send + Sync + 'static,
) -> TokenCache {
    let (acme, made) = (setup.acme.clone(), Arc::new(AtomicUsize::new(0)));
    let make = move || {
        let is_second_exchange = made.fetch_add(1, Ordering::Relaxed) == 2;
        let (acme, fail) = (acme.clone(), fail.clone());
        async move {
            match is_second_exchange {
                true => Err(fail()),
                false => Ok(acme),
            }
        }
    };
    let builder = TokenCache::builder_from(make).await.unwrap();
    let cache = in_setup(builder.initial_token(setup.server.grant()), setup);
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    cache
}

#[tokio::test(start_paused = true)]
async fn what_the_credentials_fail_with_says_nothing_about_the_grant() {
    let of_another_cache = |kind| {
        let scrubber = token_core::Scrubber::new([]);
        Error::new(kind, "refused")
            .with_code("of-another-grant", &scrubber)
            .with_key(&token_core::TokenKey::of("idp", "id.example.com", "robot"))
            .killing_live_token()
            .as_vendors_word()
    };
    for (failed, shown) in [
        (ErrorKind::Rejected, ErrorKind::Config),
        (ErrorKind::InDoubt, ErrorKind::Transient { after: None }),
        (ErrorKind::RefusedAgain, ErrorKind::Config),
        (ErrorKind::Config, ErrorKind::Config),
    ] {
        let setup = Setup::new(Acme::single_use());
        let fail = move || of_another_cache(failed);
        let cache = due_cache_whose_credentials_fail_once(&setup, fail).await;
        let mut events = cache.events();
        ask(&cache).await;
        let received = received(&mut events).await;
        let [Event::Failed { error, .. }] = &received[..] else {
            panic!("{failed:?}: {received:?}");
        };
        assert_eq!(error.kind(), shown, "{failed:?}");
        let text = error.to_string();
        assert!(
            text.contains("of-another-grant") && text.contains("idp/"),
            "{text}"
        );
        assert!(cache.current().is_some(), "{failed:?}: the token lives on");
        advance(6 * MINUTE).await;
        ask(&cache).await;
        assert_eq!(setup.server.count("/refresh"), 2, "{failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_panic_are_a_failure_with_a_pause() {
    let setup = Setup::new(Acme::single_use());
    let cache =
        due_cache_whose_credentials_fail_once(&setup, || panic!("no such environment")).await;
    let mut events = cache.events();
    ask(&cache).await;
    let received = received(&mut events).await;
    let [Event::Failed { error, .. }] = &received[..] else {
        panic!("{received:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("panicked"), "{error}");
    advance(6 * MINUTE).await;
    ask(&cache).await;
    assert_eq!(setup.server.count("/refresh"), 2);
}
