//! A person with a password.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use token_sim::QuectelEndUserServer;

use crate::home::{Home, Ran};

const PASSWORD: &str = "china1234";

async fn vendor() -> QuectelEndUserServer {
    let builder = QuectelEndUserServer::builder().user("ada@example.com", "13800000000", PASSWORD);
    builder.start().await.unwrap()
}

fn person(server: &QuectelEndUserServer, more: &str) -> Home {
    let home = Home::with(&format!(
        r#"
[profiles.demo]
vendor = "quectel-end-user"
url = "{}"
user_domain = "{}"
user_domain_secret = {{ file = "~/secret" }}
allow_plain_http = true
{more}
"#,
        server.url(""),
        server.user_domain(),
    ));
    fs::write(home.path("secret"), server.user_domain_secret()).unwrap();
    home
}

/// Logs in with a password on standard input.
fn log_in(home: &Home, input: &str) -> Ran {
    let mut process = home
        .command(&["login", "demo", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Ran::of(&process.wait_with_output().unwrap())
}

/// A shell at a terminal of its own, and what is seen there.
struct AtTerminal {
    script: std::process::Child,
    seen: String,
}

impl AtTerminal {
    fn new(home: &Home, arguments: &[&str]) -> Self {
        let program = home.command(arguments);
        let words: Vec<_> = std::iter::once(program.get_program())
            .chain(program.get_args())
            .map(|word| word.to_str().unwrap())
            .collect();
        let line = format!("trap : INT; {}; echo \"code $?\"; stty -a", words.join(" "));
        let mut script = Command::new("script");
        for (name, value) in program.get_envs() {
            script.env(name, value.unwrap());
        }
        let script = script
            .args(["-q", "-e", "-c", &line, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .current_dir(home.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            script,
            seen: String::new(),
        }
    }

    fn wait_for(&mut self, text: &str) {
        let stdout = self.script.stdout.as_mut().unwrap();
        while !self.seen.contains(text) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", self.seen);
            self.seen.push(char::from(byte[0]));
        }
    }

    fn type_in(&mut self, text: &str) {
        let stdin = self.script.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Returns everything that was seen, when the terminal is closed.
    fn finish(mut self) -> String {
        self.wait_for("\nspeed ");
        self.wait_for(" echok");
        self.script.stdin = None;
        self.script.wait().unwrap();
        self.seen
    }
}

#[tokio::test]
async fn the_first_line_of_standard_input_is_the_password() {
    let server = vendor().await;
    for account in [
        "account = \"ada@example.com\"",
        "account = \"13800000000\"\nlogin_name = \"phone\"\ncountry_code = \"86\"",
        "account = \"13800000000\"",
    ] {
        let home = person(&server, account);
        let ran = log_in(&home, &format!("{PASSWORD}\nmore\n"));
        assert_eq!((ran.code, &*ran.stdout), (0, ""), "{account}: {ran:?}");
        assert!(
            ran.stderr
                .starts_with("demo: logged in (Quectel, end user); "),
            "{ran:?}"
        );
        home.run(&["token", "demo"]).ok();
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_is_in_no_text() {
    let server = vendor().await;
    let home = person(&server, "account = \"ada@example.com\"");
    let ran = log_in(&home, "not-her-password\n");
    let text = ran.failed(77);
    assert!(text.contains("5586"), "four attempts are left: {text}");
    assert!(!text.contains("not-her-password"), "{text}");
    server.freeze_account();
    let frozen = log_in(&home, &format!("{PASSWORD}\n"));
    assert!(frozen.failed(69).contains("1200 s"), "{frozen:?}");
}

#[tokio::test]
async fn nobody_logs_in_if_the_store_could_not_take_the_token() {
    let server = vendor().await;
    let home = person(&server, "account = \"ada@example.com\"");
    let profile = fs::read_to_string(home.config_path()).unwrap();
    // Nobody can write there, not even root.
    let store = "[store]\ndirectory = \"/proc/vendor-auth\"\n";
    fs::write(home.config_path(), format!("{store}{profile}")).unwrap();
    let ran = log_in(&home, &format!("{PASSWORD}\n"));
    let text = ran.failed(74);
    assert!(
        text.contains("/proc/vendor-auth cannot be written: ")
            && text.contains("write another `store.directory`"),
        "{text}"
    );
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn without_a_terminal_the_person_is_told_what_to_write() {
    let server = vendor().await;
    let nameless = person(&server, "");
    assert!(
        log_in(&nameless, "x\n")
            .failed(78)
            .contains("`profiles.demo.account`: is missing")
    );
    let home = person(&server, "account = \"ada@example.com\"");
    assert!(
        log_in(&home, "")
            .failed(64)
            .contains("the password is empty")
    );
    let mut detached = Command::new("setsid");
    let program = home.command(&["login", "demo"]);
    for (name, value) in program.get_envs() {
        detached.env(name, value.unwrap());
    }
    detached.args(["--wait".as_ref(), program.get_program()]);
    let ran = Ran::of(&detached.args(program.get_args()).output().unwrap());
    assert!(ran.failed(64).contains("write --password-stdin"), "{ran:?}");
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn the_password_is_asked_for_and_not_seen() {
    let server = vendor().await;
    let home = person(&server, "login_name = \"email\"");
    let mut terminal = AtTerminal::new(&home, &["login", "demo"]);
    terminal.wait_for("demo: Email address: ");
    terminal.type_in("ada@example.com\n");
    terminal.wait_for("demo: password of ada@example.com: ");
    terminal.type_in(&format!("{PASSWORD}\n"));
    let seen = terminal.finish();
    assert!(seen.contains("code 0"), "{seen}");
    assert!(!seen.contains(PASSWORD), "{seen}");
    assert!(seen.contains(" echo "), "the echo is on again: {seen}");
    home.run(&["token", "demo"]).ok();
}

#[tokio::test]
async fn ctrl_c_at_the_prompt_leaves_the_terminal_as_it_was() {
    let server = vendor().await;
    let home = person(&server, "account = \"ada@example.com\"");
    let mut terminal = AtTerminal::new(&home, &["login", "demo"]);
    terminal.wait_for("demo: password of ada@example.com: ");
    terminal.type_in("chi\u{3}");
    let seen = terminal.finish();
    assert!(seen.contains("code 130"), "{seen}");
    assert!(
        seen.contains(" echo ") && seen.contains(" icanon ") && seen.contains("isig "),
        "{seen}"
    );
    assert_eq!(server.exchange_count(), 0);
}
