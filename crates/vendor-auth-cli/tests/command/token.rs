//! `vendor-auth token`.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use token_sim::{Answer, Fault, OAuth2Server, RetryAfter};

use crate::home::{Home, Ran, assert_private};

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
async fn json_has_the_token_its_end_and_never_the_refresh_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let ran = home.run(&["token", "demo", "--output", "json"]);
    let object: Value = serde_json::from_str(ran.ok()).unwrap();
    let keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "access_token",
        "expires_at",
        "expires_in",
        "generation",
        "token_type",
    ];
    assert_eq!(keys, expected);
    assert_eq!(object["token_type"], "Bearer");
    assert_eq!(object["generation"], 1);
    let left = object["expires_in"].as_u64().unwrap();
    assert!((7100..=7200).contains(&left), "{left}");
    let end = object["expires_at"].as_str().unwrap();
    assert!(end.contains('T') && end.ends_with('Z'), "{end}");
}

#[tokio::test]
async fn each_format_is_what_its_reader_expects() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let printed = |format: &str| home.run(&["token", "demo", "-o", format]).ok().to_owned();
    assert_eq!(
        printed("header"),
        format!("Authorization: Bearer {token}\n")
    );
    assert!(printed("env").starts_with(&format!(
        "export ACCESS_TOKEN='{token}'\nexport ACCESS_TOKEN_EXPIRES_AT='"
    )));
    assert!(printed("dotenv").starts_with(&format!(
        "ACCESS_TOKEN=\"{token}\"\nACCESS_TOKEN_EXPIRES_AT=\""
    )));
    assert_eq!(
        printed("netrc"),
        format!("machine 127.0.0.1 login oauth2 password {token}\n")
    );
    let envoy = printed("envoy");
    assert!(
        envoy.contains(&format!("inline_string: \"Bearer {token}\"\n")),
        "{envoy}"
    );
}

#[tokio::test]
async fn a_file_is_replaced_at_once_and_only_its_owner_reads_it() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let path = home.path("token.json");
    fs::write(&path, "what was there").unwrap();
    let arguments = ["token", "demo", "-o", "json", "--file", "token.json"];
    assert_eq!(home.run(&arguments).ok(), "");
    assert_private(&path);
    let object: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(object["access_token"].is_string());
    let unwritable = home.run(&["token", "demo", "--file", "missing/token"]);
    assert!(unwritable.failed(74).contains("missing/token: "));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_a_pipe_and_a_directory_are_not_replaced_by_a_file() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    std::os::unix::fs::symlink("elsewhere", home.path("link")).unwrap();
    let made = Command::new("mkfifo").arg(home.path("pipe")).status();
    assert!(made.unwrap().success());
    fs::create_dir(home.path("directory")).unwrap();
    for (name, why) in [
        ("link", "link is a symbolic link; write the file"),
        ("pipe", "pipe is no file"),
        ("directory", "directory is a directory"),
    ] {
        let before = fs::symlink_metadata(home.path(name)).unwrap().file_type();
        let ran = home.run(&["token", "demo", "--file", name]);
        assert!(ran.failed(74).contains(why), "{ran:?}");
        let after = fs::symlink_metadata(home.path(name)).unwrap().file_type();
        assert_eq!(before, after, "{name}");
    }
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
    assert!(
        refused
            .failed(77)
            .contains("log in again with `vendor-auth login demo`")
    );
    let asked = server.exchange_count();
    let again = home.run(&["token", "demo", "--min-ttl", "1"]);
    assert!(
        again
            .failed(77)
            .contains("log in again with `vendor-auth login demo`")
    );
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

#[tokio::test]
async fn no_secret_is_in_what_other_users_see_of_the_process() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::delay(Duration::from_secs(2)));
    let mut process = home
        .command(&["token", "demo"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let seen = fs::read_to_string(format!("/proc/{}/cmdline", process.id())).unwrap();
    let environment = fs::read_to_string(format!("/proc/{}/environ", process.id())).unwrap();
    assert!(
        !seen.contains(server.client_secret()) && !environment.contains(server.client_secret())
    );
    assert!(process.wait().unwrap().success());
}
