//! The offset of the server's clock, and the dates in its headers.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;

use crate::token::time::Timestamp;

/// The offset of the server's clock from the local one, in milliseconds; positive if the server is
/// ahead.
///
/// ```
/// use token_core::{ServerOffset, Timestamp};
///
/// let offset = ServerOffset::from_millis(60_000);
/// let local = Timestamp::from_unix_seconds(1000);
/// assert_eq!(offset.server_time(local), Timestamp::from_unix_seconds(1060));
/// assert_eq!(offset.local_time(Timestamp::from_unix_seconds(1060)), local);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerOffset(i64);

/// `Date` has whole seconds and the network takes time: a smaller offset is noise.
const NOISE_MILLIS: i64 = 2_000;
/// A larger offset than a day is ignored.
const LONGEST_OFFSET_MILLIS: i64 = 86_400_000;
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl ServerOffset {
    /// The clocks agree, or the offset is not known.
    pub const NONE: Self = Self(0);

    /// Creates an offset from milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the offset in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Calculates the offset from the `Date` header (RFC 9110 section 6.6.1) of an answer, given
    /// the local times before the request and after the answer. Use it only for an answer received
    /// over TLS: otherwise anybody on the network path can change the offset.
    ///
    /// Returns `None` if there is no valid `Date` or it differs by more than a day, and
    /// [`NONE`](Self::NONE) if the network delay explains the difference.
    pub fn observed(
        headers: &HeaderMap,
        asked_at: Timestamp,
        answered_at: Timestamp,
    ) -> Option<Self> {
        let date = date(headers)?;
        let journey = i64::try_from(answered_at.since(asked_at).as_millis()).unwrap_or(i64::MAX);
        let middle = asked_at.shifted(journey / 2);
        // `Date` is rounded down to whole seconds, so on average it is half a second behind.
        let offset = date
            .unix_millis()
            .saturating_add(500)
            .saturating_sub(middle.unix_millis());
        if offset.saturating_abs() > LONGEST_OFFSET_MILLIS {
            return None;
        }
        let noise = NOISE_MILLIS.saturating_add(journey / 2);
        Some(if offset.saturating_abs() <= noise {
            Self::NONE
        } else {
            Self(offset)
        })
    }

    /// Converts a local instant to the server's clock.
    pub fn server_time(self, local: Timestamp) -> Timestamp {
        local.shifted(self.0)
    }

    /// Converts an instant of the server's clock to the local one.
    pub fn local_time(self, server: Timestamp) -> Timestamp {
        server.shifted(self.0.saturating_neg())
    }
}

/// Returns `Retry-After` as a duration: seconds, or a date relative to the answer's `Date`, or else
/// to `server_now`.
pub(crate) fn retry_after(
    value: &str,
    headers: &HeaderMap,
    server_now: Timestamp,
) -> Option<Duration> {
    let value = value.trim();
    let span = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        parse_date(value)?.since(date(headers).unwrap_or(server_now))
    };
    Some(span.clamp(SHORTEST_WAIT, LONGEST_WAIT))
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(DATE)?.to_str().ok()?)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text)
        .ok()
        .map(|time: SystemTime| Timestamp::from(time))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(date: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    const EPOCH_PLUS_1000: &str = "Thu, 01 Jan 1970 00:16:40 GMT";

    // FAULTS.md row 20
    #[test]
    fn an_offset_is_calculated_and_limited_to_a_day() {
        let seen = |local| ServerOffset::observed(&headers(EPOCH_PLUS_1000), at(local), at(local));
        assert_eq!(seen(400), Some(ServerOffset::from_millis(600_500)));
        assert_eq!(seen(1001), Some(ServerOffset::NONE));
        assert_eq!(seen(1000 + 86_500), None);
        assert_eq!(
            ServerOffset::observed(&headers("yesterday"), at(0), at(0)),
            None
        );
        assert_eq!(
            ServerOffset::observed(&HeaderMap::new(), at(0), at(0)),
            None
        );
        let extreme =
            ServerOffset::observed(&headers(EPOCH_PLUS_1000), Timestamp::MIN, Timestamp::MAX);
        assert_eq!(extreme, None);
    }

    #[test]
    fn a_slow_answer_is_not_mistaken_for_a_skewed_clock() {
        let seen = ServerOffset::observed(&headers(EPOCH_PLUS_1000), at(995), at(1003));
        assert_eq!(seen, Some(ServerOffset::NONE));
    }

    // FAULTS.md row 32
    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_and_clamped() {
        let wait = |value| retry_after(value, &headers(EPOCH_PLUS_1000), at(0));
        assert_eq!(wait("30"), Some(Duration::from_secs(30)));
        assert_eq!(wait("0"), Some(SHORTEST_WAIT));
        assert_eq!(wait("99999999999999999999"), Some(LONGEST_WAIT));
        assert_eq!(
            wait("Thu, 01 Jan 1970 00:17:40 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT"), Some(SHORTEST_WAIT));
        assert_eq!(wait("-5"), None);
        assert_eq!(wait("soon"), None);
    }
}
