//! An endpoint that is built before each exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token_cache::{TokenCache, TokenCacheBuilder};
use token_core::{Error, ErrorKind, Rotation};
use tokio::runtime::Handle;

use crate::acme::{Acme, Setup, advance};

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
