//! The cache for programs without a runtime: each call waits on the caller's own thread.

pub(crate) mod api_call;
mod calls;
mod wait;

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use token_core::{Error, Generation, OneTimeGrant, Token};

use self::wait::{block_on, if_ready};
use crate::cache::{Drained, TokenCache};
use crate::current::events::{Event, Events};
use crate::current::token_guard::TokenGuard;
use crate::refresh::grant_state::GrantState;
use crate::refresh::revoke::LoggedOut;

/// A [`TokenCache`] whose methods wait on the caller's thread, for programs without a runtime and
/// for any number of threads.
///
/// ```
/// # use token_core::{HttpClient, TokenEndpoint};
/// # fn run(endpoint: impl TokenEndpoint, http: impl HttpClient)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::TokenCache;
///
/// let tokens = TokenCache::builder(endpoint).http_client(http).build()?.blocking();
/// std::thread::scope(|threads| {
///     for _ in 0..8 {
///         threads.spawn(|| tokens.token()); // one token request, however many threads ask
///     }
/// });
/// # Ok(())
/// # }
/// ```
///
/// It shares its token with the [`TokenCache`] that it was made of, and with its clones. Exchanges
/// run on the library's own runtime, so a program needs none.
///
/// # In asynchronous code
///
/// A call blocks the thread like any blocking I/O. Inside a task, use the [`TokenCache`]
/// ([`as_async`](Self::as_async)) or `tokio::task::spawn_blocking`. What a call does there
/// otherwise:
///
/// * On a worker of a multi-thread runtime, also the library's own, the other tasks of that worker
///   move to another thread (`tokio::task::block_in_place`).
/// * On the thread of a current-thread runtime, the other tasks of that runtime wait.
/// * If that is the runtime that the builder was
///   [given](crate::TokenCacheBuilder::runtime), the exchange would wait too, for ever. The call
///   fails with [`Config`](token_core::ErrorKind::Config) instead and does nothing, but
///   [`token`](Self::token) returns a token that is there, and starts an exchange if there is
///   none; [`drain`](Self::drain) is `Unsettled`, and [`events`](Self::events) end. The check
///   catches a panic of tokio, so its message is printed, and with `panic = "abort"` the program
///   ends.
#[derive(Clone)]
pub struct BlockingTokenCache {
    tokens: TokenCache,
}

impl TokenCache {
    /// Returns the same cache for callers that wait on their own thread.
    #[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
    pub fn blocking(&self) -> BlockingTokenCache {
        BlockingTokenCache {
            tokens: self.clone(),
        }
    }
}

impl BlockingTokenCache {
    /// Returns the same cache for asynchronous callers. It also has what never waits, such as
    /// [`keep_fresh`](TokenCache::keep_fresh) and [`key`](TokenCache::key).
    pub fn as_async(&self) -> &TokenCache {
        &self.tokens
    }

    /// Returns a live token: see [`TokenCache::token`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::token`].
    pub fn token(&self) -> Result<TokenGuard, Error> {
        self.wait_if_needed(self.tokens.token())
    }

    /// Like [`token`](Self::token), but waits at most `wait`.
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::token`].
    pub fn token_within(&self, wait: Duration) -> Result<TokenGuard, Error> {
        self.wait_if_needed(self.tokens.token_within(wait))
    }

    /// Returns a live token that stays valid for at least `span`: see
    /// [`TokenCache::token_valid_for`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::token_valid_for`].
    pub fn token_valid_for(&self, span: Duration) -> Result<TokenGuard, Error> {
        self.wait(self.tokens.token_valid_for(span))?
    }

    /// Refreshes now if the current token still has this generation: see
    /// [`TokenCache::refresh_if`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::refresh_if`].
    pub fn refresh_if(&self, generation: Generation) -> Result<TokenGuard, Error> {
        self.wait(self.tokens.refresh_if(generation))?
    }

    /// Returns the current token if it is live, without asking for one.
    pub fn current(&self) -> Option<TokenGuard> {
        self.tokens.current()
    }

    /// Reports that an API rejected this token with 401: see [`TokenCache::invalidate`].
    pub fn invalidate(&self, token: &Token) {
        self.tokens.invalidate(token);
    }

    /// Gets the first token of a grant from a one-time code or a person's password: see
    /// [`TokenCache::redeem`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::redeem`].
    pub fn redeem(&self, redemption: OneTimeGrant) -> Result<TokenGuard, Error> {
        self.wait(self.tokens.redeem(redemption))?
    }

    /// Begins a grant with a token that you have: see [`TokenCache::set_token`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::set_token`].
    pub fn set_token(&self, token: Token) -> Result<TokenGuard, Error> {
        self.wait(self.tokens.set_token(token))?
    }

    /// Ends the grant: see [`TokenCache::logout`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::logout`].
    pub fn logout(&self) -> Result<LoggedOut, Error> {
        self.wait(self.tokens.logout())?
    }

    /// Returns what the current token and the store know about the grant: see
    /// [`TokenCache::grant_state`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::grant_state`].
    pub fn grant_state(&self) -> Result<GrantState, Error> {
        self.wait(self.tokens.grant_state())?
    }

    /// Waits, at most `within`, until no exchange is in flight and the store has acknowledged the
    /// newest token. Call it before the process exits.
    pub fn drain(&self, within: Duration) -> Drained {
        let drained = self.wait(self.tokens.drain(within));
        drained.unwrap_or(Drained::Unsettled)
    }

    /// Returns what happens to the token from now on. The iterator waits for each event, and ends
    /// once the cache is dropped.
    ///
    /// ```
    /// # fn watch(tokens: token_cache::BlockingTokenCache) {
    /// let events = tokens.events();
    /// drop(tokens); // or it never ends
    /// std::thread::spawn(move || {
    ///     for event in events {
    ///         println!("{event:?}");
    ///     }
    /// });
    /// # }
    /// ```
    pub fn events(&self) -> BlockingEvents {
        BlockingEvents {
            events: self.tokens.events(),
            runtime: self.tokens.given_runtime().cloned(),
        }
    }

    /// A token that is there costs no look at the runtime.
    fn wait_if_needed(
        &self,
        token: impl Future<Output = Result<TokenGuard, Error>>,
    ) -> Result<TokenGuard, Error> {
        let mut token = pin!(token);
        match if_ready(token.as_mut()) {
            Some(token) => token,
            None => self.wait(token)?,
        }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Error> {
        let waited = block_on(self.tokens.given_runtime(), future);
        waited.map_err(|error| error.with_key(self.tokens.key()))
    }
}

impl From<TokenCache> for BlockingTokenCache {
    fn from(tokens: TokenCache) -> Self {
        Self { tokens }
    }
}

impl fmt::Debug for BlockingTokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blocking{:?}", self.tokens)
    }
}

/// The events of a [`BlockingTokenCache`], one after another.
#[derive(Debug)]
pub struct BlockingEvents {
    events: Events,
    runtime: Option<tokio::runtime::Handle>,
}

impl Iterator for BlockingEvents {
    type Item = Event;

    /// Waits for the next event; `None` once the cache is dropped. A reader that is more than 64
    /// events behind misses the oldest.
    fn next(&mut self) -> Option<Event> {
        block_on(self.runtime.as_ref(), self.events.next()).ok()?
    }
}
