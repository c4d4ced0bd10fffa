//! Which accounts a pool has, and that it has no others.

use std::fs;

use token_sim::{Fault, OAuth2Server};

use super::{accounts, home_of, with_accounts};
use crate::home::Home;
use crate::serve::process::Serving;

#[tokio::test]
async fn nobody_begins_logins_for_names_that_have_no_secret() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &["refused".to_owned(), "acme".to_owned()]);
    let serving = Serving::on_a_port(&home, &[]);
    let long = "a".repeat(129);
    for name in [
        "nobody",
        "a%20b",
        "%2Fetc%2Fpasswd",
        ".acme",
        "-o",
        "{account}",
        &long,
    ] {
        let answer = serving.get(&format!("/token/tenants/{name}"));
        assert_eq!(answer.refused(404), "unknown_account", "{name}");
    }
    for path in ["/token/tenants/..%2fsecret", "/token/tenants/%2e%2e"] {
        assert_eq!(serving.get(path).refused(400), "path", "{path}");
    }
    assert_eq!(
        serving.get("/token/tenants").refused(404),
        "unknown_profile"
    );
    assert_eq!(
        serving.get("/token/other/acme").refused(404),
        "unknown_profile"
    );
    assert_eq!(server.exchange_count(), 0);
    // What is not in memory costs no memory.
    assert!(
        serving
            .get("/readyz")
            .body
            .contains("tenants: 0 accounts in memory")
    );
    // An account may be called as a route is.
    serving.get("/token/tenants/refused").token();
    let without = serving.ask("GET /token/tenants/acme HTTP/1.1\nHost: 127.0.0.1\n\n");
    assert_eq!(without.refused(403), "guard_header");
}

#[tokio::test]
async fn a_file_tells_which_accounts_there_are_and_may_change() {
    let server = OAuth2Server::builder()
        .client("acme", "s")
        .start()
        .await
        .unwrap();
    let home = Home::with(&format!(
        "[profiles.tenants]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"{{account}}\"\n\
         client_secret = {{ command = [\"echo\", \"s\"] }}\ngrant = \"client_credentials\"\n\
         allow_plain_http = true\npool = {{ accounts_file = \"~/accounts\" }}\n",
        server.token_url(),
    ));
    fs::write(home.path("accounts"), "# customers\nother\n").unwrap();
    let serving = Serving::on_a_port(&home, &[]);
    assert_eq!(
        serving.get("/token/tenants/acme").refused(404),
        "unknown_account"
    );
    // Its client is unknown to the vendor.
    assert_eq!(
        serving.get("/token/tenants/other").refused(500),
        "configuration"
    );
    fs::write(home.path("accounts"), "# customers\nother\nacme\n").unwrap();
    serving.get("/token/tenants/acme").token();
    fs::remove_file(home.path("accounts")).unwrap();
    // It is in memory.
    serving.get("/token/tenants/acme").token();
    let answer = serving.get("/token/tenants/other");
    assert_eq!(answer.refused(500), "configuration");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`accounts_file`"), "{message}");
    // One that left gets no other token, by whomever.
    fs::write(home.path("accounts"), "other\n").unwrap();
    let token = serving.get("/token/tenants/acme").token();
    let exchanges = server.exchange_count();
    let line = "POST /token/tenants/acme/refused HTTP/1.1";
    assert_eq!(serving.send(line, &token).refused(404), "unknown_account");
    assert_eq!(server.exchange_count(), exchanges);
}

#[tokio::test]
async fn an_account_that_left_the_file_is_not_refreshed_although_the_store_has_it() {
    let server = OAuth2Server::start().await.unwrap();
    let pool = "accounts_file = \"~/accounts\"\nsweep_interval_seconds = 1\n";
    let (home, names) = (home_of(&server, pool), accounts(2));
    with_accounts(&home, &server, &names);
    fs::write(home.path("accounts"), names.join("\n")).unwrap();
    server.fault(Fault::with_field("/expires_in", 2.into()).times(2));
    let mut serving = Serving::on_a_port(&home, &[]);
    for name in &names {
        serving.get(&format!("/token/tenants/{name}")).token();
    }
    assert!(serving.end().success());
    fs::write(home.path("accounts"), "acme-1\n").unwrap();
    let serving = Serving::on_a_port(&home, &[]);
    let line = serving.line_with("tenants/acme-0: ");
    assert!(
        line.contains("`vendor-auth logout tenants/acme-0`"),
        "{line}"
    );
    server.exchange(3).await;
    assert_eq!(server.exchange_count(), 3);
}
