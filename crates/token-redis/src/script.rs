//! The scripts that the server runs, each one atomic step on one hash, and how they are called.
//!
//! Fields of the hash: `fingerprint`, `generation`, `body`, `due_at`, `grant_ends_at`, `initial`,
//! `committed_at` (the record); `intent_owner`, `intent_fingerprint`, `intent_generation`, `intent_at`;
//! `tombstoned` (when, to the microsecond), `tombstoned_generation`, `tombstoned_initial`;
//! `lease_owner`, `lease_until`. Instants are milliseconds since 1970 by the server's clock, but
//! for `due_at` and `grant_ends_at`, which are by the writer's. The lease is a field and not a key
//! with a time to live, so that no eviction policy can take it away.

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
pub(crate) static TAKE_BACK: Script = Script::new(include_str!("scripts/take_back.lua"));
pub(crate) static TOMBSTONE: Script = Script::new(include_str!("scripts/tombstone.lua"));

/// What `write_intent.lua` found, in its order.
pub(crate) const INTENT_FIELDS: [&str; 4] = [
    "intent_owner",
    "intent_fingerprint",
    "intent_generation",
    "intent_at",
];
/// What `tombstone.lua` found, in its order.
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

/// A script, and the name that the server knows it by once it has seen it.
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

/// How many replicas must have a write before it counts, and how long they are waited for.
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
        // For WAIT, no time is for ever.
        if self.within.as_millis() == 0 {
            return Err(BuildError::invalid(
                "replicas",
                "must be given at least a millisecond",
            ));
        }
        Ok(())
    }
}

pub(crate) struct Call<'a> {
    pub(crate) script: &'a Script,
    /// Where the record is.
    pub(crate) redis_key: &'a str,
    pub(crate) arguments: &'a [&'a str],
    /// Its write counts when so many replicas have it.
    pub(crate) replicas: Option<Replicas>,
    pub(crate) requires: Requirement,
}

/// What a server must be like to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Any that answers: what is kept can be read there, and what was begun can be ended.
    Any,
    /// One that keeps what it is given: before a token is spent.
    Durable,
}

/// What the server answered.
pub(crate) struct Answered {
    pub(crate) value: Value,
    /// Set if it was written, but not to as many replicas as asked for, as far as is known.
    pub(crate) shortfall: Option<Shortfall>,
    /// Whether it was asked before, over a connection that broke: it may have been done then
    /// already.
    pub(crate) is_repeated: bool,
}

/// Why a write does not count although the primary has it.
pub(crate) struct Shortfall {
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

impl Answered {
    /// For a write that stands as it is, and is repeated until enough replicas have it.
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
            what: "fewer replicas than asked for have the write",
            detail: format!("{acknowledged} of {wanted}"),
        }
    }

    pub(crate) fn store_error(&self, what_came_of_it: &str) -> StoreError {
        StoreError::new(self.what).with_detail(format!("{}{what_came_of_it}", self.detail))
    }
}

impl Call<'_> {
    /// By the script's name, which the server knows once it has seen the text.
    pub(crate) fn by_name(&self) -> Cmd {
        self.invoke("EVALSHA", self.script.hash())
    }

    /// With the script's text, which the server keeps from then on.
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
