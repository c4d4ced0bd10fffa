//! New grants that are requested while a refresh is in flight. A refresh that only waits for
//! another owner begins them meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use token_core::{Error, OneTimeGrant, Token};
use tokio::sync::{Notify, oneshot};

use super::exchange::broke_off;

/// How a grant begins, which replaces whatever was there.
#[derive(Debug)]
pub(crate) enum NewGrant {
    /// With a code or a password.
    Redeem(OneTimeGrant),
    /// With a token that the user has.
    Set(Token),
}

/// The queue; first in, first out. It is made once it is needed: most caches never do.
#[derive(Debug, Default)]
pub(crate) struct NewGrants(OnceLock<Arc<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    queued: BTreeMap<u64, Queued>,
    next: u64,
}

/// A new grant that was taken from the queue.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) grant: NewGrant,
    pub(crate) reply: GrantReply,
}

/// Where the outcome goes. If it is dropped without one, the exchange broke off.
#[derive(Debug)]
pub(crate) struct GrantReply(oneshot::Sender<Result<(), Error>>);

/// A new grant that waits. If it is dropped, it leaves the queue, unless it has begun.
#[derive(Debug)]
pub(crate) struct AwaitedGrant {
    queue: Arc<Queue>,
    number: u64,
    outcome: oneshot::Receiver<Result<(), Error>>,
}

impl NewGrants {
    pub(crate) fn add(&self, grant: NewGrant) -> AwaitedGrant {
        let (reply, outcome) = oneshot::channel();
        let reply = GrantReply(reply);
        let queue = self.queue().clone();
        let number = queue.push(Queued { grant, reply });
        queue.arrived.notify_one();
        AwaitedGrant {
            queue,
            number,
            outcome,
        }
    }

    /// Waits until the queue may have one.
    pub(crate) async fn arrived(&self) {
        let queue = self.queue();
        let is_empty = queue.lock().queued.is_empty();
        if is_empty {
            queue.arrived.notified().await;
        }
    }

    /// Takes the first of the queue.
    pub(crate) fn next(&self) -> Option<Queued> {
        let queue = self.0.get()?;
        let first = queue.lock().queued.pop_first();
        first.map(|(_, queued)| queued)
    }

    fn queue(&self) -> &Arc<Queue> {
        self.0.get_or_init(Arc::default)
    }
}

impl Queue {
    /// Returns the number of what is queued.
    fn push(&self, queued: Queued) -> u64 {
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.queued.insert(number, queued);
        number
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GrantReply {
    pub(crate) fn send(self, outcome: Result<(), Error>) {
        // Once begun, a grant is completed though its caller may be gone.
        _ = self.0.send(outcome);
    }
}

impl AwaitedGrant {
    /// Takes it out of the queue; `None` if it has begun.
    pub(crate) fn take_back(&self) -> Option<NewGrant> {
        let queued = self.queue.lock().queued.remove(&self.number);
        queued.map(|queued| queued.grant)
    }

    /// Waits for the outcome, once it has begun.
    pub(crate) async fn outcome(&mut self) -> Result<(), Error> {
        (&mut self.outcome)
            .await
            .unwrap_or_else(|_| Err(broke_off()))
    }
}

impl Drop for AwaitedGrant {
    fn drop(&mut self) {
        drop(self.take_back());
    }
}
