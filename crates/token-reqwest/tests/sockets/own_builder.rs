//! Clients made from reqwest's builder, and the runtime that they keep connections for.

use token_reqwest::ReqwestClient;
use tokio::runtime::Runtime;

use crate::clients::kept::{answering, connections_after, driven, runtime, send_marked};
use crate::clients::raw::{RawServer, answer_of, send_refresh};
use crate::clients::redirects::redirect;

#[tokio::test]
async fn a_client_from_a_builder_keeps_connections_too() {
    let server = answering().await;
    let own = || reqwest::Client::builder().no_proxy();
    let client = ReqwestClient::from_builder(own).unwrap();
    for _ in 0..100 {
        send_marked(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 1);
}

#[test]
fn connections_are_kept_for_one_runtime_until_it_shuts_down() {
    let serving = driven(1);
    let server = serving.block_on(answering());
    let client = ReqwestClient::new().unwrap();
    let send = |runtime: &Runtime| connections_after(runtime, &client, &server);
    let (first, second) = (runtime(), runtime());
    assert_eq!((send(&first), send(&first)), (1, 1));
    // the first is not driven: its connection would never answer
    assert_eq!((send(&second), send(&second)), (2, 3));
    drop(first);
    assert_eq!((send(&second), send(&second)), (4, 4));
}

// FAULTS.md row 29
#[tokio::test]
async fn from_builder_disables_redirects_and_the_referer() {
    let other = RawServer::answering(answer_of("{}")).await;
    let server = RawServer::answering(redirect(302, &other.url("/stolen"))).await;
    let eager = || {
        let follow = reqwest::redirect::Policy::limited(5);
        reqwest::Client::builder()
            .no_proxy()
            .redirect(follow)
            .referer(true)
    };
    let client = ReqwestClient::from_builder(eager).unwrap();
    let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(other.heard().all().is_empty());

    // unchanged, the same builder sends the query's secret there in the referer
    let url = server.url("/t?key=query-s3cr3t");
    let status = eager()
        .build()
        .unwrap()
        .post(url)
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status, 200);
    assert_eq!(other.heard().count("query-s3cr3t"), 1);
}
