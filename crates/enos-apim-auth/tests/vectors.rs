//! Published digests, and the headers that `authorize` sets.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use enos_apim_auth::{EnosApim, encryption, request_signature};
use token_core::json::Document;
use token_core::reexports::http::Request;
use token_core::reexports::http::request::Parts;
use token_core::{ApiBody, Attempt, Secret, Timestamp, Token, TokenEndpoint, Validity};

struct Vector(Document);

impl Vector {
    fn named(name: &str) -> Self {
        let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Self(Document::parse(&std::fs::read(path).unwrap()).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0.text(&[name]).unwrap()
    }

    fn secret(&self, name: &str) -> Secret {
        self.text(name).into()
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.number(&["timestamp"]).unwrap().unwrap())
    }

    fn authorized(&self, request: Request<()>) -> Parts {
        let enos = EnosApim::builder("https://apim.example.com")
            .app_key("any")
            .app_secret(self.secret("app_secret"))
            .build()
            .unwrap();
        let token = Token::builder(self.secret("access_token"), Validity::expired())
            .build()
            .unwrap();
        let attempt = Attempt::new(self.timestamp(), [0; 16]);
        let mut parts = request.into_parts().0;
        let body = self.text("body");
        let mut body = ApiBody::of(body.as_bytes());
        enos.authorize(&token, &mut parts, &mut body, &attempt)
            .unwrap();
        parts
    }

    fn url(&self) -> String {
        format!(
            "https://apim.example.com/connect-service/v2.0/x?{}",
            self.text("query")
        )
    }
}

#[test]
fn the_published_request_signature_is_reproduced() {
    let vector = Vector::named("request_signature");
    let (token, secret) = (vector.secret("access_token"), vector.secret("app_secret"));
    let body = vector.text("body").as_bytes();
    let signature = request_signature(
        &token,
        vector.text("query"),
        body,
        vector.timestamp(),
        &secret,
    );
    assert_eq!(signature, vector.text("signature"));
}

#[test]
fn the_encryption_is_reproduced() {
    let vector = Vector::named("encryption");
    let digest = encryption(
        vector.text("app_key"),
        vector.timestamp(),
        &vector.secret("app_secret"),
    );
    assert_eq!(digest.expose(), vector.text("encryption"));
}

#[test]
fn an_api_request_gets_token_timestamp_and_signature() {
    let vector = Vector::named("request_signature");
    let request = Request::post(vector.url()).header("content-type", "application/json");
    let headers = vector.authorized(request.body(()).unwrap()).headers;
    assert_eq!(headers["apim-accesstoken"], vector.text("access_token"));
    assert_eq!(headers["apim-timestamp"], "1572574909697");
    assert_eq!(headers["apim-signature"], vector.text("signature"));
    assert!(headers["apim-accesstoken"].is_sensitive() && headers["apim-signature"].is_sensitive());
}

#[test]
fn an_upload_carries_the_token_alone_even_where_it_was_signed_before() {
    let vector = Vector::named("request_signature");
    let request = Request::post(vector.url())
        .header("content-type", "Multipart/Form-Data; boundary=x")
        .header("apim-timestamp", "1")
        .header("apim-signature", "stale");
    let headers = vector.authorized(request.body(()).unwrap()).headers;
    assert_eq!(headers["apim-accesstoken"], vector.text("access_token"));
    assert!(!headers.contains_key("apim-timestamp") && !headers.contains_key("apim-signature"));
}
