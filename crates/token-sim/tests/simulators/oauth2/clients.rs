//! Client authentication.

use super::*;

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
    let response = Request::new("POST", TOKEN)
        .form(&form)
        .answer(sim.addr())
        .await;
    assert_eq!(response.text("/error_description"), "Client ID mismatch");
    let form = [form[0], form[1], ("client_id", "sim-client")];
    let basic = Request::new("POST", TOKEN)
        .form(&form)
        .basic("sim-client", "");
    basic
        .answer(sim.addr())
        .await
        .assert_error(400, "invalid_request");
    Request::new("POST", TOKEN)
        .form(&form)
        .answer(sim.addr())
        .await
        .assert_status(200);
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
            let request = Request::new("POST", TOKEN).basic(id, secret).form(&form);
            assert_eq!(
                request.answer(sim.addr()).await.status,
                status,
                "{client_auth:?}"
            );
        }
    }
}

#[tokio::test]
async fn oneaccess_takes_the_secret_in_the_form_and_echoes_nothing() {
    let sim = start(OAuth2Server::builder().product(Product::OneAccess)).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nobody's"),
        ("client_id", "sim-client"),
        ("client_secret", "sim-secret"),
    ];
    let response = Request::new("POST", TOKEN)
        .form(&form)
        .answer(sim.addr())
        .await;
    assert_eq!(response.text("/error_description"), "Invalid refresh token");
    let twice = Request::new("POST", TOKEN)
        .basic("sim-client", "sim-secret")
        .form(&form);
    twice
        .answer(sim.addr())
        .await
        .assert_error(400, "invalid_request");
    let bare = Request::new("POST", TOKEN)
        .form(&form[..2])
        .answer(sim.addr())
        .await;
    bare.assert_error(401, "invalid_client");
}

#[tokio::test]
async fn a_request_is_refused_for_its_reason() {
    let sim = sim().await;
    post(&sim, &[("grant_type", "magic")])
        .await
        .assert_error(400, "unsupported_grant_type");
    post(&sim, &[]).await.assert_error(400, "invalid_request");
    post(&sim, &[("grant_type", "refresh_token")])
        .await
        .assert_error(400, "invalid_request");
    Request::new("GET", TOKEN)
        .answer(sim.addr())
        .await
        .assert_status(405);
    let query = [("grant_type", "client_credentials")];
    let in_url = Request::new("POST", TOKEN)
        .query(&query)
        .basic("sim-client", "sim-secret");
    in_url
        .answer(sim.addr())
        .await
        .assert_error(400, "invalid_request");
    let wrong = Request::new("POST", TOKEN)
        .basic("sim-client", "wrong")
        .form(&query);
    let response = wrong.answer(sim.addr()).await;
    response.assert_error(401, "invalid_client");
    assert!(
        response
            .header("www-authenticate")
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
    let request = Request::new("POST", "/oauth/token")
        .basic("sim-client", "sim-secret")
        .form(&form);
    request.answer(sim.addr()).await.assert_status(200);
    post(&sim, &form).await.assert_status(404);
    assert!(sim.revoke_url().ends_with("/oauth/revoke"));
    let me = Request::new("GET", "/me").auth(&format!("Bearer {}", sim.grant().access_token()));
    me.answer(sim.addr()).await.assert_status(200);
}
