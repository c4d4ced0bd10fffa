//! Too many connections, and slow ones.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use token_sim::OAuth2Server;

use super::process::Serving;
use crate::home::Home;

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
