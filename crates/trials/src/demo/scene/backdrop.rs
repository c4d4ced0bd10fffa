//! What every scene begins with: a clock, the simulator's view of it, and a client that keeps a
//! record.

use anyhow::{Context as _, Result};
use token_core::reexports::Bytes;
use token_core::reexports::http::Request;
use token_core::{Clock as _, HttpClient as _, OneTimeGrant, Timestamp, TokenEndpoint};
use token_sim::SimClock;
use token_testkit::ManualClock;
use vendor_auth::TokenCache;

use super::{Ending, Scene, Vendor, WITHIN};
use crate::demo::life::Life;
use crate::demo::vault::Vault;
use crate::demo::wire::Wire;

/// When every scene begins.
const START: Timestamp = Timestamp::from_unix_seconds(1_750_000_000);

/// Where browsers are sent back to. Nothing listens there.
pub(super) const CALLBACK: &str = "https://app.example/back";

/// A scene before its vendor.
pub(super) struct Backdrop {
    clock: ManualClock,
    vault: Vault,
    wire: Wire,
    api: Wire,
}

impl Backdrop {
    /// Begins at the same instant each time.
    pub(super) fn new() -> Result<Self> {
        let (clock, vault) = (ManualClock::at(START), Vault::default());
        let wire = Wire::new(clock.clone(), vault.clone())?;
        Ok(Self {
            api: wire.apart(),
            clock,
            vault,
            wire,
        })
    }

    /// The time of this scene, for a simulator.
    pub(super) fn sim_clock(&self) -> SimClock {
        let hands = self.clock.clone();
        SimClock::driven_by(move || hands.now().wall.unix_millis())
    }

    /// A secret of this scene, made up, which must not be printed.
    pub(super) fn secret(&self, secret: &'static str) -> &'static str {
        self.vault.keep(secret);
        secret
    }

    /// Opens a page as a browser does, and gives the address that it sends the browser to.
    pub(super) async fn redirected_from(&self, url: &str) -> Result<String> {
        let answer = self.api.send(get(url)?, WITHIN).await;
        let answer = answer.map_err(|error| error.to_error())?;
        let location = answer
            .headers()
            .get("location")
            .context("the page redirects nowhere")?;
        let location = location.to_str()?.to_owned();
        self.vault
            .keep_parameters(location.split_once('?').map_or("", |(_, query)| query));
        Ok(location)
    }

    /// The finished scene.
    pub(super) fn before(
        self,
        vendor: impl Vendor + 'static,
        endpoint: impl TokenEndpoint + Clone,
        redemption: Option<OneTimeGrant>,
        ending: Ending,
    ) -> Result<Scene> {
        let tokens = TokenCache::builder(endpoint.clone())
            .http_client(self.wire.clone())
            .clock(self.clock.clone())
            .build()?;
        Ok(Scene {
            tokens,
            endpoint: Box::new(endpoint),
            vendor: Box::new(vendor),
            ending,
            wire: self.wire,
            vault: self.vault,
            life: Life::begun(START),
            shown: Vec::new(),
            redemption,
            clock: self.clock,
            api: self.api,
        })
    }
}

/// A plain GET.
pub(super) fn get(url: &str) -> Result<Request<Bytes>> {
    Ok(Request::get(url).body(Bytes::new())?)
}
