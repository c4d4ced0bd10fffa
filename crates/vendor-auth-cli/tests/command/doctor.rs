//! `vendor-auth doctor`.

mod stores;
mod way;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use token_sim::{Fault, OAuth2Server, RetryAfter};

use crate::home::{Home, Ran};

const CANARY: &str = "canary-secret-4711";

/// A user whose token host is this one.
fn home_at(url: &str) -> Home {
    let home = Home::with(&format!(
        r#"
[profiles.demo]
vendor = "oauth2"
token_url = "{url}"
client_id = "app"
client_secret = {{ file = "~/secret" }}
grant = "client_credentials"
allow_plain_http = true
"#
    ));
    write_secret(&home, CANARY);
    home
}

fn write_secret(home: &Home, secret: &str) {
    fs::write(home.path("secret"), secret).unwrap();
    set_mode(&home.path("secret"), 0o600);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A user of a simulator, with a secret that only this user can read.
fn home_of(server: &OAuth2Server) -> Home {
    let home = Home::of_client(server);
    set_mode(&home.path("secret"), 0o600);
    home
}

/// The findings of a run, which may not contain a secret.
struct Findings(Vec<Value>);

impl Findings {
    fn of(home: &Home, more: &[&str], code: i32) -> Self {
        Self::read(&mut command(home, more), code)
    }

    #[track_caller]
    fn read(command: &mut Command, code: i32) -> Self {
        let ran = Ran::of(&command.output().unwrap());
        assert_eq!((ran.code, &*ran.stderr), (code, ""), "{ran:?}");
        assert!(!ran.stdout.contains(CANARY), "{ran:?}");
        Self(serde_json::from_str(&ran.stdout).unwrap())
    }

    #[track_caller]
    fn is(&self, check: &str, state: &str, found: &str) {
        let rows = self.0.iter().filter(|row| row["check"] == check);
        let is_it =
            |row: &Value| row["state"] == state && row["found"].as_str().unwrap().contains(found);
        assert!(
            rows.clone().any(is_it),
            "{check} {state} {found}: {:#?}",
            self.0
        );
    }

    #[track_caller]
    fn advises(&self, check: &str, advice: &str) {
        let rows = self.0.iter().filter(|row| row["check"] == check);
        let mut texts = rows.filter_map(|row| row["advice"].as_str());
        assert!(
            texts.any(|text| text.contains(advice)),
            "{advice}: {:#?}",
            self.0
        );
    }
}

fn command(home: &Home, more: &[&str]) -> Command {
    let mut arguments = vec!["doctor", "demo", "--json"];
    arguments.extend(more);
    home.command(&arguments)
}

#[tokio::test]
async fn a_healthy_profile_passes_and_nothing_is_asked_of_its_account() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    let text = home.run(&["doctor", "demo"]).ok().to_owned();
    for line in [
        "ok       configuration  ",
        "ok       secrets        `client_secret`: the file ~/secret\n",
        "ok       store          ",
        "ok       proxy          none is set\n",
        "ok       dns            127.0.0.1 is 127.0.0.1\n",
        "ok       tcp            connected to 127.0.0.1:",
        "skipped  tls            not checked: the URL is http://\n",
        "ok       clock          it agrees with the server's\n",
        "ok       grant          no valid token is stored",
        "skipped  token request  not checked: --send makes one",
    ] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    assert!(!text.contains('\x1b') && !text.contains(server.client_secret()));
    assert_eq!(server.exchange_count(), 0);
    let sent = Findings::of(&home, &["--send"], 0);
    sent.is("token request", "ok", "issued a token");
    assert_eq!(server.exchange_count(), 1);
}

#[test]
fn a_wrong_configuration_ends_the_examination() {
    let home = Home::with("[profiles.demo]\nvendor = \"nobody\"\n");
    let found = Findings::of(&home, &[], 78);
    found.is(
        "configuration",
        "failed",
        "config.toml:2: `profiles.demo.vendor`",
    );
    found.is("store", "skipped", "the configuration cannot be used");
    let found = Findings::read(&mut home.command(&["doctor", "other", "--json"]), 78);
    found.is("token request", "skipped", "the configuration");

    let home = home_at("https://127.0.0.1:1/token");
    set_mode(&home.config_path(), 0o666);
    set_mode(&home.path("secret"), 0o644);
    let found = Findings::of(&home, &[], 75);
    found.is("configuration", "warning", "other users can write it");
    found.is("secrets", "warning", "other users have access to it");
    fs::remove_file(home.path("secret")).unwrap();
    let found = Findings::of(&home, &[], 78);
    found.is("secrets", "failed", "`client_secret`: the file ");
}

#[tokio::test]
async fn a_store_of_another_user_and_one_that_cannot_be_written_are_told() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    let store = home.path(".local/state/vendor-auth/tokens");
    fs::create_dir_all(&store).unwrap();
    set_mode(&store, 0o700);
    if std::os::unix::fs::chown(&store, Some(65_534), None).is_ok() {
        let found = Findings::of(&home, &[], 74);
        found.is("store", "failed", "belongs to another user");
        found.is("grant", "skipped", "the store cannot be used");
        std::os::unix::fs::chown(&store, Some(0), None).unwrap();
    }
    set_mode(&store, 0o755);
    let found = Findings::of(&home, &[], 74);
    found.is("store", "failed", "other users have access");

    let config = fs::read_to_string(home.config_path()).unwrap();
    let config = format!("{config}\n[store]\ndirectory = \"/proc/vendor-auth\"\n");
    fs::write(home.config_path(), config).unwrap();
    let found = Findings::of(&home, &[], 74);
    found.is("store", "failed", "/proc/vendor-auth cannot be written");
}

#[tokio::test]
async fn a_wrong_secret_is_found_only_if_a_request_is_asked_for() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    write_secret(&home, CANARY);
    Findings::of(&home, &[], 0).is("token request", "skipped", "may count against the account");
    assert_eq!(server.exchange_count(), 0);
    let found = Findings::of(&home, &["--send"], 78);
    found.is("token request", "failed", "demo: ");
    found.advises("token request", "correct the secret");
    let later = Findings::of(&home, &[], 0);
    later.is("grant", "warning", "the last failure");
}

#[tokio::test]
async fn a_dead_grant_and_a_pause_are_told_from_what_happened_before() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server);
    let config = fs::read_to_string(home.config_path()).unwrap();
    let config = config.replace("client_credentials", "refresh_token");
    let config = config + "refresh_token = { file = \"first\" }\n";
    fs::write(home.config_path(), config).unwrap();
    let first = home.config_path().with_file_name("first");
    fs::write(&first, server.grant().refresh_token().unwrap_or_default()).unwrap();
    set_mode(&first, 0o600);
    home.run(&["token", "demo"]).ok();
    Findings::of(&home, &[], 0).is("grant", "ok", "the token is valid");

    server.fault(Fault::too_many_requests(RetryAfter::Seconds(90)).times(1));
    home.run(&["token", "demo", "--force", "--timeout", "2"])
        .failed(75);
    let paused = Findings::of(&home, &["--send"], 75);
    paused.is("grant", "failed", "no request is sent for ");
    paused.is("token request", "skipped", "it cannot succeed");

    server.revoke_grant();
    home.run(&["token", "demo", "--force"]).failed(77);
    let dead = Findings::of(&home, &[], 77);
    dead.is("grant", "failed", "the last failure");
    dead.advises("grant", "get another refresh token");
}

#[test]
fn a_program_that_waits_for_a_person_is_ended_and_does_not_hold_the_output() {
    let home = home_at("https://127.0.0.1:1/token");
    let config = fs::read_to_string(home.config_path()).unwrap();
    let waits = "{ command = [\"sleep\", \"600\"] }";
    let secret = config.replace("{ file = \"~/secret\" }", waits);
    let sealing = format!("{config}[store]\nsealing = {{ key_id = \"1\", key = {waits} }}\n");
    for (config, check) in [(secret, "secrets"), (sealing, "store")] {
        fs::write(home.config_path(), config).unwrap();
        // The output ends when the last program that has it open has ended.
        let found = Findings::of(&home, &["--timeout", "1"], 78);
        found.is(
            check,
            "failed",
            "`sleep` was ended after 1 s; it may wait for a person",
        );
    }
}

#[test]
fn what_hangs_in_the_operating_system_ends_with_the_time_for_all_checks() {
    let home = home_at("https://127.0.0.1:1/token");
    let config = fs::read_to_string(home.config_path()).unwrap();
    // Nobody writes into these pipes.
    home.fifo(".config/vendor-auth/pipe");
    let named = format!("{config}[http]\nca_file = \"pipe\"\n");
    fs::write(home.config_path(), named).unwrap();
    let found = Findings::of(&home, &["--timeout", "1"], 75);
    found.is(
        "configuration",
        "failed",
        "it did not end: all checks may take 6 s",
    );
    found.is("token request", "skipped", "there was no time left");

    fs::remove_file(home.config_path()).unwrap();
    home.fifo(".config/vendor-auth/config.toml");
    let found = Findings::of(&home, &["--timeout", "1", "--send"], 75);
    found.is(
        "configuration",
        "failed",
        "it did not end: all checks may take 6 s",
    );
    let help = home.run(&["doctor", "--help"]);
    assert!(help.ok().contains("at most six times as long"), "{help:?}");
}

#[tokio::test]
async fn a_grant_that_was_ended_is_no_failure_of_the_store() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    for name in ["secret", "refresh"] {
        set_mode(&home.path(name), 0o600);
    }
    home.run(&["token", "demo"]).ok();
    home.run(&["logout", "demo"]);
    let found = Findings::of(&home, &[], 77);
    found.is("store", "ok", "can be read and written");
    found.is("grant", "failed", "a person must log in");
}

#[tokio::test]
async fn an_answer_that_comes_late_is_waited_for_as_its_refresh_token_would_be_lost() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    for name in ["secret", "refresh"] {
        set_mode(&home.path(name), 0o600);
    }
    server.fault(
        Fault::delay(std::time::Duration::from_secs(7))
            .after_acting()
            .times(1),
    );
    let sent = command(&home, &["--send", "--timeout", "1"]).output();
    let found: Value = serde_json::from_slice(&sent.unwrap().stdout).unwrap();
    assert!(
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["check"] == "token request")
    );
    assert!(home.run(&["token", "demo", "--no-refresh"]).code == 0);
}
