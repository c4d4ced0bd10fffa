//! Ten thousand callers find the token expired, and one exchange serves them all.

use anyhow::Result;
use token_core::Token;
use token_sim::When;

use super::claim::{Claim, Finding};
use super::crowd::{Crowd, Served};
use super::setup::Setup;
use super::table::{counted, grouped};

/// How many callers ask at once.
pub(crate) const CALLERS: u32 = 10_000;

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::OneExchange);
    let expired = setup.ask().await?;
    setup.wait_until(expired.validity().expires_at());
    setup
        .history
        .mark(setup.now(), "expired: 10,000 callers at once, one exchange");

    let known = setup.sim().exchange_count();
    let hold = setup.sim().hold_next(When::AfterActing);
    let crowd = Crowd::ask(&setup.tokens, CALLERS);
    crowd.all_asked().await?;
    hold.caught(1).await;
    hold.release();
    let served = crowd.served().await;
    setup.settle().await?;

    look_at_callers(&mut finding, setup, &served, &expired);
    let exchanges = setup.exchanges_after(known);
    let issued = exchanges
        .iter()
        .filter(|exchange| exchange.is_issued())
        .count();
    finding.check(
        "one exchange in the vendor's journal",
        exchanges.len() == 1 && issued == 1,
        format!(
            "{}, {} issued",
            counted(exchanges.len(), "exchange"),
            counted(issued, "token")
        ),
    );
    let (status, _) = setup.call_api().await?;
    finding.check(
        "the API accepts their token",
        status == 200,
        format!("API says {status}"),
    );
    finding.check("time", true, format!("{:.2} s", served.took.as_secs_f64()));
    served
        .errors
        .iter()
        .take(1)
        .for_each(|error| setup.show_error(error));
    Ok(finding)
}

fn look_at_callers(finding: &mut Finding, setup: &Setup, served: &Served, expired: &Token) {
    let all = usize::try_from(CALLERS).unwrap_or(usize::MAX);
    finding.check(
        "all waited for the open exchange",
        served.waited == all,
        format!("{} callers waited", grouped(served.waited)),
    );
    let now = setup.now();
    let alike = served.tokens.first().map_or(0, |first| served.with(first));
    finding.check(
        "all got the same token",
        alike == all,
        format!("{} got the same token", grouped(alike)),
    );
    let dead = served.tokens.iter().filter(|token| {
        now >= token.validity().expires_at() || token.access().same_as(expired.access())
    });
    let dead = dead.count();
    finding.check(
        "no caller got the expired one",
        dead == 0,
        format!("{} got the expired one", grouped(dead)),
    );
}
