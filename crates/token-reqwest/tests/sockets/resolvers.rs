//! Resolvers of reqwest's users. tokio's time is paused and advances when all tasks wait.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use token_core::SendFailure;
use token_reqwest::ReqwestClient;
use tokio::sync::Notify;

use crate::clients::raw::{
    MINUTE, RawServer, answer_of, assert_in_doubt, assert_unsent, send_refresh,
};
use crate::clients::slow::{SECOND, silent, timed};

#[tokio::test(start_paused = true)]
async fn from_client_cannot_tell_that_it_was_still_connecting() {
    let url = format!("https://{}/t", silent().await.address());
    let own = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none());
    let client = ReqwestClient::from_client(own.build().unwrap()).unwrap();
    let (error, _) = timed(&client, &url, SECOND).await;
    assert_in_doubt(&error, SendFailure::Timeout);
}

struct NoSuchName;

impl Resolve for NoSuchName {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err("no such name: s3cr3t".into()) })
    }
}

struct SilentResolver;

impl Resolve for SilentResolver {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::pending())
    }
}

/// Knows the address when it is told so.
struct LateResolver(Arc<Notify>, SocketAddr);

impl Resolve for LateResolver {
    fn resolve(&self, _: Name) -> Resolving {
        let (told, address) = (Arc::clone(&self.0), self.1);
        Box::pin(async move {
            told.notified().await;
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}

fn resolving_with(resolver: impl Resolve + 'static) -> ReqwestClient {
    let resolver = Arc::new(resolver);
    ReqwestClient::from_builder(move || {
        let settings = reqwest::Client::builder().no_proxy();
        settings.dns_resolver(Arc::clone(&resolver))
    })
    .unwrap()
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_resolve_sent_nothing() {
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://vendor.example/t");
        let (error, _) = timed(&resolving_with(NoSuchName), &url, MINUTE).await;
        assert_unsent(&error, SendFailure::Resolve);
        assert_eq!(error.to_string(), "the host name could not be resolved");
        let (error, _) = timed(&resolving_with(SilentResolver), &url, MINUTE).await;
        assert_unsent(&error, SendFailure::Timeout);
    }
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_request_is_not_sent_after_a_freeze_that_outlasts_its_time() {
    let server = RawServer::answering(answer_of("{}")).await;
    let told = Arc::new(Notify::new());
    let client = resolving_with(LateResolver(Arc::clone(&told), server.address()));
    let url = format!("http://vendor.example:{}/t", server.address().port());
    let sending = tokio::spawn(async move { send_refresh(&client, &url).await });
    tokio::task::yield_now().await;
    told.notify_one();
    tokio::time::advance(10 * MINUTE).await;
    assert_unsent(&sending.await.unwrap().unwrap_err(), SendFailure::Timeout);
    assert_eq!(server.heard().count("POST"), 0);
}
