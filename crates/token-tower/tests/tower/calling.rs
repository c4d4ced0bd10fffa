//! Futures of calls: dropped ones, and many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_tower::TokenLayer;
use token_tower::token_core::reexports::http::{Response, StatusCode};
use token_tower::token_core::{TokenPlacement, http_fn};
use tokio::sync::{Notify, mpsc};
use tower::{Layer, service_fn};

use crate::service::{Reply, Whole, api, get, reply, send};
use crate::vendor::TokenServer;

const API: &str = "https://api.acme.example";

/// Tells that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_dropped_call_ends_the_inner_call() {
    let (sent, mut calls) = mpsc::unbounded_channel();
    let is_dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_dropped);
    let service = service_fn(move |_: Whole| {
        let (sent, dropped) = (sent.clone(), Dropped(Arc::clone(&flag)));
        async move {
            sent.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(dropped);
            Ok::<Reply, std::io::Error>(reply(200, ""))
        }
    });
    let service = TokenLayer::new(TokenServer::default().cache(API)).layer(service);
    let calling = tokio::spawn(async move { send(&service, get(API)).await });
    calls.recv().await.unwrap();
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    assert!(is_dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_the_token_sends_nothing_and_loses_no_token() {
    let tokens = TokenServer::default();
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asks, waits, server) = (Arc::clone(&asked), Arc::clone(&answer), tokens.clone());
    let http = http_fn(move |_| {
        let (asks, waits, server) = (Arc::clone(&asks), Arc::clone(&waits), server.clone());
        async move {
            asks.notify_one();
            waits.notified().await;
            Ok::<_, std::io::Error>(Response::new(server.issue().into()))
        }
    });
    let builder = tokens.builder(API, TokenPlacement::Bearer);
    let cache = builder.http_client(http).build().unwrap();
    let (service, received) = api(|_| reply(200, ""));
    let service = TokenLayer::new(cache).layer(service);
    let calling = {
        let service = service.clone();
        tokio::spawn(async move { send(&service, get(API)).await })
    };
    asked.notified().await;
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    answer.notify_one();
    let response = send(&service, get(API)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((received.count(), tokens.issued()), (1, 1));
}
