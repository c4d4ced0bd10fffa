//! An instant that all processes of the machine agree on.

use std::time::Duration;

#[cfg(unix)]
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use token_core::Timestamp;

/// An instant by the clock that counts from the machine's start, including suspend, and by the wall
/// clock for instants before the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BootInstant {
    /// The id of this boot of the machine; empty if the system has none.
    boot: String,
    /// Milliseconds since the boot; `None` if the system has no such clock for all processes.
    elapsed: Option<u64>,
    /// Milliseconds since the Unix epoch.
    wall: i64,
}

impl BootInstant {
    pub(crate) fn now() -> Self {
        Self {
            boot: boot().to_owned(),
            elapsed: cfg!(unix)
                .then(|| u64::try_from(since_start().as_millis()).unwrap_or(u64::MAX)),
            wall: wall().unix_millis(),
        }
    }

    /// Returns how long ago the instant was; `None` if the machine was, or may have been, restarted
    /// since.
    pub(crate) fn age_in_this_boot(&self, now: &Self) -> Option<Duration> {
        match (self.elapsed, now.elapsed) {
            (Some(then), Some(now_elapsed)) if self.boot == now.boot => {
                now_elapsed.checked_sub(then).map(Duration::from_millis)
            }
            (None, None) => Some(self.age_on_the_wall(now)),
            _ => None,
        }
    }

    /// Returns how long ago the instant was, by the wall clock if the machine was restarted since.
    pub(crate) fn age(&self, now: &Self) -> Duration {
        self.age_in_this_boot(now)
            .unwrap_or_else(|| self.age_on_the_wall(now))
    }

    fn age_on_the_wall(&self, now: &Self) -> Duration {
        let millis = now.wall.saturating_sub(self.wall);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "processes agree on the system's clock, not on that of a cache"
)]
fn wall() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const COUNTS_SUSPEND: ClockId = ClockId::Boottime;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const COUNTS_SUSPEND: ClockId = ClockId::Monotonic;

/// Returns the time since the machine started, including suspend. It is the same for all processes
/// of the machine, except on Windows.
#[cfg(unix)]
pub(crate) fn since_start() -> Duration {
    let time = clock_gettime(COUNTS_SUSPEND);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
pub(crate) fn since_start() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "it times the wait of one call, whatever the clock of a cache"
    )]
    let now = Instant::now();
    now.saturating_duration_since(*ORIGIN.get_or_init(|| now))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot() -> &'static str {
    use std::sync::OnceLock;
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn boot() -> &'static str {
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(boot: &str, elapsed: Option<u64>, wall: i64) -> BootInstant {
        BootInstant {
            boot: boot.to_owned(),
            elapsed,
            wall,
        }
    }

    #[test]
    fn within_one_boot_the_wall_clock_is_ignored() {
        let then = stamp("a", Some(1_000), 5_000_000);
        let now = stamp("a", Some(4_000), 0);
        assert_eq!(then.age_in_this_boot(&now), Some(Duration::from_secs(3)));
        assert_eq!(then.age(&now), Duration::from_secs(3));
    }

    #[test]
    fn after_a_reboot_the_age_is_measured_by_the_wall_clock() {
        let then = stamp("a", Some(900_000), 1_000);
        for now in [
            stamp("b", Some(1_000_000), 61_000),
            stamp("a", Some(10), 61_000),
        ] {
            assert_eq!(then.age_in_this_boot(&now), None);
            assert_eq!(then.age(&now), Duration::from_secs(60));
        }
        assert_eq!(then.age(&stamp("b", Some(0), -5)), Duration::ZERO);
    }

    #[test]
    fn without_a_clock_for_all_processes_the_wall_clock_is_used() {
        let age = stamp("", None, 1_000).age_in_this_boot(&stamp("", None, 3_000));
        assert_eq!(age, Some(Duration::from_secs(2)));
    }
}
