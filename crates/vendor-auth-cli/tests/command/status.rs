//! `vendor-auth status`.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::{Value, json};
use token_sim::{Fault, OAuth2Server};

use crate::home::{Home, Ran};
use crate::http_server::{HttpServer, answer};

#[tokio::test]
async fn status_tells_how_the_token_is_and_what_happens_next() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let before = home.run(&["status", "--offline"]);
    assert_eq!(
        (before.code, &*before.stdout),
        (75, "demo: no token yet (OAuth 2.0)\n")
    );
    assert_eq!(server.exchange_count(), 0);

    let text = home.run(&["status", "demo"]).ok().to_owned();
    assert!(
        text.starts_with("demo: valid (OAuth 2.0)\n  issued "),
        "{text}"
    );
    assert!(
        text.contains("\n  refresh due in ") && text.contains("\n  expires in 119 min\n"),
        "{text}"
    );
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn status_in_json_has_the_last_error_and_no_secret() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::delay(Duration::ZERO).times(1));
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    server.fault(Fault::status(503).until_cleared());
    home.run(&["token", "demo", "--force", "--timeout", "1"])
        .failed(75);
    let ran = home.run(&["status", "--json", "--offline"]);
    let lives: Value = serde_json::from_str(ran.ok()).unwrap();
    let life = &lives[0];
    assert_eq!(life["name"], "demo");
    assert_eq!(life["state"], "valid");
    assert_eq!(life["generation"], 1);
    assert_eq!(life["last_error"]["exit_code"], 75);
    assert!(
        life["last_error"]["message"]
            .as_str()
            .unwrap()
            .contains("retry later")
    );
    assert!(!ran.stdout.contains(&token) && !ran.stdout.contains(server.client_secret()));
}

#[tokio::test]
async fn a_grant_that_begins_with_a_refresh_token_needs_nobody_until_it_is_ended() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    let before = home.run(&["status", "--offline"]);
    assert_eq!(
        (before.code, &*before.stdout),
        (75, "demo: no token yet (OAuth 2.0)\n")
    );
    let none = home.run(&["token", "demo", "--no-refresh"]);
    assert!(
        none.failed(75).contains("run it without --no-refresh"),
        "{none:?}"
    );
    home.run(&["token", "demo"]).ok();
    home.run(&["logout", "demo"]);
    let after = home.run(&["status", "--offline"]);
    assert_eq!(after.code, 77);
    assert!(after.stdout.starts_with("demo: logged out"), "{after:?}");
}

#[tokio::test]
async fn another_programs_refused_grant_is_told_without_a_request() {
    let server = OAuth2Server::builder().access_token_lifetime(Duration::from_secs(1));
    let server = server.start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    home.run(&["token", "demo"]).ok();
    server.revoke_grant();
    home.run(&["token", "demo", "--min-ttl", "1"]).failed(77);
    let asked = server.exchange_count();
    // As if a program that has no such file had asked.
    fs::remove_dir_all(home.path(".local/state/vendor-auth/failures")).unwrap();
    let status = loop {
        let status = home.run(&["status", "--offline"]);
        if !status.stdout.starts_with("demo: valid") {
            break status; // The token is over.
        }
    };
    assert_eq!(status.code, 77, "{status:?}");
    assert!(
        status.stdout.starts_with("demo: log in again")
            && status.stdout.contains("(code invalid_grant): since 20"),
        "{status:?}"
    );
    assert_eq!(server.exchange_count(), asked);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_told_with_the_rest() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    fs::remove_file(home.path("secret")).unwrap();
    let ran = home.run(&["status"]);
    assert_eq!(ran.code, 78, "{ran:?}");
    let why = "\n  last error: ";
    assert!(
        ran.stdout.starts_with("demo: no token yet (OAuth 2.0)\n")
            && ran.stdout.contains(why)
            && ran
                .stdout
                .contains("`profiles.demo.client_secret`: the file "),
        "{ran:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn an_error_without_a_time_is_told_without_a_gap() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    let store = home.path(".local/state/vendor-auth/tokens");
    fs::set_permissions(store, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = home.run(&["status", "--offline"]);
    assert_eq!(ran.code, 74);
    assert!(
        ran.stdout.contains("\n  last error: other users"),
        "{ran:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_status_once_the_tokens_under_way_are_stored() {
    let (vendor, asked) = held(2);
    let home = people(&vendor, &["ada", "bob"]);
    let process = home
        .command(&["status"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    asked.wait();
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.unwrap().success());
    asked.wait();
    let ran = Ran::of(&process.wait_with_output().unwrap());
    assert_eq!(ran.failed(143), "vendor-auth: interrupted\n");
    for name in ["ada", "bob"] {
        home.run(&["token", name, "--no-refresh"]).ok();
    }
}

#[test]
fn all_profiles_are_asked_at_once_and_told_in_their_order() {
    let names = ["ada", "bob", "cay", "dan"];
    let (vendor, asked) = held(names.len());
    let home = people(&vendor, &names);
    let process = home.command(&["status"]).stdout(Stdio::piped()).spawn();
    asked.wait();
    asked.wait();
    let ran = Ran::of(&process.unwrap().wait_with_output().unwrap());
    let lines = ran.ok().lines().filter(|line| !line.starts_with(' '));
    let valid = names.map(|name| format!("{name}: valid (OAuth 2.0)"));
    assert!(lines.eq(valid), "{ran:?}");
}

/// A vendor that answers once this many have asked, and the test has waited twice.
fn held(requests: usize) -> (HttpServer, Arc<Barrier>) {
    let asked = Arc::new(Barrier::new(requests + 1));
    let waiting = Arc::clone(&asked);
    let vendor = HttpServer::start(move |request| {
        waiting.wait();
        waiting.wait();
        let name = request.target.trim_start_matches('/');
        let body = format!(
            r#"{{"access_token":"token-of-{name}","token_type":"Bearer","expires_in":3600}}"#
        );
        let head = answer("200 OK", &["Content-Type: application/json"]);
        let head = String::from_utf8(head).unwrap();
        let length = format!("Content-Length: {}", body.len());
        format!("{}{body}", head.replace("Content-Length: 0", &length)).into_bytes()
    });
    (vendor, asked)
}

/// A user with profiles of these names, at this vendor.
fn people(vendor: &HttpServer, names: &[&str]) -> Home {
    let profile = |name: &&str| {
        format!(
            "[profiles.{name}]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"{name}\"\n\
             client_secret = {{ env = \"HOME\" }}\ngrant = \"client_credentials\"\n\
             allow_plain_http = true\n",
            vendor.url(&format!("/{name}"))
        )
    };
    Home::with(&names.iter().map(profile).collect::<String>())
}

#[tokio::test]
async fn a_person_who_is_not_logged_in_is_told_what_to_do_and_of_no_error() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let profile = fs::read_to_string(home.config_path()).unwrap();
    let person = profile.replace("grant = \"client_credentials\"\n", "");
    fs::write(home.config_path(), person).unwrap();
    for arguments in [&["status"][..], &["status", "--offline"]] {
        let ran = home.run(arguments);
        let text = "demo: not logged in (OAuth 2.0)\n  log in with `vendor-auth login demo`\n";
        assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (77, text, ""));
    }
    let ran = home.run(&["status", "--json"]);
    let lives: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(lives[0]["state"], "login_required");
    assert_eq!(lives[0]["last_error"], Value::Null);
}

#[tokio::test]
async fn a_logout_stands_although_status_is_asked() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    assert_eq!(home.run(&["logout", "demo"]).code, 0);
    let text = "demo: logged out (OAuth 2.0)\n  the next `vendor-auth token demo` logs in again\n";
    for arguments in [&["status"][..], &["status", "demo", "--offline"]] {
        let ran = home.run(arguments);
        assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (75, text, ""));
    }
    let ran = home.run(&["status", "--json"]);
    let lives: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&lives[0]["state"], &lives[0]["logged_out"]),
        (&json!("expired"), &json!(true))
    );
    assert_eq!(lives[0]["last_error"], Value::Null);
    assert_eq!(server.exchange_count(), 1);

    home.run(&["token", "demo"]).ok();
    let text = home.run(&["status"]).ok().to_owned();
    assert!(text.starts_with("demo: valid (OAuth 2.0)\n"), "{text}");
}

#[tokio::test]
async fn after_a_logout_of_a_person_they_are_told_how_to_log_in_again() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    home.run(&["token", "demo"]).ok();
    let ended = home.run(&["logout", "demo"]);
    let why = "no `revocation_url` is configured";
    assert!(ended.stderr.contains(why), "{ended:?}");
    let ran = home.run(&["status", "demo"]);
    let text = "demo: logged out (OAuth 2.0)\n  get another refresh token from the vendor, and put it \
                where `refresh_token` is read (";
    assert_eq!(ran.code, 77, "{ran:?}");
    assert!(ran.stdout.starts_with(text), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
}
