//! Too many connections, and slow ones.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use token_sim::OAuth2Server;
use tokio::net::UnixStream;

use super::process::Serving;
use crate::home::Home;

/// More clients than `listen` queues by default, and no more than the kernel allows.
fn many() -> usize {
    let limit = fs::read_to_string("/proc/sys/net/core/somaxconn");
    let limit = limit.map_or(128, |text| text.trim().parse().unwrap());
    std::cmp::min(1_000, limit)
}

#[tokio::test]
async fn clients_that_connect_while_the_process_is_busy_are_queued() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let socket = home.path("s.sock");
    let serving = Serving::on_both(&home, &socket);
    let address = ([127, 0, 0, 1], serving.port()).into();
    // It accepts nothing meanwhile.
    serving.signal(Signal::STOP);
    let mut open = Vec::new();
    for count in 0..many() {
        // If the queue is full, the kernel drops the request to connect, and it is sent again after
        // 1, 3 and 7 s.
        let by_port = TcpStream::connect_timeout(&address, Duration::from_secs(30));
        let by_socket = UnixStream::connect(&socket).await;
        assert!(by_socket.is_ok(), "{count}: {by_socket:?}");
        open.push((by_port.unwrap(), by_socket));
    }
    serving.signal(Signal::CONT);
    assert!(!serving.get("/token/demo").token().is_empty());
}

#[tokio::test]
async fn ten_thousand_open_connections_do_not_keep_others_from_their_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let port = serving.port();
    let mut open = Vec::new();
    for count in 0..10_000 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        if count % 2 == 0 {
            // Slow clients: half a header each.
            drop(stream.write_all(b"GET /token/demo HTTP/1.1\r\nHost: "));
        }
        open.push(stream);
        // Fewer than the kernel queues.
        if count % 500 == 499 {
            assert!(!serving.get("/token/demo").token().is_empty());
        }
    }
    let descriptors = fs::read_dir(format!("/proc/{}/fd", serving.id()));
    // Linux tells how many of them the program holds.
    if let Ok(descriptors) = descriptors {
        let count = descriptors.count();
        assert!(count < 350, "{count}");
    }
    assert!(!serving.get("/token/demo").token().is_empty());
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn a_client_that_sends_no_header_in_time_is_closed() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let mut slow = TcpStream::connect(("127.0.0.1", serving.port())).unwrap();
    let mut idle = TcpStream::connect(("127.0.0.1", serving.port())).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: 127").unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    for mut stream in [&slow, &idle] {
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut rest = Vec::new();
        // It ends before the time is out, with or without an answer.
        stream.read_to_end(&mut rest).unwrap();
    }
    assert!(!serving.get("/token/demo").token().is_empty());
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let long = "x".repeat(20_000);
    let answer = serving.ask(&format!("GET / HTTP/1.1\nHost: 127.0.0.1\nX-Long: {long}"));
    assert_eq!(answer.status, 431, "{answer:?}");
    assert_eq!(serving.get("/healthz").status, 200);
}
