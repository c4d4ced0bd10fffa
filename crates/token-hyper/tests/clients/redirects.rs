//! Redirects are answers and are not followed.

use crate::Client;

use super::raw::{RawServer, answer_of, send_refresh};

pub(crate) fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let client = Client::new().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let other = RawServer::answering(answer_of("{}")).await;
        let server = RawServer::answering(redirect(status, &other.url("/stolen"))).await;
        let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["location"], other.url("/stolen"));
        assert!(other.heard().all().is_empty(), "{status} was followed");
    }
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_to_the_same_host_is_not_followed() {
    let client = Client::new().unwrap();
    for status in [302, 307] {
        let server = RawServer::answering(redirect(status, "/elsewhere")).await;
        let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(
            server.heard().count("POST ") + server.heard().count("GET "),
            1
        );
        assert_eq!(server.heard().count("elsewhere"), 0);
    }
}
