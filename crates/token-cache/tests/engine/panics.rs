//! An endpoint with a mistake in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use token_cache::TokenCache;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Token, TokenEndpoint, TokenKey,
};
use tokio::runtime::Handle;

use crate::acme::{Acme, Setup, advance};

const MINUTE: Duration = Duration::from_secs(60);

/// Panics while it builds a request, while this is set.
#[derive(Debug)]
struct Mistaken {
    acme: Acme,
    panics: Arc<AtomicBool>,
}

impl Mistaken {
    fn build<T>(&self, request: T) -> T {
        assert!(!self.panics.load(Ordering::SeqCst), "a mistake");
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

fn cache(setup: &Setup, panics: &Arc<AtomicBool>) -> TokenCache {
    let endpoint = Mistaken {
        acme: setup.acme.clone(),
        panics: panics.clone(),
    };
    let cache = TokenCache::builder(endpoint)
        .http_client(setup.server.clone())
        .store(setup.store.clone())
        .clock(setup.clock.clone())
        .runtime(Handle::current());
    cache.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_building_panics_leaves_no_doubt_since_nothing_was_sent() {
    let setup = Setup::new(Acme::single_use().and_login());
    let panics = Arc::new(AtomicBool::new(true));
    let cache = cache(&setup, &panics);
    for path in ["/login", "/refresh"] {
        panics.store(true, Ordering::SeqCst);
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{path}: {error}");
        assert!(error.to_string().contains("panicked"), "{error}");
        assert_eq!(setup.server.count(path), 0);
        panics.store(false, Ordering::SeqCst);
        advance(6 * MINUTE).await;
        cache.token().await.unwrap();
        assert_eq!(setup.server.count(path), 1);
        advance(120 * MINUTE).await;
    }
    assert_eq!(setup.server.reused(), 0);
}
