//! Refreshes, and what a revoked grant looks like.

use token_sim::{Echo, Product, RetryAfter, Rotation};

use super::*;

#[tokio::test]
async fn a_refresh_rotates_and_the_resource_takes_both_tokens() {
    let setup = Setup::bamboocloud().await;
    let first = setup.token();
    setup.sim.clock().advance(Duration::from_secs(3600));
    let second = setup.refresh(&first).await.unwrap();
    assert!(!second.same_secrets_as(&first));
    assert_eq!(
        second.validity().expires_at(),
        setup.now().after(Duration::from_secs(7200))
    );
    assert_eq!(second.scopes(), ["get_user_info"]);
    assert_eq!(
        (setup.call(&first).await, setup.call(&second).await),
        (200, 200)
    );
    assert!(setup.refresh(&second).await.is_ok());
}

// FAULTS.md row 26
#[tokio::test]
async fn a_reused_refresh_token_is_rejected_and_its_echo_scrubbed() {
    let setup = Setup::bamboocloud().await;
    let first = setup.token();
    setup.refresh(&first).await.unwrap();
    let error = setup.refresh(&first).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("invalid_grant"))
    );
    assert_eq!(error.message(), Some("Invalid refresh token: [scrubbed]"));
    assert!(setup.sim.saw_reuse());
}

// FAULTS.md row 26
#[tokio::test]
async fn every_encoding_of_an_echo_is_scrubbed() {
    let setup = Setup::bamboocloud().await;
    for encoding in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let token = setup.token();
        setup.sim.fault(Fault::echo(encoding));
        let error = setup.refresh(&token).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("[scrubbed]"), "{shown}");
        assert!(
            !shown.contains(token.refresh_credential().expose()),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn springs_401_for_an_expired_refresh_token_ends_the_grant() {
    let spring = OAuth2Server::builder()
        .product(Product::Spring)
        .refresh_token_lifetime(Duration::from_secs(60));
    let setup = Setup::of(spring, |builder| builder).await;
    let token = setup.token();
    setup.sim.clock().advance(Duration::from_secs(61));
    let error = setup.refresh(&token).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("invalid_token"))
    );
    assert_eq!(
        error.message(),
        Some("Invalid refresh token (expired): [scrubbed]")
    );
}

// FAULTS.md row 12
#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one_for_the_next_refresh() {
    let server = OAuth2Server::builder().rotation(Rotation::Never);
    let setup = Setup::of(server, |builder| builder).await;
    let first = setup.token();
    let second = setup.refresh(&first).await.unwrap();
    assert!(
        second
            .refresh_credential()
            .same_as(first.refresh_credential())
    );
    assert!(setup.refresh(&second).await.is_ok());
}

// FAULTS.md rows 22, 29 and 32
#[tokio::test]
async fn faults_on_the_way_do_not_end_the_grant() {
    let setup = Setup::bamboocloud().await;
    let token = setup.token();
    for fault in [
        Fault::html(),
        Fault::status(502),
        Fault::redirect(307, "https://elsewhere.example/collect"),
        Fault::unavailable(RetryAfter::Seconds(7)),
    ] {
        setup.sim.fault(fault);
        let kind = setup.refresh(&token).await.unwrap_err().kind();
        assert!(
            matches!(
                kind,
                ErrorKind::Transient { .. } | ErrorKind::Protocol | ErrorKind::InDoubt
            ),
            "{kind:?}"
        );
    }
    assert!(setup.refresh(&token).await.is_ok());
}

// FAULTS.md row 25
#[tokio::test]
async fn an_answer_that_is_cut_short_is_in_doubt() {
    let setup = Setup::bamboocloud().await;
    setup.sim.fault(Fault::cut_in_body());
    let error = setup.refresh(&setup.token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
}
