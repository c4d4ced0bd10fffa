//! Runs the examples.

#[path = "../examples/tonic.rs"]
#[expect(dead_code, reason = "an example has a `main`")]
mod tonic_client;

#[tokio::test]
async fn a_call_of_tonic_is_sent_once_more_after_the_token_was_revoked() {
    let lines = tonic_client::run().await.unwrap();
    assert_eq!(
        lines[..2],
        ["Hello Ada with token 1", "Hello Bob with token 2"]
    );
    assert!(lines[2].contains("audience and scopes"), "{lines:?}");
}
