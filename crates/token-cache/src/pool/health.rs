//! How the accounts of a pool are.

pub(crate) mod account;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use token_core::Error;

use self::account::AccountHealth;
use super::TokenPool;

/// How a pool is now, as far as this process knows: neither the vendor nor the store is asked.
/// Returned by [`TokenPool::health`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolHealth {
    /// How many accounts are in memory.
    pub in_memory: usize,
    /// How many of them have an exchange or a store operation under way, or are in use by a
    /// [cache](TokenPool::cache).
    pub at_work: usize,
    /// How many of the others failed last time.
    pub failing: usize,
    /// How many of all need a person to log in again: [`TokenPool::logins_needed`].
    pub logins_needed: usize,
    /// How many accounts have left memory so far because there were too many.
    pub evicted: u64,
}

/// An account for which somebody has to log in again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginNeeded {
    /// The account, as the program names it.
    pub account: Arc<str>,
    /// The vendor's refusal, or that the grant was logged out.
    pub error: Error,
}

impl TokenPool {
    /// Returns how the pool is now. It looks at all accounts in memory: a few milliseconds for
    /// 100,000.
    ///
    /// ```
    /// # fn show(pool: token_cache::TokenPool) {
    /// let health = pool.health();
    /// println!("{} accounts, {} failing", health.in_memory, health.failing);
    /// # }
    /// ```
    pub fn health(&self) -> PoolHealth {
        let mut health = PoolHealth {
            evicted: self.inner.evicted.load(Ordering::Relaxed),
            ..PoolHealth::default()
        };
        let states = self.inner.accounts().each(|entry| {
            let slot = &entry.slot;
            let (at_work, failing) = (slot.at_work().is_some(), slot.has_failed());
            Some((at_work, failing, slot.needs_login().is_some()))
        });
        for (at_work, failing, needs_login) in states {
            health.in_memory += 1;
            health.at_work += usize::from(at_work);
            health.failing += usize::from(failing);
            health.logins_needed += usize::from(needs_login);
        }
        health
    }

    /// Returns how one account is now; `None` if it is not in memory.
    ///
    /// ```
    /// # fn show(pool: token_cache::TokenPool) {
    /// if let Some(health) = pool.health_of("customer-17") {
    ///     println!("usable: {}, last error: {:?}", health.usable, health.last_error);
    /// }
    /// # }
    /// ```
    ///
    /// No endpoint is made, and nothing is requested. What is in the store alone is not known here.
    pub fn health_of(&self, account: &str) -> Option<AccountHealth> {
        let now = self.inner.now();
        self.inner.accounts().health_of(account, &now)
    }

    /// Returns the accounts in memory for which somebody has to log in again.
    /// [`keep_fresh`](Self::keep_fresh) brings those into memory that the store has.
    ///
    /// ```
    /// # fn show(pool: token_cache::TokenPool) {
    /// for login in pool.logins_needed() {
    ///     println!("{} must log in again: {}", login.account, login.error);
    /// }
    /// # }
    /// ```
    ///
    /// The accounts are looked at in parts, so others can be used and change meanwhile.
    pub fn logins_needed(&self) -> impl Iterator<Item = LoginNeeded> + use<'_> {
        self.inner.accounts().each(|entry| {
            let error = entry.slot.needs_login()?;
            let account = entry.account();
            Some(LoginNeeded { account, error })
        })
    }
}
