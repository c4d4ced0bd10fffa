//! Points 5, 6 and 8 of the transaction: the commit by lineage, and what it comes to.

use token_core::store::{CommitCondition, Committed, Record, StoreError};
use token_core::{Error, Generation, Token};

use crate::events::{Event, Origin};
use crate::exchange::Issued;
use crate::job::Job;
use crate::logout;
use crate::stored::Stored;

/// Commits a token and puts it in use.
///
/// # Errors
///
/// If the grant was logged out meanwhile; why the access token is unusable, if only the refresh
/// token is new.
pub(crate) async fn commit(
    job: &Job,
    issued: Issued,
    condition: CommitCondition,
    origin: Origin,
) -> Result<(), Error> {
    tell_what_is_odd(job, &issued);
    let record = match job.record(&issued.token) {
        Ok(record) => record,
        Err(error) => return unpersisted(job, issued, origin, &error, None).await,
    };
    let written = match write(job, &condition, &record).await {
        Ok(written) => written,
        Err(error) => {
            return unpersisted(job, issued, origin, &error, Some((condition, record))).await;
        }
    };
    if written.is_ours() {
        job.publish(issued.token.clone(), issued.asked, origin);
    }
    aftermath(job, issued.token, written).await?;
    issued.error.map_or(Ok(()), Err)
}

fn tell_what_is_odd(job: &Job, issued: &Issued) {
    let what = issued.token.oddities().to_vec();
    let generation = issued.token.generation();
    if !what.is_empty() {
        job.tell(Event::OddAnswer { generation, what });
    }
}

const FIRST: Generation = Generation::new(1);

/// What a write came to.
pub(crate) enum Written {
    Stored,
    /// The store had lost the parent, or was set back to an older token.
    Restored,
    Tombstoned,
    /// Another child is stored.
    Lost(Stored),
}

impl Written {
    fn is_ours(&self) -> bool {
        matches!(self, Self::Stored | Self::Restored)
    }
}

/// Writes by lineage. What the store lost is written anew, but never over a tombstone.
pub(crate) async fn write(
    job: &Job,
    condition: &CommitCondition,
    record: &Record,
) -> Result<Written, StoreError> {
    match put(job, condition, record).await? {
        Committed::Stored => return Ok(Written::Stored),
        Committed::Tombstoned => return Ok(Written::Tombstoned),
        Committed::Missing => {}
        _ => {
            let winner = Stored::load(job).await?;
            // A generation below ours is no rival: a failover or a backup brought an ancestor back.
            if winner.seen() >= Some(record.generation) {
                return Ok(Written::Lost(winner));
            }
        }
    }
    match put(job, &CommitCondition::UnlessTombstoned, record).await? {
        Committed::Tombstoned => Ok(Written::Tombstoned),
        // The parent of a first token is the user's own, which the store never had.
        Committed::Stored if record.generation <= FIRST => Ok(Written::Stored),
        Committed::Stored => Ok(Written::Restored),
        _ => Ok(Written::Lost(Stored::load(job).await?)),
    }
}

async fn put(
    job: &Job,
    condition: &CommitCondition,
    record: &Record,
) -> Result<Committed, StoreError> {
    job.in_time(job.store.commit(&job.key, condition, record))
        .await
}

/// Tells what a write came to, and acts on what it lost to.
pub(crate) async fn aftermath(job: &Job, token: Token, written: Written) -> Result<(), Error> {
    let generation = token.generation();
    match written {
        Written::Stored => job.tell(Event::Persisted { generation }),
        Written::Restored => job.tell(Event::Rewritten { generation }),
        Written::Tombstoned => {
            // Nobody will use it: the vendor may as well know.
            _ = logout::revoke(job, &token).await;
            return Err(job.logged_out());
        }
        // 6. The stored one is used; ours is a spare, in case that one is refused.
        Written::Lost(winner) => {
            job.tell(Event::Superseded { generation });
            job.spares.keep(token);
            winner.adopt(job)?;
        }
    }
    Ok(())
}

/// Spills the token, serves it from memory, and writes it again until the store acknowledges it.
///
/// # Errors
///
/// Why the access token is unusable, if only the refresh token is new.
pub(crate) async fn unpersisted(
    job: &Job,
    issued: Issued,
    origin: Origin,
    error: &StoreError,
    write: Option<(CommitCondition, Record)>,
) -> Result<(), Error> {
    let generation = issued.token.generation();
    let spilled = match &write {
        // What a logout has put behind it is not to be found by a later process.
        Some((_, record)) if job.is_current() => job.spill.keep(job, record).await,
        _ => Ok(()),
    };
    job.publish(issued.token, issued.asked, origin);
    let error = error.to_error();
    job.tell(Event::PersistFailed { generation, error });
    if let Err(error) = spilled {
        let error = error.to_error();
        job.tell(Event::FallbackFailed { generation, error });
    }
    if let Some((condition, record)) = write {
        job.pending.keep(job, condition, record);
    }
    issued.error.map_or(Ok(()), Err)
}
