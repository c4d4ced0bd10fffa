//! Proxies, which are used only if enabled.

use std::process::Command;

use token_core::{HttpClient, Secret, SendError, SendFailure};
use token_reqwest::ReqwestClient;

use crate::clients::raw::{
    MINUTE, RawServer, TOKEN, answer_of, assert_unsent, refresh, send_refresh,
};
use crate::clients::{CHILD, assert_passed};

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
    let error = send_refresh(&client, "https://vendor.example/t")
        .await
        .unwrap_err();
    assert_eq!(
        proxy.heard().count("CONNECT vendor.example:443 HTTP/1.1"),
        1
    );
    assert_eq!(proxy.heard().count("s3cr3t"), 0, "the proxy saw a secret");
    error
}

// FAULTS.md row 47
#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_sent_nothing() {
    for (answer, why) in [
        (
            "HTTP/1.1 407 Who\r\n\r\n",
            "the proxy refused the connection: it requires other credentials",
        ),
        (
            "HTTP/1.1 403 No\r\n\r\n",
            "the proxy refused the connection: it opens no tunnel to this host",
        ),
        ("", "the proxy refused the connection: it closed the tunnel"),
    ] {
        let error = refused_with(answer).await;
        assert_unsent(&error, SendFailure::Proxy);
        assert_eq!(error.to_string(), why);
    }
}

// FAULTS.md row 47
#[tokio::test]
async fn an_unreachable_proxy_sent_nothing() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let client = ReqwestClient::builder().proxy(&url).build().unwrap();
    let error = send_refresh(&client, "https://vendor.example/t")
        .await
        .unwrap_err();
    assert_unsent(&error, SendFailure::Proxy);
}

#[tokio::test]
async fn a_proxy_receives_its_credentials() {
    let proxy = RawServer::answering(answer_of("{}")).await;
    let client = through(&proxy);
    send_refresh(&client, "http://vendor.example/t")
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
    for url in [
        "",
        "proxy:3128",
        "socks5://proxy:1080",
        "http://a:s3cr3t@proxy",
    ] {
        let refused = with(url);
        assert_eq!(refused.field(), "proxy", "{url}");
        assert!(!format!("{refused:?}").contains("s3cr3t"));
    }
    let lonely = ReqwestClient::builder().proxy_credentials("a", Secret::from("b"));
    assert_eq!(lonely.build().unwrap_err().field(), "proxy");
}

#[tokio::test]
async fn proxies_of_the_environment_are_used_only_if_enabled() {
    if std::env::var_os(CHILD).is_some() {
        return child_with_a_proxy_in_its_environment().await;
    }
    let proxy = RawServer::answering(answer_of("{}")).await;
    let server = RawServer::answering(answer_of("{}")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "proxies::proxies_of_the_environment_are_used_only_if_enabled",
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
    assert_eq!(
        (server.heard().count(TOKEN), proxy.heard().count(TOKEN)),
        (1, 1)
    );
}

/// Runs in its own process, because it changes the environment.
async fn child_with_a_proxy_in_its_environment() {
    let target = std::env::var("TARGET").unwrap();
    let direct = ReqwestClient::new().unwrap();
    send_refresh(&direct, &format!("{target}/direct"))
        .await
        .unwrap();
    let asked_for = ReqwestClient::builder().system_proxy().build().unwrap();
    send_refresh(&asked_for, &format!("{target}/asked-for"))
        .await
        .unwrap();
}

/// Runs one test in its own process, with these proxy variables and no others.
async fn alone(test: &str, variables: &[(&str, String)]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test]).env(CHILD, "yes");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        child.env_remove(name).env_remove(name.to_uppercase());
    }
    child.envs(variables.iter().map(|(name, value)| (name, value)));
    let child = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    assert_passed(&child);
}

async fn nobody_at(scheme: &str) -> String {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("{scheme}://{}", gone.local_addr().unwrap())
}

// FAULTS.md row 85
#[tokio::test]
async fn a_failed_connection_names_the_ignored_proxy_variable() {
    if std::env::var_os(CHILD).is_some() {
        return child_that_leaves_proxies_unused().await;
    }
    let set = [
        (
            "HTTPS_PROXY",
            "http://user:s3cr3t@proxy.example:3128".to_owned(),
        ),
        ("HTTP_PROXY", String::new()),
        ("http_proxy", "proxy.example:3128".to_owned()),
        ("NO_PROXY", "localhost".to_owned()),
    ];
    let test = "proxies::a_failed_connection_names_the_ignored_proxy_variable";
    alone(test, &set).await;
}

/// Runs in its own process, because it changes the environment.
async fn child_that_leaves_proxies_unused() {
    let client = ReqwestClient::new().unwrap();
    for (scheme, variable) in [
        ("https", "`HTTPS_PROXY` is set"),
        ("http", "`http_proxy` is set"),
    ] {
        let url = nobody_at(scheme).await;
        let error = send_refresh(&client, &url).await.unwrap_err();
        assert_unsent(&error, SendFailure::Connect);
        let text = error.to_error().to_string();
        assert!(text.contains("connection refused"), "{text}");
        assert!(
            text.contains(variable) && text.contains("`system_proxy()`"),
            "{text}"
        );
        assert!(
            !text.contains("s3cr3t") && !text.contains("proxy.example"),
            "{text}"
        );
    }
    let exempt = nobody_at("https").await.replace("127.0.0.1", "localhost");
    let error = send_refresh(&client, &exempt).await.unwrap_err();
    assert!(!error.to_string().contains("PROXY"), "{error}");
    let asked_for = ReqwestClient::builder()
        .proxy(&nobody_at("http").await)
        .build();
    let url = nobody_at("https").await;
    let error = asked_for
        .unwrap()
        .send(refresh(&url), MINUTE)
        .await
        .unwrap_err();
    assert!(!error.to_string().contains("HTTPS_PROXY"), "{error}");
}

// FAULTS.md row 85
#[tokio::test]
async fn a_handshake_timeout_names_the_ignored_proxy_variable() {
    if std::env::var_os(CHILD).is_some() {
        return child_that_waits_for_a_handshake().await;
    }
    let set = [("ALL_PROXY", "http://proxy.example:3128".to_owned())];
    let test = "proxies::a_handshake_timeout_names_the_ignored_proxy_variable";
    alone(test, &set).await;
}

async fn child_that_waits_for_a_handshake() {
    let silent = RawServer::start(crate::clients::raw::Wire::until_gone).await;
    tokio::time::pause();
    let client = ReqwestClient::new().unwrap();
    let url = format!("https://{}/t", silent.address());
    for within in [MINUTE, MINUTE / 20] {
        let error = client.send(refresh(&url), within).await.unwrap_err();
        assert_unsent(&error, SendFailure::Timeout);
        assert!(error.to_string().contains("`ALL_PROXY` is set"), "{error}");
    }
}

// FAULTS.md row 85
#[tokio::test]
async fn an_empty_variable_does_not_hide_the_other_spelling() {
    if std::env::var_os(CHILD).is_some() {
        return child_with_an_empty_variable().await;
    }
    let proxy = RawServer::answering(answer_of("{}")).await;
    for url in [proxy.url(""), proxy.address().to_string()] {
        let set = [
            ("HTTP_PROXY", String::new()),
            ("http_proxy", url),
            ("NO_PROXY", String::new()),
            ("no_proxy", "localhost".to_owned()),
        ];
        alone(
            "proxies::an_empty_variable_does_not_hide_the_other_spelling",
            &set,
        )
        .await;
    }
    assert_eq!(proxy.heard().count("POST http://vendor.example/t?"), 2);
    assert_eq!(proxy.heard().count("localhost"), 0);
}

async fn child_with_an_empty_variable() {
    let client = ReqwestClient::builder().system_proxy().build().unwrap();
    send_refresh(&client, "http://vendor.example/t")
        .await
        .unwrap();
    let exempt = nobody_at("http").await.replace("127.0.0.1", "localhost");
    let error = send_refresh(&client, &exempt).await.unwrap_err();
    assert_unsent(&error, SendFailure::Connect);
}
