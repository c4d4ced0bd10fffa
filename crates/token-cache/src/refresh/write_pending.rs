//! Writes a token that the store did not acknowledge, within a refresh and outside of one.

use std::time::Duration;

use token_core::store::StoreError;

use super::{Refresher, record};
use crate::current::session::Session;

impl Refresher {
    /// Tries the pending commit now, within a refresh.
    pub(super) async fn write_pending(&self, session: Session<'_>) -> Result<(), StoreError> {
        let _writing = self.pending.begin_to_write().await?;
        self.write_newest(session).await.map(drop)
    }

    /// Tries the pending commit now, outside of a refresh, and then gives back the lease that was
    /// left to it. The next refresh takes the lease after that, in the same name.
    pub(crate) async fn write_pending_and_release(
        &self,
        session: Session<'_>,
    ) -> Result<(), StoreError> {
        let _writing = self.pending.begin_to_write().await?;
        if self.write_newest(session).await? {
            self.store.release().await;
        }
        Ok(())
    }

    /// Returns whether something was written.
    async fn write_newest(&self, session: Session<'_>) -> Result<bool, StoreError> {
        let Some((condition, record)) = self.pending.newest() else {
            return Ok(false);
        };
        let written = self.write(&condition, &record).await?;
        self.pending.acknowledged(&record);
        self.fallback.clear().await;
        let token = record::read(&record, Duration::ZERO, session.now().wall)?;
        // The next refresh meets a tombstone or an unreadable winner again, and reports it.
        _ = self.act_on(session, &token, &written).await;
        Ok(true)
    }
}
