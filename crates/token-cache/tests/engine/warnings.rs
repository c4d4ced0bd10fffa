//! What an operator has to mend is in the program's log, whether or not it listens to events.

use std::fmt;
use std::sync::{Arc, Mutex};

use token_cache::TokenCache;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::acme::{Acme, Setup};

/// The events at WARN, one line each.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().target().to_owned();
        event.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The warnings of three calls to one cache, on the runtime of the test and so on its thread.
async fn warned(build: impl FnOnce(&Setup) -> TokenCache) -> Vec<String> {
    let warnings = Warnings::default();
    let _collecting = tracing::subscriber::set_default(warnings.clone());
    let setup = Setup::new(Acme::single_use());
    let cache = build(&setup);
    for _ in 0..3 {
        let generation = cache.token().await.unwrap().generation();
        cache.refresh_if(generation).await.unwrap();
    }
    warnings.0.lock().unwrap().clone()
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
    assert!(lines[0].starts_with("token_cache"), "{lines:?}");
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
