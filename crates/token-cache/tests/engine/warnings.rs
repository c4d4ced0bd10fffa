//! What an operator has to mend is in the program's log, whether or not it listens to events.

use token_cache::TokenCache;
use tracing::Level;

use crate::acme::{Acme, Setup};
use crate::program_log::Log;

/// The warnings of three calls to one cache, on the runtime of the test and so on its thread.
async fn warned(build: impl FnOnce(&Setup) -> TokenCache) -> Vec<String> {
    let (log, _logging) = Log::begin(Level::WARN);
    let setup = Setup::new(Acme::single_use());
    let cache = build(&setup);
    for _ in 0..3 {
        let generation = cache.token().await.unwrap().generation();
        cache.refresh_if(generation).await.unwrap();
    }
    log.lines()
}

// FAULTS.md row 76
#[tokio::test(start_paused = true)]
async fn a_rotating_initial_token_in_memory_alone_is_logged_once() {
    let lines = warned(|setup| {
        let builder = TokenCache::builder(setup.acme.clone())
            .http_client(setup.server.clone())
            .clock(setup.clock.clone())
            .runtime(tokio::runtime::Handle::current());
        builder.initial_token(setup.server.grant()).build().unwrap()
    })
    .await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(" token_cache: "), "{lines:?}");
    assert!(lines[0].contains("use a durable store"), "{lines:?}");
    assert!(lines[0].contains("acme"), "it names the grant: {lines:?}");
}

// FAULTS.md row 88
#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_store_is_logged_once() {
    let lines = warned(|setup| {
        setup
            .store
            .add_warning("all users may write to the parent directory");
        setup.cache()
    })
    .await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("all users may write"), "{lines:?}");
}
