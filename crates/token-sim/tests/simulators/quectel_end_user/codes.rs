//! Codes that no wrong request leads to.

use std::time::Duration;

use token_sim::{AttemptsLeft, Outcome, QuectelEndUserServer, SimClock};

use crate::NOW;
use crate::support::{Request, Response, sha256};

async fn sim(how: AttemptsLeft) -> QuectelEndUserServer {
    let builder = QuectelEndUserServer::builder().attempts_left(how);
    let clock = SimClock::frozen(NOW);
    builder.clock(clock).start().await.unwrap()
}

/// Sends a login with the password in plain text, which the vendor accepts if `random` is missing.
async fn login(sim: &QuectelEndUserServer, password: &str) -> Response {
    let (email, secret) = ("user@example.com", sim.user_domain_secret());
    let signature = sha256(&format!("{email}{password}{secret}"));
    let query = [
        ("email", email),
        ("pwd", password),
        ("userDomain", sim.user_domain()),
        ("signature", &signature),
    ];
    let request = Request::new("POST", "/v2/enduser/enduserapi/emailPwdLogin").query(&query);
    request.answer(sim.addr()).await
}

async fn refresh(sim: &QuectelEndUserServer, token: &str) -> Response {
    let request = Request::new("PUT", "/v2/enduser/enduserapi/refreshToken")
        .query(&[("refreshToken", token)]);
    request.answer(sim.addr()).await
}

// FAULTS.md row 78
#[tokio::test]
async fn a_blocked_address_is_refused_for_twenty_minutes() {
    let sim = sim(AttemptsLeft::InCode).await;
    let token = sim.grant().refresh_token().unwrap().to_owned();
    sim.block_address();
    sim.clock().advance(Duration::from_millis(20 * 60_000 - 1));
    assert_eq!(login(&sim, "sim-password").await.number("/code"), 5148);
    assert_eq!(refresh(&sim, &token).await.number("/code"), 5148);
    sim.clock().advance(Duration::from_millis(1));
    assert_eq!(login(&sim, "sim-password").await.number("/code"), 200);
    assert_eq!(refresh(&sim, &token).await.number("/code"), 200);
}

// FAULTS.md row 78
#[tokio::test]
async fn the_attempts_left_may_be_in_the_text() {
    let sim = sim(AttemptsLeft::InText).await;
    for left in ["4 attempts", "3 attempts", "2 attempts", "1 attempt"] {
        let response = login(&sim, "wrong").await;
        assert_eq!(response.number("/code"), 5146);
        assert!(
            response.text("/msg").contains(&format!("{left} left")),
            "{left}"
        );
    }
    assert_eq!(login(&sim, "wrong").await.number("/code"), 5147);
    assert_eq!(login(&sim, "sim-password").await.number("/code"), 5147);
}

// FAULTS.md row 78
#[tokio::test]
async fn any_code_of_the_table_is_returned_once_and_uses_nothing_up() {
    let sim = sim(AttemptsLeft::InCode).await;
    let token = sim.grant().refresh_token().unwrap().to_owned();
    for code in [
        5003, 5005, 5012, 5097, 5101, 5106, 5115, 5144, 5145, 5146, 5148, 5325,
    ] {
        sim.refuse_next(code);
        let response = refresh(&sim, &token).await;
        assert_eq!((response.status, response.number("/code")), (200, code));
        assert!(
            response.text("/msg") != "Refused" && response.json()["data"].is_null(),
            "{code}"
        );
        sim.refuse_next(code);
        assert_eq!(login(&sim, "sim-password").await.number("/code"), code);
    }
    let code = "5003".to_owned();
    assert_eq!(sim.exchange(1).await.outcome, Outcome::Refused { code });
    assert_eq!(refresh(&sim, &token).await.number("/code"), 200);
    sim.refuse_next(9999);
    assert_eq!(login(&sim, "sim-password").await.number("/code"), 9999);
}
