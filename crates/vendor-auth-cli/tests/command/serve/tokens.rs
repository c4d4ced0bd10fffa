//! Tokens over HTTP.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;
use token_sim::{Answer, Fault, OAuth2Server, RetryAfter};

use super::http;
use super::process::Serving;
use crate::home::{Home, assert_private};

#[tokio::test]
async fn a_client_gets_the_token_its_end_and_its_type() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let mut serving = Serving::on_a_port(&home, &[]);
    let answer = serving.get("/token/demo");
    let object = answer.json();
    let keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["access_token", "expires_in", "token_type"]);
    assert_eq!(object["token_type"], "Bearer");
    assert!((7100..=7200).contains(&object["expires_in"].as_u64().unwrap()));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
    // The store has the same token for the other commands.
    assert_eq!(home.run(&["token", "demo"]).ok().trim_end(), answer.token());
    assert_eq!(server.exchange_count(), 1);
    assert!(serving.end().success());
}

#[tokio::test]
async fn the_default_is_a_socket_of_this_user_that_goes_with_the_process() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let mut serving = Serving::start(&home, home.command(&["serve"]), 1);
    let path = home.path(".local/state/vendor-auth/serve.sock");
    assert_private(&path);
    // No header is needed: only this user can connect.
    let answer = http::over_unix(&path, "GET /token/demo HTTP/1.1\nHost: localhost");
    assert!(!answer.token().is_empty());
    let second = home.run(&["serve"]);
    assert!(
        second
            .failed(74)
            .contains("serve.sock: another process serves there"),
        "{second:?}"
    );
    assert!(serving.end().success());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_a_killed_process_left_is_replaced() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let path = home.path(".local/state/vendor-auth/serve.sock");
    drop(Serving::start(&home, home.command(&["serve"]), 1));
    assert!(path.exists());
    let _serving = Serving::start(&home, home.command(&["serve"]), 1);
    let answer = http::over_unix(&path, "GET /token/demo HTTP/1.1\nHost: localhost");
    assert!(!answer.token().is_empty());
}

#[tokio::test]
async fn a_store_that_others_can_enter_is_refused_as_by_the_other_commands() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    let store = home.path(".local/state/vendor-auth/tokens");
    fs::set_permissions(&store, Permissions::from_mode(0o777)).unwrap();
    let token = home.run(&["token", "demo", "--no-refresh"]);
    let expected = token.failed(74);
    assert!(expected.contains("make its mode 0700"), "{expected}");
    for arguments in [
        &["serve"][..],
        &["serve", "--once", "--sink", "demo:text:t:0600"],
    ] {
        assert_eq!(home.run(arguments).failed(74), expected);
    }
    assert!(!home.path("t").exists());
}

#[tokio::test]
async fn a_parent_of_the_store_that_all_can_write_to_is_told_once_unless_it_is_sticky() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let profile = fs::read_to_string(home.config_path()).unwrap();
    let (_, same) = profile.split_once("[profiles.demo]").unwrap();
    let second = format!("{profile}\n[profiles.second]\naccount = \"second\"{same}");
    let text = format!("[store]\ndirectory = \"~/open/tokens\"\n{second}");
    fs::write(home.config_path(), text).unwrap();
    fs::create_dir(home.path("open")).unwrap();
    for (mode, warnings) in [(0o1777, 0), (0o777, 1)] {
        fs::set_permissions(home.path("open"), Permissions::from_mode(mode)).unwrap();
        let mut serving = Serving::on_a_port(&home, &[]);
        for name in ["demo", "second"] {
            serving.get(&format!("/token/{name}")).token();
        }
        assert!(serving.end().success());
        let rest = serving.rest_of_the_log();
        let warned = rest.iter().filter(|line| line.contains("sticky bit"));
        assert_eq!(warned.count(), warnings, "{mode:o}: {rest:?}");
    }
}

#[tokio::test]
async fn what_keeps_a_client_from_its_token_has_its_status() {
    let server = OAuth2Server::start().await.unwrap();
    let cases = [
        (Fault::status(503), 503, "try_later"),
        (
            Fault::too_many_requests(RetryAfter::Seconds(90)),
            503,
            "try_later",
        ),
        (
            Fault::answer(Answer::json(200, &json!({ "token": "?" }))),
            500,
            "protocol",
        ),
    ];
    for (fault, status, error) in cases {
        let home = Home::of_client(&server);
        server.clear_faults();
        server.fault(fault.until_cleared());
        let serving = Serving::on_a_port(&home, &[]);
        let answer = serving.get("/token/demo");
        assert_eq!(answer.refused(status), error);
        let waits = answer.headers.get("retry-after");
        let waits = waits.map(|seconds| seconds.parse::<u32>().unwrap());
        assert_eq!(waits.is_some(), status == 503, "{answer:?}");
        assert!(
            waits.is_none_or(|seconds| (1..=90).contains(&seconds)),
            "{answer:?}"
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("demo: "), "{message}");
        // Probes tell that the program runs, and that it has no token.
        assert_eq!(serving.get("/healthz").status, 200);
        let ready = serving.get("/readyz");
        assert_eq!((ready.status, &*ready.body), (503, "demo: no token yet\n"));
    }
    server.clear_faults();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    assert_eq!(serving.get("/token/other").refused(404), "unknown_profile");
    assert_eq!(serving.get("/token").refused(404), "path");
    assert_eq!(serving.get("/token/demo?min_ttl=x").refused(400), "query");
    assert_eq!(serving.get("/token/demo?ttl=1").refused(400), "query");
    serving.get("/token/demo").token();
    assert_eq!(serving.get("/readyz").status, 200);
}

#[tokio::test]
async fn a_dead_grant_is_a_matter_for_a_person() {
    let server = OAuth2Server::start().await.unwrap();
    let grant = server.grant();
    let home = Home::of_grant(&server, grant.refresh_token().unwrap());
    server.revoke_grant();
    let serving = Serving::on_a_port(&home, &[]);
    let answer = serving.get("/token/demo");
    assert_eq!(answer.refused(409), "login_required");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.ends_with("is read (the file ~/refresh)"),
        "{message}"
    );
    assert!(!answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_token_that_ends_too_soon_or_was_refused_is_replaced() {
    let server = OAuth2Server::builder()
        .access_token_lifetime(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let first = serving.get("/token/demo?min_ttl=300").token();
    assert_eq!(serving.get("/token/demo").token(), first);
    let long = serving.get("/token/demo?min_ttl=3600");
    assert_eq!(long.refused(500), "configuration");
    let current = serving.get("/token/demo").token();

    let line = "POST /token/demo/refused HTTP/1.1";
    let second = serving.send(line, &current).token();
    assert_ne!(second, current);
    let exchanges = server.exchange_count();
    // The others, who were refused with it as well, get the one that took its place.
    assert_eq!(serving.send(line, &current).token(), second);
    assert_eq!(server.exchange_count(), exchanges);
    assert_eq!(serving.send(line, "").refused(400), "body");
    assert_eq!(serving.send(line, &"x".repeat(70_000)).refused(413), "body");
}

#[tokio::test]
async fn a_restart_does_not_ask_a_vendor_that_asked_to_wait() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::too_many_requests(RetryAfter::Seconds(90)));
    home.run(&["token", "demo"]).failed(75);
    let asked = server.exchange_count();
    let serving = Serving::on_a_port(&home, &[]);
    let answer = serving.get("/token/demo");
    assert_eq!(answer.refused(503), "try_later");
    let wait: u32 = answer.headers["retry-after"].parse().unwrap();
    assert!((60..=90).contains(&wait), "{wait}");
    assert_eq!(server.exchange_count(), asked);
}

#[tokio::test]
async fn nginx_is_told_the_header_and_nothing_else() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    let answer = serving.get("/auth/demo");
    assert_eq!((answer.status, &*answer.body), (204, ""));
    assert_eq!(answer.headers["authorization"], format!("Bearer {token}"));
}
