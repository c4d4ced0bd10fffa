//! The vendor answers 503, then refuses connections: callers get the live token throughout, and
//! retries are paced by the backoff.

use std::time::Duration;

use anyhow::{Context as _, Result};
use token_core::{ErrorKind, Token};
use token_sim::{Fault, RetryAfter};
use vendor_auth::cache::Event;

use super::claim::{Claim, Finding};
use super::setup::{Setup, pending_events};
use super::table::{counted, grouped};

/// The interval between two questions of a caller.
const BEAT: Duration = Duration::from_secs(1);
/// The documented backoff: pauses double from one second to five minutes, each between half and all
/// of its step.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The observations of one question per interval.
#[derive(Debug, Default)]
struct Watch {
    asked: usize,
    /// Got the live token at once.
    served: usize,
    /// Intervals in which something was sent: a refused connection may be tried twice.
    tries: usize,
    sent: usize,
}

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::Outage);
    let live = setup.ask().await?;
    let lifetime = live
        .validity()
        .expires_at()
        .since(live.validity().issued_at());
    let half = Duration::from_secs(lifetime.as_secs() * 3 / 40);
    setup.wait_until(live.validity().refresh_at());
    let (begun, known) = (setup.now(), setup.sim().exchange_count());
    let mut events = setup.tokens.events();
    setup.history.mark(
        begun,
        "outage: 503, then no connection; the live token is served",
    );

    let mut watch = Watch::default();
    setup
        .sim()
        .fault(Fault::unavailable(RetryAfter::Absent).until_cleared());
    watch.over(setup, half, &live).await?;
    let seen = setup.exchanges_after(known).len();
    finding.check(
        "the vendor's journal has every request of the first half",
        seen == watch.sent,
        format!("{} answered 503", counted(seen, "request")),
    );
    setup.sim().refuse_connections().await?;
    watch.over(setup, half, &live).await?;
    setup.history.outage = Some((begun, setup.now()));

    look_at(&mut finding, &watch, half * 2);
    let failures: Vec<Event> = pending_events(&mut events).await;
    look_at_failures(&mut finding, &failures);
    failures.iter().for_each(|event| setup.show(event));
    recover(&mut finding, setup, &live).await?;
    Ok(finding)
}

impl Watch {
    async fn over(&mut self, setup: &mut Setup, span: Duration, live: &Token) -> Result<()> {
        let end = setup.now().after(span);
        while setup.now() < end {
            let before = setup.client.count();
            let outcome = setup.ask_at_once().await;
            setup.settle().await?;
            let sent = setup.client.count() - before;
            self.asked += 1;
            self.sent += sent;
            self.tries += usize::from(sent > 0);
            self.served +=
                usize::from(matches!(outcome, Some(Ok(token)) if token.same_secrets_as(live)));
            setup.wait(BEAT);
        }
        Ok(())
    }
}

fn look_at(finding: &mut Finding, watch: &Watch, outage: Duration) {
    finding.check(
        "every caller got the live token at once",
        watch.served == watch.asked,
        format!(
            "{} of {} callers served at once",
            grouped(watch.served),
            grouped(watch.asked)
        ),
    );
    let allowed = most_tries(outage);
    finding.check(
        "tries stay within the backoff",
        (2..=allowed).contains(&watch.tries),
        format!(
            "{} tries in {} min, at most {allowed} by the backoff",
            watch.tries,
            outage.as_secs() / 60
        ),
    );
}

fn look_at_failures(finding: &mut Finding, events: &[Event]) {
    let transient = |event: &&Event| matches!(event, Event::Failed { error, .. } if matches!(error.kind(), ErrorKind::Transient { .. }));
    let pending_events = events.iter().filter(transient).count();
    finding.check(
        "reported as transient",
        pending_events == events.len() && pending_events > 0,
        format!(
            "{} reported as Transient",
            counted(pending_events, "failure")
        ),
    );
}

/// Returns how many attempts fit into an outage if every pause is as short as allowed.
fn most_tries(outage: Duration) -> usize {
    let mut step = FIRST_PAUSE;
    let (mut tries, mut next) = (0, Duration::ZERO);
    while next < outage {
        tries += 1;
        next += step / 2;
        step = (step * 2).min(LONGEST_PAUSE);
    }
    tries
}

async fn recover(finding: &mut Finding, setup: &mut Setup, live: &Token) -> Result<()> {
    setup.sim().clear_faults();
    setup.sim().accept_connections().await?;
    let (over, known) = (setup.now(), setup.sim().issued_count());
    let mut newer = None;
    while newer.is_none() && setup.now().since(over) <= LONGEST_PAUSE + BEAT {
        let token = setup
            .ask_at_once()
            .await
            .context("a caller had to wait after the outage")??;
        setup.settle().await?;
        if token.same_secrets_as(live) {
            setup.wait(BEAT);
        } else {
            newer = Some(token);
        }
    }
    let after = setup.now().since(over).as_secs();
    let issued = setup.sim().issued_count() - known;
    finding.check(
        "a new token soon after it",
        newer.is_some() && issued == 1,
        format!("{} issued {after} s after it", counted(issued, "token")),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_bounded_by_the_shortest_pauses_of_the_backoff() {
        assert_eq!(most_tries(Duration::from_millis(500)), 1);
        assert_eq!(most_tries(Duration::from_millis(1501)), 3);
        // At 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5, 127.5, 255.5 seconds, then every 150.
        assert_eq!(most_tries(Duration::from_secs(256)), 10);
        assert_eq!(most_tries(Duration::from_secs(1000)), 10 + 4);
    }
}
