//! What can go wrong with an operation of a store.

use std::time::Duration;

use super::gate::Gate;

/// An operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Load,
    Acquire,
    Renew,
    Release,
    WriteIntent,
    ClearIntent,
    Commit,
    Tombstone,
    /// It is not logged and cannot fail; its answer can be held, and read late.
    WaitForChange,
}

impl Op {
    /// Those that can fail.
    pub(crate) const ALL: [Self; 8] = [
        Self::Load,
        Self::Acquire,
        Self::Renew,
        Self::Release,
        Self::WriteIntent,
        Self::ClearIntent,
        Self::Commit,
        Self::Tombstone,
    ];
    /// Those that change what is stored.
    pub(crate) const WRITES: [Self; 4] = [
        Self::WriteIntent,
        Self::ClearIntent,
        Self::Commit,
        Self::Tombstone,
    ];
}

/// How an operation fails.
#[derive(Clone, Debug)]
pub(crate) enum StoreFault {
    /// The store cannot be reached.
    Unreachable,
    /// Another owner has the lease.
    LeaseTaken,
    /// No answer ever comes.
    Hangs,
    /// It is done, but the answer is lost.
    AnswerLost,
    /// It is done; its answer waits at the gate.
    AnswerDelayed(Gate),
    /// It is done; the process is frozen for this long before it reads the answer.
    Frozen(Duration),
    /// It waits at the gate, and is done then.
    Delayed(Gate),
}
