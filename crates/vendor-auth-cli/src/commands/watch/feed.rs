//! Reads the store, again and again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::Grant;
use crate::life::{LastError, Life, State};
use crate::store;

/// The lives of the tokens, as the store has them.
#[derive(Debug)]
pub(super) struct Feed {
    lives: mpsc::Receiver<Vec<Life>>,
    reader: JoinHandle<()>,
}

impl Feed {
    /// Reads until the feed is dropped. A store that answers slowly delays nothing else.
    pub(super) fn start(config: &Arc<Config>, profiles: &[Profile]) -> Result<Self, Failure> {
        let grants = profiles.iter();
        let grants = grants.map(|profile| Grant::open_offline(config, profile));
        let grants: Arc<[Grant]> = grants.collect::<Result<_, _>>()?;
        let every = store::read_every(config);
        let config = Arc::clone(config);
        let read = move || lives_of(Arc::clone(&config), Arc::clone(&grants));
        Ok(Self::of(every, read))
    }

    /// Reads with this function.
    pub(super) fn of<F, R>(every: Duration, mut read: F) -> Self
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = Vec<Life>> + Send,
    {
        let (sender, lives) = mpsc::channel(1);
        let reader = tokio::spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if sender.send(read().await).await.is_err() {
                    return;
                }
            }
        });
        Self { lives, reader }
    }

    /// Returns what was read next. It panics if the reader did.
    pub(super) async fn next(&mut self) -> Vec<Life> {
        if let Some(lives) = self.lives.recv().await {
            return lives;
        }
        match (&mut self.reader).await {
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // It ends after the feed only.
            _ => std::future::pending().await,
        }
    }
}

async fn lives_of(config: Arc<Config>, grants: Arc<[Grant]>) -> Vec<Life> {
    join_all(grants.iter().map(|grant| life_of(&config, grant))).await
}

/// Opens the grant again: a cache keeps a valid token although the store has none any more.
async fn life_of(config: &Arc<Config>, opened: &Grant) -> Life {
    let (config, profile) = (Arc::clone(config), opened.profile.clone());
    // The key that unseals the store may come from a command.
    let grant = spawn_blocking(move || Grant::open_offline(&config, &profile)).await;
    match grant {
        Ok(Ok(grant)) => grant.life().await,
        Ok(Err(failure)) => unread(opened, &failure).await,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn unread(opened: &Grant, failure: &Failure) -> Life {
    Life {
        state: State::Unknown,
        last_error: Some(LastError {
            at: None,
            message: failure.to_string(),
            exit_code: failure.code(),
        }),
        ..opened.life().await
    }
}
