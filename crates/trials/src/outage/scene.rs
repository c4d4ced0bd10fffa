//! One server that is stopped in one way, and the three hosts before it.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use token_sim::When;
use tokio::time::{Instant, sleep_until, timeout};
use vendor_auth::cache::Event;
use vendor_auth::types::{Generation, Rotation};

use super::callers::{Callers, Manner, Pulse};
use super::host::Host;
use super::judge::{Away, Back, Grant, Seen};
use super::server::{Server, Store, Way};
use super::vendor::{DUE, OVER, Vendor};

/// What is stopped, how, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) store: Store,
    pub(super) way: Way,
    pub(super) lasts: Duration,
    /// What the bystander takes the vendor's rotation for: a careless one thinks that it may spend
    /// without a store.
    pub(super) bystander: Rotation,
}

/// A scene in which everything held, for the table.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) back: Back,
    pub(super) exchanges_while_away: usize,
    /// From the vendor's answer until the holder's callers had the token, which no store had.
    pub(super) from_memory_after: Duration,
    /// From the server's return until the store had acknowledged it, the bystander had it too, and
    /// the latecomer had one.
    pub(super) landed_after: Duration,
    pub(super) adopted_after: Duration,
    pub(super) renewed_after: Duration,
}

/// A cache writes what a store did not take at least every 5 seconds, and waits for the store for
/// 5; the rest is for a slow machine.
const LONGEST_LANDING: Duration = Duration::from_secs(45);
const LONGEST_EXCHANGE: Duration = Duration::from_secs(20);

impl Scene {
    /// Plays it in real time.
    ///
    /// # Errors
    ///
    /// Where something did not hold while the store was away or after it.
    pub(super) async fn play(self, pulse: &Pulse) -> Result<Played> {
        let server = Server::start(self.store).await?;
        let stage = Stage::set(&server, self.bystander).await?;
        let hold = stage.shared.sim.hold_next(When::AfterActing);
        let holder = Callers::of(&stage.holder, Manner::LooksOnce, pulse);
        timeout(LONGEST_EXCHANGE, hold.caught(1))
            .await
            .context("the holder asked the vendor for nothing")?;
        let spent_before = stage.exchanges();

        let server = server.stop(self.way).await?;
        let gone = Instant::now();
        hold.release();
        let asking = Asking {
            holder,
            bystander: Callers::of(&stage.bystander, Manner::LooksOnce, pulse),
            latecomer: Callers::of(&stage.latecomer, Manner::Waits, pulse),
        };
        sleep_until(gone + self.lasts).await;
        let away = stage.away(&asking, spent_before, self.lasts);
        away.judge().context("while the store was away")?;

        let server = server.come_back(self.way).await?;
        let returned = Instant::now();
        stage.settle(&asking).await;
        let back = stage.back(&asking, &server).await?;
        back.judge().context("after the store was back")?;
        let next = stage.next;
        Ok(Played {
            exchanges_while_away: away.exchanges,
            from_memory_after: since(gone, back.holder.asked.first_of(next)),
            landed_after: since(returned, back.holder.persisted(next)),
            adopted_after: since(returned, back.bystander.asked.first_of(next)),
            renewed_after: since(returned, back.latecomer.asked.first_of(next)),
            back,
        })
    }
}

/// Zero for what was not seen, which the judge does not let pass.
fn since(earlier: Instant, later: Option<Instant>) -> Duration {
    later.map_or(Duration::ZERO, |later| {
        later.saturating_duration_since(earlier)
    })
}

/// The vendors and the hosts.
#[derive(Debug)]
struct Stage {
    shared: Vendor,
    over: Vendor,
    holder: Host,
    bystander: Host,
    latecomer: Host,
    /// The generation that follows the one which all have.
    next: Generation,
}

/// Who asks all the time.
#[derive(Debug)]
struct Asking {
    holder: Callers,
    bystander: Callers,
    latecomer: Callers,
}

impl Stage {
    /// Everybody has a token; that of the shared grant is due, the other one is over.
    async fn set(server: &Server, bystanders_rotation: Rotation) -> Result<Self> {
        let shared = Vendor::of_grant("shared").await?;
        let over = Vendor::of_grant("over").await?;
        let holder = Host::of(&shared, server, Rotation::SingleUse).await?;
        let bystander = Host::of(&shared, server, bystanders_rotation).await?;
        let latecomer = Host::of(&over, server, Rotation::SingleUse).await?;
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
        latecomer.tokens.set_token(over.first_token()?).await?;
        shared.clock.move_on(DUE);
        over.clock.move_on(OVER);
        Ok(Self {
            shared,
            over,
            holder,
            bystander,
            latecomer,
            next: first.next(),
        })
    }

    fn exchanges(&self) -> usize {
        self.shared.exchanges() + self.over.exchanges()
    }

    fn away(&self, asking: &Asking, spent_before: usize, lasts: Duration) -> Away {
        Away {
            lasts,
            next: self.next,
            exchanges: self.exchanges() - spent_before,
            holder: Seen::of(&self.holder, &asking.holder),
            bystander: Seen::of(&self.bystander, &asking.bystander),
            latecomer: Seen::of(&self.latecomer, &asking.latecomer),
        }
    }

    /// Waits until everybody has the next token and the store has it too. What is still missing
    /// after the longest time is the judge's.
    async fn settle(&self, asking: &Asking) {
        let next = self.next;
        let landing = async {
            let mut told = self.holder.told.clone();
            let is_persisted = |event: &Event| matches!(event, Event::Persisted { generation } if *generation == next);
            _ = told
                .wait_for(|all| all.iter().any(|told| is_persisted(&told.event)))
                .await;
            for callers in [&asking.bystander, &asking.latecomer] {
                let mut asked = callers.asked.clone();
                _ = asked.wait_for(|asked| asked.first_of(next).is_some()).await;
            }
        };
        _ = timeout(LONGEST_LANDING, landing).await;
    }

    async fn back(&self, asking: &Asking, server: &Server) -> Result<Back> {
        Ok(Back {
            next: self.next,
            shared: grant(&self.shared, &self.holder, server).await?,
            over: grant(&self.over, &self.latecomer, server).await?,
            holder: Seen::of(&self.holder, &asking.holder),
            bystander: Seen::of(&self.bystander, &asking.bystander),
            latecomer: Seen::of(&self.latecomer, &asking.latecomer),
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

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.store, self.way)
    }
}
