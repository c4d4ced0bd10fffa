//! One of the processes that share the grant.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use token_cache::FileStore;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use vendor_auth::cache::{Backoff, Event, Events, Origin};
use vendor_auth::core::store::TokenStore;
use vendor_auth::core::{Key, Rotation, TokenEndpoint as _};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::{ReqwestClient, Token, TokenCache};

use super::hands::{Hands, ProcessClock, SharedClock};
use super::machine_us;
use super::stores::open_store;
use super::wire::{Role, SayingClient, SayingStore, Voice, say};
use super::words::{Assignment, Handed, Said, Told};

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
    let store = open_store(assignment.store, &assignment.address).await?;
    let endpoint = endpoint(assignment)?;
    let key = endpoint.key();
    let tokens = cache(endpoint, assignment, store.clone(), &clock, Voice(say))?;
    tokio::spawn(tell(tokens.events()));
    say(&Said::Ready);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Told::Ask { number, at_us } => {
                drop(tokio::spawn(ask(tokens.clone(), clock.clone(), number, at_us)));
            }
            Told::Read { at_us } => drop(tokio::spawn(read(store.clone(), key.clone(), at_us))),
        }
    }
    Ok(())
}

/// The vendor, as everybody describes it.
pub(super) fn endpoint(assignment: &Assignment) -> Result<OAuth2> {
    let endpoint = OAuth2::builder(&assignment.base_url)
        .allow_plain_http()
        .token_path(&assignment.token_url)
        .client_id(&assignment.client_id)
        .client_secret(assignment.client_secret.as_str())
        .account("chaos")
        .rotation(Rotation::SingleUse)
        .build()?;
    Ok(endpoint)
}

/// A cache over the shared store: a short lease, so that a killed holder does not stop the others for long, and short pauses.
pub(super) fn cache(
    endpoint: OAuth2,
    assignment: &Assignment,
    store: Arc<dyn TokenStore>,
    clock: &SharedClock,
    voice: Voice,
) -> Result<TokenCache> {
    let spill = assignment.spills.join(assignment.process.to_string());
    let backoff = Backoff::default()
        .first(Duration::from_millis(20))
        .longest(Duration::from_millis(200));
    let saying = |role, store| SayingStore {
        store,
        role,
        clock: clock.clone(),
        voice,
    };
    let tokens = TokenCache::builder(endpoint)
        .http(SayingClient(ReqwestClient::new()?, voice))
        .store(saying(Role::Shared, store))
        .spill(saying(Role::Spill, Arc::new(FileStore::at(spill))))
        .clock(clock.clone())
        .lease(Duration::from_millis(assignment.lease_ms))
        .wait(Duration::from_secs(10))
        .backoff(backoff)
        .build()?;
    Ok(tokens)
}

async fn until(at_us: i64) {
    let pause = u64::try_from(at_us - machine_us()).unwrap_or_default();
    if pause > 0 {
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
}

async fn read(store: Arc<dyn TokenStore>, key: Key, at_us: i64) {
    until(at_us).await;
    let begun = machine_us();
    if store.load(&key).await.is_ok() {
        let took_us = machine_us() - begun;
        say(&Said::Read { took_us });
    }
}

async fn ask(tokens: TokenCache, clock: SharedClock, number: u64, at_us: i64) {
    until(at_us).await;
    let outcome = tokens.token().await;
    // No pause and no other task since the token was judged: the last look at the clock was that one.
    let judged_at_ms = clock.0.last_look_ms();
    say(&match outcome {
        Ok(token) => Said::Handed(Handed {
            number,
            generation: token.generation().number(),
            print: print(&token),
            judged_at_ms,
            at_us: machine_us(),
        }),
        Err(error) => Said::Refused {
            number,
            why: error.to_string(),
        },
    });
}

fn print(token: &Token) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.access().expose().hash(&mut hasher);
    hasher.finish()
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
            Event::Failed { error, .. } if error.to_string().contains(OVERTAKEN) => say(&Said::Overtaken),
            Event::Failed { error, .. } => say(&Said::Noted {
                what: format!("failed: {error}"),
            }),
            Event::Lost { .. } | Event::Restored { .. } => say(&Said::Noted {
                what: format!("{event:?}"),
            }),
            _ => {}
        }
    }
}
