//! An endpoint with a mistake in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token_cache::{Event, TokenCache, TokenCacheBuilder};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Token, TokenEndpoint, TokenKey,
};
use tokio::runtime::Handle;

use crate::acme::{Acme, Fault, Setup, When, advance, received};

const MINUTE: Duration = Duration::from_secs(60);

/// Panics while it builds a request, once it has built as many as are left.
#[derive(Debug)]
struct Mistaken {
    acme: Acme,
    left: Arc<AtomicUsize>,
}

impl Mistaken {
    fn build<T>(&self, request: T) -> T {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        assert!(left.is_ok(), "a mistake");
        request
    }
}

impl TokenEndpoint for Mistaken {
    fn key(&self) -> TokenKey {
        self.acme.key()
    }

    fn rotation(&self) -> Rotation {
        self.acme.rotation()
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        self.build(self.acme.login(attempt))
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        self.build(self.acme.refresh(token, attempt))
    }

    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        self.acme.read(answer, attempt)
    }
}

const MANY: usize = 1_000;

fn builder(setup: &Setup, left: &Arc<AtomicUsize>) -> TokenCacheBuilder {
    let endpoint = Mistaken {
        acme: setup.acme.clone(),
        left: left.clone(),
    };
    TokenCache::builder(endpoint)
        .http_client(setup.server.clone())
        .store(setup.store.clone())
        .clock(setup.clock.clone())
        .runtime(Handle::current())
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_building_panics_leaves_no_doubt_since_nothing_was_sent() {
    let setup = Setup::new(Acme::single_use().and_login());
    let left = Arc::new(AtomicUsize::new(0));
    let cache = builder(&setup, &left).build().unwrap();
    for path in ["/login", "/refresh"] {
        left.store(0, Ordering::SeqCst);
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{path}: {error}");
        assert!(error.to_string().contains("panicked"), "{error}");
        assert_eq!(setup.server.count(path), 0);
        left.store(MANY, Ordering::SeqCst);
        // Another owner would wait for a token that may have been spent.
        let other = builder(&setup, &left).build().unwrap();
        let asked = tokio::time::timeout(Duration::from_secs(1), other.token()).await;
        asked.expect("there is no doubt").unwrap();
        assert_eq!(setup.server.count(path), 1);
        advance(120 * MINUTE).await;
    }
    assert_eq!(setup.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_request_is_repeated_leaves_the_doubt_about_the_first() {
    let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
    let left = Arc::new(AtomicUsize::new(MANY));
    let cache = builder(&setup, &left).initial_token(setup.server.grant());
    let cache = cache.build().unwrap();
    cache.token().await.unwrap();
    advance(120 * MINUTE).await;
    let before = setup.server.count("/refresh");
    setup.server.then([Fault::Lost(When::AfterProcessing)]);
    left.store(1, Ordering::SeqCst);
    let mut events = cache.events();
    _ = cache.token().await;
    let failed = received(&mut events).await;
    let failed = failed.into_iter().find_map(|event| match event {
        Event::Failed { error, .. } => Some(error),
        _ => None,
    });
    assert_eq!(failed.unwrap().kind(), ErrorKind::InDoubt);
    assert_eq!(setup.server.count("/refresh"), before + 1);
}
