//! What happens to the tokens of a pool, as one stream of events.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::broadcast;

use super::events::{Event, Receiving};

/// How many events a reader may be behind.
const BACKLOG: usize = 4096;

/// Something that happened to a token of a pool.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct PoolEvent {
    /// Whose token, as the program names it. Empty if the event is of no account: an
    /// [`Event::StoreWarning`] about the tokens that only the store has. A program that has an
    /// account with an empty name sees that warning under it.
    pub account: Arc<str>,
    /// What happened.
    pub event: Event,
}

/// A [`Stream`] of [`PoolEvent`]s.
///
/// ```
/// # async fn watch(pool: token_cache::TokenPool) {
/// let mut events = pool.events();
/// while let Some(event) = events.next().await {
///     println!("{}: {:?}", event.account, event.event);
/// }
/// # }
/// ```
///
/// It ends once the pool is dropped. A reader that is more than 4,096 events behind misses the
/// oldest.
pub struct PoolEvents(Receiving<PoolEvent>);

/// Where the engines of a pool send their events.
#[derive(Debug, Default)]
pub(crate) struct PoolChannel(OnceLock<broadcast::Sender<PoolEvent>>);

/// The channel of a pool, for the engine of one account.
#[derive(Clone, Debug)]
pub(crate) struct PoolListener {
    pub(crate) account: Arc<str>,
    pub(crate) channel: Arc<PoolChannel>,
}

impl PoolChannel {
    pub(crate) fn subscribe(&self) -> PoolEvents {
        let channel = self.0.get_or_init(|| broadcast::Sender::new(BACKLOG));
        PoolEvents(Receiving::of(channel.subscribe()))
    }
}

impl PoolListener {
    pub(crate) fn send(&self, event: &Event) {
        let Some(channel) = self.channel.0.get() else {
            return;
        };
        // The readers may be gone.
        _ = channel.send(PoolEvent {
            account: self.account.clone(),
            event: event.clone(),
        });
    }
}

impl PoolEvents {
    /// Returns the next event; `None` once the pool is dropped.
    pub async fn next(&mut self) -> Option<PoolEvent> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for PoolEvents {
    type Item = PoolEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<PoolEvent>> {
        self.0.poll_next(context)
    }
}

impl fmt::Debug for PoolEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolEvents")
    }
}
