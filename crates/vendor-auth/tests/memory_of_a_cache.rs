//! What a cache costs in memory, with its endpoint. A test of its own: the allocator counts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::hint::black_box;

use token_testkit::ScriptedClient;
use vendor_auth::oauth2::{OAuth2, OAuth2Builder};
use vendor_auth::{Secret, TokenCache, TokenCacheBuilder};

const LIMIT: u64 = 2_048;
const CACHES: u64 = 100;

fn endpoint() -> OAuth2Builder {
    OAuth2::builder("https://login.example.com")
        .client_id("app-1")
        .client_secret(Secret::from("conformance-secret"))
}

/// Returns the bytes that one of these requests, with its own store, before its first token.
fn bytes_of_one(builder: impl Fn() -> TokenCacheBuilder) -> u64 {
    let http = ScriptedClient::new();
    let build = || builder().http_client(http.clone()).build().unwrap();
    let first = build(); // what a process has once
    let mut caches = Vec::with_capacity(100);
    let counted = allocation_counter::measure(|| caches.extend((0..CACHES).map(|_| build())));
    drop(black_box((first, caches)));
    u64::try_from(counted.bytes_current).unwrap() / CACHES
}

#[test]
fn a_cache_with_client_credentials_takes_at_most_two_kilobytes_before_its_first_token() {
    let bytes =
        bytes_of_one(|| TokenCache::builder(endpoint().client_credentials().build().unwrap()));
    assert!(bytes <= LIMIT, "{bytes} bytes");
}

#[test]
fn a_cache_with_a_refresh_token_takes_at_most_two_kilobytes_before_its_first_token() {
    let bytes = bytes_of_one(|| {
        let alice = endpoint().account("alice").build().unwrap();
        TokenCache::builder(alice).refresh_token(Secret::from("R1-conformance-secret"))
    });
    assert!(bytes <= LIMIT, "{bytes} bytes");
}
