//! One of the processes that share the grant.

mod calls;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use token_file::FileStore;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::runtime::Handle;
use vendor_auth::cache::{Backoff, Event, Events, Origin};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::TokenEndpoint as _;
use vendor_auth::types::store::TokenStore;
use vendor_auth::{ReqwestClient, TokenCache};

use self::calls::{Calls, read};
use super::learned::Learned;
use super::options::{RuntimeMode, StoreKind};
use super::protocol::{Assignment, FromWorker, Reporter, ToWorker, report};
use super::reporting::{ReportingClient, ReportingStore, Role};
use super::shared_clock::{ClockFile, ProcessClock, SharedClock};
use super::step_kill::StepKill;
use super::store_fixture::{open_store, open_store_that_kills};

/// Follows its instructions until standard input ends.
///
/// # Errors
///
/// If its assignment makes no sense, or its store cannot be opened.
pub(crate) fn run(assignment: &str) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let assignment: Assignment = serde_json::from_str(assignment).context("no assignment")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work(&assignment));
    // Blocking reads of standard input would keep it alive.
    runtime.shutdown_background();
    done
}

async fn work(assignment: &Assignment) -> Result<()> {
    let clock_file = ClockFile::open(&assignment.clock_file)?;
    let clock = SharedClock(Arc::new(ProcessClock::of(
        clock_file,
        Some(assignment.process),
    )));
    let step_kill = Arc::new(StepKill::of(&assignment.address));
    let learned = Arc::new(Learned::default());
    let store =
        open_store_that_kills(assignment.store, &assignment.address, step_kill.clone()).await?;
    let endpoint = endpoint(assignment)?;
    let key = endpoint.key();
    let parts = Parts {
        endpoint: endpoint.clone(),
        store: store.clone(),
        clock: clock.clone(),
        reporter: Reporter(report),
        step_kill: step_kill.clone(),
        learned: learned.clone(),
    };
    let tokens = cache(parts, assignment)?;
    tokio::spawn(report_events(tokens.events()));
    let calls = Calls {
        tokens,
        endpoint,
        clock,
        learned,
        runtime: assignment.runtime,
    };
    report(&FromWorker::Ready);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            ToWorker::Ask {
                number,
                at_us,
                drop_after_us,
            } => calls.ask(number, at_us, drop_after_us),
            ToWorker::Describe => calls.describe(),
            ToWorker::LogOut => calls.logout(),
            ToWorker::Redeem { code } => calls.redeem(code),
            ToWorker::DieBefore { step } => step_kill.arm(step),
            ToWorker::Read { at_us } => drop(tokio::spawn(read(store.clone(), key.clone(), at_us))),
        }
    }
    Ok(())
}

/// Returns the vendor's endpoint, as every process describes it.
pub(super) fn endpoint(assignment: &Assignment) -> Result<OAuth2> {
    let endpoint = OAuth2::builder(&assignment.base_url)
        .allow_plain_http()
        .token_path(&assignment.token_url)
        .revocation_path(&assignment.revoke_url)
        .client_id(&assignment.client_id)
        .client_secret(assignment.client_secret.as_str())
        .account("chaos")
        .rotation(assignment.rotation.of_client())
        .build()?;
    Ok(endpoint)
}

/// What a cache is built from.
pub(super) struct Parts {
    pub(super) endpoint: OAuth2,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) clock: SharedClock,
    pub(super) reporter: Reporter,
    pub(super) step_kill: Arc<StepKill>,
    pub(super) learned: Arc<Learned>,
}

impl Parts {
    /// Returns the parts for the orchestrator, which reports nothing and is not killed.
    pub(super) async fn of_orchestrator(
        assignment: &Assignment,
        clock: SharedClock,
    ) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint(assignment)?,
            store: open_store(assignment.store, &assignment.address).await?,
            clock,
            reporter: Reporter(|_| {}),
            step_kill: Arc::new(StepKill::of(&assignment.address)),
            learned: Arc::default(),
        })
    }

    fn saying(&self, role: Role, store: Arc<dyn TokenStore>) -> ReportingStore {
        ReportingStore {
            store,
            role,
            clock: self.clock.clone(),
            reporter: self.reporter,
            learned: self.learned.clone(),
        }
    }
}

/// Returns a cache over the shared store: a short lease, so that a killed holder does not stop the
/// others for long, and short pauses.
pub(super) fn cache(parts: Parts, assignment: &Assignment) -> Result<TokenCache> {
    let fallback = assignment.fallbacks.join(assignment.process.to_string());
    let backoff = Backoff::default()
        .first(Duration::from_millis(20))
        .longest(Duration::from_millis(200));
    let shared = match assignment.store {
        StoreKind::Broken => Role::Broken,
        _ => Role::Shared,
    };
    let client = ReportingClient {
        client: client(assignment)?,
        reporter: parts.reporter,
        step_kill: parts.step_kill.clone(),
        clock: parts.clock.clone(),
        learned: parts.learned.clone(),
    };
    let tokens = TokenCache::builder(parts.endpoint.clone())
        .http_client(client)
        .store(parts.saying(shared, parts.store.clone()))
        .fallback_store(parts.saying(Role::Fallback, Arc::new(FileStore::at(fallback))))
        .clock(parts.clock)
        .lease_ttl(Duration::from_millis(assignment.lease_ms))
        .wait_timeout(Duration::from_secs(10))
        .backoff(backoff);
    // Where callers share the runtime of the flights, they poll them.
    let is_shared = assignment.runtime == RuntimeMode::One && assignment.process % 2 == 1;
    let tokens = match is_shared {
        true => tokens.runtime(Handle::current()),
        false => tokens,
    };
    Ok(tokens.build()?)
}

fn client(assignment: &Assignment) -> Result<ReqwestClient> {
    let mut client = ReqwestClient::builder();
    if let Some(authority) = &assignment.authority {
        client = client.add_root_certificates_pem(authority);
    }
    Ok(client.build()?)
}

/// The wording of the engine: no kind or code of an error tells this one from others.
const OVERTAKEN: &str = "had expired when it arrived";

async fn report_events(mut events: Events) {
    while let Some(event) = events.next().await {
        match event {
            Event::Refreshed {
                generation,
                origin: Origin::Store,
                ..
            } => report(&FromWorker::Adopted {
                generation: generation.number(),
            }),
            Event::Rejected { error } => report(&FromWorker::Rejected {
                why: error.to_string(),
            }),
            Event::Failed { error, .. } if error.to_string().contains(OVERTAKEN) => {
                report(&FromWorker::Overtaken);
            }
            Event::Failed { error, .. } => report(&FromWorker::Noted {
                what: format!("failed: {error}"),
            }),
            Event::Superseded { .. } | Event::Rewritten { .. } => report(&FromWorker::Noted {
                what: format!("{event:?}"),
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use token_testkit::{ManualClock, ScriptedClient};
    use vendor_auth::types::{HttpClient, SendError, Timestamp};
    use vendor_auth::{Secret, Token};

    use super::*;
    use crate::chaos::worker_state::LOGGED_OUT;

    const ISSUED: &str = r#"{"access_token":"A1","refresh_token":"R2","expires_in":3600}"#;

    /// A client whose answers arrive after this long.
    #[derive(Debug)]
    struct Delayed(ScriptedClient, ManualClock, Duration);

    #[async_trait]
    impl HttpClient for Delayed {
        async fn send(
            &self,
            request: http::Request<Bytes>,
            within: Duration,
        ) -> Result<http::Response<Bytes>, SendError> {
            self.1.advance(self.2);
            self.0.send(request, within).await
        }
    }

    /// Returns a cache that is issued one token for an hour, which arrives after this long.
    fn issued_after(delay: Duration) -> TokenCache {
        let clock = ManualClock::at(Timestamp::from_unix_seconds(1_700_000_000));
        let endpoint = OAuth2::builder("https://server.example.com")
            .client_id("chaos")
            .client_secret("S")
            .account("chaos")
            .build()
            .unwrap();
        let grant = Token::from_refresh_token(Secret::from("R1")).unwrap();
        TokenCache::builder(endpoint)
            .http_client(Delayed(
                ScriptedClient::new().answer(200, ISSUED),
                clock.clone(),
                delay,
            ))
            .clock(clock)
            .initial_token(grant)
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn the_engine_still_says_that_a_token_expired_on_its_way_in_these_words() {
        let tokens = issued_after(Duration::from_secs(3_601));
        let mut events = tokens.events();
        drop(tokens.token().await);
        drop(tokens);
        let mut said = Vec::new();
        while let Some(event) = events.next().await {
            said.push(event);
        }
        let is_it = |event: &Event| matches!(event, Event::Failed { error, .. } if error.to_string().contains(OVERTAKEN));
        assert!(said.iter().any(is_it), "{said:?}");
    }

    #[tokio::test]
    async fn the_engine_still_says_that_a_grant_was_logged_out_in_these_words() {
        let tokens = issued_after(Duration::ZERO);
        tokens.token().await.unwrap();
        drop(tokens.logout().await);
        let why = tokens.token().await.unwrap_err().to_string();
        assert!(why.contains(LOGGED_OUT), "{why}");
    }
}
