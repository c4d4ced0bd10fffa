//! Real nginx, Prometheus, HTTPie, curl and hurl as clients.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use local_servers::{Prometheus, install};
use token_sim::OAuth2Server;

use super::http;
use super::process::Serving;
use crate::home::Home;

/// Returns the command of a program; without it, the test fails and says how to install it.
pub(super) fn program(name: &str) -> Command {
    let missing = install::missing();
    if let Some(missing) = missing.iter().find(|it| it.program == name) {
        panic!("{name} is not installed. Run: {}", missing.command());
    }
    let mut command = Command::new(install::find(name).unwrap());
    let path = std::env::var("PATH").unwrap_or_default();
    // Daemons are often not on a user's search path.
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

/// A program that is stopped by its id when this is dropped.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Calls this until it succeeds, for as long as a program takes to start.
pub(super) async fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(result) = attempt() {
            return result;
        }
        // tidy: sleeps because another program tells nobody when it listens
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come in 30 s");
}

#[tokio::test]
async fn nginx_adds_the_token_to_the_requests_that_it_passes_on() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let api = server.resource_url();
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\n\
         events {{}}\n\
         http {{\n\
           access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n\
           fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
           server {{\n\
             listen 127.0.0.1:{port};\n\
             location /api {{\n\
               auth_request /token;\n\
               auth_request_set $token $upstream_http_authorization;\n\
               proxy_set_header Authorization $token;\n\
               proxy_pass {api};\n\
             }}\n\
             location = /token {{\n\
               internal;\n\
               proxy_pass http://127.0.0.1:{sidecar}/auth/demo;\n\
               proxy_pass_request_headers off;\n\
               proxy_pass_request_body off;\n\
               proxy_set_header Content-Length \"\";\n\
               proxy_set_header X-Vendor-Auth true;\n\
               proxy_set_header Authorization \"Bearer {bearer}\";\n\
             }}\n\
           }}\n\
         }}\n",
        folder = folder.path().display(),
        sidecar = serving.port(),
        bearer = serving.bearer(),
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    let mut command = program("nginx");
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    let _nginx = Running(command.stderr(Stdio::null()).spawn().unwrap());
    until(|| std::net::TcpStream::connect(("127.0.0.1", port)).ok()).await;
    // What the client sends as X-Forwarded-For is for the API, and not for the sidecar.
    let answer = http::over_tcp(
        port,
        "GET /api HTTP/1.1\nHost: localhost\nX-Forwarded-For: 10.0.0.1",
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(server.exchange_count(), 1);
    let without = http::over_tcp(port, "GET /token HTTP/1.1\nHost: localhost");
    assert_eq!(without.status, 404, "{without:?}");
}

#[tokio::test]
async fn prometheus_scrapes_the_metrics() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let token = serving.get("/token/demo").token();
    let text = serving.get("/metrics");
    assert!(text.headers["content-type"].starts_with("text/plain; version=0.0.4"));
    assert!(!text.body.contains(&token) && !text.body.contains(server.client_secret()));
    let prometheus = Prometheus::scraping(serving.port(), Duration::from_millis(250)).unwrap();
    let samples = until(|| {
        let samples = prometheus.query("vendor_auth_exchanges_total").unwrap();
        (!samples.is_empty()).then_some(samples)
    })
    .await;
    assert!(
        samples[0].contains("outcome=\"ok\"") || samples[0].contains("=> 1"),
        "{samples:?}"
    );
    let expiry = "vendor_auth_token_expiry_timestamp_seconds - time() > 7000";
    assert_eq!(prometheus.query(expiry).unwrap().len(), 1);
}

#[tokio::test]
async fn httpie_and_curl_get_the_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let socket = home.path("s.sock");
    let serving = Serving::on_both(&home, &socket);
    let token = serving.get("/token/demo").token();
    let url = format!("http://127.0.0.1:{}/token/demo", serving.port());

    let mut httpie = program("http");
    httpie.args([
        "--ignore-stdin",
        "--check-status",
        "--body",
        "GET",
        &url,
        "X-Vendor-Auth:true",
    ]);
    // The bearer from its file, so that it is in no argument.
    httpie.arg(format!(
        "Authorization:@{}",
        bearer_header(&home, &serving).display()
    ));
    httpie.env("HOME", home.path(""));
    assert!(printed(httpie).contains(&token));

    let mut curl = program("curl");
    curl.args(["-sSf", "--unix-socket"])
        .arg(&socket)
        .arg("http://localhost/token/demo");
    assert!(printed(curl).contains(&token));
}

#[tokio::test]
async fn hurl_gets_the_token_for_an_api_and_nothing_where_a_guard_is_missing() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let secrets = home.path("secrets");
    fs::write(&secrets, format!("bearer={}\n", serving.bearer())).unwrap();
    let variables = [
        format!("serve=http://127.0.0.1:{}", serving.port()),
        format!("api={}", server.resource_url()),
    ];
    let mut hurl = program("hurl");
    hurl.arg("--test").arg("--secrets-file").arg(&secrets);
    for variable in &variables {
        hurl.args(["--variable", variable]);
    }
    hurl.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/serve.hurl"
    ));
    hurl.env("HOME", home.path(""));
    printed(hurl);
    assert_eq!(server.exchange_count(), 1);
}

fn bearer_header(home: &Home, serving: &Serving) -> PathBuf {
    let path = home.path("header");
    fs::write(&path, format!("Bearer {}", serving.bearer())).unwrap();
    path
}

fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
