//! Answers whose bodies are looked into: they are handed on whole.

use std::io::Read;

use token_core::TokenPlacement::Bearer;

use crate::api::{Vendor, answer};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn bodies_of_any_length_are_handed_on_whole() {
    for length in [0, 1, 255, 256, 257, 300, 70_000] {
        let body = vec![b'7'; length];
        let sent = body.clone();
        let vendor = Vendor::that_answers(Bearer, move |_| answer(200, JSON, sent.clone()));
        let response = vendor.agent().get(vendor.url()).call().unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.body().mime_type(), Some("application/json"));
        let mut received = Vec::new();
        response
            .into_body()
            .into_reader()
            .read_to_end(&mut received)
            .unwrap();
        assert!(received == body, "{length} bytes became {}", received.len());
    }
}

#[test]
fn a_stream_is_handed_on_before_it_ends() {
    use std::io::Write;
    use std::net::TcpListener;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let vendor = token_testkit::ApiVendor::new(&url, token_testkit::ApiRefusal::Code).unwrap();
    let tokens = token_cache::TokenCache::builder(vendor.clone()).http_client(vendor.clone());
    let tokens = tokens.build().unwrap().blocking();
    let agent = token_ureq::agent(tokens, |config| config.build().new_agent());
    let (ends, end) = std::sync::mpsc::channel::<()>();
    let serving = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        assert!(socket.read(&mut [0; 4096]).unwrap() > 0);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        write!(socket, "{head}{}", "1".repeat(257)).unwrap();
        end.recv().unwrap();
        write!(socket, "2").unwrap();
    });
    let response = agent.get(&url).call().unwrap();
    ends.send(()).unwrap();
    let mut text = String::new();
    response
        .into_body()
        .into_reader()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "1".repeat(257) + "2");
    serving.join().unwrap();
}

#[test]
fn a_text_in_another_character_set_is_decoded_once() {
    let kind = ("content-type", "text/plain; charset=iso-8859-1");
    let vendor = Vendor::that_answers(Bearer, move |_| answer(200, kind, &b"caf\xe9"[..]));
    let mut response = vendor.agent().get(vendor.url()).call().unwrap();
    assert_eq!(response.body_mut().read_to_string().unwrap(), "caf\u{e9}");
}
