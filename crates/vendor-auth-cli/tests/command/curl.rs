//! `vendor-auth curl`, with real curl.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use token_sim::{EnosServer, OAuth2Server};

use crate::home::{Home, Ran};
use crate::http_server::{self, HttpServer};

fn curl(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["curl", "demo", "--", "-s"], arguments].concat())
}

/// An API that answers 200, and a user whose profile has it.
async fn api() -> (OAuth2Server, HttpServer, Home) {
    let server = OAuth2Server::start().await.unwrap();
    let api = HttpServer::start(|_| http_server::answer("200 OK", &[]));
    let home = Home::of_client_with(&server, &format!("api_urls = [\"{}\"]", api.url("")));
    (server, api, home)
}

#[tokio::test]
async fn the_api_gets_the_token_and_curls_output_and_code_are_passed_on() {
    let (server, api, home) = api().await;
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let got = curl(&home, &["-w", "%{http_code}", &server.resource_url()]);
    assert!(got.ok().ends_with("200"), "{got:?}");
    curl(
        &home,
        &["-d", "a=1", &api.url("/x"), "--next", "-I", &api.url("/y")],
    )
    .ok();
    let bearer = format!("Bearer {token}");
    let seen: Vec<_> = api
        .requests()
        .into_iter()
        .map(|it| {
            (
                it.method.clone(),
                it.header("authorization") == Some(&bearer),
            )
        })
        .collect();
    assert_eq!(seen, [("POST".to_owned(), true), ("HEAD".to_owned(), true)]);
    let failed = curl(&home, &["-f", &server.url("/no-such-path")]);
    assert_eq!(failed.code, 22, "{failed:?}");
}

#[tokio::test]
async fn standard_input_is_the_users() {
    let (_server, api, home) = api().await;
    let url = api.url("/");
    let mut process = home
        .command(&["curl", "demo", "--", "-s", "--data-binary", "@-", &url])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(b"what the user says")
        .unwrap();
    assert!(process.wait().unwrap().success());
    assert_eq!(api.requests().first().unwrap().body, b"what the user says");
}

#[tokio::test]
async fn no_other_host_gets_the_token_however_it_is_written() {
    let (server, api, home) = api().await;
    let other = HttpServer::start(|_| http_server::answer("200 OK", &[]));
    let (own, authority) = (api.url("/"), api.authority());
    let url = other.url("/");
    let at = format!("http://{authority}@{}/", other.authority());
    let backslash = format!("http://{}\\@{authority}/", other.authority());
    let glob = format!("http://{{{authority},{}}}/", other.authority());
    let tab = format!("http://{}\t{authority}/", other.authority());
    let without = other.authority().to_owned();
    let rows: [&[&str]; 25] = [
        &[&url],
        &["--url", &url],
        &[&own, &url],
        &[&own, "--next", &url],
        &[&own, "-:", &url],
        &["-o", "/dev/null", &own, "--", &url],
        &[&at],
        &[&backslash],
        &[&glob],
        &[&tab],
        &[&without],
        &["--url", "@urls"],
        &["--expand-url", &url],
        &["--loc", &own],
        &["-K", "config", &own],
        &["--location-trusted", &own],
        &["-k", &own],
        &["--connect-to", "::127.0.0.1:1", &own],
        &["--proxy", "http://127.0.0.1:1", &own],
        &["-x", "http://127.0.0.1:1", &own],
        &["--socks5-hostname", "127.0.0.1:1", &own],
        &["--trace", "trace", &own],
        &["-H", "authorization: mine", &own],
        &["ftp://example.com/"],
        &["--proto-default", "http", authority],
    ];
    for arguments in rows {
        let ran = curl(&home, arguments);
        assert!(
            ran.failed(64).starts_with("vendor-auth: curl: "),
            "{arguments:?} {ran:?}"
        );
    }
    assert!(other.requests().is_empty() && api.requests().is_empty());
    assert!(server.exchange_count() <= 1);
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_get_the_token() {
    let server = OAuth2Server::start().await.unwrap();
    // Another port is another host: so reads curl since 7.83, and so do the origins.
    let other = HttpServer::start(|_| http_server::answer("401 Unauthorized", &[]));
    let to = format!("Location: {}", other.url("/there"));
    let api = HttpServer::start(move |request| match &*request.target {
        "/here" => http_server::answer("302 Found", &["Location: /again"]),
        _ => http_server::answer("302 Found", &[&to]),
    });
    let home = Home::of_client_with(&server, &format!("api_urls = [\"{}\"]", api.url("")));
    let ran = curl(&home, &["-L", &api.url("/here")]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
    let with = |server: &HttpServer| {
        let requests = server.requests();
        let with = requests
            .iter()
            .map(|it| it.header("authorization").is_some());
        with.collect::<Vec<_>>()
    };
    assert_eq!((with(&api), with(&other)), (vec![true, true], vec![false]));
    // The other host's 401 is not about the token.
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn a_refused_token_is_replaced_for_the_next_run() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let url = server.resource_url();
    let code = |ran: &Ran| ran.stdout.get(ran.stdout.len() - 3..).map(str::to_owned);
    let arguments = ["-w", "%{http_code}", &url];
    assert_eq!(code(&curl(&home, &arguments)).as_deref(), Some("200"));
    server.revoke_access_token();
    let refused = curl(&home, &arguments);
    assert_eq!(
        (refused.code, code(&refused).as_deref()),
        (0, Some("401")),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains("has been replaced; try again"),
        "{refused:?}"
    );
    assert_eq!(code(&curl(&home, &arguments)).as_deref(), Some("200"));
    assert_eq!(server.exchange_count(), 2);
}

#[tokio::test]
async fn a_vendor_that_signs_has_requests_without_a_body_signed() {
    let server = EnosServer::start().await.unwrap();
    let home = Home::of_enos(&server);
    let url = format!("{}?b=2&a=1", server.resource_url());
    let ran = curl(&home, &["-o", "/dev/null", "-w", "%{http_code}", &url]);
    assert_eq!(ran.ok(), "200");
    let globs = format!("{}?a=[1-2]", server.resource_url());
    for arguments in [
        &["-d", "a=1", &url][..],
        &["-T", "file", &url],
        &["-L", &url],
        &[&url, &url],
        &[&globs],
        &["-G", "-d", "a=1", &url],
    ] {
        curl(&home, arguments).failed(64);
    }
}

#[tokio::test]
async fn no_process_shows_the_token() {
    let server = OAuth2Server::start().await.unwrap();
    let (asked, is_asked) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let may_go = std::sync::Mutex::new(may_go);
    let api = HttpServer::start(move |request| {
        asked
            .send(request.header("authorization").map(str::to_owned))
            .unwrap();
        may_go.lock().unwrap().recv().unwrap();
        http_server::answer("200 OK", &[])
    });
    let home = Home::of_client_with(&server, &format!("api_urls = [\"{}\"]", api.url("")));
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let url = api.url("/");
    let mut process = home
        .command(&["curl", "demo", "--", "-s", &url])
        .spawn()
        .unwrap();
    assert_eq!(is_asked.recv().unwrap(), Some(format!("Bearer {token}")));
    let children = children(&process);
    assert_eq!(children.len(), 1);
    for pid in children.into_iter().chain([process.id()]) {
        for file in ["cmdline", "environ"] {
            let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.is_empty() && !text.contains(&token), "{file}");
        }
    }
    go.send(()).unwrap();
    assert!(process.wait().unwrap().success());
}

#[tokio::test]
async fn a_signal_ends_curl_too() {
    let server = OAuth2Server::start().await.unwrap();
    let (asked, is_asked) = mpsc::channel();
    let api = HttpServer::start(move |_| {
        asked.send(()).unwrap();
        loop {
            std::thread::park();
        }
    });
    let home = Home::of_client_with(&server, &format!("api_urls = [\"{}\"]", api.url("")));
    let url = api.url("/");
    let mut process = home
        .command(&["curl", "demo", "--", "-s", &url])
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    let pid = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(process.wait().unwrap().code(), Some(128 + 15));
}

fn children(process: &Child) -> Vec<u32> {
    let pid = process.id();
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}
