//! Events as log lines. An outage is one warning, however many attempts fail in it, and one line
//! when it is over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use token_core::TokenKey;
use tracing::{debug, error, info, warn};

use super::events::{Event, Origin};

/// What was logged and is not over.
#[derive(Debug, Default)]
pub(super) struct Log {
    exchanges_fail: Matter,
    store_fails: Matter,
    fallback_fails: Matter,
    of_vendor: VendorLog,
}

/// What is logged once for all grants that a pool has at one deployment: it is not the grants'
/// fault. Clones are the same. It is made when it is cloned, or when there is something odd.
#[derive(Debug, Default)]
pub(crate) struct VendorLog(OnceLock<Arc<OfVendor>>);

#[derive(Debug, Default)]
struct OfVendor {
    /// What has been odd in its answers: constant texts, so there are few.
    odd: Mutex<BTreeSet<&'static str>>,
}

impl VendorLog {
    fn shared(&self) -> &Arc<OfVendor> {
        self.0.get_or_init(Arc::default)
    }
}

impl Clone for VendorLog {
    fn clone(&self) -> Self {
        Self(OnceLock::from(self.shared().clone()))
    }
}

impl OfVendor {
    /// Whether something here is odd for the first time.
    fn has_new(&self, what: &[&'static str]) -> bool {
        let mut known = self.odd.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.len();
        known.extend(what);
        known.len() > before
    }
}

#[derive(Debug, Default)]
struct Matter(AtomicBool);

impl Matter {
    /// Whether it is new.
    fn begins(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Whether it was there.
    fn ends(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// Logs what is new as a warning, and all else for those who debug.
macro_rules! warn_if {
    ($is_new:expr, $($line:tt)*) => {
        match $is_new {
            true => warn!(target: "token_cache", $($line)*),
            false => debug!(target: "token_cache", $($line)*),
        }
    };
}

impl Log {
    pub(super) fn of(of_vendor: VendorLog) -> Self {
        Self {
            of_vendor,
            ..Self::default()
        }
    }

    /// Logs an event.
    pub(super) fn event(&self, key: &TokenKey, event: &Event) {
        match event {
            Event::Refreshed {
                generation,
                expires_at,
                origin,
            } => {
                let expires_at = expires_at.map(tracing::field::display);
                let obtained = obtained(*origin);
                info!(target: "token_cache", %key, %generation, expires_at, "{obtained}");
            }
            Event::Persisted { generation } => self.stored(key, *generation),
            Event::Rewritten { generation } => {
                self.stored(key, *generation);
                warn!(target: "token_cache", %key, %generation,
                    "the store had lost the token: it was written again");
            }
            Event::Superseded { generation } => {
                debug!(target: "token_cache", %key, %generation,
                    "another process stored its token first: that one is used");
                self.stored(key, *generation);
            }
            _ => self.trouble(key, event),
        }
    }

    /// Logs that an outage is over, if there was one.
    pub(super) fn recovered(&self, key: &TokenKey) {
        if self.exchanges_fail.ends() {
            info!(target: "token_cache", %key, "there is a token again: the outage is over");
        }
    }

    fn stored(&self, key: &TokenKey, generation: token_core::Generation) {
        self.fallback_fails.ends();
        match self.store_fails.ends() {
            true => info!(target: "token_cache", %key, %generation,
                "the store has the token: its outage is over"),
            false => debug!(target: "token_cache", %key, %generation, "the store has the token"),
        }
    }

    fn trouble(&self, key: &TokenKey, event: &Event) {
        match event {
            Event::Failed { error, next_in } => {
                warn_if!(self.exchanges_fail.begins(), %key, %error,
                ?next_in, "an exchange failed: it is tried again, a live token is still served");
            }
            Event::Rejected { error } => {
                self.exchanges_fail.begins();
                error!(target: "token_cache", %key, %error, "log in again");
            }
            Event::LoginMayBeNeeded { error } => error!(target: "token_cache", %key, %error,
                "the vendor has refused in the same way for long: a login may be needed"),
            Event::GrantEnds { at } => warn!(target: "token_cache", %key, %at,
                "the grant ends: log in again before that"),
            Event::PersistFailed { generation, error } => warn_if!(self.store_fails.begins(), %key,
                %generation, %error, "the store did not take the token: it is written again"),
            Event::FallbackFailed { generation, error } => {
                warn_if!(self.fallback_fails.begins(), %key,
                %generation, %error, "nor did the fallback store: the token is in memory alone");
            }
            Event::OddAnswer { generation, what } => {
                let is_new = self.of_vendor.shared().has_new(what);
                warn_if!(is_new, %key, %generation, ?what, "the vendor's answer is odd");
            }
            Event::RefusedAgain { generation } => warn!(target: "token_cache", %key, %generation,
                "APIs reject the token, which is not at fault: look for the cause there"),
            Event::NotRevoked { error } => warn!(target: "token_cache", %key, %error,
                "logged out, but the vendor did not revoke the token"),
            Event::NotDurable => warn!(target: "token_cache", %key,
                "the refresh token rotates, but the store does not outlive this process: \
                 use a durable store"),
            Event::StoreWarning { what } => warn!(target: "token_cache", %key, "{what}"),
            _ => {}
        }
    }
}

fn obtained(origin: Origin) -> &'static str {
    match origin {
        Origin::Refresh => "refreshed",
        Origin::Login => "logged in",
        Origin::Redemption => "a grant begins",
        Origin::Store => "a token from the store is in use",
        Origin::Initial => "the initial token is in use",
    }
}

#[cfg(test)]
mod tests {
    use token_core::{Error, ErrorKind, Generation};

    use super::*;

    #[test]
    fn a_store_that_has_anothers_token_has_no_outage() {
        let (log, key) = (Log::default(), TokenKey::of("acme", "host", "user"));
        let generation = Generation::new(2);
        let error = Error::new(ErrorKind::Store, "down");
        log.event(&key, &Event::PersistFailed { generation, error });
        log.event(&key, &Event::Superseded { generation });
        assert!(log.store_fails.begins(), "the next one is another outage");
    }

    #[test]
    fn something_that_was_not_odd_before_is_new() {
        let of_vendor = OfVendor::default();
        assert!(of_vendor.has_new(&["no type"]));
        assert!(!of_vendor.has_new(&["no type"]));
        assert!(of_vendor.has_new(&["no type", "no end"]));
        assert!(!of_vendor.has_new(&["no end"]));
    }
}
