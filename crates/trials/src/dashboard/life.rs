//! A run with everything that is measured: a simulated vendor, a store, two owners of a grant, an
//! outage, and an API that refuses.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use token_core::Timestamp;
use token_sim::{Echo, Fault, OAuth2Server};
use token_testkit::ManualClock;
use vendor_auth::cache::{Backoff, Events, TokenCache};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::{FileStore, Secret};

use crate::demo::known_secrets::KnownSecrets;
use crate::demo::recording_client::RecordingClient;
use crate::machine::RunFolder;

const MOMENT: Duration = Duration::from_millis(1);

/// The owners of one grant.
pub(super) struct Life {
    vendor: OAuth2Server,
    tokens: TokenCache,
    other: TokenCache,
    events: Events,
    secrets: KnownSecrets,
    told: String,
    _folder: RunFolder,
}

impl Life {
    pub(super) async fn begin() -> Result<Self> {
        let secrets = KnownSecrets::default();
        let vendor = OAuth2Server::builder().start().await?;
        secrets.keep(vendor.client_secret());
        let issued = vendor.grant();
        let refresh_token = issued.refresh_token().context("no refresh token")?;
        secrets.keep(refresh_token);
        secrets.keep(issued.access_token());
        let http = RecordingClient::new(ManualClock::at(Timestamp::MIN), secrets.clone())?;
        let folder = RunFolder::create("dashboard")?;
        let cache = || -> Result<TokenCache> {
            let builder = TokenCache::builder(endpoint(&vendor)?)
                .http_client(http.apart())
                .store(FileStore::at(folder.path().join("tokens")))
                .backoff(Backoff::default().first(MOMENT).longest(MOMENT));
            let initial = Secret::from(refresh_token);
            Ok(builder.refresh_token(initial).build()?)
        };
        let (tokens, other) = (cache()?, cache()?);
        let events = tokens.events();
        Ok(Self {
            vendor,
            tokens,
            other,
            events,
            secrets,
            told: String::new(),
            _folder: folder,
        })
    }

    /// Refreshes, fails, recovers, and calls an API that refuses.
    pub(super) async fn goes_on(&mut self) -> Result<()> {
        let generation = self.tokens.token().await?.generation();
        drop(self.other.token().await?);
        drop(self.tokens.refresh_if(generation).await?);
        for fault in [Fault::status(503), Fault::html()] {
            self.fails(fault).await?;
        }
        let refused = self
            .tokens
            .with_token(async |_| Err::<(), ()>(()), Result::is_err)
            .await;
        self.tell(&refused.map(drop));
        ensure!(self.tokens.health().usable, "{}", self.tokens.health());
        Ok(())
    }

    /// Ends with a refusal that quotes the refresh token, and a logout. Returns all that was told.
    pub(super) async fn end(&mut self) -> Result<String> {
        self.fails(Fault::echo(Echo::Raw)).await?;
        let logged_out = self.tokens.logout().await?;
        self.tell(&logged_out);
        while let Ok(Some(event)) = tokio::time::timeout(MOMENT, self.events.next()).await {
            self.told += &format!("{event:?}\n");
        }
        self.told += &format!("{:?}\n", self.events);
        Ok(std::mem::take(&mut self.told))
    }

    /// Returns every secret that was sent or received.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.secrets.secrets()
    }

    async fn fails(&mut self, fault: Fault) -> Result<()> {
        self.vendor.fault(fault);
        let generation = self.tokens.token().await?.generation();
        let failed = self.tokens.refresh_if(generation).await.err();
        self.tell(&failed.context("the vendor's failure went unnoticed")?);
        Ok(())
    }

    fn tell(&mut self, thing: &impl std::fmt::Debug) {
        let health = self.tokens.health();
        self.told += &format!("{thing:?}\n{health:?}\n{health}\n");
    }
}

fn endpoint(vendor: &OAuth2Server) -> Result<OAuth2> {
    let endpoint = OAuth2::builder(vendor.base_url())
        .allow_plain_http()
        .token_path(vendor.token_url())
        .client_id(vendor.client_id())
        .client_secret(vendor.client_secret())
        .account("ada")
        .build()?;
    Ok(endpoint)
}
