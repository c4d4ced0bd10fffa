//! The Lua scripts, each one an atomic step on one hash or on one sorted set of the index, and how
//! they are called.
//!
//! Fields of the hash: `fingerprint`, `generation`, `body`, `due_at`, `grant_ends_at`, `initial`,
//! `committed_at` (the record); `intent_owner`, `intent_fingerprint`, `intent_generation`,
//! `intent_at`; `tombstoned` (when, to the microsecond), `tombstoned_generation`,
//! `tombstoned_initial`; `lease_owner`, `lease_until`. Instants are milliseconds since 1970:
//! `due_at` and `grant_ends_at` by the writer's clock, all others by the server's. The lease is a
//! field and not a key with an expiry, so that no eviction policy can remove it.

use std::sync::OnceLock;
use std::time::Duration;

use redis::{Cmd, Value};
use token_core::BuildError;
use token_core::store::StoreError;

pub(crate) static LOAD: Script = Script::new(concat!(
    include_str!("scripts/entry.lua"),
    include_str!("scripts/load.lua")
));
pub(crate) static ACQUIRE: Script = Script::new(concat!(
    include_str!("scripts/entry.lua"),
    include_str!("scripts/acquire.lua")
));
pub(crate) static RENEW: Script = Script::new(include_str!("scripts/renew.lua"));
pub(crate) static RELEASE: Script = Script::new(include_str!("scripts/release.lua"));
pub(crate) static WRITE_INTENT: Script = Script::new(include_str!("scripts/write_intent.lua"));
pub(crate) static CLEAR_INTENT: Script = Script::new(include_str!("scripts/clear_intent.lua"));
pub(crate) static COMMIT: Script = Script::new(include_str!("scripts/commit.lua"));
pub(crate) static UNDO: Script = Script::new(include_str!("scripts/undo.lua"));
pub(crate) static INDEX: Script = Script::new(include_str!("scripts/index.lua"));
pub(crate) static CORRECT: Script = Script::new(include_str!("scripts/correct.lua"));
pub(crate) static PAGE: Script = Script::new(include_str!("scripts/page.lua"));
pub(crate) static TIMES: Script = Script::new(include_str!("scripts/times.lua"));
pub(crate) static TOMBSTONE: Script = Script::new(include_str!("scripts/tombstone.lua"));

/// The previous values that `write_intent.lua` returns, in its order.
pub(crate) const INTENT_FIELDS: [&str; 4] = [
    "intent_owner",
    "intent_fingerprint",
    "intent_generation",
    "intent_at",
];
/// The previous values that `tombstone.lua` returns, in its order.
pub(crate) const TOMBSTONE_FIELDS: [&str; 14] = [
    "fingerprint",
    "generation",
    "body",
    "due_at",
    "grant_ends_at",
    "initial",
    "committed_at",
    "intent_owner",
    "intent_fingerprint",
    "intent_generation",
    "intent_at",
    "tombstoned",
    "tombstoned_generation",
    "tombstoned_initial",
];

/// A script, and the hash by which the server knows it after its first call.
pub(crate) struct Script {
    text: &'static str,
    hash: OnceLock<String>,
}

impl Script {
    const fn new(text: &'static str) -> Self {
        Self {
            text,
            hash: OnceLock::new(),
        }
    }

    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    pub(crate) fn hash(&self) -> &str {
        self.hash
            .get_or_init(|| redis::Script::new(self.text).get_hash().to_owned())
    }
}

/// How many replicas must acknowledge a write, and how long to wait for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replicas {
    pub(crate) count: u32,
    pub(crate) within: Duration,
}

impl Replicas {
    pub(crate) fn check(self) -> Result<(), BuildError> {
        if self.count == 0 {
            return Err(BuildError::invalid("replicas", "must be at least one"));
        }
        // For WAIT, zero means forever.
        if self.within.as_millis() == 0 {
            return Err(BuildError::invalid(
                "replicas",
                "must have a time of at least a millisecond",
            ));
        }
        Ok(())
    }
}

pub(crate) struct Call<'a> {
    pub(crate) script: &'a Script,
    /// The key of the hash or the sorted set.
    pub(crate) redis_key: &'a str,
    pub(crate) arguments: &'a [&'a str],
    /// The replicas that must acknowledge the write, if any.
    pub(crate) replicas: Option<Replicas>,
    pub(crate) requires: Requirement,
}

/// What a call requires of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Any server that answers: for reads, and to end what was begun.
    Any,
    /// A server that does not lose what is written: before a refresh token is used.
    Durable,
}

/// What the server answered.
pub(crate) struct Answered {
    pub(crate) value: Value,
    /// Set if the write succeeded, but not on as many replicas as required, as far as is known.
    pub(crate) shortfall: Option<Shortfall>,
    /// Whether the script was sent before, over a connection that broke: it may have run then
    /// already.
    pub(crate) is_repeated: bool,
}

/// Why a write on the primary does not count.
pub(crate) struct Shortfall {
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

impl Answered {
    /// Returns the answer if enough replicas have the write. Otherwise the write is not undone, but
    /// repeated by the caller.
    pub(crate) fn enough(self) -> Result<Value, StoreError> {
        match self.shortfall {
            None => Ok(self.value),
            Some(shortfall) => Err(shortfall.store_error("")),
        }
    }
}

impl Shortfall {
    pub(crate) fn too_few(acknowledged: u32, wanted: u32) -> Self {
        Self {
            what: "fewer replicas than required have the write",
            detail: format!("{acknowledged} of {wanted}"),
        }
    }

    pub(crate) fn store_error(&self, outcome: &str) -> StoreError {
        StoreError::new(self.what).with_detail(format!("{}{outcome}", self.detail))
    }
}

impl Call<'_> {
    /// Calls the script by its hash, which the server knows once it has seen the text.
    pub(crate) fn by_name(&self) -> Cmd {
        self.invoke("EVALSHA", self.script.hash())
    }

    /// Calls the script by its text, which the server keeps from then on.
    pub(crate) fn with_text(&self) -> Cmd {
        self.invoke("EVAL", self.script.text())
    }

    fn invoke(&self, name: &str, what: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command
            .arg(what)
            .arg(1)
            .arg(self.redis_key)
            .arg(self.arguments);
        command
    }
}
