//! Files with the newest token, and the hook.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use token_sim::OAuth2Server;

use super::process::Serving;
use super::programs::until;
use crate::home::{Home, assert_private};

#[tokio::test]
async fn once_writes_each_file_and_ends() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let arguments = [
        "serve",
        "demo",
        "--once",
        "--sink",
        "demo:json:a.json:0600",
        "--sink",
        "demo:envoy:b.yaml:0640",
    ];
    assert_eq!(home.run(&arguments).ok(), "");
    assert_private(&home.path("a.json"));
    let token = token_in(&home.path("a.json"));
    let envoy = home.path("b.yaml");
    let mode = fs::metadata(&envoy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let text = fs::read_to_string(envoy).unwrap();
    assert!(
        text.contains(&format!("inline_string: \"Bearer {token}\"\n")),
        "{text}"
    );
    let unwritable = home.run(&["serve", "--once", "--sink", "demo:text:missing/x:0600"]);
    assert!(unwritable.failed(74).contains("missing/x: "));
}

#[tokio::test]
async fn each_new_token_is_written_and_the_hook_is_told_of_it_without_the_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let hook = "echo \"hook $VENDOR_AUTH_PROFILE $VENDOR_AUTH_GENERATION \
                $VENDOR_AUTH_EXPIRES_AT ${BILLING_SECRET-unset}\"; env > hook.env";
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--sink",
        "demo:json:token.json:0600",
        "--on-refresh",
        hook,
    ];
    let mut command = home.command(&arguments);
    command.env("BILLING_SECRET", "canary");
    let serving = Serving::start(&home, command, 1);
    let line = serving.line_with("hook demo 1 ");
    assert!(line.ends_with("Z unset"), "{line}");
    let first = token_in(&home.path("token.json"));
    assert_eq!(serving.get("/token/demo").token(), first);

    serving
        .send("POST /token/demo/refused HTTP/1.1", &first)
        .token();
    serving.line_with("hook demo 2 ");
    let second = token_in(&home.path("token.json"));
    assert_ne!(second, first);
    let environment = fs::read_to_string(home.path("hook.env")).unwrap();
    assert!(!environment.contains(&second) && !environment.contains("canary"));
    // Nothing of the writing is left.
    let names = fs::read_dir(home.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        names
            .into_iter()
            .all(|name| !name.starts_with(".vendor-auth-"))
    );
}

#[tokio::test]
async fn a_hook_that_fails_and_a_file_that_cannot_be_written_do_not_stop_the_rest() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let arguments = ["--on-refresh", "exit 3", "--sink", "demo:text:t:0600"];
    let serving = Serving::on_a_port(&home, &arguments);
    serving.line_with("demo: --on-refresh failed: exit status: 3");
    let token = serving.get("/token/demo").token();
    assert_eq!(
        fs::read_to_string(home.path("t")).unwrap(),
        format!("{token}\n")
    );
    drop(serving);
    let serving = Serving::on_a_port(&home, &["--sink", "demo:text:missing/t:0600"]);
    serving.line_with("demo: missing/t: ");
    assert_eq!(serving.get("/token/demo").token(), token);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_keeps_no_other_from_its_token_and_is_told_once() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let arguments = [
        "--sink",
        "demo:text:missing/t:0600",
        "--sink",
        "demo:text:t:0600",
        "--on-refresh",
        "echo hook",
    ];
    let mut serving = Serving::on_a_port(&home, &arguments);
    serving.line_with("demo: missing/t: ");
    let newer = home.run(&["token", "demo", "--force"]).ok().to_owned();
    until(|| {
        fs::read_to_string(home.path("t"))
            .ok()
            .filter(|text| *text == newer)
    })
    .await;
    // It is tried again, and the hook is run once all files are written.
    fs::create_dir(home.path("missing")).unwrap();
    serving.line_with("hook");
    assert_eq!(fs::read_to_string(home.path("missing/t")).unwrap(), newer);
    assert!(serving.end().success());
    let rest = serving.rest_of_the_log();
    assert!(
        !rest.iter().any(|line| line.contains("missing")),
        "{rest:?}"
    );
}

#[tokio::test]
async fn a_hook_that_takes_long_keeps_no_file_from_the_next_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let gate = home.fifo("gate");
    let hook = "echo hook $VENDOR_AUTH_GENERATION; read line < gate";
    let arguments = ["--sink", "demo:text:t:0600", "--on-refresh", hook];
    let serving = Serving::on_a_port(&home, &arguments);
    serving.line_with("hook 1");
    let mut token = serving.get("/token/demo").token();
    for _ in 2..=4 {
        token = serving
            .send("POST /token/demo/refused HTTP/1.1", &token)
            .token();
        let text = format!("{token}\n");
        until(|| {
            fs::read_to_string(home.path("t"))
                .ok()
                .filter(|it| *it == text)
        })
        .await;
    }
    fs::write(&gate, "go on\n").unwrap();
    // The second one is no longer news. The hook is told of the last one after its file has it.
    let next = serving.line_with("hook ");
    assert!(["hook 3", "hook 4"].contains(&&*next), "{next}");
    fs::write(&gate, "go on\n").unwrap();
}

#[tokio::test]
async fn a_hook_that_takes_too_long_is_ended_with_what_it_started() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let open = home.fifo("open");
    let hook = "sleep 1000 > open & sleep 1000";
    let arguments = ["--on-refresh", hook, "--hook-timeout", "1"];
    let serving = Serving::on_a_port(&home, &arguments);
    // It ends once nobody can write into it any more.
    assert_eq!(fs::read(open).unwrap(), b"");
    serving.line_with("demo: --on-refresh was ended after 1 s");
    assert!(!serving.get("/token/demo").token().is_empty());
    let alone = home.run(&["serve", "--hook-timeout", "0", "--on-refresh", "true"]);
    assert!(alone.failed(64).contains("--hook-timeout"), "{alone:?}");
}

fn token_in(path: &Path) -> String {
    let object: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    object["access_token"].as_str().unwrap().to_owned()
}
