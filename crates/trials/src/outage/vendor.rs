//! A strict vendor with one grant, whose refresh token ends it if it is used twice, and its clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use token_sim::SimClock;
use vendor_auth::cache::SystemClock;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::{Clock, ClockReading, Rotation, Timestamp, Validity};
use vendor_auth::{Secret, Token};

const LIFE: Duration = Duration::from_secs(7_200);
/// At four fifths of its life a token is due whatever refresh times were drawn, and is valid for
/// another 24 minutes.
pub(super) const DUE: Duration = Duration::from_secs(5_760);
/// A minute after its end a token has expired.
pub(super) const EXPIRED: Duration = Duration::from_secs(7_260);

/// The simulator, and the clock that it shares with the hosts of its grant.
#[derive(Debug)]
pub(super) struct Vendor {
    pub(super) sim: token_sim::OAuth2Server,
    pub(super) clock: OffsetClock,
    grant: &'static str,
}

impl Vendor {
    pub(super) async fn of_grant(grant: &'static str) -> Result<Self> {
        let clock = OffsetClock::default();
        let shared = clock.clone();
        let sim = token_sim::OAuth2Server::builder()
            .rotation(token_sim::Rotation::Strict)
            .access_token_lifetime(LIFE)
            .clock(SimClock::driven_by(move || shared.now().wall.unix_millis()))
            .start()
            .await?;
        Ok(Self { sim, clock, grant })
    }

    /// Returns the vendor's endpoint, as a host describes it.
    pub(super) fn endpoint(&self, rotation: Rotation) -> Result<OAuth2> {
        let endpoint = OAuth2::builder(self.sim.base_url())
            .allow_plain_http()
            .token_path(self.sim.token_url())
            .client_id(self.sim.client_id())
            .client_secret(self.sim.client_secret())
            .account(self.grant)
            .rotation(rotation)
            .build()?;
        Ok(endpoint)
    }

    /// Returns the first token of the grant, as a login would.
    pub(super) fn first_token(&self) -> Result<Token> {
        let issued = self.sim.grant();
        let expires_at = Timestamp::from_unix_millis(issued.expires_at_ms());
        let validity = Validity::new(self.clock.now().wall, expires_at);
        let token = Token::builder(Secret::from(issued.access_token()), validity)
            .refresh(issued.refresh_token().map(Secret::from))
            .build()?;
        Ok(token)
    }

    /// Returns how many requests for a token have arrived, whatever their outcome.
    pub(super) fn exchanges(&self) -> usize {
        self.sim.exchange_count()
    }
}

/// The clock of a vendor and the hosts of its grant: the machine's, advanced at the start, so that
/// a token of two hours is due or expired at once, and stays so for the minute. Clones share one
/// time.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetClock(Arc<AtomicU64>);

impl OffsetClock {
    /// Advances time for all clones.
    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> ClockReading {
        let machine = SystemClock.now();
        let moved = Duration::from_millis(self.0.load(Ordering::SeqCst));
        ClockReading {
            wall: machine.wall.after(moved),
            elapsed: machine.elapsed.saturating_add(moved),
        }
    }
}
