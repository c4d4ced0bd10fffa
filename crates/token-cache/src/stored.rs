//! What the store holds, and when it is adopted.

use std::time::Duration;

use token_core::store::{Entry, Lineage, Owner, StoreError};
use token_core::{Error, Generation, Token};

use crate::decide::Decision;
use crate::engine::Engine;
use crate::events::Origin;
use crate::record;

/// One look at the store.
pub(crate) struct Stored {
    entry: Entry,
}

impl Stored {
    pub(crate) async fn load(engine: &Engine) -> Result<Self, StoreError> {
        let entry = engine.in_time(engine.store.load(&engine.key)).await?;
        Ok(Self { entry })
    }

    pub(crate) fn buried(&self) -> bool {
        self.entry.buried
    }

    pub(crate) fn seen(&self) -> Option<Generation> {
        self.entry.record.as_ref().map(|record| record.generation)
    }

    /// The generation that a new token follows.
    pub(crate) fn generation(&self) -> Option<Generation> {
        self.seen()
    }

    /// How long ago another holder declared that it spends this very token; `None` where none did.
    pub(crate) fn spent_by_another(&self, us: &Owner, token: Lineage) -> Option<Duration> {
        let intent = self.entry.intent.as_ref()?;
        (intent.owner != *us && intent.lineage == Some(token)).then_some(self.entry.intent_age)
    }

    /// Takes the stored token over where it is newer than the one in hand, or is another of the same generation: what is stored counts.
    /// True where no flight is needed any more.
    pub(crate) fn adopt(&self, engine: &Engine) -> Result<bool, Error> {
        let Some(record) = &self.entry.record else {
            return Ok(false);
        };
        let now = engine.clock.now();
        let token = record::read(record, now.wall).map_err(|error| error.to_error())?;
        if !is_newer(&token, engine) {
            return Ok(false);
        }
        engine.publish(token, now, Origin::Store);
        Ok(engine.decide_alone() == Decision::Use)
    }
}

fn is_newer(token: &Token, engine: &Engine) -> bool {
    let Some(current) = engine.current() else {
        return true;
    };
    let (theirs, ours) = (token.generation(), current.generation());
    theirs > ours || (theirs == ours && !token.same_secrets_as(&current))
}
