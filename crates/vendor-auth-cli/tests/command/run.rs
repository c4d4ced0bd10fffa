//! `vendor-auth run`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use token_sim::OAuth2Server;

use crate::home::Home;

#[tokio::test]
async fn the_program_has_the_token_and_its_end_in_its_environment() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let print = "printf '%s %s\\n' \"$ACCESS_TOKEN\" \"$ACCESS_TOKEN_EXPIRES_AT\"";
    let ran = home.run(&["run", "demo", "--", "sh", "-c", print]);
    let (printed, end) = ran.ok().trim_end().split_once(' ').unwrap();
    assert_eq!(printed, token);
    assert!(end.contains('T') && end.ends_with('Z'), "{end}");
    let named = home.run(&["run", "demo", "--env", "API_KEY", "--", "env"]);
    let names = ["API_KEY=", "API_KEY_EXPIRES_AT="];
    assert!(names.iter().all(|name| named.ok().contains(name)));
    assert!(!named.stdout.contains("ACCESS_TOKEN"));
    let wrong = home.run(&["run", "demo", "--env", "A=B", "--", "env"]);
    assert!(wrong.failed(64).contains("such as ACCESS_TOKEN"));
}

#[tokio::test]
async fn the_exit_code_is_the_programs() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let code = |script: &str| home.run(&["run", "demo", "--", "sh", "-c", script]).code;
    assert_eq!(code("exit 0"), 0);
    assert_eq!(code("exit 7"), 7);
    assert_eq!(code("kill -KILL $$"), 128 + 9);
    assert_eq!(code("kill -SEGV $$"), 128 + 11);
    let missing = home.run(&["run", "demo", "--", "no-such-program"]);
    assert!(
        missing
            .failed(127)
            .contains("`no-such-program` cannot be run")
    );
    let unrunnable = home.run(&["run", "demo", "--", home.config_path().to_str().unwrap()]);
    unrunnable.failed(126);
}

#[tokio::test]
async fn a_signal_reaches_the_program_which_decides_what_it_means() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    for (signal, script, code) in [
        ("TERM", "trap 'exit 3' TERM; echo ready; read -r x", 3),
        ("INT", "trap 'exit 4' INT; echo ready; read -r x", 4),
        ("USR1", "trap 'exit 5' USR1; echo ready; read -r x", 5),
        ("TERM", "echo ready; exec sleep 1000", 128 + 15),
        ("HUP", "echo ready; exec sleep 1000", 128 + 1),
    ] {
        let mut process = home
            .command(&["run", "demo", "--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Kept open: `wait` would close it, and the script would end by itself.
        let _stdin = process.stdin.take().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let kill = Command::new("kill")
            .args(["-s", signal, &process.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(
            process.wait().unwrap().code(),
            Some(code),
            "{signal} {script}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_signal_that_is_ignored_from_the_start_stays_ignored_by_the_program_too() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let arguments = ["run", "demo", "--", "sh", "-c", "echo ready; exec cat"];
    // A shell's way to start something as `nohup` does.
    let mut process = home
        .command_after("trap '' HUP", &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = process.stdin.take().unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-s", "HUP", &id]).status();
    assert!(sent.unwrap().success());
    drop(stdin); // `cat` ends by itself.
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_program_that_says_the_token_was_refused_is_run_once_more_with_another() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let script = "echo \"$ACCESS_TOKEN\" >>tokens; test \"$(wc -l <tokens)\" -ge 2 || exit 41";
    let arguments = [
        "run",
        "demo",
        "--refused-code",
        "41",
        "--",
        "sh",
        "-c",
        script,
    ];
    assert_eq!(home.run(&arguments).ok(), "");
    let tokens = fs::read_to_string(home.path("tokens")).unwrap();
    let tokens: Vec<_> = tokens.lines().collect();
    assert!(tokens.len() == 2 && tokens[0] != tokens[1]);
    assert_eq!(server.exchange_count(), 2);

    let always = [
        "run",
        "demo",
        "--refused-code",
        "41",
        "--",
        "sh",
        "-c",
        "echo x; exit 41",
    ];
    let ran = home.run(&always);
    assert_eq!((ran.code, &*ran.stdout), (41, "x\n"), "{ran:?}");
    assert!(ran.stderr.contains("not at fault"), "{ran:?}");
    assert_eq!(server.exchange_count(), 2);
}

#[tokio::test]
async fn the_token_is_only_in_the_programs_variable() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let script = "for it in $PPID $$; do cat /proc/$it/cmdline /proc/$it/environ; echo; done";
    let ran = home.run(&["run", "demo", "--", "sh", "-c", script]);
    let seen: Vec<_> = ran.ok().lines().collect();
    let [parent, child] = seen[..] else {
        panic!("{seen:?}")
    };
    assert!(!parent.contains(&token));
    let places: Vec<_> = child
        .split('\0')
        .filter(|text| text.contains(&token))
        .collect();
    assert_eq!(places, [format!("ACCESS_TOKEN={token}")]);
}
