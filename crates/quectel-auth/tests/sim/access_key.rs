use quectel_auth::AccessKey;
use token_core::{Error, ErrorKind, Token, TokenEndpoint};
use token_sim::{QuectelSaasServer, SimClock, Simulation};
use token_testkit::attempt;

use super::*;

async fn log_in(endpoint: &AccessKey, sim: &Simulation) -> Result<Token, Error> {
    issued(
        endpoint,
        sim,
        endpoint.login(&attempt(now(sim), 1)).unwrap(),
    )
    .await
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

#[tokio::test]
async fn an_access_key_logs_in_calls_and_refreshes() {
    let sim = saas().await;
    let endpoint = access_key(&sim, sim.access_secret());
    let first = log_in(&endpoint, &sim).await.unwrap();
    assert_eq!(resource_status(&endpoint, &sim, &first).await, 200);
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
    assert_eq!(resource_status(&endpoint, &sim, &second).await, 200);
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
    assert_eq!(resource_status(&endpoint, &sim, &token).await, 200);
    let error = refresh(&endpoint, &sim, &token).await.unwrap_err();
    assert!(error.kills_live_token());
    assert_eq!(resource_status(&endpoint, &sim, &token).await, 401);
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
    let refused = issued(&endpoint, &sim, endpoint.login(&attempt(late, 1)).unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
}
