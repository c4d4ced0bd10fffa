//! What a cache costs in memory, with its endpoint. A test of its own: the allocator counts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::hint::black_box;
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use vendor_auth::oauth2::{OAuth2, OAuth2Builder};
use vendor_auth::types::{HttpClient, SendError};
use vendor_auth::{Secret, TokenCache, TokenCacheBuilder};

const LIMIT: u64 = 2_048;
const CACHES: u64 = 100;

/// Issues the same token each time, and remembers nothing.
#[derive(Clone, Debug)]
struct Server;

#[async_trait]
impl HttpClient for Server {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
        _within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let body = r#"{"access_token":"A1","refresh_token":"R1","expires_in":3600}"#;
        Ok(http::Response::new(Bytes::from_static(body.as_bytes())))
    }
}

fn endpoint() -> OAuth2Builder {
    OAuth2::builder("https://login.example.com")
        .client_id("app-1")
        .client_secret(Secret::from("conformance-secret"))
}

fn with_client_credentials() -> TokenCacheBuilder {
    TokenCache::builder(endpoint().client_credentials().build().unwrap())
}

fn with_refresh_token() -> TokenCacheBuilder {
    let alice = endpoint().account("alice").build().unwrap();
    TokenCache::builder(alice).refresh_token(Secret::from("R1-conformance-secret"))
}

/// Returns the bytes that are requested for one of these caches, with a store of its own.
fn bytes_of_one(build: impl Fn() -> TokenCache) -> u64 {
    let first = build(); // what a process has once
    let mut caches = Vec::with_capacity(usize::try_from(CACHES).unwrap());
    let counted = allocation_counter::measure(|| caches.extend((0..CACHES).map(|_| build())));
    drop(black_box((first, caches)));
    u64::try_from(counted.bytes_current).unwrap() / CACHES
}

fn bytes_without_token(builder: impl Fn() -> TokenCacheBuilder) -> u64 {
    bytes_of_one(|| builder().http_client(Server).build().unwrap())
}

#[test]
fn a_cache_with_client_credentials_takes_at_most_two_kilobytes_before_its_first_token() {
    let bytes = bytes_without_token(with_client_credentials);
    assert!(bytes <= LIMIT, "{bytes} bytes");
}

#[test]
fn a_cache_with_a_refresh_token_takes_at_most_two_kilobytes_before_its_first_token() {
    let bytes = bytes_without_token(with_refresh_token);
    assert!(bytes <= LIMIT, "{bytes} bytes");
}

#[test]
fn a_cache_with_a_token_takes_at_most_3500_bytes_and_a_header_for_each_thread() {
    const WITH_A_TOKEN: u64 = 3_500;
    const OF_A_HEADER: u64 = 168;
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let bytes = bytes_of_one(|| {
        let builder = with_refresh_token().http_client(Server);
        let cache = builder.runtime(runtime.handle().clone()).build().unwrap();
        drop(runtime.block_on(cache.token()).unwrap());
        cache
    });
    let threads = available_parallelism().map_or(1, usize::from).min(16);
    let headers = u64::try_from(threads).unwrap() * OF_A_HEADER;
    assert!(bytes <= WITH_A_TOKEN + headers, "{bytes} bytes");
}
