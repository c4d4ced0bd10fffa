//! Timestamps: a skewed clock, a date that is not trusted, a digest that was used before.

use super::*;

// FAULTS.md row 20
#[tokio::test]
async fn a_digest_signed_with_a_skewed_clock_is_signed_again_with_the_servers_time() {
    let setup = Setup::over_tls().await;
    let slow = setup.now().shifted(-3_600_000);
    let request = setup.endpoint.login(&attempt(slow, 1)).unwrap().unwrap();
    let Outcome::Retry(error) = setup.exchange(&request, slow).await.unwrap() else {
        panic!("not tried again");
    };
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("1003"))
    );
    let request = setup
        .endpoint
        .login(&attempt(setup.now(), 2))
        .unwrap()
        .unwrap();
    assert!(issued(setup.exchange(&request, slow).await.unwrap()).is_ok());
}

// FAULTS.md row 20
#[tokio::test]
async fn a_date_that_came_without_tls_is_not_believed() {
    let setup = Setup::new().await;
    let slow = setup.now().shifted(-3_600_000);
    let request = setup.endpoint.login(&attempt(slow, 1)).unwrap().unwrap();
    assert_eq!(
        setup.exchange(&request, slow).await.unwrap_err().kind(),
        ErrorKind::Config
    );
}

// FAULTS.md row 44
#[tokio::test]
async fn a_duplicated_encryption_passes_with_a_later_timestamp() {
    let setup = Setup::new().await;
    let now = setup.later();
    let request = setup.endpoint.login(&attempt(now, 1)).unwrap().unwrap();
    let token = issued(setup.exchange(&request, now).await.unwrap()).unwrap();
    let refresh = setup.endpoint.refresh(&token, &attempt(now, 2)).unwrap();
    let Outcome::Retry(error) = setup.exchange(&refresh, now).await.unwrap() else {
        panic!("get and refresh in one millisecond have one digest, and it was taken twice");
    };
    assert_eq!(error.code(), Some("1001"));
    assert!(setup.refresh(&token).await.is_ok());
}
