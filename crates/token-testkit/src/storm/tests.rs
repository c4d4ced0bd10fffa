use super::*;

fn storm() -> RevocationStorm {
    RevocationStorm::new("http://127.0.0.1:1", ApiRefusal::Status, 1).unwrap()
}

fn with_token(request: &InFlight, token: &str) -> http::Request<Bytes> {
    let mut request = request.request();
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

async fn login(storm: &RevocationStorm) -> String {
    use token_core::HttpClient;

    let answer = storm
        .vendor()
        .send(http::Request::default(), Duration::ZERO);
    let body = answer.await.unwrap().into_body();
    let text = std::str::from_utf8(&body).unwrap().to_owned();
    text.split('"').nth(3).unwrap().to_owned()
}

#[tokio::test]
async fn an_adapter_that_refreshes_and_sends_again_passes() {
    let storm = storm();
    let mut token = login(&storm).await;
    while storm.revocations() < 20 {
        let request = storm.begin();
        let mut answer = storm.answer(&with_token(&request, &token));
        if answer.status() == 401 {
            token = login(&storm).await;
            answer = storm.answer(&with_token(&request, &token));
        }
        request.end(Ok::<_, String>(answer));
    }
    assert_eq!(storm.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_that_is_returned_is_found() {
    let storm = storm();
    let request = storm.begin();
    let answer = storm.answer(&request.request());
    request.end(Ok::<_, String>(answer));
    assert!(storm.findings()[0].contains("401"));
}

#[tokio::test]
async fn a_request_that_is_carried_out_twice_is_found() {
    let storm = storm();
    let token = login(&storm).await;
    let request = storm.begin();
    let sent = with_token(&request, &token);
    _ = storm.answer(&sent);
    let answer = storm.answer(&sent);
    request.end(Ok::<_, String>(answer));
    assert!(!storm.findings().is_empty());
}

#[tokio::test]
async fn needless_exchanges_and_bodies_that_are_lost_are_found() {
    let storm = storm();
    login(&storm).await;
    let token = login(&storm).await;
    let request = storm.begin();
    let mut sent = with_token(&request, &token);
    *sent.body_mut() = Bytes::new();
    let answer = storm.answer(&sent);
    request.end(Ok::<_, String>(answer));
    let findings = storm.findings().join("\n");
    assert!(
        findings.contains("2 exchanges for 0 revocations"),
        "{findings}"
    );
    assert!(findings.contains("is not its own"), "{findings}");
}
