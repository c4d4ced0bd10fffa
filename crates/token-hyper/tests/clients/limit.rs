//! The limit to the requests under way to one host.

use std::process::Command;
use std::time::Duration;

use crate::{Client, ClientBuilder};
use token_core::{HttpClient, SendFailure};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::kept::marked;
use super::raw::{MINUTE, RawServer, Wire, answer_of, assert_in_doubt, assert_unsent, refresh};
use super::{CHILD, assert_passed};

const AT_ONCE: usize = 5_000;

fn limited(limit: u16) -> ClientBuilder {
    Client::builder().max_requests_per_host(limit)
}

#[test]
fn a_limit_of_zero_is_refused() {
    let refused = limited(0).build().unwrap_err();
    assert_eq!(refused.field(), "max_requests_per_host");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_others_until_its_timeout_was_not_sent() {
    let server = RawServer::start(Wire::until_gone).await;
    let client = limited(1).build().unwrap();
    let (first, second) = (server.url("/first"), server.url("/second"));
    for request in [refresh, marked] {
        let waiting = client.send(request(&second), Duration::from_secs(1));
        let (first, second) = tokio::join!(client.send(refresh(&first), MINUTE), waiting);
        assert_in_doubt(&first.unwrap_err(), SendFailure::Timeout);
        let second = second.unwrap_err();
        assert_unsent(&second, SendFailure::Timeout);
        assert!(second.to_string().contains("waited for"), "{second}");
    }
    assert_eq!(server.heard().count("/second"), 0);
}

#[tokio::test]
async fn another_host_has_a_limit_of_its_own_and_a_dropped_request_frees_its_place() {
    let silent = RawServer::start(Wire::until_gone).await;
    let server = RawServer::answering(answer_of("{}")).await;
    let client = limited(1).build().unwrap();
    let url = silent.url("/t");
    let mut waiting = JoinSet::new();
    let held = client.clone();
    waiting.spawn(async move { held.send(refresh(&url), MINUTE).await });
    while silent.heard().count("POST") == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        let sent = client.send(refresh(&server.url("/t")), MINUTE).await;
        sent.unwrap();
    }
    waiting.shutdown().await;
    let next = client.send(refresh(&silent.url("/next")), MINUTE);
    let received = async {
        while silent.heard().count("/next") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = next => panic!("this server never answers"),
        () = received => {}
    }
}

#[test]
fn thousands_of_exchanges_at_once_need_few_file_descriptors() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    if let Ok(url) = std::env::var(CHILD) {
        return runtime.block_on(child_with_few_file_descriptors(&url));
    }
    let server = runtime.block_on(RawServer::answering(answer_of("{}")));
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 1024 && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "clients::limit::thousands_of_exchanges_at_once_need_few_file_descriptors",
        ])
        .env(CHILD, server.url("/t"))
        .output()
        .unwrap();
    assert_passed(&child);
    assert_eq!(server.heard().count("POST"), AT_ONCE);
}

/// Runs in its own process, which has a limit of 1,024 file descriptors.
async fn child_with_few_file_descriptors(url: &str) {
    let client = Client::new().unwrap();
    let mut sending = JoinSet::new();
    for number in 0..AT_ONCE {
        let (client, request) = (client.clone(), [refresh, marked][number % 2](url));
        sending.spawn(async move { client.send(request, MINUTE).await });
    }
    let sent = sending.join_all().await;
    let failed: Vec<_> = sent.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed[0]);
}
