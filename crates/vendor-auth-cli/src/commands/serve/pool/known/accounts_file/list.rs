//! What `accounts_file` had when it was read.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use vendor_auth::types::Timestamp;

/// How long those that left the file still count for refreshes: it may be written in place.
const SETTLED: Duration = Duration::from_secs(10);

/// What tells that the file has changed: its time and its length.
pub(super) type Version = (Option<SystemTime>, u64);

/// The accounts of the file.
#[derive(Default)]
pub(super) struct List {
    of: Option<Version>,
    accounts: HashSet<String>,
    /// Those that it had before, and the time of the file that was the first without them.
    left: HashMap<String, Timestamp>,
    is_unread: bool,
}

impl List {
    /// Returns whether it was ever read.
    pub(super) fn was_read(&self) -> bool {
        self.of.is_some()
    }

    /// Returns whether it is what the file of this version has.
    pub(super) fn is_of(&self, version: Version) -> bool {
        self.of == Some(version)
    }

    /// Notes that the file cannot be read. Returns whether that is new.
    pub(super) fn begins_to_be_unread(&mut self) -> bool {
        !std::mem::replace(&mut self.is_unread, true)
    }

    /// Notes that the file can be read.
    pub(super) fn can_be_read(&mut self) {
        self.is_unread = false;
    }

    /// Takes over what the file has now.
    pub(super) fn take(&mut self, version: Version, text: &str, now: Timestamp) {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let accounts = lines.map(str::to_owned).collect();
        let before = std::mem::replace(&mut self.accounts, accounts);
        if let Some(changed) = version.0 {
            // It may be read several times while it is written.
            for account in before {
                self.left.insert(account, changed.into());
            }
        }
        let (accounts, left) = (&self.accounts, &mut self.left);
        left.retain(|account, since| !accounts.contains(account) && !is_settled(*since, now));
        self.of = Some(version);
    }

    /// Returns whether the file has this account.
    pub(super) fn has(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// Returns whether the file has this account, or had it a moment ago.
    pub(super) fn has_or_had(&self, account: &str, now: Timestamp) -> bool {
        let left = self.left.get(account);
        self.has(account) || left.is_some_and(|since| !is_settled(*since, now))
    }
}

/// Returns whether a file that was changed then is complete by now. The clocks may differ.
fn is_settled(changed: Timestamp, now: Timestamp) -> bool {
    now.since(changed) >= SETTLED || changed.since(now) > SETTLED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_000_000 + seconds)
    }

    fn read(list: &mut List, text: &str, changed: i64) {
        let length = text.len().try_into().unwrap();
        list.take((at(changed).system_time(), length), text, at(changed));
    }

    #[test]
    fn an_account_that_left_the_file_counts_for_refreshes_until_the_file_has_settled() {
        let mut list = List::default();
        read(&mut list, "# all\nada\nbob\n", 0);
        assert!(list.has_or_had("ada", at(0)) && !list.has_or_had("eve", at(0)));
        read(&mut list, " bob\n", 60);
        assert!(!list.has("ada") && list.has_or_had("ada", at(69)));
        // That others leave later changes nothing.
        read(&mut list, "eve", 65);
        assert!(list.has_or_had("ada", at(69)) && !list.has_or_had("ada", at(70)));
        assert!(list.has_or_had("bob", at(74)) && !list.has_or_had("bob", at(75)));
        assert!(list.has_or_had("eve", at(75)));
    }

    #[test]
    fn a_file_that_is_written_in_place_loses_nobody() {
        let mut list = List::default();
        read(&mut list, "ada\nbob\n", 0);
        read(&mut list, "", 60);
        read(&mut list, "ada\nbo", 61);
        assert!(!list.has("bob"));
        assert!(list.has_or_had("ada", at(62)) && list.has_or_had("bob", at(62)));
        read(&mut list, "ada\nbob\n", 62);
        assert!(list.has("ada") && list.has("bob"));
    }

    #[test]
    fn what_a_file_lost_before_it_was_looked_at_has_left() {
        let mut list = List::default();
        read(&mut list, "ada\n", 0);
        list.take((at(60).system_time(), 0), "", at(3_600));
        assert!(!list.has_or_had("ada", at(3_600)));
    }
}
