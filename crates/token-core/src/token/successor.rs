//! A token that takes the place of another one.

use std::time::Duration;

use super::Token;
use super::expiry::Validity;
use super::expiry::packed::Numbers;
use super::rest::Rest;

impl Token {
    /// Takes the access token, placement and validity of `old`, and keeps this token's refresh
    /// token and its expiry, scopes, extras and generation. For an answer that contains a new
    /// refresh token but no usable access token.
    #[must_use]
    pub fn with_access_of(mut self, old: &Token) -> Self {
        let numbers = self.numbers();
        self.access = old.access.clone();
        if self.placement() != old.placement() {
            self.rest_mut().placement = old.placement().clone();
        }
        let validity = old.validity();
        let joined = self.in_one_text(old.header.is_some());
        joined.numbered(Numbers {
            validity,
            ..numbers
        })
    }

    /// Makes this token, which a **refresh** of `previous` returned, the successor of `previous`:
    ///
    /// * if the answer had no refresh token, the old one is kept (RFC 6749 section 6);
    /// * if the access token is unchanged, its expiry is not extended, whatever the answer states;
    /// * if neither token changed, the generation stays the same, and the next refresh is due no
    ///   earlier than after a quarter of the remaining life.
    #[must_use]
    pub fn merged_with_previous(mut self, previous: &Token) -> Self {
        let (mut numbers, before) = (self.numbers(), previous.numbers());
        let same_access = self.access.same_as(&previous.access);
        let keeps_refresh = self.refresh.is_none() && previous.refresh.is_some();
        if self.refresh.is_none() {
            self.refresh = previous.refresh.clone();
            let kept = before.refresh_expires_at;
            numbers.refresh_expires_at = numbers.refresh_expires_at.or(kept);
        }
        self.inherit_rest(previous.rest());
        if same_access {
            numbers.validity = unchanged(&numbers.validity, &before.validity);
        }
        numbers.generation = match self.same_secrets_as(previous) {
            true => before.generation,
            false => before.generation.next(),
        };
        let has_header = self.header.is_some();
        match keeps_refresh {
            true => self.in_one_text(has_header).numbered(numbers),
            false => self.numbered(numbers),
        }
    }

    fn inherit_rest(&mut self, previous: &Rest) {
        if self.scopes().is_empty() && !previous.scopes.is_empty() {
            self.rest_mut().scopes = previous.scopes.clone();
        }
        for (name, value) in &previous.extras {
            if self.extra(name).is_none() {
                let extras = &mut self.rest_mut().extras;
                extras.insert(name.clone(), value.clone());
            }
        }
    }
}

fn unchanged(now: &Validity, before: &Validity) -> Validity {
    let asked_at = now.issued_at();
    let left: Duration = before.expires_at().since(asked_at);
    before
        .not_longer_than(now)
        .not_refreshed_before(asked_at.after(left / 4).max(now.refreshable_from()))
}
