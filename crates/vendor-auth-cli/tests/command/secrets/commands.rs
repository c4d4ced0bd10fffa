//! No command shows a secret, wherever it comes from.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::{SECRET, SOURCES, command, server, user};
use crate::home::{Home, Ran};
use crate::http_server::{HttpServer, Request};

/// What a program sees of all processes, and of its own environment.
const LOOK: &str = "cat /proc/[0-9]*/cmdline /proc/self/environ 2>/dev/null | tr '\\0' '\\n'";

/// The arguments of each command that reads secrets or tells about them; `SOURCE` is the profile.
fn commands(resource: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["token", "SOURCE", "--force"],
        vec!["token", "SOURCE", "-o", "json", "--file", "printed"],
        vec!["status", "SOURCE"],
        vec!["status", "SOURCE", "--json", "--offline"],
        vec!["doctor", "SOURCE"],
        vec!["doctor", "SOURCE", "--json", "--send"],
        vec!["helper", "--protocol", "kubernetes", "SOURCE"],
        vec!["run", "SOURCE", "--", "sh", "-c", LOOK],
        vec!["curl", "SOURCE", "--", "-sS", "-v", resource],
        vec!["serve", "--once", "--sink", "SOURCE:json:sink:0600"],
        vec!["login", "SOURCE"],
        vec!["logout", "SOURCE"],
        vec!["token", "nobody"],
    ]
}

/// Returns the files below a directory that contain a text, but for the store and these names.
fn files_with(text: &str, directory: &Path, but: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    let found = entries.flat_map(|entry| {
        let path = entry.path();
        if but.iter().any(|name| path.ends_with(name)) {
            return Vec::new();
        }
        if entry.file_type().unwrap().is_dir() {
            return files_with(text, &path, but);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        let has = bytes.windows(text.len()).any(|it| it == text.as_bytes());
        has.then(|| path.display().to_string())
            .into_iter()
            .collect()
    });
    found.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_command_shows_the_secret_of_any_source() {
    let server = server().await;
    let resource = server.resource_url();
    for (source, _) in SOURCES {
        let home = user(&server);
        for arguments in commands(&resource) {
            let with_source = |argument: &&str| argument.replace("SOURCE", source);
            let arguments: Vec<_> = arguments.iter().map(with_source).collect();
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let ran = Ran::of(&command(&home, source, &arguments).output().unwrap());
            assert!(
                !ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET),
                "{source} {arguments:?}: {ran:?}"
            );
            // Each does what it is for, or says why it cannot.
            let is_refused = arguments[1] == "nobody";
            assert_eq!(ran.code != 0, is_refused, "{source} {arguments:?}: {ran:?}");
        }
        let places = files_with(SECRET, &home.path(""), &["secret"]);
        assert_eq!(places, [""; 0], "{source}");
        let token = home.run(&["token", source, "--no-refresh"]);
        assert_ne!(token.code, 0, "it was ended");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn curl_does_not_get_the_variable_with_the_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = server().await;
    let home = user(&server);
    let path = std::env::var("PATH").unwrap();
    // `-q` is the transfer's first argument.
    let script = "#!/bin/sh\n[ \"$1\" = -q ] && env > \"$HOME/seen\"\n\
                  PATH=${PATH#*:}\nexec curl \"$@\"\n";
    fs::create_dir(home.path("bin")).unwrap();
    fs::write(home.path("bin/curl"), script).unwrap();
    fs::set_permissions(home.path("bin/curl"), fs::Permissions::from_mode(0o700)).unwrap();
    let resource = server.resource_url();
    let mut curl = command(&home, "env", &["curl", "env", "--", "-sS", &resource]);
    curl.env("PATH", format!("{}:{path}", home.path("bin").display()));
    let ran = Ran::of(&curl.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    let seen = fs::read_to_string(home.path("seen")).unwrap();
    assert!(
        seen.contains("RUST_LOG=trace") && !seen.contains(SECRET),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_view_and_no_other_file_has_the_token() {
    let server = server().await;
    let home = user(&server);
    let token = home.run(&["token", "file"]).ok().trim_end().to_owned();
    for arguments in [
        &["status", "file"][..],
        &["status", "file", "--json"],
        &["doctor", "file", "--json"],
    ] {
        let ran = home.run(arguments);
        assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token));
    }
    let mut watch = home.command(&["watch", "file"]);
    let mut watch = watch
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut printed = BufReader::new(watch.stdout.take().unwrap());
    printed.read_line(&mut line).unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(line.contains("file: valid") && !line.contains(&token) && !line.contains(SECRET));
    let store = ".local/state/vendor-auth/tokens";
    assert_eq!(files_with(&token, &home.path(""), &[store]), [""; 0]);
    assert_eq!(files_with(&token, &home.path(store), &[]).len(), 1);
}

/// Answers with all that it was sent.
fn echo(request: &Request) -> Vec<u8> {
    let sent = format!(
        "{} {} {:?}",
        request.target,
        String::from_utf8_lossy(&request.body),
        request.header("authorization")
    );
    let body = serde_json::json!({ "error": "invalid_client", "error_description": sent });
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[test]
fn a_vendor_that_repeats_what_it_was_sent_does_not_show_it() {
    use base64::Engine as _;
    let vendor = HttpServer::start(echo);
    let home = Home::with(&format!(
        "[profiles.file]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"billing\"\n\
         client_secret = {{ file = \"~/secret\" }}\nrefresh_token = {{ file = \"~/first\" }}\n\
         allow_plain_http = true\n",
        vendor.url("/token")
    ));
    let first = "ieth7eiShoh1Ahf9";
    fs::write(home.path("secret"), SECRET).unwrap();
    fs::write(home.path("first"), first).unwrap();
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("billing:{SECRET}"));
    for arguments in commands(&vendor.url("/api")) {
        let arguments: Vec<_> = arguments
            .iter()
            .map(|it| it.replace("SOURCE", "file"))
            .collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let ran = home.run(&arguments);
        assert_ne!((ran.code, arguments[0]), (0, "token"), "{ran:?}");
        for secret in [SECRET, first, &basic] {
            assert!(
                !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
                "{arguments:?}: {ran:?}"
            );
        }
    }
    assert!(!vendor.requests().is_empty());
    for secret in [SECRET, first, &basic] {
        assert_eq!(
            files_with(secret, &home.path(""), &["secret", "first"]),
            [""; 0]
        );
    }
}
