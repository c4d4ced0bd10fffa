//! The OAuth 2.0 server.

mod clients;
mod codes;
mod invalid_grants;
mod lifetimes;
mod rotation;

use std::time::Duration;

use token_sim::{ClientAuth, OAuth2Server, OAuth2ServerBuilder, Product, Rotation, SimClock};

use crate::NOW;
use crate::support::{Request, Response};

const TOKEN: &str = "/api/v1/oauth2/token";

async fn start(builder: OAuth2ServerBuilder) -> OAuth2Server {
    builder.clock(SimClock::frozen(NOW)).start().await.unwrap()
}

pub(crate) async fn sim() -> OAuth2Server {
    start(OAuth2Server::builder()).await
}

fn token_request(form: &[(&str, &str)]) -> Request {
    Request::new("POST", TOKEN)
        .basic("sim-client", "sim-secret")
        .form(form)
}

pub(crate) fn refresh_request(token: &str) -> Request {
    token_request(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

async fn post(sim: &OAuth2Server, form: &[(&str, &str)]) -> Response {
    token_request(form).answer(sim.addr()).await
}

pub(crate) async fn refresh(sim: &OAuth2Server, token: &str) -> Response {
    refresh_request(token).answer(sim.addr()).await
}

async fn resource(sim: &OAuth2Server, token: &str) -> u16 {
    let request = Request::new("GET", "/resource").auth(&format!("Bearer {token}"));
    request.answer(sim.addr()).await.status
}

pub(crate) fn refresh_token(sim: &OAuth2Server) -> String {
    sim.grant().refresh_token().unwrap().to_owned()
}

// FAULTS.md row 26
#[tokio::test]
async fn each_product_refuses_in_its_own_words() {
    for (product, unknown, expired) in [
        (
            Product::Rfc6749,
            "expired or revoked",
            (400, "invalid_grant"),
        ),
        (
            Product::BambooCloud,
            "Invalid refresh token: nobody's",
            (400, "invalid_grant"),
        ),
        (
            Product::Spring,
            "Invalid refresh token: nobody's",
            (401, "invalid_token"),
        ),
    ] {
        let sim = start(OAuth2Server::builder().product(product)).await;
        let response = refresh(&sim, "nobody's").await;
        response.assert_error(400, "invalid_grant");
        assert!(response.text("/error_description").ends_with(unknown));
        let old = refresh_token(&sim);
        sim.clock().advance(Duration::from_secs(30 * 86_400));
        let response = refresh(&sim, &old).await;
        assert_eq!((response.status, response.text("/error").as_str()), expired);
        assert_eq!(
            response.text("/error_description").contains(&old),
            product != Product::Rfc6749
        );
    }
}

#[tokio::test]
async fn client_credentials_give_no_refresh_token() {
    let sim = sim().await;
    let response = post(
        &sim,
        &[
            ("grant_type", "client_credentials"),
            ("scope", "get_user_info"),
        ],
    )
    .await;
    assert!(response.status == 200 && response.json().get("refresh_token").is_none());
    let more = post(
        &sim,
        &[
            ("grant_type", "client_credentials"),
            ("scope", "get_user_info root"),
        ],
    )
    .await;
    more.assert_error(400, "invalid_scope");
}

#[tokio::test]
async fn introspection_tells_whether_a_token_is_active() {
    let sim = sim().await;
    let grant = sim.grant();
    let active = async |token: &str| {
        let request =
            Request::new("POST", "/api/v1/oauth2/introspect").basic("sim-client", "sim-secret");
        let response = request.form(&[("token", token)]).answer(sim.addr()).await;
        response.json()["active"].as_bool().unwrap()
    };
    assert!(active(grant.access_token()).await && active(grant.refresh_token().unwrap()).await);
    assert!(!active("unknown").await);
    sim.clock().advance(Duration::from_secs(7200));
    assert!(!active(grant.access_token()).await && active(grant.refresh_token().unwrap()).await);
}

// FAULTS.md row 37
#[tokio::test]
async fn revoking_a_refresh_token_revokes_the_grant() {
    let sim = sim().await;
    let revoke = async |token: &str| {
        let request =
            Request::new("POST", "/api/v1/oauth2/revoke").basic("sim-client", "sim-secret");
        request
            .form(&[("token", token)])
            .answer(sim.addr())
            .await
            .status
    };
    let grant = sim.grant();
    assert_eq!(revoke(grant.access_token()).await, 200);
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    let response = refresh(&sim, grant.refresh_token().unwrap()).await;
    assert_eq!(revoke(&response.text("/refresh_token")).await, 200);
    assert_eq!(resource(&sim, &response.text("/access_token")).await, 401);
    refresh(&sim, &response.text("/refresh_token"))
        .await
        .assert_status(400);
    assert_eq!(revoke("unknown").await, 200);
    assert_eq!(sim.exchange_count(), 2);
}

// FAULTS.md row 35
#[tokio::test]
async fn the_resource_refuses_invalid_tokens() {
    let sim = sim().await;
    let grant = sim.grant();
    let response = Request::new("GET", "/api/v1/oauth2/userinfo")
        .auth("Bearer gone")
        .answer(sim.addr())
        .await;
    response.assert_error(401, "invalid_token");
    assert_eq!(
        response.text("/error_description"),
        "Invalid access token: gone "
    );
    let bare = Request::new("GET", "/resource").answer(sim.addr()).await;
    bare.assert_error(401, "unauthorized");
    sim.revoke_access_token();
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    refresh(&sim, grant.refresh_token().unwrap())
        .await
        .assert_status(200);
}

#[tokio::test]
async fn a_disabled_account_is_refused() {
    let sim = sim().await;
    let grant = sim.grant();
    sim.disable_account();
    refresh(&sim, grant.refresh_token().unwrap())
        .await
        .assert_error(400, "invalid_grant");
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    post(&sim, &[("grant_type", "client_credentials")])
        .await
        .assert_status(401);
    sim.enable_account();
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    sim.revoke_grant();
    refresh(&sim, grant.refresh_token().unwrap())
        .await
        .assert_status(400);
}

#[tokio::test]
async fn the_journal_tells_grants_and_credentials_apart() {
    let sim = sim().await;
    let (one, other) = (refresh_token(&sim), refresh_token(&sim));
    let next = refresh(&sim, &one).await.text("/refresh_token");
    for token in [&one, &next, &other, &"unknown".to_owned()] {
        refresh(&sim, token).await;
    }
    assert_eq!(sim.grant_count(), 2);
    let response = sim.exchanges();
    let grants: Vec<_> = response.iter().map(|one| one.grant).collect();
    assert_eq!(grants, [Some(0), Some(0), Some(0), Some(1), None]);
    let [first, again, after, ..] = &response[..] else {
        panic!("{response:?}")
    };
    assert_eq!(first.credential, again.credential);
    assert_ne!(first.credential, after.credential);
}
