//! What a cache costs in memory. A test of its own: the allocator counts.

use token_cache::{MemoryStore, TokenCache};
use token_core::{
    Answer, Attempt, Error, Outcome, Request, Rotation, Token, TokenEndpoint, TokenKey,
};
use token_testkit::ScriptedClient;

/// A vendor that is never asked, without memory of its own.
#[derive(Debug)]
struct Nothing;

impl TokenEndpoint for Nothing {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", "api.acme.example", "user-17")
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, _token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        unreachable!("nothing is requested")
    }

    fn read(&self, _answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        unreachable!("nothing was requested")
    }
}

#[test]
fn a_cache_takes_at_most_1280_bytes_before_its_first_token() {
    const CACHES: u64 = 100;
    let (http, store) = (ScriptedClient::new(), MemoryStore::new());
    let build = || {
        let builder = TokenCache::builder(Nothing);
        let builder = builder.http_client(http.clone()).store(store.clone());
        builder.build().unwrap()
    };
    let first = build(); // what a process has once
    let mut caches = Vec::with_capacity(100);
    let counted = allocation_counter::measure(|| caches.extend((0..CACHES).map(|_| build())));
    drop((first, caches));
    let bytes = u64::try_from(counted.bytes_current).unwrap() / CACHES;
    assert!(bytes <= 1_280, "{bytes} bytes");
}
