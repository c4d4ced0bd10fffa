//! The app API, asked as its documents and its public clients do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod support;

use std::time::Duration;

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{Ask, Seen};
use token_sim::{OldToken, Outcome, QuectelEndUserServer, Rotation, SimClock};

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

fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The vendor's rule with the key of the published vector for the random text `abcdef`.
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

async fn email_login(sim: &QuectelEndUserServer, email: &str, password: &str) -> Seen {
    let pwd = encrypt(password);
    let signature = sha256(&format!("{email}{pwd}abcdef{SECRET}"));
    let form = [
        ("email", email),
        ("pwd", &pwd),
        ("random", "abcdef"),
        ("userDomain", "D.1"),
        ("signature", &signature),
    ];
    Ask::new("POST", EMAIL)
        .form(&form)
        .send(sim.addr())
        .await
        .unwrap()
}

async fn code_of(sim: &QuectelEndUserServer, password: &str) -> i64 {
    email_login(sim, "a@b.c", password).await.number("/code")
}

async fn refresh(sim: &QuectelEndUserServer, token: &str) -> Seen {
    Ask::new("PUT", REFRESH)
        .query(&[("refreshToken", token)])
        .send(sim.addr())
        .await
        .unwrap()
}

async fn resource(sim: &QuectelEndUserServer, token: &str) -> u16 {
    Ask::new("GET", "/resource")
        .auth(token)
        .send(sim.addr())
        .await
        .unwrap()
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
    let seen = Ask::new("POST", PHONE)
        .query(&query)
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!((seen.status, seen.number("/code")), (200, 200));
    let token = seen.text("/data/accessToken/token");
    assert!(token.starts_with("Bearer eyJ"));
    assert_eq!(resource(&sim, &token).await, 200);
}

#[tokio::test]
async fn an_email_login_by_form_gives_both_tokens_with_absolute_ends() {
    let sim = sim().await;
    let seen = email_login(&sim, "a@b.c", "abcd1234").await;
    let now = NOW / 1000;
    assert_eq!(seen.number("/data/accessToken/expirationTime"), now + 7200);
    assert_eq!(
        seen.number("/data/refreshToken/expirationTime"),
        now + 2_592_000
    );
    let access = claims(&seen.text("/data/accessToken/token"));
    assert_eq!(access["exp"], now + 7200);
    assert_eq!(
        (&access["iat"], &access["nbf"]),
        (&Value::from(now), &Value::from(now - 120))
    );
    assert_eq!(
        claims(&seen.text("/data/refreshToken/token"))["type"],
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
    let seen = Ask::new("POST", EMAIL)
        .query(&query)
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(seen.number("/code"), 200);
}

#[tokio::test]
async fn a_login_is_refused_for_its_reason() {
    let sim = sim().await;
    let all = [
        ("email", "a@b.c"),
        ("pwd", "x"),
        ("userDomain", "D.1"),
        ("signature", "bad"),
    ];
    let without = |name: &'static str| {
        let left: Vec<_> = all
            .into_iter()
            .filter(|(known, _)| *known != name)
            .collect();
        Ask::new("POST", EMAIL).query(&left).send(sim.addr())
    };
    for (name, code) in [
        ("userDomain", 5023),
        ("email", 5026),
        ("pwd", 5022),
        ("signature", 5550),
        ("-", 5420),
    ] {
        assert_eq!(without(name).await.unwrap().number("/code"), code, "{name}");
    }
    for (domain, code) in [("D 1", 5013), ("D.2", 5015)] {
        let seen = Ask::new("POST", EMAIL)
            .query(&[("userDomain", domain)])
            .send(sim.addr())
            .await
            .unwrap();
        assert_eq!(seen.number("/code"), code);
    }
    assert_eq!(
        email_login(&sim, "x@y.z", "abcd1234").await.number("/code"),
        5031
    );
    let signature = sha256(&format!("1x{SECRET}"));
    let query = [
        ("phone", "1"),
        ("pwd", "x"),
        ("userDomain", "D.1"),
        ("signature", &signature),
    ];
    let seen = Ask::new("POST", PHONE)
        .query(&query)
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(seen.number("/code"), 5033);
    assert_eq!(
        Ask::new("GET", EMAIL)
            .send(sim.addr())
            .await
            .unwrap()
            .status,
        405
    );
    sim.disable_user_domain();
    assert_eq!(code_of(&sim, "abcd1234").await, 5104);
}

// FAULTS.md row 45
#[tokio::test]
async fn the_account_is_frozen_after_five_wrong_passwords() {
    let sim = sim().await;
    for code in [5586, 5585, 5584, 5583, 5147] {
        assert_eq!(code_of(&sim, "wrong").await, code);
    }
    assert_eq!(code_of(&sim, "abcd1234").await, 5147);
    sim.clock().advance(Duration::from_secs(20 * 60));
    assert_eq!(code_of(&sim, "abcd1234").await, 200);
    assert_eq!(code_of(&sim, "wrong").await, 5586);
}

// FAULTS.md row 45
#[tokio::test]
async fn an_account_may_be_frozen_or_blocked_by_the_test() {
    let sim = sim().await;
    sim.freeze_account();
    assert_eq!(code_of(&sim, "abcd1234").await, 5147);
    sim.block_account();
    assert_eq!(code_of(&sim, "abcd1234").await, 5325);
    sim.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(code_of(&sim, "abcd1234").await, 200);
}

#[tokio::test]
async fn a_refresh_by_query_or_form_rotates_both_tokens() {
    let sim = sim().await;
    let first = sim.grant();
    let seen = refresh(&sim, first.refresh_token().unwrap()).await;
    let next = seen.text("/data/refreshToken/token");
    assert_ne!(next, first.refresh_token().unwrap());
    let form = Ask::new("PUT", REFRESH)
        .form(&[("refreshToken", &next)])
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(form.number("/code"), 200);
    assert_eq!(
        sim.exchange(2).await.outcome,
        Outcome::Issued { generation: 3 }
    );
    assert_eq!(refresh(&sim, &next).await.number("/code"), 5032);
    assert!(sim.saw_reuse());
    assert_eq!(resource(&sim, first.access_token()).await, 200);
}

#[tokio::test]
async fn a_refresh_token_may_live_on() {
    let builder = QuectelEndUserServer::builder()
        .rotation(Rotation::Repeat)
        .old_token(OldToken::Dies);
    let sim = builder.clock(SimClock::frozen(NOW)).start().await.unwrap();
    let first = sim.grant();
    for _ in 0..2 {
        let seen = refresh(&sim, first.refresh_token().unwrap()).await;
        assert_eq!(
            seen.text("/data/refreshToken/token"),
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
        Ask::new("PUT", REFRESH)
            .send(sim.addr())
            .await
            .unwrap()
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
    sim.kill_grant();
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
        || Ask::new("DELETE", "/v2/enduser/enduserapi/userLogout").auth(pair.access_token());
    assert_eq!(
        logout().send(sim.addr()).await.unwrap().number("/code"),
        200
    );
    assert_eq!(
        logout().send(sim.addr()).await.unwrap().number("/code"),
        5032
    );
    assert_eq!(
        refresh(&sim, pair.refresh_token().unwrap())
            .await
            .number("/code"),
        5032
    );
}
