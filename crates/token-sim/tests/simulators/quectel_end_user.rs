//! The app API, with requests as in its documents and its public clients.

mod accounts;
mod codes;

use std::time::Duration;

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use token_sim::{OldToken, QuectelEndUserServer, Rotation, SimClock};

use crate::support::{Request, Response, issued, sha256};

const EMAIL: &str = "/v2/enduser/enduserapi/emailPwdLogin";

const PHONE: &str = "/v2/enduser/enduserapi/phonePwdLogin";

const REFRESH: &str = "/v2/enduser/enduserapi/refreshToken";

const SECRET: &str = "57Fk69oYgbs2aWWN362NtZwYB2RqKNqQ7yZESnF5VM22";

const NOW: i64 = 1_744_780_586_250;

async fn sim() -> QuectelEndUserServer {
    let builder = QuectelEndUserServer::builder().user("a@b.c", "17132136550", "abcd1234");
    builder
        .user_domain("D.1", SECRET)
        .clock(SimClock::frozen(NOW))
        .start()
        .await
        .unwrap()
}

/// Encrypts by the vendor's rule with the key of the published vector for the random text `abcdef`.
fn encrypt(password: &str) -> String {
    let digest = "E80B5017098950FC58AAD83C8C14978E";
    let key = &digest[8..24];
    let iv = format!("{}{}", &key[8..], &key[..8]);
    let mut bytes = [0; 64];
    bytes[..password.len()].copy_from_slice(password.as_bytes());
    let cipher =
        cbc::Encryptor::<aes::Aes128>::new_from_slices(key.as_bytes(), iv.as_bytes()).unwrap();
    STANDARD.encode(
        cipher
            .encrypt_padded::<Pkcs7>(&mut bytes, password.len())
            .unwrap(),
    )
}

async fn email_login(sim: &QuectelEndUserServer, email: &str, password: &str) -> Response {
    let pwd = encrypt(password);
    let signature = sha256(&format!("{email}{pwd}abcdef{SECRET}"));
    let form = [
        ("email", email),
        ("pwd", &pwd),
        ("random", "abcdef"),
        ("userDomain", "D.1"),
        ("signature", &signature),
    ];
    Request::new("POST", EMAIL)
        .form(&form)
        .answer(sim.addr())
        .await
}

async fn code_of(sim: &QuectelEndUserServer, password: &str) -> i64 {
    email_login(sim, "a@b.c", password).await.number("/code")
}

async fn refresh(sim: &QuectelEndUserServer, token: &str) -> Response {
    Request::new("PUT", REFRESH)
        .query(&[("refreshToken", token)])
        .answer(sim.addr())
        .await
}

async fn resource(sim: &QuectelEndUserServer, token: &str) -> u16 {
    Request::new("GET", "/resource")
        .auth(token)
        .answer(sim.addr())
        .await
        .status
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap(),
    )
    .unwrap()
}

#[tokio::test]
async fn the_published_phone_login_is_accepted() {
    let sim = sim().await;
    let query = [
        ("internationalCode", "86"),
        ("phone", "17132136550"),
        ("pwd", "KbbO5AsWloh9gulLei6NhQ=="),
        ("random", "abcdef"),
        ("userDomain", "D.1"),
        (
            "signature",
            "1fd91ebf096be51dae1c6055bc930bd8e24b1f477d2a47ae87eedb0f73057bf0",
        ),
    ];
    let response = Request::new("POST", PHONE)
        .query(&query)
        .answer(sim.addr())
        .await;
    assert_eq!((response.status, response.number("/code")), (200, 200));
    let token = response.text("/data/accessToken/token");
    assert!(token.starts_with("Bearer eyJ"));
    assert_eq!(resource(&sim, &token).await, 200);
}

#[tokio::test]
async fn an_email_login_by_form_gives_both_tokens_with_absolute_ends() {
    let sim = sim().await;
    let response = email_login(&sim, "a@b.c", "abcd1234").await;
    let now = NOW / 1000;
    assert_eq!(
        response.number("/data/accessToken/expirationTime"),
        now + 7200
    );
    assert_eq!(
        response.number("/data/refreshToken/expirationTime"),
        now + 2_592_000
    );
    let access = claims(&response.text("/data/accessToken/token"));
    assert_eq!(access["exp"], now + 7200);
    assert_eq!(
        (&access["iat"], &access["nbf"]),
        (&Value::from(now), &Value::from(now - 120))
    );
    assert_eq!(
        claims(&response.text("/data/refreshToken/token"))["type"],
        "RefreshToken"
    );
}

#[tokio::test]
async fn a_plain_password_needs_no_random_text() {
    let sim = sim().await;
    let signature = sha256(&format!("a@b.cabcd1234{SECRET}"));
    let query = [
        ("email", "a@b.c"),
        ("pwd", "abcd1234"),
        ("userDomain", "D.1"),
        ("signature", &signature),
    ];
    let response = Request::new("POST", EMAIL)
        .query(&query)
        .answer(sim.addr())
        .await;
    assert_eq!(response.number("/code"), 200);
}

#[tokio::test]
async fn a_refresh_by_query_or_form_rotates_both_tokens() {
    let sim = sim().await;
    let first = sim.grant();
    let response = refresh(&sim, first.refresh_token().unwrap()).await;
    let next = response.text("/data/refreshToken/token");
    assert_ne!(next, first.refresh_token().unwrap());
    let form = Request::new("PUT", REFRESH)
        .form(&[("refreshToken", &next)])
        .answer(sim.addr())
        .await;
    assert_eq!(form.number("/code"), 200);
    assert_eq!(sim.exchange(2).await.outcome, issued(3));
    assert_eq!(refresh(&sim, &next).await.number("/code"), 5032);
    assert!(sim.saw_reuse());
    assert_eq!(resource(&sim, first.access_token()).await, 200);
}

#[tokio::test]
async fn a_refresh_token_may_stay_valid() {
    let builder = QuectelEndUserServer::builder()
        .rotation(Rotation::Repeat)
        .old_token(OldToken::Revoked);
    let sim = builder.clock(SimClock::frozen(NOW)).start().await.unwrap();
    let first = sim.grant();
    for _ in 0..2 {
        let response = refresh(&sim, first.refresh_token().unwrap()).await;
        assert_eq!(
            response.text("/data/refreshToken/token"),
            first.refresh_token().unwrap()
        );
    }
    assert!(!sim.saw_reuse());
    assert_eq!(resource(&sim, first.access_token()).await, 401);
}

#[tokio::test]
async fn a_refresh_is_refused_for_its_reason() {
    let sim = sim().await;
    assert_eq!(
        Request::new("PUT", REFRESH)
            .answer(sim.addr())
            .await
            .number("/code"),
        5115
    );
    assert_eq!(refresh(&sim, "unknown").await.number("/code"), 5032);
    let pair = sim.grant();
    sim.disable_account();
    assert_eq!(
        refresh(&sim, pair.refresh_token().unwrap())
            .await
            .number("/code"),
        5041
    );
    assert_eq!(
        (
            resource(&sim, pair.access_token()).await,
            code_of(&sim, "abcd1234").await
        ),
        (401, 5041)
    );
    sim.enable_account();
    sim.revoke_grant();
    assert_eq!(
        refresh(&sim, pair.refresh_token().unwrap())
            .await
            .number("/code"),
        5032
    );
    assert_eq!(resource(&sim, pair.access_token()).await, 200);
    sim.revoke_access_token();
    assert_eq!(resource(&sim, pair.access_token()).await, 401);
    let old = sim.grant();
    sim.clock().advance(Duration::from_secs(30 * 86_400));
    assert_eq!(
        refresh(&sim, old.refresh_token().unwrap())
            .await
            .number("/code"),
        5032
    );
}

// FAULTS.md row 37
#[tokio::test]
async fn a_logout_ends_the_grant() {
    let sim = sim().await;
    let pair = sim.grant();
    let logout =
        || Request::new("DELETE", "/v2/enduser/enduserapi/userLogout").auth(pair.access_token());
    assert_eq!(logout().answer(sim.addr()).await.number("/code"), 200);
    assert_eq!(logout().answer(sim.addr()).await.number("/code"), 5032);
    assert_eq!(
        refresh(&sim, pair.refresh_token().unwrap())
            .await
            .number("/code"),
        5032
    );
}
