//! `vendor-auth watch`, in a terminal.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use local_servers::Tmux;
use token_sim::OAuth2Server;

use crate::home::Home;
use crate::simulator::Simulator;

fn shown(home: &Home, columns: u16, rows: u16) -> Tmux {
    Tmux::run(&home.command(&["watch"]), columns, rows).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn keys_turn_pages_and_refresh_and_the_terminal_is_restored() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let tmux = shown(&home, 80, 24);
    let before = tmux.wait_for("> demo  no token yet").unwrap();
    assert!(before.contains("requested by the next command"), "{before}");

    // What another process did is seen.
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let valid = tmux.wait_for("> demo  valid").unwrap();
    assert!(valid.contains("┃███"), "{valid}");
    assert_eq!(server.exchange_count(), 1);

    tmux.press("?").unwrap();
    tmux.wait_for("get another token now").unwrap();
    tmux.press("?").unwrap();
    tmux.wait_for("> demo  valid").unwrap();
    tmux.press("Enter").unwrap();
    tmux.wait_for("generation   1").unwrap();
    tmux.press("r").unwrap();
    let details = tmux.wait_for("generation   2").unwrap();
    assert!(!details.contains(&token), "{details}");
    tmux.wait_for("demo: refreshed").unwrap();
    assert_eq!(server.exchange_count(), 2);
    let newest = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let details = tmux.text().unwrap();
    for secret in [&*newest, server.client_secret()] {
        assert!(!details.contains(secret), "{details}");
    }

    tmux.press("q").unwrap();
    assert_eq!(tmux.end().unwrap(), 0);
}

#[test]
fn the_simulators_profiles_are_selected_and_another_size_is_filled() {
    let home = Home::with("");
    let _simulator = Simulator::start(&home, &[]);
    let tmux = shown(&home, 80, 24);
    let first = tmux.wait_for("\n> ").unwrap();
    tmux.press("j").unwrap();
    tmux.wait_until(|text| selected(text) != selected(&first))
        .unwrap();
    tmux.press("k").unwrap();
    tmux.wait_until(|text| selected(text) == selected(&first))
        .unwrap();

    tmux.resize(40, 10).unwrap();
    let is_small = |text: &str| {
        text.lines()
            .nth(9)
            .is_some_and(|line| line.starts_with("? help"))
    };
    let small = tmux.wait_until(is_small).unwrap();
    assert!(
        small.lines().all(|line| line.chars().count() <= 40),
        "{small}"
    );

    tmux.terminate().unwrap();
    assert_eq!(tmux.end().unwrap(), 128 + 15);
}

/// Returns the name of the selected profile.
fn selected(text: &str) -> &str {
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("> "));
    line.and_then(|line| line.split("  ").next())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_colours_there_are_none() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    for (value, is_coloured) in [("", true), ("1", false)] {
        let mut command = home.command(&["watch"]);
        command.env("NO_COLOR", value);
        let tmux = Tmux::run(&command, 80, 24).unwrap();
        tmux.wait_for("> demo  valid").unwrap();
        let styled = tmux.styled_text().unwrap();
        assert_eq!(styled.contains("\u{1b}[38;5;"), is_coloured, "{styled:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dumb_terminal_and_a_pipe_get_lines() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    let mut command = home.command(&["watch", "demo"]);
    command.env("TERM", "dumb");
    let tmux = Tmux::run(&command, 100, 24).unwrap();
    tmux.wait_for(" demo: valid; refreshed in ").unwrap();
    let text = tmux.wait_for("TERM is dumb: lines instead").unwrap();
    assert!(!text.contains('█'), "{text}");
    tmux.press("C-c").unwrap();
    assert_eq!(tmux.end().unwrap(), 128 + 2);

    let mut command = home.command(&["watch"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    assert!(line.contains(" demo: valid; refreshed in "), "{line}");
    home.run(&["token", "demo", "--force"]).ok();
    line.clear();
    printed.read_line(&mut line).unwrap();
    assert!(line.contains(" demo: valid; refreshed in "), "{line}");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(
        told.contains("this is not a terminal: lines instead of a picture\n"),
        "{told}"
    );
}
