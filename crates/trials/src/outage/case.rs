//! One server that is stopped in one way, and the three hosts that use it.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use token_sim::When;
use tokio::time::{Instant, sleep_until, timeout};
use vendor_auth::cache::Event;
use vendor_auth::types::{Generation, Rotation};

use super::callers::{CallMode, Callers, Totals};
use super::host::Host;
use super::judge::{Away, Back, Grant, Observed};
use super::server::{Server, Stop, Store};
use super::vendor::{DUE, EXPIRED, Vendor};

/// What is stopped, how, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) store: Store,
    pub(super) stop: Stop,
    pub(super) lasts: Duration,
    /// The rotation that the bystander is configured for: with `Idempotent` it considers itself
    /// free to refresh without a store.
    pub(super) bystander: Rotation,
}

/// The figures of a case in which everything held, for the table.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) back: Back,
    pub(super) exchanges_while_away: usize,
    /// From the vendor's answer until the holder's callers had the token, which no store had.
    pub(super) from_memory_after: Duration,
    /// From the server's return until the store had acknowledged it, the bystander had it too, and
    /// the latecomer had a token.
    pub(super) landed_after: Duration,
    pub(super) adopted_after: Duration,
    pub(super) renewed_after: Duration,
}

/// A cache writes a pending commit at least every 5 seconds, and waits for the store for 5; the
/// rest is for a slow machine.
const LONGEST_LANDING: Duration = Duration::from_secs(45);
const LONGEST_EXCHANGE: Duration = Duration::from_secs(20);

impl Case {
    /// Runs the case in real time.
    ///
    /// # Errors
    ///
    /// If something did not hold while the store was unavailable or after it.
    pub(super) async fn run(self, totals: &Totals) -> Result<Figures> {
        let server = Server::start(self.store).await?;
        let setup = Setup::set(&server, self.bystander).await?;
        let hold = setup.shared.sim.hold_next(When::AfterActing);
        let holder = Callers::of(&setup.holder, CallMode::PollOnce, totals);
        timeout(LONGEST_EXCHANGE, hold.caught(1))
            .await
            .context("the holder asked the vendor for nothing")?;
        let spent_before = setup.exchanges();

        let server = server.stop(self.stop).await?;
        let gone = Instant::now();
        hold.release();
        let callers = AllCallers {
            holder,
            bystander: Callers::of(&setup.bystander, CallMode::PollOnce, totals),
            latecomer: Callers::of(&setup.latecomer, CallMode::Wait, totals),
        };
        sleep_until(gone + self.lasts).await;
        let away = setup.away(&callers, spent_before, self.lasts);
        away.judge().context("while the store was away")?;

        let server = server.restore(self.stop).await?;
        let returned = Instant::now();
        setup.settle(&callers).await;
        let back = setup.back(&callers, &server).await?;
        back.judge().context("after the store was back")?;
        let next = setup.next;
        Ok(Figures {
            exchanges_while_away: away.exchanges,
            from_memory_after: since(gone, back.holder.stats.first_of(next)),
            landed_after: since(returned, back.holder.persisted(next)),
            adopted_after: since(returned, back.bystander.stats.first_of(next)),
            renewed_after: since(returned, back.latecomer.stats.first_of(next)),
            back,
        })
    }
}

/// Returns zero for what was not seen, which the judge rejects.
fn since(earlier: Instant, later: Option<Instant>) -> Duration {
    later.map_or(Duration::ZERO, |later| {
        later.saturating_duration_since(earlier)
    })
}

/// The vendors and the hosts.
#[derive(Debug)]
struct Setup {
    shared: Vendor,
    expired: Vendor,
    holder: Host,
    bystander: Host,
    latecomer: Host,
    /// The generation after the one that all have.
    next: Generation,
}

/// The callers, which ask all the time.
#[derive(Debug)]
struct AllCallers {
    holder: Callers,
    bystander: Callers,
    latecomer: Callers,
}

impl Setup {
    /// Sets everything up: every host has a token; that of the shared grant is due, the other one
    /// has expired.
    async fn set(server: &Server, bystanders_rotation: Rotation) -> Result<Self> {
        let shared = Vendor::of_grant("shared").await?;
        let expired = Vendor::of_grant("over").await?;
        let holder = Host::of(&shared, server, Rotation::SingleUse).await?;
        let bystander = Host::of(&shared, server, bystanders_rotation).await?;
        let latecomer = Host::of(&expired, server, Rotation::SingleUse).await?;
        let first = holder
            .tokens
            .set_token(shared.first_token()?)
            .await?
            .generation();
        bystander
            .tokens
            .token()
            .await
            .context("the bystander did not find the holder's token")?;
        latecomer.tokens.set_token(expired.first_token()?).await?;
        shared.clock.advance(DUE);
        expired.clock.advance(EXPIRED);
        Ok(Self {
            shared,
            expired,
            holder,
            bystander,
            latecomer,
            next: first.next(),
        })
    }

    fn exchanges(&self) -> usize {
        self.shared.exchanges() + self.expired.exchanges()
    }

    fn away(&self, callers: &AllCallers, spent_before: usize, lasts: Duration) -> Away {
        Away {
            lasts,
            next: self.next,
            exchanges: self.exchanges() - spent_before,
            holder: Observed::of(&self.holder, &callers.holder),
            bystander: Observed::of(&self.bystander, &callers.bystander),
            latecomer: Observed::of(&self.latecomer, &callers.latecomer),
        }
    }

    /// Waits until every host has the next token and the store has it too. The judge reports what
    /// is still missing after the longest time.
    async fn settle(&self, callers: &AllCallers) {
        let next = self.next;
        let landing = async {
            let mut events = self.holder.events.clone();
            let is_persisted = |event: &Event| matches!(event, Event::Persisted { generation } if *generation == next);
            _ = events
                .wait_for(|all| all.iter().any(|events| is_persisted(&events.event)))
                .await;
            for callers in [&callers.bystander, &callers.latecomer] {
                let mut stats = callers.stats.clone();
                _ = stats.wait_for(|stats| stats.first_of(next).is_some()).await;
            }
        };
        _ = timeout(LONGEST_LANDING, landing).await;
    }

    async fn back(&self, callers: &AllCallers, server: &Server) -> Result<Back> {
        Ok(Back {
            next: self.next,
            shared: grant(&self.shared, &self.holder, server).await?,
            expired: grant(&self.expired, &self.latecomer, server).await?,
            holder: Observed::of(&self.holder, &callers.holder),
            bystander: Observed::of(&self.bystander, &callers.bystander),
            latecomer: Observed::of(&self.latecomer, &callers.latecomer),
        })
    }
}

async fn grant(vendor: &Vendor, host: &Host, server: &Server) -> Result<Grant> {
    let entry = server.entry(host.tokens.key()).await?;
    Ok(Grant {
        exchanges: vendor.exchanges(),
        issued: vendor.sim.issued_count(),
        stored: entry.record.map(|record| record.generation),
    })
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.store, self.stop)
    }
}
