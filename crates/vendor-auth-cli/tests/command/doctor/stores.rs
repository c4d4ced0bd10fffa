//! Whether `doctor` sees that a server's store can be written.

use std::fs;

use local_servers::{Postgres, Redis};

use super::{Findings, home_at, set_mode};
use crate::home::Home;

/// A user whose tokens are in this store, and whose vendor is away.
fn home_with(kind: &str, url: &str) -> Home {
    let home = home_at("https://127.0.0.1:1/token");
    let config = fs::read_to_string(home.config_path()).unwrap();
    let sealing = "{ key_id = \"1\", key = { file = \"~/sealing\" } }";
    let config = format!(
        "{config}[store]\nkind = \"{kind}\"\nurl = \"{url}\"\npassword = {{ file = \"~/password\" }}\n\
         sealing = {sealing}\n"
    );
    fs::write(home.config_path(), config).unwrap();
    let secrets = [
        ("sealing", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("password", "s3cret-password"),
    ];
    for (name, secret) in secrets {
        fs::write(home.path(name), secret).unwrap();
        set_mode(&home.path(name), 0o600);
    }
    home
}

#[track_caller]
fn store_is(home: &Home, state: &str, found: &str) {
    Findings::of(home, &[], 75).is("store", state, found);
}

#[test]
fn redis_can_be_written_or_says_why_not_and_nothing_is_left_behind() {
    let redis = Redis::with().password("s3cret-password").start().unwrap();
    let url = |user: &str| format!("redis://{user}127.0.0.1:{}", redis.port());
    let home = home_with("redis", &url(""));
    store_is(&home, "ok", "it can be read and written");

    let command = |words: &[&str]| redis.command(words).unwrap();
    command(&["CONFIG", "SET", "maxmemory", "1"]);
    store_is(&home, "failed", "it can be read, but not written: ");
    command(&["CONFIG", "SET", "maxmemory", "0"]);
    command(&["REPLICAOF", "127.0.0.1", "1"]);
    store_is(
        &home,
        "failed",
        "this Redis is a replica and accepts no writes",
    );
    command(&["REPLICAOF", "NO", "ONE"]);
    command(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">s3cret-password",
        "~*",
        "&*",
        "+@all",
        "-hset",
    ]);
    let reader = home_with("redis", &url("reader@"));
    store_is(&reader, "failed", "it can be read, but not written: ");
    assert_eq!(command(&["DBSIZE"]).trim(), "0");
}

#[test]
fn postgresql_can_be_written_or_says_why_not() {
    let postgres = Postgres::start().unwrap();
    let home = home_with("postgres", &postgres.url());
    store_is(
        &home,
        "warning",
        "the first token creates them, if the role may",
    );
    // The vendor is away, but the tables are made.
    home.run(&["token", "demo", "--timeout", "1"]).failed(75);
    store_is(&home, "ok", "it can be read and written");

    postgres
        .sql("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        .unwrap();
    let url = postgres.url().replace("postgres@", "reader@");
    let reader = home_with("postgres", &url);
    store_is(
        &reader,
        "failed",
        "role needs SELECT, INSERT and UPDATE on the table",
    );
    postgres
        .sql("ALTER ROLE postgres SET default_transaction_read_only = on")
        .unwrap();
    store_is(&home, "failed", "this PostgreSQL is read-only");
}
