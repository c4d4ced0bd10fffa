//! Files and answers that were made to do harm.

use std::fs;
use std::time::Duration;

use serde_json::json;
use token_sim::{Fault, OAuth2Server};

use crate::home::{Home, Ran};
use crate::http_server::HttpServer;

/// A colour, the title of the window, and what turns the writing direction.
const TEXT: &str = "\\u001b[31m\\u001b]0;title\\u0007\\u009b31m\\u202eknarF";

#[track_caller]
fn assert_harmless(ran: &Ran) {
    let directs = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200f}".contains(c);
    assert!(
        !ran.stdout.contains(directs) && !ran.stderr.contains(directs),
        "{ran:?}"
    );
}

/// A profile of a vendor at this address.
fn home_of(token_url: &str, name: &str) -> Home {
    let home = Home::with(&format!(
        "[profiles.{name}]\nvendor = \"oauth2\"\ntoken_url = \"{token_url}\"\nclient_id = \"app\"\n\
         client_secret = {{ file = \"~/secret\" }}\ngrant = \"client_credentials\"\n\
         allow_plain_http = true\n"
    ));
    fs::write(home.path("secret"), "s3cret-of-the-client").unwrap();
    home
}

#[test]
fn what_a_vendor_writes_does_not_direct_the_terminal() {
    let body = format!("{{\"error\":\"invalid_client\",\"error_description\":\"{TEXT}\"}}");
    let server = HttpServer::start(move |_| {
        let length = body.len();
        format!(
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    });
    let home = home_of(&server.url("/token"), "demo");
    let ran = home.run(&["token", "demo"]);
    assert!(ran.failed(78).contains("knarF"), "{ran:?}");
    assert_harmless(&ran);
    for arguments in [
        &["status", "--offline"][..],
        &["doctor", "demo"],
        &["doctor", "demo", "--json"],
    ] {
        let ran = home.run(arguments);
        assert!(ran.stdout.contains("knarF"), "{ran:?}");
        assert_harmless(&ran);
    }
}

#[test]
fn what_the_configuration_and_the_command_line_name_does_not_direct_the_terminal() {
    let home = home_of("http://127.0.0.1:1/token", &format!("\"{TEXT}\""));
    for arguments in [&["status", "--offline"][..], &["token", "demo"]] {
        let ran = home.run(arguments);
        let told = ran.failed(78);
        assert!(told.contains("must not have control characters"), "{told}");
        assert_harmless(&ran);
    }
    let home = home_of("http://127.0.0.1:1/token", "demo");
    let config = fs::read_to_string(home.config_path()).unwrap();
    let config = config.replace("~/secret", &format!("/nowhere/{TEXT}"));
    fs::write(home.config_path(), config).unwrap();
    for arguments in [
        &["token", "demo"][..],
        &["doctor", "demo"],
        &["token", "\x1b[31mdemo"],
        &["token", "demo", "--config", "\x1b[31m.toml"],
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 78, "{ran:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("\\u{1b}[31m"));
        assert_harmless(&ran);
    }
}

/// Runs the command with little memory.
fn with_little_memory(home: &Home, arguments: &[&str]) -> Ran {
    let mut limited = home.command_after("ulimit -v 3000000", arguments);
    Ran::of(&limited.output().unwrap())
}

#[test]
fn a_file_or_an_output_without_end_is_refused_at_once() {
    let home = home_of("http://127.0.0.1:1/token", "demo");
    let config = fs::read_to_string(home.config_path()).unwrap();
    for (source, what) in [
        (
            "{ file = \"/dev/zero\" }",
            "the file /dev/zero cannot be read: it has more than",
        ),
        (
            "{ command = [\"cat\", \"/dev/zero\"] }",
            "the output of `cat` cannot be read: it has more than",
        ),
    ] {
        let config = config.replace("{ file = \"~/secret\" }", source);
        fs::write(home.config_path(), config).unwrap();
        let ran = with_little_memory(&home, &["token", "demo"]);
        assert!(ran.failed(78).contains(what), "{ran:?}");
    }
    let ran = with_little_memory(&home, &["token", "demo", "--config", "/dev/zero"]);
    assert!(
        ran.failed(78)
            .contains("/dev/zero cannot be read: it has more than"),
        "{ran:?}"
    );
    fs::write(
        home.config_path(),
        format!("{config}\n[http]\nca_file = \"/dev/zero\"\n"),
    )
    .unwrap();
    let ran = with_little_memory(&home, &["token", "demo"]);
    assert!(
        ran.failed(78)
            .contains("`http.ca_file`: /dev/zero cannot be read"),
        "{ran:?}"
    );
}

#[test]
fn a_configuration_that_is_not_utf_8_is_told_how_to_save_it() {
    let home = Home::with("");
    fs::write(home.config_path(), b"# caf\xe9\n").unwrap();
    let ran = home.run(&["token", "demo"]);
    assert!(
        ran.failed(78).contains("it is not UTF-8; save it as UTF-8"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn absurd_lifetimes_bring_a_token_or_an_error() {
    for lifetime in [
        json!(-5),
        json!(1e300),
        json!("soon"),
        json!(u64::MAX),
        json!([1]),
    ] {
        let server = OAuth2Server::start().await.unwrap();
        server.fault(Fault::with_field("/expires_in", lifetime.clone()));
        let home = Home::of_client(&server);
        let mut command = home.command(&["token", "demo", "--timeout", "1"]);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = tokio::time::timeout(Duration::from_secs(30), output).await;
        let ran = Ran::of(&output.unwrap().unwrap().unwrap());
        assert!([0, 75].contains(&ran.code), "{lifetime}: {ran:?}");
    }
}
