//! `vendor-auth login` and `vendor-auth logout`.

mod browser;
mod canary;
mod logout;
mod other_users;
mod others;
mod password;
mod pasted;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};

use token_sim::OAuth2Server;

use crate::home::{Home, Ran};

/// A user with the profile `demo`: a person who logs in with a browser.
fn person(server: &OAuth2Server, more: &str) -> Home {
    Home::with(&format!(
        r#"
[profiles.demo]
vendor = "oauth2"
token_url = "{}"
authorize_url = "{}"
revocation_url = "{}"
client_id = "{}"
client_secret = {{ env = "DEMO_SECRET" }}
account = "ada"
allow_plain_http = true
{more}
"#,
        server.token_url(),
        server.authorize_url(),
        server.revoke_url(),
        server.client_id(),
    ))
}

/// Returns the command, with the client's secret in the environment.
fn command(home: &Home, server: &OAuth2Server, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("DEMO_SECRET", server.client_secret());
    command
}

fn run(home: &Home, server: &OAuth2Server, arguments: &[&str]) -> Ran {
    Ran::of(&command(home, server, arguments).output().unwrap())
}

/// Makes a shell script the browser of this user.
fn set_browser(home: &Home, command: &mut Command, script: &str) {
    let folder = home.path("bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("xdg-open");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let others = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{}:{others}", folder.display()))
        .env("DISPLAY", ":0");
}

/// A login under way.
pub(crate) struct Started {
    process: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    url: String,
}

impl Started {
    /// Starts it, and waits for the address that it shows.
    pub(crate) fn new(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let mut started = Self {
            process,
            stderr,
            said: String::new(),
            url: String::new(),
        };
        started.url = started.wait_for("http");
        started
    }

    /// Starts it, without a browser and without input.
    fn headless(home: &Home, server: &OAuth2Server) -> Self {
        let mut started = Self::new(command(home, server, &["login", "demo", "--no-browser"]));
        started.process.stdin = None;
        started
    }

    /// The same with `SIGINT` as a terminal has it: a shell script that runs the tests in the
    /// background lets them ignore it.
    fn headless_in_terminal(home: &Home, server: &OAuth2Server) -> Self {
        let login = command(home, server, &["login", "demo", "--no-browser"]);
        let variables = login.get_envs();
        let mut env = Command::new("env");
        env.arg("--default-signal=INT")
            .arg(login.get_program())
            .args(login.get_args())
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .current_dir(home.path(""));
        let mut started = Self::new(env);
        started.process.stdin = None;
        started
    }

    /// Returns the next line that begins so.
    fn wait_for(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "no line {start:?} in {}", self.said);
            self.said.push_str(&line);
            if line.starts_with(start) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn paste(&mut self, text: &str) {
        let stdin = self.process.stdin.as_mut().unwrap();
        writeln!(stdin, "{text}").unwrap();
    }

    pub(crate) fn finish(mut self) -> Ran {
        self.process.stdin = None;
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.process.wait_with_output().unwrap();
        Ran {
            stderr: self.said,
            ..Ran::of(&output)
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    location: String,
    text: String,
}

/// Comes back to the program, as a browser does, and follows it to the last page. The status is
/// that of the first answer.
pub(crate) fn come_back(redirect: &str) -> Answered {
    curl(&["-L", redirect])
}

/// Sends a request with curl, which follows no redirect.
fn curl(arguments: &[&str]) -> Answered {
    let output = Command::new("curl")
        .args(["-sS", "-i", "--max-time", "20", "--noproxy", "*"])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut words = text.split_whitespace();
    let header = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    Answered {
        status: words.nth(1).and_then(|it| it.parse().ok()).unwrap_or(0),
        location: header("location:"),
        text: text.clone(),
    }
}

/// Logs the person in, and returns the address that the browser is sent back to.
pub(crate) fn authorize(started: &Started) -> String {
    curl(&[&started.url]).location
}
