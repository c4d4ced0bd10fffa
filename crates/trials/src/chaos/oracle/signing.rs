//! The instants with which processes sign.

use anyhow::{Result, ensure};

use crate::chaos::learned::Signed;

/// `Date` has whole seconds, and a process ignores a difference of less than two of them.
pub(super) const GRAIN_MS: i64 = 4_000;

/// # Errors
///
/// If the instant is off by more than the duration of the exchange explains that told the vendor's
/// clock.
pub(super) fn judge(process: usize, signed: &Signed) -> Result<()> {
    let most_ms = signed.known_within_ms.saturating_add(GRAIN_MS);
    ensure!(
        signed.wrong_by_ms.saturating_abs() <= most_ms,
        "process {process} signs with a time that is wrong by {} s though it learned the vendor's to {} s",
        signed.wrong_by_ms / 1000,
        most_ms / 1000
    );
    Ok(())
}
