//! A host: a cache with its own connections, and every event that it sent.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::Instant;
use vendor_auth::cache::{Backoff, Event, Events};
use vendor_auth::types::Rotation;
use vendor_auth::{ReqwestClient, TokenCache};

use super::server::Server;
use super::vendor::{OffsetClock, Vendor};

/// Pauses are short, so that a host that would spend has many chances to, and the end of the outage
/// is soon noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Host {
    pub(super) tokens: TokenCache,
    pub(super) clock: OffsetClock,
    pub(super) events: watch::Receiver<Vec<TimedEvent>>,
}

/// An event, and when it was received.
#[derive(Clone, Debug)]
pub(super) struct TimedEvent {
    pub(super) event: Event,
    pub(super) at: Instant,
}

impl Host {
    pub(super) async fn of(vendor: &Vendor, server: &Server, rotation: Rotation) -> Result<Self> {
        let builder = TokenCache::builder(vendor.endpoint(rotation)?)
            .http_client(ReqwestClient::new()?)
            .clock(vendor.clock.clone())
            .backoff(Backoff::default().longest(LONGEST_PAUSE));
        let tokens = server.connect(builder).await?.build()?;
        let (all, events) = watch::channel(Vec::new());
        tokio::spawn(listen(tokens.events(), all));
        let clock = vendor.clock.clone();
        Ok(Self {
            tokens,
            clock,
            events,
        })
    }

    /// Returns all events so far.
    pub(super) fn events(&self) -> Vec<TimedEvent> {
        self.events.borrow().clone()
    }
}

async fn listen(mut events: Events, all: watch::Sender<Vec<TimedEvent>>) {
    while let Some(event) = events.next().await {
        let at = Instant::now();
        all.send_modify(|all| all.push(TimedEvent { event, at }));
    }
}
