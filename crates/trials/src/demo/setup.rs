//! The setup of one endpoint: a simulated vendor on loopback, our cache in front of it, and one
//! clock for both.

mod base;
mod vendors;

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use token_core::reexports::http::Request;
use token_core::{
    ApiBody, Clock as _, Error, HttpClient as _, OneTimeGrant, Timestamp, Token, TokenEndpoint,
};
use token_sim::{Exchange, Simulation};
use token_testkit::ManualClock;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use vendor_auth::TokenCache;
use vendor_auth::cache::{Drained, Event, Events};

use super::crowd::at_once;
use super::history::GrantHistory;
use super::known_secrets::KnownSecrets;
use super::recording_client::RecordingClient;
use base::Base;

/// The longest time that anything may take, in real time.
const WITHIN: Duration = Duration::from_secs(20);

/// The five endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Quectel's SaaS API.
    QuectelAccessKey,
    /// Quectel's app API.
    QuectelEndUser,
    /// EnOS API management.
    EnosApim,
    /// A private file cloud.
    PrivateCloud,
    /// RFC 6749.
    OAuth2,
}

/// An endpoint with everything that it needs.
pub(crate) struct Setup {
    pub(crate) tokens: TokenCache,
    pub(crate) endpoint: Box<dyn TokenEndpoint>,
    pub(crate) vendor: Box<dyn Vendor>,
    pub(crate) ending: Ending,
    pub(crate) client: RecordingClient,
    pub(crate) known_secrets: KnownSecrets,
    pub(crate) history: GrantHistory,
    /// What a debugger or a log with `Debug` output would show.
    pub(crate) shown: Vec<String>,
    /// What begins the grant, if there is no login.
    pub(crate) redemption: Option<OneTimeGrant>,
    clock: ManualClock,
    api: RecordingClient,
}

/// A simulated vendor, as the demo uses all five.
pub(crate) trait Vendor: Send + Sync {
    /// Returns its server.
    fn simulation(&self) -> &Simulation;
    /// Refuses the access tokens that are valid now.
    fn revoke_access_token(&self);
    /// Ends the grant: no later exchange brings a token.
    fn end_grant(&self, ending: Ending);
}

/// How the vendor reports a revoked grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The account's grant is gone: `Rejected`, log in again.
    LogInAgain,
    /// The credentials are the only grant, and are refused: `Config`, a new login would not help.
    WrongCredentials,
    /// The same, and the vendor disables the live token too.
    WrongCredentialsAndNoToken,
}

impl Endpoint {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 5] = [
        Self::QuectelAccessKey,
        Self::QuectelEndUser,
        Self::EnosApim,
        Self::PrivateCloud,
        Self::OAuth2,
    ];

    /// Returns its display name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::QuectelAccessKey => "Quectel AccessKey",
            Self::QuectelEndUser => "Quectel EndUser",
            Self::EnosApim => "EnosApim",
            Self::PrivateCloud => "PrivateCloud",
            Self::OAuth2 => "OAuth2",
        }
    }

    /// Returns the name of its files.
    pub(crate) fn slug(self) -> String {
        self.name().to_lowercase().replace(' ', "-")
    }

    /// Starts its simulator and puts a cache in front of it.
    pub(crate) async fn create(self) -> Result<Setup> {
        let base = Base::new()?;
        match self {
            Self::QuectelAccessKey => vendors::quectel_access_key(base).await,
            Self::QuectelEndUser => vendors::quectel_end_user(base).await,
            Self::EnosApim => vendors::enos_apim(base).await,
            Self::PrivateCloud => vendors::private_cloud(base).await,
            Self::OAuth2 => vendors::oauth2(base).await,
        }
    }
}

impl Setup {
    /// Returns the time, for the vendor and for us.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// Advances time to `instant`.
    pub(crate) fn wait_until(&self, instant: Timestamp) {
        self.clock.advance(instant.since(self.now()));
    }

    /// Advances time.
    pub(crate) fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Returns the vendor's server.
    pub(crate) fn sim(&self) -> &Simulation {
        self.vendor.simulation()
    }

    /// Returns the exchanges in the vendor's journal after the first `known`.
    pub(crate) fn exchanges_after(&self, known: usize) -> Vec<Exchange> {
        self.sim().exchanges().split_off(known)
    }

    /// Returns what a caller gets without waiting.
    pub(crate) async fn ask_at_once(&self) -> Option<Result<Token, Error>> {
        let asking = pin!(self.tokens.token());
        let outcome = at_once(asking).await?;
        Some(outcome.map(|token| (*token).clone()))
    }

    /// Returns what a waiting caller gets.
    pub(crate) async fn ask(&self) -> Result<Token, Error> {
        self.tokens.token().await.map(|token| (*token).clone())
    }

    /// Waits until no exchange is under way, and notes its token.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        if self.tokens.drain(WITHIN).await == Drained::Unsettled {
            bail!("an exchange did not end");
        }
        if let Some(token) = self.tokens.current() {
            token
                .secrets()
                .for_each(|secret| self.known_secrets.keep(secret.expose()));
            self.history.token(&token, self.clock.now().wall);
        }
        Ok(())
    }

    /// Calls the vendor's API with the token of the cache, and returns the status.
    pub(crate) async fn call_api(&self) -> Result<(u16, Token)> {
        call_api(&self.tokens, &self.api, &self.sim().resource_url()).await
    }

    /// Calls the API from several tasks: all have called once before the first 401 is reported,
    /// then each calls once more. Returns the statuses in pairs.
    pub(crate) async fn call_api_by(&self, callers: usize) -> Result<Vec<(u16, u16)>> {
        let all_called = Arc::new(Barrier::new(callers));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (tokens, api, url) = (
                self.tokens.clone(),
                self.api.clone(),
                self.sim().resource_url(),
            );
            let all_called = all_called.clone();
            tasks.spawn(async move {
                let first = call_api(&tokens, &api, &url).await;
                all_called.wait().await;
                let (first, used) = first?;
                if first == 401 {
                    tokens.invalidate(&used);
                }
                let (second, _) = call_api(&tokens, &api, &url).await?;
                Ok((first, second))
            });
        }
        tasks.join_all().await.into_iter().collect()
    }

    /// Logs a value with `Debug`.
    pub(crate) fn show(&mut self, value: &dyn Debug) {
        self.shown.push(format!("{value:?}"));
        self.shown.push(format!("{value:#?}"));
    }

    /// Logs an error with `Display` and `Debug`.
    pub(crate) fn show_error(&mut self, error: &Error) {
        self.shown.push(error.to_string());
        self.show(error);
    }
}

/// Returns the events so far. They are sent before an exchange counts as ended.
pub(crate) async fn pending_events(events: &mut Events) -> Vec<Event> {
    let mut pending_events = Vec::new();
    loop {
        let next = pin!(events.next());
        match at_once(next).await.flatten() {
            Some(event) => pending_events.push(event),
            None => return pending_events,
        }
    }
}

async fn call_api(tokens: &TokenCache, api: &RecordingClient, url: &str) -> Result<(u16, Token)> {
    let (mut parts, body) = base::get(url)?.into_parts();
    let token = (*tokens
        .authorize(&mut parts, &mut ApiBody::of(&body))
        .await?)
        .clone();
    let request = Request::from_parts(parts, body);
    let answer = api
        .send(request, WITHIN)
        .await
        .map_err(|error| error.to_error())?;
    Ok((answer.status().as_u16(), token))
}
