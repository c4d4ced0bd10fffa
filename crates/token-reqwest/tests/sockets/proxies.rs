//! Proxies, which are used only where they are asked for.

use std::process::Command;

use token_core::{HttpClient, Secret, SendError, SendFailure};
use token_reqwest::ReqwestClient;

use crate::raw::{MINUTE, RawServer, TOKEN, answer_of, assert_unsent, refresh};
use crate::{CHILD, assert_passed};

fn through(proxy: &RawServer) -> ReqwestClient {
    ReqwestClient::builder()
        .proxy(&proxy.url(""))
        .proxy_credentials("reader", Secret::from("pr0xy-s3cr3t"))
        .build()
        .unwrap()
}

async fn refused_with(answer: &'static str) -> SendError {
    let proxy = RawServer::start(move |mut wire| async move {
        wire.request().await;
        wire.say(answer.as_bytes()).await;
    })
    .await;
    let client = through(&proxy);
    let error = client
        .send(refresh("https://vendor.example/t"), MINUTE)
        .await
        .unwrap_err();
    assert_eq!(proxy.heard().count("CONNECT vendor.example:443 HTTP/1.1"), 1);
    assert_eq!(proxy.heard().count("s3cr3t"), 0, "the proxy saw a secret");
    error
}

// FAULTS.md row 47
#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_sent_nothing() {
    for (answer, why) in [
        (
            "HTTP/1.1 407 Who\r\n\r\n",
            "the proxy refused: the proxy wants other credentials",
        ),
        (
            "HTTP/1.1 403 No\r\n\r\n",
            "the proxy refused: the proxy opens no tunnel to this host",
        ),
        ("", "the proxy refused: the proxy hung up"),
    ] {
        let error = refused_with(answer).await;
        assert_unsent(&error, SendFailure::Proxy);
        assert_eq!(error.to_string(), why);
    }
}

// FAULTS.md row 47
#[tokio::test]
async fn a_proxy_that_is_not_there_sent_nothing() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let client = ReqwestClient::builder().proxy(&url).build().unwrap();
    let error = client
        .send(refresh("https://vendor.example/t"), MINUTE)
        .await
        .unwrap_err();
    assert_unsent(&error, SendFailure::Proxy);
}

#[tokio::test]
async fn a_proxy_is_given_its_credentials() {
    let proxy = RawServer::answering(answer_of("{}")).await;
    let client = through(&proxy);
    client
        .send(refresh("http://vendor.example/t"), MINUTE)
        .await
        .unwrap();
    let said = proxy.heard().all().concat();
    assert!(said.starts_with("POST http://vendor.example/t?"), "{said}");
    assert!(
        said.contains("proxy-authorization: Basic cmVhZGVyOnByMHh5LXMzY3IzdA=="),
        "{said}"
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused() {
    let with = |url: &str| ReqwestClient::builder().proxy(url).build().unwrap_err();
    for url in ["", "proxy:3128", "socks5://proxy:1080", "http://a:s3cr3t@proxy"] {
        let refused = with(url);
        assert_eq!(refused.field(), "proxy", "{url}");
        assert!(!format!("{refused:?}").contains("s3cr3t"));
    }
    let lonely = ReqwestClient::builder().proxy_credentials("a", Secret::from("b"));
    assert_eq!(lonely.build().unwrap_err().field(), "proxy");
}

#[tokio::test]
async fn the_environments_proxies_are_used_only_where_asked_for() {
    if std::env::var_os(CHILD).is_some() {
        return child_with_a_proxy_in_its_environment().await;
    }
    let proxy = RawServer::answering(answer_of("{}")).await;
    let server = RawServer::answering(answer_of("{}")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "proxies::the_environments_proxies_are_used_only_where_asked_for",
        ])
        .env(CHILD, "yes")
        .env("http_proxy", proxy.url(""))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("TARGET", server.url(""));
    let child = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    assert_passed(&child);
    assert_eq!(server.heard().count("POST /direct"), 1);
    assert_eq!(proxy.heard().count("/asked-for"), 1);
    assert_eq!((server.heard().count(TOKEN), proxy.heard().count(TOKEN)), (1, 1));
}

/// Runs in a process of its own, since the environment is the process\'s.
async fn child_with_a_proxy_in_its_environment() {
    let target = std::env::var("TARGET").unwrap();
    let direct = ReqwestClient::new().unwrap();
    direct
        .send(refresh(&format!("{target}/direct")), MINUTE)
        .await
        .unwrap();
    let asked_for = ReqwestClient::builder().system_proxy().build().unwrap();
    asked_for
        .send(refresh(&format!("{target}/asked-for")), MINUTE)
        .await
        .unwrap();
}
