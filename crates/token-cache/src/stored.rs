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
        Ok(Self::of(entry))
    }

    /// What the store told with another answer.
    pub(crate) fn of(entry: Entry) -> Self {
        Self { entry }
    }

    pub(crate) fn seen(&self) -> Option<Generation> {
        self.entry.generation()
    }

    /// What a new login goes on after: what is stored, or what a logout removed. Who missed the logout would otherwise take the new
    /// grant for an ancestor of the old one.
    pub(crate) fn newest_generation(&self) -> Option<Generation> {
        self.seen().or(self.entry.tombstoned_generation)
    }

    /// How long ago another holder declared that it spends this very token; `None` where none did.
    pub(crate) fn spent_by_another(&self, us: &Owner, token: Lineage) -> Option<Duration> {
        let intent = self.entry.intent.as_ref()?;
        (intent.owner != *us && intent.lineage == Some(token)).then_some(self.entry.intent_age)
    }

    /// Takes the stored token over where it is newer than the one in hand, or is another of the same generation: what is stored counts.
    /// Any other is better than a dead one.
    pub(crate) fn adopt(&self, engine: &Engine) -> Result<Adopted, Error> {
        self.adopt_if(engine, |token| is_newer(token, engine) || engine.is_dead())
    }

    /// Takes any stored token over but the one in hand, which was refused.
    pub(crate) fn adopt_in_place_of_refused(&self, engine: &Engine) -> Result<Adopted, Error> {
        self.adopt_if(engine, |_| true)
    }

    fn adopt_if(&self, engine: &Engine, better: impl FnOnce(&Token) -> bool) -> Result<Adopted, Error> {
        if self.entry.tombstoned {
            return Err(engine.logged_out());
        }
        let Some(record) = &self.entry.record else {
            return Ok(Adopted::Nothing);
        };
        let now = engine.clock.now();
        let token =
            record::read(record, self.entry.record_age, now.wall).map_err(|error| error.to_error())?;
        if is_in_hand(&token, engine) || !better(&token) {
            return Ok(Adopted::Nothing);
        }
        engine.publish(token, now, Origin::Store);
        Ok(match engine.decide_alone() {
            Decision::Use => Adopted::Fresh,
            _ => Adopted::Due,
        })
    }

    /// Looks again when the store may hold something else. A hint that came too early is not asked for again without a pause.
    pub(crate) async fn next(&self, engine: &Engine, at_most: Duration) -> Result<Self, StoreError> {
        const SHORTEST: Duration = Duration::from_millis(10);
        let pause = tokio::time::sleep(SHORTEST.min(at_most));
        let hint = engine.store.changed(&engine.key, self.seen(), at_most);
        let hint = tokio::time::timeout(at_most, hint).await.ok().flatten();
        let next = match hint {
            Some(entry) => Ok(Self::of(entry)),
            None => Self::load(engine).await,
        };
        let in_vain = next.as_ref().map_or(true, |next| next.seen() == self.seen());
        if in_vain {
            pause.await;
        }
        next
    }
}

/// What was taken over from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    Nothing,
    /// A token that is to be refreshed itself.
    Due,
    /// A token that makes a flight needless.
    Fresh,
}

fn is_in_hand(token: &Token, engine: &Engine) -> bool {
    let same = |current: Token| current.generation() == token.generation() && token.same_secrets_as(&current);
    engine.current().is_some_and(same)
}

fn is_newer(token: &Token, engine: &Engine) -> bool {
    engine
        .current()
        .is_none_or(|current| token.generation() >= current.generation())
}
