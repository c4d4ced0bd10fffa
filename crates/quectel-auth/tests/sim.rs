//! Both endpoints against simulated servers, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be built fails the test that asked for it"
)]

use std::time::Duration;

use quectel_auth::{AccessKey, EndUser, EndUserBuilder, Parameters};
use token_core::reexports::{Bytes, http};
use token_core::{
    Error, ErrorKind, HttpClient as _, OneTimeGrant, Outcome, Request, Timestamp, Token,
    TokenEndpoint,
};
use token_reqwest::ReqwestClient;
use token_sim::{QuectelEndUserServer, QuectelSaasServer, SimClock, Simulation};
use token_testkit::{attempt, exchange};

const START: i64 = 1_750_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);

fn now(sim: &Simulation) -> Timestamp {
    Timestamp::from_unix_millis(sim.clock().now_ms())
}

async fn ask(
    endpoint: &impl TokenEndpoint,
    sim: &Simulation,
    request: Result<Request, Error>,
) -> Result<Token, Error> {
    match exchange(endpoint, &ReqwestClient::new().unwrap(), request?, now(sim)).await? {
        Outcome::Issued(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

async fn log_in(endpoint: &AccessKey, sim: &Simulation) -> Result<Token, Error> {
    ask(
        endpoint,
        sim,
        endpoint.login(&attempt(now(sim), 1)).unwrap(),
    )
    .await
}

async fn redeem(
    endpoint: &EndUser,
    sim: &Simulation,
    redemption: OneTimeGrant,
) -> Result<Token, Error> {
    ask(
        endpoint,
        sim,
        redemption.into_request(&attempt(now(sim), 2)),
    )
    .await
}

async fn refresh(
    endpoint: &impl TokenEndpoint,
    sim: &Simulation,
    token: &Token,
) -> Result<Token, Error> {
    ask(
        endpoint,
        sim,
        endpoint.refresh(token, &attempt(now(sim), 3)),
    )
    .await
}

async fn status_of_a_call(endpoint: &impl TokenEndpoint, sim: &Simulation, token: &Token) -> u16 {
    let (mut parts, body) = http::Request::get(sim.resource_url())
        .body(Bytes::new())
        .unwrap()
        .into_parts();
    endpoint
        .authorize(token, &mut parts, &body, &attempt(now(sim), 4))
        .unwrap();
    let request = http::Request::from_parts(parts, body);
    ReqwestClient::new()
        .unwrap()
        .send(request, WITHIN)
        .await
        .unwrap()
        .status()
        .as_u16()
}

async fn saas() -> QuectelSaasServer {
    QuectelSaasServer::builder()
        .clock(SimClock::frozen(START))
        .start()
        .await
        .unwrap()
}

fn access_key(sim: &QuectelSaasServer, secret: &str) -> AccessKey {
    let builder = AccessKey::builder(sim.base_url())
        .access_key(sim.access_key())
        .access_secret(secret);
    builder.allow_plain_http().build().unwrap()
}

async fn app() -> QuectelEndUserServer {
    let builder =
        QuectelEndUserServer::builder().user("ada@example.com", "13800000000", "china1234");
    builder
        .clock(SimClock::frozen(START))
        .start()
        .await
        .unwrap()
}

fn ada(sim: &QuectelEndUserServer) -> EndUserBuilder {
    EndUser::builder(sim.base_url())
        .account("ada")
        .user_domain(sim.user_domain(), sim.user_domain_secret())
        .allow_plain_http()
}

#[tokio::test]
async fn an_access_key_logs_in_calls_and_refreshes() {
    let sim = saas().await;
    let endpoint = access_key(&sim, sim.access_secret());
    let first = log_in(&endpoint, &sim).await.unwrap();
    assert_eq!(status_of_a_call(&endpoint, &sim, &first).await, 200);
    sim.clock().advance(Duration::from_secs(40 * 60));
    let second = refresh(&endpoint, &sim, &first)
        .await
        .unwrap()
        .merged_with_previous(&first);
    assert!(!second.same_secrets_as(&first));
    assert_eq!(
        second.validity().expires_at().since(now(&sim)),
        Duration::from_secs(86_400)
    );
    assert_eq!(status_of_a_call(&endpoint, &sim, &second).await, 200);
}

// FAULTS.md row 13
#[tokio::test]
async fn a_young_token_comes_back_and_does_not_live_longer() {
    let sim = saas().await;
    let endpoint = access_key(&sim, sim.access_secret());
    let first = log_in(&endpoint, &sim).await.unwrap();
    sim.clock().advance(Duration::from_secs(29 * 60));
    let again = refresh(&endpoint, &sim, &first).await.unwrap();
    assert!(again.same_secrets_as(&first));
    assert_eq!(again.validity().expires_at(), first.validity().expires_at());
    sim.clock().advance(Duration::from_secs(60));
    assert_eq!(again.validity().refreshable_from(), now(&sim));
    assert!(
        !refresh(&endpoint, &sim, &again)
            .await
            .unwrap()
            .same_secrets_as(&first)
    );
}

// FAULTS.md row 43
#[tokio::test]
async fn a_disabled_key_refuses_the_refresh_and_kills_the_live_token() {
    let sim = saas().await;
    let endpoint = access_key(&sim, sim.access_secret());
    let token = log_in(&endpoint, &sim).await.unwrap();
    sim.disable_account();
    assert_eq!(status_of_a_call(&endpoint, &sim, &token).await, 200);
    let error = refresh(&endpoint, &sim, &token).await.unwrap_err();
    assert!(error.kills_live_token());
    assert_eq!(status_of_a_call(&endpoint, &sim, &token).await, 401);
    assert_eq!(
        log_in(&endpoint, &sim).await.unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test]
async fn a_dead_token_is_rejected_so_that_a_login_follows() {
    let sim = saas().await;
    let endpoint = access_key(&sim, sim.access_secret());
    let token = log_in(&endpoint, &sim).await.unwrap();
    sim.revoke_access_token();
    assert_eq!(
        refresh(&endpoint, &sim, &token).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    assert!(log_in(&endpoint, &sim).await.is_ok());
}

#[tokio::test]
async fn a_wrong_secret_and_a_wrong_clock_are_mistakes_of_the_configuration() {
    let sim = saas().await;
    let wrong = access_key(&sim, "another secret");
    assert_eq!(
        log_in(&wrong, &sim).await.unwrap_err().kind(),
        ErrorKind::Config
    );
    let endpoint = access_key(&sim, sim.access_secret());
    let late = now(&sim).before(Duration::from_secs(11 * 60));
    let refused = ask(&endpoint, &sim, endpoint.login(&attempt(late, 1)).unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn an_end_user_signs_in_by_email_or_phone_in_query_or_form() {
    let sim = app().await;
    for parameters in [Parameters::Query, Parameters::Form] {
        let endpoint = ada(&sim).parameters(parameters).build().unwrap();
        let by_email = endpoint.email_password("ada@example.com", "china1234");
        let token = redeem(&endpoint, &sim, by_email).await.unwrap();
        assert_eq!(status_of_a_call(&endpoint, &sim, &token).await, 200);
        let by_phone = endpoint.phone_password(Some("86"), "13800000000", "china1234");
        let token = redeem(&endpoint, &sim, by_phone).await.unwrap();
        let next = refresh(&endpoint, &sim, &token)
            .await
            .unwrap()
            .merged_with_previous(&token);
        assert_eq!(
            next.validity().expires_at().since(now(&sim)),
            Duration::from_secs(7200)
        );
        assert_eq!(status_of_a_call(&endpoint, &sim, &next).await, 200);
    }
}

#[tokio::test]
async fn a_spent_refresh_token_is_rejected() {
    let sim = app().await;
    let endpoint = ada(&sim).build().unwrap();
    let login = endpoint.email_password("ada@example.com", "china1234");
    let token = redeem(&endpoint, &sim, login).await.unwrap();
    assert!(refresh(&endpoint, &sim, &token).await.is_ok());
    let error = refresh(&endpoint, &sim, &token).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("5032"))
    );
    assert!(!error.kills_live_token());
}

// FAULTS.md row 45
#[tokio::test]
async fn five_wrong_passwords_lock_the_account_for_twenty_minutes() {
    let sim = app().await;
    let endpoint = ada(&sim).build().unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let wrong = endpoint.email_password("ada@example.com", "berlin5678");
        seen.push(redeem(&endpoint, &sim, wrong).await.unwrap_err());
    }
    let codes: Vec<_> = seen.iter().filter_map(Error::code).collect();
    assert_eq!(codes, ["5586", "5585", "5584", "5583", "5147"]);
    assert!(
        seen[..4]
            .iter()
            .all(|error| error.kind() == ErrorKind::Rejected)
    );
    let twenty_minutes = Duration::from_secs(1200);
    assert_eq!(
        seen[4].kind(),
        ErrorKind::Locked {
            after: twenty_minutes
        }
    );
    sim.clock().advance(twenty_minutes);
    let right = endpoint.email_password("ada@example.com", "china1234");
    assert!(redeem(&endpoint, &sim, right).await.is_ok());
}

// FAULTS.md row 45
#[tokio::test]
async fn a_blocked_account_is_locked_for_a_day() {
    let sim = app().await;
    sim.block_account();
    let endpoint = ada(&sim).build().unwrap();
    let login = endpoint.email_password("ada@example.com", "china1234");
    let error = redeem(&endpoint, &sim, login).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Locked {
            after: Duration::from_secs(86_400)
        }
    );
}

#[tokio::test]
async fn a_wrong_user_domain_secret_is_a_mistake_of_the_configuration() {
    let sim = app().await;
    let endpoint = ada(&sim)
        .user_domain(sim.user_domain(), "another secret")
        .build()
        .unwrap();
    let login = endpoint.email_password("ada@example.com", "china1234");
    let error = redeem(&endpoint, &sim, login).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("5420"))
    );
}

#[tokio::test]
async fn a_logout_ends_the_session() {
    let sim = app().await;
    let endpoint = ada(&sim).build().unwrap();
    let login = endpoint.email_password("ada@example.com", "china1234");
    let token = redeem(&endpoint, &sim, login).await.unwrap();
    let request = endpoint
        .revoke(&token, &attempt(now(&sim), 5))
        .unwrap()
        .unwrap();
    let answer = ReqwestClient::new()
        .unwrap()
        .send(request.to_http(), WITHIN)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(status_of_a_call(&endpoint, &sim, &token).await, 401);
}

// FAULTS.md row 78
#[tokio::test]
async fn every_other_code_of_the_vendors_table_says_what_to_do() {
    let sim = app().await;
    let endpoint = ada(&sim).build().unwrap();
    let log_in = || endpoint.email_password("ada@example.com", "china1234");
    let token = redeem(&endpoint, &sim, log_in()).await.unwrap();
    let after = Duration::from_secs(20 * 60);
    for (code, kind) in [
        (5003, ErrorKind::Rejected),
        (5005, ErrorKind::Rejected),
        (5012, ErrorKind::Rejected),
        (5097, ErrorKind::Rejected),
        (5101, ErrorKind::Rejected),
        (5115, ErrorKind::Rejected),
        (5144, ErrorKind::Rejected),
        (5145, ErrorKind::Config),
        (5146, ErrorKind::Rejected),
        (5148, ErrorKind::Locked { after }),
    ] {
        sim.refuse_next(code);
        let error = redeem(&endpoint, &sim, log_in()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "a login: {error}");
        assert_eq!(error.code(), Some(code.to_string().as_str()));
        assert!(error.is_vendors_word() && !error.is_retryable(), "{error}");
        sim.refuse_next(code);
        let error = refresh(&endpoint, &sim, &token).await.unwrap_err();
        assert_eq!(error.kind(), kind, "a refresh: {error}");
    }
    sim.block_address();
    let error = redeem(&endpoint, &sim, log_in()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(after));
}
