//! What happens to the token, as a stream of events.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use token_core::{Error, Generation, Timestamp};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Something that happened to the token. Events contain no secrets.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Event {
    /// A new token is in use.
    Refreshed {
        /// Its generation.
        generation: Generation,
        /// When it expires; `None` for a token that is used until an API refuses it.
        expires_at: Option<Timestamp>,
        /// Where it came from.
        origin: Origin,
    },
    /// The store acknowledged the token.
    Persisted {
        /// Its generation.
        generation: Generation,
    },
    /// The store did not acknowledge the token. It is served from memory, and written again until
    /// the store acknowledges it.
    PersistFailed {
        /// Its generation.
        generation: Generation,
        /// The store's error.
        error: Error,
    },
    /// The fallback store did not take the token either: until the store acknowledges it, it exists
    /// only in memory.
    FallbackFailed {
        /// Its generation.
        generation: Generation,
        /// The fallback store's error.
        error: Error,
    },
    /// An exchange failed. A live token is still served.
    Failed {
        /// Why.
        error: Error,
        /// How long until the next one may start.
        next_in: Duration,
    },
    /// The vendor refused the grant, now or as the store tells before this process began, or it was
    /// logged out elsewhere: somebody must log in again. Sent once.
    Rejected {
        /// The vendor's refusal, or that the grant was logged out.
        error: Error,
    },
    /// The store had lost the record, and it was written again from memory.
    Rewritten {
        /// Its generation.
        generation: Generation,
    },
    /// The vendor's answer was accepted although something in it is odd. Compare the deployment
    /// with the vendor's documentation.
    OddAnswer {
        /// The generation of the token in that answer.
        generation: Generation,
        /// What is odd, as constant texts without values.
        what: Vec<&'static str>,
    },
    /// APIs reject this token, but it is not the cause: an exchange was just made for that reason,
    /// or the vendor answered with the same token. It is handed out again, and no other exchange is
    /// made for a while. Look for the cause in the API.
    RefusedAgain {
        /// Its generation.
        generation: Generation,
    },
    /// The vendor has refused in the same way for 15 minutes. The grant may be dead, although the
    /// vendor does not say so.
    LoginMayBeNeeded {
        /// The vendor's refusal.
        error: Error,
    },
    /// Refreshes do not extend the life of the refresh token: the grant ends at this time, and
    /// somebody must log in again. Sent once.
    GrantEnds {
        /// When.
        at: Timestamp,
    },
    /// The refresh token rotates, but the store does not outlive this process: the next process
    /// cannot continue the grant. Use a durable store. Sent once.
    NotDurable,
    /// The store works, but something about it is wrong, such as its permissions. Sent once.
    StoreWarning {
        /// What is wrong and what to do about it, for people to read.
        what: String,
    },
    /// The grant was logged out, but the vendor did not revoke the token: copies of it work until
    /// they expire.
    NotRevoked {
        /// Why.
        error: Error,
    },
    /// Another owner of the grant, mostly another process, committed first: its token is used, and
    /// ours is kept in case that one is refused.
    Superseded {
        /// The generation of both tokens.
        generation: Generation,
    },
}

/// Where a token came from.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A refresh by this process.
    Refresh,
    /// A login by this process.
    Login,
    /// A one-time code, a password, or a token that was set.
    Redemption,
    /// The store: another process, or an earlier one, wrote it there.
    Store,
    /// The initial token that the cache was built with.
    Initial,
}

impl Origin {
    /// Whether a request to the vendor brought it.
    pub(crate) fn is_exchange(self) -> bool {
        matches!(self, Self::Refresh | Self::Login | Self::Redemption)
    }
}

/// A [`Stream`] of [`Event`]s.
///
/// ```
/// # async fn watch(tokens: token_cache::TokenCache) {
/// let mut events = tokens.events();
/// while let Some(event) = events.next().await {
///     println!("{event:?}");
/// }
/// # }
/// ```
///
/// It ends once the cache is dropped. A reader that is more than 64 events behind misses the
/// oldest.
pub struct Events(Receiving<Event>);

type Received<T> = (Result<T, RecvError>, broadcast::Receiver<T>);

/// The wait for the next event. It owns the receiver, so that a caller of [`Events::next`] that
/// goes away misses nothing.
pub(super) struct Receiving<T>(Pin<Box<dyn Future<Output = Received<T>> + Send + Sync>>);

impl Events {
    pub(crate) fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self(Receiving::of(receiver))
    }

    /// Returns the next event; `None` once the cache is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_next(context)
    }
}

impl<T: Clone + Send + 'static> Receiving<T> {
    pub(super) fn of(mut receiver: broadcast::Receiver<T>) -> Self {
        Self(Box::pin(async move {
            let received = receiver.recv().await;
            (received, receiver)
        }))
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            let (received, receiver) = ready!(self.0.as_mut().poll(context));
            *self = Self::of(receiver);
            match received {
                Ok(event) => return Poll::Ready(Some(event)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
