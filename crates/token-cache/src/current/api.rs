//! What APIs say about the token, and which of them get it.

use http::Uri;
use token_core::Token;

use super::Current;
use super::cached_token::Rejection;
use super::events::Event;
use crate::telemetry::metric;

impl Current {
    /// Whether the token may be sent to this URI.
    pub(crate) fn may_send_to(&self, uri: &Uri) -> bool {
        let origins = &self.traits.api_origins;
        origins.iter().any(|origin| origin.is_of(uri))
    }

    /// Notes that an API accepted the token, which prolongs a sliding session.
    pub(crate) fn note_use(&self, token: &Token) {
        let cached = self.cached.load();
        if cached.is(token) && cached.note_use(&self.now()) {
            metric::expires(self.key(), cached.validity().expires_at());
        }
    }

    /// Notes that an API rejected this token. A late rejection of an older one changes nothing.
    pub(crate) fn reject(&self, token: &Token) {
        let cached = self.cached.load();
        if !cached.is(token) {
            return;
        }
        let now = self.now();
        if let Rejection::NotAtFault(times) = cached.reject(&now) {
            let pause = self.timing.backoff.doubled(times);
            if cached.trust_until(now.elapsed.saturating_add(pause)) {
                let generation = token.generation();
                self.emit(Event::RefusedAgain { generation });
            }
        }
    }
}
