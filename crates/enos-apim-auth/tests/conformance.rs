//! The conformance suite over the cases in `tests/data`, and what names a grant.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use enos_apim_auth::{EnosApim, TimestampAs};
use token_core::TokenEndpoint as _;

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

// FAULTS.md row 73
#[test]
fn the_spelling_of_an_address_makes_no_other_grant() {
    let key = |address: &str| {
        let builder = EnosApim::builder(address)
            .app_key("app-key-1")
            .app_secret("S");
        builder.build().unwrap().key()
    };
    for address in [
        "https://APIM.Example.com",
        "https://apim.example.com:443/",
        "https://apim.example.com.",
    ] {
        assert_eq!(key(address), key("https://apim.example.com"), "{address}");
    }
}

// FAULTS.md scenario 18
#[test]
fn another_host_or_path_has_another_key() {
    let key = |base: &str| {
        let builder = EnosApim::builder(base)
            .app_key("app-key-1")
            .app_secret(APP_SECRET);
        builder.build().unwrap().key()
    };
    let here = key("https://apim.example.com");
    for base in [
        "https://apim.example.com/tenant",
        "https://apim.example.com:8443",
        "https://eu.example.com",
    ] {
        assert_ne!(key(base), here, "{base}");
    }
    assert_eq!(key("https://APIM.example.com/"), here);
}
