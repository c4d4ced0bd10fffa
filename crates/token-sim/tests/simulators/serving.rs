//! A simulator as a server: many clients, held exchanges, connections that open and close.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};

use token_sim::{ClientAuth, Fault, FaultProxy, Kind, OAuth2Server, Outcome, Rotation, When};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::oauth2::refresh_request;
use crate::support::{Request, Response};

async fn sim() -> OAuth2Server {
    OAuth2Server::start().await.unwrap()
}

fn refresh(sim: &OAuth2Server) -> Request {
    refresh_request(sim.grant().refresh_token().unwrap())
}

async fn send(sim: &OAuth2Server) -> std::io::Result<Response> {
    refresh(sim).send(sim.addr()).await
}

#[tokio::test]
async fn callers_wait_for_a_hold() {
    let sim = sim().await;
    let hold = sim.hold_all(When::BeforeActing);
    let callers: Vec<_> = (0..20)
        .map(|_| tokio::spawn(refresh(&sim).send(sim.addr())))
        .collect();
    hold.caught(20).await;
    assert_eq!(sim.issued_count(), 0);
    assert!(
        sim.exchanges()
            .iter()
            .all(|one| one.outcome == Outcome::Pending)
    );
    hold.release();
    for caller in callers {
        caller.await.unwrap().unwrap().assert_status(200);
    }
    assert_eq!(sim.issued_count(), 20);
}

#[tokio::test]
async fn a_simulator_listens_on_the_port_that_was_chosen() {
    let first = sim().await;
    let port = first.addr().port();
    let taken = OAuth2Server::builder().port(port).start().await;
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(first);
    let again = OAuth2Server::builder().port(port).start().await.unwrap();
    assert_eq!(again.addr().port(), port);
    send(&again).await.unwrap().assert_status(200);
    let proxy = FaultProxy::builder(again.addr()).port(port).start().await;
    assert_eq!(proxy.unwrap_err().kind(), ErrorKind::AddrInUse);
}

// FAULTS.md row 3
#[tokio::test]
async fn a_client_that_disconnects_while_the_answer_is_held_gets_none() {
    let sim = sim().await;
    let hold = sim.hold_next(When::AfterActing);
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(&refresh(&sim).bytes()).await.unwrap();
    hold.caught(1).await;
    drop(stream);
    hold.release();
    send(&sim).await.unwrap().assert_status(200);
    assert_eq!(sim.issued_count(), 2);
    assert_eq!(sim.undelivered_issued(), 1);
}

// FAULTS.md row 3
#[tokio::test]
async fn the_vendor_acts_although_the_client_has_disconnected() {
    let sim = sim().await;
    let hold = sim.hold_next(When::BeforeActing);
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(&refresh(&sim).bytes()).await.unwrap();
    hold.caught(1).await;
    drop(stream);
    hold.release();
    assert!(sim.exchange(1).await.is_issued());
}

#[tokio::test]
async fn an_answer_that_was_read_counts_as_delivered() {
    let sim = OAuth2Server::builder()
        .rotation(Rotation::Never)
        .start()
        .await
        .unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    for number in 1..=100 {
        refresh_request(&token)
            .answer(sim.addr())
            .await
            .assert_status(200);
        assert!(sim.exchanges()[number - 1].delivered);
        assert_eq!(
            sim.exchanges()[number - 1].outcome,
            Outcome::Issued {
                generation: number as u64 + 1
            }
        );
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let sim = sim().await;
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    for _ in 0..50 {
        refresh(&sim)
            .send_on(&mut stream)
            .await
            .unwrap()
            .assert_status(200);
    }
    assert_eq!(sim.connection_count(), 1);
}

#[tokio::test]
async fn a_simulator_serves_hundreds_at_once() {
    let sim = OAuth2Server::builder()
        .client_auth(ClientAuth::Public)
        .start()
        .await
        .unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "sim-client"),
    ];
    let request = || {
        Request::new("POST", "/api/v1/oauth2/token")
            .form(&form)
            .send(sim.addr())
    };
    let callers: Vec<_> = (0..500).map(|_| tokio::spawn(request())).collect();
    for caller in callers {
        caller.await.unwrap().unwrap().assert_status(200);
    }
    assert_eq!((sim.issued_count(), sim.undelivered_issued()), (500, 0));
    let numbers: Vec<_> = sim.exchanges().iter().map(|one| one.number).collect();
    assert!(numbers.into_iter().eq(1..=500));
}

#[tokio::test]
async fn a_dropped_simulator_frees_its_port_and_cuts_its_clients() {
    let sim = sim().await;
    let addr = sim.addr();
    let journal = sim.journal().clone();
    let hold = sim.hold_next(When::AfterActing);
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&refresh(&sim).bytes()).await.unwrap();
    hold.caught(1).await;
    drop(sim);
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(
        TcpStream::connect(addr).await.err().unwrap().kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(journal.undelivered_issued(), 1);
}

#[tokio::test]
async fn two_requests_sent_at_once_are_answered_in_turn() {
    let sim = sim().await;
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let last = Request::new("GET", "/nowhere").header("connection", "close");
    stream
        .write_all(&[refresh(&sim).bytes(), last.bytes()].concat())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"));
    assert!(text.contains("}HTTP/1.1 404 Not Found"));
}

#[tokio::test]
async fn a_proxy_alone_breaks_any_server() {
    let proxy = FaultProxy::start(other_server()).await.unwrap();
    let response = Request::new("GET", "/p?q=1")
        .send(proxy.addr())
        .await
        .unwrap();
    assert_eq!(
        (
            response.status,
            response.header("x-own"),
            response.raw().as_str()
        ),
        (201, Some("1"), "behind")
    );
    assert_eq!(
        proxy.journal().exchanges()[0].outcome,
        Outcome::Answered { status: 201 }
    );
    assert_eq!(proxy.journal().exchanges()[0].kind, Kind::Foreign);
    proxy.fault(Fault::cut_in_body());
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream
        .write_all(&Request::new("GET", "/p").bytes())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.ends_with(b"\r\n\r\nbeh"));
}

/// Starts a server that answers each request with 201.
fn other_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            let request = BufReader::new(&stream).lines().map(Result::unwrap);
            request.take_while(|line| !line.is_empty()).for_each(drop);
            let answer = b"HTTP/1.1 201 Created\r\nx-own: 1\r\ncontent-length: 6\r\n\r\nbehind";
            (&stream).write_all(answer).unwrap();
        }
    });
    addr
}

#[tokio::test]
async fn a_server_that_is_gone_is_a_bad_gateway() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let proxy = FaultProxy::start(nobody).await.unwrap();
    Request::new("GET", "/")
        .send(proxy.addr())
        .await
        .unwrap()
        .assert_status(502);
}

// FAULTS.md row 47
#[tokio::test]
async fn a_refused_port_accepts_again() {
    let sim = sim().await;
    let mut open = TcpStream::connect(sim.addr()).await.unwrap();
    sim.refuse_connections().await.unwrap();
    sim.refuse_connections().await.unwrap();
    assert_eq!(open.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(
        send(&sim).await.err().unwrap().kind(),
        ErrorKind::ConnectionRefused
    );
    sim.accept_connections().await.unwrap();
    sim.accept_connections().await.unwrap();
    send(&sim).await.unwrap().assert_status(200);
}

// FAULTS.md row 46
#[test]
fn a_simulator_outlives_the_runtime_that_started_it() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let sim = runtime().block_on(sim());
    runtime().block_on(send(&sim)).unwrap().assert_status(200);
}
