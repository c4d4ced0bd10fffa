//! The vendor revokes the token without notice: a hundred callers of its API get 401, and one new
//! token serves them all.

use std::time::Duration;

use anyhow::{Context as _, Result};
use token_core::Token;

use super::claim::{Claim, Finding};
use super::setup::Setup;
use super::table::counted;

/// How many call the API at once, each over its own connection.
const CALLERS: usize = 100;
/// The longest pause of the backoff: after it, anything that a late 401 caused has begun.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::Unauthorized);
    let old = setup.ask().await?;
    let history = old
        .validity()
        .expires_at()
        .since(old.validity().issued_at());
    setup.wait(history / 8);
    setup.vendor.revoke_access_token();
    setup
        .history
        .mark(setup.now(), "token revoked: 401, then a new one");

    let (known, issued) = (setup.sim().exchange_count(), setup.sim().issued_count());
    let statuses = setup.call_api_by(CALLERS).await?;
    setup.settle().await?;

    let refused = statuses.iter().filter(|(first, _)| *first == 401).count();
    finding.check(
        "the API refuses the revoked token",
        refused == CALLERS,
        format!("{refused} API calls got 401"),
    );
    let taken = statuses.iter().filter(|(_, second)| *second == 200).count();
    finding.check(
        "every caller's next call passes",
        taken == CALLERS,
        format!("{taken} of {CALLERS} then got 200"),
    );
    let issued = setup.sim().issued_count() - issued;
    let asked = setup.exchanges_after(known).len();
    finding.check(
        "one new token in the vendor's journal",
        issued == 1,
        format!(
            "{} issued in {}",
            counted(issued, "token"),
            counted(asked, "exchange")
        ),
    );
    refuse_late(&mut finding, setup, &old).await?;
    Ok(finding)
}

/// Reports a late 401 for the previous token.
async fn refuse_late(finding: &mut Finding, setup: &mut Setup, old: &Token) -> Result<()> {
    let (known, new) = (setup.sim().exchange_count(), setup.ask().await?);
    setup.tokens.invalidate(old);
    setup.wait(LONGEST_PAUSE);
    let kept = setup
        .ask_at_once()
        .await
        .context("a caller had to wait for a late 401")??;
    setup.settle().await?;
    let asked = setup.exchanges_after(known).len();
    finding.check(
        "a late 401 for the old token changes nothing",
        asked == 0 && kept.same_secrets_as(&new),
        format!("a late 401 caused {}", counted(asked, "exchange")),
    );
    Ok(())
}
