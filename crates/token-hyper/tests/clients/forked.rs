//! A forked child. Alone in its process, since a fork copies only the thread that calls it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use fork::Fork;
use token_core::{HttpClient, Repeatable};
use tokio::runtime::{Builder, Runtime};

use crate::Client;

const WITHIN: Duration = Duration::from_secs(20);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Answers every request, and tells by which connection it came.
fn serve(listener: &TcpListener, requests: &Sender<usize>) {
    for (number, stream) in listener.incoming().enumerate() {
        let (requests, stream) = (requests.clone(), stream.unwrap());
        thread::spawn(move || answer(stream, number, &requests));
    }
}

fn answer(mut stream: TcpStream, number: usize, requests: &Sender<usize>) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
        requests.send(number).unwrap();
        stream.write_all(ANSWER).unwrap();
    }
}

/// On one thread, a connection is free again before its answer is handed out.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn send(runtime: &Runtime, client: &Client, url: &str) -> bool {
    let request = http::Request::get(url).extension(Repeatable);
    let sending = client.send(request.body(Bytes::new()).unwrap(), WITHIN);
    runtime.block_on(sending).is_ok()
}

fn received(requests: &Receiver<usize>) -> Vec<usize> {
    requests.try_iter().collect()
}

#[test]
fn a_forked_child_opens_and_keeps_connections_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/t", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    thread::spawn(move || serve(&listener, &sender));
    let client = Client::new().unwrap();
    let parents = runtime();
    assert!(send(&parents, &client, &url) && send(&parents, &client, &url));
    assert_eq!(received(&requests), [0, 0]);
    match fork::fork().unwrap() {
        Fork::Child => {
            let own = runtime();
            let sent = send(&own, &client, &url) && send(&own, &client, &url);
            drop(client);
            exit(i32::from(!sent));
        }
        Fork::Parent(child) => {
            let status = fork::waitpid(child).unwrap();
            assert_eq!(fork::WEXITSTATUS(status), 0);
        }
    }
    assert_eq!(received(&requests), [1, 1]);
    assert!(send(&parents, &client, &url));
}
