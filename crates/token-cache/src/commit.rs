//! Points 5, 6 and 8 of the transaction: the commit by lineage, and what it comes to.

use std::sync::Arc;

use token_core::store::{CommitCondition, Committed, Record, StoreError};
use token_core::{Error, Generation, Token};

use crate::engine::Engine;
use crate::events::{Event, Origin};
use crate::exchange::Issued;
use crate::record;
use crate::stored::Stored;

/// Commits a token and puts it in use.
pub(crate) async fn commit(
    engine: &Arc<Engine>,
    issued: Issued,
    condition: CommitCondition,
    origin: Origin,
) -> Result<(), Error> {
    let record = match record::write(&engine.key, &issued.token, engine.clock.now().wall) {
        Ok(record) => record,
        Err(error) => {
            unpersisted(engine, issued, origin, &error, None).await;
            return Ok(());
        }
    };
    let written = match write(engine, &condition, &record).await {
        Ok(written) => written,
        Err(error) => {
            unpersisted(engine, issued, origin, &error, Some((condition, record))).await;
            return Ok(());
        }
    };
    if written.is_ours() {
        engine.publish(issued.token.clone(), issued.asked, origin);
    }
    aftermath(engine, issued.token, written).await
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
    engine: &Engine,
    condition: &CommitCondition,
    record: &Record,
) -> Result<Written, StoreError> {
    match put(engine, condition, record).await? {
        Committed::Stored => return Ok(Written::Stored),
        Committed::Tombstoned => return Ok(Written::Tombstoned),
        Committed::Missing if record.generation <= FIRST => return first(engine, record).await,
        Committed::Missing => {}
        _ => {
            let winner = Stored::load(engine).await?;
            // A generation below ours is no rival: a failover or a backup brought an ancestor back.
            if winner.seen() >= Some(record.generation) {
                return Ok(Written::Lost(winner));
            }
        }
    }
    match put(engine, &CommitCondition::UnlessTombstoned, record).await? {
        Committed::Tombstoned => Ok(Written::Tombstoned),
        _ => Ok(Written::Restored),
    }
}

/// The parent was a user's own token, which the store never had.
async fn first(engine: &Engine, record: &Record) -> Result<Written, StoreError> {
    match put(engine, &CommitCondition::UnlessTombstoned, record).await? {
        Committed::Tombstoned => Ok(Written::Tombstoned),
        _ => Ok(Written::Stored),
    }
}

async fn put(engine: &Engine, condition: &CommitCondition, record: &Record) -> Result<Committed, StoreError> {
    engine
        .in_time(engine.store.commit(&engine.key, condition, record))
        .await
}

/// Tells what a write came to, and acts on what it lost to.
pub(crate) async fn aftermath(engine: &Engine, token: Token, written: Written) -> Result<(), Error> {
    let generation = token.generation();
    match written {
        Written::Stored => engine.tell(Event::Persisted { generation }),
        Written::Restored => engine.tell(Event::Restored { generation }),
        Written::Tombstoned => {
            revoke(engine, &token).await;
            return Err(engine.logged_out());
        }
        // 6. The stored one is used; ours is a spare, in case that one is refused.
        Written::Lost(winner) => {
            engine.tell(Event::Lost { generation });
            engine.spares.keep(token);
            winner.adopt(engine)?;
        }
    }
    Ok(())
}

/// Spills the token, serves it from memory, and writes it again until the store acknowledges it.
pub(crate) async fn unpersisted(
    engine: &Arc<Engine>,
    issued: Issued,
    origin: Origin,
    error: &StoreError,
    write: Option<(CommitCondition, Record)>,
) {
    let generation = issued.token.generation();
    let spilled = match &write {
        Some((_, record)) => engine.spill.keep(engine, record).await,
        None => Ok(()),
    };
    engine.publish(issued.token, issued.asked, origin);
    let error = error.to_error();
    engine.tell(Event::Unpersisted { generation, error });
    if let Err(error) = spilled {
        let error = error.to_error();
        engine.tell(Event::Unspilled { generation, error });
    }
    if let Some((condition, record)) = write {
        engine.pending.keep(engine, condition, record);
    }
}

/// Offers a token that nobody will use to the vendor for revocation.
pub(crate) async fn revoke(engine: &Engine, token: &Token) {
    let attempt = engine.line().attempt();
    let Some(Ok(request)) = engine.endpoint.revoke(token, &attempt) else {
        return;
    };
    let request = request.remembering(token.secrets());
    // The grant is over for us, whatever the vendor says to it.
    _ = engine.line().ask(request, engine.settings.exchange).await;
}
