//! The common start of every endpoint's setup: a clock, the simulator's view of it, and a client
//! that keeps a record.

use anyhow::{Context as _, Result};
use token_core::reexports::Bytes;
use token_core::reexports::http::Request;
use token_core::{Clock as _, HttpClient as _, OneTimeGrant, Timestamp, TokenEndpoint};
use token_sim::SimClock;
use token_testkit::ManualClock;
use vendor_auth::TokenCache;

use super::{Ending, Setup, Vendor, WITHIN};
use crate::demo::history::GrantHistory;
use crate::demo::known_secrets::KnownSecrets;
use crate::demo::recording_client::RecordingClient;

/// The time at which every setup starts.
const START: Timestamp = Timestamp::from_unix_seconds(1_750_000_000);

/// The redirect URI for browsers. Nothing listens there.
pub(super) const CALLBACK: &str = "https://app.example/back";

/// A setup without its vendor.
pub(super) struct Base {
    clock: ManualClock,
    known_secrets: KnownSecrets,
    client: RecordingClient,
    api: RecordingClient,
}

impl Base {
    /// Starts at the same instant each time.
    pub(super) fn new() -> Result<Self> {
        let (clock, known_secrets) = (ManualClock::at(START), KnownSecrets::default());
        let client = RecordingClient::new(clock.clone(), known_secrets.clone())?;
        Ok(Self {
            api: client.apart(),
            clock,
            known_secrets,
            client,
        })
    }

    /// Returns the clock of this setup, for a simulator.
    pub(super) fn sim_clock(&self) -> SimClock {
        let clock = self.clock.clone();
        SimClock::driven_by(move || clock.now().wall.unix_millis())
    }

    /// Returns a made-up secret of this setup, which must not be printed.
    pub(super) fn secret(&self, secret: &'static str) -> &'static str {
        self.known_secrets.keep(secret);
        secret
    }

    /// Opens a page as a browser does, and returns the address to which it redirects.
    pub(super) async fn redirected_from(&self, url: &str) -> Result<String> {
        let answer = self.api.send(get(url)?, WITHIN).await;
        let answer = answer.map_err(|error| error.to_error())?;
        let location = answer
            .headers()
            .get("location")
            .context("the page does not redirect")?;
        let location = location.to_str()?.to_owned();
        self.known_secrets
            .keep_parameters(location.split_once('?').map_or("", |(_, query)| query));
        Ok(location)
    }

    /// Builds the setup.
    pub(super) fn build(
        self,
        vendor: impl Vendor + 'static,
        endpoint: impl TokenEndpoint + Clone,
        redemption: Option<OneTimeGrant>,
        ending: Ending,
    ) -> Result<Setup> {
        let tokens = TokenCache::builder(endpoint.clone())
            .http_client(self.client.clone())
            .clock(self.clock.clone())
            .build()?;
        Ok(Setup {
            tokens,
            endpoint: Box::new(endpoint),
            vendor: Box::new(vendor),
            ending,
            client: self.client,
            known_secrets: self.known_secrets,
            history: GrantHistory::begun(START),
            shown: Vec::new(),
            redemption,
            clock: self.clock,
            api: self.api,
        })
    }
}

/// Returns a plain GET request.
pub(super) fn get(url: &str) -> Result<Request<Bytes>> {
    Ok(Request::get(url).body(Bytes::new())?)
}
