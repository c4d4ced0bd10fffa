//! What a client is told if there is no token, by status.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use token_sim::{Fault, OAuth2Server, QuectelEndUserServer, RetryAfter};

use super::http::Answer;
use super::process::Serving;
use crate::home::{Home, Ran};

const REFUSED: &str = "POST /token/demo/refused HTTP/1.1";

/// Asserts the status, the code and that the message says what to do; returns how long to wait.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str, advice: &str) -> Option<u32> {
    assert_eq!(answer.refused(status), error);
    let object = answer.json();
    let message = object["message"].as_str().unwrap();
    assert!(message.starts_with("demo: "), "{message}");
    assert!(message.contains(advice), "{message}");
    let wait = answer.headers.get("retry-after");
    wait.map(|seconds| seconds.parse().unwrap())
}

/// A user with a token whose refresh token works once.
fn with_single_use_grant(server: &OAuth2Server) -> Home {
    let home = Home::of_grant(server, server.grant().refresh_token().unwrap());
    home.run(&["token", "demo"]).ok();
    home
}

#[tokio::test]
async fn an_account_that_the_vendor_locked_is_423_with_the_wait() {
    let person =
        QuectelEndUserServer::builder().user("ada@example.com", "13800000000", "china1234");
    let server = person.start().await.unwrap();
    let home = Home::with(&format!(
        "[profiles.demo]\nvendor = \"quectel-end-user\"\nurl = \"{}\"\nuser_domain = \"{}\"\n\
         user_domain_secret = {{ file = \"~/secret\" }}\naccount = \"ada@example.com\"\n\
         allow_plain_http = true\n",
        server.url(""),
        server.user_domain(),
    ));
    fs::write(home.path("secret"), server.user_domain_secret()).unwrap();
    let mut login = home.command(&["login", "demo", "--password-stdin"]);
    let mut login = login
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    login
        .stdin
        .take()
        .unwrap()
        .write_all(b"china1234\n")
        .unwrap();
    assert_eq!(Ran::of(&login.wait_with_output().unwrap()).code, 0);

    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    server.block_address();
    let answer = serving.send(REFUSED, &token);
    let wait = assert_refused(&answer, 423, "locked", "until it is unlocked").unwrap();
    assert!((1100..=1200).contains(&wait), "{wait}");
    // The others have the token that is valid by its time.
    assert_eq!(serving.get("/healthz").status, 200);
}

#[tokio::test]
async fn an_exchange_whose_outcome_is_unknown_is_503_in_doubt() {
    let server = OAuth2Server::start().await.unwrap();
    let home = with_single_use_grant(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    server.fault(Fault::close_after_acting().until_cleared());
    let answer = serving.send(REFUSED, &token);
    let wait = assert_refused(&answer, 503, "in_doubt", "unknown").unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_503_until_it_can() {
    let server = OAuth2Server::start().await.unwrap();
    let home = with_single_use_grant(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    let store = home.path(".local/state/vendor-auth/tokens");
    fs::set_permissions(&store, Permissions::from_mode(0o777)).unwrap();
    // It is noticed without a request.
    serving.line_with("make its mode 0700");
    let answer = serving.send(REFUSED, &token);
    let wait = assert_refused(&answer, 503, "store", "make its mode 0700").unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    fs::set_permissions(&store, Permissions::from_mode(0o700)).unwrap();
    // It was told once.
    assert_eq!(
        serving.line_with("demo: "),
        "vendor-auth: demo: the store can be read again"
    );
}

#[tokio::test]
async fn a_grant_that_is_refused_while_it_is_served_is_409() {
    let server = OAuth2Server::start().await.unwrap();
    let home = with_single_use_grant(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    server.revoke_grant();
    let answer = serving.send(REFUSED, &token);
    let advice = "log in again: get another refresh token";
    assert_eq!(assert_refused(&answer, 409, "login_required", advice), None);
    serving.line_with(advice);
}

#[tokio::test]
async fn while_the_vendor_asks_to_wait_the_stored_token_is_served_and_written() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let stored = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    server.fault(Fault::too_many_requests(RetryAfter::Seconds(90)));
    home.run(&["token", "demo", "--force"]).failed(75);
    let asked = server.exchange_count();
    let arguments = ["--sink", "demo:text:t:0600", "--on-refresh", "echo hooked"];
    let serving = Serving::on_a_port(&home, &arguments);
    serving.line_with("hooked");
    assert_eq!(
        fs::read_to_string(home.path("t")).unwrap().trim_end(),
        stored
    );
    assert_eq!(serving.get("/token/demo").token(), stored);
    // Nothing is sent for a token that an API refused either.
    let answer = serving.send(REFUSED, &stored);
    let wait = assert_refused(&answer, 503, "try_later", "nothing is sent for").unwrap();
    assert!((60..=90).contains(&wait), "{wait}");
    assert!(serving.get("/").body.contains("Nothing is sent before"));
    assert_eq!(server.exchange_count(), asked);
}
