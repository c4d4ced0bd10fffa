//! Many processes that share a grant whose refresh tokens are used once, some of them killed.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use token_sim::{Exchange, Fault, OAuth2Server};

use crate::home::{Home, Ran};

/// For how many seconds processes are killed.
const SECONDS: &str = "KILLED_SECONDS";

/// Gives the user a profile with a grant of its own.
fn add_profile(home: &Home, server: &OAuth2Server, name: &str) {
    let first = server.grant();
    fs::write(home.path(name), first.refresh_token().unwrap()).unwrap();
    fs::write(home.path("secret"), server.client_secret()).unwrap();
    let (url, client) = (server.token_url(), server.client_id());
    let profile = format!(
        "[profiles.{name}]\nvendor = \"oauth2\"\ntoken_url = \"{url}\"\nclient_id = \"{client}\"\n\
         client_secret = {{ file = \"~/secret\" }}\ngrant = \"refresh_token\"\n\
         refresh_token = {{ file = \"~/{name}\" }}\nallow_plain_http = true\n"
    );
    let mut config = fs::File::options()
        .append(true)
        .open(home.config_path())
        .unwrap();
    config.write_all(profile.as_bytes()).unwrap();
}

fn spawn(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command(arguments);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn fifty_processes_with_an_expired_token_spend_one_refresh_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::with("");
    add_profile(&home, &server, "demo");
    server.fault(Fault::with_field("/expires_in", json!(1)));
    let first = home.run(&["token", "demo"]).ok().to_owned();
    // Each question is a process, so this is no busy loop.
    while home.run(&["token", "demo", "--no-refresh"]).code == 0 {}
    let processes: Vec<_> = (0..50).map(|_| spawn(&home, &["token", "demo"])).collect();
    let printed = processes.into_iter().map(|process| {
        let ran = Ran::of(&process.wait_with_output().unwrap());
        ran.ok().to_owned()
    });
    let printed: Vec<_> = printed.collect();
    assert!(
        printed
            .iter()
            .all(|token| *token == printed[0] && *token != first)
    );
    assert_eq!(server.exchange_count(), 2);
    assert!(!server.saw_reuse());
}

/// What there is of one grant when its last process was killed.
#[derive(Debug)]
struct Left {
    name: String,
    grant: usize,
    /// How many tokens had reached the disk.
    stored: usize,
}

impl Left {
    fn of(home: &Home, name: String, grant: usize) -> Self {
        let stored = home.run(&["token", &name, "--no-refresh", "-o", "json"]);
        let stored: Value = serde_json::from_str(&stored.stdout).unwrap_or_default();
        let stored = stored.get("generation").and_then(Value::as_u64);
        Self {
            name,
            grant,
            stored: usize::try_from(stored.unwrap_or_default()).unwrap(),
        }
    }

    /// Returns whether the vendor issued more tokens than had reached the disk, and refused what
    /// the last process sent. It may act on what a process had sent after that process was killed,
    /// so it is asked at the end; that none of those tokens is of the last process, the refusal
    /// shows.
    fn is_lost(&self, server: &OAuth2Server) -> bool {
        let exchanges = server.exchanges();
        let is_its = |exchange: &&Exchange| exchange.grant == Some(self.grant);
        let issued: Vec<bool> = exchanges
            .iter()
            .filter(is_its)
            .map(Exchange::is_issued)
            .collect();
        let count = issued.iter().filter(|is_issued| **is_issued).count();
        count > self.stored && issued.last() == Some(&false)
    }
}

/// Starts processes that need a new token, and kills each in the middle of whatever it does.
async fn kill_some(home: &Home, name: &str, random: &RandomState) {
    let spawn = |_| spawn(home, &["token", name, "--force"]);
    let processes: Vec<_> = (0..3).map(spawn).collect();
    for (number, mut process) in processes.into_iter().enumerate() {
        let millis = random.hash_one((name, number)) % 60;
        // tidy: sleeps because a kill at random is a matter of time.
        tokio::time::sleep(Duration::from_millis(millis)).await;
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_a_grant_only_with_an_answer_that_did_not_reach_the_disk() {
    let seconds = std::env::var(SECONDS).map_or(3, |text| text.parse().unwrap());
    let builder = OAuth2Server::builder().access_token_lifetime(Duration::from_secs(2));
    let server = builder.start().await.unwrap();
    let home = Home::with("");
    let random = RandomState::new();
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut all = Vec::new();
    while tokio::time::Instant::now() < until {
        let grant = all.len();
        let name = format!("g{grant}");
        add_profile(&home, &server, &name);
        // Half of the grants have a token in the store already.
        if grant % 2 == 1 {
            home.run(&["token", &name]).ok();
        }
        // More of the kills come between what the vendor did and what the process wrote.
        let slow = Fault::delay(Duration::from_millis(20)).after_acting();
        server.fault(slow.until_cleared());
        kill_some(&home, &name, &random).await;
        server.clear_faults();
        all.push(Left::of(&home, name, grant));
    }
    // While a token is valid, one whose exchange is in doubt rests.
    let last = all.last().unwrap();
    while home.run(&["token", &last.name, "--no-refresh"]).code == 0 {}
    let next = |left: &Left| spawn(&home, &["token", &left.name, "--force", "--timeout", "40"]);
    let mut ended = 0;
    for some in all.chunks(40) {
        let processes: Vec<_> = some.iter().map(next).collect();
        for (left, process) in some.iter().zip(processes) {
            let ran = Ran::of(&process.wait_with_output().unwrap());
            let is_right = ran.code == 0 || (ran.code == 77 && left.is_lost(&server));
            assert!(is_right, "{left:?}: {ran:?}");
            ended += usize::from(ran.code == 77);
        }
    }
    println!("{} grants, of which {ended} ended", all.len());
    assert!(all.len() > 3 && ended < all.len());
}
