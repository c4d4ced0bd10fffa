//! The store of a process, which reports what it is asked to keep and what it acknowledged. It may
//! break its contract, to see that the judge detects it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vendor_auth::types::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use vendor_auth::types::{Generation, Timestamp, TokenKey};

use super::customer;
use super::fault::Fault;
use super::protocol::{Reporter, What};

/// By how much a store may acknowledge too early.
const TOO_EARLY: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct SharedStore {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) fault: Option<Fault>,
    pub(super) reporter: Reporter,
}

impl SharedStore {
    /// Returns what is wrong with this key.
    fn fault_of(&self, key: &TokenKey) -> Option<Fault> {
        let account = account(key)?;
        self.fault.filter(|fault| fault.affects(account))
    }

    fn report(&self, key: &TokenKey, record: &Record, what: What) {
        if let Some(account) = account(key) {
            self.reporter
                .step(account, record.generation.number(), what);
        }
    }

    async fn keep(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        match self.fault_of(key) {
            Some(Fault::StoresNothing) => Ok(Committed::Stored),
            Some(Fault::StoresLate) => {
                let (store, key) = (self.store.clone(), key.clone());
                let (condition, record) = (condition.clone(), record.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(TOO_EARLY).await;
                    _ = store.commit(&key, &condition, &record).await;
                });
                Ok(Committed::Stored)
            }
            _ => self.store.commit(key, condition, record).await,
        }
    }
}

fn account(key: &TokenKey) -> Option<usize> {
    customer::number(&key.grant()?)
}

/// Returns the generation of the stored record if another owner may have spent it. An own intent is
/// no reason to wait, nor is one for a record that has a successor.
fn doubted(entry: &Entry, owner: &Owner) -> Option<Generation> {
    let intent = entry.intent.as_ref()?;
    let generation = entry.generation()?;
    (intent.owner != *owner && intent.generation == generation).then_some(generation)
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.store.load(key).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        if self.fault == Some(Fault::NoLease) {
            return self.load(key).await.map(Acquired::Held);
        }
        let acquired = self.store.acquire(key, owner, life).await;
        if let Ok(Acquired::Held(entry)) = &acquired
            && let (Some(account), Some(generation)) = (account(key), doubted(entry, owner))
        {
            let next = generation.number() + 1;
            self.reporter.step(account, next, What::Doubted);
        }
        acquired
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        match self.fault {
            Some(Fault::NoLease) => Ok(Renewed::Held),
            _ => self.store.renew(key, owner, life).await,
        }
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.release(key, owner).await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        if let Some(account) = account(key) {
            let next = intent.generation.number() + 1;
            self.reporter.step(account, next, What::Declaring);
        }
        match self.fault {
            Some(Fault::NoLease | Fault::NoIntent) => Ok(Intended::Written),
            _ => self.store.write_intent(key, intent).await,
        }
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.clear_intent(key, owner).await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.report(key, record, What::Committing);
        let committed = self.keep(key, condition, record).await;
        let what = match committed {
            Ok(Committed::Stored) => What::Stored,
            _ => What::NotStored,
        };
        self.report(key, record, what);
        committed
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.store.tombstone(key).await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        let mut page = self.store.due(before, limit, after).await?;
        page.due
            .retain(|due| self.fault_of(&due.key) != Some(Fault::DueSkips));
        Ok(page)
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        self.store.wait_for_change(key, seen, at_most).await
    }
}

#[cfg(test)]
mod tests {
    use vendor_auth::Secret;
    use vendor_auth::types::Generation;
    use vendor_auth::types::store::{Entry, Intent, Owner, Record, RefreshFingerprint};

    use super::doubted;

    /// The store has generation 2, and this owner's intent to spend this generation.
    fn entry(owner: &str, spent: u64) -> Entry {
        let fingerprint = RefreshFingerprint([2; 32]);
        let body = Secret::from(String::new());
        let mut entry = Entry::default();
        entry.record = Some(Record::new(fingerprint, Generation::new(2), body));
        entry.intent = Some(Intent {
            owner: Owner::named(owner),
            fingerprint: Some(fingerprint),
            generation: Generation::new(spent),
        });
        entry
    }

    #[test]
    fn another_owners_intent_to_spend_the_stored_token_is_a_doubt_and_no_other_is() {
        let this = Owner::named("this");
        let spent = Some(Generation::new(2));
        assert_eq!(doubted(&entry("another", 2), &this), spent);
        assert_eq!(doubted(&entry("this", 2), &this), None);
        assert_eq!(doubted(&entry("another", 1), &this), None);
        assert_eq!(doubted(&Entry::default(), &this), None);
    }
}
