//! What happens to the token, for those who want to watch.

use std::time::Duration;

use token_core::{Error, Generation, Timestamp};
use tokio::sync::broadcast;

/// Something happened to the token. None of them holds a secret.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Event {
    /// A new token is in use.
    Refreshed {
        /// Which of its lineage it is.
        generation: Generation,
        /// When it expires; `None` for a token that is used until an API refuses it.
        expires_at: Option<Timestamp>,
        /// Where it came from.
        origin: Origin,
    },
    /// The store acknowledged it.
    Persisted {
        /// Which of its lineage it is.
        generation: Generation,
    },
    /// The store did not acknowledge it yet: it is served from memory, and written again until it
    /// is.
    PersistFailed {
        /// Which of its lineage it is.
        generation: Generation,
        /// What the store said.
        error: Error,
    },
    /// The spill did not take it either: until the store acknowledges it, it is in memory alone.
    FallbackFailed {
        /// Which of its lineage it is.
        generation: Generation,
        /// What the spill said.
        error: Error,
    },
    /// An exchange failed. A live token is still served.
    Failed {
        /// Why.
        error: Error,
        /// When the next one may begin.
        next_in: Duration,
    },
    /// The grant is dead: somebody must log in again. Told once.
    Rejected {
        /// What the vendor said.
        error: Error,
    },
    /// The store had lost the record, and it was written anew from memory.
    Rewritten {
        /// Which of its lineage it is.
        generation: Generation,
    },
    /// The vendor's answer was accepted though something in it is odd. Compare the deployment with
    /// the vendor's documents.
    OddAnswer {
        /// The generation of the token that it brought.
        generation: Generation,
        /// What is odd: constant texts, no values.
        what: Vec<&'static str>,
    },
    /// APIs refuse this token, but it is not at fault: an exchange was just made for that reason,
    /// or the vendor stands by it. It is handed out again, and no other exchange is made for a
    /// while. Look for the cause at the API.
    RefusedAgain {
        /// The generation of the token.
        generation: Generation,
    },
    /// The vendor has refused in the same way for long. The grant may be dead, though the vendor
    /// does not say so.
    LoginMayBeNeeded {
        /// What the vendor says.
        error: Error,
    },
    /// Refreshes do not move the refresh token's end on: the grant ends for good then, and somebody
    /// must log in again. Told once.
    GrantEnds {
        /// When.
        at: Timestamp,
    },
    /// The refresh token is spent by its first use and the store does not outlive this process: the
    /// next one cannot go on from here. Use a durable store. Told once.
    NotDurable,
    /// Something is wrong with the place where tokens are kept, though it can be used. Told once.
    StoreWarning {
        /// What, and what to do about it; for people to read.
        what: String,
    },
    /// The grant was logged out here, but the vendor did not revoke the token: its copies still
    /// work until they expire.
    NotRevoked {
        /// Why.
        error: Error,
    },
    /// A token of ours lost the race against another holder's: the stored one is used, ours is kept
    /// as a spare.
    Superseded {
        /// The generation that both claim.
        generation: Generation,
    },
}

impl Event {
    /// Logs what an operator has to mend.
    #[cfg(feature = "tracing")]
    pub(crate) fn log(&self, key: &token_core::TokenKey) {
        match self {
            Self::NotDurable => tracing::warn!(
                %key,
                "the refresh token works once and the store does not outlive this process: use a durable store",
            ),
            Self::StoreWarning { what } => tracing::warn!(%key, "{what}"),
            _ => {}
        }
    }
}

/// Where a token came from.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A refresh of our own.
    Refresh,
    /// A login of our own.
    Login,
    /// A code or a password that was redeemed.
    Redemption,
    /// The store: another holder put it there, or an earlier process.
    Store,
    /// The program: the initial token that the cache was built with.
    Initial,
}

impl Origin {
    /// Whether the vendor was asked for it.
    pub(crate) fn is_exchange(self) -> bool {
        matches!(self, Self::Refresh | Self::Login | Self::Redemption)
    }
}

/// A stream of [`Event`]s.
///
/// ```
/// # async fn watch(tokens: token_cache::TokenCache) {
/// let mut events = tokens.events();
/// while let Some(event) = events.next().await {
///     println!("{event:?}");
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    pub(crate) fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self(receiver)
    }

    /// The next event; `None` once the cache is gone. A reader that is more than 64 events behind
    /// misses the oldest.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
