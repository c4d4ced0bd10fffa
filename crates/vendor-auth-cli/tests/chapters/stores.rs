//! stores.md

use local_servers::{Postgres, Redis};
use token_sim::OAuth2Server;

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;

const PASSWORD: &str = "s3cret-password";

/// The key, the stores of Redis and PostgreSQL, and the check.
fn blocks() -> [Block; 4] {
    chapter::blocks("stores.md", ["sh", "toml", "toml", "sh"])
}

/// Returns a host that shares this vendor and this key.
fn host(vendor: &Billing, store: &str, key: Option<&str>) -> Billing {
    let host = Billing::of(vendor, store);
    match key {
        Some(key) => host.write(".config/vendor-auth/sealing-key", key, 0o600),
        None => assert_eq!(host.run("sh", &blocks()[0].text).ok(), ""),
    }
    host
}

fn with_password(host: &Billing, script: &str) -> Ran {
    let mut shell = host.shell("sh", script);
    Ran::of(&shell.env("STORE_PASSWORD", PASSWORD).output().unwrap())
}

/// Two hosts ask for a token; the second one gets the first one's. A third has another key.
#[track_caller]
fn assert_shared(vendor: &Billing, store: &Block) {
    let [.., check] = blocks();
    let first = host(vendor, &store.text, None);
    let key = std::fs::read_to_string(first.home.path(".config/vendor-auth/sealing-key"));
    let second = host(vendor, &store.text, Some(&key.unwrap()));
    for host in [&first, &second] {
        let ran = with_password(host, &check.text);
        assert!(ran.ok().ends_with("\"generation\":1\n"), "{ran:?}");
    }
    assert_eq!(vendor.server.exchange_count(), 1);
    let other = host(vendor, &store.text, None);
    let ran = with_password(&other, "vendor-auth token billing --no-refresh");
    assert!(ran.failed(74).contains("sealed by another key"), "{ran:?}");
}

#[tokio::test]
async fn hosts_share_a_token_over_a_real_redis() {
    let [_, redis, ..] = blocks();
    let vendor = Billing::start().await;
    let server = Redis::with().password(PASSWORD).start().unwrap();
    let url = format!("redis://127.0.0.1:{}/0", server.port());
    let redis = redis.with("rediss://redis.example.com:6379/0", &url);
    assert_shared(&vendor, &redis);
}

#[tokio::test]
async fn hosts_share_a_token_over_a_real_postgresql() {
    let [_, _, postgres, _] = blocks();
    let vendor = Billing::start().await;
    let server = Postgres::start().unwrap();
    let example = "postgres://billing@db.example.com:5432/billing?sslmode=require";
    let postgres = postgres.with(example, &server.url());
    assert_shared(&vendor, &postgres);
}

#[tokio::test]
async fn a_store_that_is_away_is_told_as_the_chapter_says() {
    let [_, redis, ..] = blocks();
    let vendor = Billing::at(OAuth2Server::start().await.unwrap(), "");
    let redis = redis.with("rediss://redis.example.com:6379/0", "redis://127.0.0.1:1");
    let host = host(&vendor, &redis.text, None);
    let ran = with_password(&host, "vendor-auth token billing");
    let what = "the store did not take this token";
    assert!(ran.code == 0 && ran.stderr.contains(what), "{ran:?}");
    assert!(chapter::read("stores.md").contains(what));
}
