//! `vendor-auth sim`.

mod faults;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;
use token_sim::OAuth2Server;

use crate::home::{Home, assert_private};
use crate::simulator::Simulator;

/// A user who has not configured anything.
fn new_user() -> Home {
    let home = Home::with("");
    fs::remove_file(home.config_path()).unwrap();
    home
}

/// Returns what the vendor of a profile saw.
fn seen(home: &Home, profile: &str) -> Value {
    let all: Vec<Value> =
        serde_json::from_str(home.run(&["sim", "status", "--json"]).ok()).unwrap();
    let of_it = |seen: &Value| {
        seen["profiles"]
            .as_array()
            .unwrap()
            .contains(&profile.into())
    };
    all.into_iter().find(of_it).unwrap()
}

/// Asks the simulator's resource, and returns the status line.
fn called(url: &str, header: &str) -> String {
    let (address, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {address}\r\n{}\r\nConnection: close\r\n\r\n",
        header.trim_end()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

#[test]
fn a_new_user_gets_a_token_that_an_api_accepts() {
    let home = new_user();
    let mut sim = Simulator::start(&home, &[]);
    let header = home.run(&["token", "demo", "-o", "header"]).ok().to_owned();
    assert_eq!(called(&sim.resource_url(), &header), "HTTP/1.1 200 OK");
    assert!(sim.line().ends_with(" OAuth 2.0: login: a new token\n"));
    let by_curl = home.run(&["curl", "demo", "--", "-fsS", &sim.resource_url()]);
    assert!(by_curl.ok().contains("\"id\":\"sim-client\""));
    let expires = home.run(&["token", "demo", "-o", "json"]);
    let object: Value = serde_json::from_str(expires.ok()).unwrap();
    assert!(
        (200..=300).contains(&object["expires_in"].as_u64().unwrap()),
        "{object}"
    );
    let demo = seen(&home, "demo");
    assert_eq!(
        (&demo["exchanges"], &demo["other_requests"]),
        (&1.into(), &2.into())
    );
    assert!(
        home.run(&["status", "demo"])
            .ok()
            .starts_with("demo: valid (OAuth 2.0)\n")
    );
    let doctor = home.run(&["doctor", "demo"]);
    let read = ".local/state/vendor-auth/simulator/config.toml: profile `demo`";
    assert!(doctor.ok().contains(read), "{doctor:?}");
}

#[test]
fn each_profile_but_the_browsers_has_a_token_at_once() {
    let home = new_user();
    let _sim = Simulator::start(&home, &["--token-lifetime", "60"]);
    for profile in [
        "demo",
        "demo-refresh",
        "demo-quectel",
        "demo-quectel-user",
        "demo-enos",
        "demo-cloud",
    ] {
        let ran = home.run(&["token", profile, "-o", "json"]);
        let object: Value = serde_json::from_str(ran.ok()).unwrap();
        assert!(
            object["expires_in"].as_u64().unwrap() <= 60,
            "{profile}: {object}"
        );
    }
    let log_in = home.run(&["token", "demo-login"]);
    assert!(log_in.failed(77).contains("vendor-auth login demo-login"));
    let secret = home.path(".local/state/vendor-auth/simulator/secrets/client");
    assert_private(&secret);
    assert_private(&secret.with_file_name("../config.toml"));
    assert_private(&secret.with_file_name("../control.json"));
}

#[test]
fn its_files_and_tokens_go_with_it() {
    let home = new_user();
    let sim = Simulator::start(&home, &[]);
    home.run(&["token", "demo"]).ok();
    let state = home.path(".local/state/vendor-auth");
    let of_sim: Vec<_> = fs::read_dir(&state).unwrap().flatten().collect();
    assert_eq!(of_sim.len(), 1, "{of_sim:?}");
    assert_eq!(sim.ended_by("-TERM"), Some(0));
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
    let none = home.run(&["token", "demo"]);
    assert!(
        none.failed(78)
            .contains("no simulator is running; start it with `vendor-auth sim`")
    );
    let none = home.run(&["sim", "status"]);
    assert!(none.failed(64).contains("no simulator is running"));
}

#[test]
fn the_files_of_a_killed_one_do_not_count_and_the_next_one_replaces_them() {
    let home = new_user();
    let sim = Simulator::start(&home, &[]);
    let first = home.run(&["token", "demo"]).ok().to_owned();
    assert_eq!(sim.ended_by("-KILL"), None);
    assert!(
        home.path(".local/state/vendor-auth/simulator/config.toml")
            .exists()
    );
    let dead = home.run(&["token", "demo"]);
    assert!(dead.failed(78).contains("no simulator is running"));
    let _sim = Simulator::start(&home, &[]);
    assert_ne!(home.run(&["token", "demo"]).ok(), first);
}

#[test]
fn a_second_one_says_that_one_runs() {
    let home = new_user();
    let _sim = Simulator::start(&home, &[]);
    assert!(
        home.run(&["sim"])
            .failed(64)
            .contains("a simulator runs already")
    );
    home.run(&["token", "demo"]).ok();
}

#[tokio::test]
async fn a_profile_of_ones_own_comes_first_and_its_tokens_are_kept_apart() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let sim = Simulator::start(&home, &[]);
    assert!(
        sim.introduction
            .contains("`demo` is the profile of your own configuration")
    );
    home.run(&["token", "demo"]).ok();
    assert_eq!(server.exchange_count(), 1);
    // Without --profile, `status` shows one's own.
    assert!(home.run(&["status"]).ok().starts_with("demo: valid"));
    home.run(&["token", "demo-enos"]).ok();
    drop(sim);
    let own = home.run(&["token", "demo", "--no-refresh"]);
    own.ok();
    let unknown = home.run(&["token", "demo-enos"]);
    assert!(unknown.failed(78).contains("no simulator is running"));
}

#[test]
fn its_ports_are_chosen() {
    let home = new_user();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = free.local_addr().unwrap().port().min(65_000);
    let taken_text = taken.to_string();
    let refused = home.run(&["sim", "--port-base", &taken_text]);
    assert!(
        refused
            .failed(64)
            .contains("is taken; write another --port-base")
    );
    assert!(
        home.run(&["sim", "--port-base", "65532"])
            .failed(64)
            .contains("65531")
    );
    assert!(
        home.run(&["sim", "--token-lifetime", "0"])
            .failed(64)
            .contains("1..=")
    );
}

#[test]
fn its_control_port_asks_for_the_secret() {
    let home = new_user();
    let _sim = Simulator::start(&home, &[]);
    let file = home.path(".local/state/vendor-auth/simulator/control.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let port = u16::try_from(file["port"].as_u64().unwrap()).unwrap();
    for line in [
        r#"{"secret":"","request":"status"}"#,
        "x",
        "",
        &"y".repeat(100_000),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // The other side may have closed before it has read all of a line that is too long.
        drop(stream.write_all(format!("{line}\n").as_bytes()));
        let mut answer = String::new();
        match stream.read_to_string(&mut answer) {
            Ok(_) => assert_eq!(answer, "{\"failed\":\"the secret is wrong\"}\n"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    home.run(&["sim", "status"]).ok();
}
