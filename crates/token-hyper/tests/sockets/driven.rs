//! Connections that are driven by the request that uses them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::{HttpClient, SendFailure};
use token_hyper::HyperClient;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};
use tokio::task::coop;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::version::TLS13;

use crate::clients::authority::{Authority, Clients, configured};
use crate::clients::kept::{
    answering, connections_after, driven, marked, pass, runtime, send_marked,
};
use crate::clients::raw::{
    MINUTE, RawServer, Wire, answer_of, assert_unsent, refresh, send_refresh,
};

/// Answers every request, and tells when a connection was closed.
async fn telling() -> (RawServer, mpsc::UnboundedReceiver<()>) {
    let (closed, is_closed) = mpsc::unbounded_channel();
    let server = RawServer::start(move |mut wire| {
        let closed = closed.clone();
        async move {
            while wire.request().await {
                wire.say(&answer_of("{}")).await;
            }
            _ = closed.send(());
        }
    })
    .await;
    (server, is_closed)
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let (server, mut is_closed) = telling().await;
    let client = HyperClient::new().unwrap();
    for _ in 0..2 {
        send_marked(&client, &server.url("/t")).await.unwrap();
        tokio::time::pause();
        is_closed.recv().await.unwrap();
        tokio::time::resume();
    }
    assert_eq!(server.heard().all().len(), 2);
}

#[tokio::test]
async fn a_client_that_is_dropped_closes_its_connections() {
    let (server, mut is_closed) = telling().await;
    let client = HyperClient::new().unwrap();
    send_marked(&client, &server.url("/t")).await.unwrap();
    drop(client);
    is_closed.recv().await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_dropped_closes_its_connection() {
    let (closed, mut is_closed) = mpsc::unbounded_channel();
    let (received, mut is_received) = mpsc::unbounded_channel();
    let server = RawServer::start(move |mut wire| {
        let (closed, received) = (closed.clone(), received.clone());
        async move {
            wire.request().await;
            _ = received.send(());
            wire.until_gone().await;
            _ = closed.send(());
        }
    })
    .await;
    let client = HyperClient::new().unwrap();
    for request in [refresh, marked] {
        let url = server.url("/t");
        let sending = client.send(request(&url), MINUTE);
        tokio::select! {
            _ = sending => panic!("this server never answers"),
            _ = is_received.recv() => {}
        }
        is_closed.recv().await.unwrap();
    }
}

#[test]
fn each_runtime_keeps_connections_of_its_own_until_it_shuts_down() {
    let serving = driven(1);
    let (server, mut is_closed) = serving.block_on(telling());
    let client = HyperClient::new().unwrap();
    let send = |runtime: &Runtime| connections_after(runtime, &client, &server);
    let (first, second) = (runtime(), runtime());
    assert_eq!((send(&first), send(&first)), (1, 1));
    assert_eq!((send(&second), send(&second)), (2, 2));
    drop(first);
    is_closed.blocking_recv().unwrap();
    assert_eq!(send(&second), 2);
}

/// Polls this once more when its runtime is shutting down, while the answer is there.
async fn when_shutting_down<W: Future>(shut_down: mpsc::UnboundedSender<()>, work: W) -> W::Output {
    let (mut work, mut is_sent) = (pin!(work), false);
    poll_fn(|context| {
        if !std::mem::replace(&mut is_sent, true) {
            return work.as_mut().poll(context);
        }
        _ = shut_down.send(());
        // A runtime that shuts down ends new tasks at once.
        while !tokio::spawn(std::future::pending::<()>()).is_finished() {
            std::thread::yield_now();
        }
        work.as_mut().poll(context)
    })
    .await
}

#[test]
fn a_request_that_ends_while_its_runtime_shuts_down_hangs_nowhere() {
    let (serving, sending) = (driven(1), driven(2));
    let server = serving.block_on(answering());
    let client = HyperClient::new().unwrap();
    let url = server.url("/t");
    let (shut_down, mut is_to_shut_down) = mpsc::unbounded_channel();
    let (ended, has_ended) = std::sync::mpsc::channel();
    sending.block_on(async { send_marked(&client, &url).await.unwrap() });
    sending.spawn(async move {
        let work = client.send(marked(&url), MINUTE);
        let sent = when_shutting_down(shut_down, work).await;
        _ = ended.send(sent.is_ok());
    });
    is_to_shut_down.blocking_recv().unwrap();
    sending.shutdown_background();
    assert_eq!(has_ended.recv_timeout(MINUTE / 6), Ok(true));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_not_used() {
    let (server, close) = RawServer::closing_when_told().await;
    let client = HyperClient::new().unwrap();
    for number in 1..50 {
        send_marked(&client, &server.url("/t")).await.unwrap();
        assert_eq!(server.heard().all().len(), number);
        close.notify_one();
        // The runtime's only thread looks at its sockets when no task is ready.
        tokio::time::sleep(Duration::from_millis(1)).await; // tidy: sleeps because a socket has no clock
    }
}

// FAULTS.md row 2
#[tokio::test]
async fn a_request_is_not_sent_after_a_freeze_in_the_handshake() {
    let authority = Authority::new();
    let config = configured(&authority, "127.0.0.1", &Clients::Anonymous, &TLS13);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (connected, mut is_connected) = mpsc::unbounded_channel();
    let thaw = Arc::new(Notify::new());
    let thawed = Arc::clone(&thaw);
    let server = RawServer::start(move |wire| {
        let (acceptor, heard) = (acceptor.clone(), wire.heard());
        let (connected, thawed) = (connected.clone(), Arc::clone(&thawed));
        async move {
            wire.until_readable().await;
            _ = connected.send(());
            thawed.notified().await;
            if let Ok(stream) = acceptor.accept(wire.into_stream()).await {
                Wire::new(stream, heard).until_gone().await;
            }
        }
    })
    .await;
    let client = HyperClient::builder().add_root_certificates_pem(&authority.pem());
    let client = client.build().unwrap();
    let url = format!("https://{}/t", server.address());
    let sending = tokio::spawn(async move { send_refresh(&client, &url).await });
    is_connected.recv().await.unwrap();
    pass(10 * MINUTE).await;
    thaw.notify_one();
    assert_unsent(&sending.await.unwrap().unwrap_err(), SendFailure::Timeout);
    assert_eq!(server.heard().count("POST"), 0);
}

/// Polls this with only so much left of the task's turn.
async fn with_little_left<W: Future>(left: usize, work: W) -> W::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let whole = 128; // tokio's
        for _ in left..whole {
            _ = pin!(coop::consume_budget()).poll(context);
        }
        work.as_mut().poll(context)
    })
    .await
}

#[tokio::test]
async fn a_task_whose_turn_is_nearly_over_still_gets_its_answer() {
    let server = answering().await;
    let client = HyperClient::new().unwrap();
    for left in 1..20 {
        for request in [refresh, marked, marked] {
            let (client, request) = (client.clone(), request(&server.url("/t")));
            let sending = with_little_left(left, async move { client.send(request, MINUTE).await });
            let sent = tokio::time::timeout(MINUTE / 6, tokio::spawn(sending)).await;
            let answer = sent.unwrap_or_else(|_| panic!("no answer with {left} left"));
            assert_eq!(answer.unwrap().unwrap().body(), "{}");
        }
    }
}
