//! A new token takes the place of the one in hand.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use token_core::{ClockReading, Error, ErrorKind, Rotation, Token};

use super::Engine;
use super::outlook::in_hand;
use crate::decide::Standing;
use crate::events::{Event, Origin};
use crate::held::Held;
use crate::sessions::Publication;

/// A vendor that repeats its living token is asked again when a quarter of what is left is over,
/// but not more often than this.
const SHORTEST_REPETITION: Duration = Duration::from_secs(1);
/// Two ends of a grant that are told in whole seconds differ by so much for no reason.
const SAME_END: Duration = Duration::from_secs(2);

impl Engine {
    /// Called by [`Job::publish`](crate::job::Job::publish) alone, which knows whether a logout
    /// came in between.
    pub(crate) fn take_over(&self, publication: Publication) {
        let Publication {
            token,
            anchor,
            origin,
        } = publication;
        let (before, now) = (self.held.load_full(), self.clock.now());
        let repeated = origin.is_exchange() && token.same_secrets_as(before.token());
        let Some((token, anchor)) = self.worth_publishing(&before, token, anchor, origin) else {
            return self.over_on_arrival(origin, repeated);
        };
        let token = self.with_policy(token);
        let event = Event::Refreshed {
            generation: token.generation(),
            expires_at: token.validity().ends(),
            origin,
        };
        self.tell_of_the_grants_end(before.token(), &token);
        let next = Held::following(&before, token, anchor, origin.is_exchange());
        let next = match repeated {
            true => Self::repeated(next, &now),
            false => next,
        };
        self.carry_refusal(&before, &next, &now, origin);
        self.held.store(Arc::new(next));
        self.tombstoned.store(false, Ordering::Release);
        self.inherits_doubt.store(false, Ordering::Release);
        if origin.is_exchange() && self.live().is_none() && !self.held.load().never_lived() {
            return self.over_on_arrival(origin, repeated);
        }
        self.failures.clear();
        let is_of_use = !self.held.load().never_lived();
        if !repeated && is_of_use {
            self.tell(event);
        }
    }

    /// What is published, and the moment that its life counts from. Nobody's live token is taken
    /// away for one that is over. Its refresh token is kept all the same: it may be the only living
    /// one. An access token that was in hand before keeps its moment: its end was read from the
    /// wall clock of then.
    fn worth_publishing(
        &self,
        before: &Held,
        token: Token,
        anchor: ClockReading,
        origin: Origin,
    ) -> Option<(Token, ClockReading)> {
        let now = self.clock.now();
        let is_over = token.validity().expires_at() <= now.effective_now(&anchor);
        let keeps_old = in_hand(before, &now).usable && is_over && origin != Origin::Redemption;
        if !keeps_old || (origin.is_exchange() && self.endpoint.exchange_ends_old_token()) {
            let is_repeated =
                origin.is_exchange() && token.access().same_as(before.token().access());
            let anchor = if is_repeated {
                *before.anchor()
            } else {
                anchor
            };
            return Some((token, anchor));
        }
        let is_newer = token.generation() > before.token().generation();
        let has_refresh = token.refresh().is_some();
        (is_newer && has_refresh && before.token().refresh().is_some())
            .then(|| (token.with_access_of(before.token()), *before.anchor()))
    }

    /// The vendor issued something, so the grant lives; but it is asked again only after a pause. A
    /// vendor that repeats its token within the last second of its life has not failed.
    fn over_on_arrival(&self, origin: Origin, repeated: bool) {
        if !origin.is_exchange() {
            return;
        }
        self.failures.overrule();
        let error = Error::new(
            ErrorKind::Transient { after: None },
            "the token was over before it arrived",
        );
        let events = self.note(&error, true);
        if !repeated {
            events.into_iter().for_each(|event| self.tell(event));
        }
    }

    /// A repeated token is no failure, but is not asked for again at once.
    fn repeated(next: Held, now: &ClockReading) -> Held {
        let left = in_hand(&next, now).left;
        next.not_exchanged_before(
            now.elapsed
                .saturating_add((left / 4).max(SHORTEST_REPETITION).min(left)),
        )
    }

    /// An API refused the access token, and here it is again. If an exchange brought it, the vendor
    /// stands by it and it is not at fault; from the store it comes as refused as it was.
    fn carry_refusal(&self, before: &Held, next: &Held, now: &ClockReading, origin: Origin) {
        let is_same = next.token().access().same_as(before.token().access());
        if before.standing() != Standing::Refused || !is_same || next.never_lived() {
            return;
        }
        if !origin.is_exchange() {
            _ = next.refuse(now);
            return;
        }
        let pause = self.settings.backoff.doubled(next.refusals());
        next.trust_until(now.elapsed.saturating_add(pause));
        let generation = next.token().generation();
        self.tell(Event::RefusedAgain { generation });
    }

    fn with_policy(&self, token: Token) -> Token {
        let jitter = self.attempts.entropy().number();
        let validity = token.validity().with_policy(&self.settings.windows, jitter);
        token.with_validity(validity)
    }

    /// Once, when a refresh has shown that the refresh token's end does not move on.
    fn tell_of_the_grants_end(&self, before: &Token, token: &Token) {
        let (Some(earlier), Some(end)) = (before.refresh_expires_at(), token.refresh_expires_at())
        else {
            return;
        };
        if end > earlier.after(SAME_END) {
            return self.grant_end_told.store(false, Ordering::Release);
        }
        let is_renewable = self.has_login() || token.generation() == before.generation();
        if !is_renewable && !self.grant_end_told.swap(true, Ordering::AcqRel) {
            self.tell(Event::GrantEnds { at: end });
        }
    }

    /// Told once, before the first exchange: what is wrong with the place where tokens are kept.
    pub(crate) async fn tell_of_the_store(&self) {
        if self.store_told.swap(true, Ordering::AcqRel) {
            return;
        }
        self.tell_if_not_durable();
        let warnings = tokio::time::timeout(self.settings.store, self.store.warnings()).await;
        for what in warnings.unwrap_or_default() {
            self.tell(Event::StoreWarning { what });
        }
    }

    /// The grant will not outlive this process.
    fn tell_if_not_durable(&self) {
        let rotates = self.endpoint.rotation() != Rotation::Idempotent;
        if rotates && !self.store.is_durable() && !self.spill.is_there() && self.initial.is_there()
        {
            self.tell(Event::NotDurable);
        }
    }

    /// Nothing is in hand any more.
    pub(crate) fn let_go(&self) {
        let now = self.clock.now();
        let placeholder = Held::new(self.initial.placeholder(), now);
        placeholder.kill();
        self.held.store(Arc::new(placeholder));
        self.failures.clear();
        self.tombstoned.store(true, Ordering::Release);
    }
}
