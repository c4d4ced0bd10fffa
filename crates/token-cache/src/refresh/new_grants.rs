//! New grants that were asked for while a flight is under way. A flight that only waits for another
//! holder runs them meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use token_core::{Error, OneTimeGrant, Token};
use tokio::sync::{Notify, oneshot};

use super::exchange::broke_off;

/// The beginning of a grant, which takes the place of whatever was there.
#[derive(Debug)]
pub(crate) enum NewGrant {
    /// By a code or a password.
    Redeem(OneTimeGrant),
    /// By a token that the user has.
    Set(Token),
}

/// First in, first out.
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

/// A new grant that a flight has taken from the queue.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) grant: NewGrant,
    pub(crate) answer: Answer,
}

/// Where the outcome goes. Dropped without one, the flight broke off.
#[derive(Debug)]
pub(crate) struct Answer(oneshot::Sender<Result<(), Error>>);

/// A new grant that waits. Dropped, it leaves the queue, unless a flight has begun it.
#[derive(Debug)]
pub(crate) struct Waiting {
    queue: Arc<Mutex<Queue>>,
    number: u64,
    outcome: oneshot::Receiver<Result<(), Error>>,
}

impl NewGrants {
    pub(crate) fn add(&self, grant: NewGrant) -> Waiting {
        let (answer, outcome) = oneshot::channel();
        let answer = Answer(answer);
        let mut queue = lock(&self.queue);
        let number = queue.next;
        queue.next += 1;
        queue.queued.insert(number, Queued { grant, answer });
        self.arrived.notify_one();
        Waiting {
            queue: self.queue.clone(),
            number,
            outcome,
        }
    }

    /// Waits until there may be one in the queue.
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

impl Answer {
    pub(crate) fn send(self, outcome: Result<(), Error>) {
        // Once begun, it is finished though its caller may be gone.
        _ = self.0.send(outcome);
    }
}

impl Waiting {
    /// Takes it out of the queue; `None` if a flight has begun it.
    pub(crate) fn take_back(&self) -> Option<NewGrant> {
        let queued = lock(&self.queue).queued.remove(&self.number);
        queued.map(|queued| queued.grant)
    }

    /// Waits for the flight that has begun it, or will.
    pub(crate) async fn outcome(&mut self) -> Result<(), Error> {
        (&mut self.outcome)
            .await
            .unwrap_or_else(|_| Err(broke_off()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.take_back());
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
