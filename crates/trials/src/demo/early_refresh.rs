//! The token is refreshed in the last quarter of its life: while the exchange is open, callers get
//! the old one at once.

use anyhow::{Context as _, Result};
use token_sim::When;

use super::callers::CALLERS;
use super::claim::{Claim, Finding};
use super::crowd::Crowd;
use super::setup::Setup;
use super::table::{counted, grouped};

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::EarlyRefresh);
    let old = setup.ask().await?;
    setup.wait_until(old.validity().refresh_at());
    let left = old.validity().expires_at().since(setup.now());
    setup.history.mark(
        setup.now(),
        "refreshed early: 10,000 callers, no caller waits",
    );

    let known = setup.sim().exchange_count();
    let hold = setup.sim().hold_next(When::AfterActing);
    let first = setup
        .ask_at_once()
        .await
        .context("the first caller had to wait")?;
    hold.caught(1).await;
    let served = Crowd::ask(&setup.tokens, CALLERS).served().await;
    let undelivered = setup.sim().undelivered_issued();
    hold.release();
    setup.settle().await?;

    let at_once = served.with(&old) + usize::from(first?.same_secrets_as(&old));
    let all = usize::try_from(CALLERS).unwrap_or(usize::MAX) + 1;
    finding.check(
        "no caller waits while the exchange is open",
        served.waited == 0 && at_once == all && undelivered == 1,
        format!(
            "{} waited, {} got the live token while the exchange was open",
            grouped(served.waited),
            grouped(at_once)
        ),
    );
    finding.check(
        "before the expiry",
        !left.is_zero(),
        format!("{} min before the expiry", left.as_secs() / 60),
    );
    look_after(&mut finding, setup, known).await?;
    Ok(finding)
}

async fn look_after(finding: &mut Finding, setup: &Setup, known: usize) -> Result<()> {
    let exchanges = setup.exchanges_after(known);
    let one = matches!(&exchanges[..], [only] if only.is_issued() && only.delivered);
    finding.check(
        "one exchange in the vendor's journal",
        one,
        counted(exchanges.len(), "exchange"),
    );
    let new = setup
        .ask_at_once()
        .await
        .context("a caller had to wait afterwards")??;
    let (status, used) = setup.call_api().await?;
    finding.check(
        "the new token is in use afterwards",
        status == 200 && used.same_secrets_as(&new),
        format!("then generation {}, API says {status}", new.generation()),
    );
    Ok(())
}
