//! What a refresh does to the previous tokens.

use token_sim::OldToken;

use super::*;
use crate::support::issued;

#[tokio::test]
async fn a_refresh_answers_as_the_vendors_sample() {
    let sim = sim().await;
    let response = refresh(&sim, &refresh_token(&sim)).await;
    assert_eq!(
        (response.status, response.number("/expires_in")),
        (200, 7200)
    );
    assert_eq!(
        (
            response.text("/token_type").as_str(),
            response.text("/scope").as_str()
        ),
        ("Bearer", "get_user_info")
    );
    assert_eq!(resource(&sim, &response.text("/access_token")).await, 200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_refresh_token_of_single_use_is_refused_the_second_time() {
    let sim = sim().await;
    let first = refresh_token(&sim);
    let next = refresh(&sim, &first).await.text("/refresh_token");
    refresh(&sim, &first)
        .await
        .assert_error(400, "invalid_grant");
    assert!(sim.saw_reuse());
    refresh(&sim, &next).await.assert_status(200);
}

#[tokio::test]
async fn a_reused_refresh_token_revokes_the_grant_if_the_server_is_strict() {
    let sim = start(OAuth2Server::builder().rotation(Rotation::Strict)).await;
    let first = refresh_token(&sim);
    let response = refresh(&sim, &first).await;
    refresh(&sim, &first).await.assert_status(400);
    refresh(&sim, &response.text("/refresh_token"))
        .await
        .assert_status(400);
    assert_eq!(resource(&sim, &response.text("/access_token")).await, 401);
}

#[tokio::test]
async fn the_old_refresh_token_is_accepted_within_the_grace_period() {
    let sim =
        start(OAuth2Server::builder().rotation(Rotation::Grace(Duration::from_secs(10)))).await;
    let first = refresh_token(&sim);
    refresh(&sim, &first).await;
    sim.clock().advance(Duration::from_secs(10));
    refresh(&sim, &first).await.assert_status(200);
    assert_eq!(sim.exchange(2).await.outcome, issued(2));
    sim.clock().advance(Duration::from_millis(1));
    refresh(&sim, &first).await.assert_status(400);
    assert_eq!(sim.journal().reuse_count(), 2);
}

// FAULTS.md row 12
#[tokio::test]
async fn a_server_that_never_rotates_answers_without_a_refresh_token_or_repeats_it() {
    for (rotation, told) in [(Rotation::Never, false), (Rotation::Repeat, true)] {
        let sim = start(OAuth2Server::builder().rotation(rotation)).await;
        let token = refresh_token(&sim);
        refresh(&sim, &token).await;
        let response = refresh(&sim, &token).await;
        assert_eq!(response.json().get("refresh_token").is_some(), told);
        assert_eq!(sim.exchange(2).await.outcome, issued(3));
        assert!(!sim.saw_reuse());
    }
}

// FAULTS.md row 12
#[tokio::test]
async fn a_server_that_keeps_refresh_tokens_repeats_them_in_every_other_answer() {
    let sim = start(OAuth2Server::builder().rotation(Rotation::Kept)).await;
    let token = refresh_token(&sim);
    let mut told = Vec::new();
    for _ in 0..4 {
        let response = refresh(&sim, &token).await;
        told.push(response.json().get("refresh_token").cloned());
    }
    let repeated = Some(serde_json::Value::from(token.as_str()));
    assert_eq!(told, [None, repeated.clone(), None, repeated]);
    assert_eq!(sim.exchange(4).await.outcome, issued(5));
    assert!(!sim.saw_reuse());
}

// FAULTS.md row 36
#[tokio::test]
async fn a_refresh_may_revoke_the_old_access_token() {
    let sim = start(OAuth2Server::builder().old_token(OldToken::Revoked)).await;
    let grant = sim.grant();
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    refresh(&sim, grant.refresh_token().unwrap()).await;
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
}
