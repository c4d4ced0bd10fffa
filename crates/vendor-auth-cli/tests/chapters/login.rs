//! login.md. tests/browser logs in with the chapter's profile at a server that was not written by
//! us, with a real browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use token_sim::{ClientAuth, OAuth2Server, QuectelEndUserServer};

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;
use crate::http_server::{HttpServer, answer};
use crate::programs::with_input;

const LANGUAGES: [&str; 9] = ["toml", "toml", "sh", "text", "sh", "toml", "sh", "sh", "sh"];
const CONFIG: &str = ".config/vendor-auth/config.toml";
const PASSWORD: &str = "china1234";
/// A browser whose person is logged in at the server.
const BROWSER: &str = "#!/bin/sh\nexec curl -sSL --noproxy '*' \"$1\" > \"$HOME/page\"\n";

fn blocks() -> [Block; 9] {
    chapter::blocks("login.md", LANGUAGES)
}

/// A user with the chapter's profile, and with more lines in it.
async fn person(more: &str) -> Billing {
    let server = OAuth2Server::builder().client_auth(ClientAuth::Public);
    let server = server.scope("openid offline_access").start().await.unwrap();
    let [profile, ..] = blocks();
    let billing = Billing::at(server, "");
    let at = &billing.server;
    let profile = profile
        .with(
            "https://id.example.com/oauth2/authorize",
            &at.authorize_url(),
        )
        .with("https://id.example.com/oauth2/token", &at.token_url())
        .with("https://id.example.com/oauth2/revoke", &at.revoke_url())
        .with("invoices-cli", at.client_id());
    let text = format!("{}allow_plain_http = true\n{more}", profile.text);
    billing.write(CONFIG, &text, 0o600);
    billing
}

/// Runs a login of a person at a screen.
fn at_a_screen(billing: &Billing, login: &Block) -> Ran {
    billing.write("bin/xdg-open", BROWSER, 0o755);
    let script = format!("PATH=$HOME/bin:$PATH\n{}", login.text);
    let mut shell = billing.shell("sh", &script);
    Ran::of(&shell.env("DISPLAY", ":0").output().unwrap())
}

/// Follows the redirects of a server, and returns the address at which a browser of another machine
/// ends.
fn redirect_of(url: &str) -> String {
    let mut curl = Command::new("curl");
    let curl = curl.args(["-sS", "-o", "/dev/null", "-w", "%{redirect_url}"]);
    Ran::of(&curl.args(["--noproxy", "*", url]).output().unwrap())
        .ok()
        .to_owned()
}

#[tokio::test]
async fn a_person_with_a_browser_sees_what_the_chapter_shows_and_logs_out() {
    let [_, more, login, shown, _, _, _, logout, check] = blocks();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let more = more.with("8400", &port.unwrap().port().to_string());
    let billing = person(&more.text).await;
    let page = billing.home.written_to("page");
    let ran = at_a_screen(&billing, &login);
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("&prompt=consent\n"), "{ran:?}");
    let at = &billing.server;
    let shown = shown
        .with(
            "https://id.example.com/oauth2/authorize",
            &at.authorize_url(),
        )
        .with("invoices-cli", at.client_id());
    let said: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(said.len(), shown.text.lines().count(), "{ran:?}");
    for (said, shown) in said.iter().zip(shown.text.lines()) {
        assert!(said.starts_with(shown.trim_end_matches('…')), "{said}");
    }
    let page = page.join().unwrap();
    assert!(page.contains("You are logged in"), "{page}");

    let checked = billing.run("sh", &check.text);
    let text = checked.ok();
    assert!(text.starts_with("invoices: valid (OAuth 2.0)\n"), "{text}");
    let ended = billing.run("sh", &logout.text);
    assert_eq!(
        (ended.code, &*ended.stderr),
        (
            0,
            "invoices: logged out, and the vendor revoked the token\n"
        )
    );
    let status = billing.run("sh", "vendor-auth status invoices");
    assert!(status.stdout.contains("log in with `vendor-auth login"));
}

#[tokio::test]
async fn a_person_at_another_machine_pastes_the_address() {
    let [_, _, login, _, headless, ..] = blocks();
    for (block, said) in [
        (&login, "No browser could be opened here"),
        (&headless, "open this address in a browser"),
    ] {
        let billing = person("").await;
        let mut process = billing
            .shell("sh", &block.text)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut before = String::new();
        let mut until = |start: &str| {
            let line = lines.by_ref().map(Result::unwrap);
            let mut line = line.inspect(|line| before.push_str(line));
            line.find(|line| line.starts_with(start)).unwrap()
        };
        let url = until("http");
        until("Then paste the address");
        let mut stdin = process.stdin.take().unwrap();
        writeln!(stdin, "{}", redirect_of(&url)).unwrap();
        until("invoices: logged in (OAuth 2.0)");
        assert!(before.contains(said), "{before}");
        assert!(process.wait().unwrap().success());
    }
}

#[tokio::test]
async fn a_login_without_a_refresh_token_says_so() {
    let billing = person("").await;
    let vendor = HttpServer::start(|_| {
        let body = r#"{"access_token":"alone","token_type":"Bearer","expires_in":3600}"#;
        let head = answer("200 OK", &["Content-Type: application/json"]);
        let length = format!("Content-Length: {}", body.len());
        let head = String::from_utf8(head).unwrap();
        format!("{}{body}", head.replace("Content-Length: 0", &length)).into_bytes()
    });
    let config = std::fs::read_to_string(billing.home.path(CONFIG)).unwrap();
    let config = config.replace(&billing.server.token_url(), &vendor.url("/token"));
    billing.write(CONFIG, &config, 0o600);
    let [_, _, login, ..] = blocks();
    let ran = at_a_screen(&billing, &login);
    let said = "there is no refresh token: log in again then";
    assert!(ran.stderr.contains(said), "{ran:?}");
    assert!(chapter::read("login.md").contains(said));
}

#[tokio::test]
async fn what_else_fails_is_said_as_the_chapter_has_it() {
    let text = chapter::read("login.md");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases = [
        (format!("redirect_port = {port}"), "", "is in use"),
        (String::new(), "--timeout 0", "nobody logged in within "),
    ];
    for (more, option, said) in cases {
        let billing = person(&more).await;
        let login = format!("vendor-auth login invoices --no-browser {option}");
        let ran = billing.run("sh", &login);
        assert!(ran.stderr.contains(said), "{ran:?}");
        assert!(text.contains(said), "{said}");
    }
}

#[tokio::test]
async fn a_person_with_a_password_logs_in_with_what_a_program_prints() {
    let vendor = QuectelEndUserServer::builder();
    let vendor = vendor.user("ada@example.com", "13800000000", PASSWORD);
    let vendor = vendor.start().await.unwrap();
    let billing = Billing::start().await;
    let [_, _, _, _, _, profile, login, ..] = blocks();
    let here = format!("url = \"{}\"\nallow_plain_http = true", vendor.url(""));
    let profile = profile
        .with("region = \"europe\"", &here)
        .with("C.DM.10101.1", vendor.user_domain());
    billing.write(CONFIG, &profile.text, 0o600);
    let secret = ".config/vendor-auth/domain-secret";
    billing.write(secret, vendor.user_domain_secret(), 0o600);
    billing.write("password", PASSWORD, 0o600);

    let (asks, piped) = login.text.split_once('\n').unwrap();
    let mut detached = billing.shell("sh", &format!("setsid --wait {asks}"));
    let ran = Ran::of(&with_input(&mut detached, ""));
    let said = "write --password-stdin";
    assert!(ran.failed(64).contains(said), "{ran:?}");
    assert!(chapter::read("login.md").contains(said));
    let piped = piped.replace("pass show meters", "cat password");
    let ran = billing.run("sh", &piped);
    let said = "meters: logged in (Quectel, end user); ";
    assert!(ran.code == 0 && ran.stderr.starts_with(said), "{ran:?}");
}
