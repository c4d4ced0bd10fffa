//! How long tokens are valid, and which exchange revokes them.

use token_sim::{LoginAnswer, OldToken, Outcome, RefreshTokenExpiry};

use super::*;
use crate::support::issued;

const HOUR: Duration = Duration::from_secs(3600);

async fn login(sim: &OAuth2Server) -> Response {
    post(sim, &[("grant_type", "client_credentials")]).await
}

// FAULTS.md row 65
#[tokio::test]
async fn client_credentials_get_the_current_token_until_it_expires() {
    let sim = start(OAuth2Server::builder().login_answer(LoginAnswer::CurrentToken)).await;
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
    assert_eq!(outcomes, [issued(1), repeated.clone(), repeated, issued(2)]);
}

// FAULTS.md row 64
#[tokio::test]
async fn a_revoked_token_is_not_repeated() {
    let sim = start(OAuth2Server::builder().login_answer(LoginAnswer::CurrentToken)).await;
    let first = login(&sim).await.text("/access_token");
    sim.revoke_access_token();
    assert_ne!(login(&sim).await.text("/access_token"), first);
}

#[tokio::test]
async fn spring_repeats_at_a_login_and_revokes_the_old_token_at_a_refresh() {
    let sim = start(OAuth2Server::builder().product(Product::Spring)).await;
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
async fn the_exchange_revokes_the_old_access_token_even_if_its_answer_is_lost() {
    let sim = start(OAuth2Server::builder().old_token(OldToken::Revoked)).await;
    let grant = sim.grant();
    sim.fault(token_sim::Fault::status(504).after_acting());
    assert_eq!(resource(&sim, grant.access_token()).await, 200);
    refresh(&sim, grant.refresh_token().unwrap())
        .await
        .assert_status(504);
    assert_eq!(resource(&sim, grant.access_token()).await, 401);
}

/// Returns a server whose refresh tokens are valid for ten hours, and the remaining lifetime in the
/// answer to each of three refreshes, an hour apart.
async fn told(rotation: Rotation, end: RefreshTokenExpiry) -> (OAuth2Server, String, [i64; 3]) {
    let builder = OAuth2Server::builder()
        .rotation(rotation)
        .refresh_token_expiry(end);
    let builder = builder.refresh_token_lifetime(10 * HOUR);
    let sim = start(builder.refresh_expires_in_field("refresh_expires_in")).await;
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
async fn a_refresh_token_expires_as_configured() {
    use RefreshTokenExpiry::{AfterIssue, Fixed, Sliding};
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
async fn a_fixed_expiry_is_kept_across_rotations() {
    for rotation in [Rotation::SingleUse, Rotation::Kept] {
        let (sim, token, _) = told(rotation, RefreshTokenExpiry::Fixed).await;
        sim.clock().advance(7 * HOUR);
        refresh(&sim, &token)
            .await
            .assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn the_refresh_token_lifetime_is_in_the_answer_only_if_configured() {
    let sim = start(OAuth2Server::builder()).await;
    let token = sim.grant().refresh_token().unwrap().to_owned();
    let response = refresh(&sim, &token).await.json();
    assert!(response.get("refresh_expires_in").is_none());
    let telling = OAuth2Server::builder().refresh_expires_in_field("refresh_expires_in");
    let response = login(&start(telling).await).await.json();
    assert!(
        response.get("refresh_expires_in").is_none(),
        "there is no refresh token"
    );
}
