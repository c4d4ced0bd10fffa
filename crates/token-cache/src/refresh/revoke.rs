//! Asks the vendor to revoke a token.

use token_core::{Error, ErrorKind, Token};

use super::Refresher;
use crate::current::events::Event;
use crate::current::session::Session;

/// The result of [`TokenCache::logout`](crate::TokenCache::logout): the grant is ended here and in
/// the store; this is what the vendor did.
#[derive(Clone, Debug)]
#[must_use = "the vendor may not have revoked the token"]
#[non_exhaustive]
pub enum LoggedOut {
    /// The vendor revoked the token.
    Revoked,
    /// The vendor did not revoke it: copies of the token work until they expire. Also sent as
    /// [`Event::NotRevoked`](crate::Event::NotRevoked).
    NotRevoked {
        /// The vendor's refusal, or the transport's failure.
        error: Error,
    },
    /// The vendor does not support revocation: copies of the token work until they expire.
    NoRevocation,
    /// There was no token.
    NothingToRevoke,
}

impl Refresher {
    /// Asks the vendor to revoke a token, once. If that fails, an event is sent.
    pub(super) async fn revoke(&self, session: Session<'_>, token: &Token) -> LoggedOut {
        let mut logged_out = self.ask_to_revoke(session, token).await;
        if let LoggedOut::NotRevoked { error } = &mut logged_out {
            *error = error.clone().with_key(session.key());
            let error = error.clone();
            session.emit(Event::NotRevoked { error });
        }
        logged_out
    }

    async fn ask_to_revoke(&self, session: Session<'_>, token: &Token) -> LoggedOut {
        let exchanger = match self.exchanger(session).await {
            Ok(exchanger) => exchanger,
            Err(error) => return LoggedOut::NotRevoked { error },
        };
        let attempt = self.attempt(&session.now());
        let request = match exchanger.endpoint.revoke(token, &attempt) {
            None => return LoggedOut::NoRevocation,
            Some(Err(error)) => return LoggedOut::NotRevoked { error },
            Some(Ok(request)) => request.remembering(token.secrets()),
        };
        let reply = match self.ask(session, request).await {
            Ok(reply) => reply,
            Err(error) => return LoggedOut::NotRevoked { error },
        };
        let answer = reply.answer();
        if answer.status().is_success() {
            return LoggedOut::Revoked;
        }
        let refused = Error::new(
            ErrorKind::Transient {
                after: answer.retry_after(),
            },
            "the vendor did not revoke the token",
        );
        let error = refused
            .with_request(answer.request())
            .with_status(answer.status());
        LoggedOut::NotRevoked { error }
    }
}
