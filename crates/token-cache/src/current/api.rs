//! What APIs say about the token, and which of them get it.

use http::Uri;
use token_core::{ClockReading, Error, ErrorKind, Token};

use super::Current;
use super::backoff::Backoff;
use super::cached_token::{CachedToken, Rejection};
use super::events::Event;

impl Current {
    /// Refuses a URI that the token may not be sent to.
    pub(crate) fn check_origin(&self, uri: &Uri) -> Result<(), Error> {
        let origins = &self.traits.api_origins;
        if origins.iter().any(|origin| origin.is_of(uri)) {
            return Ok(());
        }
        let what = match (uri.authority(), uri.scheme_str()) {
            (None, _) => "the token is only sent to a known host, and the request has none",
            (_, Some("http")) => {
                "the token is not sent to this host and port by http://: name it with `api_origin` \
                 when the cache is built"
            }
            _ => {
                "the token is not sent to this host and port by https://: name it with `api_url` \
                 when the cache is built"
            }
        };
        let error = Error::new(ErrorKind::Config, what).with_key(self.key());
        Err(error.with_host(uri.authority().map_or("", |authority| authority.as_str())))
    }

    /// Notes that an API accepted the token, which prolongs a sliding session.
    pub(crate) fn note_use(&self, token: &Token) {
        let cached = self.cached.load();
        if cached.is(token) && cached.note_use(&self.now()) {
            self.meter.expires(cached.validity().expires_at());
        }
    }

    /// Notes that an API rejected this token. A late rejection of an older one changes nothing.
    pub(crate) fn reject(&self, token: &Token) {
        let cached = self.cached.load();
        if !cached.is(token) {
            return;
        }
        if let Some(event) = reject(&cached, &self.now(), &self.timing.backoff) {
            self.emit(event);
        }
    }
}

/// Notes that an API rejected the cached token. Returns the event to send.
pub(crate) fn reject(cached: &CachedToken, now: &ClockReading, backoff: &Backoff) -> Option<Event> {
    let Rejection::NotAtFault(times) = cached.reject(now) else {
        return None;
    };
    let until = now.elapsed.saturating_add(backoff.doubled(times));
    let generation = cached.token().generation();
    cached
        .trust_until(until)
        .then_some(Event::RefusedAgain { generation })
}
