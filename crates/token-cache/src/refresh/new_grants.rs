//! New grants that are requested while a refresh is in flight. A refresh that only waits for
//! another owner begins them meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// The queue; first in, first out.
#[derive(Debug, Default)]
pub(crate) struct NewGrants {
    queue: Arc<Mutex<Queue>>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
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
    queue: Arc<Mutex<Queue>>,
    number: u64,
    outcome: oneshot::Receiver<Result<(), Error>>,
}

impl NewGrants {
    pub(crate) fn add(&self, grant: NewGrant) -> AwaitedGrant {
        let (reply, outcome) = oneshot::channel();
        let reply = GrantReply(reply);
        let mut queue = lock(&self.queue);
        let number = queue.next;
        queue.next += 1;
        queue.queued.insert(number, Queued { grant, reply });
        self.arrived.notify_one();
        AwaitedGrant {
            queue: self.queue.clone(),
            number,
            outcome,
        }
    }

    /// Waits until the queue may have one.
    pub(crate) async fn arrived(&self) {
        let is_empty = lock(&self.queue).queued.is_empty();
        if is_empty {
            self.arrived.notified().await;
        }
    }

    /// Takes the first of the queue.
    pub(crate) fn next(&self) -> Option<Queued> {
        lock(&self.queue)
            .queued
            .pop_first()
            .map(|(_, queued)| queued)
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
        let queued = lock(&self.queue).queued.remove(&self.number);
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

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
