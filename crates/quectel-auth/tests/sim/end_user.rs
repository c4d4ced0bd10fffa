use quectel_auth::{EndUser, EndUserBuilder, Parameters};
use token_core::{Error, ErrorKind, HttpClient as _, OneTimeGrant, Token, TokenEndpoint};
use token_sim::{QuectelEndUserServer, SimClock, Simulation};
use token_testkit::attempt;

use super::*;

const WITHIN: Duration = Duration::from_secs(20);

async fn redeem(
    endpoint: &EndUser,
    sim: &Simulation,
    redemption: OneTimeGrant,
) -> Result<Token, Error> {
    issued(
        endpoint,
        sim,
        redemption.into_request(&attempt(now(sim), 2)),
    )
    .await
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
async fn an_end_user_signs_in_by_email_or_phone_in_query_or_form() {
    let sim = app().await;
    for parameters in [Parameters::Query, Parameters::Form] {
        let endpoint = ada(&sim).parameters(parameters).build().unwrap();
        let by_email = endpoint.email_password("ada@example.com", "china1234");
        let token = redeem(&endpoint, &sim, by_email).await.unwrap();
        assert_eq!(resource_status(&endpoint, &sim, &token).await, 200);
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
        assert_eq!(resource_status(&endpoint, &sim, &next).await, 200);
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
    assert_eq!(resource_status(&endpoint, &sim, &token).await, 401);
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
