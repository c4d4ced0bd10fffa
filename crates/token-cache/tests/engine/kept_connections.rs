//! Which requests may be sent over a kept connection: only those that the engine would repeat.

use token_core::Rotation;

use crate::acme::{Acme, Fault, MINUTE, Setup, When, ask};

/// Returns path and mark of each request from `first` on.
fn marks(setup: &Setup, first: usize) -> Vec<(String, bool)> {
    let requests = setup.server.requests().into_iter().skip(first);
    requests
        .map(|request| (request.path, request.is_repeatable))
        .collect()
}

fn mark(path: &str, is_repeatable: bool) -> (String, bool) {
    (path.to_owned(), is_repeatable)
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_may_be_repeated_is_marked_once() {
    for rotation in [Rotation::Idempotent, Rotation::Grace(MINUTE)] {
        let setup = Setup::new(Acme::with(rotation));
        let cache = setup.due_cache().await;
        let before = setup.server.requests().len();
        setup.server.then([Fault::Lost(When::BeforeProcessing)]);
        ask(&cache).await;
        // the connection may have broken because it was kept: the second attempt opens one
        let expected = [mark("/refresh", true), mark("/refresh", false)];
        assert_eq!(marks(&setup, before), expected, "{rotation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_use_refresh_is_never_marked() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let before = setup.server.requests().len();
    ask(&cache).await;
    assert_eq!(marks(&setup, before), [mark("/refresh", false)]);
}

#[tokio::test(start_paused = true)]
async fn a_one_time_grant_and_a_revocation_are_never_marked() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.empty_cache();
    cache.redeem(setup.acme.redemption()).await.unwrap();
    _ = cache.logout().await.unwrap();
    let marks = marks(&setup, 0);
    assert!(marks.len() >= 2, "{marks:?}");
    assert!(marks.iter().all(|(_, is_repeatable)| !is_repeatable));
}

#[tokio::test(start_paused = true)]
async fn every_step_of_a_repeatable_login_is_marked() {
    let setup = Setup::new(Acme::by_login_alone());
    let cache = setup.empty_cache();
    setup.server.then([
        Fault::ok(r#"{"next":"ticket-0123456789"}"#),
        Fault::ok(r#"{"token":"acme-access-of-two-steps","ttl":3600}"#),
    ]);
    cache.token().await.unwrap();
    let marks = marks(&setup, 0);
    assert_eq!(marks.len(), 2, "{marks:?}");
    assert!(marks.iter().all(|(_, is_repeatable)| *is_repeatable));
}
