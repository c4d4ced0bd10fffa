//! The status page, for people: no secret, no script, nothing from elsewhere.

mod picture;

use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use vendor_auth::types::Timestamp;

use self::picture::Picture;
use super::history::History;
use super::kept::Kept;
use super::pool::PoolStatus;
use crate::commands::status::relative;
use crate::life::{Life, State};

/// The page may load its own style sheet, and nothing else may embed it.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const STYLE: &str = include_str!("../../../templates/style.css");
/// How often a browser loads the page again, in seconds.
const RELOAD: u32 = 15;

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    cards: Vec<Card>,
    pools: Vec<PoolStatus>,
    now: Moment,
    reload: u32,
}

/// What is told about one profile.
struct Card {
    name: String,
    vendor: &'static str,
    key: String,
    state: &'static str,
    /// The class of the state.
    class: &'static str,
    next: String,
    facts: Vec<(&'static str, Moment)>,
    picture: Option<Picture>,
    failures: Vec<Failure>,
}

/// A time, as a machine and as a person reads it.
struct Moment {
    exact: String,
    relative: String,
}

struct Failure {
    at: Moment,
    times: u32,
    message: String,
}

/// Returns the page about these profiles and pools.
pub(super) fn show<'a>(
    profiles: impl Iterator<Item = &'a Kept>,
    pools: impl Iterator<Item = PoolStatus>,
    now: Timestamp,
) -> Response {
    let cards = profiles.map(|kept| Card::of(kept.life(), &kept.history(), now));
    let Ok(text) = Page::of(cards.collect(), pools.collect(), now).render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, text).into_response()
}

/// Returns the page's style sheet.
pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

impl Page {
    fn of(cards: Vec<Card>, pools: Vec<PoolStatus>, now: Timestamp) -> Self {
        Self {
            cards,
            pools,
            now: Moment::of(now, now),
            reload: RELOAD,
        }
    }
}

impl Card {
    fn of(life: Life, history: &History, now: Timestamp) -> Self {
        let facts = [
            ("Issued", life.issued_at),
            ("Refresh due", life.refresh_at),
            ("Expires", life.expires_at),
            ("Nothing is sent before", life.paused_until),
            ("Log in again before", life.grant_ends_at),
        ];
        let facts = facts.into_iter();
        let facts = facts.filter_map(|(what, at)| Some((what, Moment::of(at?, now))));
        let failures = history.failures.iter().map(|failed| Failure {
            at: Moment::of(failed.last_at, now),
            times: failed.times,
            message: failed.message.clone(),
        });
        Self {
            state: life.text(),
            class: class(life.state),
            next: next(&life, now),
            facts: facts.collect(),
            picture: Picture::of(history, now),
            failures: failures.collect(),
            vendor: life.vendor,
            key: life.key,
            name: life.name,
        }
    }
}

impl Moment {
    fn of(at: Timestamp, now: Timestamp) -> Self {
        // Milliseconds tell people nothing.
        let exact = Timestamp::from_unix_seconds(at.unix_seconds()).to_string();
        Self {
            exact,
            relative: relative(at, now),
        }
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Valid => "good",
        State::RefreshDue => "due",
        State::Expired | State::LoginRequired | State::Unknown => "bad",
    }
}

/// Returns what happens next, in one sentence.
fn next(life: &Life, now: Timestamp) -> String {
    let in_time = |at: Timestamp| relative(at, now);
    match (life.state, life.paused_until) {
        (State::Valid, _) => match life.refresh_at {
            Some(at) => format!("The token is refreshed {}.", in_time(at)),
            None => "The token is used until an API refuses it.".to_owned(),
        },
        (State::RefreshDue, Some(end)) => format!(
            "The last refresh failed; the next one begins {}. Callers get this token until then.",
            in_time(end)
        ),
        (State::RefreshDue, None) => {
            "A refresh is under way. Callers get this token meanwhile.".to_owned()
        }
        (State::Expired, Some(end)) => format!(
            "Callers are told to try later; the next token request is sent {}.",
            in_time(end)
        ),
        (State::Expired, None) if life.logged_out => {
            "The next client that asks for a token logs in again.".to_owned()
        }
        (State::Expired, None) => "A token is being requested. Callers wait for it.".to_owned(),
        (State::LoginRequired, _) => {
            format!("Somebody must log in: run vendor-auth login {}.", life.name)
        }
        (State::Unknown, _) => {
            "The store could not be read; it is read again with the next request.".to_owned()
        }
    }
}

#[cfg(test)]
mod svg;
#[cfg(test)]
mod tests;
