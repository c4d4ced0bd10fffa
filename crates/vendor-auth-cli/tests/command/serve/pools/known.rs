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

#[tokio::test]
async fn accounts_are_refreshed_although_the_file_with_them_cannot_be_read() {
    let server = OAuth2Server::start().await.unwrap();
    let pool = "accounts_file = \"~/accounts\"\nsweep_interval_seconds = 1\n";
    let (home, names) = (home_of(&server, pool), accounts(1));
    with_accounts(&home, &server, &names);
    fs::write(home.path("accounts"), "acme-0\n").unwrap();
    server.fault(Fault::with_field("/expires_in", 3.into()).times(1));
    let serving = Serving::on_a_port(&home, &[]);
    serving.get("/token/tenants/acme-0").token();
    fs::remove_file(home.path("accounts")).unwrap();
    let line = serving.line_with("`accounts_file` ");
    assert!(
        line.contains("what it had last counts for refreshes"),
        "{line}"
    );
    server.exchange(2).await;
}

#[tokio::test]
async fn whatever_is_in_the_place_of_an_account_is_answered_shortly_and_reaches_nothing() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &["acme".to_owned()]);
    fs::write(home.path("tenants/.hidden"), "x").unwrap();
    let mut serving = Serving::on_a_port(&home, &[]);
    let long = "a".repeat(10_000);
    let long_encoded = "%61".repeat(3_000);
    let cases = [
        ("", 404, "path"),
        ("/", 404, "path"),
        ("acme/", 404, "path"),
        ("/acme", 404, "path"),
        ("acme/acme", 404, "path"),
        ("acme/refused/refused", 404, "path"),
        ("%61cme%2f..%2facme", 400, "path"),
        ("..%2f..%2fsecret", 400, "path"),
        ("%252e%252e%252fsecret", 400, "path"),
        (".", 404, "unknown_account"),
        (".hidden", 404, "unknown_account"),
        ("acme%2facme", 404, "unknown_account"),
        ("acme%5cacme", 404, "unknown_account"),
        ("acme%00", 404, "unknown_account"),
        ("acme%0d%0aX-Injected:%20yes", 404, "unknown_account"),
        ("%1b%5b2Jacme", 404, "unknown_account"),
        ("acme%20", 404, "unknown_account"),
        ("acm%C3%A9", 404, "unknown_account"),
        ("%F0%9F%92%A9", 404, "unknown_account"),
        ("%E2%80%AEacme", 404, "unknown_account"),
        ("ACME", 404, "unknown_account"),
        ("acme%ff", 400, "path"),
        ("acme%f0%28%8c%28", 400, "path"),
        ("acme%", 404, "unknown_account"),
        ("acme%zz", 404, "unknown_account"),
        (&long, 404, "unknown_account"),
        (&long_encoded, 404, "unknown_account"),
    ];
    for (name, status, code) in cases {
        for path in [
            format!("GET /token/tenants/{name}"),
            format!("GET /auth/tenants/{name}"),
        ] {
            let answer = serving.send(&format!("{path} HTTP/1.1"), "");
            assert_eq!(answer.refused(status), code, "{path}");
            assert!(answer.body.len() < 1_000, "{path}: {}", answer.body);
            assert!(!answer.headers.contains_key("x-injected"), "{path}");
        }
    }
    let answer = serving.get(&format!("/token/{long}/acme"));
    assert_eq!(answer.refused(404), "unknown_profile");
    assert!(answer.body.len() < 1_000, "{}", answer.body);
    // What is no request line is not read as one.
    for name in ["acm\u{e9}", "ac me", "acme\t", "acme\0"] {
        let answer = serving.send(&format!("GET /token/tenants/{name} HTTP/1.1"), "");
        assert!((400..500).contains(&answer.status), "{name:?}: {answer:?}");
    }
    assert_eq!(server.exchange_count(), 0);
    let ready = serving.get("/readyz").body;
    assert!(ready.contains("tenants: 0 accounts in memory"), "{ready}");
    serving.get("/token/tenants/%61cme").token();
    assert!(serving.end().success());
    let log = serving.rest_of_the_log();
    assert!(log.iter().all(|line| !line.contains("acm")), "{log:?}");
}

#[tokio::test]
async fn clients_that_ask_again_and_again_in_vain_cost_the_vendor_few_requests() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &["acme".to_owned()]);
    fs::write(home.path("tenants/gone"), "revoked").unwrap();
    let serving = Serving::on_a_port(&home, &[]);
    for _ in 0..20 {
        let answer = serving.get("/token/tenants/gone");
        assert_eq!(answer.refused(409), "login_required");
    }
    assert_eq!(server.exchange_count(), 1);
    fs::write(home.path("secret"), "wrong").unwrap();
    for _ in 0..20 {
        let answer = serving.get("/token/tenants/acme");
        assert_eq!(answer.refused(500), "configuration");
    }
    assert_eq!(server.exchange_count(), 2);
}
