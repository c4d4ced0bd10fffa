//! How a token is put together again when a part of it has changed.

use std::sync::Arc;

use http::HeaderValue;

use super::Token;
use super::expiry::Validity;
use super::expiry::packed::{Numbers, PackedNumbers};
use super::generation::Generation;
use super::secret::Secret;
use super::time::Timestamp;

impl Token {
    /// Sets the generation.
    #[must_use]
    pub fn with_generation(self, generation: Generation) -> Self {
        let numbers = self.numbers();
        self.numbered(Numbers {
            generation,
            ..numbers
        })
    }

    /// Sets the validity.
    #[must_use]
    pub fn with_validity(self, validity: Validity) -> Self {
        let numbers = self.numbers();
        self.numbered(Numbers {
            validity,
            ..numbers
        })
    }

    /// Sets the refresh token and its expiry, such as those of
    /// [`Outcome::RefreshTokenOnly`](crate::Outcome::RefreshTokenOnly). If the refresh token is
    /// blank or contains a control character, the token is returned unchanged.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Secret, expires_at: Option<Timestamp>) -> Self {
        if !refresh.is_storable() {
            return self;
        }
        let (numbers, has_header) = (self.numbers(), self.header.is_some());
        self.refresh = Some(refresh);
        self.in_one_text(has_header).numbered(Numbers {
            refresh_expires_at: expires_at,
            ..numbers
        })
    }

    #[inline]
    pub(super) fn numbers(&self) -> Numbers {
        let apart = self.rest.as_ref();
        match apart.and_then(|rest| rest.numbers.as_deref()) {
            Some(numbers) => *numbers,
            None => self.numbers.unpacked(self.refresh.is_some()),
        }
    }

    /// Sets the numbers, with a refresh that is due before the refresh token expires.
    pub(super) fn numbered(mut self, numbers: Numbers) -> Self {
        let has_refresh = self.refresh.is_some();
        let numbers = numbers.due_before_refresh_token_ends(has_refresh);
        let packed = PackedNumbers::of(&numbers, has_refresh);
        self.numbers = packed.unwrap_or(PackedNumbers::NONE);
        let apart = packed.is_none().then(|| Box::new(numbers));
        if apart.is_some() || self.rest().numbers.is_some() {
            self.rest_mut().numbers = apart;
            self.drop_empty_rest();
        }
        self
    }

    /// Sets the copies of the header.
    pub(super) fn set_copies(&mut self, copies: Vec<HeaderValue>) {
        if copies.is_empty() && self.rest().headers.is_empty() {
            return;
        }
        self.rest_mut().headers = copies;
        self.drop_empty_rest();
    }

    /// Returns the same with its header and both secrets in one text of their own, which keeps
    /// nothing of another token. There is no header if that would contain a control character.
    pub(super) fn in_one_text(mut self, has_header: bool) -> Self {
        let prefix = self.placement().prefix();
        let (access, refresh) = Secret::joined(prefix, &self.access, self.refresh.as_ref());
        self.header = access.as_header().filter(|_| has_header);
        (self.access, self.refresh) = (access, refresh);
        self.set_copies(Vec::new());
        self
    }

    fn drop_empty_rest(&mut self) {
        self.rest = self.rest.take().filter(|rest: &Arc<_>| !rest.is_empty());
    }
}
