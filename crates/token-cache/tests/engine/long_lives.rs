//! Callers that need a token for longer.

use std::time::Duration;

use token_cache::TokenCache;
use token_core::{Error, ErrorKind, Generation, Token};

use crate::acme::{Acme, Fault, MINUTE, SECOND, Setup, advance};

async fn ask_for(cache: &TokenCache, span: Duration) -> Result<Token, Error> {
    cache
        .token_valid_for(span)
        .await
        .map(|token| (*token).clone())
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_token_that_lives_long_enough_costs_no_exchange_and_another_costs_one() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    advance(10 * MINUTE).await;
    assert_eq!(
        ask_for(&cache, 50 * MINUTE).await.unwrap().generation(),
        Generation::new(1)
    );
    assert_eq!(setup.server.requests().len(), 1);
    let newer = ask_for(&cache, 50 * MINUTE + SECOND).await.unwrap();
    assert_eq!(newer.generation(), Generation::new(2));
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn fifty_uploads_that_begin_together_share_one_exchange() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.server.latency(SECOND);
    advance(20 * MINUTE).await;
    let uploads: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { ask_for(&cache, 55 * MINUTE).await })
        })
        .collect();
    for upload in uploads {
        assert_eq!(
            upload.await.unwrap().unwrap().generation(),
            Generation::new(2)
        );
    }
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_span_beyond_the_vendors_life_costs_one_exchange_at_most_and_names_both() {
    for age in [None, Some(MINUTE / 2), Some(20 * MINUTE)] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.cache();
        if let Some(age) = age {
            cache.token().await.unwrap();
            advance(age).await;
        }
        let before = setup.server.requests().len();
        let error = ask_for(&cache, 120 * MINUTE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("3600 s") && text.contains("7200 s"), "{text}");
        assert!(setup.server.requests().len() <= before + 1, "{age:?}");
        assert!(
            cache.current().is_some(),
            "the token in hand is as good as before"
        );

        // Asking again and again does not make an exchange each time.
        let before = setup.server.requests().len();
        for _ in 0..25 {
            assert!(ask_for(&cache, 120 * MINUTE).await.is_err());
            advance(SECOND).await;
        }
        assert_eq!(setup.server.requests().len(), before);
    }
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_vendor_that_fails_is_told_to_who_needs_the_longer_life_alone() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    advance(20 * MINUTE).await;
    setup.server.outage(Fault::status(503));
    let error = ask_for(&cache, 50 * MINUTE).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert!(ask_for(&cache, 30 * MINUTE).await.is_ok());
    assert!(cache.token().await.is_ok());
}
