//! A login with a real browser at a real authorization server.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test panics if its setup fails")]

#[path = "../command/home.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod home;
mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use home::{Home, Ran};
use programs::{Programs, Server};
use serde_json::{Value, json};

/// A user with the profile of the chapter on the login of a person, as `demo` at this server. Like
/// many, it gives a refresh token only after a consent.
fn person(server: &Server) -> Home {
    let issuer = &server.issuer;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command/login.md");
    let chapter = fs::read_to_string(path).unwrap();
    let mut blocks = chapter.split("```toml\n").skip(1);
    let mut next = || blocks.next().unwrap().split("```").next().unwrap();
    let (mut profile, more) = (next().to_owned(), next());
    for (example, real) in [
        ("profiles.invoices", "profiles.demo"),
        (
            "https://id.example.com/oauth2/authorize",
            &format!("{issuer}/auth"),
        ),
        (
            "https://id.example.com/oauth2/token",
            &format!("{issuer}/token"),
        ),
        (
            "https://id.example.com/oauth2/revoke",
            &format!("{issuer}/token/revocation"),
        ),
        ("invoices-cli", "vendor-auth"),
    ] {
        assert!(profile.contains(example), "{example}: {profile}");
        profile = profile.replace(example, real);
    }
    let consent = more.lines().next().unwrap();
    assert!(consent.contains("prompt"), "{more}");
    Home::with(&format!("{profile}{consent}\nallow_plain_http = true\n"))
}

/// Logs in with a browser at which a person does this. Returns what the command printed, and what
/// was found about the page at the end.
fn log_in(home: &Home, programs: &Programs, does: &str) -> (Ran, Value) {
    let findings = home.written_to("findings");
    let mut command = home.command(&["login", "demo", "--timeout", "45"]);
    set_browser(home, &mut command, &programs.person(does));
    let ran = Ran::of(&command.output().unwrap());
    let opened = ran.stderr.contains("Waiting for the browser");
    assert!(opened, "{ran:?}");
    let text = findings.join().unwrap();
    let said = fs::read_to_string(home.path("browser.log")).unwrap();
    assert!(!text.is_empty(), "{ran:?} {said}");
    let found = serde_json::from_str(&text).unwrap();
    (ran, found)
}

/// Makes a shell command, which gets the address as `$1`, the browser of this user.
fn set_browser(home: &Home, command: &mut Command, script: &str) {
    let folder = home.path("bin");
    fs::create_dir_all(&folder).unwrap();
    let opener = folder.join("xdg-open");
    let text = format!("#!/bin/sh\nexec >\"$HOME/findings\" 2>\"$HOME/browser.log\"\n{script}\n");
    fs::write(&opener, text).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let others = std::env::var("PATH").unwrap();
    command
        .env("PATH", format!("{}:{others}", folder.display()))
        .env("DISPLAY", ":0");
}

/// Asserts what holds for every page of ours.
#[track_caller]
fn assert_readable(found: &Value) {
    assert_eq!(found["pale"], json!([]), "{found}");
    assert_eq!(found["scripts"], json!([]), "{found}");
    assert_eq!(found["is_too_wide"], json!(false), "{found}");
    // The heading and at least a paragraph.
    assert!(found["texts"].as_u64().unwrap() >= 2, "{found}");
}

/// Asserts it in each scheme and width, and returns the text, which is the same in all of them.
#[track_caller]
fn assert_all_readable(found: &Value) -> String {
    let checked = found["checked"].as_array().unwrap();
    assert_eq!(checked.len(), 4, "{found}");
    checked.iter().for_each(assert_readable);
    let distinct = |key: &str| {
        let values = checked.iter().map(|it| it[key].to_string());
        values.collect::<BTreeSet<_>>().len()
    };
    assert_eq!((distinct("background"), distinct("text")), (2, 1));
    found
        .pointer("/checked/0/text")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// Asserts that a page asks for nothing but itself, and returns its site.
#[track_caller]
fn assert_asks_nobody(found: &Value, paths: &[&str]) {
    let requests = found["requests"].as_array().unwrap().iter();
    let requests: Vec<_> = requests
        .map(|url| url.as_str().unwrap().split('?').next().unwrap())
        .collect();
    let (site, _) = requests.first().unwrap().split_once("/callback").unwrap();
    let expected: Vec<_> = paths.iter().map(|path| format!("{site}{path}")).collect();
    assert_eq!(requests, expected);
}

/// Returns the status with which the server shows who a token belongs to.
fn status_of(server: &Server, token: &str) -> String {
    let output = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "-o", "/dev/null"])
        .args(["-w", "%{http_code}", "-H"])
        .arg(format!("Authorization: Bearer {token}"))
        .arg(format!("{}/me", server.issuer))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_person_logs_in_with_a_browser_and_out_again() {
    let programs = Programs::install();
    let server = Server::start(&programs);
    let home = person(&server);
    let (ran, found) = log_in(&home, &programs, "logs-in");
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(
        ran.stderr.contains("demo: logged in (OAuth 2.0); "),
        "{ran:?}"
    );

    let text = assert_all_readable(&found);
    assert_eq!(
        text.trim(),
        "You are logged in\n\nThe profile demo has its token.\n\nYou can close this page and \
         return to the terminal."
    );
    assert_asks_nobody(&found, &["/callback", "/callback/done"]);
    let address = found["address"].as_str().unwrap();
    assert!(address.ends_with("/callback/done"), "{address}");

    let first = home.run(&["token", "demo"]).ok().trim().to_owned();
    assert_eq!(status_of(&server, &first), "200");
    let second = home.run(&["token", "demo", "--force"]);
    let second = second.ok().trim().to_owned();
    assert_ne!(first, second);
    assert_eq!(status_of(&server, &second), "200");

    let ended = home.run(&["logout", "demo"]);
    assert_eq!(
        (ended.code, &*ended.stderr),
        (0, "demo: logged out, and the vendor revoked the token\n")
    );
    assert_eq!(status_of(&server, &second), "401");
    home.run(&["token", "demo"]).failed(77);
}

#[test]
fn a_person_who_cancels_reads_so_in_the_browser() {
    let programs = Programs::install();
    let server = Server::start(&programs);
    let home = person(&server);
    let (ran, found) = log_in(&home, &programs, "cancels");
    assert!(ran.failed(77).contains("access_denied"), "{ran:?}");
    let text = assert_all_readable(&found);
    assert!(text.starts_with("The login failed\n"), "{text}");
    assert!(text.contains("access_denied"), "{text}");
    assert_asks_nobody(&found, &["/callback", "/callback/done"]);
    home.run(&["token", "demo"]).failed(77);
}

#[test]
fn a_redirect_of_another_login_is_told_apart_on_a_readable_page() {
    let programs = Programs::install();
    // No server is asked before the person is done.
    let home = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\ntoken_url = \"https://id.example/token\"\n\
         authorize_url = \"https://id.example/auth\"\nclient_id = \"vendor-auth\"\n\
         client_authentication = \"none\"\naccount = \"ada\"\n",
    );
    let mut command = home.command(&["login", "demo", "--no-browser"]);
    let mut login = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(login.stderr.take().unwrap()).lines();
    let url = lines.find_map(|line| line.ok().filter(|line| line.starts_with("http")));
    let url = url.unwrap();
    let port = url.split("127.0.0.1%3A").nth(1).unwrap();
    let port = port.split("%2F").next().unwrap();
    let forged = format!("http://127.0.0.1:{port}/callback?code=theirs&state=theirs");
    for scheme in ["light", "dark"] {
        let found = programs.check(&forged, scheme, 360);
        assert_eq!(found["status"], json!(400));
        assert_readable(&found);
        assert_asks_nobody(&found, &["/callback"]);
        let text = found["text"].as_str().unwrap();
        let heading = text.lines().next();
        assert_eq!(heading, Some("This is not the login that is under way"));
    }
    login.kill().unwrap();
    login.wait().unwrap();
}

#[test]
fn what_is_wrong_with_a_page_is_found() {
    let programs = Programs::install();
    let page = programs.url_of("faulty.html");
    let pale = |found: &Value| -> Vec<String> {
        let pale = found["pale"].as_array().unwrap().iter();
        pale.map(|it| it["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let found = programs.check(&page, "light", 360);
    assert_eq!(pale(&found), ["Grey", "Faint", "Shaded"], "{found}");
    assert_eq!(found["texts"], json!(6), "{found}");
    assert_eq!(found["scripts"].as_array().unwrap().len(), 3, "{found}");
    assert_eq!(found["is_too_wide"], json!(true));
    let requests = found["requests"].as_array().unwrap();
    assert!(
        requests.contains(&json!("http://elsewhere.example/pixel")),
        "{found}"
    );
    let dark = programs.check(&page, "dark", 1280);
    assert!(pale(&dark).contains(&"Black".to_owned()), "{dark}");
    assert_eq!(dark["is_too_wide"], json!(false));
}
