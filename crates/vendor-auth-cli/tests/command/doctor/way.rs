//! The way to the vendor: proxy, DNS, TCP, TLS, HTTP and the clock.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use token_sim::{Fault, OAuth2Server, Tls};

use super::{CANARY, Findings, command, home_at, home_of};
use crate::broken_tls::{self, Certificate};

/// Returns a port on which nothing listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_name_that_does_not_resolve_and_a_closed_port_are_told_apart() {
    let unknown = home_at("https://vendor.invalid/token");
    let found = Findings::of(&unknown, &[], 75);
    found.is("dns", "failed", "vendor.invalid is not resolved");
    found.is("tcp", "skipped", "no address is known");

    let port = closed_port();
    let closed = home_at(&format!("https://127.0.0.1:{port}/token"));
    let found = Findings::of(&closed, &[], 75);
    found.is("tcp", "failed", "refuses connections");
    found.is("clock", "skipped", "there is no connection");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_says_which_way() {
    let rows = [
        (
            Certificate::Expired,
            "the certificate has expired",
            "it expired at",
            75,
        ),
        (
            Certificate::Future,
            "the certificate is not valid yet",
            "it is valid from",
            75,
        ),
        (
            Certificate::OfAnotherHost,
            "is for another host",
            "it names other.example",
            78,
        ),
        (
            Certificate::SelfSigned,
            "the certificate is not valid",
            "it is self-signed",
            78,
        ),
        (
            Certificate::UnknownIssuer,
            "issuer is not trusted",
            "it names localhost",
            78,
        ),
        (
            Certificate::OfAuthority,
            "presented a CA certificate",
            "it is self-signed",
            78,
        ),
    ];
    for (certificate, why, seen, code) in rows {
        let server = broken_tls::Server::start(certificate).await;
        let home = home_at(&server.url());
        if certificate.is_of_a_known_authority() {
            let config = fs::read_to_string(home.config_path()).unwrap();
            let config = format!("{config}\n[http]\nca_file = \"ca.pem\"\n");
            fs::write(home.config_path(), config).unwrap();
            let path = home.config_path().with_file_name("ca.pem");
            fs::write(path, &server.authority).unwrap();
        }
        let found = run_blocking(move || Findings::of(&home, &[], code)).await;
        found.is("tls", "failed", why);
        found.is("tls", "failed", seen);
        found.is("clock", "skipped", "the connection is not secure");
        match certificate {
            Certificate::OfAuthority => found.advises("tls", "issue a certificate for the server"),
            it if it.is_of_a_known_authority() => {}
            _ => found.advises("tls", "`ca_file = "),
        }
    }
}

#[tokio::test]
async fn no_common_version_and_a_server_without_tls_are_told() {
    // A fatal alert: protocol_version.
    let old = broken_tls::answering(&[21, 3, 1, 0, 2, 2, 70]).await;
    let home = home_at(&format!("https://{old}/token"));
    let found = run_blocking(move || Findings::of(&home, &[], 75)).await;
    found.is("tls", "failed", "no TLS version or cipher suite in common");
    found.advises("tls", "the server must take TLS 1.2 or 1.3");

    let plain = broken_tls::answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let home = home_at(&format!("https://{plain}/token"));
    let found = run_blocking(move || Findings::of(&home, &[], 75)).await;
    found.is("tls", "failed", "does not speak TLS");
    found.advises("tls", "write the port on which the server has TLS");
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning_over_tls_and_a_failure_over_plain_http() {
    let tls = Tls::new().unwrap();
    let server = OAuth2Server::builder()
        .tls(tls.clone())
        .start()
        .await
        .unwrap();
    let home = home_at(&server.token_url());
    let config = fs::read_to_string(home.config_path()).unwrap();
    fs::write(home.path("ca.pem"), tls.ca_pem()).unwrap();
    let config = format!("{config}\n[http]\nca_file = \"~/ca.pem\"\n");
    fs::write(home.config_path(), config).unwrap();
    server.clock().offset_date(630_000);
    let found = Findings::of(&home, &[], 0);
    found.is("tls", "ok", "the certificate is trusted");
    found.is(
        "clock",
        "warning",
        "this machine's clock is 10 min behind the server's",
    );

    let plain = OAuth2Server::start().await.unwrap();
    plain.clock().offset_date(-630_000);
    let found = Findings::of(&home_of(&plain), &[], 78);
    found.is(
        "clock",
        "failed",
        "this machine's clock is 10 min ahead of the server's",
    );
    found.advises("clock", "NTP");
}

#[test]
fn a_proxy_is_used_or_not_and_its_password_is_not_shown() {
    let port = closed_port();
    let home = home_at("https://127.0.0.1:1/token");
    let with = |set: &[(&str, &str)]| {
        let mut command = command(&home, &[]);
        command.envs(set.iter().copied());
        Findings::read(&mut command, 75)
    };
    let proxy = format!("http://user:{CANARY}@127.0.0.1:{port}");
    let used = with(&[("HTTPS_PROXY", &proxy)]);
    let place = format!("HTTPS_PROXY: 127.0.0.1:{port} is used");
    used.is("proxy", "ok", &place);
    used.is(
        "tcp",
        "failed",
        &format!("the proxy 127.0.0.1:{port} refuses"),
    );
    let except = with(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "127.0.0.1")]);
    except.is("proxy", "ok", "not used: NO_PROXY names 127.0.0.1");
    let other = with(&[("HTTP_PROXY", &proxy)]);
    other.is(
        "proxy",
        "warning",
        "HTTP_PROXY is set and not used: the URL is https://",
    );
    let cgi = with(&[("HTTPS_PROXY", &proxy), ("REQUEST_METHOD", "GET")]);
    cgi.is("proxy", "warning", "REQUEST_METHOD is set");
}

#[tokio::test]
async fn a_silent_server_costs_the_time_limit_and_no_more() {
    let server = OAuth2Server::start().await.unwrap();
    server.fault(Fault::no_answer().on_every_request().until_cleared());
    let found = Findings::of(&home_of(&server), &["--timeout", "1"], 75);
    found.is("http", "failed", "timed out");
}

#[test]
fn plain_http_to_another_machine_is_a_warning() {
    let home = home_at("http://vendor.invalid/token");
    Findings::of(&home, &[], 75).is("url", "warning", "everybody on the way");
}

#[test]
fn a_mistake_in_the_http_section_is_told_even_if_the_vendor_is_not_reached() {
    let home = home_at("https://127.0.0.1:1/token");
    let config = fs::read_to_string(home.config_path()).unwrap();
    let proxy = format!("proxy = \"http://user:{CANARY}@127.0.0.1:1\"");
    fs::write(home.config_path(), format!("{config}[http]\n{proxy}\n")).unwrap();
    let found = Findings::of(&home, &[], 78);
    found.is(
        "configuration",
        "failed",
        "`http.proxy`: contains credentials",
    );
}

async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work);
    let limit = tokio::time::timeout(Duration::from_secs(60), done);
    limit.await.unwrap().unwrap()
}
