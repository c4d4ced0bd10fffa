//! People who log accounts of a pool in with a browser, while the pool is served.

use std::fs;

use token_sim::OAuth2Server;

use crate::home::Home;
use crate::login::{Started, authorize, come_back};
use crate::serve::process::Serving;
use crate::serve::programs::until;

/// A user with the pool `people`, whose accounts log in with a browser.
fn home_of(server: &OAuth2Server) -> Home {
    home_with(server, "{ file = \"~/secret\" }")
}

/// The same, with a secret from elsewhere.
fn home_with(server: &OAuth2Server, secret: &str) -> Home {
    let home = Home::with(&format!(
        "[profiles.people]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nauthorize_url = \"{}\"\n\
         client_id = \"{}\"\nclient_secret = {secret}\nallow_plain_http = true\npool = {{}}\n",
        server.token_url(),
        server.authorize_url(),
        server.client_id(),
    ));
    fs::write(home.path("secret"), server.client_secret()).unwrap();
    home
}

/// Logs a person in with a browser.
#[track_caller]
fn log_in(home: &Home, name: &str) {
    let started = Started::new(home.command(&["login", name, "--no-browser"]));
    assert_eq!(come_back(&authorize(&started)).status, 303);
    let ran = started.finish();
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[tokio::test]
async fn a_person_who_logs_in_with_a_browser_is_served_at_once() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let path = "/token/people/ada";
    assert_eq!(serving.get(path).refused(409), "login_required");
    log_in(&home, "people/ada");
    let token = serving.get(path).token();
    assert_eq!(home.run(&["token", "people/ada"]).ok().trim_end(), token);
    assert_eq!(
        serving.get("/token/people/bob").refused(409),
        "login_required"
    );
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn a_person_who_logs_in_again_is_served_and_no_longer_listed_although_nobody_asks() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    for name in ["people/ada", "people/bob"] {
        log_in(&home, name);
    }
    let serving = Serving::on_a_port(&home, &[]);
    server.revoke_grant();
    for name in ["ada", "bob"] {
        let token = serving.get(&format!("/token/people/{name}")).token();
        let line = format!("POST /token/people/{name}/refused HTTP/1.1");
        assert_eq!(serving.send(&line, &token).refused(409), "login_required");
    }
    let ready = serving.get("/readyz").body;
    assert!(ready.contains(" 2 must log in again"), "{ready}");
    log_in(&home, "people/ada");
    log_in(&home, "people/bob");
    let asked = server.exchange_count();
    serving.get("/token/people/ada").token();
    until(|| {
        let ready = serving.get("/readyz").body;
        ready.contains(" 0 must log in again").then_some(())
    })
    .await;
    serving.get("/token/people/bob").token();
    assert_eq!(server.exchange_count(), asked);
}

#[tokio::test]
async fn a_restart_lists_who_must_log_in_again_and_requests_nothing_for_them() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    let names = ["ada", "bob", "eve"];
    for name in names {
        log_in(&home, &format!("people/{name}"));
    }
    let mut before = Serving::on_a_port(&home, &[]);
    server.revoke_grant();
    for name in names {
        let token = before.get(&format!("/token/people/{name}")).token();
        let line = format!("POST /token/people/{name}/refused HTTP/1.1");
        assert_eq!(before.send(&line, &token).refused(409), "login_required");
    }
    assert!(before.end().success());
    let asked = server.exchange_count();
    let serving = Serving::on_a_port(&home, &[]);
    let ready = until(|| {
        let ready = serving.get("/readyz").body;
        ready.contains(" 3 must log in again").then_some(ready)
    });
    let ready = ready.await;
    for name in names {
        let line = format!("\npeople/{name}: log in again");
        assert!(ready.contains(&line), "{ready}");
        serving.line_with("log in again");
    }
    assert_eq!(server.exchange_count(), asked);
    log_in(&home, "people/ada");
    until(|| {
        let ready = serving.get("/readyz").body;
        ready.contains(" 2 must log in again").then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_secret_is_read_for_an_account_until_somebody_logs_in_for_it() {
    let server = OAuth2Server::start().await.unwrap();
    let program = r#"{ command = ["sh", "-c", "echo {account} >> ~/reads; cat ~/secret"] }"#;
    let home = home_with(&server, program);
    for name in ["people/ada", "people/bob"] {
        log_in(&home, name);
    }
    let serving = Serving::on_a_port(&home, &[]);
    let must_log_in = |name: &str| {
        let token = serving.get(&format!("/token/people/{name}")).token();
        let line = format!("POST /token/people/{name}/refused HTTP/1.1");
        assert_eq!(serving.send(&line, &token).refused(409), "login_required");
    };
    let reads_of_ada = || {
        let reads = fs::read_to_string(home.path("reads")).unwrap();
        reads.lines().filter(|line| *line == "ada").count()
    };
    server.revoke_grant();
    must_log_in("ada");
    let before = reads_of_ada();
    // The store was read for all between two logins.
    for _ in 0..2 {
        server.revoke_grant();
        must_log_in("bob");
        log_in(&home, "people/bob");
        until(|| {
            let ready = serving.get("/readyz").body;
            ready.contains(" 1 must log in again").then_some(())
        })
        .await;
    }
    assert_eq!(reads_of_ada(), before);
}

#[tokio::test]
async fn a_new_login_takes_the_place_of_a_valid_token_once_an_api_refuses_that() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    log_in(&home, "people/ada");
    let serving = Serving::on_a_port(&home, &[]);
    let first = serving.get("/token/people/ada").token();
    log_in(&home, "people/ada");
    let newer = home
        .run(&["token", "people/ada"])
        .ok()
        .trim_end()
        .to_owned();
    assert_ne!(first, newer);
    let line = "POST /token/people/ada/refused HTTP/1.1";
    assert_eq!(serving.send(line, &first).token(), newer);
    assert_eq!(serving.get("/token/people/ada").token(), newer);
    assert_eq!(server.exchange_count(), 2);
}
