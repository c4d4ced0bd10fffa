//! The scripts that the server runs, each one atomic step on one hash.
//!
//! Fields of the hash: `fingerprint`, `generation`, `body`, `due_at`, `grant_ends_at`, `initial`,
//! `committed_at` (the record); `intent_owner`, `intent_lineage`, `intent_generation`, `intent_at`;
//! `tombstoned` (when, to the microsecond), `tombstoned_generation`, `tombstoned_initial`;
//! `lease_owner`, `lease_until`. Instants are milliseconds since 1970 by the server's clock, but
//! for `due_at` and `grant_ends_at`, which are by the writer's. The lease is a field and not a key
//! with a time to live, so that no eviction policy can take it away.

use std::sync::OnceLock;

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
pub(crate) static INTEND: Script = Script::new(include_str!("scripts/intend.lua"));
pub(crate) static WITHDRAW: Script = Script::new(include_str!("scripts/withdraw.lua"));
pub(crate) static COMMIT: Script = Script::new(include_str!("scripts/commit.lua"));
pub(crate) static TAKE_BACK: Script = Script::new(include_str!("scripts/take_back.lua"));
pub(crate) static TOMBSTONE: Script = Script::new(include_str!("scripts/tombstone.lua"));

/// What `intend.lua` found, in its order.
pub(crate) const INTENT_FIELDS: [&str; 4] = [
    "intent_owner",
    "intent_lineage",
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
    "intent_lineage",
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
