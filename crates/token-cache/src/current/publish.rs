//! How a new token takes the place of the current one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use token_core::{ClockReading, Error, ErrorKind, Token};

use super::Current;
use super::cached_token::CachedToken;
use super::decide::Status;
use super::events::{Event, Origin};
use super::failures::{Brought, NewFailure};
use super::sessions::Publication;

/// A vendor that repeats its live token is asked again when a quarter of what is left is over, but
/// not more often than this.
const SHORTEST_REPETITION: Duration = Duration::from_secs(1);
/// Two ends of a grant that are given in whole seconds differ by this much for no reason.
const SAME_END: Duration = Duration::from_secs(2);

impl Current {
    /// Only a [`Session`](super::session::Session) knows whether a logout came in between.
    pub(super) fn replace_token(&self, publication: Publication) {
        let origin = publication.origin;
        let (before, coarse, now) = (self.cached.load_full(), self.clock.coarse(), self.now());
        let novelty = Novelty::of(&publication, &before);
        let Some((token, anchor)) = self.worth_publishing(&before, publication, &now) else {
            return self.expired_on_arrival(origin, novelty);
        };
        let token = self.with_policy(token).for_threads(self.header_copies);
        let event = Event::Refreshed {
            generation: token.generation(),
            expires_at: token.validity().ends(),
            origin,
        };
        self.tell_of_the_grants_end(&before, &token);
        let mut next = CachedToken::following(&before, token, anchor, origin.is_exchange());
        if novelty == Novelty::Repeated {
            self.delay_exchange(&mut next);
        }
        next.set_fresh_span(coarse, &now);
        self.carry_rejection(&before, &mut next, origin);
        let has_access_token = next.has_access_token();
        self.meter.expires(next.validity().expires_at());
        self.cached.store(Arc::new(next));
        self.logged_out.store(false, Ordering::Release);
        if origin.is_exchange() && self.live_at(&now).is_none() && has_access_token {
            return self.expired_on_arrival(origin, novelty);
        }
        self.failures.clear();
        self.meter.succeeded(now.wall);
        self.log.recovered(self.key());
        if novelty == Novelty::New && has_access_token {
            self.emit(event);
        }
    }

    /// Returns the token to publish, and the instant that its life counts from. A live token is
    /// never replaced by an expired one. The refresh token of that is kept all the same: it may be
    /// the only live one. An access token that was cached before keeps its instant, because its end
    /// was read from the wall clock of then.
    fn worth_publishing(
        &self,
        before: &CachedToken,
        new: Publication,
        now: &ClockReading,
    ) -> Option<(Token, ClockReading)> {
        let token = new.token;
        let is_exchange = new.origin.is_exchange();
        let is_over = token.validity().expires_at() <= now.effective_now(&new.anchor);
        let keeps_old = is_over && new.origin != Origin::Redemption && before.life(now).usable;
        if !keeps_old || (is_exchange && self.exchange_ends_old_token()) {
            let is_repeated = is_exchange && token.access().same_as(before.token().access());
            let anchor = if is_repeated {
                before.anchor()
            } else {
                new.anchor
            };
            return Some((token, anchor));
        }
        let is_newer = token.generation() > before.token().generation();
        let has_refresh = token.refresh().is_some();
        (is_newer && has_refresh && before.token().refresh().is_some())
            .then(|| (token.with_access_of(before.token()), before.anchor()))
    }

    /// The vendor issued something, so the grant is alive; but the next exchange waits for a pause.
    /// A vendor that repeats its token within the last second of its life has not failed.
    fn expired_on_arrival(&self, origin: Origin, novelty: Novelty) {
        if !origin.is_exchange() {
            return;
        }
        self.failures.clear_refusal();
        let error = Error::new(
            ErrorKind::Transient { after: None },
            "the token had expired when it arrived",
        );
        let events = self.note_exchange(&error, Brought::ExpiredToken);
        if novelty == Novelty::New {
            events.into_iter().for_each(|event| self.emit(event));
        }
    }

    /// Notes a failed exchange, and returns the events to send.
    pub(super) fn note_exchange(&self, error: &Error, brought: Brought) -> Vec<Event> {
        let failed = NewFailure {
            error: &error.clone().with_key(self.key()),
            rotation: self.rotation(),
            life: self.life(),
            now: self.now().elapsed,
            sent: Duration::from_millis(self.exchange_began.load(Ordering::Acquire)),
            drawn: self.entropy.number(),
            brought,
        };
        self.failures.note(&failed, &self.timing.backoff)
    }

    /// A repeated token is no failure, but is not asked for again at once.
    fn delay_exchange(&self, next: &mut CachedToken) {
        let now = self.now();
        let left = next.life(&now).left;
        let pause = (left / 4).max(SHORTEST_REPETITION).min(left);
        next.set_not_before(now.elapsed.saturating_add(pause));
    }

    /// An API rejected the access token, and here it is again. If an exchange brought it, the
    /// vendor stands by it and it is not at fault; from the store it comes as rejected as it was.
    fn carry_rejection(&self, before: &CachedToken, next: &mut CachedToken, origin: Origin) {
        let is_same = next.token().access().same_as(before.token().access());
        if before.status() != Status::Rejected || !is_same || !next.has_access_token() {
            return;
        }
        let now = self.now();
        if !origin.is_exchange() {
            _ = next.reject(&now);
            return;
        }
        let pause = self.timing.backoff.doubled(next.rejections());
        let generation = next.token().generation();
        self.emit(Event::RefusedAgain { generation });
        next.set_trusted_until(now.elapsed.saturating_add(pause));
    }

    fn with_policy(&self, token: Token) -> Token {
        let jitter = self.entropy.number_of(self.key(), token.generation());
        let validity = token.validity().with_policy(&self.timing.policy, jitter);
        token.with_validity(validity)
    }

    /// Sends an event, once, when a refresh has shown that the refresh token's end does not move
    /// on. The token that follows carries that it was sent.
    fn tell_of_the_grants_end(&self, before: &CachedToken, token: &Token) {
        let earlier = before.token();
        let ends = (earlier.refresh_expires_at(), token.refresh_expires_at());
        let (Some(earlier_end), Some(end)) = ends else {
            return;
        };
        if end > earlier_end.after(SAME_END) {
            return before.grant_end_moved();
        }
        let is_renewable = token.generation() == earlier.generation() || self.has_login();
        if !is_renewable && before.tell_grant_end() {
            self.emit(Event::GrantEnds { at: end });
        }
    }
}

/// Returns how many threads may send the token at once.
pub(crate) fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Whether the vendor issued the cached token once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Novelty {
    New,
    Repeated,
}

impl Novelty {
    fn of(publication: &Publication, before: &CachedToken) -> Self {
        let is_exchange = publication.origin.is_exchange();
        match is_exchange && publication.token.same_secrets_as(before.token()) {
            true => Self::Repeated,
            false => Self::New,
        }
    }
}
