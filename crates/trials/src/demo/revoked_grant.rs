//! The grant is revoked: the right error is reported once; the live token is served until it
//! expires, and not after that.

use std::time::Duration;

use anyhow::{Context as _, Result};
use token_core::{Error, ErrorKind, Token};
use token_sim::{Outcome, When};
use vendor_auth::cache::Event;

use super::claim::{Claim, Finding};
use super::setup::{Ending, Setup, pending_events};
use super::table::counted;

/// The interval at which a caller asks while the last token lives.
const ASKED_WHILE_LIVE: u64 = 100;
/// For this many minutes after the expiry a caller asks every minute.
const MINUTES_AFTER: u32 = 60;
/// The shortest documented pause of the backoff after an error that a person must fix: half of five
/// minutes.
const SHORTEST_PAUSE: Duration = Duration::from_secs(150);

/// What the callers got.
#[derive(Debug, Default)]
struct Watch {
    live: usize,
    expired: usize,
    errors: Vec<Error>,
}

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::RevokedGrant);
    let last = setup.ask().await?;
    setup.wait_until(last.validity().refresh_at());
    let (begun, known) = (setup.now(), setup.sim().exchange_count());
    let mut events = setup.tokens.events();
    setup.vendor.end_grant(setup.ending);
    setup.history.mark(begun, setup.ending.mark());

    // Held, so that the first caller has its answer before the vendor's.
    let hold = setup.sim().hold_next(When::BeforeActing);
    let given = setup
        .ask_at_once()
        .await
        .context("a caller had to wait for the verdict")??;
    setup.history.token(&given, begun);
    hold.caught(1).await;
    hold.release();
    setup.settle().await?;
    look_at_verdict(&mut finding, setup, known);
    let while_live = watch_live(setup, &last).await?;
    let after = watch_after(setup, &last).await?;
    setup.history.ended = setup.now();

    look_at_callers(&mut finding, setup.ending, &while_live, &after);
    let heard = pending_events(&mut events).await;
    look_at_events(&mut finding, setup.ending, &heard);
    look_at_requests(&mut finding, setup, known, setup.now().since(begun));
    heard.iter().for_each(|event| setup.show(event));
    after
        .errors
        .iter()
        .take(1)
        .for_each(|error| setup.show_error(error));
    Ok(finding)
}

impl Ending {
    fn kind(self) -> ErrorKind {
        match self {
            Self::LogInAgain => ErrorKind::Rejected,
            Self::WrongCredentials | Self::WrongCredentialsAndNoToken => ErrorKind::Config,
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::LogInAgain => {
                "grant dead: reported once, the live token is served until it expires"
            }
            Self::WrongCredentials => {
                "application gone: reported, the live token is served until it expires"
            }
            Self::WrongCredentialsAndNoToken => {
                "key disabled, and the live token with it: reported, not served"
            }
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::LogInAgain => "Rejected: log in again",
            Self::WrongCredentials => "Config: the vendor no longer knows the application",
            Self::WrongCredentialsAndNoToken => {
                "Config: the vendor disabled the key, and the token with it"
            }
        }
    }
}

fn look_at_verdict(finding: &mut Finding, setup: &Setup, known: usize) {
    let refusals: Vec<String> = setup
        .exchanges_after(known)
        .into_iter()
        .filter_map(|exchange| match exchange.outcome {
            Outcome::Refused { code } => Some(code),
            _ => None,
        })
        .collect();
    finding.check(
        "the vendor refused",
        !refusals.is_empty(),
        format!("vendor said {}", refusals.join(", ")),
    );
}

/// Asks until the last millisecond of the token's life.
async fn watch_live(setup: &mut Setup, last: &Token) -> Result<Watch> {
    let end = last.validity().expires_at();
    let beat = Duration::from_secs(end.since(setup.now()).as_secs() / ASKED_WHILE_LIVE);
    let mut watch = Watch::default();
    while setup.now().after(beat) < end {
        setup.wait(beat);
        watch.ask(setup, last).await?;
    }
    setup.wait_until(end.before(Duration::from_millis(1)));
    watch.ask(setup, last).await?;
    Ok(watch)
}

/// Asks from the expiry on.
async fn watch_after(setup: &mut Setup, last: &Token) -> Result<Watch> {
    let mut watch = Watch::default();
    setup.wait_until(last.validity().expires_at());
    setup
        .history
        .mark(setup.now(), "expired: no caller gets it");
    for _ in 0..MINUTES_AFTER {
        watch.ask(setup, last).await?;
        setup.wait(Duration::from_secs(60));
    }
    Ok(watch)
}

impl Watch {
    async fn ask(&mut self, setup: &mut Setup, last: &Token) -> Result<()> {
        let expired = setup.now() >= last.validity().expires_at();
        match setup.ask().await {
            Ok(_) if expired => self.expired += 1,
            Ok(_) => self.live += 1,
            Err(error) => self.errors.push(error),
        }
        setup.settle().await
    }
}

fn look_at_callers(finding: &mut Finding, ending: Ending, while_live: &Watch, after: &Watch) {
    let killed = ending == Ending::WrongCredentialsAndNoToken;
    let fits = if killed {
        while_live.live == 0
    } else {
        while_live.errors.is_empty()
    };
    finding.check(
        "the live token is served, unless the vendor revoked it",
        fits,
        match killed {
            true => format!("revoked token given {} times", while_live.live),
            false => format!(
                "live token given {} of {} times",
                while_live.live,
                while_live.live + while_live.errors.len()
            ),
        },
    );
    finding.check(
        "an expired token is never given",
        after.expired == 0 && !after.errors.is_empty(),
        format!(
            "expired token given {} of {MINUTES_AFTER} times",
            after.expired
        ),
    );
    let errors = || while_live.errors.iter().chain(&after.errors);
    let right = errors()
        .filter(|error| error.kind() == ending.kind())
        .count();
    finding.check(
        "callers are told what to do",
        right > 0 && right == errors().count(),
        ending.why(),
    );
}

fn look_at_events(finding: &mut Finding, ending: Ending, events: &[Event]) {
    let rejected = events
        .iter()
        .filter(|event| matches!(event, Event::Rejected { .. }))
        .count();
    let config = |event: &&Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::Config);
    let config = events.iter().filter(config).count();
    match ending {
        Ending::LogInAgain => finding.check(
            "told once",
            rejected == 1 && events.len() == 1,
            counted(rejected, "Rejected event"),
        ),
        _ => finding.check(
            "reported as an error of the configuration",
            rejected == 0 && config == events.len() && config > 0,
            counted(config, "Failed event"),
        ),
    }
}

/// Checks the number of requests. A revoked grant is tried once. Credentials may be fixed at the
/// vendor, so they are tried again, rarely: each attempt may be a refresh and a login.
fn look_at_requests(finding: &mut Finding, setup: &Setup, known: usize, watched: Duration) {
    let asked = setup.exchanges_after(known).len();
    let pauses = watched.as_secs() / SHORTEST_PAUSE.as_secs();
    let allowed = match setup.ending {
        Ending::LogInAgain => 1,
        _ => 2 * (1 + usize::try_from(pauses).unwrap_or(usize::MAX)),
    };
    finding.check(
        "few requests reach the vendor",
        asked <= allowed,
        format!(
            "{} in {} min, at most {allowed}",
            counted(asked, "request"),
            watched.as_secs() / 60
        ),
    );
}
