//! The note in the store that a refresh token is about to be spent. It warns the other owners if
//! this one dies before the new token is durable.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use token_core::store::{Entry, Intended, Intent, StoreError};
use token_core::{Error, Generation, Token};

use super::lease::Lease;
use super::parent::Parent;
use super::stored::Stored;
use super::{Refresher, busy};
use crate::current::session::Session;

impl Refresher {
    /// Writes the intent, and makes sure that the lease is still ours. The inner error is the
    /// store's: without an intent, only what can be sent again may be spent.
    pub(super) async fn declare(
        &self,
        lease: &Lease<'_>,
        spends: Option<&Parent>,
        newest_generation: Option<Generation>,
    ) -> Result<Result<(), StoreError>, Error> {
        let intent = Intent {
            owner: self.store.owner().into_owned(),
            fingerprint: spends.map(|parent| parent.fingerprint),
            generation: newest_generation.unwrap_or_default(),
        };
        match self.store.write_intent(&intent).await {
            Ok(Intended::Written) => {}
            Ok(_) => return Err(busy()),
            Err(error) => return Ok(Err(error)),
        }
        let checked = lease.check().await;
        if checked.is_err() {
            self.store.clear_intent().await;
        }
        checked.map(Ok)
    }

    /// Returns how long ago another owner declared that it spends this very token, if one did. The
    /// generation counts too: a vendor that keeps its refresh token gives parent and child one
    /// fingerprint.
    pub(super) fn spent_by_another(
        &self,
        session: Session<'_>,
        stored: &Stored,
        token: &Token,
    ) -> Option<Duration> {
        let intent = self.intent_of_another(stored)?;
        let is_this = intent.fingerprint == Some(self.fingerprint(token))
            && intent.generation == token.generation();
        is_this.then(|| stored.intent_age(&session.now()))
    }

    /// Somebody's wrong password must not end another owner's doubt: its intent is put back, in
    /// our name.
    pub(super) async fn restore_intent(&self, stored: &Entry) {
        let Some(doubt) = self.doubt_about_record(stored) else {
            return self.store.clear_intent().await;
        };
        let ours = Intent {
            owner: self.store.owner().into_owned(),
            ..doubt.clone()
        };
        *self.inherited() = Some(Box::new(ours.clone()));
        // Nothing more can be done if this fails.
        _ = self.store.write_intent(&ours).await;
    }

    /// Removes our intent if it stands beside the token that came of it: another owner had
    /// committed that before we wrote the intent, so its commit did not clear it.
    pub(super) async fn clear_superseded(&self, stored: &Stored) {
        let (Some(record), Some(intent)) = (&stored.record, &stored.intent) else {
            return;
        };
        if record.id().supersedes(intent) && intent.owner == *self.store.owner() {
            self.store.clear_intent().await;
        }
    }

    /// Returns another owner's intent to spend the stored record.
    fn doubt_about_record<'a>(&self, stored: &'a Entry) -> Option<&'a Intent> {
        let record = stored.record.as_ref()?;
        self.intent_of_another(stored).filter(|intent| {
            intent.fingerprint == Some(record.fingerprint) && intent.generation == record.generation
        })
    }

    /// Returns the stored intent if it is another owner's, or stands for one.
    fn intent_of_another<'a>(&self, stored: &'a Entry) -> Option<&'a Intent> {
        let intent = stored.intent.as_ref()?;
        let is_anothers = intent.owner != *self.store.owner();
        (is_anothers || self.inherited().as_deref() == Some(intent)).then_some(intent)
    }

    fn inherited(&self) -> MutexGuard<'_, Option<Box<Intent>>> {
        let inherited = self.inherited_intent.lock();
        inherited.unwrap_or_else(PoisonError::into_inner)
    }
}
