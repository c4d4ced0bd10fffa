//! The end of a grant.

use token_core::store::{CommitCondition, Record};
use token_core::{Error, ErrorKind, Token};

use crate::engine::Engine;
use crate::events::Event;
use crate::job::Job;
use crate::record;

/// The answer to [`TokenCache::logout`](crate::TokenCache::logout): the grant is over here and in
/// the store; this is what the vendor did.
#[derive(Clone, Debug)]
#[must_use = "the vendor may not have revoked the token"]
#[non_exhaustive]
pub enum LoggedOut {
    /// The vendor revoked the token.
    Revoked,
    /// The vendor did not: copies of the token work until they expire. Also sent as
    /// [`Event::NotRevoked`].
    NotRevoked {
        /// Why: the vendor's refusal, or that it could not be reached.
        error: Error,
    },
    /// The vendor has no revocation: copies of the token work until they expire.
    NoRevocation,
    /// There was no token.
    NothingToRevoke,
}

/// Runs to its end, whatever becomes of its caller.
///
/// # Errors
///
/// If the tombstone could not be written: then nothing was revoked or dropped.
pub(crate) async fn logout(job: Job) -> Result<LoggedOut, Error> {
    let withholding = Withholding::begin(&job);
    let removed = entomb(&job).await?;
    let newest = let_go(&job, removed, withholding).await;
    let Some(token) = newest else {
        return Ok(LoggedOut::NothingToRevoke);
    };
    let logged_out = revoke(&job, &token).await;
    if let LoggedOut::NotRevoked { error } = &logged_out {
        let error = error.clone();
        job.tell(Event::NotRevoked { error });
    }
    Ok(logged_out)
}

/// While it lives nothing is published. Dropped before its end, because the logout failed or broke
/// off, it publishes what was withheld.
struct Withholding<'a> {
    job: &'a Job,
    has_ended: bool,
}

impl<'a> Withholding<'a> {
    fn begin(job: &'a Job) -> Self {
        job.sessions.withhold();
        Self {
            job,
            has_ended: false,
        }
    }

    /// The grant is logged out. Returns what was withheld.
    fn end(mut self) -> Option<Token> {
        self.has_ended = true;
        self.job.sessions.end(|| self.job.let_go())
    }
}

impl Drop for Withholding<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let job = self.job;
            job.sessions
                .resume(|publication| job.take_over(publication));
            job.published.notify_waiters();
        }
    }
}

/// Leaves the tombstone; returns the record that was there. From then on the initial token is not
/// tried.
async fn entomb(job: &Job) -> Result<Option<Record>, Error> {
    store_initial_token(job).await;
    let tombstone = job.store.tombstone(&job.key);
    let removed = job.in_time(tombstone).await;
    let removed = removed.map_err(|error| error.to_error().with_key(&job.key))?;
    drop(job.initial.take_unseen());
    Ok(removed)
}

/// So that the tombstone remembers it, and no other process begins with it anew. If this fails, so
/// does the tombstone.
async fn store_initial_token(job: &Job) {
    let Some((initial, fingerprint)) = job.initial.for_logout() else {
        return;
    };
    let Ok(mut record) = job.record(&initial) else {
        return;
    };
    record.initial = Some(fingerprint);
    let commit = job
        .store
        .commit(&job.key, &CommitCondition::UnlessTombstoned, &record);
    _ = job.in_time(commit).await;
}

/// Drops all that could bring the grant back, and returns the newest token of it.
async fn let_go(job: &Job, removed: Option<Record>, withholding: Withholding<'_>) -> Option<Token> {
    let in_hand = job.current();
    let withheld = withholding.end();
    job.published.notify_waiters();
    drop(job.spares.take());
    let records = [
        removed,
        job.pending.drop_all(),
        job.spill.drop_all(job).await,
    ];
    let now = job.clock.now().wall;
    let read = |record: Record| record::read(&record, std::time::Duration::ZERO, now).ok();
    records
        .into_iter()
        .flatten()
        .filter_map(read)
        .chain(in_hand)
        .chain(withheld)
        .max_by_key(Token::generation)
}

/// Asks the vendor to revoke a token, once.
pub(crate) async fn revoke(job: &Engine, token: &Token) -> LoggedOut {
    let request = match job.endpoint.revoke(token, &job.line().attempt()) {
        None => return LoggedOut::NoRevocation,
        Some(Err(error)) => return LoggedOut::NotRevoked { error },
        Some(Ok(request)) => request.remembering(token.secrets()),
    };
    let reply = match job.line().ask(request, job.settings.exchange).await {
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
