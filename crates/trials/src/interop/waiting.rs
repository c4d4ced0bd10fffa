//! Waiting for something to happen, with a timeout; and checks of what must have happened.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use vendor_auth::cache::SystemClock;
use vendor_auth::cache::{Event, Events, Origin};
use vendor_auth::oauth2::{OAuth2, TokenKind};
use vendor_auth::types::{Clock as _, Generation, Timestamp};
use vendor_auth::{Error, ErrorKind, Token, TokenCache};

const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Longer than a token of ours is served before a refresh, and shorter than its life.
const CATCHING_UP: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn now() -> Timestamp {
    SystemClock.now().wall
}

/// Returns ticks that are at least this far apart, also after a late one.
pub(super) fn pace(every: Duration) -> Interval {
    let mut pace = interval(every);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// Waits for the next event from which `pick` takes something.
pub(super) async fn next<T>(
    events: &mut Events,
    what: &str,
    pick: impl Fn(&Event) -> Option<T>,
) -> Result<T> {
    let picked = async {
        while let Some(event) = events.next().await {
            if let Some(found) = pick(&event) {
                return Ok(found);
            }
        }
        bail!("the cache was dropped before {what}")
    };
    timeout(LONGEST_WAIT, picked)
        .await
        .with_context(|| format!("timed out waiting for {what}"))?
}

/// Waits for the next new token, and returns its generation and origin.
pub(super) async fn next_token(events: &mut Events) -> Result<(Generation, Origin)> {
    next(events, "a new token", |event| match event {
        Event::Refreshed {
            generation, origin, ..
        } => Some((*generation, *origin)),
        _ => None,
    })
    .await
}

/// Waits for the next verdict that the grant is dead.
pub(super) async fn next_verdict(events: &mut Events) -> Result<Error> {
    next(events, "the verdict", |event| match event {
        Event::Rejected { error } => Some(error.clone()),
        _ => None,
    })
    .await
}

/// Returns all events until the cache is dropped.
pub(super) async fn history(mut events: Events) -> Vec<Event> {
    let mut history = Vec::new();
    while let Some(event) = events.next().await {
        history.push(event);
    }
    history
}

/// Asks until there is no live token, and returns the error that callers get then. No token may be
/// expired until then.
pub(super) async fn at_the_end_of_its_life(tokens: &TokenCache) -> Result<Error> {
    let asking = async {
        let mut looks = pace(LOOK_EVERY);
        loop {
            looks.tick().await;
            match tokens.token().await {
                Ok(token) => is_live(&token)?,
                Err(error) => return Ok(error),
            }
        }
    };
    timeout(LONGEST_WAIT, asking)
        .await
        .context("the token never expired")?
}

/// Waits until the current token has expired, without asking for another.
pub(super) async fn expiry(tokens: &TokenCache) -> Result<()> {
    let looking = async {
        let mut looks = pace(LOOK_EVERY);
        while tokens.current().is_some() {
            looks.tick().await;
        }
    };
    timeout(LONGEST_WAIT, looking)
        .await
        .context("the token never expired")
}

/// # Errors
///
/// If the token has expired by our clock.
pub(super) fn is_live(token: &Token) -> Result<()> {
    let (now, end) = (now(), token.validity().expires_at());
    ensure!(
        now < end,
        "a token was handed out {} ms after its expiry",
        now.since(end).as_millis()
    );
    Ok(())
}

/// Returns whether the server accepts this access token.
pub(super) async fn is_active(
    tokens: &TokenCache,
    endpoint: &OAuth2,
    token: &Token,
) -> Result<bool> {
    let asked = tokens.send_request(
        |_| endpoint.introspection(token, TokenKind::Access),
        |answer| endpoint.read_introspection(answer),
    );
    Ok(asked.await?.is_active())
}

/// # Errors
///
/// If the server does not accept it.
pub(super) async fn must_be_active(
    tokens: &TokenCache,
    endpoint: &OAuth2,
    token: &Token,
) -> Result<()> {
    let is_active = is_active(tokens, endpoint, token).await?;
    let generation = token.generation();
    ensure!(
        is_active,
        "the server does not take the token of generation {generation}"
    );
    Ok(())
}

/// Presents the token to the server, as an API would. A refused token is reported to the cache, and
/// must soon be followed by a newer one that the server accepts: exchanges of some servers end the
/// previous token. With tokens as short as ours the cache may first hand it out again, since it
/// assumes that a token it has just received is good.
pub(super) async fn shown(tokens: &TokenCache, endpoint: &OAuth2) -> Result<Generation> {
    let mut refused = None;
    let showing = async {
        let mut looks = pace(LOOK_EVERY);
        loop {
            looks.tick().await;
            let token = (*tokens.token().await?).clone();
            let generation = token.generation();
            if refused >= Some(generation) {
                continue;
            }
            if is_active(tokens, endpoint, &token).await? {
                return Ok(generation);
            }
            refused = Some(generation);
            tokens.invalidate(&token);
        }
    };
    timeout(CATCHING_UP, showing)
        .await
        .context("the server takes none of the tokens that were handed out")?
}

/// Returns the expected refusal as text.
pub(super) fn refused<T>(outcome: Result<T, Error>, kind: ErrorKind, code: &str) -> Result<String> {
    match outcome {
        Ok(_) => bail!("it was not refused"),
        Err(error) => told(&error, kind, Some(code)),
    }
}

/// # Errors
///
/// If the error is of another kind, or has another code of the server.
pub(super) fn told(error: &Error, kind: ErrorKind, code: Option<&str>) -> Result<String> {
    let as_expected = error.kind() == kind && error.code() == code;
    ensure!(
        as_expected,
        "{:?}, not {kind:?} {code:?}: {error}",
        error.kind()
    );
    let name = format!("{kind:?}");
    let name = name.split(' ').next().unwrap_or_default();
    Ok(match code {
        Some(code) => format!("{code} is {name}: {}", kind.advice()),
        None => format!("{name}: {}", kind.advice()),
    })
}
