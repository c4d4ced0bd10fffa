//! The example of a vendor of one's own: what it sends, and how long it is.

#[expect(dead_code, reason = "the example's own `main` is not called")]
#[path = "../examples/custom_vendor.rs"]
mod example;

use token_testkit::ScriptedClient;

const SOURCE: &str = include_str!("../examples/custom_vendor.rs");

#[tokio::test]
async fn the_login_is_signed_as_it_is_sent_and_its_token_is_put_on_the_request() {
    let http = ScriptedClient::new().answer(200, r#"{"token": "T-1", "ttl": 3600}"#);
    let header = example::call(http.clone()).await.unwrap();
    assert_eq!(header, "Bearer T-1");
    let sent = http.sent();
    let [login] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert_eq!(login.url, "https://acme.example/login");
    assert!(login.body.starts_with(r#"{"time":"#), "{}", login.body);
    let signature = login.headers["x-signature"].to_str().unwrap();
    assert_eq!(
        signature,
        signature_of("the application's secret", &login.body)
    );
}

#[tokio::test]
async fn a_refusal_is_an_error_without_the_secret() {
    let http = ScriptedClient::new().answer(403, r#"{"error": "the application's secret"}"#);
    let error = example::call(http).await.unwrap_err().to_string();
    assert!(
        error.contains("acme.example") && !error.contains("the application's"),
        "{error}"
    );
}

/// Counts lines of code as front pages state them: without blank lines and comments.
#[test]
fn the_endpoint_has_at_most_45_lines() {
    let (_, rest) = SOURCE
        .split_once("\n#[derive(Debug)]\nstruct Acme")
        .unwrap();
    let (endpoint, _) = rest.split_once("\n#[tokio::main]").unwrap();
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    // The line of `derive` was split off.
    let lines = 1 + endpoint.lines().filter(is_code).count();
    assert!(lines <= 45, "{lines}");
}

fn signature_of(secret: &str, body: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{secret}{body}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
