//! The OAuth 2.0 server: who may ask, and one-time codes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod support;

use std::time::Duration;

use support::{Ask, Seen};
use token_sim::{
    ClientAuth, CodeRequest, Flavour, OAuth2Server, OAuth2ServerBuilder, Rotation, SimClock,
};

const TOKEN: &str = "/api/v1/oauth2/token";
const BACK: &str = "https://app.example.com/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn start(builder: OAuth2ServerBuilder) -> OAuth2Server {
    builder
        .clock(SimClock::frozen(1_700_000_000_000))
        .start()
        .await
        .unwrap()
}

async fn sim() -> OAuth2Server {
    start(OAuth2Server::builder()).await
}

async fn post(sim: &OAuth2Server, form: &[(&str, &str)]) -> Seen {
    Ask::new("POST", TOKEN)
        .basic("sim-client", "sim-secret")
        .form(form)
        .send(sim.addr())
        .await
        .unwrap()
}

async fn resource(sim: &OAuth2Server, token: &str) -> u16 {
    Ask::new("GET", "/resource")
        .auth(&format!("Bearer {token}"))
        .send(sim.addr())
        .await
        .unwrap()
        .status
}

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
    let seen = Ask::new("GET", "/api/v1/oauth2/authorize")
        .query(&query)
        .send(sim.addr())
        .await
        .unwrap();
    let location = seen.header("location").unwrap();
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
    let redeem = || Ask::new("POST", TOKEN).form(&form).send(sim.addr());
    let tokens = redeem().await.unwrap();
    assert_eq!(tokens.status, 200);
    assert!(!tokens.text("/refresh_token").is_empty());
    assert_eq!(redeem().await.unwrap().text("/error"), "invalid_grant");
    assert!(sim.saw_reuse());
    assert_eq!(resource(&sim, &tokens.text("/access_token")).await, 200);
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

#[tokio::test]
async fn a_reused_code_takes_its_tokens_along_where_the_server_is_strict() {
    let sim = start(OAuth2Server::builder().rotation(Rotation::Strict)).await;
    let code = sim.authorization_code(CodeRequest::new());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
    ];
    let token = post(&sim, &form).await.text("/access_token");
    assert_eq!(resource(&sim, &token).await, 200);
    assert_eq!(post(&sim, &form).await.status, 400);
    assert_eq!(resource(&sim, &token).await, 401);
}

#[tokio::test]
async fn a_consent_that_lacks_something_is_refused() {
    let sim = sim().await;
    let all = [
        ("response_type", "code"),
        ("client_id", "sim-client"),
        ("redirect_uri", BACK),
    ];
    for missing in 0..3 {
        let mut query = all.to_vec();
        query.remove(missing);
        let ask = Ask::new("GET", "/api/v1/oauth2/authorize").query(&query);
        assert_eq!(
            ask.send(sim.addr()).await.unwrap().text("/error"),
            "invalid_request"
        );
    }
    let plain = [
        &all[..],
        &[("code_challenge", "x"), ("code_challenge_method", "plain")],
    ]
    .concat();
    let ask = Ask::new("GET", "/api/v1/oauth2/authorize").query(&plain);
    assert_eq!(
        ask.send(sim.addr()).await.unwrap().text("/error"),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_public_client_is_known_by_its_id_alone() {
    let sim = start(OAuth2Server::builder().client_auth(ClientAuth::Public)).await;
    let grant = sim.grant();
    let token = grant.refresh_token().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", "other"),
    ];
    let seen = Ask::new("POST", TOKEN)
        .form(&form)
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(seen.text("/error_description"), "Client ID mismatch");
    let form = [form[0], form[1], ("client_id", "sim-client")];
    let basic = Ask::new("POST", TOKEN).form(&form).basic("sim-client", "");
    assert_eq!(
        basic.send(sim.addr()).await.unwrap().text("/error"),
        "invalid_request"
    );
    assert_eq!(
        Ask::new("POST", TOKEN)
            .form(&form)
            .send(sim.addr())
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn basic_is_raw_or_encoded_as_configured() {
    let (id, secret) = ("app:1", "p%41+ü s");
    let form = [("grant_type", "client_credentials")];
    let encoded = ("app%3A1", "p%2541%2B%C3%BC+s");
    for (client_auth, right, wrong) in [
        (ClientAuth::BasicRaw, ("app", secret), encoded),
        (ClientAuth::BasicEncoded, encoded, ("app", secret)),
    ] {
        let known = if client_auth == ClientAuth::BasicRaw {
            "app"
        } else {
            id
        };
        let sim = start(
            OAuth2Server::builder()
                .client(known, secret)
                .client_auth(client_auth),
        )
        .await;
        for ((id, secret), status) in [(right, 200), (wrong, 401)] {
            let ask = Ask::new("POST", TOKEN).basic(id, secret).form(&form);
            assert_eq!(
                ask.send(sim.addr()).await.unwrap().status,
                status,
                "{client_auth:?}"
            );
        }
    }
}

#[tokio::test]
async fn oneaccess_takes_the_secret_in_the_form_and_echoes_nothing() {
    let sim = start(OAuth2Server::builder().flavour(Flavour::OneAccess)).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nobody's"),
        ("client_id", "sim-client"),
        ("client_secret", "sim-secret"),
    ];
    let seen = Ask::new("POST", TOKEN)
        .form(&form)
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(seen.text("/error_description"), "Invalid refresh token");
    let twice = Ask::new("POST", TOKEN)
        .basic("sim-client", "sim-secret")
        .form(&form);
    assert_eq!(
        twice.send(sim.addr()).await.unwrap().text("/error"),
        "invalid_request"
    );
    let bare = Ask::new("POST", TOKEN)
        .form(&form[..2])
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(
        (bare.status, bare.text("/error").as_str()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn a_request_is_refused_for_its_reason() {
    let sim = sim().await;
    assert_eq!(
        post(&sim, &[("grant_type", "magic")]).await.text("/error"),
        "unsupported_grant_type"
    );
    assert_eq!(post(&sim, &[]).await.text("/error"), "invalid_request");
    assert_eq!(
        post(&sim, &[("grant_type", "refresh_token")])
            .await
            .text("/error"),
        "invalid_request"
    );
    assert_eq!(
        Ask::new("GET", TOKEN)
            .send(sim.addr())
            .await
            .unwrap()
            .status,
        405
    );
    let query = [("grant_type", "client_credentials")];
    let in_url = Ask::new("POST", TOKEN)
        .query(&query)
        .basic("sim-client", "sim-secret");
    assert_eq!(
        in_url.send(sim.addr()).await.unwrap().text("/error"),
        "invalid_request"
    );
    let wrong = Ask::new("POST", TOKEN)
        .basic("sim-client", "wrong")
        .form(&query);
    let seen = wrong.send(sim.addr()).await.unwrap();
    assert_eq!(
        (seen.status, seen.text("/error").as_str()),
        (401, "invalid_client")
    );
    assert!(
        seen.header("www-authenticate")
            .unwrap()
            .starts_with("Basic")
    );
}

#[tokio::test]
async fn the_path_is_a_setting() {
    let sim = start(
        OAuth2Server::builder()
            .token_path("/oauth/token")
            .resource_path("/me"),
    )
    .await;
    let form = [("grant_type", "client_credentials")];
    let ask = Ask::new("POST", "/oauth/token")
        .basic("sim-client", "sim-secret")
        .form(&form);
    assert_eq!(ask.send(sim.addr()).await.unwrap().status, 200);
    assert_eq!(post(&sim, &form).await.status, 404);
    assert!(sim.revoke_url().ends_with("/oauth/revoke"));
    let me = Ask::new("GET", "/me").auth(&format!("Bearer {}", sim.grant().access_token()));
    assert_eq!(me.send(sim.addr()).await.unwrap().status, 200);
}
