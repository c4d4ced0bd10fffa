//! HTTP/2 for kept connections.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Response, Version};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::Body;
use token_core::HttpClient;
use token_reqwest::ReqwestClient;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::version::TLS13;

use crate::clients::authority::{Authority, Clients, configured};
use crate::clients::kept::marked;
use crate::clients::raw::{MINUTE, RawServer, Wire, answer_of, refresh};

/// Speaks HTTP/2 with a client that wants it.
async fn server(authority: &Authority) -> RawServer {
    let mut config = configured(authority, "127.0.0.1", &Clients::Anonymous, &TLS13);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    RawServer::start(move |wire| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(wire.into_stream()).await.unwrap();
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                let mut wire = Wire::new(stream, Default::default());
                wire.request().await;
                wire.say(&answer_of("{}")).await;
                return;
            }
            let answer = |_| async { Ok::<_, Infallible>(Response::new(Body::from("{}"))) };
            let connection = http2::Builder::new(TokioExecutor::new());
            let stream = TokioIo::new(stream);
            _ = connection
                .serve_connection(stream, service_fn(answer))
                .await;
        }
    })
    .await
}

#[tokio::test]
async fn kept_connections_are_http_2_and_others_are_not() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let url = format!("https://{}/t", server.address());
    let client = ReqwestClient::builder().add_root_certificates_pem(&authority.pem());
    let client = client.build().unwrap();
    for connections in 1..=3 {
        let answer = client.send(refresh(&url), MINUTE).await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_11);
        assert_eq!(server.heard().all().len(), connections);
    }
    for _ in 0..20 {
        let answer = client.send(marked(&url), MINUTE).await.unwrap();
        assert_eq!(
            (answer.version(), &answer.body()[..]),
            (Version::HTTP_2, &b"{}"[..])
        );
    }
    let (first, second) = (marked(&url), marked(&url));
    let both = tokio::join!(client.send(first, MINUTE), client.send(second, MINUTE));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(server.heard().all().len(), 4);
}
