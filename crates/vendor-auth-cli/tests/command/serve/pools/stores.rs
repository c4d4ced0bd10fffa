//! Hosts that share the tokens of a pool over a real Redis and a real PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use local_servers::{Postgres, Redis};
use rustix::process::Signal;
use token_sim::{Exchange, Fault, OAuth2Server, When};
use tokio::time::{Instant, timeout_at};

use super::{accounts, home_of, with_accounts};
use crate::home::Home;
use crate::serve::process::{Client, Serving};
use crate::stores::over;

/// Two hosts with the same accounts, whose tokens are in this store.
fn two_hosts(server: &OAuth2Server, store: &str, pool: &str, names: &[String]) -> [Home; 2] {
    let hosts = [(); 2].map(|()| over(home_of(server, pool), store));
    with_accounts(&hosts[0], server, names);
    for name in names {
        let file = format!("tenants/{name}");
        fs::copy(hosts[0].path(&file), hosts[1].path(&file)).unwrap();
    }
    hosts
}

pub(super) fn in_redis(redis: &Redis) -> String {
    let port = redis.port();
    let password = "password = { file = \"~/password\" }";
    format!("kind = \"redis\"\nurl = \"redis://127.0.0.1:{port}\"\n{password}")
}

pub(super) fn redis() -> Redis {
    Redis::with().password("s3cret-password").start().unwrap()
}

fn in_postgres(postgres: &Postgres) -> String {
    format!("kind = \"postgres\"\nurl = \"{}\"", postgres.url())
}

/// Asks all these at the same time for each account, and returns the one token of each.
#[track_caller]
fn ask_all(
    clients: &[Client],
    names: &[String],
    ask: impl Fn(&Client, &str) -> String + Sync,
) -> BTreeMap<String, String> {
    let ask = &ask;
    std::thread::scope(|scope| {
        let herd = |name| {
            let herd = clients.iter();
            let herd = herd.map(move |client| scope.spawn(move || ask(client, name)));
            herd.collect::<Vec<_>>()
        };
        let asking: Vec<_> = names.iter().map(|name| (name, herd(name))).collect();
        let joined = asking.into_iter().map(|(name, herd)| {
            let tokens = herd.into_iter().map(|client| client.join().unwrap());
            let tokens: BTreeSet<_> = tokens.collect();
            assert_eq!(tokens.len(), 1, "{name}");
            (name.clone(), tokens.into_iter().next().unwrap())
        });
        joined.collect()
    })
}

/// Two processes ask once for each generation of each account; one that is started again asks for
/// nothing.
async fn assert_shared(server: &OAuth2Server, hosts: [Home; 2], names: &[String]) {
    let mut serving = hosts.each_ref().map(|home| Serving::on_a_port(home, &[]));
    let clients = serving.each_ref().map(Serving::client);
    let get = |client: &Client, name: &str| client.get(&format!("/token/tenants/{name}")).token();
    let first = ask_all(&clients, names, get);
    assert_eq!(server.exchange_count(), names.len());
    let second = ask_all(&clients, names, |client, name| {
        let line = format!("POST /token/tenants/{name}/refused HTTP/1.1");
        client.send(&line, &first[name]).token()
    });
    assert_eq!(server.exchange_count(), 2 * names.len());
    assert!(names.iter().all(|name| first[name] != second[name]));
    assert!(serving.iter_mut().all(|process| process.end().success()));
    let again = hosts.each_ref().map(|home| Serving::on_a_port(home, &[]));
    let clients = again.each_ref().map(Serving::client);
    assert_eq!(ask_all(&clients, names, get), second);
    assert_eq!(server.exchange_count(), 2 * names.len());
    assert!(!server.saw_reuse());
}

#[tokio::test]
async fn processes_share_a_pool_over_redis_and_go_on_with_it() {
    let (server, redis) = (OAuth2Server::start().await.unwrap(), redis());
    let names = accounts(12);
    let hosts = two_hosts(&server, &in_redis(&redis), "", &names);
    assert_shared(&server, hosts, &names).await;
}

#[tokio::test]
async fn processes_share_a_pool_over_postgresql_and_go_on_with_it() {
    let (server, postgres) = (
        OAuth2Server::start().await.unwrap(),
        Postgres::start().unwrap(),
    );
    let names = accounts(12);
    let hosts = two_hosts(&server, &in_postgres(&postgres), "", &names);
    assert_shared(&server, hosts, &names).await;
}

/// How many grants were refreshed so far.
fn refreshed(exchanges: &[Exchange]) -> usize {
    let grants = exchanges.iter().filter_map(|exchange| exchange.grant);
    grants.collect::<BTreeSet<_>>().len()
}

/// Tokens that no client asks for are refreshed by two processes that have just been started,
/// before they end, and once.
async fn assert_swept(server: &OAuth2Server, hosts: [Home; 2], names: &[String]) {
    let ends_in = Duration::from_secs(10);
    let short = Fault::with_field("/expires_in", ends_in.as_secs().into());
    server.fault(short.times(names.len().try_into().unwrap()));
    let end = Instant::now() + ends_in;
    let mut before = Serving::on_a_port(&hosts[0], &[]);
    let client = before.client();
    let get = |client: &Client, name: &str| client.get(&format!("/token/tenants/{name}")).token();
    let first = ask_all(std::slice::from_ref(&client), names, get);
    assert!(before.end().success());
    assert_eq!(server.exchange_count(), names.len());
    let hold = server.hold_all(When::AfterActing);
    let serving = hosts.each_ref().map(|home| Serving::on_a_port(home, &[]));
    // One process has seven exchanges under way for what nobody asks for.
    timeout_at(end, hold.caught(8)).await.unwrap();
    hold.release();
    let journal = server.journal();
    let again = |all: &[Exchange]| refreshed(all.get(names.len()..).unwrap_or_default());
    let all_again = journal.wait_until(|all| again(all) == names.len());
    timeout_at(end, all_again).await.unwrap();
    let clients = serving.each_ref().map(Serving::client);
    // One process may not know yet what the other has stored; the first token is still valid.
    let second = ask_all(&clients, names, |client, name| {
        let path = format!("/token/tenants/{name}?min_ttl=60");
        client.get(&path).token()
    });
    assert!(names.iter().all(|name| first[name] != second[name]));
    assert_eq!(server.exchange_count(), 2 * names.len());
    assert!(!server.saw_reuse());
}

const SWEPT: &str = "sweep_interval_seconds = 1\nmax_exchanges = 8\n";

#[tokio::test]
async fn accounts_that_only_redis_has_are_refreshed_by_both_processes() {
    let (server, redis) = (OAuth2Server::start().await.unwrap(), redis());
    let names = accounts(40);
    let hosts = two_hosts(&server, &in_redis(&redis), SWEPT, &names);
    assert_swept(&server, hosts, &names).await;
}

#[tokio::test]
async fn accounts_that_only_postgresql_has_are_refreshed_by_both_processes() {
    let (server, postgres) = (
        OAuth2Server::start().await.unwrap(),
        Postgres::start().unwrap(),
    );
    let names = accounts(40);
    let hosts = two_hosts(&server, &in_postgres(&postgres), SWEPT, &names);
    assert_swept(&server, hosts, &names).await;
}

#[tokio::test]
async fn exchanges_of_a_pool_under_way_are_completed_and_stored_although_their_clients_left() {
    let (server, redis) = (OAuth2Server::start().await.unwrap(), redis());
    let names = accounts(3);
    let [home, other] = two_hosts(&server, &in_redis(&redis), "", &names);
    let hold = server.hold_all(When::AfterActing);
    let mut serving = Serving::on_a_port(&home, &[]);
    let client = serving.client();
    let left: Vec<_> = names
        .iter()
        .map(|name| client.begin(&format!("/token/tenants/{name}")))
        .collect();
    hold.caught(names.len()).await;
    drop(left);
    serving.signal(Signal::TERM);
    serving.line_with("ends with signal 15");
    hold.release();
    assert!(serving.wait().success());
    for name in &names {
        other
            .run(&["token", &format!("tenants/{name}"), "--no-refresh"])
            .ok();
    }
    assert_eq!(server.exchange_count(), names.len());
    assert_eq!(server.undelivered_issued(), 0);
}
