//! URLs and names that lead nowhere, and proxies that are not used.

use std::process::Command;

use token_core::SendFailure;
use token_hyper::HyperClient;

use crate::clients::raw::{RawServer, answer_of, assert_unsent, send_refresh};
use crate::clients::{CHILD, assert_passed};

// FAULTS.md row 47
#[tokio::test]
async fn a_name_that_does_not_resolve_sent_nothing() {
    let client = HyperClient::new().unwrap();
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://vendor.invalid/t");
        let error = send_refresh(&client, &url).await.unwrap_err();
        assert_unsent(&error, SendFailure::Resolve);
        let text = error.to_string();
        assert!(
            text.starts_with("the host name could not be resolved"),
            "{text}"
        );
        assert!(!text.contains("vendor"), "{text}");
    }
}

#[tokio::test]
async fn a_url_with_credentials_is_not_sent() {
    let server = RawServer::answering(answer_of("{}")).await;
    let client = HyperClient::new().unwrap();
    let url = server.url("/t").replace("http://", "http://reader:s3cr3t@");
    let error = send_refresh(&client, &url).await.unwrap_err();
    assert_unsent(&error, SendFailure::Unsendable);
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    assert!(server.heard().all().is_empty());
}

#[tokio::test]
async fn a_url_with_an_invalid_port_is_not_sent() {
    let client = HyperClient::new().unwrap();
    for url in ["http://127.0.0.1:99999/t", "http://[::1]:70000/t"] {
        let error = send_refresh(&client, url).await.unwrap_err();
        assert_unsent(&error, SendFailure::Unsendable);
    }
}

// FAULTS.md row 85
#[test]
fn a_proxy_of_the_environment_is_named_if_a_connection_fails() {
    if std::env::var_os(CHILD).is_some() {
        return child_with_a_proxy();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "names::a_proxy_of_the_environment_is_named_if_a_connection_fails",
        ])
        .env(CHILD, "yes")
        .env("http_proxy", "http://127.0.0.1:9")
        .env_remove("HTTP_PROXY")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert_passed(&child);
}

/// Runs in its own process, because it changes the environment.
fn child_with_a_proxy() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = HyperClient::new().unwrap();
    let sent = runtime.block_on(send_refresh(&client, "http://127.0.0.1:1/t"));
    let error = sent.unwrap_err();
    assert_unsent(&error, SendFailure::Connect);
    let hint = "`http_proxy` is set but not used: this client uses none";
    assert!(error.to_string().contains(hint), "{error}");
}
