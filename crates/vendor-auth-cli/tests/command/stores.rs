//! Hosts that share a token over a real Redis and a real PostgreSQL.

use std::fs;

use local_servers::{Postgres, Redis};
use token_sim::OAuth2Server;

use crate::home::Home;

/// 32 bytes in base64.
const SEALING_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Returns a host of its own, whose tokens are in this store.
fn host(server: &OAuth2Server, store: &str) -> Home {
    over(Home::of_client(server), store)
}

/// Puts this store under a user's tokens.
pub(crate) fn over(home: Home, store: &str) -> Home {
    let profiles = fs::read_to_string(home.config_path()).unwrap();
    let sealing = "sealing = { key_id = \"1\", key = { file = \"~/sealing\" } }";
    fs::write(
        home.config_path(),
        format!("[store]\n{store}\n{sealing}\n{profiles}"),
    )
    .unwrap();
    fs::write(home.path("sealing"), SEALING_KEY).unwrap();
    fs::write(home.path("password"), "s3cret-password\n").unwrap();
    home
}

/// Two hosts ask for a token; the second one gets the first one's.
#[track_caller]
fn assert_shared(server: &OAuth2Server, store: &str) {
    let (first, second) = (host(server, store), host(server, store));
    let token = first.run(&["token", "demo"]).ok().to_owned();
    assert_eq!(second.run(&["token", "demo"]).ok(), token);
    assert_eq!(server.exchange_count(), 1);
    assert!(
        second
            .run(&["status", "--offline"])
            .ok()
            .starts_with("demo: valid")
    );
    let forced = second.run(&["token", "demo", "--force"]).ok().to_owned();
    assert_ne!(forced, token);
    assert_eq!(first.run(&["token", "demo"]).ok(), forced);
    assert_eq!(server.exchange_count(), 2);
}

#[tokio::test]
async fn hosts_share_a_token_over_redis() {
    let server = OAuth2Server::start().await.unwrap();
    let redis = Redis::with().password("s3cret-password").start().unwrap();
    let url = format!("redis://127.0.0.1:{}", redis.port());
    let store = format!(
        "kind = \"redis\"\nurl = \"{url}\"\nprefix = \"billing\"\npassword = {{ file = \"~/password\" }}"
    );
    assert_shared(&server, &store);
    let keys = redis.command(&["KEYS", "billing*"]).unwrap();
    assert!(!keys.trim().is_empty());

    let wrong = host(&server, &store);
    fs::write(wrong.path("password"), "wrong-password").unwrap();
    let ran = wrong.run(&["token", "demo", "--no-refresh"]);
    let text = ran.failed(74);
    assert!(text.contains("check the token store"), "{text}");
    assert!(!text.contains("wrong-password"), "{text}");
}

#[tokio::test]
async fn hosts_share_a_token_over_postgresql() {
    let server = OAuth2Server::start().await.unwrap();
    let postgres = Postgres::start().unwrap();
    let store = format!("kind = \"postgres\"\nurl = \"{}\"", postgres.url());
    assert_shared(&server, &store);

    let other = store.replace("postgres\"\n", "postgres\"\ntable = \"billing_tokens\"\n");
    let apart = host(&server, &other);
    apart.run(&["token", "demo"]).ok();
    assert_eq!(server.exchange_count(), 3);
}

#[tokio::test]
async fn a_store_that_is_away_keeps_nobody_from_a_token() {
    let server = OAuth2Server::start().await.unwrap();
    for store in [
        "kind = \"redis\"\nurl = \"redis://127.0.0.1:1\"",
        "kind = \"postgres\"\nurl = \"postgres://user@127.0.0.1:1/tokens\"",
    ] {
        let home = host(&server, store);
        let ran = home.run(&["token", "demo", "--timeout", "2"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let what = "demo: the store did not take this token, so the next command requests another";
        assert!(ran.stderr.contains(what), "{ran:?}");
        assert!(ran.stderr.contains("cannot be reached"), "{ran:?}");
        let stored = home.run(&["token", "demo", "--no-refresh"]);
        assert!(
            stored.failed(74).contains("check the token store"),
            "{stored:?}"
        );
    }
}

#[tokio::test]
async fn a_password_in_the_url_of_a_store_is_refused_and_not_repeated() {
    let server = OAuth2Server::start().await.unwrap();
    let home = host(
        &server,
        "kind = \"redis\"\nurl = \"redis://:s3cret@127.0.0.1:1\"",
    );
    let ran = home.run(&["token", "demo"]);
    let text = ran.failed(78);
    assert!(
        text.contains(":3: `store.url`: has a password; remove it"),
        "{text}"
    );
    assert!(!text.contains("s3cret@"), "{text}");
}

#[tokio::test]
async fn a_password_of_the_store_that_is_not_set_is_named() {
    let server = OAuth2Server::start().await.unwrap();
    let store = "kind = \"redis\"\nurl = \"redis://127.0.0.1:1\"\npassword = { env = \"NOT_SET\" }";
    let ran = host(&server, store).run(&["token", "demo", "--timeout", "2"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("NOT_SET is not set"), "{ran:?}");
}

#[tokio::test]
async fn a_wrong_setting_of_the_store_is_named_as_it_is_written() {
    let server = OAuth2Server::start().await.unwrap();
    let url = host(&server, "kind = \"redis\"\nurl = \"127.0.0.1:6379\"");
    let ran = url.run(&["token", "demo"]);
    let text = ran.failed(78);
    assert!(
        text.contains("`store.url`: must be a URL such as redis://"),
        "{text}"
    );
    let short = host(&server, "kind = \"redis\"\nurl = \"redis://127.0.0.1:1\"");
    fs::write(short.path("sealing"), "c2hvcnQ=").unwrap();
    let ran = short.run(&["token", "demo"]);
    let text = ran.failed(78);
    assert!(
        text.contains("`store.sealing.key`: must be the base64 of 32 bytes, such as")
            && text.contains("openssl rand -base64 32"),
        "{text}"
    );
}
