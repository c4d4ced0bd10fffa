//! What is current, without a runtime, a store or a vendor.

mod memory;

use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Secret, Timestamp,
    TokenEndpoint, Validity,
};
use tokio::time::advance;

use super::cached_token::Rejection;
use super::decide::{Decision, RefreshState};
use super::events::Origin;
use super::*;
use crate::clock::{CacheClock, RuntimeClock};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Acme {
    has_login: bool,
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", "api.acme.example", "user-17")
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        self.has_login.then(|| Err(unused()))
    }

    fn refresh(&self, _: &Token, _: &Attempt) -> Result<Request, Error> {
        Err(unused())
    }

    fn read(&self, _: &Answer<'_>, _: &Attempt) -> Result<Outcome, Error> {
        Err(unused())
    }
}

fn unused() -> Error {
    Error::new(ErrorKind::Config, "nothing is sent here")
}

/// In the paused time of the runtime.
fn current(has_login: bool) -> Current {
    let clock = RuntimeClock::at(Timestamp::from_unix_seconds(1_700_000_000));
    by_clock(CacheClock::Given(Arc::new(clock)), has_login)
}

fn by_clock(clock: CacheClock, has_login: bool) -> Current {
    let traits = EndpointTraits::of(Arc::new(Acme { has_login }));
    Current::new(CurrentParts {
        meter: Meter::of_grant(&traits.key),
        traits,
        clock,
        timing: Timing::of_most(),
        header_copies: 1,
        vendor_log: VendorLog::default(),
        entropy: Arc::new(Entropy::from_system().unwrap()),
        #[cfg(feature = "pool")]
        listener: None,
    })
}

/// A token that lives for an hour from now.
fn token(current: &Current, generation: u64) -> Token {
    let now = current.now().wall;
    Token::builder(
        Secret::from(format!("A{generation}")),
        Validity::new(now, now.after(HOUR)),
    )
    .refresh(Secret::from(format!("R{generation}")))
    .generation(Generation::new(generation))
    .build()
    .unwrap()
}

fn publish(current: &Current, token: Token, origin: Origin) {
    let session = current.session(current.session_id());
    session.publish(token, current.now(), origin);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fresh_then_due_and_at_last_expired() {
    let current = current(false);
    assert_eq!(current.decide(), Decision::Wait);
    publish(&current, token(&current, 1), Origin::Refresh);
    assert!(current.fresh().is_some());
    assert_eq!(current.decide(), Decision::Use);
    advance(50 * MINUTE).await;
    assert!(current.fresh().is_none() && current.live().is_some());
    assert_eq!(current.decide(), Decision::UseAndRefresh);
    assert_eq!(current.decide_during(RefreshState::InFlight), Decision::Use);
    advance(10 * MINUTE).await;
    assert!(current.live().is_none());
    assert_eq!(current.decide(), Decision::Wait);
}

#[tokio::test(start_paused = true)]
async fn a_late_rejection_of_an_older_token_changes_nothing() {
    let current = current(false);
    let older = token(&current, 1);
    publish(&current, older.clone(), Origin::Refresh);
    publish(&current, token(&current, 2), Origin::Refresh);
    current.reject(&older);
    assert!(current.fresh().is_some());
    current.reject(&token(&current, 2));
    assert!(current.live().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_gives_its_refresh_token_and_leaves_the_live_access_token() {
    let current = current(false);
    let expired = token(&current, 2);
    advance(2 * HOUR).await;
    publish(&current, token(&current, 1), Origin::Refresh);
    publish(&current, expired, Origin::Store);
    let token = current.live().unwrap();
    assert_eq!(token.access().expose(), "A1");
    assert_eq!(token.refresh().unwrap().expose(), "R2");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_a_logout_has_ended_publishes_nothing() {
    let current = current(false);
    let before = current.session(current.session_id());
    current.begin_logout();
    assert!(current.complete_logout().is_none());
    before.publish(token(&current, 1), current.now(), Origin::Refresh);
    assert!(!before.is_current() && current.live().is_none() && current.is_logged_out());
    publish(&current, token(&current, 2), Origin::Redemption);
    assert!(current.live().is_some() && !current.is_logged_out());
}

#[tokio::test(start_paused = true)]
async fn what_comes_during_a_logout_is_published_if_that_fails() {
    let current = current(false);
    current.begin_logout();
    publish(&current, token(&current, 1), Origin::Refresh);
    assert!(current.live().is_none() && current.is_logging_out());
    current.abandon_logout();
    assert!(current.live().is_some() && !current.is_logging_out());
}

#[tokio::test(start_paused = true)]
async fn a_refused_grant_is_remembered_until_a_person_or_a_newer_token_says_otherwise() {
    let current = current(false);
    let refused = || {
        let session = current.session(current.session_id());
        session.note_failure(&Error::new(ErrorKind::Rejected, "revoked"));
    };
    refused();
    assert_eq!(current.decide(), Decision::Fail);
    current.forget_refusal();
    assert_eq!(current.decide(), Decision::Wait);
    refused();
    publish(&current, token(&current, 1), Origin::Store);
    assert!(current.refusal().is_none() && current.live().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_logout_is_temporary_only_for_an_endpoint_with_a_repeatable_login() {
    for has_login in [true, false] {
        let current = current(has_login);
        publish(&current, token(&current, 1), Origin::Refresh);
        let error = current.session(current.session_id()).note_tombstone();
        assert_eq!(error.kind() != ErrorKind::Rejected, has_login);
        assert!(current.live().is_none() && current.is_logged_out());
    }
}

#[tokio::test(start_paused = true)]
async fn an_access_token_that_comes_again_keeps_its_uses() {
    let current = current(false);
    let sliding = Validity::sliding(current.now().wall, 30 * MINUTE);
    let session = token(&current, 1).with_validity(sliding);
    publish(&current, session.clone(), Origin::Login);
    advance(25 * MINUTE).await;
    current.note_use(&session);
    advance(20 * MINUTE).await;
    let renewed = token(&current, 2).with_access_of(&session);
    publish(&current, renewed, Origin::Refresh);
    assert_eq!(current.generation(), Generation::new(2));
    assert!(current.live().is_some(), "it was used 20 minutes ago");
    advance(10 * MINUTE).await;
    assert!(current.live().is_none());
}

#[tokio::test(start_paused = true)]
async fn callers_who_reject_a_token_at_once_are_told_once_that_it_is_not_at_fault() {
    let current = current(false);
    publish(&current, token(&current, 1), Origin::Refresh);
    current.reject(&token(&current, 1));
    publish(&current, token(&current, 2), Origin::Refresh);
    let (cached, now) = (current.cached(), current.now());
    let (one, other) = (cached.reject(&now), cached.reject(&now));
    assert_eq!([one, other], [Rejection::NotAtFault(1); 2]);
    assert!(cached.trust_until(now.elapsed + MINUTE));
    assert!(!cached.trust_until(now.elapsed + MINUTE));
}
