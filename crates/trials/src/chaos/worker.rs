//! One of the processes that share the grant.

mod calls;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use token_file::FileStore;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use vendor_auth::cache::{Backoff, Event, Events, Origin};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::TokenEndpoint as _;
use vendor_auth::types::store::TokenStore;
use vendor_auth::{ReqwestClient, TokenCache};

use self::calls::{Calls, read};
use super::hands::{Hands, ProcessClock, SharedClock};
use super::learned::Learned;
use super::step_kill::StepKill;
use super::stores::{open_store, open_store_that_kills};
use super::wire::{Role, SayingClient, SayingStore, Voice, say};
use super::words::{Assignment, Said, Told};

/// Does what it is told until its standard input ends.
///
/// # Errors
///
/// Where its assignment makes no sense, or its store cannot be opened.
pub(crate) fn run(assignment: &str) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let assignment: Assignment = serde_json::from_str(assignment).context("no assignment")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work(&assignment));
    // Blocking reads of the standard input would keep it.
    runtime.shutdown_background();
    done
}

async fn work(assignment: &Assignment) -> Result<()> {
    let hands = Hands::open(&assignment.hands)?;
    let clock = SharedClock(Arc::new(ProcessClock::of(hands, Some(assignment.process))));
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
        voice: Voice(say),
        step_kill: step_kill.clone(),
        learned: learned.clone(),
    };
    let tokens = cache(parts, assignment)?;
    tokio::spawn(tell(tokens.events()));
    let calls = Calls {
        tokens,
        endpoint,
        clock,
        learned,
        runtime: assignment.runtime,
    };
    say(&Said::Ready);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Told::Ask {
                number,
                at_us,
                drop_after_us,
            } => calls.ask(number, at_us, drop_after_us),
            Told::LogOut => calls.logout(),
            Told::Redeem { code } => calls.redeem(code),
            Told::DieBefore { step } => step_kill.arm(step),
            Told::Read { at_us } => drop(tokio::spawn(read(store.clone(), key.clone(), at_us))),
        }
    }
    Ok(())
}

/// Where codes are sent to; nobody is there.
pub(super) const REDIRECT_URI: &str = "https://app.example/callback";

/// The vendor, as everybody describes it.
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

/// What a cache is made of.
pub(super) struct Parts {
    pub(super) endpoint: OAuth2,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) clock: SharedClock,
    pub(super) voice: Voice,
    pub(super) step_kill: Arc<StepKill>,
    pub(super) learned: Arc<Learned>,
}

impl Parts {
    /// Those of the orchestrator, which says nothing and lives.
    pub(super) async fn of_orchestrator(
        assignment: &Assignment,
        clock: SharedClock,
    ) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint(assignment)?,
            store: open_store(assignment.store, &assignment.address).await?,
            clock,
            voice: Voice(|_| {}),
            step_kill: Arc::new(StepKill::of(&assignment.address)),
            learned: Arc::default(),
        })
    }

    fn saying(&self, role: Role, store: Arc<dyn TokenStore>) -> SayingStore {
        SayingStore {
            store,
            role,
            clock: self.clock.clone(),
            voice: self.voice,
        }
    }
}

/// A cache over the shared store: a short lease, so that a killed holder does not stop the others
/// for long, and short pauses.
pub(super) fn cache(parts: Parts, assignment: &Assignment) -> Result<TokenCache> {
    let spill = assignment.spills.join(assignment.process.to_string());
    let backoff = Backoff::default()
        .first(Duration::from_millis(20))
        .longest(Duration::from_millis(200));
    let client = SayingClient {
        client: client(assignment)?,
        voice: parts.voice,
        step_kill: parts.step_kill.clone(),
        clock: parts.clock.clone(),
        learned: parts.learned.clone(),
    };
    let tokens = TokenCache::builder(parts.endpoint.clone())
        .http_client(client)
        .store(parts.saying(Role::Shared, parts.store.clone()))
        .fallback_store(parts.saying(Role::Spill, Arc::new(FileStore::at(spill))))
        .clock(parts.clock)
        .lease_ttl(Duration::from_millis(assignment.lease_ms))
        .wait_timeout(Duration::from_secs(10))
        .backoff(backoff)
        .build()?;
    Ok(tokens)
}

fn client(assignment: &Assignment) -> Result<ReqwestClient> {
    let client = ReqwestClient::builder();
    let client = match &assignment.authority {
        Some(authority) => client.add_root_certificates_pem(authority),
        None => client,
    };
    Ok(client.build()?)
}

/// As the engine says it.
const OVERTAKEN: &str = "was over before it arrived";

async fn tell(mut events: Events) {
    while let Some(event) = events.next().await {
        match event {
            Event::Refreshed {
                generation,
                origin: Origin::Store,
                ..
            } => say(&Said::Adopted {
                generation: generation.number(),
            }),
            Event::Rejected { error } => say(&Said::Rejected {
                why: error.to_string(),
            }),
            Event::Failed { error, .. } if error.to_string().contains(OVERTAKEN) => {
                say(&Said::Overtaken);
            }
            Event::Failed { error, .. } => say(&Said::Noted {
                what: format!("failed: {error}"),
            }),
            Event::Superseded { .. } | Event::Rewritten { .. } => say(&Said::Noted {
                what: format!("{event:?}"),
            }),
            _ => {}
        }
    }
}
