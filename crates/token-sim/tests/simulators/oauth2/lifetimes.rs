//! How long tokens live, and which exchange ends them.

use token_sim::{LoginAnswer, OldToken, Outcome, RefreshTokenEnd};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

async fn login(sim: &OAuth2Server) -> Response {
    post(sim, &[("grant_type", "client_credentials")]).await
}

// FAULTS.md row 65
#[tokio::test]
async fn client_credentials_get_the_living_token_until_its_end() {
    let sim = start(OAuth2Server::builder().login_answer(LoginAnswer::LivingToken)).await;
    let first = login(&sim).await;
    assert_eq!(first.number("/expires_in"), 7200);
    for (pass, left) in [(HOUR, 3600), (Duration::from_millis(3_599_500), 0)] {
        sim.clock().advance(pass);
        let again = login(&sim).await;
        assert_eq!(again.text("/access_token"), first.text("/access_token"));
        assert_eq!(again.number("/expires_in"), left);
    }
    sim.clock().advance(Duration::from_millis(500));
    let next = login(&sim).await;
    assert_ne!(next.text("/access_token"), first.text("/access_token"));
    assert_eq!(next.number("/expires_in"), 7200);
    let outcomes: Vec<_> = sim.exchanges().into_iter().map(|one| one.outcome).collect();
    let repeated = Outcome::Repeated { generation: 1 };
    let issued = |generation| Outcome::Issued { generation };
    assert_eq!(outcomes, [issued(1), repeated.clone(), repeated, issued(2)]);
}

// FAULTS.md row 64
#[tokio::test]
async fn a_revoked_token_is_not_repeated() {
    let sim = start(OAuth2Server::builder().login_answer(LoginAnswer::LivingToken)).await;
    let first = login(&sim).await.text("/access_token");
    sim.revoke_access_token();
    assert_ne!(login(&sim).await.text("/access_token"), first);
}

#[tokio::test]
async fn spring_repeats_at_a_login_and_drops_the_old_token_at_a_refresh() {
    let sim = start(OAuth2Server::builder().flavour(Flavour::Spring)).await;
    let token = login(&sim).await.text("/access_token");
    assert_eq!(login(&sim).await.text("/access_token"), token);
    let grant = sim.grant();
    let next = refresh(&sim, grant.refresh_token().unwrap()).await;
    assert_eq!(next.text("/refresh_token"), grant.refresh_token().unwrap());
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
    assert_eq!(resource(&sim, &next.text("/access_token")).await, 200);
    assert_eq!(resource(&sim, &token).await, 200);
}

// FAULTS.md rows 36 and 71
#[tokio::test]
async fn the_exchange_ends_the_old_access_token_though_its_answer_is_lost() {
    let sim = start(OAuth2Server::builder().old_token(OldToken::Dies)).await;
    let grant = sim.grant();
    sim.fault(token_sim::Fault::status(504).after_acting());
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    assert_eq!(
        refresh(&sim, grant.refresh_token().unwrap()).await.status,
        504
    );
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
}

/// A server whose refresh tokens live for ten hours, and what it tells of that after each of three
/// refreshes, an hour apart.
async fn told(rotation: Rotation, end: RefreshTokenEnd) -> (OAuth2Server, String, [i64; 3]) {
    let builder = OAuth2Server::builder()
        .rotation(rotation)
        .refresh_token_end(end);
    let builder = builder.refresh_token_life(10 * HOUR);
    let sim = start(builder.tell_refresh_token_life("refresh_expires_in")).await;
    let mut token = sim.grant().refresh_token().unwrap().to_owned();
    let mut told = [0; 3];
    for left in &mut told {
        sim.clock().advance(HOUR);
        let response = refresh(&sim, &token).await;
        *left = response.number("/refresh_expires_in") / 3600;
        if rotation == Rotation::SingleUse {
            token = response.text("/refresh_token");
        }
    }
    (sim, token, told)
}

// FAULTS.md row 70
#[tokio::test]
async fn a_refresh_token_ends_where_the_server_says() {
    use RefreshTokenEnd::{AfterIssue, Fixed, Sliding};
    for (rotation, end, lefts) in [
        (Rotation::SingleUse, AfterIssue, [10, 10, 10]),
        (Rotation::SingleUse, Sliding, [10, 10, 10]),
        (Rotation::SingleUse, Fixed, [9, 8, 7]),
        (Rotation::Kept, AfterIssue, [9, 8, 7]),
        (Rotation::Kept, Sliding, [10, 10, 10]),
        (Rotation::Kept, Fixed, [9, 8, 7]),
    ] {
        let (sim, token, told) = told(rotation, end).await;
        assert_eq!(told, lefts, "{rotation:?} {end:?}");
        let left = HOUR * u32::try_from(lefts[2]).unwrap();
        sim.clock().advance(left - Duration::from_millis(1));
        assert_eq!(
            refresh(&sim, &token).await.status,
            200,
            "{rotation:?} {end:?}"
        );
    }
}

// FAULTS.md row 70
#[tokio::test]
async fn a_fixed_end_is_the_end_whatever_was_rotated() {
    for rotation in [Rotation::SingleUse, Rotation::Kept] {
        let (sim, token, _) = told(rotation, RefreshTokenEnd::Fixed).await;
        sim.clock().advance(7 * HOUR);
        assert_eq!(refresh(&sim, &token).await.text("/error"), "invalid_grant");
    }
}

#[tokio::test]
async fn the_refresh_tokens_life_is_told_only_if_asked_for() {
    let sim = start(OAuth2Server::builder()).await;
    let token = sim.grant().refresh_token().unwrap().to_owned();
    let response = refresh(&sim, &token).await.json();
    assert!(response.get("refresh_expires_in").is_none());
    let telling = OAuth2Server::builder().tell_refresh_token_life("refresh_expires_in");
    let response = login(&start(telling).await).await.json();
    assert!(
        response.get("refresh_expires_in").is_none(),
        "there is no refresh token"
    );
}
