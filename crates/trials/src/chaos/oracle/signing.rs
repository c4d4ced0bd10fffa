//! The instants that processes sign with.

use anyhow::{Result, ensure};

use crate::chaos::learned::Signed;

/// `Date` is in whole seconds, and a difference of less than two of them is no news to a process.
pub(super) const GRAIN_MS: i64 = 4_000;

/// # Errors
///
/// Where the instant is wrong by more than the exchange explains that told the vendor's clock.
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
