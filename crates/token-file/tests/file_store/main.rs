//! The file store, with real files and real processes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

mod child;
mod damage;
mod due;
mod failures;
mod files;
mod fixture;
#[cfg(target_os = "linux")]
mod heap;
#[cfg(feature = "keyring")]
mod keyring;
mod kills;
mod kills_after_the_answer;
mod locks;
#[cfg(unix)]
mod private;
mod processes;
mod rules;
mod unfinished;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use token_core::TokenStore;
use token_core::reexports::async_trait;
use token_file::FileStore;
use token_testkit::StorePlace;

use fixture::{Fixture, sealing};

/// Longer than a busy disk takes for a few writes.
const SHORT_LIFE: Duration = Duration::from_millis(750);

struct Plain(Fixture);

struct Sealed(Fixture);

#[async_trait]
impl StorePlace for Plain {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.0.store())
    }

    fn short_life(&self) -> Duration {
        SHORT_LIFE
    }
}

#[async_trait]
impl StorePlace for Sealed {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(FileStore::at(self.0.directory()).sealed_with(sealing()))
    }

    fn short_life(&self) -> Duration {
        SHORT_LIFE
    }
}

mod the_contract_in_plain_text {
    token_testkit::store_conformance!(
        test = tokio::test,
        place = super::Plain(super::Fixture::empty())
    );
}

mod the_contract_sealed {
    token_testkit::store_conformance!(
        test = tokio::test,
        place = super::Sealed(super::Fixture::empty())
    );
}
