//! A token that an API refused.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vendor_auth::types::{Generation, Timestamp, TokenKey};
use vendor_auth::{Secret, TokenGuard};

use super::{Grant, WHILE_VALID, now};
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::{Failure, say};
use crate::signals;
use crate::state_file::StateFile;

/// How long the vendor is waited for.
const WITHIN: Duration = Duration::from_secs(30);

/// If a token is refused so soon after it replaced a refused one, the token is not at fault.
const SOON: Duration = Duration::from_secs(60);

/// What became of a token that an API refused.
#[derive(Debug)]
pub(crate) enum Replaced {
    /// It is not the stored one: another command has replaced it.
    Before,
    /// There is a new one.
    Now(TokenGuard),
    /// There is no other: the vendor repeats it, or it has just replaced another refused one.
    NotAtFault,
}

impl Grant {
    /// Replaces the stored token if an API refused it. Commands that report the same token share
    /// one exchange.
    pub(crate) async fn refused(
        config: &Config,
        profile: &Profile,
        is_it: impl Fn(&Secret) -> bool,
    ) -> Result<Replaced, Failure> {
        let stored = Self::open_offline(config, profile)?;
        let Some(token) = stored.loaded().await?.filter(|it| is_it(it.access())) else {
            return Ok(Replaced::Before);
        };
        let last = LastReplacement::of(profile, stored.tokens.key());
        if last.was_soon_before(token.generation(), now()) {
            return Ok(Replaced::NotAtFault);
        }
        if let Some(failed) = stored.last_failure.read() {
            stored.may_ask_again(&failed, now()).await?;
        }
        let grant = Self::open(config, profile, WITHIN)?;
        let newer = grant.newer_than(token.generation());
        let newer = signals::interruptible(&grant.tokens, newer).await?;
        last.write(newer.generation(), now());
        match newer.access().same_as(token.access()) {
            true => Ok(Replaced::NotAtFault),
            false => Ok(Replaced::Now(newer)),
        }
    }

    async fn loaded(&self) -> Result<Option<TokenGuard>, Failure> {
        let loaded = self.tokens.load().await;
        loaded.map_err(|error| self.failure(&error))
    }

    async fn newer_than(&self, generation: Generation) -> Result<TokenGuard, Failure> {
        let asked_at = now();
        let newer = match self.loaded().await? {
            Some(token) if token.generation() != generation => Ok(token),
            Some(_) => self.tokens.refresh_if(generation).await,
            None => self.tokens.token().await,
        };
        let _settled = self.tokens.drain(WHILE_VALID).await;
        self.note_outcome(asked_at);
        newer.map_err(|error| self.failure(&error))
    }
}

impl Replaced {
    /// Tells the person on standard error.
    pub(crate) fn tell(&self, profile: &str) {
        let what = match self {
            Self::Before => "the token was refused, and has been replaced meanwhile; try again",
            Self::Now(_) => "the token was refused, and has been replaced; try again",
            Self::NotAtFault => {
                "a new token was refused too, so the token is not at fault; check the rights at \
                 the API, and the token's audience and scopes"
            }
        };
        say(&format!("{profile}: {what}"));
    }
}

/// When a refused token was last replaced, and by which one.
struct LastReplacement(StateFile);

#[derive(Deserialize, Serialize)]
struct Replacement {
    /// When, in milliseconds since 1970.
    at_ms: i64,
    generation: u64,
}

impl LastReplacement {
    fn of(profile: &Profile, key: &TokenKey) -> Self {
        Self(StateFile::of(profile, key, "replacements"))
    }

    fn was_soon_before(&self, refused: Generation, now: Timestamp) -> bool {
        let Some(last) = self.0.read::<Replacement>() else {
            return false;
        };
        let at = Timestamp::from_unix_millis(last.at_ms);
        last.generation == refused.number() && at <= now && now < at.after(SOON)
    }

    fn write(&self, generation: Generation, now: Timestamp) {
        self.0.replace(&Replacement {
            at_ms: now.unix_millis(),
            generation: generation.number(),
        });
    }
}
