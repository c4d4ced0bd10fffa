//! API requests whose refusal a new token does not mend.

use token_cache::{Answered, ApiCall, TokenCache};
use token_core::reexports::http::{HeaderMap, Request, StatusCode};
use token_core::{ApiBody, ApiResponse, Error, ErrorKind, Rotation};

use crate::acme::{Acme, IMPATIENT, SECOND, Setup, advance};

/// Sends a request that the API refuses.
async fn refused(call: &mut ApiCall<'_>, has_copy: bool) -> Result<Answered, Error> {
    let request = Request::get("https://api.acme.example/v1/things").body(());
    let mut parts = request.unwrap().into_parts().0;
    call.authorize(&mut parts, &mut ApiBody::of(b"")).await?;
    let headers = HeaderMap::new();
    let answer = ApiResponse::new(StatusCode::UNAUTHORIZED, &headers, None);
    call.judge(&answer, has_copy)
}

/// Returns a cache whose token was just refreshed and refused again.
async fn cache_with_trusted_token(setup: &Setup) -> TokenCache {
    let cache = setup.fresh_cache().await;
    let mut call = cache.api_call();
    assert_eq!(refused(&mut call, true).await.unwrap(), Answered::SendAgain);
    assert!(refused(&mut call, true).await.is_err());
    cache
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_token_that_is_not_at_fault_is_final_and_reported_with_its_status() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = cache_with_trusted_token(&setup).await;
    for has_copy in [true, false] {
        let error = refused(&mut cache.api_call(), has_copy).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RefusedAgain, "{error}");
        assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    }
    assert_eq!(setup.server.count("/refresh"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_no_token_to_follow_is_the_error_of_the_exchange() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache_with(|builder| builder.wait_timeout(IMPATIENT));
    cache.token().await.unwrap();
    setup.server.revoke_grant();
    let called = std::sync::atomic::AtomicU32::new(0);
    let call = async |_| {
        called.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err::<(), u16>(401)
    };
    let error = cache.with_token(call, Result::is_err).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(called.into_inner(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_after_the_logout_changes_nothing() {
    let setup = Setup::new(Acme::by_login_alone());
    let cache = setup.empty_cache();
    let token = (*cache.token().await.unwrap()).clone();
    _ = cache.logout().await.unwrap();
    cache.invalidate(&token);
    cache.token().await.unwrap();
    cache.invalidate(&token);
    assert!(cache.current().is_some());
    assert_eq!(setup.server.count("/login"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_every_token_costs_each_process_one_exchange_per_pause() {
    for processes in [1, 3] {
        let setup = Setup::new(Acme::with(Rotation::Idempotent));
        let caches: Vec<_> = (0..processes).map(|_| setup.other_process().0).collect();
        // The pauses of a minute are 1, 2, 4, 8, 16 and 32 seconds.
        for _ in 0..600 {
            for cache in &caches {
                let calling = cache.with_token(async |_| Err::<(), u16>(401), Result::is_err);
                let kind = calling.await.unwrap_err().kind();
                assert_eq!(kind, ErrorKind::RefusedAgain);
            }
            advance(SECOND / 10).await;
        }
        assert_eq!(setup.server.count("/refresh"), 1 + 6 * processes);
    }
}
