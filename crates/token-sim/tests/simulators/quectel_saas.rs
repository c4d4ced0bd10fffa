//! The SaaS API.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use token_sim::{Echo, Fault, OldToken, Outcome, QuectelSaasServer, RepeatedLifetime, SimClock};

use crate::support::{Request, Response, issued, sha256};

const LOGIN: &str = "/v2/quecauth/accessKeyAuthrize/accessKeyLogin";

const REFRESH: &str = "/v2/quecauth/accessKeyAuthrize/refreshToken";

const NOW: i64 = 1_743_059_249_391;

const MINUTE: Duration = Duration::from_secs(60);

fn vector() -> Value {
    serde_json::from_str(include_str!("../data/quectel-saas-login/vector.json")).unwrap()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

async fn sim() -> QuectelSaasServer {
    let case = vector();
    let builder = QuectelSaasServer::builder()
        .access_key(text(&case, "access_key"), text(&case, "access_secret"));
    builder.clock(SimClock::frozen(NOW)).start().await.unwrap()
}

async fn login(sim: &QuectelSaasServer, user: &str, password: &str) -> Response {
    let query = [
        ("grant_type", "password"),
        ("username", user),
        ("password", password),
    ];
    Request::new("GET", LOGIN)
        .query(&query)
        .answer(sim.addr())
        .await
}

async fn signed_login(sim: &QuectelSaasServer, user: &str) -> Response {
    let password = sha256(&format!("{user}{}", sim.access_secret()));
    login(sim, user, &password).await
}

async fn refresh(sim: &QuectelSaasServer, token: &str) -> Response {
    let query = [
        ("grant_type", "refresh_token"),
        ("scope", "userinfo"),
        ("refresh_token", token),
    ];
    Request::new("GET", REFRESH)
        .query(&query)
        .answer(sim.addr())
        .await
}

async fn resource(sim: &QuectelSaasServer, token: &str) -> u16 {
    Request::new("GET", "/resource")
        .auth(token)
        .answer(sim.addr())
        .await
        .status
}

#[tokio::test]
async fn the_published_login_is_accepted() {
    let (sim, case) = (sim().await, vector());
    let response = login(&sim, text(&case, "username"), text(&case, "password")).await;
    assert_eq!(
        (
            response.status,
            response.number("/code"),
            response.number("/expires_in")
        ),
        (200, 200, 86_400)
    );
    assert_eq!(response.text("/token_type"), "jwt");
    let token = response.text("/access_token");
    assert!(token.starts_with("QJWT eyJ"));
    assert_eq!(resource(&sim, &token).await, 200);
    assert_eq!(sim.exchanges()[0].outcome, issued(1));
}

#[tokio::test]
async fn the_published_encoding_is_decoded_once() {
    let (sim, case) = (sim().await, vector());
    let (user, password) = (text(&case, "username_encoded"), text(&case, "password"));
    let target = format!("{LOGIN}?grant_type=password&username={user}&password={password}");
    let response = Request::new("GET", target).answer(sim.addr()).await;
    assert_eq!(response.number("/code"), 200);
}

#[tokio::test]
async fn the_token_contains_its_expiry() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    let payload = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["iat"], NOW / 1000);
    assert_eq!(claims["exp"], NOW / 1000 + 86_400);
}

#[tokio::test]
async fn the_fields_of_the_user_name_may_come_in_any_order() {
    let sim = sim().await;
    let key = sim.access_key().to_owned();
    let user =
        format!("timestamp={NOW}&access_key={key}&sign_method=sha256&auth_mode=accessKey&ver=1");
    assert_eq!(signed_login(&sim, &user).await.number("/code"), 200);
}

#[tokio::test]
async fn a_login_is_refused_for_its_reason() {
    let sim = sim().await;
    let key = sim.access_key().to_owned();
    let user = |key: &str, timestamp: i64| {
        format!(
            "ver=1&auth_mode=accessKey&sign_method=sha256&access_key={key}&timestamp={timestamp}"
        )
    };
    let unknown = signed_login(&sim, &user("other", NOW)).await;
    assert_eq!((unknown.status, unknown.number("/code")), (200, 90047));
    assert_eq!(unknown.text("/error"), "AccessKey didn't exists");
    assert_eq!(
        login(&sim, &user(&key, NOW), "0000").await.number("/code"),
        401
    );
    assert_eq!(
        signed_login(&sim, &user(&key, NOW + 600_000))
            .await
            .number("/code"),
        200
    );
    assert_eq!(
        signed_login(&sim, &user(&key, NOW - 600_001))
            .await
            .number("/code"),
        50005
    );
    assert_eq!(signed_login(&sim, "ver=1").await.number("/code"), 50005);
    let bare = Request::new("GET", LOGIN).answer(sim.addr()).await;
    assert_eq!(bare.number("/code"), 50005);
    assert_eq!(sim.issued_count(), 1);
}

// FAULTS.md row 13
#[tokio::test]
async fn the_same_access_token_comes_back_within_thirty_minutes() {
    let sim = sim().await;
    let first = sim.grant().access_token().to_owned();
    sim.clock().advance(30 * MINUTE - Duration::from_millis(1));
    let response = refresh(&sim, &first).await;
    assert_eq!(response.text("/access_token"), first);
    assert_eq!(
        (
            response.number("/expires_in"),
            response.text("/scope").as_str()
        ),
        (86_400, "userinfo")
    );
    assert_eq!(
        sim.exchange(1).await.outcome,
        Outcome::Repeated { generation: 1 }
    );
    sim.clock().advance(Duration::from_millis(1));
    let next = refresh(&sim, &first).await.text("/access_token");
    assert_ne!(next, first);
    assert_eq!(refresh(&sim, &first).await.text("/access_token"), first);
    assert_eq!(sim.issued_count(), 1);
    assert_eq!(resource(&sim, &first).await, 200);
}

#[tokio::test]
async fn a_repeated_token_may_have_its_remaining_lifetime() {
    let builder = QuectelSaasServer::builder().repeated_lifetime(RepeatedLifetime::Remaining);
    let sim = builder.clock(SimClock::frozen(NOW)).start().await.unwrap();
    let token = sim.grant().access_token().to_owned();
    sim.clock().advance(MINUTE);
    assert_eq!(refresh(&sim, &token).await.number("/expires_in"), 86_340);
}

// FAULTS.md row 43
#[tokio::test]
async fn a_refresh_for_a_disabled_key_revokes_the_token() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    sim.disable_account();
    assert_eq!(resource(&sim, &token).await, 200);
    assert_eq!(refresh(&sim, &token).await.number("/code"), 90047);
    assert_eq!(resource(&sim, &token).await, 401);
    sim.enable_account();
    assert_eq!(refresh(&sim, &token).await.number("/code"), 401);
}

// FAULTS.md row 36
#[tokio::test]
async fn a_refresh_may_revoke_the_old_token() {
    let builder = QuectelSaasServer::builder()
        .old_token(OldToken::Revoked)
        .same_token_within(Duration::ZERO);
    let sim = builder.start().await.unwrap();
    let first = sim.grant().access_token().to_owned();
    let next = refresh(&sim, &first).await.text("/access_token");
    assert_eq!(
        (resource(&sim, &first).await, resource(&sim, &next).await),
        (401, 200)
    );
}

#[tokio::test]
async fn revoked_tokens_are_not_refreshed() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    sim.clock().advance(Duration::from_secs(86_400));
    assert_eq!(resource(&sim, &token).await, 401);
    assert_eq!(refresh(&sim, &token).await.number("/code"), 401);
    let other = sim.grant().access_token().to_owned();
    sim.revoke_access_token();
    assert_eq!(refresh(&sim, &other).await.number("/code"), 401);
    assert_eq!(refresh(&sim, "").await.number("/code"), 50005);
}

#[tokio::test]
async fn a_second_scheme_or_none_is_not_accepted() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    assert_eq!(resource(&sim, &format!("Bearer {token}")).await, 401);
    assert_eq!(
        resource(&sim, token.strip_prefix("QJWT ").unwrap()).await,
        401
    );
}

// FAULTS.md row 26
#[tokio::test]
async fn an_echo_has_the_vendors_shape() {
    let sim = sim().await;
    sim.fault(Fault::echo(Echo::Percent));
    let response = refresh(&sim, "QJWT a").await;
    assert_eq!(response.number("/code"), 401);
    assert!(response.text("/msg").ends_with("QJWT%20a"));
}

#[tokio::test]
async fn failures_may_have_their_own_status() {
    let sim = QuectelSaasServer::builder()
        .failure_status(403)
        .start()
        .await
        .unwrap();
    let response = refresh(&sim, "unknown").await;
    assert_eq!((response.status, response.number("/code")), (403, 401));
}
