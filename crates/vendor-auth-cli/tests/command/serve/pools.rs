//! Pools: the tokens of many accounts.

mod commands;
mod known;
mod logins;
mod numbers;
mod stores;

use std::collections::BTreeSet;
use std::fs;

use token_sim::{Fault, OAuth2Server, QuectelEndUserServer, RetryAfter};

use super::process::Serving;
use crate::home::Home;

/// A user with the pool `tenants`, whose accounts have a refresh token in a file each.
fn home_of(server: &OAuth2Server, more: &str) -> Home {
    let home = Home::with(&format!(
        "[profiles.tenants]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"{}\"\n\
         client_secret = {{ file = \"~/secret\" }}\n\
         refresh_token = {{ file = \"~/tenants/{{account}}\" }}\nallow_plain_http = true\n\
         [profiles.tenants.pool]\n{more}",
        server.token_url(),
        server.client_id(),
    ));
    fs::write(home.path("secret"), server.client_secret()).unwrap();
    fs::create_dir(home.path("tenants")).unwrap();
    home
}

/// Gives accounts a grant each.
fn with_accounts(home: &Home, server: &OAuth2Server, names: &[String]) {
    for name in names {
        let grant = server.grant();
        let refresh = grant.refresh_token().unwrap();
        fs::write(home.path(&format!("tenants/{name}")), refresh).unwrap();
    }
}

fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("acme-{number}")).collect()
}

#[tokio::test]
async fn a_herd_of_clients_costs_one_exchange_for_each_account() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    let names = accounts(8);
    with_accounts(&home, &server, &names);
    let mut serving = Serving::on_a_port(&home, &[]);
    let client = &serving.client();
    let tokens: Vec<BTreeSet<String>> = std::thread::scope(|scope| {
        let ask = move |name| client.get(&format!("/token/tenants/{name}")).token();
        let herd = |name| [(); 6].map(|()| scope.spawn(move || ask(name)));
        let asking: Vec<_> = names.iter().map(herd).collect();
        let joined = asking.into_iter();
        let joined = joined.map(|herd| herd.map(|client| client.join().unwrap()));
        joined.map(BTreeSet::from).collect()
    });
    assert!(tokens.iter().all(|of_account| of_account.len() == 1));
    let all: BTreeSet<_> = tokens.iter().flatten().collect();
    assert_eq!(all.len(), names.len());
    assert_eq!(server.exchange_count(), names.len());
    // The other commands have the same token, and nginx the header.
    let first = tokens[0].first().unwrap();
    let printed = home.run(&["token", "tenants/acme-0"]);
    assert_eq!(printed.ok().trim_end(), first);
    let header = serving.get("/auth/tenants/acme-0");
    assert_eq!(header.status, 204);
    assert_eq!(header.headers["authorization"], format!("Bearer {first}"));
    assert_eq!(server.exchange_count(), names.len());
    let line = "POST /token/tenants/acme-0/refused HTTP/1.1";
    assert_ne!(serving.send(line, first).token(), *first);
    let long = serving.get("/token/tenants/acme-1?min_ttl=60").token();
    assert_eq!(long, *tokens[1].first().unwrap());
    assert!(serving.end().success());
}

#[tokio::test]
async fn an_account_that_must_log_in_again_is_listed_and_hurts_no_other() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &accounts(2));
    fs::write(home.path("tenants/gone"), "no such refresh token").unwrap();
    let serving = Serving::on_a_port(&home, &[]);
    let answer = serving.get("/token/tenants/gone");
    assert_eq!(answer.refused(409), "login_required");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("tenants/gone: "), "{message}");
    assert!(message.ends_with("(the file ~/tenants/gone)"), "{message}");
    assert!(!message.contains("no such refresh token"), "{message}");
    serving.line_with("tenants/gone: ");
    let asked = server.exchange_count();
    for name in accounts(2) {
        serving.get(&format!("/token/tenants/{name}")).token();
    }
    assert_eq!(
        serving.get("/token/tenants/gone").refused(409),
        "login_required"
    );
    assert_eq!(server.exchange_count(), asked + 2);
    let ready = serving.get("/readyz");
    assert_eq!(ready.status, 200);
    let lines: Vec<_> = ready.body.lines().collect();
    assert!(
        lines[1].starts_with("tenants: 3 accounts in memory, "),
        "{lines:?}"
    );
    assert!(lines[1].contains(" 1 must log in again"), "{lines:?}");
    assert_eq!(lines[2..], ["tenants/gone: log in again"]);
    let page = serving.get("/").body;
    assert!(page.contains("<li>tenants/gone: "), "{page}");
    assert!(page.contains("(the file ~/tenants/gone)"), "{page}");
    let metrics = serving.get("/metrics").body;
    let gauge = "vendor_auth_pool_logins_needed{pool=\"tenants\"} 1";
    assert!(metrics.contains(gauge), "{metrics}");
    for account in ["gone", "acme", "account-of-this-pool"] {
        assert!(!metrics.contains(account), "{account} in {metrics}");
    }
}

#[tokio::test]
async fn what_leaves_memory_comes_back_from_the_store() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(
        &server,
        "max_in_memory = 2\nkeep_fresh = false\nmax_exchanges = 1\n",
    );
    let names = accounts(8);
    with_accounts(&home, &server, &names);
    let serving = Serving::on_a_port(&home, &[]);
    let ask = |name: &String| serving.get(&format!("/token/tenants/{name}")).token();
    let first: Vec<_> = names.iter().map(ask).collect();
    let again: Vec<_> = names.iter().map(ask).collect();
    assert_eq!(first, again);
    assert_eq!(server.exchange_count(), names.len());
    let line = serving.get("/readyz").body;
    assert!(!line.contains(" 0 evicted"), "{line}");
}

#[tokio::test]
async fn a_vendor_that_asks_to_wait_is_told_on() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "max_rate = { exchanges = 100, seconds = 1 }\n");
    with_accounts(&home, &server, &accounts(1));
    server.fault(Fault::too_many_requests(RetryAfter::Seconds(90)).until_cleared());
    let serving = Serving::on_a_port(&home, &[]);
    let answer = serving.get("/token/tenants/acme-0");
    assert_eq!(answer.refused(503), "try_later");
    let wait: u32 = answer.headers["retry-after"].parse().unwrap();
    assert!((1..=90).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_person_logs_an_account_in_and_the_pool_has_its_token() {
    let person =
        QuectelEndUserServer::builder().user("ada@example.com", "13800000000", "china1234");
    let server = person.start().await.unwrap();
    let home = Home::with(&format!(
        "[profiles.people]\nvendor = \"quectel-end-user\"\nurl = \"{}\"\nuser_domain = \"{}\"\n\
         user_domain_secret = {{ file = \"~/secret\" }}\naccount = \"{{account}}\"\n\
         allow_plain_http = true\npool = {{}}\n",
        server.url(""),
        server.user_domain(),
    ));
    fs::write(home.path("secret"), server.user_domain_secret()).unwrap();
    let serving = Serving::on_a_port(&home, &[]);
    let path = "/token/people/ada%40example.com";
    let answer = serving.get(path);
    assert_eq!(answer.refused(409), "login_required");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.ends_with("run `vendor-auth login people/ada@example.com`"),
        "{message}"
    );
    assert!(
        serving
            .get("/readyz")
            .body
            .contains("people: 0 accounts in memory")
    );
    let login = ["login", "people/ada@example.com", "--password-stdin"];
    let ran = home.run_with_input(&login, "china1234\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let token = serving.get(path).token();
    assert_eq!(
        home.run(&["token", "people/ada@example.com"])
            .ok()
            .trim_end(),
        token
    );
    home.run(&["logout", "people/ada@example.com"]);
}
