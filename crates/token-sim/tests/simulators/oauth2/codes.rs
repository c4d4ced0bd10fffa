//! Consent and one-time codes.

use token_sim::CodeRequest;

use super::*;

const BACK: &str = "https://app.example.com/cb";

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn a_code_is_redeemed_once_with_its_verifier() {
    let sim = start(OAuth2Server::builder().client_auth(ClientAuth::Public)).await;
    let query = [
        ("response_type", "code"),
        ("client_id", "sim-client"),
        ("redirect_uri", BACK),
        ("state", "s&t"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let response = Request::new("GET", "/api/v1/oauth2/authorize")
        .query(&query)
        .answer(sim.addr())
        .await;
    let location = response.header("location").unwrap();
    let code = location
        .strip_prefix(&format!("{BACK}?code="))
        .unwrap()
        .strip_suffix("&state=s%26t")
        .unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("client_id", "sim-client"),
        ("redirect_uri", BACK),
    ];
    let redeem = || Request::new("POST", TOKEN).form(&form).send(sim.addr());
    let tokens = redeem().await.unwrap();
    tokens.assert_status(200);
    assert!(!tokens.text("/refresh_token").is_empty());
    redeem().await.unwrap().assert_error(400, "invalid_grant");
    assert!(sim.saw_reuse());
    assert_eq!(resource(&sim, &tokens.text("/access_token")).await, 200);
}

#[tokio::test]
async fn a_reused_code_revokes_its_tokens_if_the_server_is_strict() {
    let sim = start(OAuth2Server::builder().rotation(Rotation::Strict)).await;
    let code = sim.authorization_code(CodeRequest::new());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
    ];
    let token = post(&sim, &form).await.text("/access_token");
    assert_eq!(resource(&sim, &token).await, 200);
    post(&sim, &form).await.assert_status(400);
    assert_eq!(resource(&sim, &token).await, 401);
}

#[tokio::test]
async fn an_incomplete_consent_is_refused() {
    let sim = sim().await;
    let all = [
        ("response_type", "code"),
        ("client_id", "sim-client"),
        ("redirect_uri", BACK),
    ];
    for missing in 0..3 {
        let mut query = all.to_vec();
        query.remove(missing);
        let request = Request::new("GET", "/api/v1/oauth2/authorize").query(&query);
        request
            .answer(sim.addr())
            .await
            .assert_error(400, "invalid_request");
    }
    let plain = [
        &all[..],
        &[("code_challenge", "x"), ("code_challenge_method", "plain")],
    ]
    .concat();
    let request = Request::new("GET", "/api/v1/oauth2/authorize").query(&plain);
    request
        .answer(sim.addr())
        .await
        .assert_error(400, "invalid_request");
}

#[tokio::test]
async fn a_code_is_refused_for_its_reason() {
    let sim = sim().await;
    let redeem = async |code: &str, more: &[(&str, &str)]| {
        let form = [
            &[("grant_type", "authorization_code"), ("code", code)],
            more,
        ]
        .concat();
        post(&sim, &form).await.text("/error")
    };
    let code = || {
        sim.authorization_code(
            CodeRequest::new()
                .redirect_uri(BACK)
                .code_challenge(CHALLENGE),
        )
    };
    let right = [("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    assert_eq!(redeem(&code(), &right).await, "");
    assert_eq!(redeem(&code(), &right[..1]).await, "invalid_grant");
    assert_eq!(redeem(&code(), &right[1..]).await, "invalid_grant");
    assert_eq!(
        redeem(&code(), &[right[0], ("code_verifier", "other")]).await,
        "invalid_grant"
    );
    assert_eq!(redeem("unknown", &right).await, "invalid_grant");
    assert_eq!(redeem("", &right).await, "invalid_request");
    let late = code();
    sim.clock().advance(Duration::from_secs(300));
    assert_eq!(redeem(&late, &right).await, "invalid_grant");
}
