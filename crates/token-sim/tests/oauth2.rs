//! The OAuth 2.0 server: grants, clients, flavours.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod support;

use std::time::Duration;

use support::{Ask, Seen};
use token_sim::{
    Flavour, OAuth2Server, OAuth2ServerBuilder, OldToken, Outcome, Rotation, SimClock,
};

const TOKEN: &str = "/api/v1/oauth2/token";

async fn start(builder: OAuth2ServerBuilder) -> OAuth2Server {
    builder
        .clock(SimClock::frozen(1_700_000_000_000))
        .start()
        .await
        .unwrap()
}

async fn sim() -> OAuth2Server {
    start(OAuth2Server::builder()).await
}

async fn post(sim: &OAuth2Server, form: &[(&str, &str)]) -> Seen {
    Ask::new("POST", TOKEN)
        .basic("sim-client", "sim-secret")
        .form(form)
        .send(sim.addr())
        .await
        .unwrap()
}

async fn refresh(sim: &OAuth2Server, token: &str) -> Seen {
    post(
        sim,
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
    .await
}

async fn resource(sim: &OAuth2Server, token: &str) -> u16 {
    Ask::new("GET", "/resource")
        .auth(&format!("Bearer {token}"))
        .send(sim.addr())
        .await
        .unwrap()
        .status
}

fn refresh_token(sim: &OAuth2Server) -> String {
    sim.grant().refresh_token().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_answers_as_the_vendors_sample() {
    let sim = sim().await;
    let seen = refresh(&sim, &refresh_token(&sim)).await;
    assert_eq!((seen.status, seen.number("/expires_in")), (200, 7200));
    assert_eq!(
        (
            seen.text("/token_type").as_str(),
            seen.text("/scope").as_str()
        ),
        ("Bearer", "get_user_info")
    );
    assert_eq!(resource(&sim, &seen.text("/access_token")).await, 200);
    assert_eq!(seen.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_refresh_token_of_single_use_is_refused_the_second_time() {
    let sim = sim().await;
    let first = refresh_token(&sim);
    let next = refresh(&sim, &first).await.text("/refresh_token");
    assert_eq!(refresh(&sim, &first).await.text("/error"), "invalid_grant");
    assert!(sim.saw_reuse());
    assert_eq!(refresh(&sim, &next).await.status, 200);
}

#[tokio::test]
async fn a_reused_refresh_token_kills_the_family_where_the_server_is_strict() {
    let sim = start(OAuth2Server::builder().rotation(Rotation::Strict)).await;
    let first = refresh_token(&sim);
    let seen = refresh(&sim, &first).await;
    assert_eq!(refresh(&sim, &first).await.status, 400);
    assert_eq!(
        refresh(&sim, &seen.text("/refresh_token")).await.status,
        400
    );
    assert_eq!(resource(&sim, &seen.text("/access_token")).await, 401);
}

#[tokio::test]
async fn grace_takes_the_old_refresh_token_for_a_while() {
    let sim =
        start(OAuth2Server::builder().rotation(Rotation::Grace(Duration::from_secs(10)))).await;
    let first = refresh_token(&sim);
    refresh(&sim, &first).await;
    sim.clock().advance(Duration::from_secs(10));
    assert_eq!(refresh(&sim, &first).await.status, 200);
    assert_eq!(
        sim.exchange(2).await.outcome,
        Outcome::Issued { generation: 2 }
    );
    sim.clock().advance(Duration::from_millis(1));
    assert_eq!(refresh(&sim, &first).await.status, 400);
    assert_eq!(sim.journal().reuse_count(), 2);
}

// FAULTS.md row 12
#[tokio::test]
async fn a_server_that_never_rotates_answers_without_a_refresh_token_or_repeats_it() {
    for (rotation, told) in [(Rotation::Never, false), (Rotation::Repeat, true)] {
        let sim = start(OAuth2Server::builder().rotation(rotation)).await;
        let token = refresh_token(&sim);
        refresh(&sim, &token).await;
        let seen = refresh(&sim, &token).await;
        assert_eq!(seen.json().get("refresh_token").is_some(), told);
        assert_eq!(
            sim.exchange(2).await.outcome,
            Outcome::Issued { generation: 3 }
        );
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
        let seen = refresh(&sim, &token).await;
        told.push(seen.json().get("refresh_token").cloned());
    }
    let repeated = Some(serde_json::Value::from(token.as_str()));
    assert_eq!(told, [None, repeated.clone(), None, repeated]);
    assert_eq!(
        sim.exchange(4).await.outcome,
        Outcome::Issued { generation: 5 }
    );
    assert!(!sim.saw_reuse());
}

// FAULTS.md row 36
#[tokio::test]
async fn a_refresh_may_kill_the_old_access_token() {
    let sim = start(OAuth2Server::builder().old_token(OldToken::Dies)).await;
    let grant = sim.grant();
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    refresh(&sim, grant.refresh_token().unwrap()).await;
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
}

// FAULTS.md row 26
#[tokio::test]
async fn each_flavour_refuses_in_its_own_words() {
    for (flavour, unknown, expired) in [
        (
            Flavour::Rfc6749,
            "expired or revoked",
            (400, "invalid_grant"),
        ),
        (
            Flavour::BambooCloud,
            "Invalid refresh token: nobody's",
            (400, "invalid_grant"),
        ),
        (
            Flavour::Spring,
            "Invalid refresh token: nobody's",
            (401, "invalid_token"),
        ),
    ] {
        let sim = start(OAuth2Server::builder().flavour(flavour)).await;
        let seen = refresh(&sim, "nobody's").await;
        assert_eq!(
            (seen.status, seen.text("/error").as_str()),
            (400, "invalid_grant")
        );
        assert!(seen.text("/error_description").ends_with(unknown));
        let old = refresh_token(&sim);
        sim.clock().advance(Duration::from_secs(30 * 86_400));
        let seen = refresh(&sim, &old).await;
        assert_eq!((seen.status, seen.text("/error").as_str()), expired);
        assert_eq!(
            seen.text("/error_description").contains(&old),
            flavour != Flavour::Rfc6749
        );
    }
}

#[tokio::test]
async fn client_credentials_give_no_refresh_token() {
    let sim = sim().await;
    let seen = post(
        &sim,
        &[
            ("grant_type", "client_credentials"),
            ("scope", "get_user_info"),
        ],
    )
    .await;
    assert!(seen.status == 200 && seen.json().get("refresh_token").is_none());
    let more = post(
        &sim,
        &[
            ("grant_type", "client_credentials"),
            ("scope", "get_user_info root"),
        ],
    )
    .await;
    assert_eq!(more.text("/error"), "invalid_scope");
}

#[tokio::test]
async fn introspection_tells_living_from_dead() {
    let sim = sim().await;
    let grant = sim.grant();
    let active = async |token: &str| {
        let ask = Ask::new("POST", "/api/v1/oauth2/introspect").basic("sim-client", "sim-secret");
        let seen = ask
            .form(&[("token", token)])
            .send(sim.addr())
            .await
            .unwrap();
        seen.json()["active"].as_bool().unwrap()
    };
    assert!(active(grant.access_token()).await && active(grant.refresh_token().unwrap()).await);
    assert!(!active("unknown").await);
    sim.clock().advance(Duration::from_secs(7200));
    assert!(!active(grant.access_token()).await && active(grant.refresh_token().unwrap()).await);
}

// FAULTS.md row 37
#[tokio::test]
async fn a_revoked_refresh_token_takes_the_grant_along() {
    let sim = sim().await;
    let revoke = async |token: &str| {
        let ask = Ask::new("POST", "/api/v1/oauth2/revoke").basic("sim-client", "sim-secret");
        ask.form(&[("token", token)])
            .send(sim.addr())
            .await
            .unwrap()
            .status
    };
    let grant = sim.grant();
    assert_eq!(revoke(grant.access_token()).await, 200);
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    let seen = refresh(&sim, grant.refresh_token().unwrap()).await;
    assert_eq!(revoke(&seen.text("/refresh_token")).await, 200);
    assert_eq!(resource(&sim, &seen.text("/access_token")).await, 401);
    assert_eq!(
        refresh(&sim, &seen.text("/refresh_token")).await.status,
        400
    );
    assert_eq!(revoke("unknown").await, 200);
    assert_eq!(sim.exchange_count(), 2);
}

// FAULTS.md row 35
#[tokio::test]
async fn the_resource_turns_dead_tokens_away() {
    let sim = sim().await;
    let grant = sim.grant();
    let seen = Ask::new("GET", "/api/v1/oauth2/userinfo")
        .auth("Bearer gone")
        .send(sim.addr())
        .await
        .unwrap();
    assert_eq!(
        (seen.status, seen.text("/error").as_str()),
        (401, "invalid_token")
    );
    assert_eq!(
        seen.text("/error_description"),
        "Invalid access token: gone "
    );
    let bare = Ask::new("GET", "/resource").send(sim.addr()).await.unwrap();
    assert_eq!(
        (bare.status, bare.text("/error").as_str()),
        (401, "unauthorized")
    );
    sim.revoke_access_token();
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    assert_eq!(
        refresh(&sim, grant.refresh_token().unwrap()).await.status,
        200
    );
}

#[tokio::test]
async fn a_disabled_account_gets_nothing() {
    let sim = sim().await;
    let grant = sim.grant();
    sim.disable_account();
    assert_eq!(
        refresh(&sim, grant.refresh_token().unwrap())
            .await
            .text("/error"),
        "invalid_grant"
    );
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    assert_eq!(
        post(&sim, &[("grant_type", "client_credentials")])
            .await
            .status,
        401
    );
    sim.enable_account();
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    sim.kill_grant();
    assert_eq!(
        refresh(&sim, grant.refresh_token().unwrap()).await.status,
        400
    );
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
    let seen = sim.exchanges();
    let grants: Vec<_> = seen.iter().map(|one| one.grant).collect();
    assert_eq!(grants, [Some(0), Some(0), Some(0), Some(1), None]);
    let [first, again, after, ..] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(first.credential, again.credential);
    assert_ne!(first.credential, after.credential);
}
