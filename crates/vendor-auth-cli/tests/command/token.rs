//! `vendor-auth token`.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;
use token_sim::{Answer, Fault, OAuth2Server, RetryAfter};

use crate::home::{Home, Ran};

#[tokio::test]
async fn the_token_and_a_line_feed_are_all_that_is_printed() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let first = home.run(&["token", "demo"]);
    let token = first.ok().strip_suffix('\n').unwrap();
    assert!(!token.is_empty() && !token.contains(char::is_whitespace));
    // The second process takes it from the store.
    assert_eq!(home.run(&["token", "demo"]).ok(), first.stdout);
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn a_stored_token_needs_no_credential_and_no_vendor() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let first = home.run(&["token", "demo"]).ok().to_owned();
    fs::remove_file(home.path("secret")).unwrap();
    server.refuse_connections().await.unwrap();
    assert_eq!(home.run(&["token", "demo"]).ok(), first);
    let failure = home.run(&["token", "demo", "--force"]);
    let text = failure.failed(78);
    assert!(
        text.contains("config.toml:6: `profiles.demo.client_secret`: the file ")
            && text.contains("/secret cannot be read"),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_refresh_the_stored_token_is_taken_or_none() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let nothing = home.run(&["token", "demo", "--no-refresh"]);
    let text = nothing.failed(75);
    assert!(text.contains("no valid token is stored"), "{text}");
    assert_eq!(server.exchange_count(), 0);
    let token = home.run(&["token", "demo"]).ok().to_owned();
    assert_eq!(home.run(&["token", "demo", "--no-refresh"]).ok(), token);
    let longer = home.run(&["token", "demo", "--no-refresh", "--min-ttl", "7200"]);
    assert!(
        longer
            .failed(75)
            .contains("no token that is valid for 7200 s is stored")
    );
}

#[tokio::test]
async fn a_token_that_ends_too_soon_is_replaced() {
    let server = OAuth2Server::builder()
        .access_token_lifetime(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let home = Home::of_client(&server);
    let first = home.run(&["token", "demo"]).ok().to_owned();
    assert_eq!(home.run(&["token", "demo", "--min-ttl", "500"]).ok(), first);
    let forced = home.run(&["token", "demo", "--force"]).ok().to_owned();
    assert_ne!(forced, first);
    assert_eq!(server.exchange_count(), 2);
    let never = home.run(&["token", "demo", "--min-ttl", "3600"]);
    assert!(
        never
            .failed(78)
            .contains("do not live as long as requested")
    );
}

#[tokio::test]
async fn what_a_vendor_refuses_has_its_exit_code() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let code = |fault: Fault| {
        server.clear_faults();
        server.fault(fault.until_cleared());
        let ran = home.run(&["token", "demo", "--force", "--timeout", "1"]);
        assert!(ran.stderr.starts_with("vendor-auth: demo: "), "{ran:?}");
        ran.code
    };
    assert_eq!(code(Fault::status(503)), 75);
    assert_eq!(code(Fault::too_many_requests(RetryAfter::Seconds(9))), 75);
    assert_eq!(
        code(Fault::answer(Answer::json(200, &json!({ "token": "?" })))),
        76
    );
    server.clear_faults();
    fs::write(home.path("secret"), "wrong").unwrap();
    let wrong = home.run(&["token", "demo", "--force"]);
    assert!(wrong.failed(78).contains("correct the configuration"));
}

#[tokio::test]
async fn the_next_command_waits_as_long_as_the_vendor_asked_the_last_one_to() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::too_many_requests(RetryAfter::Seconds(90)));
    let first = home.run(&["token", "demo"]);
    assert!(
        first.failed(75).trim_end().ends_with("(in 90 s)"),
        "{first:?}"
    );
    let asked = server.exchange_count();
    let second = home.run(&["token", "demo"]);
    assert!(
        second.failed(75).contains("nothing is sent for "),
        "{second:?}"
    );
    assert_eq!(server.exchange_count(), asked);
    home.run(&["token", "demo", "--force"]).ok();
    home.run(&["token", "demo"]).ok();
}

#[tokio::test]
async fn a_refused_grant_is_sent_once_and_not_by_each_process() {
    let server = OAuth2Server::builder()
        .access_token_lifetime(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    let home = Home::of_client(&server);
    let config = fs::read_to_string(home.config_path()).unwrap();
    let person = config.replace(
        "grant = \"client_credentials\"",
        "refresh_token = { file = \"~/first\" }",
    );
    fs::write(home.config_path(), person).unwrap();
    fs::write(home.path("first"), server.grant().refresh_token().unwrap()).unwrap();
    home.run(&["token", "demo"]).ok();
    server.revoke_grant();

    let refused = home.run(&["token", "demo", "--min-ttl", "1"]);
    assert!(refused.failed(77).contains(
        "; log in again: get another refresh token from the vendor, and put it \
                       where `refresh_token` is read (the file ~/first)"
    ));
    let asked = server.exchange_count();
    let again = home.run(&["token", "demo", "--min-ttl", "1"]);
    assert!(again.failed(77).contains(
        "; log in again: get another refresh token from the vendor, and put it \
                       where `refresh_token` is read (the file ~/first)"
    ));
    assert_eq!(server.exchange_count(), asked);
    let status = home.run(&["status"]);
    assert!(status.stdout.contains("; log in again\n"), "{status:?}");

    fs::write(home.path("first"), server.grant().refresh_token().unwrap()).unwrap();
    home.run(&["token", "demo"]).ok();
}

#[tokio::test]
async fn a_new_refresh_token_in_the_configuration_is_tried_after_a_refused_one() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, "mistyped");
    home.run(&["token", "demo"]).failed(77);
    let asked = server.exchange_count();
    home.run(&["token", "demo"]).failed(77);
    assert_eq!(server.exchange_count(), asked);
    let good = server.grant().refresh_token().unwrap().to_owned();
    fs::write(home.path("refresh"), good).unwrap();
    home.run(&["token", "demo"]).ok();
    assert_eq!(home.run(&["status"]).ok().lines().count(), 4);
}

#[tokio::test]
async fn fifty_processes_that_need_a_token_make_one_exchange() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let spawn = |_| {
        home.command(&["token", "demo"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes: Vec<Child> = (0..50).map(spawn).collect();
    let tokens: Vec<_> = processes
        .into_iter()
        .map(|process| {
            Ran::of(&process.wait_with_output().unwrap())
                .ok()
                .to_owned()
        })
        .collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(server.exchange_count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_takes_no_token_is_told_with_the_reason() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let profile = fs::read_to_string(home.config_path()).unwrap();
    let config = format!("[store]\ndirectory = \"~/open\"\n{profile}");
    fs::write(home.config_path(), config).unwrap();
    fs::create_dir(home.path("open")).unwrap();
    fs::set_permissions(home.path("open"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = home.run(&["token", "demo"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr
            .contains("demo: the store did not take this token, so the next")
            && ran.stderr.contains("make its mode 0700"),
        "{ran:?}"
    );
}
