//! The conformance suite over the cases in `tests/data`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use enos_apim_auth::{EnosApim, TimestampAs};

const APP_SECRET: &str = "app-secret-1";

fn build(name: &str) -> EnosApim {
    let apim = EnosApim::builder("https://apim.example.com");
    let edge = EnosApim::builder("http://edge.example.com:8081").allow_plain_http();
    let builder = match name {
        "" => apim,
        "timestamp as text" => apim.timestamp_as(TimestampAs::Text),
        "other service" => apim.token_service("edge-iam"),
        "edge" => edge,
        _ => panic!("no such endpoint: {name}"),
    };
    builder
        .app_key("app-key-1")
        .app_secret(APP_SECRET)
        .build()
        .unwrap()
}

token_testkit::endpoint_conformance!(
    build = build,
    data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
    secrets = [APP_SECRET],
);
