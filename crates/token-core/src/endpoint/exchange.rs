//! One exchange without the engine.

use std::time::Duration;

use bytes::Bytes;

use super::answer::Answer;
use super::answer::outcome::Outcome;
use super::attempt::{Attempt, Step};
use super::one_time_grant::OneTimeGrant;
use super::request::Request;
use super::server_clock::ServerOffset;
use super::{Rotation, TokenEndpoint};
use crate::error::{Error, ErrorKind};
use crate::http::{HttpClient, Repeatable};
use crate::token::Token;

/// A login has at most this many requests.
const MOST_STEPS: u32 = 5;
const WITHIN: Duration = Duration::from_secs(20);

/// What an [`exchange`] sends.
#[derive(Debug)]
pub enum Purpose<'a> {
    /// The login with long-lived credentials.
    Login,
    /// The refresh of this token.
    Refresh(&'a Token),
    /// A one-time code or a user's password. It is sent once.
    Redeem(OneTimeGrant),
}

/// Obtains one token, without a cache: builds the request, sends it, follows
/// [`Outcome::Continue`], and repeats the exchange once if the endpoint asks for that
/// ([`Outcome::Retry`]).
///
/// ```
/// use token_core::{
///     Attempt, Error, HttpClient, Purpose, Timestamp, Token, TokenEndpoint, exchange,
/// };
///
/// async fn log_in(
///     endpoint: &impl TokenEndpoint,
///     http: &impl HttpClient,
///     random: impl Fn() -> [u8; 16],
/// ) -> Result<Token, Error> {
///     let attempt = || Attempt::new(Timestamp::from(std::time::SystemTime::now()), random());
///     exchange(endpoint, http, Purpose::Login, attempt).await
/// }
/// ```
///
/// `next_attempt` is called for every request, and must return a later time each time. Each request
/// may take 20 seconds, which the client enforces: a closure of [`http_fn`](crate::http_fn) needs a
/// timeout of its own. There is no other retry, no backoff, no single flight, no store, and no
/// correction of a wrong clock: use `TokenCache` of `token-cache` in a program.
///
/// # Errors
///
/// The vendor's refusal, or the transport's failure; [`ErrorKind::InDoubt`] if a refresh token or a
/// code may be spent; [`ErrorKind::Config`] if the endpoint has no login.
///
/// A refresh that brings [only a refresh token](Outcome::RefreshTokenOnly) returns the old access
/// token with the new refresh token.
pub async fn exchange(
    endpoint: &(impl TokenEndpoint + ?Sized),
    http: &(impl HttpClient + ?Sized),
    purpose: Purpose<'_>,
    mut next_attempt: impl FnMut() -> Attempt,
) -> Result<Token, Error> {
    let steps = Steps {
        endpoint,
        http,
        is_repeatable: is_repeatable(&purpose, endpoint.rotation()),
    };
    let (old, mut redeeming) = match purpose {
        Purpose::Login => (None, None),
        Purpose::Refresh(token) => (Some(token), None),
        Purpose::Redeem(grant) => (None, Some(grant)),
    };
    let mut repetitions = if redeeming.is_some() { 0 } else { 1 };
    loop {
        let attempt = next_attempt();
        let request = match redeeming.take() {
            Some(grant) => grant.into_request(&attempt)?,
            None => steps.first(old, &attempt)?,
        };
        match steps.run(request, &mut next_attempt).await? {
            Outcome::Issued(token) => return Ok(succeeding(token, old)),
            Outcome::RefreshTokenOnly {
                refresh,
                refresh_expires_at,
                error,
            } => {
                let old = old.ok_or(error)?;
                return Ok(old.clone().with_refresh(refresh, refresh_expires_at));
            }
            Outcome::Retry(error) if repetitions == 0 => return Err(error),
            Outcome::Retry(_) => repetitions -= 1,
            Outcome::Continue(_) => return Err(too_many_steps()),
        }
    }
}

fn is_repeatable(purpose: &Purpose<'_>, rotation: Rotation) -> bool {
    match purpose {
        Purpose::Login => true,
        Purpose::Refresh(_) => rotation != Rotation::SingleUse,
        Purpose::Redeem(_) => false,
    }
}

fn too_many_steps() -> Error {
    Error::new(ErrorKind::Protocol, "the login has too many steps")
}

fn succeeding(token: Token, old: Option<&Token>) -> Token {
    match old {
        Some(old) => token.merged_with_previous(old),
        None => token,
    }
}

struct Steps<'a, E: ?Sized, C: ?Sized> {
    endpoint: &'a E,
    http: &'a C,
    is_repeatable: bool,
}

impl<E: TokenEndpoint + ?Sized, C: HttpClient + ?Sized> Steps<'_, E, C> {
    fn first(&self, old: Option<&Token>, attempt: &Attempt) -> Result<Request, Error> {
        let no_login = || Error::new(ErrorKind::Config, "the endpoint has no login");
        match old {
            Some(token) => {
                let request = self.endpoint.refresh(token, attempt)?;
                Ok(request.remembering(token.secrets()))
            }
            None => self.endpoint.login(attempt).ok_or_else(no_login)?,
        }
    }

    /// Sends the first request and the further steps that the endpoint asks for. Unless the vendor
    /// itself refuses, what the first did to a refresh token or a code is unknown when a later one
    /// fails.
    async fn run(
        &self,
        first: Request,
        next_attempt: &mut impl FnMut() -> Attempt,
    ) -> Result<Outcome, Error> {
        let spends = matches!(first.step(), Step::Refresh | Step::Redemption);
        let after = |step: u32, error: Error| match step > 0 && spends && !error.is_vendors_word() {
            true => error.as_kind(ErrorKind::InDoubt),
            false => error,
        };
        let mut request = first;
        for step in 0..MOST_STEPS {
            let outcome = self.send(&request, next_attempt).await;
            match outcome.map_err(|error| after(step, error))? {
                Outcome::Continue(next) => request = next.remembering(request.secrets()),
                outcome => return Ok(outcome),
            }
        }
        Err(after(MOST_STEPS, too_many_steps()))
    }

    fn marked(&self, request: &Request) -> http::Request<Bytes> {
        let mut sent = request.to_http();
        if self.is_repeatable {
            sent.extensions_mut().insert(Repeatable);
        }
        sent
    }

    async fn send(
        &self,
        request: &Request,
        next_attempt: &mut impl FnMut() -> Attempt,
    ) -> Result<Outcome, Error> {
        let asked_at = next_attempt().now();
        let sent = self.http.send(self.marked(request), WITHIN).await;
        let response = sent.map_err(|error| error.to_error().with_request(request))?;
        let answer = Answer::new(request, &response, asked_at, ServerOffset::NONE);
        self.endpoint.read(&answer, &next_attempt())
    }
}
